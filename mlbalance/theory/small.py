"""Inference from few rows: degrees of freedom of a variance that is estimated class by class."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from mlbalance.inputs import CountsError, InputError, as_counts
from mlbalance.schemes import Scheme
from mlbalance.theory.moments import Moments, check_prior

__all__ = ["degrees_of_freedom"]


def degrees_of_freedom(
    m: Moments, scheme: Scheme, counts: npt.ArrayLike, functional: npt.ArrayLike
) -> float:
    """Satterthwaite's degrees of freedom of the plug-in variance of a functional (label `small-n`).

    With v_k = tau_k^2 (1 + c_k^2) a' A^-1 V_k A^-1 a / n_k they are
    (sum v_k)^2 / sum(v_k^2 / (n_k - 1)): between the smallest n_k - 1 and n - K. `counts` (K,)
    are the rows that V_k is estimated from: those kept, with `ClassWeight`, when only an
    undersample was seen. `functional` (p,) acts on contrasts. Raises `CountsError` for a class of
    one row, `PriorError` for moments at another prior than the scheme's, `InputError` for a
    functional of another length or without variance.
    """
    n_k = as_counts(counts, "A variance estimate")
    if (n_k < 2).any():
        raise CountsError(
            f"A variance needs two rows of every class; counts are {tuple(n_k.tolist())}. Collect "
            f"rows for class {int(np.argmin(n_k))}."
        )
    a = np.asarray(functional, dtype=float)
    if a.shape != m.hessian.shape[:1]:
        raise InputError(
            f"A functional has one number for each of {len(m.hessian)} contrasts; "
            f"it has shape {a.shape}."
        )
    check_prior(m, scheme, n_k)
    w, direction = scheme.moments(n_k), np.linalg.solve(m.hessian, a)
    v = w.squares(n_k) * (m.score_cov @ direction @ direction)
    if not v.sum() > 0:
        raise InputError(
            "The functional has no variance: it is zero, or the features are constant."
        )
    return float(v.sum() ** 2 / (v**2 / (n_k - 1)).sum())
