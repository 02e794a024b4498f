"""What of a proof fails once a formula is wrong."""

from mlbalance.derivations import Derivation, derive

__all__ = ["failures"]


def failures(proof: str | Derivation) -> list[str]:
    """Words of the computed steps of a label, derived anew, or of a derivation that fail."""
    derivation = derive(proof) if isinstance(proof, str) else proof
    return [result.step.words for result in derivation.verify() if result.ok is False]
