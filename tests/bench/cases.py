"""What is timed: the table of cases, how much of each is run, and the data."""

import math
from dataclasses import dataclass, replace

import numpy as np

from mlbalance import softmax
from mlbalance.populations import Gaussian
from mlbalance.schemes import Bagging, Undersample

COUNTS = (23, 5, 44, 14, 19, 31)
BAGS = 10
NEWTON, LBFGS, RESTARTED = "newton-cholesky", "lbfgs", "lbfgs, restarted"
STATSMODELS, GLUM = "statsmodels", "glum"
SINGLE = (NEWTON, LBFGS, RESTARTED)
BINARY = (*SINGLE, GLUM)


@dataclass(frozen=True)
class Case:
    """`batch` data sets of n rows, d features and K classes, each fitted once or in BAGS bags."""

    group: str
    K: int = 6
    n: int = 136
    d: int = 5
    batch: int = 256
    sets: int = 16
    """Fits that are timed of a peer, one at a time."""
    ridge: float = 0.01
    peers: tuple[str, ...] = (NEWTON, LBFGS)
    goal: float | None = None
    """Ratio to reach against the fastest of the peers `against` that keeps the tolerance."""
    against: tuple[str, ...] = (NEWTON,)

    @property
    def name(self) -> str:
        return f"{self.group}: K={self.K} n={self.n} d={self.d} batch={self.batch}"


CASES = (
    Case("batch", d=2, sets=256, goal=60),
    Case("batch", d=5, sets=256, goal=40),
    Case("batch", d=10, sets=256, goal=20),
    Case("bags", batch=64, sets=64, peers=(NEWTON,)),
    Case("likelihood", d=2, batch=64, ridge=0, peers=(STATSMODELS,)),
    Case("likelihood", n=1000, d=5, batch=64, ridge=0, peers=(STATSMODELS,)),
    Case("single", n=100_000, d=20, batch=1, peers=SINGLE, goal=1),
    Case("single", n=2000, d=200, batch=1, peers=SINGLE, goal=1, against=SINGLE),
    Case("single", n=10_000, d=50, batch=1, peers=SINGLE, goal=1, against=SINGLE),
    Case("single", n=1_000_000, d=50, batch=1, peers=SINGLE[1:], goal=1, against=SINGLE[1:]),
    Case("single", K=2, n=1_000_000, d=50, batch=1, peers=BINARY, goal=1, against=BINARY),
    Case("single", K=2, n=100_000, d=20, batch=1, peers=BINARY, goal=1, against=BINARY),
    *(Case("d", d=d) for d in (1, 3, 20)),
    Case("K", K=2, peers=(NEWTON, LBFGS, GLUM)),
    *(Case("K", K=K) for K in (3, 4, 9, 12)),
    *(Case("n", n=n) for n in (30, 60, 300, 1000)),
    *(Case("n", n=n, batch=32, sets=4) for n in (3000, 10_000)),
    *(Case("size", batch=batch) for batch in (1, 4, 16, 64, 1024, 4096)),
)


@dataclass(frozen=True)
class Scale:
    """How much of each case is run, and how long."""

    rounds: int = 7
    slot: float = 0.1
    """Seconds that a contestant's turn takes at least."""
    batch: int = 4096
    sets: int = 256
    n: int = 1_000_000
    d: int = 200
    product: int = 1024
    """Rows and columns of the matrix product whose rate is taken."""

    def of(self, case: Case) -> Case:
        """The case, no larger than this."""
        limits = {name: getattr(self, name) for name in ("batch", "sets", "n", "d")}
        return replace(case, **{k: min(v, getattr(case, k)) for k, v in limits.items()})


FULL = Scale()
QUICK = Scale(rounds=2, slot=0.005, sets=8, n=10_000, d=50)
TINY = Scale(rounds=1, slot=0, batch=2, sets=2, n=136, d=2, product=64)


@dataclass(frozen=True)
class Problems:
    """Data sets X (R, ..., n, d), y (R, ..., n), weights (R, ..., n) that sum to one."""

    X: np.ndarray
    y: np.ndarray
    weights: np.ndarray

    def one_by_one(self, fits: int) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
        """The first `fits` problems, without the rows of weight zero."""
        lead = self.weights.shape[:-1]
        X = np.broadcast_to(self.X, (*lead, *self.X.shape[-2:]))
        y = np.broadcast_to(self.y, self.weights.shape)
        chosen = [index for _, index in zip(range(fits), np.ndindex(lead), strict=False)]
        return [(X[i][w > 0], y[i][w > 0], w[w > 0]) for i in chosen for w in [self.weights[i]]]


def drawn(case: Case) -> Problems:
    """Gaussian classes whose means are about two standard deviations apart."""
    rng = np.random.default_rng([2026, case.K, case.n, case.d])
    counts = counts_of(case.K, case.n)
    means = rng.standard_normal((case.K, case.d)) * math.sqrt(2 / case.d)
    population = Gaussian(means, np.eye(case.d))
    sets = [population.sample(counts, rng) for _ in range(case.batch)]
    X, y = np.array([X for X, _ in sets]), np.array([y for _, y in sets])
    if case.group == "bags":
        scheme = Bagging(Undersample(), BAGS)
        weights = np.array([scheme.draw(labels, rng) for labels in y])
        return Problems(X[:, None], y[:, None], weights)
    if case.group == "likelihood":
        weights = np.full(y.shape, 1 / case.n)
        fitted = softmax.fit(X, y, weights, ridge=0).converged
        return Problems(X[fitted], y[fitted], weights[fitted])
    return Problems(X, y, 1 / (case.K * counts[y]))


def counts_of(K: int, n: int) -> np.ndarray:
    """n rows in K classes, in the proportions of COUNTS."""
    share = np.resize(COUNTS, K) / np.resize(COUNTS, K).sum()
    counts = np.maximum(1, np.round(n * share)).astype(int)
    counts[counts.argmax()] += n - counts.sum()
    return counts
