"""Distribution of random row weights given the labels: moments, draws, name and prior."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any, ClassVar, Self
from urllib.parse import quote

import numpy as np
import numpy.typing as npt

from mlbalance.inputs import (
    DataError,
    FloatArray,
    IntArray,
    PriorError,
    SchemeError,
    as_counts,
    as_labels,
    as_prior,
    by_label,
    in_order,
)
from mlbalance.schemes.moments import Distribution, WeightMoments
from mlbalance.schemes.settings import as_given, as_numbers, in_class_order

__all__ = ["Scheme"]


@dataclass(frozen=True, repr=False)
class Scheme(ABC):
    """Distribution of random weights; subclasses keep, drop or repeat rows.

    One number per class is given in the order of the classes, or by label, {"a": 0.3, "b": 0.7},
    where labels are known: in `mlbalance.estimators`.

    Parameters
    ----------
    prior
        (K,) target prior tau, or probabilities by label; uniform for None.

    Raises
    ------
    PriorError
        For anything else.
    """

    prior: tuple[float, ...] | Mapping[Any, float] | None = field(default=None, kw_only=True)

    random: ClassVar[bool] = True
    """Whether weights depend on the generator; if not, a row of class k is weighted tau_k / n_k."""
    bags = 1
    """Number of fits that are averaged."""
    disjoint = False
    """Whether bags share no row of a class larger than the undersample."""
    fixed_size: ClassVar[bool] = True
    """Whether the number of rows of a class, repeated rows included, is known before the draw."""
    cites: ClassVar[tuple[str, ...]] = ()
    """Keys of `references.bib`: where it comes from, if that is known."""
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
        """Constructor call, without arguments at their default."""
        return _call(self)

    @property
    def id(self) -> str:
        """Stable name in ASCII, for tables and citations: kind, then settings.

        Labels are percent-encoded.
        """
        own, _ = self._names()
        if self.prior is None:
            return own
        return f"{own}@{'-'.join(quote(share, safe=':') for share in _short(self.prior))}"

    @property
    def label(self) -> str:
        """Name for people."""
        _, own = self._names()
        return own + (f" at ({', '.join(_short(self.prior))})" if self.prior is not None else "")

    @property
    def stream_name(self) -> str:
        """Name of its random stream; schemes of the same name share their draws."""
        return repr(self)

    @property
    def one_bag(self) -> Scheme:
        """The scheme of one bag."""
        return self

    def with_prior(self, prior: tuple[float, ...] | Mapping[Any, float] | None) -> Self:
        """The same scheme at another prior.

        Parameters
        ----------
        prior
            (K,) probabilities or probabilities by label; uniform for None.

        Returns
        -------
        The scheme.

        Raises
        ------
        PriorError
            For anything else.
        SchemeError
            For a scheme without a prior of its own.
        """
        return replace(self, prior=prior)

    def rows_used(self, counts: npt.ArrayLike) -> FloatArray:
        """Expected number of rows of each class in one fit, repeated rows included.

        Parameters
        ----------
        counts
            (K,) rows per class.

        Returns
        -------
        (K,) numbers of rows.

        Raises
        ------
        CountsError, PriorError, SchemeError
            As `moments`.
        """
        n_k = as_counts(counts, type(self).__name__)
        return np.asarray(self._rows_used(n_k, self.target(n_k)), dtype=float)

    def sample_sizes(self, counts: npt.ArrayLike) -> IntArray | None:
        """Number of rows of each class in one fit, where they are a simple random sample of it.

        Parameters
        ----------
        counts
            (K,) rows per class.

        Returns
        -------
        (K,) numbers, `counts` where every row counts, each row of class k weighing tau_k over its
        number; None for other schemes.

        Raises
        ------
        CountsError, SchemeError
            As `moments`.
        """
        n_k = as_counts(counts, type(self).__name__)
        return None if self.random else n_k

    def moments(self, counts: npt.ArrayLike) -> WeightMoments:
        """Exact moments of the weights (label `cv2`).

        Parameters
        ----------
        counts
            (K,) rows per class.

        Returns
        -------
        Mean, variation and covariance by class.

        Raises
        ------
        CountsError
            For counts that are not positive whole numbers of at least two classes.
        PriorError, SchemeError
            For a prior, sizes or rates that do not fit the counts.
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
        """Third moments of the weights in one bag, relative to the cubed means.

        Parameters
        ----------
        counts
            (K,) rows per class.

        Returns
        -------
        (K,) ratios E[W_i^3] / E[W_i]^3.

        Raises
        ------
        CountsError, PriorError, SchemeError
            As `moments`.
        """
        n_k = as_counts(counts, type(self).__name__)
        return np.asarray(self.one_bag._cubes(n_k, self.target(n_k)), dtype=float)

    def row_weights(self, counts: npt.ArrayLike) -> tuple[tuple[FloatArray, FloatArray], ...]:
        """Distribution of the weight of one row in one bag, by class.

        Parameters
        ----------
        counts
            (K,) rows per class.

        Returns
        -------
        (K,) pairs of values (m,) and their probabilities (m,), their mean tau_k / n_k.

        Raises
        ------
        CountsError, PriorError, SchemeError
            As `moments`.
        """
        n_k = as_counts(counts, type(self).__name__)
        return tuple(self.one_bag._row_weights(n_k, self.target(n_k)))

    def draw(
        self, y: npt.ArrayLike, rng: np.random.Generator, *, n_classes: int | None = None
    ) -> FloatArray:
        """Draw weights for labels; the same generator state gives the same weights.

        Parameters
        ----------
        y
            (n,) labels 0..K-1.
        rng
            Generator of the draw.
        n_classes
            Number of classes K; the largest label plus one for None.

        Returns
        -------
        (bags, n) weights, of sum one in each bag, in expectation where totals are random.

        Raises
        ------
        DataError
            For labels of another kind or shape.
        CountsError, PriorError, SchemeError
            As `moments`.
        """
        labels, classes = as_labels(y, n_classes)
        if labels.ndim != 1:
            raise DataError(f"Labels y must be one list (n,); theirs has shape {labels.shape}.")
        n_k = np.bincount(labels, minlength=classes)
        if not n_k.all():
            as_counts(n_k, type(self).__name__)  # says which class is absent
        return self._draw(labels, n_k, self.target(n_k), rng)

    def target(self, counts: IntArray) -> FloatArray:
        """Prior at which the scheme's expected loss is the risk.

        Parameters
        ----------
        counts
            (K,) rows per class.

        Returns
        -------
        (K,) probabilities tau.

        Raises
        ------
        PriorError
            For a prior of another number of classes, or by label.
        """
        return as_prior(in_class_order(self, self.prior, PriorError), counts.size)

    def in_order(self, labels: Sequence[Any]) -> Self:
        """The same scheme, with values by label put in the order of the classes.

        Parameters
        ----------
        labels
            (K,) labels in their order.

        Returns
        -------
        The scheme.

        Raises
        ------
        PriorError, SchemeError
            For a missing label or an unknown one.
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
    def _row_weights(self, n_k: IntArray, tau: FloatArray) -> list[Distribution]: ...

    @abstractmethod
    def _cubes(self, n_k: IntArray, tau: FloatArray) -> FloatArray: ...

    @abstractmethod
    def _cv2(self, n_k: IntArray, tau: FloatArray) -> FloatArray: ...

    @abstractmethod
    def _overlap(self, n_k: IntArray, tau: FloatArray) -> FloatArray: ...


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
