"""Bias, covariance and excess risk of a scheme's fit, to the second order in one over the rows.

With S the weighted score at the minimiser, h and t what the Hessian and the third derivative of the
weighted loss have beyond their means A and T, Q the mean fourth derivative, a fit's error is
u + v + w + ... with

    u = -A^-1 S,   v = -A^-1 (h u + T u u / 2),   w = -A^-1 (h v + T u v + t u u / 2 + Q u u u / 6),

and its second moments to order n^-2 are E uu' + E(uv' + vu') + E vv' + E(uw' + wu'). Given the
weights rows are independent, so that these need only sums of products of two and of three weights
of a row (`_Sums`), of one fit or of two that are averaged.

Letters: K classes, p = (K - 1)(1 + d) contrasts, u in contrasts too.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from mlbalance import softmax
from mlbalance.inputs import FloatArray, as_counts
from mlbalance.populations import Rule, stack
from mlbalance.schemes import Scheme
from mlbalance.softmax.derivatives import (
    contrasts,
    design,
    fourth_matrix,
    hessian_moment,
    hessian_sandwich,
    outer_mean,
    row_thirds,
    third_matrix,
    third_tensor,
    variances,
)
from mlbalance.theory.covariance import check_prior
from mlbalance.theory.moments import Moments, moments
from mlbalance.theory.second_order.weight_sums import WeightSums, weight_sums

__all__ = ["Expansion", "SecondOrder"]


class SecondOrder(NamedTuple):
    """Moments of a scheme's estimates, to order n^-2; the bias to order n^-1."""

    bias: FloatArray
    """(p,) mean error of the contrasts."""
    covariance: FloatArray
    """(p, p) covariance of the contrasts."""
    excess_risk: float
    """Mean excess of the (penalised) risk over its minimum, in nats."""


class _Class(NamedTuple):
    """Moments over the rows of one class: of u less its mean, and of derivatives of their loss."""

    points: FloatArray
    """(N, d)"""
    mass: FloatArray
    """(N,)"""
    u: FloatArray
    """(N, p)"""
    total: FloatArray
    """(p,) u of the mean score"""
    hessian: FloatArray
    """(p, p) mean of the Hessian h"""
    variance: FloatArray
    """(p, p) E uu'"""
    moved: FloatArray
    """(p, p, p) E h_ab u_c"""
    skew: FloatArray
    """(p, p, p) E u_a u_b u_c"""
    turned: FloatArray
    """(p, p) E (h u)_a u_c, of h less its mean"""
    bent: FloatArray
    """(p, p) E t_abc u_c"""


class Expansion:
    """Derivatives of a risk at its minimum, and their covariances with the score of a row.

    Coefficients of bags are averaged. Moments are those of the expansion: where a fit does not
    exist with positive probability, the estimates themselves have none.

    Parameters
    ----------
    rule : list of Rule
        One per class.
    theta : array (K, 1 + d)
        Minimiser of the (penalised) risk under the rule.
    prior : array (K,)
        Target prior of the risk.
    ridge : float or array
        On the mean-loss scale of `softmax.fit`.

    Raises
    ------
    DataError, PriorError
        As `moments`.
    """

    def __init__(
        self,
        rule: list[Rule],
        theta: npt.ArrayLike,
        prior: npt.ArrayLike,
        ridge: npt.ArrayLike = 0.0,
    ) -> None:
        self.theta = np.asarray(theta, dtype=float)
        self.moments: Moments = moments(rule, self.theta, prior, ridge=ridge)
        self.inverse = np.asarray(np.linalg.inv(self.moments.hessian), dtype=float)
        self.X, _, self.weights = stack(rule, self.moments.prior)
        self.third = third_tensor(self.theta, self.X, self.weights)
        self.classes = [self._class(k, *own) for k, own in enumerate(rule)]

    def _class(self, k: int, points: FloatArray, mass: FloatArray) -> _Class:
        s = softmax.row_scores(self.theta, points, np.full(len(points), k))[:, 1:]
        s = s.reshape(len(points), -1)
        mean = mass @ s
        u = -(s - mean) @ self.inverse
        N, p = u.shape
        z, P = design(points), variances(contrasts(self.theta, points))
        weighted, hessian = mass[:, None] * u, outer_mean(P, z, mass)
        outer = (u[:, :, None] * u[:, None, :]).reshape(N, -1)
        logits = np.einsum("nq,ncq->nc", z, u.reshape(N, P.shape[1], -1), optimize=True)
        turned = (
            np.einsum("nce,ne,na->nca", P, logits, z, optimize=True).reshape(N, p) - u @ hessian
        )
        return _Class(
            points,
            mass,
            u,
            total=-self.inverse @ mean,
            hessian=hessian,
            variance=u.T @ weighted,
            moved=hessian_moment(P, z, weighted),
            skew=(outer.T @ weighted).reshape(p, p, p),
            turned=turned.T @ weighted,
            bent=third_matrix(self.theta, points, mass, u),
        )

    def of_scheme(self, scheme: Scheme, counts: npt.ArrayLike) -> SecondOrder:
        """Bias, covariance and excess risk of a scheme's estimates with counts (K,) fixed.

        Raises `PriorError` for a scheme at another prior than the expansion's.
        """
        n_k = as_counts(counts, "A second order")
        check_prior(self.moments, scheme, n_k)
        w = weight_sums(scheme, n_k)
        own = _Pairs(self, w.squares, w.total_cov)
        bias = -self.inverse @ self._pull(own)
        cov = self._covariance(own, own, *self._thirds(w.cubes, w))
        if w.bags == 1:
            return SecondOrder(bias, cov, self._risk(own, cov, bias, self._thirds(w.cubes, w)[0]))
        B, share = w.bags, 1 / w.bags
        fixed = w._replace(with_total=0 * w.with_total, total_third=0 * w.total_third)
        other = _Pairs(self, w.pairs, 0 * w.total_cov)
        between = self._covariance(own, other, *self._thirds(w.twice, fixed))
        cov = share * cov + (1 - share) * between
        mean = _Pairs(self, share * w.squares + (1 - share) * w.pairs, share * w.total_cov)
        cubes = share**2 * (w.cubes + 3 * (B - 1) * w.twice + (B - 1) * (B - 2) * w.threes)
        return SecondOrder(bias, cov, self._risk(mean, cov, bias, self._thirds(cubes, fixed)[0]))

    def third_cumulant(self, a: FloatArray, scheme: Scheme, counts: npt.ArrayLike) -> float:
        """Third cumulant, to order n^-2, of a contrast `a` (p,) of a scheme without bags."""
        w = weight_sums(scheme, as_counts(counts, "A third cumulant"))
        own = _Pairs(self, w.squares, w.total_cov)
        skew, _ = self._thirds(w.cubes, w)
        along = own.cov @ a
        bent = 2 * (own.moved @ a) @ along + (self.third @ along) @ along
        return float(
            np.einsum("abc,a,b,c->", skew, a, a, a, optimize=True) - 3 * a @ self.inverse @ bent
        )

    def _thirds(self, cubes: FloatArray, w: WeightSums) -> tuple[FloatArray, FloatArray]:
        """Third cumulants (p, p, p) of u, and (p, p) of h u with u."""
        c, D, third = self.classes, w.with_total, w.total_third
        skew = sum(x * own.skew for x, own in zip(cubes, c, strict=True))
        turned = sum(x * own.turned for x, own in zip(cubes, c, strict=True))
        for k, one in enumerate(c):
            for j, other in enumerate(c):
                if D[k, j]:
                    m = other.total
                    part = one.variance[:, :, None] * m
                    skew = skew + D[k, j] * (
                        part + part.transpose(0, 2, 1) + part.transpose(2, 0, 1)
                    )
                    turned = turned + D[k, j] * (
                        other.hessian @ one.variance
                        + np.einsum("abc,b->ac", one.moved, m, optimize=True)
                        + np.outer(np.einsum("abb->a", one.moved), m)
                    )
        if third.any():
            m = np.stack([own.total for own in c])
            H = np.stack([own.hessian for own in c])
            skew = skew + np.einsum("klj,ka,lb,jc->abc", third, m, m, m, optimize=True)
            turned = turned + np.einsum("klj,kab,lb,jc->ac", third, H, m, m, optimize=True)
        return np.asarray(skew), np.asarray(turned)

    def _pull(self, own: _Pairs) -> FloatArray:
        """Mean of h u + T u u / 2."""
        return (
            np.einsum("abb->a", own.moved)
            + np.einsum("abc,bc->a", self.third, own.cov, optimize=True) / 2
        )

    def _covariance(
        self, own: _Pairs, other: _Pairs, skew: FloatArray, turned: FloatArray
    ) -> FloatArray:
        """Of the errors of two fits (p, p); of one, if both pairs are its own."""
        T, B = self.third, self.inverse
        first = turned + np.einsum("abd,bdc->ac", T, skew, optimize=True) / 2
        # v of one with v of the other
        G, S = other.moved, other.cov
        TS = T @ S  # T_abe S_ec
        L = np.einsum("acd,bdc->ab", G, np.einsum("bde,ec->bdc", T, S), optimize=True)
        X = other.sandwich(S) + np.einsum("acd,bdc->ab", G, G, optimize=True) + L + L.T
        X = X + np.einsum("acd,bdc->ab", TS, TS, optimize=True) / 2
        # u of one with w of the other
        Y = self._with_third(own, other)
        both = -B @ (first + Y)
        return np.asarray(S + both + both.T + B @ X @ B)

    def _with_third(self, own: _Pairs, other: _Pairs) -> FloatArray:
        """Minus A E w u' (p, p), of w of one fit with u of the other."""
        T, B = self.third, self.inverse
        G, S, G1, S1 = own.moved, own.cov, other.moved, other.cov
        bias = -B @ self._pull(own)
        BT = np.einsum("ef,fgh->egh", B, T, optimize=True)
        Y = np.einsum("aec,e->ac", G1, bias, optimize=True) + np.einsum(
            "abe,e,bc->ac", T, bias, S1, optimize=True
        )
        inner = np.einsum("ef,fgc->egc", B, G1, optimize=True) + np.einsum(
            "egh,hc->egc", BT, S1, optimize=True
        )
        Y -= np.einsum("aeg,egc->ac", G, inner, optimize=True)
        Y -= own.sandwich(B) @ S1
        # T_abe B_ef (G1_fgc S_bg + G_fgb S1_gc + T_fgh S1_gc S_bh)
        TB = np.einsum("abe,ef->abf", T, B, optimize=True)
        Y -= np.einsum("abf,fgc,bg->ac", TB, G1, S, optimize=True)
        Y -= np.einsum("abf,fgb->ag", TB, G + np.einsum("fgh,hb->fgb", T, S), optimize=True) @ S1
        Y += other.with_third(S) / 2 + own.bent @ S1
        return np.asarray(Y + fourth_matrix(self.theta, self.X, self.weights, S) @ S1 / 2)

    def _risk(self, mean: _Pairs, cov: FloatArray, bias: FloatArray, skew: FloatArray) -> float:
        """Mean excess of the risk, of the averaged error."""
        T, S, B = self.third, mean.cov, self.inverse
        square = np.vdot(self.moments.hessian, cov + np.outer(bias, bias)) / 2
        TS = np.einsum("abe,bg->age", T, S, optimize=True)
        far = 2 * np.einsum("age,ef,fga->", TS, B, mean.moved, optimize=True)
        far += np.einsum("age,ef,fgh,ha->", TS, B, T, S, optimize=True)
        third = np.vdot(T, skew) + 3 * (np.einsum("abe,ab,e->", T, S, bias, optimize=True) - far)
        last = 3 * np.vdot(fourth_matrix(self.theta, self.X, self.weights, S), S)
        return float(square + third / 6 + last / 24)


@dataclass(frozen=True, eq=False)
class _Pairs:
    """Covariances of u, h and t, for sums of products of two weights and totals' covariance."""

    expansion: Expansion
    squares: FloatArray
    totals: FloatArray

    def _sum(self, of_class: list[FloatArray], left: list, right: list) -> FloatArray:
        found = sum(q * own for q, own in zip(self.squares, of_class, strict=True))
        for k, j in zip(*np.nonzero(self.totals), strict=True):
            found = found + self.totals[k, j] * np.multiply.outer(left[k], right[j])
        return np.asarray(found)

    @cached_property
    def cov(self) -> FloatArray:
        """(p, p) of u."""
        c = self.expansion.classes
        m = [own.total for own in c]
        return self._sum([own.variance for own in c], m, m)

    @cached_property
    def moved(self) -> FloatArray:
        """(p, p, p) of h_ab with u_c."""
        c = self.expansion.classes
        return self._sum(
            [own.moved for own in c], [own.hessian for own in c], [own.total for own in c]
        )

    @cached_property
    def bent(self) -> FloatArray:
        """(p, p) E t_abc u_c."""
        e = self.expansion
        found = sum(q * own.bent for q, own in zip(self.squares, e.classes, strict=True))
        for k, j in zip(*np.nonzero(self.totals), strict=True):
            one, v = e.classes[k], e.classes[j].total
            along = np.broadcast_to(v, one.u.shape)
            found = found + self.totals[k, j] * third_matrix(e.theta, one.points, one.mass, along)
        return np.asarray(found)

    def sandwich(self, M: FloatArray) -> FloatArray:
        """E h M h (p, p)."""
        e, c = self.expansion, self.expansion.classes
        parts = [hessian_sandwich(e.theta, own.points, own.mass, M) for own in c]
        parts = [part - own.hessian @ M @ own.hessian for part, own in zip(parts, c, strict=True)]
        found = sum(q * part for q, part in zip(self.squares, parts, strict=True))
        for k, j in zip(*np.nonzero(self.totals), strict=True):
            found = found + self.totals[k, j] * c[k].hessian @ M @ c[j].hessian
        return np.asarray(found)

    def with_third(self, M: FloatArray) -> FloatArray:
        """Covariance (p, p) of t_abd M_bd with u_c."""
        e = self.expansion
        rows = [row_thirds(e.theta, own.points, M) for own in e.classes]
        both = zip(rows, e.classes, strict=True)
        return self._sum(
            [(r * own.mass[:, None]).T @ own.u for r, own in both],
            [own.mass @ r for r, own in zip(rows, e.classes, strict=True)],
            [own.total for own in e.classes],
        )
