"""What of a proof fails once a formula is wrong."""

from mlbalance import claims
from mlbalance.derivations import Derivation

__all__ = ["anew", "failures"]


def anew(label: str) -> Derivation:
    """Derivation of a label from its proof as it is now; `derive` keeps those that it made."""
    return claims.resolve(claims.get(label).derived)()


def failures(proof: str | Derivation) -> list[str]:
    """Words of the computed steps of a label, derived anew, or of a derivation that fail."""
    derivation = anew(proof) if isinstance(proof, str) else proof
    return [result.step.words for result in derivation.verify() if result.ok is False]
