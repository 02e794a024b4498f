"""Distribution of random row weights given the labels, and what every scheme has."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any, ClassVar, NamedTuple, Self

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
    "Scheme",
    "WeightMoments",
    "as_given",
    "as_numbers",
    "binomial_cubes",
    "check_whole",
    "ever_drawn",
    "in_class_order",
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
    """Distribution of random weights; subclasses say how a class is kept, dropped or repeated.

    What is one number per class is given in their order, or by label, {"a": 0.3, "b": 0.7}, where
    labels are known: in `mlbalance.estimators`.
    """

    prior: tuple[float, ...] | Mapping[Any, float] | None = field(default=None, kw_only=True)

    random: ClassVar[bool] = True
    """Whether weights depend on the generator."""
    bags = 1
    """Number of fits that are averaged."""
    fixed_size: ClassVar[bool] = True
    """Whether the number of rows of a class, copies counted, is known before the draw."""
    totals: ClassVar[str] = "fixed"
    """Total weights of the classes: "fixed", of "independent" rows, or "multinomial"."""

    def __post_init__(self) -> None:
        if self.prior is not None:
            prior = by_label(self.prior)
            tau = as_numbers(prior, PriorError, "A prior is one probability per class")
            if tau.ndim != 1:
                raise PriorError(f"A prior is one probability per class; {prior!r} is not.")
            as_prior(tau, tau.size)
            object.__setattr__(self, "prior", as_given(prior, tau))

    def __repr__(self) -> str:
        """The constructor call, without the fields at their default."""
        return _call(self)

    # --- its name, and its parts ---

    @property
    def id(self) -> str:
        """Stable name in ASCII, for tables and citations: that of its kind, then its settings."""
        own, _ = self._names()
        return own + (f"@{'-'.join(_short(self.prior))}" if self.prior is not None else "")

    @property
    def label(self) -> str:
        """Name for people."""
        _, own = self._names()
        return own + (f" at ({', '.join(_short(self.prior))})" if self.prior is not None else "")

    @property
    def stream_name(self) -> str:
        """Name of its random stream: schemes of one name share their draws."""
        return repr(self)

    @property
    def one_bag(self) -> Scheme:
        """The scheme of a single fit."""
        return self

    def with_prior(self, prior: tuple[float, ...] | Mapping[Any, float] | None) -> Self:
        """The scheme balanced at another prior, uniform for None. Raises as the scheme."""
        return replace(self, prior=prior)

    # --- weights ---

    def rows_used(self, counts: npt.ArrayLike) -> FloatArray:
        """Expected rows (K,) of each class in one fit, copies counted as rows.

        Raises as `moments`.
        """
        n_k = as_counts(counts, type(self).__name__)
        return np.asarray(self._rows_used(n_k, self.target(n_k)), dtype=float)

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

    def cubes(self, counts: npt.ArrayLike) -> FloatArray:
        """E[W_i^3] / E[W_i]^3 (K,) of a row of each class, of one bag. Raises as `moments`."""
        n_k = as_counts(counts, type(self).__name__)
        return np.asarray(self.one_bag._cubes(n_k, self.target(n_k)), dtype=float)

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
        return as_prior(in_class_order(self, self.prior, PriorError), counts.size)

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

    def _names(self) -> tuple[str, str]:
        """Id and label but for the prior."""
        name = type(self).__name__
        return name, name

    @abstractmethod
    def _rows_used(self, n_k: IntArray, tau: FloatArray) -> FloatArray: ...

    @abstractmethod
    def _cubes(self, n_k: IntArray, tau: FloatArray) -> FloatArray: ...

    @abstractmethod
    def _cv2(self, n_k: IntArray, tau: FloatArray) -> FloatArray: ...

    @abstractmethod
    def _overlap(self, n_k: IntArray, tau: FloatArray) -> FloatArray: ...


def as_numbers(given: Any, error: type[InputError], wanted: str) -> FloatArray:
    """One number per class, in whatever order."""
    return as_floats(list(given.values()) if isinstance(given, Mapping) else given, error, wanted)


def as_given(given: Any, numbers: FloatArray) -> tuple[float, ...] | Mapping[Any, float]:
    """Checked numbers as they were given, by label or in order, and hashable."""
    values = numbers.tolist()
    return (
        _ByLabel(zip(given, values, strict=True)) if isinstance(given, Mapping) else tuple(values)
    )


def in_class_order(scheme: Scheme, given: Any, error: type[InputError]) -> Any:
    """Numbers in the order of the classes; raises `error` for those by label."""
    if isinstance(given, Mapping):
        raise error(
            f"{scheme!r} names classes, and counts have no names. Give one number per class in "
            "their order, or use the scheme in an estimator, which knows the labels."
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


def _short(prior: tuple[float, ...] | Mapping[Any, float]) -> list[str]:
    if isinstance(prior, Mapping):
        return [f"{label}:{share:.3g}" for label, share in prior.items()]
    return [f"{share:.3g}" for share in prior]


def ever_drawn(p: FloatArray, draws: int | IntArray) -> FloatArray:
    """1 - (1 - p)^draws, without cancellation for small p."""
    with np.errstate(divide="ignore"):
        return -np.expm1(draws * np.log1p(-p))


def binomial_cubes(draws: int | IntArray, p: FloatArray, own: int) -> FloatArray:
    """E[X^3] / E[X]^3 for X = own + Binomial(draws, p)."""
    mean = draws * p
    square = mean * (1 - p) + mean**2
    cube = draws * (draws - 1) * (draws - 2) * p**3 + 3 * draws * (draws - 1) * p**2 + mean
    return np.asarray((own + 3 * own * mean + 3 * own * square + cube) / (own + mean) ** 3)


def check_whole(scheme: Scheme, name: str, value: int | None, optional: bool = False) -> None:
    """Keep a whole number from 1 on as the scheme's; raises `SchemeError` for another."""
    if value is None and optional:
        return
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < 1:
        raise SchemeError(
            f"{type(scheme).__name__} needs {name} as a whole number from 1 on; it is {value!r}."
        )
    object.__setattr__(scheme, name, int(value))
