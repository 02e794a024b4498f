"""What is observed: Monte Carlo studies of named methods, with the error of every number.

A `Study` says what is simulated, `run` simulates it in parallel, `summarise` turns the outcomes
into estimates with standard errors, paired differences and failure counts. Random streams are
derived from names, so results do not depend on the number of jobs, on order or on other cells.
"""

from mlbalance.simulation.engine import Results, run
from mlbalance.simulation.measures import Row, read_rows, summarise, write_rows
from mlbalance.simulation.sources import Sampled, Split
from mlbalance.simulation.streams import stream
from mlbalance.simulation.study import Cell, Study

__all__ = [
    "Cell",
    "Results",
    "Row",
    "Sampled",
    "Split",
    "Study",
    "read_rows",
    "run",
    "stream",
    "summarise",
    "write_rows",
]
