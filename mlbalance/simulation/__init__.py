"""Monte Carlo studies of methods; every number has a Monte Carlo standard error.

A `Study` declares what is simulated, `run` simulates it in parallel into a `Store`, and `summarise`
turns the outcomes into performance measures with standard errors, paired differences and failure
counts. Random streams are derived from names, so results do not depend on the number of jobs, the
order of the work, interruptions or other cells.
"""

from mlbalance.simulation.criterion import (
    Comparison,
    Contrast,
    Criterion,
    Term,
    Verdict,
    compare,
    compare_share,
    verdict,
)
from mlbalance.simulation.engine import StudyError, replay, run
from mlbalance.simulation.outcomes import Coefficients, Fitted, Outcome, Predictive, Ridge
from mlbalance.simulation.performance import replications_needed
from mlbalance.simulation.records import Key, Quantity, Row, Summary
from mlbalance.simulation.sources import Fresh, Sampled, Split
from mlbalance.simulation.store import Store, StoreError
from mlbalance.simulation.streams import stream
from mlbalance.simulation.study import Cell, NamedMethod, Study
from mlbalance.simulation.summary import read_rows, summarise, write_rows

__all__ = [
    "Cell",
    "Coefficients",
    "Comparison",
    "Contrast",
    "Criterion",
    "Fitted",
    "Fresh",
    "Key",
    "NamedMethod",
    "Outcome",
    "Predictive",
    "Quantity",
    "Ridge",
    "Row",
    "Sampled",
    "Split",
    "Store",
    "StoreError",
    "Study",
    "StudyError",
    "Summary",
    "Term",
    "Verdict",
    "compare",
    "compare_share",
    "read_rows",
    "replay",
    "replications_needed",
    "run",
    "stream",
    "summarise",
    "verdict",
    "write_rows",
]
