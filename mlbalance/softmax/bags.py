"""Mean of infinitely many weighted fits, as one deterministic fit (label `bag-envelope`).

Bags weigh row i of class k by W_i, whose distribution depends on the class alone. In D = K - 1
orthonormal contrasts, logits of a row are P u. Over bags u in the fit without row i is N(o_i,
Delta_i), and with the row it is o + V_i g, g = -W_i l'(u) the row's force. Unknown are theta, the
mean over bags, and o_i, V_i and Delta_i of every row; no distribution of the features is assumed.
With f_i, H0_i the means of g and of -dg/do over weights and bags, h_i = H0_i (I - V_i H0_i)^-1:

    ridge theta = sum_i f_i x_i',  P'theta x_i = o_i + V_i f_i,  H = sum_i h_i (x) x_i x_i' + ridge
    V_i = (I - M_ii h_i)^-1 M_ii,  M_ij = x_i' H^-1 x_j  (D, D blocks)
    delta theta = H^-1 sum_j s_j xi_j (x) x_j,  s_j = I + h_j V_j,  Var xi_j = E gg' - ff' - H0 D H0

and Delta_i is the variance of (I + V_i h_i) sum_{j != i} M_ij s_j xi_j. Weights of two rows are
correlated where class totals are fixed (as the draws of an undersample are): their part of xi,
(W_j - E W_j) b_j with b_j the slope of the force in the weight, is summed with that covariance,
and a row in the bag has the other rows of its class weigh less, which moves its o_i by (W_i - E
W_i) c_i. Errors are of order 1/n_k where bags are far from separated; see `fit_bags`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from mlbalance.inputs import DataError, FloatArray, IntArray, as_data, as_floats
from mlbalance.softmax.batch import Problems
from mlbalance.softmax.fitting import fit

__all__ = ["BagFit", "fit_bags"]

_NODES = 5
"""Values that stand for the distribution of a weight; means are exact to degree nine in it."""

_QUADRATURE = 15
"""Gauss-Hermite nodes of the spread over bags, two classes."""

_MAPS, _NEAR = 50, 0.01
"""Steps of the proximal maps in a sweep, and the size of the last, whose error is its square."""

_DESCENT = 0.25
"""Share of what its slope promises that a step must descend."""

_NO_SPREAD = 1e-6
"""Variance over bags, in units of the largest squared logit, that is as good as none."""

_RARE = 1e-6
"""Chance that a bag loses a class from which on bags are taken to have no mean."""

Weights = Sequence[tuple[npt.ArrayLike, npt.ArrayLike]]


class _State(NamedTuple):
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


@dataclass(frozen=True, eq=False)
class BagFit:
    """Mean of the coefficients of infinitely many bags, and their covariance over bags.

    Numbers are finite if and only if the status is "converged".
    """

    theta: FloatArray
    """(K, 1 + d): intercept, then coefficients, summing to zero over classes."""
    status: str
    """A key of `STATUS`."""
    n_iter: int
    """Sweeps taken."""
    left_out: FloatArray
    """(n, K) mean logits of each row in fits without it, its weight going to the other rows of its
    class; NaN for the only row of a class."""
    _covariance: FloatArray
    """(q, D, q, D) of the working coefficients over bags."""
    _basis: FloatArray | None
    """(d, q - 1) orthonormal basis of the row space, where features are more than rows."""
    _centre: FloatArray
    """(d,) subtracted from the features."""
    _state: _State | None
    """Where a fit at another ridge may start."""

    def variance(self, X: npt.ArrayLike) -> FloatArray:
        """Variance over bags of the logits that one bag gives to rows.

        Parameters
        ----------
        X
            (m, d) features.

        Returns
        -------
        (m, K) variances; divided by B, those of the mean of B bags.
        """
        features = np.asarray(X, dtype=float) - self._centre
        x = _design(features if self._basis is None else features @ self._basis)
        D = self._covariance.shape[1]
        within = np.einsum(
            "kd,adbe,ke->kab", _contrasts(D + 1), self._covariance, _contrasts(D + 1)
        )
        return np.asarray(((x @ within) * x).sum(axis=-1).T)

    def bags_needed(self, X: npt.ArrayLike, precision: float) -> IntArray:
        """Number of bags whose mean has logits this close to those of infinitely many.

        Parameters
        ----------
        X
            (m, d) features.
        precision
            Standard deviation over repetitions of the bags, of any class's logit.

        Returns
        -------
        (m,) numbers of bags, from one on.

        Raises
        ------
        DataError
            For a precision that is not positive, or a fit that has not converged.
        """
        if not (np.isfinite(precision) and precision > 0):
            raise DataError(f"A precision is a positive number of logits; it is {precision!r}.")
        if self.status != "converged":
            raise DataError(f'The bags have no mean: the status is "{self.status}".')
        most = self.variance(X).max(axis=1)
        return np.maximum(np.ceil(most / precision**2), 1).astype(np.int64)


def fit_bags(
    X: npt.ArrayLike,
    y: npt.ArrayLike,
    weights: Weights,
    *,
    total_cov: npt.ArrayLike = 0.0,
    ridge: float,
    start: BagFit | None = None,
    tol: float = 1e-7,
    max_iter: int = 200,
) -> BagFit:
    """Mean over infinitely many bags of the minimisers of `loss` (label `bag-envelope`).

    Parameters
    ----------
    X, y
        (n, d) and (n,); labels are 0..K-1.
    weights
        (K,) pairs of values (m,) and their probabilities (m,): the distribution of the weight of a
        row of the class in a bag.
    total_cov
        (K, K) covariance over bags of the sums of weights by class; zero where these are fixed.
    ridge
        On the scale of the weights' sum, as in `fit`.
    start
        Fit of the same rows and weights at another ridge.
    tol
        Largest change by another sweep: of logits in units of the largest, of the responses and
        variances of rows relative to the largest.
    max_iter
        Sweeps allowed.

    Returns
    -------
    BagFit
        "undecided" without a ridge unless all weights are fixed: of infinitely many bags some may
        have no fit. "no-mle" where more than one bag of a million loses a class.

    Raises
    ------
    DataError
        If the arguments do not fit together.
    """
    if not tol > 0 or max_iter < 1:
        raise DataError(f"tol and max_iter are positive; they are {tol!r} and {max_iter!r}.")
    laws = [_as_law(*law) for law in weights]
    data = as_data(X, y, None, len(laws))
    mean = np.array([values @ chances for values, chances in laws])
    given = None if start is None else start.theta
    first = fit(
        data.X, data.y, mean[data.y], n_classes=len(laws), ridge=ridge, start=given, max_iter=200
    )
    problem = _Problem.of(data.X, data.y, laws, total_cov, float(ridge), first.theta)
    failed = str(first.status) if first.status != "converged" else problem.refusal()
    if failed:
        return problem.answer(None, None, failed, 0)
    state = start._state if start is not None else None
    state = problem.start() if state is None else state
    rest: _Bags | None = None
    for sweep in range(1, max_iter + 1):
        try:
            new, rest = problem.sweep(state)
        except np.linalg.LinAlgError:
            break
        change, state = _change(state, new, problem.x), new
        if not np.isfinite(change):
            break
        if change <= tol:
            return problem.answer(state, rest, "converged", sweep)
    return problem.answer(None, None, "max-iter", sweep)


class _Bags(NamedTuple):
    """What a sweep finds beside the state."""

    covariance: FloatArray
    """(q, D, q, D) of theta over bags."""
    fill: FloatArray
    """(n, D) change of the left-out logits per weight that every other row of the class gains."""


@dataclass(frozen=True, eq=False)
class _Problem:
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
        laws: list[tuple[FloatArray, FloatArray]],
        total_cov: npt.ArrayLike,
        ridge: float,
        theta: FloatArray,
    ) -> _Problem:
        counts = np.bincount(codes, minlength=len(laws))
        mean = np.array([values @ chances for values, chances in laws])
        var = np.array([chances @ (v - m) ** 2 for (v, chances), m in zip(laws, mean, strict=True)])
        totals = np.broadcast_to(np.asarray(total_cov, dtype=float), 2 * counts.shape)
        none = np.array([chances[values == 0].sum() for values, chances in laws])
        cov = totals / np.outer(np.maximum(counts, 1), np.maximum(counts, 1))
        own = (np.diagonal(totals) - counts * var) / np.maximum(counts * (counts - 1), 1)
        np.fill_diagonal(cov, own)
        given = Problems.of(
            X[None], codes[None], mean[codes][None], None, np.nan_to_num(theta)[None]
        )
        P = _contrasts(len(laws))
        rule = _rule(len(laws) - 1, codes.size)
        weight, mass = _points([_compress(*law) for law in laws], codes, rule.weights)
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

    def start(self) -> _State:
        """The fit with mean weights, and no spread over bags."""
        D, n = len(self.first), len(self.weight)
        P, w = _contrasts(D + 1), self.mean[self.codes]
        u = self.x @ self.first.T
        p = _probabilities(u @ P.T)
        h = (P.T @ (p[:, :, None] * P) - _outer(p @ P, p @ P)) * w[:, None, None]
        f = (P[self.codes] - p @ P) * w[:, None]
        own = self._own(self._inverse(h))
        response = _response(own, h)
        none = np.zeros((n, D, D))
        out = u - _times(response, f)
        return _State(self.first, out, response, none, none[:, 0], out)

    def sweep(self, state: _State) -> tuple[_State, _Bags]:
        """Newton step of theta, o and the proximal maps; V, Delta and c at what it finds."""
        forces = self._forces(state)
        h, s = forces.curvature, forces.sway
        t = self.x @ state.theta.T
        gap = t - state.out - _times(state.response, forces.mean)
        score = (forces.mean - _times(h, gap)).T @ self.x
        score[:, 1:] -= self.ridge * state.theta[:, 1:]
        inverse = self._inverse(h)
        theta = state.theta + (inverse @ score.T.ravel()).reshape(score.T.shape).T
        turned = np.swapaxes(s, 1, 2)  # I + V h
        gap = self.x @ theta.T - state.out - _times(state.response, forces.mean)
        own = self._own(inverse)
        bags, spread, moved = self._over_bags(forces, inverse, own)
        response = _response(own, h)
        out = state.out + _times(turned, gap)
        return _State(theta, out, response, spread, moved, forces.at), bags

    def _forces(self, state: _State) -> _Forces:
        """Means over the points of each row, whose proximal maps are nearly solved."""
        P, root = _contrasts(state.out.shape[1] + 1), np.linalg.cholesky(state.response)
        off = self.weight - self.mean[self.codes][:, None]
        o = state.out[:, :, None] + state.moved[:, :, None] * off[:, None]
        o = o + _root(state.spread) @ self.normal
        unroot = np.linalg.inv(root)
        given = o if state.at.ndim == 2 else state.at
        pull, J = self._maps(P @ o, P @ root, unroot @ (given - o))
        return self._means(state, unroot, pull, J, off)._replace(at=o + root @ pull)

    def _maps(
        self, z: FloatArray, Q: FloatArray, pull: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """Proximal maps L'g (n, D, T), and (I + W L'l''L)^-1 (n, D, D, T) before their last step.

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
            newton = -(J * gradient[:, None]).sum(axis=2)
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
        raise np.linalg.LinAlgError("proximal maps did not settle")

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
        M *= self.weight[:, None, None]
        for d in range(D):
            M[:, d, d] += 1.0
        return _invert(M)

    def _means(
        self, state: _State, unroot: FloatArray, pull: FloatArray, J: FloatArray, off: FloatArray
    ) -> _Forces:
        D, back = pull.shape[1], np.swapaxes(unroot, 1, 2)
        I = np.eye(D)
        weighed = pull * self.mass[:, None]
        f = _times(back, weighed.sum(axis=2))
        square = back @ (weighed @ np.swapaxes(pull, 1, 2)) @ unroot
        absent = 1.0 - self.mass.sum(axis=1)
        R = (J.reshape(len(f), D * D, -1) @ self.mass[:, :, None]).reshape(len(f), D, D)
        R = _symmetric(R) + absent[:, None, None] * I
        H0 = back @ (I - R) @ unroot
        h = back @ (_symmetric(np.linalg.inv(R)) - I) @ unroot
        noise = square - _outer(f, f) - H0 @ state.spread @ H0
        var = self.var[self.codes]
        along = (weighed * off[:, None]).sum(axis=2) / np.where(var > 0, var, 1.0)[:, None]
        fixed = np.flatnonzero(var == 0)  # there the slope is the derivative
        each = (J[fixed] * (pull * (self.mass / self.weight)[:, None])[fixed, None]).sum(axis=2)
        along[fixed] = each.sum(axis=2)
        return _Forces(f, h, I + h @ state.response, noise, _times(back, along), pull)

    def _over_bags(
        self, forces: _Forces, inverse: FloatArray, own: FloatArray
    ) -> tuple[_Bags, FloatArray, FloatArray]:
        """Covariance of theta over bags, Delta and c."""
        n, D = forces.mean.shape
        s, q, K = forces.sway, self.x.shape[1], self.mean.size
        turned = np.swapaxes(s, 1, 2)
        noise = s @ forces.noise @ turned
        b = _times(s, forces.slope)
        of = np.eye(K)[self.codes]
        sums = np.stack([(self.x * of[:, k, None]).T @ b for k in range(K)]).reshape(K, q * D)
        pair = np.diagonal(self.cov)[self.codes]
        noise = noise - pair[:, None, None] * _outer(b, b)
        C = inverse @ (self._curvature(noise) + sums.T @ self.cov @ sums) @ inverse
        # Of the other rows' draws: their sums by class, without the row itself.
        reach = (inverse @ sums.T).T.reshape(K, q, D)
        shifts = np.stack([self.x @ r for r in reach])  # (K, n, D)
        me = _times(own, b)
        others = np.einsum("nk,knd->nd", self.cov[self.codes], shifts) - pair[:, None] * me
        mine = own @ noise @ own + _symmetric(2 * _outer(me, others))
        mine += pair[:, None, None] * _outer(me, me)
        spread = turned @ (self._own(C) - mine) @ s
        var = self.var[self.codes][:, None]
        moved = _times(turned, others) / np.where(var > 0, var, 1.0) * (var > 0)
        spread = spread - var[:, :, None] * _outer(moved, moved)
        fill = _times(turned, shifts[self.codes, np.arange(n)] - me)
        return _Bags(C.reshape(q, D, q, D), fill), _symmetric(spread), moved

    def _curvature(self, h: FloatArray) -> FloatArray:
        """Sum (q D, q D) of x x' times h (n, D, D) over rows."""
        (_, q), D = self.x.shape, h.shape[1]
        H = np.empty((q, D, q, D))
        for d in range(D):
            for e in range(d + 1):
                H[:, d, :, e] = (self.x * h[:, d, e, None]).T @ self.x
                H[:, e, :, d] = H[:, d, :, e].T
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
        blocks, own = matrix.reshape(q, D, q, D), np.empty((n, D, D))
        for d in range(D):
            for e in range(d + 1):
                own[:, d, e] = ((self.x @ blocks[:, d, :, e]) * self.x).sum(axis=1)
                own[:, e, d] = own[:, d, e]
        return own

    def answer(self, state: _State | None, bags: _Bags | None, status: str, sweeps: int) -> BagFit:
        """Coefficients in features as given; NaN without a state."""
        K, q, n = self.mean.size, self.x.shape[1], len(self.x)
        if state is None or bags is None:
            nan = np.full((q, K - 1, q, K - 1), np.nan)
            theta, left = np.full((K, 1 + self.centre.size), np.nan), np.full((n, K), np.nan)
            return BagFit(theta, status, sweeps, left, nan, self.basis, self.centre, None)
        P = _contrasts(K)
        own = P @ state.theta
        coef = own[:, 1:] if self.basis is None else own[:, 1:] @ self.basis.T
        theta = np.column_stack([own[:, 0] - coef @ self.centre, coef])
        others = np.bincount(self.codes, minlength=K)[self.codes] - 1.0
        gain = np.where(others > 0, self.mean[self.codes] / np.maximum(others, 1), np.nan)
        left = (state.out + gain[:, None] * bags.fill) @ P.T
        given = bags.covariance, self.basis, self.centre, state
        return BagFit(theta, status, sweeps, left, *given)


class _Forces(NamedTuple):
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


def _change(old: _State, new: _State, x: FloatArray) -> float:
    """Largest change of a sweep, in units of the largest logit, response or variance."""
    size = np.abs(new.out).max() + np.finfo(float).tiny
    logits = np.abs(x @ (new.theta - old.theta).T).max(), np.abs(new.out - old.out).max()
    response = np.abs(new.response - old.response).max() / np.abs(new.response).max()
    # Weights that are fixed have no spread but rounding.
    most = max(np.abs(new.spread).max(), _NO_SPREAD * size**2)
    spread = np.abs(new.spread - old.spread).max() / most
    return float(max(*logits) / size + max(response, spread))


def _as_law(values: npt.ArrayLike, chances: npt.ArrayLike) -> tuple[FloatArray, FloatArray]:
    wanted = "Weights of a class are values from zero on and as many probabilities that sum to one"
    v, p = as_floats(values, DataError, wanted), as_floats(chances, DataError, wanted)
    sound = v.ndim == 1 and v.shape == p.shape and (v >= 0).all() and (p >= 0).all()
    if not (sound and v.size and np.isfinite(v).all() and abs(p.sum() - 1) < 1e-9 and p @ v > 0):
        raise DataError(f"{wanted}; they are {values!r} and {chances!r}.")
    return v[p > 0], p[p > 0] / p.sum()


def _compress(values: FloatArray, chances: FloatArray) -> tuple[FloatArray, FloatArray]:
    """At most `_NODES` values with the first moments of a distribution: its Gauss rule."""
    if values.size <= _NODES:
        return values, chances
    centre = chances @ values
    v = values - centre
    size = np.abs(v).max()
    v = v / size
    basis, before, offs = np.ones_like(v), np.zeros_like(v), 0.0
    jacobi = np.zeros((_NODES, _NODES))
    for j in range(_NODES):
        jacobi[j, j] = chances @ (v * basis**2)
        following = (v - jacobi[j, j]) * basis - offs * before
        offs = np.sqrt(chances @ following**2)
        if j + 1 < _NODES:
            jacobi[j, j + 1] = jacobi[j + 1, j] = offs
            before, basis = basis, following / offs
    nodes, vectors = np.linalg.eigh(jacobi)
    return np.maximum(centre + size * nodes, 0.0), vectors[0] ** 2


def _points(
    laws: list[tuple[FloatArray, FloatArray]], codes: IntArray, rule: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Weight and mass (n, T) of the points: values above zero by classes, times a rule (S,)."""
    positive = [(v[v > 0], p[v > 0]) for v, p in laws]
    most = max(v.size for v, _ in positive)
    # Where a class has fewer values a repeated one has no mass.
    weight = np.stack([np.pad(v, (0, most - v.size), mode="edge") for v, _ in positive])
    mass = np.stack([np.pad(p, (0, most - p.size)) for _, p in positive])
    of_rule = mass[:, :, None] * rule
    return (
        np.repeat(weight, rule.size, axis=1)[codes],
        of_rule.reshape(len(laws), -1)[codes],
    )


class _Rule(NamedTuple):
    points: FloatArray
    """(n or 1, D, S)"""
    weights: FloatArray
    """(S,)"""


def _rule(dimension: int, n_rows: int) -> _Rule:
    """Gauss-Hermite in one dimension; beyond, a rule of degree three turned anew for every row.

    The turns are the same in every call.
    """
    if dimension == 1:
        nodes, weights = np.polynomial.hermite_e.hermegauss(_QUADRATURE)
        return _Rule(nodes[None, None, :], weights / weights.sum())
    rng = np.random.default_rng(dimension)
    turns = np.linalg.qr(rng.standard_normal((n_rows, dimension, dimension)))[0]
    points = np.sqrt(dimension) * np.concatenate([turns, -turns], axis=2)
    return _Rule(points, np.full(2 * dimension, 0.5 / dimension))


def _invert(A: FloatArray) -> FloatArray:
    """Inverses (n, D, D, T) of positive definite matrices (n, D, D, T), which are used up."""
    for j in range(A.shape[1]):
        inverse = 1.0 / A[:, j, j]
        column, row = A[:, :, j].copy(), A[:, j] * inverse[:, None]
        A -= column[:, :, None] * row[:, None]
        A[:, j], A[:, :, j] = row, -column * inverse[:, None]
        A[:, j, j] = inverse
    return A


def _contrasts(n_classes: int) -> FloatArray:
    """Orthonormal P (K, K - 1) with columns that sum to zero: logits P u."""
    P = np.tril(np.full((n_classes, n_classes), -1.0), -1).T[:, 1:]
    sizes = np.arange(1, n_classes)
    P[sizes, sizes - 1] = sizes
    return np.asarray(P / np.sqrt(sizes * (sizes + 1.0)))


def _design(X: FloatArray) -> FloatArray:
    return np.concatenate([np.ones((*X.shape[:-1], 1)), X], axis=-1)


def _probabilities(z: FloatArray, axis: int = -1) -> FloatArray:
    p = np.exp(z - z.max(axis=axis, keepdims=True))
    return np.asarray(p / p.sum(axis=axis, keepdims=True))


def _root(matrices: FloatArray) -> FloatArray:
    """Symmetric roots (n, D, D) of the parts of matrices that have one."""
    values, vectors = np.linalg.eigh(matrices)
    return np.asarray((vectors * np.sqrt(np.maximum(values, 0.0))[:, None]) @ vectors.mT)


def _times(matrices: FloatArray, vectors: FloatArray) -> FloatArray:
    return (matrices @ vectors[:, :, None])[:, :, 0]


def _outer(a: FloatArray, b: FloatArray) -> FloatArray:
    return a[:, :, None] * b[:, None, :]


def _response(own: FloatArray, h: FloatArray) -> FloatArray:
    """V_i (n, D, D) of rows with M_ii and h_i."""
    found = np.linalg.solve(np.eye(own.shape[1]) - own @ h, own)
    return _symmetric(np.asarray(found, dtype=float))


def _symmetric(matrices: FloatArray) -> FloatArray:
    return (matrices + np.swapaxes(matrices, 1, 2)) / 2
