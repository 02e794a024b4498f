"""Libraries that the extras of the package install, and a check that they are there."""

from __future__ import annotations

from importlib.util import find_spec

__all__ = ["EXTRAS", "MissingExtraError", "explanation", "require"]

EXTRAS = {
    "sklearn": "estimators",
    "joblib": "estimators",
    "sympy": "proofs",
    "cloudpickle": "studies",
    "threadpoolctl": "studies",
    "rich": "studies",
    "matplotlib": "figures",
    "imblearn": "compare",
    "pyarrow": "parquet",
    "dask": "dask",
    "distributed": "dask",
}
"""Extra of the package that installs a library, by the name that is imported."""

_NAMES = {"sklearn": "scikit-learn", "sympy": "SymPy", "imblearn": "imbalanced-learn"}


class MissingExtraError(ModuleNotFoundError):
    """A library of an extra is not installed; the message says which, and how to get it."""

    exit_code = 2


def explanation(part: str, module: str) -> str:
    """Message on a library that is not installed.

    Parameters
    ----------
    part
        Part of the package that needs it.
    module
        Name that is imported, a key of `EXTRAS`.

    Returns
    -------
    One line, with the command that installs it.
    """
    return (
        f"{part} needs {_NAMES.get(module, module)}, which is not installed: "
        f"pip install 'mlbalance[{EXTRAS[module]}]'"
    )


def require(part: str, *modules: str) -> None:
    """Check that the libraries of a part of the package can be imported.

    Parameters
    ----------
    part
        Part of the package, for the message.
    *modules
        Names that are imported, keys of `EXTRAS`.

    Raises
    ------
    MissingExtraError
        For the first that is not installed.
    """
    for module in modules:
        if find_spec(module) is None:
            raise MissingExtraError(explanation(part, module), name=module)
