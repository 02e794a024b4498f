"""Texts of more than one output as documents: claims, schemes, verdicts, the decision guide.

The command line, the README, the paper and the documentation render the same documents
(`mlbalance.report`). What `advise` says is its own document (`Advice.document`).
"""

from mlbalance.documents.claims import claim_document, claims_table
from mlbalance.documents.evidence import evidence_table
from mlbalance.documents.guide import guide
from mlbalance.documents.schemes import schemes_table
from mlbalance.documents.verdicts import verdict_lines, verdict_table

__all__ = [
    "claim_document",
    "claims_table",
    "evidence_table",
    "guide",
    "schemes_table",
    "verdict_lines",
    "verdict_table",
]
