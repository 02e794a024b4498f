"""What the fits of a method depend on beside the data, as digests.

A definition is the estimator with all its parameters, the code of what is neither the package's nor
a library's, as in a study's store, and the versions of the libraries. Two estimators of one
definition are one, whether or not they are the same object.
"""

from __future__ import annotations

import hashlib
import json
import sys
from typing import NamedTuple

from mlbalance.compare.candidates import Candidate
from mlbalance.simulation.code import code_of
from mlbalance.simulation.fingerprint import Walk

__all__ = ["Definition", "define"]

_STANDARD = sys.stdlib_module_names - {"__main__"}


class Definition(NamedTuple):
    """Digests of a method, and where its code is."""

    fit: str
    """Of all that its fits depend on: methods that have it in common share them."""
    method: str
    """Of all that its answers depend on: that and the prior of the probabilities."""
    modules: frozenset[str]
    """Modules, other than the package's, of which it consists."""


def define(candidate: Candidate) -> Definition:
    """Definition of a method.

    Parameters
    ----------
    candidate
        The method.

    Returns
    -------
    Digests of 32 hexadecimal digits; id and label are not among what they are made of.
    """
    walk = Walk()
    about = walk.describe(candidate.estimator)
    parts = sorted({f"{part.__module__}.{part.__qualname__}" for part in walk.found.values()})
    modules = {part.__module__ for part in walk.found.values()}
    modules = {m for m in modules if m.partition(".")[0] not in {"mlbalance", *_STANDARD}}
    libraries = sorted({module.partition(".")[0] for module in modules})
    versions = [str(getattr(sys.modules.get(name), "__version__", "")) for name in libraries]
    code = code_of(walk.found.values(), None)
    # The comparison sets the target of some: these fits are not those at another prior.
    moved = candidate.prior == "target"
    fit = _digest(about, parts, libraries, versions, code, moved)
    return Definition(fit, _digest(fit, candidate.prior), frozenset(modules))


def _digest(*about: object) -> str:
    return hashlib.sha256(json.dumps(about, sort_keys=True).encode()).hexdigest()[:32]
