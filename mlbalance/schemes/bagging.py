"""Several independent or disjoint draws of a scheme, with one fit each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Self, cast

import numpy as np
import numpy.typing as npt

from mlbalance.inputs import FloatArray, IntArray, SchemeError
from mlbalance.schemes.keep import Undersample
from mlbalance.schemes.moments import Distribution
from mlbalance.schemes.scheme import Scheme
from mlbalance.schemes.settings import check_whole

__all__ = ["AnalyticBag", "Bagging"]


@dataclass(frozen=True, repr=False)
class Bagging(Scheme):
    """Average of the fits to several draws of a scheme.

    `moments` are those of weights averaged over bags; averaged *estimators* follow them to first
    order only (label `argmin-mean`).

    Parameters
    ----------
    base
        Scheme of one bag, whose prior is that of the whole.
    bags
        Number of bags B.
    disjoint
        Whether bags share no row of a class larger than the undersample (label `disjoint-bags`).

    Raises
    ------
    SchemeError
        For a base with bags, a number of bags that is not whole, or disjoint bags of anything but
        `Undersample` without replacement.
    """

    base: Scheme = field()
    bags: int = field()
    disjoint: bool = False
    cites: ClassVar[tuple[str, ...]] = ("breiman1996", "chan1998", "wallace2011")
    prior: tuple[float, ...] | Mapping[Any, float] | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        _check_base(self.base, "Bagging")
        check_whole(self, "bags", self.bags)
        if self.disjoint and not (isinstance(self.base, Undersample) and not self.base.replace):
            raise SchemeError(
                f"Disjoint bags need Undersample without replacement as base; it is {self.base!r}."
            )
        object.__setattr__(self, "prior", self.base.prior)

    @property
    def fixed_size(self) -> bool:  # type: ignore[override]
        """Whether class sizes are known before the draw, as in the base scheme."""
        return self.base.fixed_size

    @property
    def totals(self) -> str:  # type: ignore[override]
        """Total weights of the classes in one bag."""
        return self.base.totals

    @property
    def one_bag(self) -> Scheme:
        """The base scheme."""
        return self.base

    def with_prior(self, prior: tuple[float, ...] | Mapping[Any, float] | None) -> Self:
        """Bags of the base scheme at another prior.

        Parameters
        ----------
        prior
            (K,) probabilities or probabilities by label; uniform for None.

        Returns
        -------
        The scheme.

        Raises
        ------
        PriorError, SchemeError
            As the base scheme.
        """
        return replace(self, base=self.base.with_prior(prior))

    def _names(self) -> tuple[str, str]:
        base, disjoint = replace(self.base, prior=None), " disjoint" * self.disjoint
        if base == Undersample():
            kind, words = "under-bagging", ""
        else:
            kind, words = f"bagging-{base.id}", f" of {base.label}"
        return (
            f"{kind}-{self.bags}{disjoint.replace(' ', '-')}",
            f"{kind.partition('-' + base.id)[0]} ({self.bags}{disjoint} bags{words})",
        )

    def _cubes(self, n_k: IntArray, tau: FloatArray) -> FloatArray:
        return self.base._cubes(n_k, tau)

    def _row_weights(self, n_k: IntArray, tau: FloatArray) -> list[Distribution]:
        return self.base._row_weights(n_k, tau)

    def _rows_used(self, n_k: IntArray, tau: FloatArray) -> FloatArray:
        return self.base._rows_used(n_k, tau)

    def target(self, counts: IntArray) -> FloatArray:
        """Prior of the base scheme.

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
            As the base scheme.
        """
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
        m = cast(Undersample, self.base).rows_per_class(n_k)
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


@dataclass(frozen=True, repr=False)
class AnalyticBag(Bagging):
    """Average of the fits to infinitely many draws of a scheme, as one fit (label `bag-envelope`).

    The fit is `softmax.fit_bags`, which needs the distribution of the weights and no draw: `draw`
    gives the mean of the weights.

    Parameters
    ----------
    base
        Scheme of one bag, whose prior is that of the whole.

    Raises
    ------
    SchemeError
        For a base with bags.
    """

    bags: float = field(default=np.inf, init=False)  # type: ignore[assignment]
    disjoint: bool = field(default=False, init=False)

    random = False
    cites = ("breiman1996", "takahashi2024")

    def __post_init__(self) -> None:
        _check_base(self.base, "AnalyticBag")
        object.__setattr__(self, "prior", self.base.prior)

    def sample_sizes(self, counts: npt.ArrayLike) -> IntArray | None:
        """None: what it has instead of draws is not their mean; see `Scheme.sample_sizes`."""
        return None

    def _names(self) -> tuple[str, str]:
        base = replace(self.base, prior=None)
        if base == Undersample():
            return "analytic-bag", "infinitely many under-bags"
        return f"analytic-bag-{base.id}", f"infinitely many bags of {base.label}"

    def _draw(
        self, y: IntArray, n_k: IntArray, tau: FloatArray, rng: np.random.Generator
    ) -> FloatArray:
        return (tau / n_k)[y][None]


def _check_base(base: object, name: str) -> None:
    if not isinstance(base, Scheme) or isinstance(base, Bagging):
        raise SchemeError(f"{name} needs a scheme without bags as base; it is {base!r}.")
