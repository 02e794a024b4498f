"""What balancing is: laws of random row weights that depend on labels only.

A scheme keeps, drops or repeats rows by their labels, and so is a law of a weight vector
W (n,) given y (n,). Weights are on the scale where the target prior tau is reached in
expectation: E[W_i | class k] = tau_k / n_k, so class k weighs tau_k and all rows weigh one.
Class weighting is the conditional mean of all of them (`conditional-mean`); what is left is
noise with the squared coefficient of variation c_k^2 of the `cv2` table.

Letters: n rows, K classes, n_k = counts[k], m the kept size per class, B bags.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any, ClassVar, NamedTuple, Self, cast

import numpy as np
import numpy.typing as npt

from mlbalance.inputs import (
    DataError,
    FloatArray,
    InputError,
    IntArray,
    PriorError,
    SchemeError,
    as_counts,
    as_floats,
    as_labels,
    as_prior,
    by_label,
    in_order,
)

__all__ = [
    "Bagging",
    "BalancedSampler",
    "Cap",
    "ClassWeight",
    "Oversample",
    "Scheme",
    "Thin",
    "Undersample",
    "Unweighted",
    "WeightMoments",
]


class WeightMoments(NamedTuple):
    """First two moments of a scheme's weights given the counts (K classes)."""

    mean: FloatArray
    """(K,) E W_i of a row of class k; `counts @ mean == 1`."""
    cv2: FloatArray
    """(K,) squared coefficient of variation of W_i within class k."""
    total_cov: FloatArray
    """(K, K) covariance of the total weights T_k of the classes; zero when totals are fixed."""
    overlap: FloatArray
    """(K,) P(a row is in one bag | it is in another), by class; for a scheme without bags, in
    one draw given another independent draw."""

    def squares(self, counts: IntArray) -> FloatArray:
        """(K,) E sum_i W_i^2 over the rows of a class: (1 + c_k^2) tau_k^2 / n_k."""
        return counts * self.mean**2 * (1 + self.cv2)

    def noise(self, counts: IntArray) -> FloatArray:
        """(K,) variance of the weighted sum of numbers given for the rows of a class, per unit of
        their variance (divisor n_k), less what the total T_k adds.

        Weights that treat rows alike: (tau_k^2 c_k^2 - Var T_k) / (n_k - 1), zero for one row.
        """
        own = (counts * self.mean) ** 2 * self.cv2 - np.diagonal(self.total_cov)
        return np.asarray(own / np.maximum(counts - 1, 1))


class _ByLabel(dict[Any, float]):
    """A value for each label, which can be hashed as the scheme that holds it."""

    def __hash__(self) -> int:  # type: ignore[override]
        return hash(frozenset(self.items()))


@dataclass(frozen=True, repr=False)
class Scheme(ABC):
    """A law of random weights; subclasses say how one class is kept, dropped or repeated.

    What is one number a class is given in their order, or by label, {"a": 0.3, "b": 0.7}, where
    labels are known: in `mlbalance.estimators`.
    """

    prior: tuple[float, ...] | Mapping[Any, float] | None = field(default=None, kw_only=True)

    random: ClassVar[bool] = True
    """Whether weights depend on the generator."""

    def __post_init__(self) -> None:
        if self.prior is not None:
            prior = by_label(self.prior)
            tau = _numbers(prior, PriorError, "A prior is one probability a class")
            if tau.ndim != 1:
                raise PriorError(f"A prior is one probability a class; {prior!r} is not.")
            as_prior(tau, tau.size)
            object.__setattr__(self, "prior", _kept_as(prior, tau))

    def __repr__(self) -> str:
        """The constructor call, without the fields at their default."""
        return _call(self)

    def moments(self, counts: npt.ArrayLike) -> WeightMoments:
        """Moments of the weights for class counts (K,), exactly, for any counts (label `cv2`).

        Raises `CountsError`, `PriorError` or `SchemeError` when the scheme does not fit them.
        """
        n_k = as_counts(counts, type(self).__name__)
        tau = self.target(n_k)
        return WeightMoments(
            tau / n_k,
            self._cv2(n_k, tau),
            self._total_cov(n_k, tau),
            self._overlap(n_k, tau),
        )

    def draw(
        self, y: npt.ArrayLike, rng: np.random.Generator, *, n_classes: int | None = None
    ) -> FloatArray:
        """Weights (bags, n) for labels y (n,): one row unless the scheme is `Bagging`.

        Rows sum to one, or do so in expectation where totals are random. The same generator
        state gives the same weights. Raises as `moments`, and `DataError` for bad labels.
        """
        labels, classes = as_labels(y, n_classes)
        if labels.ndim != 1:
            raise DataError(f"Labels y must be one list (n,); theirs has shape {labels.shape}.")
        n_k = np.bincount(labels, minlength=classes)
        if not n_k.all():
            as_counts(n_k, type(self).__name__)  # says which class is absent
        return self._draw(labels, n_k, self.target(n_k), rng)

    def target(self, counts: IntArray) -> FloatArray:
        """Prior tau (K,) under which the scheme's expected loss is the risk."""
        return as_prior(_ordered(self, self.prior, PriorError), counts.size)

    def in_order(self, labels: Sequence[Any]) -> Self:
        """The scheme with what is given by label in the order of the labels (K,).

        Raises `PriorError` or `SchemeError` for a label too few or too many.
        """
        known: dict[str, Any] = {}
        for f in (f for f in fields(self) if f.init):
            value, error = getattr(self, f.name), PriorError if f.name == "prior" else SchemeError
            if isinstance(value, Mapping):
                known[f.name] = tuple(in_order(value, labels, error, f"The {f.name} of {self!r}"))
            elif isinstance(value, Scheme):
                known[f.name] = value.in_order(labels)
        return replace(self, **known) if known else self

    def _draw(
        self, y: IntArray, n_k: IntArray, tau: FloatArray, rng: np.random.Generator
    ) -> FloatArray:
        weights = np.empty(y.size)
        by_class = np.argsort(y, kind="stable")
        weights[by_class] = np.repeat(tau, n_k) * self._shares(n_k, rng)
        return weights[None, :]

    def _shares(self, n_k: IntArray, rng: np.random.Generator) -> FloatArray:
        """Weights (n,) class by class, relative to tau_k: they have mean 1 / n_k."""
        return np.repeat(1.0 / n_k, n_k)

    def _total_cov(self, n_k: IntArray, tau: FloatArray) -> FloatArray:
        return np.zeros((n_k.size, n_k.size))

    @abstractmethod
    def _cv2(self, n_k: IntArray, tau: FloatArray) -> FloatArray: ...

    @abstractmethod
    def _overlap(self, n_k: IntArray, tau: FloatArray) -> FloatArray: ...


class _Constant(Scheme):
    random = False

    def _cv2(self, n_k: IntArray, tau: FloatArray) -> FloatArray:
        return np.zeros(n_k.size)

    def _overlap(self, n_k: IntArray, tau: FloatArray) -> FloatArray:
        return np.ones(n_k.size)


@dataclass(frozen=True, repr=False)
class ClassWeight(_Constant):
    """Every row, weighted tau_k / n_k: scikit-learn's balanced class weights divided by n."""


@dataclass(frozen=True, repr=False)
class Unweighted(_Constant):
    """Every row, weighted 1 / n: its target is the prior of the data, n_k / n."""

    prior: tuple[float, ...] | Mapping[Any, float] | None = field(default=None, init=False)

    def target(self, counts: IntArray) -> FloatArray:
        """Shares n_k / n (K,) of the classes in the data."""
        return counts / counts.sum()


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
        _whole(self, "size", self.size, optional=True)

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

    def _overlap(self, n_k: IntArray, tau: FloatArray) -> FloatArray:
        m = self.kept(n_k)
        return _ever_drawn(1 / n_k, m) if self.replace else m / n_k


@dataclass(frozen=True, repr=False)
class Oversample(Scheme):
    """Repeat rows at random until every class has `size` of them, weighted tau_k / size.

    `size` is the largest class by default. `keep=True` keeps every original row and repeats
    some (imbalanced-learn's random oversampling); `keep=False` is a stratified bootstrap, which
    draws every class anew, the largest too.
    """

    size: int | None = None
    keep: bool = True

    def __post_init__(self) -> None:
        super().__post_init__()
        _whole(self, "size", self.size, optional=True)

    def reached(self, n_k: IntArray) -> int:
        """Rows of every class after repeating."""
        size = int(n_k.max()) if self.size is None else self.size
        if self.keep and size < n_k.max():
            raise SchemeError(
                f"{self!r} cannot keep every row in {size} a class; counts are "
                f"{tuple(n_k.tolist())}. Give a size from {n_k.max()} on, or keep=False."
            )
        return size

    def _shares(self, n_k: IntArray, rng: np.random.Generator) -> FloatArray:
        size = self.reached(n_k)
        drawn = [
            rng.multinomial(size - n if self.keep else size, np.full(n, 1.0 / n))
            for n in n_k.tolist()
        ]
        return (np.concatenate(drawn) + self.keep) / size

    def _cv2(self, n_k: IntArray, tau: FloatArray) -> FloatArray:
        size = self.reached(n_k)
        return (n_k - 1) * ((size - n_k) / size if self.keep else 1.0) / size

    def _overlap(self, n_k: IntArray, tau: FloatArray) -> FloatArray:
        size = self.reached(n_k)
        return np.ones(n_k.size) if self.keep else _ever_drawn(1 / n_k, size)


@dataclass(frozen=True, repr=False)
class Cap(Scheme):
    """Keep at most `size` rows of a class at random, then weight by tau_k / kept rows."""

    size: int = field()

    def __post_init__(self) -> None:
        super().__post_init__()
        _whole(self, "size", self.size)

    def _shares(self, n_k: IntArray, rng: np.random.Generator) -> FloatArray:
        return _kept(n_k, np.minimum(n_k, self.size), rng)

    def _cv2(self, n_k: IntArray, tau: FloatArray) -> FloatArray:
        return n_k / np.minimum(n_k, self.size) - 1

    def _overlap(self, n_k: IntArray, tau: FloatArray) -> FloatArray:
        return np.minimum(n_k, self.size) / n_k


@dataclass(frozen=True, repr=False)
class Thin(Scheme):
    """Keep each row with probability `rate`, a number or one a class.

    Renormalised, the M_k > 0 kept rows of a class share tau_k (a class that would be lost is
    drawn again); not renormalised, each weighs tau_k / (rate n_k) and totals are random.
    """

    rate: float | tuple[float, ...] | Mapping[Any, float] = field()
    renormalise: bool = True

    def __post_init__(self) -> None:
        super().__post_init__()
        given = by_label(self.rate)
        rate = _numbers(given, SchemeError, "Thin needs a rate above 0 and up to 1")
        if rate.ndim > 1 or not ((rate > 0) & (rate <= 1)).all():
            raise SchemeError(f"Thin needs a rate above 0 and up to 1; it is {given!r}.")
        kept = float(rate) if rate.ndim == 0 else _kept_as(given, rate)
        object.__setattr__(self, "rate", kept)

    def _rates(self, n_k: IntArray) -> FloatArray:
        rate = np.asarray(_ordered(self, self.rate, SchemeError), dtype=float)
        if rate.ndim and rate.shape != n_k.shape:
            raise SchemeError(
                f"{self!r} has {rate.size} rates for {n_k.size} classes; give one, or one a class."
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

    def _total_cov(self, n_k: IntArray, tau: FloatArray) -> FloatArray:
        if self.renormalise:
            return super()._total_cov(n_k, tau)
        q = self._rates(n_k)
        return np.diag(tau**2 * (1 - q) / (q * n_k))

    def _overlap(self, n_k: IntArray, tau: FloatArray) -> FloatArray:
        q = self._rates(n_k)
        return q / _ever_drawn(q, n_k) if self.renormalise else q.copy()


@dataclass(frozen=True, repr=False)
class BalancedSampler(Scheme):
    """`draws` independent rows: a class by the prior, then one of its rows; totals are random.

    The class-balanced sampler of deep learning frameworks; as many draws as rows by default.
    """

    draws: int | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        _whole(self, "draws", self.draws, optional=True)

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

    def _cv2(self, n_k: IntArray, tau: FloatArray) -> FloatArray:
        return (n_k / tau - 1) / self._count(n_k)

    def _total_cov(self, n_k: IntArray, tau: FloatArray) -> FloatArray:
        return (np.diag(tau) - np.outer(tau, tau)) / self._count(n_k)

    def _overlap(self, n_k: IntArray, tau: FloatArray) -> FloatArray:
        return _ever_drawn(tau / n_k, self._count(n_k))


@dataclass(frozen=True, repr=False)
class Bagging(Scheme):
    """`bags` draws of `base`, one fit each, averaged; the prior is that of `base`.

    `moments` are those of the weights averaged over bags: averaged *estimators* follow them to
    first order only (`argmin-mean`). Disjoint bags split every class larger than the undersample
    into non-overlapping parts (`disjoint-bags`).
    """

    base: Scheme = field()
    bags: int = field()
    disjoint: bool = False
    prior: tuple[float, ...] | Mapping[Any, float] | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        if not isinstance(self.base, Scheme) or isinstance(self.base, Bagging):
            raise SchemeError(f"Bagging needs a scheme without bags as base; it is {self.base!r}.")
        _whole(self, "bags", self.bags)
        if self.disjoint and not (isinstance(self.base, Undersample) and not self.base.replace):
            raise SchemeError(
                f"Disjoint bags need Undersample without replacement as base; it is {self.base!r}."
            )
        object.__setattr__(self, "prior", self.base.prior)

    def __repr__(self) -> str:
        """The constructor call, without the fields at their default."""
        return _call(self)

    def target(self, counts: IntArray) -> FloatArray:
        """Prior tau (K,) of the base scheme."""
        return self.base.target(counts)

    def _draw(
        self, y: IntArray, n_k: IntArray, tau: FloatArray, rng: np.random.Generator
    ) -> FloatArray:
        if not self.disjoint:
            return np.concatenate([self.base._draw(y, n_k, tau, rng) for _ in range(self.bags)])
        m = self._part(n_k)
        weights = np.zeros((self.bags, y.size))
        for k in range(n_k.size):
            rows = rng.permutation(np.flatnonzero(y == k))
            parts = np.tile(rows, (self.bags, 1)) if rows.size == m else rows[: self.bags * m]
            np.put_along_axis(weights, parts.reshape(self.bags, m), tau[k] / m, axis=1)
        return weights

    def _part(self, n_k: IntArray) -> int:
        m = cast(Undersample, self.base).kept(n_k)
        split = n_k[n_k > m]
        if (split < self.bags * m).any():
            raise SchemeError(
                f"{self!r} needs {self.bags * m} rows of every class larger than {m}; counts are "
                f"{tuple(n_k.tolist())}. Give at most {split.min() // m} bags, or disjoint=False."
            )
        return m

    def _cv2(self, n_k: IntArray, tau: FloatArray) -> FloatArray:
        if not self.disjoint:
            return self.base._cv2(n_k, tau) / self.bags
        m = self._part(n_k)
        return np.where(n_k > m, n_k / (self.bags * m) - 1, 0.0)

    def _total_cov(self, n_k: IntArray, tau: FloatArray) -> FloatArray:
        return self.base._total_cov(n_k, tau) / self.bags

    def _overlap(self, n_k: IntArray, tau: FloatArray) -> FloatArray:
        if not self.disjoint:
            return self.base._overlap(n_k, tau)
        return np.where(n_k > self._part(n_k), 0.0, 1.0)


def _numbers(given: Any, error: type[InputError], wanted: str) -> FloatArray:
    """What is one number a class, in whatever order."""
    return as_floats(list(given.values()) if isinstance(given, Mapping) else given, error, wanted)


def _kept_as(given: Any, numbers: FloatArray) -> tuple[float, ...] | Mapping[Any, float]:
    values = numbers.tolist()
    return (
        _ByLabel(zip(given, values, strict=True)) if isinstance(given, Mapping) else tuple(values)
    )


def _ordered(scheme: Scheme, given: Any, error: type[InputError]) -> Any:
    if isinstance(given, Mapping):
        raise error(
            f"{scheme!r} names classes, and counts have no names. Give one number a class in their "
            "order, or use the scheme in an estimator, which knows the labels."
        )
    return given


def _call(scheme: Scheme) -> str:
    given = [
        (f, getattr(scheme, f.name))
        for f in fields(scheme)
        if f.init and getattr(scheme, f.name) != f.default
    ]
    required = [repr(value) for f, value in given if f.name == "base"]
    named = [f"{f.name}={value!r}" for f, value in given if f.name != "base"]
    return f"{type(scheme).__name__}({', '.join(required + named)})"


def _whole(scheme: Scheme, name: str, value: int | None, optional: bool = False) -> None:
    if value is None and optional:
        return
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < 1:
        raise SchemeError(
            f"{type(scheme).__name__} needs {name} as a whole number from 1 on; it is {value!r}."
        )
    object.__setattr__(scheme, name, int(value))


def _kept(n_k: IntArray, m: IntArray, rng: np.random.Generator) -> FloatArray:
    """Shares (n,), class by class, of m_k of its rows at random: zero, or 1 / m_k."""
    starts = np.cumsum(n_k) - n_k
    classes = zip(*(a.tolist() for a in (starts, n_k, m)), strict=True)
    rows = [start + rng.choice(n, k, replace=False, shuffle=False) for start, n, k in classes]
    share = np.zeros(n_k.sum())
    share[np.concatenate(rows)] = np.repeat(1.0 / m, m)
    return share


def _ever_drawn(p: FloatArray, draws: int | IntArray) -> FloatArray:
    """1 - (1 - p)^draws, without cancellation for small p."""
    with np.errstate(divide="ignore"):
        return -np.expm1(draws * np.log1p(-p))


def _first_kept(n: int, q: float, rng: np.random.Generator) -> int:
    """Index of the first kept row given that one of n Bernoulli(q) rows is kept."""
    u = rng.random()
    if q == 1.0:
        return 0
    lost = n * math.log1p(-q)
    return min(n - 1, int(math.log1p(u * math.expm1(lost)) / math.log1p(-q)))


def _mean_reciprocal(n: int, q: float) -> float:
    """E[1/M | M > 0] for M ~ Binomial(n, q)."""
    if q == 1.0:
        return 1.0 / n
    m = np.arange(1, n + 1)
    log_pmf = np.cumsum(np.log((n - m + 1) / m)) + m * math.log(q) + (n - m) * math.log1p(-q)
    pmf = np.exp(log_pmf - log_pmf.max())
    return float((pmf / m).sum() / pmf.sum())
