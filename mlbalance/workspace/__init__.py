"""Studies of a checkout: find, run, merge shards, read stores, reproduce everything.

Functions return values and print nothing; the callbacks `note` and `progress` receive messages.
"""

from mlbalance.workspace.checkout import CheckoutError, checkout, find, names, relative_path
from mlbalance.workspace.evidence import evidence
from mlbalance.workspace.options import Options
from mlbalance.workspace.reproduce import draw, reproduce
from mlbalance.workspace.runs import Interrupted, MergeResult, RunResult, merge, run
from mlbalance.workspace.stores import ReplayResult, Status, export, precision, replay, status
from mlbalance.workspace.verify import Verification, fresh_store, verify

__all__ = [
    "CheckoutError",
    "Interrupted",
    "MergeResult",
    "Options",
    "ReplayResult",
    "RunResult",
    "Status",
    "Verification",
    "checkout",
    "draw",
    "evidence",
    "export",
    "find",
    "fresh_store",
    "merge",
    "names",
    "precision",
    "relative_path",
    "replay",
    "reproduce",
    "run",
    "status",
    "verify",
]
