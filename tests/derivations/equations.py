"""The self-consistent equations at numbers, by quadrature over a normal margin.

Nothing of the derivations but their results goes in.
"""

import numpy as np
from scipy import optimize, special

from mlbalance.derivations.engine import evaluate
from mlbalance.derivations.proofs import square_loss

NODES, MASS = np.polynomial.hermite_e.hermegauss(60)


MASS = MASS / MASS.sum()


SIDES = np.array([1.0, -1.0])


def logistic(out, pull):
    """-l' and l'' at the margin a row has once it is in the fit, by bisection."""
    low, high = out.copy(), out + pull
    for _ in range(80):
        middle = (low + high) / 2
        above = middle > out + pull * special.expit(-middle)
        low, high = np.where(above, low, middle), np.where(above, middle, high)
    force = special.expit(-high)
    return force, force * (1 - force)


def square(out, pull):
    return (1 - out) / (1 + pull), np.ones_like(out)


def swept(point, loss, shares, weights, load, ridge, separation, sigma):
    """(m, q, V, intercept gap) that m, q, V and b lead to; classes 1 and 0, |mu| = separation."""
    m, q, V, b = point
    out = m + SIDES[:, None] * b + sigma[:, None] * np.sqrt(q) * NODES
    pull = (weights * sigma**2 * V)[:, None]
    force, curvature = loss(out, pull)
    g = weights[:, None] * force
    h = weights[:, None] * curvature / (1 + pull * curvature)
    mean, second, bend = g @ MASS, g**2 @ MASS, h @ MASS
    r = 1 / (ridge + shares @ (sigma**2 * bend))
    signal = separation**2 * (shares @ mean)
    noise = shares @ (sigma**2 * second) / load
    q = (signal**2 / separation**2 + noise) * r**2
    return np.array([signal * r, q, r / load, (SIDES * shares) @ mean])


def solved(start, *problem):
    def gaps(free):
        point = np.array([free[0], np.exp(free[1]), np.exp(free[2]), free[3]])
        new = swept(point, *problem)
        # In units of the spread of the logits, as all is small at a strong ridge.
        return [new[0] / point[0] - 1, np.log(new[1] / point[1]), np.log(new[2] / point[2]), new[3]]

    m, q, V, b = start
    found = optimize.root(gaps, [m, np.log(q), np.log(V), b], tol=1e-13)
    assert np.abs(found.fun).max() < 1e-10
    return found.x[0], np.exp(found.x[1]), np.exp(found.x[2]), found.x[3]


def square_solution(alphas, weights, ridge, separation, sigma=(1.0, 1.0)):
    """Derived (m, q, V, b) of the square loss; letters of classes 1 and 0."""
    load = sum(alphas)
    letters = {"alpha": load, "lambda": ridge, "s": separation}
    for place, k in enumerate((1, 0)):
        letters |= {
            f"alpha_{k}": alphas[place],
            f"rho_{k}": alphas[place] / load,
            f"c_{k}": weights[place],
            f"sigma_{k}": sigma[place],
        }
    forms = square_loss.square_loss_expressions()

    def at(name, log_V):
        return float(evaluate(forms[name], V=float(np.exp(log_V)), **letters))

    log_V = optimize.brentq(lambda x: at("root", x), -20, 20, xtol=1e-14)
    return at("m", log_V), at("q", log_V), np.exp(log_V), at("b", log_V)
