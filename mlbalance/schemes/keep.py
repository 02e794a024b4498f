"""Schemes that drop rows."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from mlbalance.inputs import FloatArray, IntArray, SchemeError, as_counts, by_label
from mlbalance.schemes.moments import (
    Distribution,
    binomial,
    binomial_cubes,
    inclusion_probability,
)
from mlbalance.schemes.scheme import Scheme
from mlbalance.schemes.settings import as_given, as_numbers, check_whole, in_class_order

__all__ = ["Cap", "Thin", "Undersample"]


@dataclass(frozen=True, repr=False)
class Undersample(Scheme):
    """Keep a random sample of m rows of every class, weighted tau_k / m.

    Parameters
    ----------
    size
        Rows per class m; those of the smallest class for None.
    replace
        Whether every class, the smallest too, is drawn with replacement. If not, no class may have
        fewer than m rows.
    prior
        As of `ClassWeight`.

    Raises
    ------
    SchemeError
        For a size that is not a whole number from 1 on.
    PriorError
        As `ClassWeight`.
    """

    size: int | None = None
    replace: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        check_whole(self, "size", self.size, optional=True)

    def _names(self) -> tuple[str, str]:
        ends = [("", "") if self.size is None else (f"-{self.size}", f" to {self.size}")]
        ends += [("-with-replacement", " with replacement")] * self.replace
        return _join("undersample", "undersample", ends)

    def _rows_used(self, n_k: IntArray, tau: FloatArray) -> FloatArray:
        return np.full(n_k.size, float(self.rows_per_class(n_k)))

    def sample_sizes(self, counts: npt.ArrayLike) -> IntArray | None:
        """Rows per class m, unless they are drawn with replacement; see `Scheme.sample_sizes`."""
        n_k = as_counts(counts, type(self).__name__)
        return None if self.replace else np.full(n_k.size, self.rows_per_class(n_k))

    def rows_per_class(self, n_k: IntArray) -> int:
        """Number of rows kept of every class.

        Parameters
        ----------
        n_k
            (K,) rows per class.

        Returns
        -------
        The number m.

        Raises
        ------
        SchemeError
            For a class with fewer rows, without replacement.
        """
        size = int(n_k.min()) if self.size is None else self.size
        if not self.replace and size > n_k.min():
            raise SchemeError(
                f"{self!r} cannot keep {size} rows of every class; counts are "
                f"{tuple(n_k.tolist())}. Give a size up to {n_k.min()}, or replace=True."
            )
        return size

    def _shares(self, n_k: IntArray, rng: np.random.Generator) -> FloatArray:
        m = self.rows_per_class(n_k)
        if self.replace:
            drawn = [rng.multinomial(m, np.full(n, 1.0 / n)) for n in n_k.tolist()]
            return np.concatenate(drawn) / m
        return _keep(n_k, np.full(n_k.size, m), rng)

    def _row_weights(self, n_k: IntArray, tau: FloatArray) -> list[Distribution]:
        m = self.rows_per_class(n_k)
        if not self.replace:
            return _kept(tau / m, m / n_k)
        laws = [binomial(m, 1.0 / n) for n in n_k.tolist()]
        return [(t / m * values, chances) for t, (values, chances) in zip(tau, laws, strict=True)]

    def _cv2(self, n_k: IntArray, tau: FloatArray) -> FloatArray:
        m = self.rows_per_class(n_k)
        return (n_k - 1) / m if self.replace else n_k / m - 1

    def _cubes(self, n_k: IntArray, tau: FloatArray) -> FloatArray:
        m = self.rows_per_class(n_k)
        return binomial_cubes(m, 1 / n_k, 0) if self.replace else (n_k / m) ** 2

    def _overlap(self, n_k: IntArray, tau: FloatArray) -> FloatArray:
        m = self.rows_per_class(n_k)
        return inclusion_probability(1 / n_k, m) if self.replace else m / n_k


@dataclass(frozen=True, repr=False)
class Cap(Scheme):
    """Keep a random sample of at most m rows per class, weighted tau_k / min(n_k, m).

    Parameters
    ----------
    size
        Most rows per class m.
    prior
        As of `ClassWeight`.

    Raises
    ------
    SchemeError
        For a size that is not a whole number from 1 on.
    PriorError
        As `ClassWeight`.
    """

    size: int = field()

    def __post_init__(self) -> None:
        super().__post_init__()
        check_whole(self, "size", self.size)

    def _names(self) -> tuple[str, str]:
        return f"cap-{self.size}", f"cap at {self.size}"

    def sample_sizes(self, counts: npt.ArrayLike) -> IntArray | None:
        """Rows per class, m or all; see `Scheme.sample_sizes`."""
        return np.minimum(as_counts(counts, type(self).__name__), self.size)

    def _rows_used(self, n_k: IntArray, tau: FloatArray) -> FloatArray:
        return np.minimum(n_k, self.size).astype(float)

    def _shares(self, n_k: IntArray, rng: np.random.Generator) -> FloatArray:
        return _keep(n_k, np.minimum(n_k, self.size), rng)

    def _row_weights(self, n_k: IntArray, tau: FloatArray) -> list[Distribution]:
        m = np.minimum(n_k, self.size)
        return _kept(tau / m, m / n_k)

    def _cv2(self, n_k: IntArray, tau: FloatArray) -> FloatArray:
        return n_k / np.minimum(n_k, self.size) - 1

    def _cubes(self, n_k: IntArray, tau: FloatArray) -> FloatArray:
        return (n_k / np.minimum(n_k, self.size)) ** 2

    def _overlap(self, n_k: IntArray, tau: FloatArray) -> FloatArray:
        return np.minimum(n_k, self.size) / n_k


@dataclass(frozen=True, repr=False)
class Thin(Scheme):
    """Keep each row independently with a given probability (Poisson sampling).

    Parameters
    ----------
    rate
        Probability q: one for all classes, (K,) one per class, or by label.
    renormalise
        Whether the M_k kept rows of class k are weighted tau_k / M_k, given that M_k > 0; if not,
        they are weighted tau_k / (q_k n_k), and total weights are random.
    prior
        As of `ClassWeight`.

    Raises
    ------
    SchemeError
        For a rate outside (0, 1].
    PriorError
        As `ClassWeight`.
    """

    rate: float | tuple[float, ...] | Mapping[Any, float] = field()
    renormalise: bool = True

    fixed_size = False

    @property
    def totals(self) -> str:  # type: ignore[override]
        """Total weights of the classes: "fixed" if renormalised, else of "independent" rows."""
        return "fixed" if self.renormalise else "independent"

    def __post_init__(self) -> None:
        super().__post_init__()
        given = by_label(self.rate)
        rate = as_numbers(given, SchemeError, "Thin needs a rate above 0 and up to 1")
        if rate.ndim > 1 or not ((rate > 0) & (rate <= 1)).all():
            raise SchemeError(f"Thin needs a rate above 0 and up to 1; it is {given!r}.")
        kept = float(rate) if rate.ndim == 0 else as_given(given, rate)
        object.__setattr__(self, "rate", kept)

    def _names(self) -> tuple[str, str]:
        rate = self.rate if isinstance(self.rate, Mapping) else np.ravel(self.rate).tolist()
        values = rate.values() if isinstance(rate, Mapping) else rate
        short = [f"{value:.3g}" for value in values]
        ends = [] if self.renormalise else [("-not-renormalised", ", not renormalised")]
        return _join(f"thin-{'-'.join(short)}", f"thin to {', '.join(short)}", ends)

    def _rows_used(self, n_k: IntArray, tau: FloatArray) -> FloatArray:
        q = self._rates(n_k)
        return n_k * q / (inclusion_probability(q, n_k) if self.renormalise else 1.0)

    def _rates(self, n_k: IntArray) -> FloatArray:
        rate = np.asarray(in_class_order(self, self.rate, SchemeError), dtype=float)
        if rate.ndim and rate.shape != n_k.shape:
            raise SchemeError(
                f"{self!r} has {rate.size} rates for {n_k.size} classes; give one, or one per "
                "class."
            )
        return np.broadcast_to(rate, n_k.shape)

    def _shares(self, n_k: IntArray, rng: np.random.Generator) -> FloatArray:
        rates = zip(n_k.tolist(), self._rates(n_k).tolist(), strict=True)
        return np.concatenate([self._thin(n, q, rng) for n, q in rates])

    def _thin(self, n: int, q: float, rng: np.random.Generator) -> FloatArray:
        kept = rng.random(n) < q
        if not self.renormalise:
            return kept / (q * n)
        first = _first_kept(n, q, rng)
        kept[:first] = False
        kept[first] = True
        return kept / kept.sum()

    def _row_weights(self, n_k: IntArray, tau: FloatArray) -> list[Distribution]:
        q = self._rates(n_k)
        if not self.renormalise:
            return _kept(tau / (q * n_k), q)
        laws = []
        for t, n, p in zip(tau, n_k.tolist(), q.tolist(), strict=True):
            sizes, chances = (part[-n:] for part in binomial(n, p))
            kept = chances / chances.sum() * sizes / n
            laws.append((np.append(t / sizes, 0.0), np.append(kept, 1.0 - kept.sum())))
        return laws

    def _cv2(self, n_k: IntArray, tau: FloatArray) -> FloatArray:
        q = self._rates(n_k)
        if not self.renormalise:
            return 1 / q - 1
        return np.array([n * _mean_reciprocal(n, p) - 1 for n, p in zip(n_k, q, strict=True)])

    def _cubes(self, n_k: IntArray, tau: FloatArray) -> FloatArray:
        q = self._rates(n_k)
        if not self.renormalise:
            return 1 / q**2
        pairs = zip(n_k, q, strict=True)
        return np.array([n**2 * _mean_reciprocal(n, p, power=2) for n, p in pairs])

    def _total_cov(self, n_k: IntArray, tau: FloatArray) -> FloatArray:
        if self.renormalise:
            return super()._total_cov(n_k, tau)
        q = self._rates(n_k)
        return np.diag(tau**2 * (1 - q) / (q * n_k))

    def _overlap(self, n_k: IntArray, tau: FloatArray) -> FloatArray:
        q = self._rates(n_k)
        return q / inclusion_probability(q, n_k) if self.renormalise else q.copy()


def _join(own: str, label: str, ends: list[tuple[str, str]]) -> tuple[str, str]:
    """Id and label, with the endings of settings that are not the default."""
    return own + "".join(end for end, _ in ends), label + "".join(words for _, words in ends)


def _keep(n_k: IntArray, m: IntArray, rng: np.random.Generator) -> FloatArray:
    """Shares (n,), class by class: 1 / m_k for m_k of its rows at random, zero for others."""
    starts = np.cumsum(n_k) - n_k
    classes = zip(*(a.tolist() for a in (starts, n_k, m)), strict=True)
    rows = [start + rng.choice(n, k, replace=False, shuffle=False) for start, n, k in classes]
    share = np.zeros(n_k.sum())
    share[np.concatenate(rows)] = np.repeat(1.0 / m, m)
    return share


def _kept(weights: FloatArray, chances: FloatArray) -> list[Distribution]:
    """Weights (K,) of rows that are kept with chances (K,), and zero."""
    pairs = zip(weights, chances, strict=True)
    return [(np.array([0.0, w]), np.array([1.0 - p, p])) for w, p in pairs]


def _first_kept(n: int, q: float, rng: np.random.Generator) -> int:
    """Index of the first kept of n rows, each kept with probability q, given that any is."""
    u = rng.random()
    if q == 1.0:
        return 0
    lost = n * math.log1p(-q)
    return min(n - 1, int(math.log1p(u * math.expm1(lost)) / math.log1p(-q)))


def _mean_reciprocal(n: int, q: float, power: int = 1) -> float:
    """E[1/M^power | M > 0] for M ~ Binomial(n, q)."""
    if q == 1.0:
        return 1.0 / n**power
    m = np.arange(1, n + 1)
    log_pmf = np.cumsum(np.log((n - m + 1) / m)) + m * math.log(q) + (n - m) * math.log1p(-q)
    pmf = np.exp(log_pmf - log_pmf.max())
    return float((pmf / m**power).sum() / pmf.sum())
