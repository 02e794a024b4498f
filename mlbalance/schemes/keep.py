"""Schemes that keep every row, or drop some."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np

from mlbalance.inputs import FloatArray, IntArray, SchemeError, by_label
from mlbalance.schemes.scheme import (
    Scheme,
    as_given,
    as_numbers,
    binomial_cubes,
    check_whole,
    ever_drawn,
    in_class_order,
)

__all__ = ["Cap", "ClassWeight", "Thin", "Undersample", "Unweighted"]


class _Constant(Scheme):
    random = False

    def _rows_used(self, n_k: IntArray, tau: FloatArray) -> FloatArray:
        return n_k.astype(float)

    def _cv2(self, n_k: IntArray, tau: FloatArray) -> FloatArray:
        return np.zeros(n_k.size)

    def _cubes(self, n_k: IntArray, tau: FloatArray) -> FloatArray:
        return np.ones(n_k.size)

    def _overlap(self, n_k: IntArray, tau: FloatArray) -> FloatArray:
        return np.ones(n_k.size)


@dataclass(frozen=True, repr=False)
class ClassWeight(_Constant):
    """Every row, weighted tau_k / n_k: scikit-learn's balanced class weights divided by n."""

    def _names(self) -> tuple[str, str]:
        return "class-weights", "class weights"


@dataclass(frozen=True, repr=False)
class Unweighted(_Constant):
    """Every row, weighted 1 / n: its target is the prior of the data, n_k / n."""

    prior: tuple[float, ...] | Mapping[Any, float] | None = field(default=None, init=False)

    def _names(self) -> tuple[str, str]:
        return "unweighted", "unweighted"

    def target(self, counts: IntArray) -> FloatArray:
        """Shares n_k / n (K,) of the classes in the data."""
        return counts / counts.sum()

    def with_prior(self, prior: tuple[float, ...] | Mapping[Any, float] | None) -> Self:
        """Raises `SchemeError`: no weights, no other prior."""
        raise SchemeError(
            f"Unweighted fits at the prior of the data, not at {prior!r}. Use ClassWeight, or the "
            "correction that brings its intercepts to another prior."
        )


@dataclass(frozen=True, repr=False)
class Undersample(Scheme):
    """Keep `size` rows of every class at random, weighted tau_k / size.

    `size` is the smallest class by default. Without replacement (the default) no class may be
    smaller; with replacement every class, the smallest too, is drawn anew and rows can repeat.
    """

    size: int | None = None
    replace: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        check_whole(self, "size", self.size, optional=True)

    def _names(self) -> tuple[str, str]:
        ends = [("", "") if self.size is None else (f"-{self.size}", f" to {self.size}")]
        ends += [("-with-replacement", " with replacement")] * self.replace
        return _joined("undersample", "undersample", ends)

    def _rows_used(self, n_k: IntArray, tau: FloatArray) -> FloatArray:
        return np.full(n_k.size, float(self.kept(n_k)))

    def kept(self, n_k: IntArray) -> int:
        """Rows kept of every class."""
        size = int(n_k.min()) if self.size is None else self.size
        if not self.replace and size > n_k.min():
            raise SchemeError(
                f"{self!r} cannot keep {size} rows of every class; counts are "
                f"{tuple(n_k.tolist())}. Give a size up to {n_k.min()}, or replace=True."
            )
        return size

    def _shares(self, n_k: IntArray, rng: np.random.Generator) -> FloatArray:
        m = self.kept(n_k)
        if self.replace:
            drawn = [rng.multinomial(m, np.full(n, 1.0 / n)) for n in n_k.tolist()]
            return np.concatenate(drawn) / m
        return _kept(n_k, np.full(n_k.size, m), rng)

    def _cv2(self, n_k: IntArray, tau: FloatArray) -> FloatArray:
        m = self.kept(n_k)
        return (n_k - 1) / m if self.replace else n_k / m - 1

    def _cubes(self, n_k: IntArray, tau: FloatArray) -> FloatArray:
        m = self.kept(n_k)
        return binomial_cubes(m, 1 / n_k, 0) if self.replace else (n_k / m) ** 2

    def _overlap(self, n_k: IntArray, tau: FloatArray) -> FloatArray:
        m = self.kept(n_k)
        return ever_drawn(1 / n_k, m) if self.replace else m / n_k


@dataclass(frozen=True, repr=False)
class Cap(Scheme):
    """Keep at most `size` rows of a class at random, then weight by tau_k / kept rows."""

    size: int = field()

    def __post_init__(self) -> None:
        super().__post_init__()
        check_whole(self, "size", self.size)

    def _names(self) -> tuple[str, str]:
        return f"cap-{self.size}", f"cap at {self.size}"

    def _rows_used(self, n_k: IntArray, tau: FloatArray) -> FloatArray:
        return np.minimum(n_k, self.size).astype(float)

    def _shares(self, n_k: IntArray, rng: np.random.Generator) -> FloatArray:
        return _kept(n_k, np.minimum(n_k, self.size), rng)

    def _cv2(self, n_k: IntArray, tau: FloatArray) -> FloatArray:
        return n_k / np.minimum(n_k, self.size) - 1

    def _cubes(self, n_k: IntArray, tau: FloatArray) -> FloatArray:
        return (n_k / np.minimum(n_k, self.size)) ** 2

    def _overlap(self, n_k: IntArray, tau: FloatArray) -> FloatArray:
        return np.minimum(n_k, self.size) / n_k


@dataclass(frozen=True, repr=False)
class Thin(Scheme):
    """Keep each row with probability `rate`, a number or one per class.

    Renormalised, the M_k > 0 kept rows of a class share tau_k (a class that would be lost is
    drawn again); not renormalised, each weighs tau_k / (rate n_k) and totals are random.
    """

    rate: float | tuple[float, ...] | Mapping[Any, float] = field()
    renormalise: bool = True

    fixed_size = False

    @property
    def totals(self) -> str:  # type: ignore[override]
        """Fixed where weights are renormalised."""
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
        return _joined(f"thin-{'-'.join(short)}", f"thin to {', '.join(short)}", ends)

    def _rows_used(self, n_k: IntArray, tau: FloatArray) -> FloatArray:
        q = self._rates(n_k)
        return n_k * q / (ever_drawn(q, n_k) if self.renormalise else 1.0)

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
        return np.concatenate([self._thinned(n, q, rng) for n, q in rates])

    def _thinned(self, n: int, q: float, rng: np.random.Generator) -> FloatArray:
        kept = rng.random(n) < q
        if not self.renormalise:
            return kept / (q * n)
        first = _first_kept(n, q, rng)
        kept[:first] = False
        kept[first] = True
        return kept / kept.sum()

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
        return q / ever_drawn(q, n_k) if self.renormalise else q.copy()


def _joined(own: str, label: str, ends: list[tuple[str, str]]) -> tuple[str, str]:
    """Id and label with what is special about a scheme."""
    return own + "".join(end for end, _ in ends), label + "".join(words for _, words in ends)


def _kept(n_k: IntArray, m: IntArray, rng: np.random.Generator) -> FloatArray:
    """Shares (n,), class by class, of m_k of its rows at random: zero, or 1 / m_k."""
    starts = np.cumsum(n_k) - n_k
    classes = zip(*(a.tolist() for a in (starts, n_k, m)), strict=True)
    rows = [start + rng.choice(n, k, replace=False, shuffle=False) for start, n, k in classes]
    share = np.zeros(n_k.sum())
    share[np.concatenate(rows)] = np.repeat(1.0 / m, m)
    return share


def _first_kept(n: int, q: float, rng: np.random.Generator) -> int:
    """Index of the first kept row given that one of n Bernoulli(q) rows is kept."""
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
