"""Equations of the mean of infinitely many bags, and a sweep through them; see `bags`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from mlbalance.inputs import FloatArray, IntArray
from mlbalance.softmax.bag_matrices import (
    apply,
    inverses,
    invert,
    outer,
    response_of,
    root_of,
    symmetric,
    times,
)
from mlbalance.softmax.bag_points import compress, contrasts, normal_rule, points_of
from mlbalance.softmax.batch import Problems

_MAPS, _NEAR = 50, 0.01
"""Steps of the proximal maps in a sweep, and the size of the last, whose error is its square."""

_DESCENT = 0.25
"""Share of what its slope promises that a step must descend."""

_NO_SPREAD = 1e-6
"""Variance over bags, in units of the largest squared logit, that is as good as none."""

_RARE = 1e-6
"""Chance that a bag loses a class from which on bags are taken to have no mean."""


class State(NamedTuple):
    """Unknowns: one entry per row, in contrasts."""

    theta: FloatArray
    """(D, q)"""
    out: FloatArray
    """(n, D) means of the left-out logits."""
    response: FloatArray
    """(n, D, D) V_i."""
    spread: FloatArray
    """(n, D, D) Delta_i."""
    moved: FloatArray
    """(n, D) c_i."""
    at: FloatArray
    """(n, D, T) contrasts of logits in the fit with the row, at every point."""


class Bags(NamedTuple):
    """What a sweep finds beside the state."""

    covariance: FloatArray
    """(q, D, q, D) of theta over bags."""
    fill: FloatArray
    """(n, D) change of the left-out logits per weight that every other row of the class gains."""


@dataclass(frozen=True, eq=False)
class Problem:
    """Rows, the distribution of their weights, and the points of a row that means are taken over.

    A point is a value of the weight above zero and one of the spread over bags.
    """

    x: FloatArray
    """(n, q) design, centred, in the row space where features are more than rows."""
    codes: IntArray
    first: FloatArray
    """(D, q) fit with the mean weights."""
    ridge: float
    weight: FloatArray
    """(n, T) of the points."""
    mass: FloatArray
    """(n, T) of the points."""
    normal: FloatArray
    """(n or 1, D, T) standard normal coordinate of the points."""
    mean: FloatArray
    """(K,) of the weights."""
    var: FloatArray
    """(K,) of the weights."""
    cov: FloatArray
    """(K, K) of the weights of two rows, by class."""
    lost: FloatArray
    """(K,) chance that a bag has no row of the class."""
    centre: FloatArray
    basis: FloatArray | None

    @classmethod
    def of(
        cls,
        X: FloatArray,
        codes: IntArray,
        distributions: list[tuple[FloatArray, FloatArray]],
        total_cov: npt.ArrayLike,
        ridge: float,
        theta: FloatArray,
    ) -> Problem:
        counts = np.bincount(codes, minlength=len(distributions))
        mean = np.array([values @ chances for values, chances in distributions])
        var = np.array(
            [chances @ (v - m) ** 2 for (v, chances), m in zip(distributions, mean, strict=True)]
        )
        totals = np.broadcast_to(np.asarray(total_cov, dtype=float), 2 * counts.shape)
        none = np.array([chances[values == 0].sum() for values, chances in distributions])
        cov = totals / np.outer(np.maximum(counts, 1), np.maximum(counts, 1))
        own = (np.diagonal(totals) - counts * var) / np.maximum(counts * (counts - 1), 1)
        np.fill_diagonal(cov, own)
        given = Problems.of(
            X[None], codes[None], mean[codes][None], None, np.nan_to_num(theta)[None]
        )
        P = contrasts(len(distributions))
        rule = normal_rule(len(distributions) - 1, codes.size)
        weight, mass = points_of([compress(*each) for each in distributions], codes, rule.weights)
        return cls(
            x=given.Z[0],
            codes=codes,
            first=P.T @ given.start[0],
            ridge=ridge,
            weight=weight,
            mass=mass,
            normal=np.tile(rule.points, weight.shape[1] // rule.weights.size),
            mean=mean,
            var=var,
            cov=cov,
            lost=np.where(np.diagonal(totals) > 0, none**counts, 0.0),
            centre=given.centre[0],
            basis=None if given.basis is None else given.basis[0],
        )

    def refusal(self) -> str:
        """Status if the bags have no mean, else nothing."""
        if (self.lost > _RARE).any():
            return "no-mle"
        return "undecided" if not self.ridge and self.var.any() else ""

    def start(self) -> State:
        """The fit with mean weights, and no spread over bags."""
        D, n = len(self.first), len(self.weight)
        P, w = contrasts(D + 1), self.mean[self.codes]
        u = self.x @ self.first.T
        p = _probabilities(u @ P.T)
        h = (P.T @ (p[:, :, None] * P) - outer(p @ P, p @ P)) * w[:, None, None]
        f = (P[self.codes] - p @ P) * w[:, None]
        own = self._own(self._inverse(h))
        response = response_of(own, h)
        none = np.zeros((n, D, D))
        out = u - times(response, f)
        return State(self.first, out, response, none, none[:, 0], out)

    def sweep(self, state: State) -> tuple[State, Bags]:
        """Newton step of theta, o and the proximal maps; V, Delta and c at what it finds."""
        forces = self._forces(state)
        h, s = forces.curvature, forces.sway
        t = self.x @ state.theta.T
        gap = t - state.out - times(state.response, forces.mean)
        score = (forces.mean - times(h, gap)).T @ self.x
        score[:, 1:] -= self.ridge * state.theta[:, 1:]
        inverse = self._inverse(h)
        theta = state.theta + (inverse @ score.T.ravel()).reshape(score.T.shape).T
        turned = np.swapaxes(s, 1, 2)  # I + V h
        gap = self.x @ theta.T - state.out - times(state.response, forces.mean)
        own = self._own(inverse)
        bags, spread, moved = self._over_bags(forces, inverse, own)
        response = response_of(own, h)
        out = state.out + times(turned, gap)
        return State(theta, out, response, spread, moved, forces.at), bags

    def _forces(self, state: State) -> Forces:
        """Means over the points of each row, whose proximal maps are nearly solved."""
        P = contrasts(state.out.shape[1] + 1)
        root = np.asarray(np.linalg.cholesky(state.response), dtype=float)
        off = self.weight - self.mean[self.codes][:, None]
        o = state.out[:, :, None] + state.moved[:, :, None] * off[:, None]
        o = o + root_of(state.spread) @ self.normal
        unroot = inverses(root)
        given = o if state.at.ndim == 2 else state.at
        pull, J = self._maps(P @ o, P @ root, unroot @ (given - o))
        return self._means(state, unroot, pull, J, off)._replace(at=o + root @ pull)

    def _maps(
        self, z: FloatArray, Q: FloatArray, pull: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """Proximal maps L'g (n, D, T), and (I + W L'l''L)^-1 (D, D, n, T) before their last step.

        In coordinates whitened by V = LL', Q = PL, the Hessian is no less than the identity. Steps
        are halved until they descend.
        """
        step = np.zeros_like(pull)
        least: FloatArray = np.full_like(pull[:, 0], np.inf)
        slope = np.zeros_like(least)
        for _ in range(_MAPS):
            new = pull + step
            value, gradient, p = self._loss(z, Q, new)
            near = value <= least + _DESCENT * slope + 1e-12 * (1 + np.abs(value))
            J = self._inverse_curvature(Q, p)
            newton = -apply(J, gradient)
            if near.all():
                pull, step, least = new, newton, value
                slope = (gradient * step).sum(axis=1)
            else:
                far = ~near[:, None]
                pull, step = np.where(far, pull, new), np.where(far, step / 2, newton)
                slope = np.where(near, (gradient * newton).sum(axis=1), slope / 2)
                least = np.where(near, value, least)
            if near.all() and np.abs(step).max() < _NEAR:
                return pull + step, J
        raise np.linalg.LinAlgError(f"proximal maps did not settle in {_MAPS} steps")

    def _loss(
        self, z: FloatArray, Q: FloatArray, pull: FloatArray
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Value (n, T), gradient (n, D, T) and probabilities (n, K, T) of a proximal map."""
        rows = np.arange(len(z))
        z = z + Q @ pull
        z = z - z.max(axis=1, keepdims=True)
        p = np.exp(z)
        total = p.sum(axis=1)
        value = self.weight * (np.log(total) - z[rows, self.codes])
        p /= total[:, None]
        r = p.copy()
        r[rows, self.codes] -= 1.0
        gradient = pull + self.weight[:, None] * (np.swapaxes(Q, 1, 2) @ r)
        return value + 0.5 * (pull**2).sum(axis=1), gradient, p

    def _inverse_curvature(self, Q: FloatArray, p: FloatArray) -> FloatArray:
        n, K, D = Q.shape
        across = np.swapaxes(Q, 1, 2)
        centre = across @ p
        pairs = (across[:, :, None] * across[:, None]).reshape(n, D * D, K)
        M = (pairs @ p).reshape(n, D, D, -1) - centre[:, :, None] * centre[:, None]
        M = np.moveaxis(M, 0, 2) * self.weight
        for d in range(D):
            M[d, d] += 1.0
        return invert(M)

    def _means(
        self, state: State, unroot: FloatArray, pull: FloatArray, J: FloatArray, off: FloatArray
    ) -> Forces:
        D, back = pull.shape[1], np.swapaxes(unroot, 1, 2)
        I = np.eye(D)
        weighed = pull * self.mass[:, None]
        f = times(back, weighed.sum(axis=2))
        square = back @ (weighed @ np.swapaxes(pull, 1, 2)) @ unroot
        absent = 1.0 - self.mass.sum(axis=1)
        R = np.einsum("dent,nt->nde", J, self.mass)
        R = symmetric(R) + absent[:, None, None] * I
        H0 = back @ (I - R) @ unroot
        h = back @ (symmetric(inverses(R)) - I) @ unroot
        noise = square - outer(f, f) - H0 @ state.spread @ H0
        var = self.var[self.codes]
        along = (weighed * off[:, None]).sum(axis=2) / np.where(var > 0, var, 1.0)[:, None]
        fixed = np.flatnonzero(var == 0)  # there the slope is the derivative
        each = (pull * (self.mass / self.weight)[:, None])[fixed]
        along[fixed] = apply(J[:, :, fixed], each).sum(axis=2)
        return Forces(f, h, I + h @ state.response, noise, times(back, along), pull)

    def _over_bags(
        self, forces: Forces, inverse: FloatArray, own: FloatArray
    ) -> tuple[Bags, FloatArray, FloatArray]:
        """Covariance of theta over bags, Delta and c."""
        n, D = forces.mean.shape
        s, q, K = forces.sway, self.x.shape[1], self.mean.size
        turned = np.swapaxes(s, 1, 2)
        noise = s @ forces.noise @ turned
        b = times(s, forces.slope)
        of = np.eye(K)[self.codes]
        sums = np.stack([(self.x * of[:, k, None]).T @ b for k in range(K)]).reshape(K, q * D)
        pair = np.diagonal(self.cov)[self.codes]
        noise = noise - pair[:, None, None] * outer(b, b)
        C = inverse @ (self._curvature(noise) + sums.T @ self.cov @ sums) @ inverse
        # Of the other rows' draws: their sums by class, without the row itself.
        reach = (inverse @ sums.T).T.reshape(K, q, D)
        shifts = np.stack([self.x @ r for r in reach])  # (K, n, D)
        me = times(own, b)
        others = np.einsum("nk,knd->nd", self.cov[self.codes], shifts) - pair[:, None] * me
        mine = own @ noise @ own + symmetric(2 * outer(me, others))
        mine += pair[:, None, None] * outer(me, me)
        spread = turned @ (self._own(C) - mine) @ s
        var = self.var[self.codes][:, None]
        moved = times(turned, others) / np.where(var > 0, var, 1.0) * (var > 0)
        spread = spread - var[:, :, None] * outer(moved, moved)
        fill = times(turned, shifts[self.codes, np.arange(n)] - me)
        return Bags(C.reshape(q, D, q, D), fill), symmetric(spread), moved

    def _curvature(self, h: FloatArray) -> FloatArray:
        """Sum (q D, q D) of x x' times h (n, D, D) over rows."""
        (n, q), D = self.x.shape, h.shape[1]
        H = np.empty((q, D, q, D))
        for d in range(D):
            weighted = (self.x[:, :, None] * h[:, d, None, :]).reshape(n, q * D)
            H[:, d] = (self.x.T @ weighted).reshape(q, q, D)
        return H.reshape(q * D, q * D)

    def _inverse(self, h: FloatArray) -> FloatArray:
        """Inverse (q D, q D) of the Hessian."""
        D = h.shape[1]
        H = self._curvature(h)
        np.einsum("ii->i", H)[D:] += self.ridge
        return np.asarray(np.linalg.inv(H), dtype=float)

    def _own(self, matrix: FloatArray) -> FloatArray:
        """Form x' matrix x (n, D, D) of every row, of a symmetric matrix (q D, q D)."""
        n, q = self.x.shape
        D = len(matrix) // q
        blocks, own = matrix.reshape(q, D, q * D), np.empty((n, D, D))
        for d in range(D):
            across = (self.x @ blocks[:, d]).reshape(n, q, D)
            own[:, d] = (self.x[:, None] @ across)[:, 0]
        return own


class Forces(NamedTuple):
    """Means over the points of every row."""

    mean: FloatArray
    """(n, D) f."""
    curvature: FloatArray
    """(n, D, D) h."""
    sway: FloatArray
    """(n, D, D) s = I + h V."""
    noise: FloatArray
    """(n, D, D) Var xi."""
    slope: FloatArray
    """(n, D) b."""
    at: FloatArray
    """(n, D, T) contrasts of logits in the fit with the row, at every point."""


def largest_change(old: State, new: State, x: FloatArray) -> float:
    """Largest change of a sweep, in units of the largest logit, response or variance."""
    size = np.abs(new.out).max() + np.finfo(float).tiny
    logits = np.abs(x @ (new.theta - old.theta).T).max(), np.abs(new.out - old.out).max()
    response = np.abs(new.response - old.response).max() / np.abs(new.response).max()
    # Weights that are fixed have no spread but rounding.
    most = max(np.abs(new.spread).max(), _NO_SPREAD * size**2)
    spread = np.abs(new.spread - old.spread).max() / most
    return float(max(*logits) / size + max(response, spread))


def _probabilities(z: FloatArray, axis: int = -1) -> FloatArray:
    p = np.exp(z - z.max(axis=axis, keepdims=True))
    return np.asarray(p / p.sum(axis=axis, keepdims=True))
