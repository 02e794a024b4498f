"""Claims about rare classes, and about schemes that look at the features."""

from mlbalance.claims.claim import Claim

CLAIMS: tuple[Claim, ...] = ()
