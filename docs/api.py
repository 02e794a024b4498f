"""Pages of the API: one per module, and where that has many names one per topic of it.

Every public name stands with its docstring in one place. The topics of a module are its files.
"""

from __future__ import annotations

import inspect
import pkgutil
import re
from collections.abc import Iterator, Mapping
from importlib import import_module
from types import ModuleType

from mlbalance.report import rest

__all__ = ["MODULES", "page", "public", "topic_page", "topics", "with_bars"]

_MANY = 8
"""Public names of a module from which on it has a page per topic."""

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


def topics(module: str) -> dict[str, tuple[str, ...]]:
    """Public names of a module by the file that they are of; none where they are few."""
    found: dict[str, list[str]] = {}
    names = public(module)
    for name in names if len(names) > _MANY else ():
        found.setdefault(_file_of(module, name), []).append(name)
    return {topic: tuple(own) for topic, own in found.items()} if len(found) > 1 else {}


def _file_of(module: str, name: str) -> str:
    """Name of the file of a module that a public name is of."""
    told = import_module(module)
    for file in pkgutil.iter_modules(told.__path__):
        if name in getattr(import_module(f"{module}.{file.name}"), "__all__", ()):
            return file.name
    return module.rpartition(".")[2]


def page(module: str) -> str:
    """Page of a module in reStructuredText: its names, or the topics that have a page."""
    told, found = import_module(module), topics(module)
    lines = [
        f".. _module-{module}:\n",
        rest.heading(f"{rest.escape(module)}: {MODULES[module]}"),
        "",
        f".. module:: {module}\n",
        *map(with_bars, inspect.cleandoc(told.__doc__ or "").splitlines()),
        "",
    ]
    for topic, names in found.items():
        lines += [f"- :doc:`{_title(module, topic)} <{module}/{topic}>`", ""]
        lines += [f"  - {_listed(told, name)}" for name in names] + [""]
    if found:
        lines += [".. toctree::", "   :hidden:", "", *(f"   {module}/{t}" for t in found), ""]
    else:
        lines += [part for name in told.__all__ for part in _entry(told, name)]
    return "\n".join(lines)


def topic_page(module: str, topic: str) -> str:
    """Page of some names of a module."""
    told = import_module(module)
    entries = (part for name in topics(module)[topic] for part in _entry(told, name))
    about = f"Of :ref:`{module} <module-{module}>`."
    head = [rest.heading(_title(module, topic)), "", f".. currentmodule:: {module}\n", about, ""]
    return "\n".join([*head, *entries])


def _title(module: str, topic: str) -> str:
    """A topic in the first words of its file."""
    own = module if module.endswith(f".{topic}") else f"{module}.{topic}"
    said = inspect.cleandoc(import_module(own).__doc__ or topic).splitlines()[0]
    return rest.escape(re.split(r"[:.;(,]( |$)", said)[0].replace("`", ""))


def _listed(module: ModuleType, name: str) -> str:
    """A name with the first sentence of its docstring, where it has one."""
    value, link = getattr(module, name), f":py:obj:`{name} <{module.__name__}.{name}>`"
    if not (inspect.isclass(value) or inspect.isfunction(value)):
        return link
    first = inspect.cleandoc(value.__doc__ or "").splitlines()[0]
    return f"{link}: {with_bars(first)}"


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
