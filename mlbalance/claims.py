r"""What is claimed: labels, statements, conditions, origins and witnesses, as data.

A claim is a label with up to three witnesses by dotted path: *derived* (SymPy), *computed*
(NumPy), *observed* (a simulation study). The command line, the README table, the paper's witness
table and the reasons of `advise` are printed from here, so nothing is stated twice.

Letters of the statements: classes k with n_k rows, target prior tau_k, weights W_i that sum to
one, squared coefficient of variation c_k^2 of a weight within its class, score covariance V_k
within class k, Hessian A of the balanced risk, undersample of m rows a class.
"""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

__all__ = ["CLAIMS", "CONDITIONS", "Claim", "UnknownLabel", "catalogue", "get", "resolve"]

CONDITIONS: Mapping[str, str] = MappingProxyType(
    {
        "any-model": "The model may be right or wrong.",
        "label-only-weights": "Given the data, the law of the weights depends on the labels only.",
        "unbiased-weights": "A row of class k weighs tau_k/n_k on average.",
        "fixed-counts": "The class counts are fixed, as in case-control sampling, or given.",
        "independent-rows": "Rows are independent, and have one law within a class.",
        "fixed-totals": "The total weight of class k is tau_k, not random.",
        "first-order": "d is fixed, every kept count is large, A is invertible on contrasts.",
        "mle-exists": "The fit exists and is unique; a ridge sees to it.",
        "uniform-target": "The target prior is uniform, tau_k = 1/K.",
        "equal-class-terms": "The terms a' A^-1 V_k A^-1 a are equal over classes: x has the same "
        "law in every class, or the classes are exchangeable and the functional is invariant.",
    }
)
"""Conditions of claims, by the id that claims name them with."""


@dataclass(frozen=True)
class Claim:
    """One labelled statement, with what it needs, where it comes from and what supports it."""

    label: str
    """Name of the claim, the same in code, tests, paper and command line."""
    statement: str
    """The claim in plain words."""
    latex: str
    """Its formula, to be compiled with amsmath; without dollar signs."""
    conditions: tuple[str, ...]
    """Ids of `CONDITIONS` it holds under."""
    origin: str
    """Who showed it, or "this package"."""
    cites: tuple[str, ...] = ()
    """Citation keys of the origin."""
    derived: str | None = None
    """Function that derives it, "module:function"."""
    computed: str | None = None
    """Function that computes it, "module:attribute"."""
    observed: str | None = None
    """Study that observes it, a path in the repository."""

    def __post_init__(self) -> None:
        for condition in self.conditions:
            if condition not in CONDITIONS:
                raise ValueError(
                    f"The claim {self.label!r} names the unknown condition {condition!r}; "
                    f"the known ones are {', '.join(CONDITIONS)}."
                )

    @property
    def witnesses(self) -> dict[str, str]:
        """The witnesses the claim has, by kind: derived, computed, observed."""
        paths = {"derived": self.derived, "computed": self.computed, "observed": self.observed}
        return {kind: path for kind, path in paths.items() if path is not None}


class UnknownLabel(ValueError):  # noqa: N818 - it reads as what it says
    """A label that no claim has; the message lists the close ones and all known ones."""

    def __init__(self, label: object, known: tuple[str, ...]) -> None:
        close = difflib.get_close_matches(str(label), known)
        hint = f" Did you mean {' or '.join(close)}?" if close else ""
        super().__init__(f"No claim is called {label!r}.{hint} Known: {', '.join(known)}.")


def catalogue(*claims: Claim) -> Mapping[str, Claim]:
    """Claims by label, in the order given; raises ValueError if two have the same label."""
    by_label: dict[str, Claim] = {}
    for claim in claims:
        if claim.label in by_label:
            raise ValueError(f"Two claims are called {claim.label!r}; a label names one claim.")
        by_label[claim.label] = claim
    return MappingProxyType(by_label)


def get(label: str) -> Claim:
    """The claim with this label; raises `UnknownLabel`."""
    if label not in CLAIMS:
        raise UnknownLabel(label, tuple(CLAIMS))
    return CLAIMS[label]


def resolve(path: str) -> Any:
    """Object behind a dotted path such as `mlbalance.schemes:Scheme.moments`, imported now.

    Raises ValueError for a path of another form; a study is a file and has no such object.
    """
    module, colon, attributes = path.partition(":")
    if not (module and colon and attributes):
        raise ValueError(f"A dotted path is 'package.module:attribute'; {path!r} is not.")
    found = importlib.import_module(module)
    for attribute in attributes.split("."):
        found = getattr(found, attribute)
    return found


_EXACT = (
    "any-model",
    "label-only-weights",
    "unbiased-weights",
    "fixed-counts",
    "independent-rows",
    "fixed-totals",
)
_FIRST_ORDER = (*_EXACT, "first-order", "mle-exists")

CLAIMS: Mapping[str, Claim] = catalogue(
    Claim(
        label="score",
        statement="The gradient of the weighted softmax loss is the weighted sum of residuals "
        "(probability less indicator) times features, plus the ridge on the coefficients; a known "
        "offset only moves the probabilities.",
        latex=r"\nabla_{w_k} L_W = \sum_i W_i \, (p_{ik} - 1\{y_i = k\}) \, x_i + \lambda w_k",
        conditions=("any-model",),
        origin="standard",
        cites=("bohning1992",),
        derived="mlbalance.derivations.likelihood:score",
        computed="mlbalance.softmax:score",
    ),
    Claim(
        label="hessian",
        statement="The Hessian is a weighted sum of variances, so the loss is convex. Without a "
        "ridge the directions it does not see are shifts common to all classes, and these only if "
        "the rows of (1, X) with positive weight have full rank; with one, only the common "
        "intercept.",
        latex=r"\nabla^2 L_W = \sum_i W_i \left(\operatorname{diag} p_i - p_i p_i'\right) \otimes "
        r"\begin{pmatrix} 1 \\ x_i \end{pmatrix} \begin{pmatrix} 1 & x_i' \end{pmatrix} + "
        r"\lambda \, I_K \otimes \begin{pmatrix} 0 & 0 \\ 0 & I_d \end{pmatrix} \succeq 0",
        conditions=("any-model",),
        origin="standard",
        cites=("bohning1992",),
        derived="mlbalance.derivations.convexity:hessian",
        computed="mlbalance.softmax:hessian",
    ),
    Claim(
        label="conditional-mean",
        statement="Given the data, the mean of a scheme's loss, and of its gradient, is that of "
        "class weighting: resampling by label is class weighting plus noise.",
        latex=r"E[L_W(\theta) \mid X, y] = L_w(\theta) = "
        r"\sum_k \frac{\tau_k}{n_k} \sum_{i : y_i = k} \ell_i(\theta)",
        conditions=("any-model", "label-only-weights", "unbiased-weights"),
        origin="this package, as an instance of the Rao-Blackwell theorem",
        cites=("rao1945", "blackwell1947"),
        derived="mlbalance.derivations.weights:conditional_mean",
        computed="mlbalance.schemes:Scheme.moments",
    ),
    Claim(
        label="score-variance",
        statement="The variance of the score is exact at any sample size and any parameter: class "
        "k contributes its own score covariance, inflated by one plus the squared coefficient of "
        "variation of its weights.",
        latex=r"\operatorname{Var} \nabla L_W(\theta) = J_W = "
        r"\sum_k \frac{\tau_k^2 (1 + c_k^2)}{n_k} V_k(\theta)",
        conditions=_EXACT,
        origin="this package",
        derived="mlbalance.derivations.variance:score_variance",
        computed="mlbalance.theory:score_variance",
    ),
    Claim(
        label="random-totals",
        statement="A scheme whose class totals are random pays once more, for the class means of "
        "the score; an intercept-only model shows it, since with fixed totals it does not vary.",
        latex=r"\operatorname{Var} \nabla L_W = \sum_k \Bigl(\sum_{i : y_i = k} E W_i^2\Bigr) V_k "
        r"+ \sum_{k,l} \operatorname{Cov}(T_k, T_l) \, \mu_k \mu_l'",
        conditions=("any-model", "label-only-weights", "independent-rows"),
        origin="this package, with the covariances of Poisson and multinomial sampling",
        cites=("cochran1977",),
        derived="mlbalance.derivations.totals:random_totals",
        computed="mlbalance.theory:score_variance",
    ),
    Claim(
        label="cv2",
        statement="Every scheme enters through one number per class, the squared coefficient of "
        "variation of a row's weight: zero for class weights, n_k/m - 1 for an undersample.",
        latex=r"c_k^2 = \frac{\operatorname{Var}(W_i \mid y_i = k)}{(\tau_k/n_k)^2}, \qquad "
        r"c_k^2 = \frac{n_k}{m} - 1 \text{ for an undersample of } m \text{ rows}",
        conditions=("label-only-weights", "unbiased-weights", "fixed-counts"),
        origin="this package, from the moments of simple random sampling",
        cites=("cochran1977",),
        derived="mlbalance.derivations.weights:cv2",
        computed="mlbalance.schemes:Scheme.moments",
    ),
    Claim(
        label="sandwich",
        statement="To first order the covariance of a fit is the score variance between two "
        "inverse Hessians; class-centred scores estimate it without bias.",
        latex=r"\operatorname{Cov}(\theta_W) \sim A^{-1} J_W A^{-1}",
        conditions=_FIRST_ORDER,
        origin="Huber 1967; van der Vaart 1998",
        cites=("huber1967", "vandervaart1998"),
        derived="mlbalance.derivations.ordering:sandwich",
        computed="mlbalance.theory:covariance",
        observed="simulations/six_classes.py",
    ),
    Claim(
        label="loewner",
        statement="No scheme has a smaller covariance than class weighting, in any direction, for "
        "any model: variance ratios lie between one and one plus the largest c_k^2.",
        latex=r"A^{-1} (J_W - J_w) A^{-1} \succeq 0, \qquad 1 \le "
        r"\frac{a' A^{-1} J_W A^{-1} a}{a' A^{-1} J_w A^{-1} a} \le 1 + \max_k c_k^2",
        conditions=_FIRST_ORDER,
        origin="this package",
        derived="mlbalance.derivations.ordering:loewner",
        computed="mlbalance.theory:covariance",
        observed="simulations/six_classes.py",
    ),
    Claim(
        label="harmonic",
        statement="Where the class terms are equal, undersampling to m rows multiplies the "
        "variance by the harmonic mean of the counts over m, which is below K; for two classes "
        "by twice the share of the larger one. Elsewhere single coefficients differ widely.",
        latex=r"\frac{a' A^{-1} J_W A^{-1} a}{a' A^{-1} J_w A^{-1} a} = \frac{H}{m} < K, \qquad "
        r"H = \frac{K}{\sum_k 1/n_k}",
        conditions=(*_FIRST_ORDER, "uniform-target", "equal-class-terms"),
        origin="this package",
        derived="mlbalance.derivations.efficiency:harmonic",
        computed="mlbalance.theory:variance_ratio",
        observed="simulations/six_classes.py",
    ),
    Claim(
        label="kish",
        statement="Balanced weights are worth K H rows in Kish's sense and an undersample its K m "
        "rows. It counts balanced rows; it does not compare weighting with the unweighted fit.",
        latex=r"\frac{1}{\sum_i w_i^2} = \frac{1}{\sum_k \tau_k^2/n_k} = K H \le n",
        conditions=("fixed-counts", "uniform-target"),
        origin="Kish 1965",
        cites=("kish1965",),
        derived="mlbalance.derivations.efficiency:kish",
        computed="mlbalance.theory:effective_size",
    ),
    Claim(
        label="budget",
        statement="A row of class k is worth its class's share of the variance over its count; "
        "under undersampling a row of a larger class is worth nothing. The best counts are in "
        "proportion to the target times the root of class variance over price.",
        latex=r"-\frac{\partial \log \operatorname{tr}(A^{-1} J_w)}{\partial n_k} = "
        r"\frac{\text{share}_k}{n_k}, \qquad "
        r"n_k \propto \tau_k \sqrt{\frac{\operatorname{tr}(A^{-1} V_k)}{\text{price}_k}}",
        conditions=_FIRST_ORDER,
        origin="Neyman 1934 for the allocation; this package",
        cites=("neyman1934",),
        derived="mlbalance.derivations.allocation:budget",
        computed="mlbalance.theory:budget",
    ),
)
"""All claims by label, in reading order: each uses only what stands before it."""
