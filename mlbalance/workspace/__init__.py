"""Where a checkout keeps its studies, and what can be done with them there.

Find a study, run it, bring its shards together, look into its store, and reproduce everything.
Functions return values; what goes on is told to the callbacks `note` and `progress`.
"""

from mlbalance.workspace.checkout import CheckoutError, checkout, find, names, shown
from mlbalance.workspace.reproduce import reproduce
from mlbalance.workspace.runs import Interrupted, Merged, Options, Ran, merge, run
from mlbalance.workspace.stores import Replayed, Status, export, precision, replay, status

__all__ = [
    "CheckoutError",
    "Interrupted",
    "Merged",
    "Options",
    "Ran",
    "Replayed",
    "Status",
    "checkout",
    "export",
    "find",
    "merge",
    "names",
    "precision",
    "replay",
    "reproduce",
    "run",
    "shown",
    "status",
]
