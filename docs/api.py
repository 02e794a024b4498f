"""Pages of the API: one per module, every public name of it with its docstring."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator, Mapping
from importlib import import_module
from types import ModuleType

from mlbalance.report import rest

__all__ = ["MODULES", "page", "public", "with_bars"]

MODULES: Mapping[str, str] = {
    "mlbalance.schemes": "what balancing is",
    "mlbalance.softmax": "what is fitted",
    "mlbalance.discriminant": "least squares on all rows",
    "mlbalance.losses": "other losses",
    "mlbalance.existence": "whether there is a fit",
    "mlbalance.populations": "what is true",
    "mlbalance.corrections": "what moves intercepts",
    "mlbalance.methods": "what is compared",
    "mlbalance.theory": "what is predicted",
    "mlbalance.theory.proportional": "rows and features in proportion",
    "mlbalance.estimators": "for scikit-learn",
    "mlbalance.compare": "which method for these data",
    "mlbalance.advise": "which scheme for these counts",
    "mlbalance.simulation": "what is observed",
    "mlbalance.claims": "what is claimed",
    "mlbalance.derivations": "what is proved",
    "mlbalance.report": "how it is told",
    "mlbalance.documents": "texts of more than one output",
    "mlbalance.workspace": "what a checkout has",
    "mlbalance.data": "data sets",
    "mlbalance.citations": "what to cite",
}
"""Modules with a page, each with what it is for."""


def public(module: str) -> tuple[str, ...]:
    """Public names of a module."""
    return tuple(import_module(module).__all__)


def page(module: str) -> str:
    """Page of a module in reStructuredText."""
    told = import_module(module)
    lines = [
        f".. _module-{module}:\n",
        rest.heading(f"{rest.escape(module)}: {MODULES[module]}"),
        "",
        f".. module:: {module}\n",
        *map(with_bars, inspect.cleandoc(told.__doc__ or "").splitlines()),
        "",
        *(part for name in told.__all__ for part in _entry(told, name)),
    ]
    return "\n".join(lines)


def with_bars(line: str) -> str:
    """A line of a docstring with the bars of absolute values escaped, outside of code."""
    parts = re.split("(`[^`]*`)", line)
    return "".join(p if p.startswith("`") else p.replace("|", r"\|") for p in parts)


def _entry(module: ModuleType, name: str) -> Iterator[str]:
    value = getattr(module, name)
    place = f"{module.__name__}.{name}"
    if inspect.isclass(value):
        yield f".. autoclass:: {place}\n   :members:\n"
    elif inspect.isfunction(value):
        yield f".. autofunction:: {place}\n"
    else:
        yield f".. autodata:: {place}\n   :no-value:\n"
