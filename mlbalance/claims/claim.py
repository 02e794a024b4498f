"""A claim: clauses and what carries each, conditions, and the kinds of proof there are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

CONDITIONS: Mapping[str, str] = MappingProxyType(
    {
        "any-model": "The model may be misspecified.",
        "label-only-weights": "Given the data, the distribution of the weights depends on the "
        "labels only.",
        "unbiased-weights": "A row of class k weighs tau_k/n_k on average.",
        "fixed-counts": "The class counts are fixed, as in case-control sampling, or given.",
        "independent-rows": "Rows are independent, and identically distributed within a class.",
        "fixed-totals": "The total weight of class k is tau_k, not random.",
        "first-order": "d is fixed, every kept count is large, A is invertible on contrasts.",
        "negligible-weights": "No single row dominates: of a class the largest W_i^2 over the sum "
        "of them tends to zero, and this sum over its mean to one.",
        "mle-exists": "The fit exists and is unique; a ridge sees to it.",
        "positive-ridge": "The ridge is above zero, so that the fit exists and is unique.",
        "uniform-target": "The target prior is uniform, tau_k = 1/K.",
        "additive-loss": "The loss is a weighted sum over rows, and a penalty that no row enters.",
        "common-ridge": "The ridge is the same in all losses compared, on the scale of their sums "
        "of weights; there may be none.",
        "convex-functional": "The functional of the loss function is convex.",
        "exchangeable-weights": "Given the data, the distribution of the weights is invariant "
        "under permutations of the rows of one class.",
        "unique-subset-fit": "Of fewer rows and more: the fit of the fewer exists and is unique up "
        "to a shift common to all classes.",
        "independent-bags": "Given the data, the bags are independent draws of one scheme.",
        "row-weights": "The weights of rows are independent given the labels, by a distribution "
        "for each class; rows drawn without replacement are nearly so.",
        "bags-fit": "B bags of m rows fit into every class larger than m: B m <= n_k.",
        "classes-present": "Every class has a row; where counts are random, given that.",
        "correctly-specified": "The model is correctly specified: some parameter gives the true "
        "probabilities.",
        "no-ridge": "There is no ridge, lambda = 0.",
        "rare-class": "One of two classes is rare: its intercept falls to minus infinity, and its "
        "number of rows grows.",
        "gaussians": "The classes are Gaussians of one covariance, with means that differ.",
        "light-tails": "The features of the majority have the exponential moments that the formula "
        "names.",
        "all-moments": "The features of the majority have all exponential moments.",
        "surround": "The majority surrounds the mean of the rarer class, on every side.",
        "few-cases": "The rows of the rarer class are fixed and those of the other one grow.",
        "consistent-pilot": "The pilot fit is consistent and independent of the data.",
        "poisson-copies": "Rows are copied independently, 1 + Poisson(nu) times.",
        "free-logits": "Logits can be any function of the features, as where there are few values "
        "of these; linear ones are compared by their own optimum.",
        "label-shift": "The features have the same distribution within a class under both priors.",
        "zero-slopes": "The slopes are zero: if the model is correctly specified, x has one "
        "distribution in all classes.",
        "smooth-error": "The error has two derivatives at the optimum: x has a density at the "
        "boundary.",
        "least-favourable": "The distribution departs from a correctly specified model by order "
        "one over the root of n, in the direction of the difference of the two influence "
        "functions, which is not zero, and cut off where it is unbounded.",
        "normal-scores": "Scores are near normal within the classes that dominate the variance.",
        "proportional": "n and d grow in proportion. A row of class k is normal with mean mu_k, of "
        "bounded length and not the same for all, and covariance sigma_k^2 Sigma, of a spectrum "
        "bounded above and away from zero.",
        "unequal-counts": "The classes differ in their numbers of rows.",
        "two-classes": "There are two classes.",
        "one-sigma": "The classes have one covariance.",
        "isotropic": "Covariances within classes are multiples of the identity.",
        "strong-ridge": "The ridge grows: lambda to infinity, after n and d. The loss of a margin "
        "falls at zero and is curved there.",
        "square-loss": "The loss of a margin t is (1 - t)^2/2.",
        "indicators": "Scores are fitted by least squares to indicators of the classes, with "
        "intercepts.",
        "convex-margin": "The loss is convex and smooth; that of two classes a function of a "
        "margin.",
        "decreasing-loss": "The loss falls with the margin and is strictly convex.",
        "logistic-loss": "The loss of a margin t is log(1 + exp(-t)), without weights.",
        "exponential-tails": "The loss of a margin t is exp(-t) times a factor that tends to one.",
        "separable": "The rows are strictly separated, and the ridge falls to zero.",
        "independent-draws": "Rows of a mini-batch are drawn independently, with replacement.",
        "equal-scores": "The mean products of the scores of a row are the same in all classes.",
        "small-steps": "The step is constant and falls to zero after the number of steps has "
        "grown.",
        "two-rows": "There are one feature and two rows, at 1 and -1, one of each class.",
        "gradient-flow": "The weighted loss is minimised from zero by gradient descent, its steps "
        "falling to zero and time being their sum.",
        "equal-class-terms": "V_k enters the variance of the functional alike for all k: the "
        "classes are exchangeable and the functional is invariant, as the excess risk is, or x "
        "has the same distribution in every class and the functional is the excess risk.",
    }
)
"""Conditions of claims, by the id that claims name them with."""


SHORT: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "scheme": ("label-only-weights", "unbiased-weights"),
        "stratified": ("fixed-counts", "independent-rows", "fixed-totals"),
        "rare limit": ("rare-class", "light-tails"),
        "first-order fits": ("first-order", "negligible-weights", "mle-exists"),
        "Gaussians in proportion": ("proportional", "two-classes", "isotropic", "one-sigma"),
    }
)
"""Names of conditions that often stand together, for tables."""


EXACT = (
    "any-model",
    "label-only-weights",
    "unbiased-weights",
    "fixed-counts",
    "independent-rows",
    "fixed-totals",
)
FIRST_ORDER = (*EXACT, "first-order", "negligible-weights", "mle-exists")


PROVED = "proved"
LIMIT = "proved given a cited limit"
CASES = "proved for the named cases"
CONJECTURE = "conjecture"

KINDS: Mapping[str, str] = MappingProxyType(
    {
        PROVED: "Steps that are computed, and textbook theorems, carry it as it is worded.",
        LIMIT: "It rests on a limit theorem or an approximation that is cited and not proved here.",
        CASES: "The proof covers the cases that its steps name; the sentence says which.",
        CONJECTURE: "It is computed or observed, and not proved.",
    }
)
"""The kinds of support a clause may have, the strongest first."""


def _known(conditions: tuple[str, ...], where: str) -> None:
    for condition in conditions:
        if condition not in CONDITIONS:
            raise ValueError(
                f"{where} names the unknown condition {condition!r}; "
                f"the known ones are {', '.join(CONDITIONS)}."
            )


@dataclass(frozen=True)
class Clause:
    """One sentence of a statement, or a part of one, and what carries it."""

    text: str
    """The words, with the punctuation that ends them."""
    by: tuple[str, ...] = ()
    """Keys of the steps of the claim's derivation that carry it."""
    labels: tuple[str, ...] = ()
    """Labels of earlier claims that it rests on, by its own argument."""
    given: tuple[str, ...] = ()
    """Ids of `CONDITIONS` that it needs beyond those of the claim; its words say so."""
    kind: str = PROVED
    """One of `KINDS`; a test holds it against what the steps and labels give."""

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(
                f"A clause is of one of the kinds {', '.join(KINDS)}; {self.kind!r} was given."
            )
        _known(self.given, f"The clause {self.text!r}")


@dataclass(frozen=True)
class Claim:
    """One labelled statement, with what it needs, where it comes from and what supports it."""

    label: str
    """Name of the claim, the same in code, tests, paper and command line."""
    clauses: tuple[Clause, ...]
    """The claim in plain words, each part with what carries it."""
    formula: tuple[str, ...]
    """Keys of the proof steps whose equations are its formula (`derivations.formula`)."""
    conditions: tuple[str, ...]
    """Ids of `CONDITIONS` it holds under."""
    origin: str
    """Who showed it, or "this package"."""
    cites: tuple[str, ...] = ()
    """Citation keys of the origin, and of the theorems that the steps cite."""
    derived: str | None = None
    """Function that derives it, "module:function"."""
    computed: str | None = None
    """Function that computes it, "module:attribute"."""
    observed: str | None = None
    """Study that observes it, a path in the repository."""

    def __post_init__(self) -> None:
        _known(self.conditions, f"The claim {self.label!r}")
        if not self.clauses:
            raise ValueError(f"The claim {self.label!r} says nothing; give it a clause.")

    @property
    def statement(self) -> str:
        """All clauses, in order."""
        return " ".join(clause.text for clause in self.clauses)

    @property
    def kind(self) -> str:
        """The weakest kind of its clauses."""
        order = list(KINDS)
        return order[max(order.index(clause.kind) for clause in self.clauses)]

    @property
    def condition(self) -> str:
        """All conditions in a few words: ids without hyphens, or the names of `SHORT` for sets."""
        told, left = {}, self.conditions
        for name, ids in SHORT.items():
            if set(ids) <= set(left):
                told[ids[0]] = name
                left = tuple(c for c in left if c not in ids[1:])
        return ", ".join(told.get(c, c.replace("-", " ").replace("mle", "MLE")) for c in left)

    @property
    def witnesses(self) -> dict[str, str]:
        """The witnesses the claim has, by kind: derived, computed, observed."""
        paths = {"derived": self.derived, "computed": self.computed, "observed": self.observed}
        return {kind: path for kind, path in paths.items() if path is not None}
