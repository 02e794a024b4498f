"""Studies of a checkout: find, run, merge shards, read stores, reproduce everything.

Functions return values and print nothing; the callbacks `note` and `progress` receive messages.
"""

from mlbalance.workspace.checkout import CheckoutError, checkout, find, names, relative_path
from mlbalance.workspace.options import Options
from mlbalance.workspace.reproduce import reproduce
from mlbalance.workspace.runs import Interrupted, MergeResult, RunResult, merge, run
from mlbalance.workspace.stores import ReplayResult, Status, export, precision, replay, status

__all__ = [
    "CheckoutError",
    "Interrupted",
    "MergeResult",
    "Options",
    "ReplayResult",
    "RunResult",
    "Status",
    "checkout",
    "export",
    "find",
    "merge",
    "names",
    "precision",
    "relative_path",
    "replay",
    "reproduce",
    "run",
    "status",
]
