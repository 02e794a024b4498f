"""Two classes in the proportional regime: scalar order parameters of a ridge-penalised margin loss.

Rows have features y mu + sigma_y Sigma^(1/2) z about the midpoint of the means, y = -1 for class 0
and +1 for class 1; one vector w and an intercept b minimise the mean of c_y l(y (w'x + b)) plus
ridge / 4 |w|^2: the softmax of two with w = w_1 - w_0. Letters: s_j^2 the energy of mu in
eigenspace j of eigenvalue e_j and mass p_j, rho_y the share of rows and c_y the weight of a class,
o the margin of a row left out of the fit and t with it in: t minimises
c_y l(t) + (t - o)^2 / (2 sigma_y^2 V).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from mlbalance.inputs import FloatArray
from mlbalance.populations import Rule
from mlbalance.populations.quadrature import normal_rules
from mlbalance.theory.proportional import fixed_point
from mlbalance.theory.proportional.margin_losses import LOSSES
from mlbalance.theory.proportional.mixture import Mixture
from mlbalance.theory.proportional.problem import Problem

__all__ = [
    "SIGNS",
    "Margins",
    "curvatures",
    "discriminant",
    "energy",
    "moments",
    "overlap",
    "read",
    "solve",
]

SIGNS = np.array([-1.0, 1.0])
_RULES = (201, 801, 3201)  # nodes; logits that spread far need more
_TERMS = 120  # of the Hermite series
_NEWTON = 60
_RIDGE, _SMALLEST = 0.1, 1e-6  # where a search begins; the last stage before no ridge at all


@dataclass(frozen=True, eq=False)
class Margins:
    """Order parameters: a new row of class y has margin N(signal + y intercept, sigma_y^2 q)."""

    problem: Problem
    signal: float
    """m = w'mu."""
    intercept: float
    """b, at the midpoint of the means."""
    variance: float
    """q = w' Sigma w."""
    response: float
    """V: a row of class y moves its own margin by sigma_y^2 V times its force -c_y l'."""
    forces: FloatArray
    """(2,) mean force E_y[g]; shares times forces are the same for both classes."""
    residual: float
    """Largest change of `vector` by another sweep; zero for the square loss."""
    sweeps: int
    converged: bool
    quadrature_error: float
    """Largest change of `vector` when the nodes are moved by half a step."""
    rule: Rule
    """Nodes and weights of the means."""
    loss: str

    @property
    def vector(self) -> FloatArray:
        """Coordinates without scale: m / sqrt q, b / sqrt(1 + q), log q, log V."""
        q = self.variance
        return np.array(
            [
                self.signal / np.sqrt(q),
                self.intercept / np.sqrt(1 + q),
                np.log(q),
                np.log(self.response),
            ]
        )


def solve(problem: Problem, loss: str = "logistic", *, tolerance: float = 1e-11) -> Margins:
    """Order parameters of a fit by one of `LOSSES`; see `converged` for a search that failed.

    Logits grow as the ridge falls, so it is lowered by stages, each starting where the line
    through the last two points leads.
    """
    if loss == "square":
        return _square(problem)
    points, sizes = [_start(problem)], list(_RULES)
    for ridge in _stages(problem.ridge):
        start = points[-1] if len(points) < 3 else 2 * points[-1] - points[-2]
        while True:
            rule, moved = normal_rules(1, sizes[0])
            sweep, twin = (_Sweep(replace(problem, ridge=ridge), loss, r) for r in (rule, moved))
            found = sweep.solve(start, tolerance if ridge == problem.ridge else 1e-3)
            error = float(np.abs(twin(found.point) - sweep(found.point)).max())
            if len(sizes) == 1 or error < (1e-11 if ridge == problem.ridge else 1e-5):
                break
            sizes.pop(0)
        points.append(found.point)
    other = fixed_point.solve(
        twin, twin(found.point), max_sweeps=200, fallback=twin.settle_intercept
    )
    error = float(np.abs(other.point - found.point).max()) if other.converged else np.inf
    m, b, q, V = read(found.point)
    return Margins(
        problem,
        signal=m,
        intercept=b,
        variance=q,
        response=V,
        forces=sweep.mean(sweep.forces(found.point)),
        residual=found.residual,
        sweeps=found.sweeps,
        converged=found.converged,
        quadrature_error=error,
        rule=rule,
        loss=loss,
    )


def discriminant(margins: Margins) -> tuple[float, float]:
    """Slope and zero of the logit that a discriminant gives scores w'x + b of the square loss.

    The prior apart: the distance of the class means of the rows' own scores over their variance
    within classes, and the middle of these means. A row of class y that would have score o has
    (o + y c_y sigma_y^2 V)/(1 + c_y sigma_y^2 V).
    """
    problem, sigma2 = margins.problem, margins.problem.mixture.scales**2
    pull = sigma2 * margins.response
    means = margins.intercept + SIGNS * (margins.signal + pull * margins.forces)
    within = margins.variance * sigma2 / (1 + problem.weights * pull) ** 2
    shares = problem.fractions * problem.weights
    return float(np.diff(means)[0] * shares.sum() / (shares @ within)), float(means.mean())


def curvatures(margins: Margins, power: int = 1) -> FloatArray:
    """(2,) mean E_k[h^power] of the curvatures of rows: h = c l''/(1 + c sigma_k^2 V l'')."""
    if margins.loss == "square":
        problem = margins.problem
        pull = problem.weights * problem.mixture.scales**2 * margins.response
        return np.asarray((problem.weights / (1 + pull)) ** power)
    sweep = _Sweep(margins.problem, margins.loss, margins.rule)
    return sweep.mean(sweep.state(margins.vector)[1] ** power)


def overlap(margins: Margins, kept_again: FloatArray) -> tuple[float, float]:
    """Covariance q_ab of two fits on samples that share rows, and its error by quadrature.

    `kept_again` (2,) is the probability that a row of a class is in one sample given that it is
    in the other. A new row of class y has margins with covariance sigma_y^2 q_ab.
    """
    from scipy.optimize import brentq

    problem, q = margins.problem, margins.variance
    e, p = problem.mixture.eigenvalues, problem.mixture.masses
    sigma2 = problem.mixture.scales**2
    sweep = _Sweep(problem, margins.loss, margins.rule)
    force, bend = sweep.state(margins.vector)
    series = _hermite(sweep.nodes) @ (sweep.mass * force).T  # (terms, 2) coefficients of the force
    by_class = problem.fractions * kept_again * sigma2
    power = series**2 @ by_class
    missing = max(float(sweep.mean(force**2) @ by_class - power.sum()), 0.0)
    r = 1 / (problem.ridge / 2 + float(problem.fractions @ (sigma2 * sweep.mean(bend))) * e)
    pull = float(problem.fractions @ margins.forces)
    own = pull**2 * float(energy(problem.mixture) @ (e * r**2))
    noise = float(p @ (e * r) ** 2) / problem.load

    def excess(share: float) -> float:
        """Change of a covariance of `share` times q by another sweep."""
        return own + noise * float(np.polynomial.polynomial.polyval(share, power)) - share * q

    if (kept_again >= 1).all() or excess(1.0) >= 0:  # the samples are the same
        return q, 0.0
    share = float(brentq(excess, 0.0, 1.0, xtol=1e-15))
    return share * q, noise * missing * share**_TERMS


class _Sweep:
    """One pass through the self-consistent equations, in coordinates without scale (`vector`)."""

    def __init__(self, problem: Problem, loss: str, rule: Rule) -> None:
        self.problem = problem
        self.nodes, self.mass = rule.points[:, 0], rule.weights
        self.loss = LOSSES[loss]
        mixture = problem.mixture
        self.sigma = mixture.scales[:, None]
        self.pull = (problem.weights * mixture.scales**2)[
            :, None
        ]  # times V: how far a row is moved

    def __call__(self, point: FloatArray) -> FloatArray:
        return self._sweep(point, settle=False)

    def settle_intercept(self, point: FloatArray) -> FloatArray:
        """Sweep at the intercept that balances the forces."""
        return self._sweep(point, settle=True)

    def solve(self, start: FloatArray, tolerance: float) -> fixed_point.FixedPoint:
        """Fixed point of the sweep."""
        return fixed_point.solve(
            self, start, tolerance=tolerance, max_sweeps=2000, fallback=self.settle_intercept
        )

    def mean(self, values: FloatArray) -> FloatArray:
        """Means (2,) by class of values (2, N) at the nodes."""
        return np.asarray(values @ self.mass)

    def forces(self, point: FloatArray) -> FloatArray:
        """Force g (2, N) of a row of each class at the nodes."""
        return self.state(point)[0]

    def state(self, point: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Force and curvature h (2, N) of a row of each class at the nodes."""
        m, b, q, V = read(point)
        out = m + SIGNS[:, None] * b + self.sigma * np.sqrt(q) * self.nodes
        pull = self.pull * V
        first, second = self.loss(out, pull)
        weights = self.problem.weights[:, None]
        return weights * first, weights * second / (1 + pull * second)

    def _sweep(self, point: FloatArray, *, settle: bool) -> FloatArray:
        problem = self.problem
        rho, sigma2 = problem.fractions, problem.mixture.scales**2
        point = point.copy()
        for _ in range(_NEWTON):
            g, h = self.state(point)
            force, bend = self.mean(g), self.mean(h)
            move = float(SIGNS @ (rho * force) / (rho @ bend)) / np.sqrt(1 + np.exp(point[2]))
            if not settle or abs(move) < 1e-13:
                break
            point[1] += np.clip(move, -1, 1)
        q_hat = float(rho @ (sigma2 * self.mean(g**2)))
        m, q, V = moments(problem, float(rho @ (sigma2 * bend)), q_hat, float(rho @ force))
        return np.array([m / np.sqrt(q), point[1] + move, np.log(q), np.log(V)])


def moments(
    problem: Problem, curvature: float, q_hat: float, m_hat: float
) -> tuple[float, float, float]:
    """(m, q, V) that the means of forces and curvatures imply."""
    e, p = problem.mixture.eigenvalues, problem.mixture.masses
    s2, r = energy(problem.mixture), 1 / (problem.ridge / 2 + curvature * e)
    m = m_hat * float(s2 @ r)
    q = m_hat**2 * float(s2 @ (e * r**2)) + q_hat / problem.load * float(p @ (e * r) ** 2)
    return m, q, float(p @ (e * r)) / problem.load


def _square(problem: Problem) -> Margins:
    """Order parameters of the square loss: a scalar root, then linear equations."""
    from scipy.optimize import brentq

    e, p = problem.mixture.eigenvalues, problem.mixture.masses
    rho, c, sigma2 = problem.fractions, problem.weights, problem.mixture.scales**2

    def response(V: float) -> float:
        curvature = float(rho @ (sigma2 * c / (1 + c * sigma2 * V)))
        return float(p @ (e / (problem.ridge / 2 + curvature * e))) / problem.load

    bounds = [-80.0, 80.0]
    log_V = brentq(lambda x: x - np.log(response(np.exp(x))), *bounds, xtol=1e-14, rtol=1e-14)
    V = float(np.exp(log_V))
    h = c / (1 + c * sigma2 * V)
    pull, lean = float(rho @ h), float(rho @ (SIGNS * h))
    r = 1 / (problem.ridge / 2 + float(rho @ (sigma2 * h)) * e)
    gain = float(energy(problem.mixture) @ r)
    # m_hat = pull (1 - m) - lean b and 0 = lean (1 - m) - pull b, with m = gain m_hat.
    m_hat_per = pull - lean**2 / pull
    m = gain * m_hat_per / (1 + gain * m_hat_per)
    b = lean * (1 - m) / pull
    gaps = 1 - m - SIGNS * b
    noise = float(p @ (e * r) ** 2) / problem.load
    fixed = (m / gain) ** 2 * float(energy(problem.mixture) @ (e * r**2)) if gain else 0.0
    q = (fixed + noise * float(rho @ (sigma2 * (h * gaps) ** 2))) / (
        1 - noise * float(rho @ (sigma2 * h) ** 2)
    )
    return Margins(problem, m, b, q, V, h * gaps, 0.0, 0, True, 0.0, normal_rules(1)[0], "square")


def energy(mixture: Mixture) -> FloatArray:
    """(J,) s_j^2: energy of half the difference of the means."""
    gram = mixture.gram
    return np.asarray(gram[:, 0, 0] + gram[:, 1, 1] - 2 * gram[:, 0, 1]) / 4


def _stages(ridge: float) -> list[float]:
    """Ridges on the way to the one asked, each a tenth of the one before."""
    lowest = ridge or _SMALLEST
    steps = max(0, int(np.ceil(np.log10(_RIDGE / lowest))))
    way = [lowest * 10.0**step for step in range(steps, 0, -1)]
    return [*way, ridge] if ridge else [*way, lowest, 0.0]


def _start(problem: Problem) -> FloatArray:
    """Point that the forces at zero coefficients imply, every row at the prior of its class."""
    rho, c, sigma2 = problem.fractions, problem.weights, problem.mixture.scales**2
    prior = rho * c / (rho @ c)
    force = c * (1 - prior)
    curvature = float((rho * sigma2) @ (c * prior.prod()))
    m, q, V = moments(problem, curvature, float((rho * sigma2) @ force**2), float(rho @ force))
    b = float(np.log(prior[1] / prior[0]))
    return np.array([m / np.sqrt(q), b / np.sqrt(1 + q), np.log(q), np.log(V)])


def read(point: FloatArray) -> tuple[float, float, float, float]:
    """(m, b, q, V) of coordinates without scale."""
    q, V = (float(value) for value in np.exp(point[2:]))
    return float(point[0]) * np.sqrt(q), float(point[1]) * np.sqrt(1 + q), q, V


def _hermite(nodes: FloatArray) -> FloatArray:
    """(terms, N) normalised Hermite polynomials at the nodes."""
    rows = [np.ones_like(nodes), nodes]
    for n in range(1, _TERMS - 1):
        rows.append((nodes * rows[n] - np.sqrt(n) * rows[n - 1]) / np.sqrt(n + 1))
    return np.stack(rows)
