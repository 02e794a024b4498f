"""Schemes that repeat rows."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from mlbalance.inputs import FloatArray, IntArray, SchemeError
from mlbalance.schemes.moments import (
    Distribution,
    binomial,
    binomial_cubes,
    inclusion_probability,
)
from mlbalance.schemes.scheme import Scheme
from mlbalance.schemes.settings import as_numbers, check_whole

__all__ = ["BalancedSampler", "Oversample", "PoissonOversample"]


@dataclass(frozen=True, repr=False)
class Oversample(Scheme):
    """Repeat rows at random until every class has the same number of rows, weighted alike.

    Parameters
    ----------
    size
        Rows per class; those of the largest class for None.
    keep
        Whether every original row is kept and some are repeated, as in imbalanced-learn's random
        oversampling; if not, every class is drawn with replacement, a stratified bootstrap.
    prior
        As of `ClassWeight`: rows of class k are weighted tau_k / size.

    Raises
    ------
    SchemeError
        For a size that is not a whole number from 1 on.
    PriorError
        As `ClassWeight`.
    """

    size: int | None = None
    keep: bool = True

    def __post_init__(self) -> None:
        super().__post_init__()
        check_whole(self, "size", self.size, optional=True)

    def _names(self) -> tuple[str, str]:
        own = "oversample" if self.keep else "bootstrap"
        return (own, own) if self.size is None else (f"{own}-{self.size}", f"{own} to {self.size}")

    def _rows_used(self, n_k: IntArray, tau: FloatArray) -> FloatArray:
        return np.full(n_k.size, float(self.rows_per_class(n_k)))

    def rows_per_class(self, n_k: IntArray) -> int:
        """Number of rows of every class, repeated rows included.

        Parameters
        ----------
        n_k
            (K,) rows per class.

        Returns
        -------
        The number.

        Raises
        ------
        SchemeError
            For a class with more rows, if all are kept.
        """
        size = int(n_k.max()) if self.size is None else self.size
        if self.keep and size < n_k.max():
            raise SchemeError(
                f"{self!r} cannot keep every row in {size} per class; counts are "
                f"{tuple(n_k.tolist())}. Give a size from {n_k.max()} on, or keep=False."
            )
        return size

    def _shares(self, n_k: IntArray, rng: np.random.Generator) -> FloatArray:
        size = self.rows_per_class(n_k)
        drawn = [
            rng.multinomial(size - n if self.keep else size, np.full(n, 1.0 / n))
            for n in n_k.tolist()
        ]
        return (np.concatenate(drawn) + self.keep) / size

    def _row_weights(self, n_k: IntArray, tau: FloatArray) -> list[Distribution]:
        size = self.rows_per_class(n_k)
        laws = [binomial(size - n if self.keep else size, 1.0 / n) for n in n_k.tolist()]
        return [
            (t / size * (values + self.keep), chances)
            for t, (values, chances) in zip(tau, laws, strict=True)
        ]

    def _cv2(self, n_k: IntArray, tau: FloatArray) -> FloatArray:
        size = self.rows_per_class(n_k)
        return (n_k - 1) * ((size - n_k) / size if self.keep else 1.0) / size

    def _cubes(self, n_k: IntArray, tau: FloatArray) -> FloatArray:
        size = self.rows_per_class(n_k)
        return binomial_cubes(size - n_k if self.keep else size, 1 / n_k, int(self.keep))

    def _overlap(self, n_k: IntArray, tau: FloatArray) -> FloatArray:
        size = self.rows_per_class(n_k)
        return np.ones(n_k.size) if self.keep else inclusion_probability(1 / n_k, size)


@dataclass(frozen=True, repr=False)
class BalancedSampler(Scheme):
    """Draw rows independently: a class by the prior, then one of its rows, all weighted alike.

    This is the class-balanced sampler of deep learning frameworks. Total weights of the classes are
    multinomial.

    Parameters
    ----------
    draws
        Number of draws; the number of rows for None.
    prior
        As of `ClassWeight`.

    Raises
    ------
    SchemeError
        For a number of draws that is not whole and from 1 on.
    PriorError
        As `ClassWeight`.
    """

    draws: int | None = None

    fixed_size, totals = False, "multinomial"

    def __post_init__(self) -> None:
        super().__post_init__()
        check_whole(self, "draws", self.draws, optional=True)

    def _names(self) -> tuple[str, str]:
        own, label = "balanced-sampler", "balanced sampler"
        draws = self.draws
        return (own, label) if draws is None else (f"{own}-{draws}", f"{label}, {draws} draws")

    def _rows_used(self, n_k: IntArray, tau: FloatArray) -> FloatArray:
        return self._count(n_k) * tau

    def _count(self, n_k: IntArray) -> int:
        return int(n_k.sum()) if self.draws is None else self.draws

    def _draw(
        self, y: IntArray, n_k: IntArray, tau: FloatArray, rng: np.random.Generator
    ) -> FloatArray:
        draws = self._count(n_k)
        per_class = rng.multinomial(draws, tau)
        weights = np.empty(y.size)
        for k in range(n_k.size):
            weights[y == k] = rng.multinomial(per_class[k], np.full(n_k[k], 1.0 / n_k[k])) / draws
        return weights[None, :]

    def _row_weights(self, n_k: IntArray, tau: FloatArray) -> list[Distribution]:
        draws = self._count(n_k)
        laws = [binomial(draws, share) for share in (tau / n_k).tolist()]
        return [(values / draws, chances) for values, chances in laws]

    def _cv2(self, n_k: IntArray, tau: FloatArray) -> FloatArray:
        return (n_k / tau - 1) / self._count(n_k)

    def _cubes(self, n_k: IntArray, tau: FloatArray) -> FloatArray:
        return binomial_cubes(self._count(n_k), tau / n_k, 0)

    def _total_cov(self, n_k: IntArray, tau: FloatArray) -> FloatArray:
        return (np.diag(tau) - np.outer(tau, tau)) / self._count(n_k)

    def _overlap(self, n_k: IntArray, tau: FloatArray) -> FloatArray:
        return inclusion_probability(tau / n_k, self._count(n_k))


@dataclass(frozen=True, repr=False)
class PoissonOversample(Scheme):
    """Repeat each row 1 + Poisson(nu_k) times, each copy weighted tau_k / (n_k (1 + nu_k)).

    Total weights of the classes are random (label `oversample-poisson`).

    Parameters
    ----------
    extra
        Mean number nu of further copies: one for all classes, or (K,) one per class.
    prior
        As of `ClassWeight`.

    Raises
    ------
    SchemeError
        For a negative or infinite number.
    PriorError
        As `ClassWeight`.
    """

    extra: float | tuple[float, ...] = field()

    fixed_size, totals = False, "independent"

    def __post_init__(self) -> None:
        super().__post_init__()
        wanted = "PoissonOversample needs a number of extra copies from 0 on, or one per class"
        extra = as_numbers(self.extra, SchemeError, wanted)
        if extra.ndim > 1 or not (np.isfinite(extra) & (extra >= 0)).all():
            raise SchemeError(f"{wanted}; it is {self.extra!r}.")
        object.__setattr__(self, "extra", tuple(extra.tolist()) if extra.ndim else float(extra))

    def _names(self) -> tuple[str, str]:
        short = [f"{value:.3g}" for value in np.ravel(self.extra)]
        return f"poisson-oversample-{'-'.join(short)}", f"{', '.join(short)} Poisson copies per row"

    def _extra(self, n_k: IntArray) -> FloatArray:
        extra = np.asarray(self.extra)
        if extra.ndim and extra.shape != n_k.shape:
            raise SchemeError(
                f"{self!r} has {extra.size} numbers of copies for {n_k.size} classes; give one, or "
                "one per class."
            )
        return np.broadcast_to(extra, n_k.shape)

    def _rows_used(self, n_k: IntArray, tau: FloatArray) -> FloatArray:
        return n_k * (1 + self._extra(n_k))

    def _shares(self, n_k: IntArray, rng: np.random.Generator) -> FloatArray:
        rate = np.repeat(self._extra(n_k), n_k)
        return (1 + rng.poisson(rate)) / (np.repeat(n_k, n_k) * (1 + rate))

    def _row_weights(self, n_k: IntArray, tau: FloatArray) -> list[Distribution]:
        classes = zip(tau / n_k, self._extra(n_k).tolist(), strict=True)
        laws = [(share / (1 + nu), *_poisson(nu)) for share, nu in classes]
        return [(share * (1 + values), chances) for share, values, chances in laws]

    def _cv2(self, n_k: IntArray, tau: FloatArray) -> FloatArray:
        nu = self._extra(n_k)
        return nu / (1 + nu) ** 2

    def _cubes(self, n_k: IntArray, tau: FloatArray) -> FloatArray:
        nu = self._extra(n_k)
        return ((nu + 6) * nu + 7) * nu / (1 + nu) ** 3 + 1 / (1 + nu) ** 3

    def _total_cov(self, n_k: IntArray, tau: FloatArray) -> FloatArray:
        return np.diag(tau**2 * self._cv2(n_k, tau) / n_k)

    def _overlap(self, n_k: IntArray, tau: FloatArray) -> FloatArray:
        return np.ones(n_k.size)


def _poisson(mean: float) -> Distribution:
    """Values of a Poisson variable, up to chances below rounding, and their probabilities."""
    if mean == 0:
        return np.zeros(1), np.ones(1)
    m = np.arange(1.0, 1 + int(mean + 12 * np.sqrt(mean) + 30))
    log_pmf = np.concatenate([[0.0], np.cumsum(np.log(mean / m))]) - mean
    pmf = np.exp(log_pmf)
    return np.append(0.0, m), pmf / pmf.sum()
