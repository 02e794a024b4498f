"""Schemes that keep every row, with weights that the counts decide."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np

from mlbalance.inputs import FloatArray, IntArray, SchemeError
from mlbalance.schemes.moments import Distribution
from mlbalance.schemes.scheme import Scheme
from mlbalance.schemes.settings import check_between

__all__ = ["Bridge", "ClassWeight", "EffectiveNumber", "Unweighted"]


class _Constant(Scheme):
    random = False

    def _rows_used(self, n_k: IntArray, tau: FloatArray) -> FloatArray:
        return n_k.astype(float)

    def _row_weights(self, n_k: IntArray, tau: FloatArray) -> list[Distribution]:
        return [(np.array([share]), np.ones(1)) for share in tau / n_k]

    def _cv2(self, n_k: IntArray, tau: FloatArray) -> FloatArray:
        return np.zeros(n_k.size)

    def _cubes(self, n_k: IntArray, tau: FloatArray) -> FloatArray:
        return np.ones(n_k.size)

    def _overlap(self, n_k: IntArray, tau: FloatArray) -> FloatArray:
        return np.ones(n_k.size)


@dataclass(frozen=True, repr=False)
class ClassWeight(_Constant):
    """Class weighting: every row of class k is weighted tau_k / n_k.

    At the uniform prior these are scikit-learn's balanced class weights divided by n.

    Parameters
    ----------
    prior
        (K,) target prior tau, or probabilities by label; uniform for None.

    Raises
    ------
    PriorError
        For anything else.
    """

    cites = ("manski1977",)

    def _names(self) -> tuple[str, str]:
        return "class-weights", "class weights"


@dataclass(frozen=True, repr=False)
class Bridge(_Constant):
    """Class weights to a power: rows of class k weigh (tau_k / n_k)^power, scaled to sum to one.

    They fit at the prior tau_k^power n_k^(1 - power), from that of the data at power 0 to tau at
    power 1, and the prior correction brings them to any other (label `bridge`).

    Parameters
    ----------
    power
        From 0 to 1.
    prior
        As of `ClassWeight`.

    Raises
    ------
    SchemeError
        For another power.
    PriorError
        As `ClassWeight`.
    """

    power: float = 0.5

    cites = ("manski1977", "menon2021")

    def __post_init__(self) -> None:
        super().__post_init__()
        check_between(self, "power", self.power, 0.0, 1.0)

    def _names(self) -> tuple[str, str]:
        return f"bridge-{self.power:.3g}", f"bridge at {self.power:.3g}"

    def target(self, counts: IntArray) -> FloatArray:
        """Prior of the weights.

        Parameters
        ----------
        counts
            (K,) rows per class.

        Returns
        -------
        (K,) probabilities, in proportion to tau_k^power n_k^(1 - power).

        Raises
        ------
        PriorError
            For a prior of another number of classes, or by label.
        """
        tau = super().target(counts)
        return _shares(tau**self.power * (counts / counts.sum()) ** (1 - self.power))


class _OfCounts(_Constant):
    """A scheme whose prior the counts decide, and nothing else."""

    _own = "a prior of the counts"

    def with_prior(self, prior: tuple[float, ...] | Mapping[Any, float] | None) -> Self:
        """Refuse another prior.

        Raises
        ------
        SchemeError
            Always: the prior is that of the counts.
        """
        raise SchemeError(
            f"{type(self).__name__} fits at {self._own}, not at {prior!r}. Use ClassWeight, or "
            "the correction that brings its intercepts to another prior."
        )


@dataclass(frozen=True, repr=False)
class Unweighted(_OfCounts):
    """No balancing: every row is weighted 1 / n, so that the target is the prior of the data."""

    prior: tuple[float, ...] | Mapping[Any, float] | None = field(default=None, init=False)

    _own = "the prior of the data"

    def _names(self) -> tuple[str, str]:
        return "unweighted", "unweighted"

    def target(self, counts: IntArray) -> FloatArray:
        """Prior of the data.

        Parameters
        ----------
        counts
            (K,) rows per class.

        Returns
        -------
        (K,) shares n_k / n.
        """
        return counts / counts.sum()


@dataclass(frozen=True, repr=False)
class EffectiveNumber(_OfCounts):
    """Class weights by effective number: rows of class k weigh (1 - beta) / (1 - beta^n_k).

    They are scaled to sum to one (Cui et al. 2019), and fit at the prior n_k / E_k with
    E_k = (1 - beta^n_k) / (1 - beta): classes of far fewer than 1 / (1 - beta) rows count alike,
    as with class weights, and those of far more by their rows, as without weights.

    Parameters
    ----------
    beta
        From 0 (unweighted) to less than 1, the limit of which are class weights.

    Raises
    ------
    SchemeError
        For another beta.
    """

    prior: tuple[float, ...] | Mapping[Any, float] | None = field(default=None, init=False)
    beta: float = 0.999

    cites = ("cui2019",)

    def __post_init__(self) -> None:
        super().__post_init__()
        check_between(self, "beta", self.beta, 0.0, 1.0, below=True)

    def _names(self) -> tuple[str, str]:
        return f"effective-number-{self.beta:.8g}", f"effective number ({self.beta:.8g})"

    def target(self, counts: IntArray) -> FloatArray:
        """Prior of the weights.

        Parameters
        ----------
        counts
            (K,) rows per class.

        Returns
        -------
        (K,) probabilities, in proportion to n_k / (1 - beta^n_k).
        """
        if self.beta == 0:
            return _shares(counts.astype(float))
        return _shares(-counts / np.expm1(counts * np.log(self.beta)))


def _shares(totals: FloatArray) -> FloatArray:
    return totals / totals.sum()
