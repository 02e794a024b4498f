"""Users' tables: read, typed, screened, and described."""

from mlbalance.compare.tables.columns import Column
from mlbalance.compare.tables.names import TableError
from mlbalance.compare.tables.table import Table, check_folds, encode, from_arrays, read

__all__ = ["Column", "Table", "TableError", "check_folds", "encode", "from_arrays", "read"]
