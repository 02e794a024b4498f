"""Methods of a comparison: an estimator, and the prior at which its probabilities are."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Literal

from sklearn.base import is_classifier
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier
from sklearn.tree import DecisionTreeClassifier

from mlbalance.compare.learners import Resampled, TunedThreshold
from mlbalance.compare.linear import AtOwnPrior, LocalCaseControl
from mlbalance.corrections import LeaveOneOut, PriorShift
from mlbalance.estimators import (
    Balanced,
    DiscriminantClassifier,
    LossClassifier,
    SeparateSmallClasses,
    SoftmaxClassifier,
)
from mlbalance.extras import require
from mlbalance.inputs import InputError, IntArray
from mlbalance.losses import LDAM, Focal, LogitLoss, VectorScaling
from mlbalance.methods import AUTO, METHODS, LeftOutRidge, Method
from mlbalance.schemes import (
    Bagging,
    Bridge,
    ClassWeight,
    EffectiveNumber,
    Oversample,
    Undersample,
    Unweighted,
)

__all__ = [
    "CANDIDATES",
    "DEFAULT",
    "REFERENCE",
    "Candidate",
    "Prior",
    "as_candidate",
    "as_candidates",
    "origins",
]

Prior = Literal["target", "natural", "uniform", "fitted", "out-of-bag", "as-is"]
"""Prior of an estimator's probabilities: that of its parameter `target`, which the comparison sets;
the shares of the training rows; the uniform one; that of its attribute `fitted_prior_`; that of its
out-of-bag votes; or whatever it is, taken for the target."""

REFERENCE = "class-weights"
"""Id of the method that others are compared with."""


@dataclass(frozen=True, eq=False)
class Candidate:
    """A method of a comparison.

    Parameters
    ----------
    id
        Stable name in ASCII.
    label
        Name for people.
    estimator
        An unfitted classifier with `predict_proba`. Candidates whose estimators are equal share a
        fit.
    prior
        Prior of its probabilities; they are moved from there to the target (label `prior-shift`).
    two_classes
        Whether it is for two classes alone.
    small_group
        Whether it is for two small classes or more.
    cites
        Keys of `references.bib`: where it comes from.
    """

    id: str
    label: str
    estimator: Any
    prior: Prior = "natural"
    two_classes: bool = False
    small_group: bool = False
    cites: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not (isinstance(self.id, str) and self.id.isascii() and self.id.isprintable()):
            raise InputError(f"The id of a method is printable ASCII; it is {self.id!r}.")
        if not hasattr(self.estimator, "fit") or not hasattr(self.estimator, "get_params"):
            raise InputError(f"{self.id}: an unfitted scikit-learn classifier is needed.")
        if not hasattr(self.estimator, "predict_proba"):
            raise InputError(
                f"{self.id}: {type(self.estimator).__name__} has no predict_proba, which the "
                "measures need. Put it in CalibratedClassifierCV."
            )

    def refusal(self, counts: IntArray) -> str:
        """Why the method is not for data with these counts.

        Parameters
        ----------
        counts
            (K,) rows per class.

        Returns
        -------
        A sentence; empty if it is for them.
        """
        if self.two_classes and counts.size > 2:
            return (
                f"{self.id} is for two classes; there are {counts.size}. Leave it out, or merge "
                "classes."
            )
        small = int((counts < counts.mean()).sum())
        if self.small_group and small < 2:
            return (
                f"{self.id} needs two classes or more with fewer rows than an equal share of all; "
                f"there {'is one' if small else 'is none'}. Leave it out, or name some in "
                "SeparateSmallClasses(small=...)."
            )
        return ""


def from_method(given: Method, n_classes: int | None = None) -> Candidate:
    """A method of the package, its ridge chosen by leaving out rows of the training set.

    Parameters
    ----------
    given
        The method; a ridge of zero is chosen, another one is kept. Without a correction it is moved
        to the target by the prior shift, which is zero where the scheme fits at the target; one of
        `mlbalance.losses` is left as it is.
    n_classes
        K, where the ridge is given: the softmax classifiers of two classes have it on `coef_`.

    Returns
    -------
    The candidate, of the same id and label.

    Raises
    ------
    InputError
        For a loss and scheme that no classifier has.
    """
    if n_classes == 2 and given.loss != "square":
        given = given.with_ridge(_halved(given.ridge))
    if isinstance(given.loss, LogitLoss):
        ridge: Any = given.ridge or "cv"
        raw = LossClassifier(given.loss, given.scheme, corrected=False, ridge=ridge)
        return Candidate(given.id, given.label, raw, "as-is", cites=given.cites)
    correction = (given.correction.id or "prior").removesuffix("-temperature")
    settings: dict[str, Any] = {
        "correction": correction,
        "temperature": given.correction.temperature,
        "ridge": given.ridge or "loo",
    }
    if given.loss == "softmax":
        softmax = SoftmaxClassifier(given.scheme, keep_data=False, **settings)
        return Candidate(given.id, given.label, softmax, "target", cites=given.cites)
    if given.loss == "square" and isinstance(given.scheme, Unweighted):
        discriminant = DiscriminantClassifier(**settings)
        return Candidate(given.id, given.label, discriminant, "target", cites=given.cites)
    raise InputError(f"{given.id}: no classifier has the loss {given.loss!r} and this scheme.")


def _halved(ridge: float | LeftOutRidge) -> float | LeftOutRidge:
    if not isinstance(ridge, LeftOutRidge):
        return ridge / 2
    if ridge.ridges is None:
        return ridge
    return replace(ridge, ridges=tuple(each / 2 for each in ridge.ridges))


def _linear() -> list[Candidate]:
    unweighted = SoftmaxClassifier(Unweighted(), target="natural", ridge="loo", keep_data=False)
    firth = SoftmaxClassifier(Unweighted(), penalty="firth", keep_data=False)
    auto = SoftmaxClassifier("auto", correction="auto", temperature=True, keep_data=False)
    effective = AtOwnPrior(EffectiveNumber())
    number = EffectiveNumber.cites
    pilot, small = LocalCaseControl(), SeparateSmallClasses()
    return [
        *map(from_method, METHODS.values()),
        Candidate(AUTO.id, AUTO.label, auto, "target", cites=AUTO.cites),
        from_method(Method(ClassWeight(), correction=LeaveOneOut(temperature=True))),
        Candidate("unweighted", "unweighted, as it is", unweighted, "as-is"),
        Candidate("firth+prior", "Firth, prior correction", firth, "target", cites=("firth1993",)),
        Candidate(
            "effective-number", "effective number, as it is", effective, "as-is", cites=number
        ),
        Candidate(
            "effective-number+prior",
            "effective number, prior correction",
            effective,
            "fitted",
            cites=number,
        ),
        from_method(Method(Bridge(), correction=PriorShift())),
        Candidate(
            "local-case-control", "local case-control, offset", pilot, cites=("fithian2014",)
        ),
        Candidate(
            "separate-small",
            "a separate model for the small classes",
            small,
            "target",
            small_group=True,
            cites=("begg1984",),
        ),
    ]


_TREES = ("breiman2001", "chen2004")
"""Origins of forests, and of balanced and weighted ones."""


def _forests() -> list[Candidate]:
    """Forests as they are, and with the prior of their out-of-bag votes, from the same fits."""
    forest = RandomForestClassifier(oob_score=True)
    # From version 1.9 on scikit-learn draws the bootstrap by these weights; before they only
    # weighted the splits, as "balanced_subsample" does (label `forest-weights`).
    weighted = RandomForestClassifier(class_weight="balanced", oob_score=True)
    subsample = RandomForestClassifier(class_weight="balanced_subsample", oob_score=True)
    bags = Bagging(Undersample(replace=True), 100)
    balanced = Balanced(DecisionTreeClassifier(max_features="sqrt"), bags, oob=True)
    kinds: tuple[tuple[str, str, Any, Prior], ...] = (
        ("forest", "random forest", forest, "natural"),
        ("forest-class-weight", "random forest, class_weight", weighted, "uniform"),
        ("forest-balanced-subsample", "random forest, balanced_subsample", subsample, "uniform"),
        ("balanced-forest", "balanced forest (undersampled trees)", balanced, "target"),
    )
    found = [Candidate("forest", "random forest, as it is", forest, "as-is", cites=_TREES[:1])]
    for id, label, estimator, prior in kinds:
        own = ("+prior", ", prior correction") if prior == "natural" else ("", "")
        cites = _TREES[: 1 if id == "forest" else 2]
        found += [
            Candidate(id + own[0], label + own[1], estimator, prior, cites=cites),
            Candidate(
                f"{id}+oob", f"{label}, out-of-bag prior", estimator, "out-of-bag", cites=cites
            ),
        ]
    return found


def _losses() -> list[Candidate]:
    """Other losses by their inverse link; as they are, they are in `METHODS`."""
    plain, adjusted = Unweighted(), VectorScaling(gamma=0)
    corrected = [(ClassWeight(), Focal()), (plain, Focal()), (plain, LDAM())]
    # With gamma zero logits are log-odds at the uniform prior.
    by_logits = LossClassifier(adjusted, plain, corrected=False)
    return [
        Candidate(adjusted.id, adjusted.label, by_logits, "uniform", cites=adjusted.cites),
        *(
            Candidate(
                f"{each.id}+corrected",
                f"{each.label}, corrected",
                own,
                "target",
                cites=each.cites,
            )
            for scheme, loss in corrected
            for each, own in ((Method(scheme, loss=loss), LossClassifier(loss, scheme)),)
        ),
    ]


def _learners() -> list[Candidate]:
    boosting, network = HistGradientBoostingClassifier(), MLPClassifier()
    return [
        Candidate("lda", "discriminant, shrunk", LinearDiscriminantAnalysis("lsqr", "auto")),
        *_forests(),
        Candidate("boosting", "gradient boosting, as it is", boosting, "as-is"),
        Candidate("boosting+prior", "gradient boosting, prior correction", boosting),
        Candidate(
            "boosting-class-weight",
            "gradient boosting, class_weight",
            HistGradientBoostingClassifier(class_weight="balanced"),
            "uniform",
        ),
        Candidate("network", "network, as it is", network, "as-is"),
        Candidate("network+prior", "network, prior correction", network),
        Candidate(
            "network-class-weight",
            "network, class weights",
            Balanced(network, ClassWeight()),
            "target",
            cites=ClassWeight.cites,
        ),
        Candidate(
            "network-oversample",
            "network, oversampled",
            Balanced(network, Oversample()),
            "target",
        ),
        Candidate(
            "network-undersample",
            "network, undersampled",
            Balanced(network, Undersample()),
            "target",
        ),
        Candidate(
            "tuned-threshold",
            "logistic regression, tuned threshold",
            TunedThreshold(LogisticRegression(max_iter=1000)),
            "target",
            two_classes=True,
        ),
    ]


CANDIDATES: Mapping[str, Candidate] = MappingProxyType(
    {each.id: each for each in (*_linear(), *_losses(), *_learners())}
)
"""Methods by id."""

SAMPLERS: Mapping[str, tuple[str, str, str]] = MappingProxyType(
    {
        "smote": ("over_sampling", "SMOTE", "chawla2002"),
        "borderline-smote": ("over_sampling", "BorderlineSMOTE", "han2005"),
        "adasyn": ("over_sampling", "ADASYN", "he2008"),
        "smote-enn": ("combine", "SMOTEENN", "batista2004"),
        "smote-tomek": ("combine", "SMOTETomek", "batista2004"),
        "near-miss": ("under_sampling", "NearMiss", "mani2003"),
    }
)
"""Samplers of imbalanced-learn by id: module, class and origin, a key of `references.bib`."""

IMBLEARN_FOREST = "imblearn-balanced-forest"
"""Id of the balanced forest of imbalanced-learn, of which "balanced-forest" is ours."""

LINEAR = tuple(
    "class-weights class-weights+loo class-weights+loo-temperature unweighted unweighted+prior "
    "unweighted+loo firth+prior undersample undersample-with-replacement under-bagging-10 "
    "under-bagging-2-disjoint oversample cap-100 thin-0.5 discriminant+prior "
    "discriminant+loo discriminant+loo-temperature auto effective-number "
    "effective-number+prior bridge-0.5+prior local-case-control separate-small".split()
)
"""Linear methods."""

LOSSES = tuple(
    "class-weights+focal class-weights+focal+corrected focal focal+corrected class-weights+ldam "
    "ldam ldam+corrected vs logit-adjusted".split()
)
"""Other losses of logits."""

LEARNERS = tuple(
    "tuned-threshold lda forest forest+prior forest+oob forest-class-weight "
    "forest-class-weight+oob forest-balanced-subsample forest-balanced-subsample+oob "
    "balanced-forest balanced-forest+oob boosting boosting+prior boosting-class-weight network "
    "network+prior network-class-weight network-oversample".split()
)
"""Other learners."""

DEFAULT = tuple(
    "class-weights class-weights+loo-temperature auto unweighted unweighted+prior firth+prior "
    "class-weights+focal undersample under-bagging-10 oversample effective-number separate-small "
    "discriminant+loo-temperature tuned-threshold forest+prior balanced-forest "
    "boosting-class-weight network+prior".split()
)
"""Ids of the methods that are compared if none are named, each kind once; imbalanced-learn adds
"smote"."""

GROUPS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "default": DEFAULT,
        "linear": LINEAR,
        "losses": LOSSES,
        "learners": LEARNERS,
        "samplers": tuple(SAMPLERS),
        "all": (*CANDIDATES, *SAMPLERS, IMBLEARN_FOREST),
    }
)
"""Names for several methods."""


def origins() -> Mapping[str, tuple[str, ...]]:
    """Origins of the methods, those of imbalanced-learn too, whether or not it is installed.

    Returns
    -------
    Mapping[str, tuple of str]
        Keys of `references.bib` by id.
    """
    theirs = {id: (origin,) for id, (_, _, origin) in SAMPLERS.items()}
    own = {each.id: each.cites for each in CANDIDATES.values()}
    return {**own, **theirs, IMBLEARN_FOREST: _TREES}


def as_candidate(given: Any, n_classes: int | None = None) -> Candidate:
    """A method of a comparison from what names it.

    Parameters
    ----------
    given
        A `Candidate`, a `Method`, an id, a scikit-learn classifier, or a pair (id, classifier).
        Probabilities of a classifier are taken to be at the shares of the training rows, unless it
        is one of `mlbalance.estimators`, whose target is set, or a `Resampled` or `AtOwnPrior`,
        which knows.
    n_classes
        K, for a `Method` whose ridge is given (`from_method`).

    Returns
    -------
    The candidate.

    Raises
    ------
    InputError
        For anything else, or an unknown id.
    MissingExtraError
        For a sampler without imbalanced-learn.
    """
    match given:
        case Candidate():
            return given
        case Method():
            return from_method(given, n_classes)
        case str():
            return _by_id(given)
        case (str(id), estimator) if not isinstance(estimator, str):
            return Candidate(id, id, estimator, _prior_of(estimator))
    if not isinstance(given, type) and hasattr(given, "fit") and is_classifier(given):
        name = type(given).__name__
        return Candidate(name, name, given, _prior_of(given))
    raise InputError(
        "A method is an id, a Method, a classifier with predict_proba, or a pair of an id and a "
        f"classifier; {' '.join(repr(given).split())[:80]} is not."
    )


def _prior_of(estimator: Any) -> Prior:
    if isinstance(estimator, _WITH_TARGET):
        return "target"
    return "fitted" if isinstance(estimator, Resampled | AtOwnPrior) else "natural"


_WITH_TARGET = (
    Balanced,
    DiscriminantClassifier,
    LossClassifier,
    SeparateSmallClasses,
    SoftmaxClassifier,
    TunedThreshold,
)


def _by_id(id: str) -> Candidate:
    if id in CANDIDATES:
        return CANDIDATES[id]
    if id in SAMPLERS:
        require(f"The method {id!r}", "imblearn")
        from importlib import import_module

        module, name, origin = SAMPLERS[id]
        sampler = getattr(import_module(f"imblearn.{module}"), name)()
        return Candidate(id, f"{name}, softmax", Resampled(sampler), "fitted", cites=(origin,))
    if id == IMBLEARN_FOREST:
        require(f"The method {id!r}", "imblearn")
        from imblearn.ensemble import BalancedRandomForestClassifier

        forest = BalancedRandomForestClassifier()
        label = "balanced forest of imbalanced-learn"
        return Candidate(id, label, forest, "uniform", cites=_TREES)
    known = (*CANDIDATES, *SAMPLERS, IMBLEARN_FOREST, *GROUPS)
    close = difflib.get_close_matches(id, known, cutoff=0.6)
    hint = f"Did you mean {' or '.join(close)}?" if close else f"Known are {', '.join(known)}."
    raise InputError(f"No method is called {id!r}. {hint}")


def as_candidates(given: Any, counts: IntArray) -> tuple[list[Candidate], list[str]]:
    """Methods of a comparison, the reference first.

    Parameters
    ----------
    given
        None for the default, or a sequence of what `as_candidate` takes and names of `GROUPS`.
    counts
        (K,) rows per class; methods that are not for them are left out of groups.

    Returns
    -------
    The candidates, each once, and sentences on what was left out.

    Raises
    ------
    InputError
        As `as_candidate`, and for two methods of one id.
    """
    from importlib.util import find_spec

    notes: list[str] = []
    if given is None or isinstance(given, str) or not isinstance(given, Sequence):
        given = ["default" if given is None else given]
    if "default" in given:
        notes.append("Every kind of method was compared once; --methods all takes all of them.")
        if find_spec("imblearn") is None:
            notes.append(
                "SMOTE was not compared, since imbalanced-learn is not installed: "
                "pip install 'mlbalance[compare]'."
            )
        else:
            given = [*given, "smote"]
    words: list[Any] = []
    for each in given:
        group = GROUPS.get(each) if isinstance(each, str) else None
        words += [each] if group is None else _fitting(group, counts)
    found: dict[str, Candidate] = {}
    for each in (as_candidate(word, counts.size) for word in dict.fromkeys(words)):
        if found.setdefault(each.id, each) is not each:
            raise InputError(
                f"Two methods are called {each.id}. Give one of them another id, as in "
                f"('{each.id}-2', classifier)."
            )
        if refusal := each.refusal(counts):
            raise InputError(refusal)
    reference = found.pop(REFERENCE, CANDIDATES[REFERENCE])
    return [reference, *found.values()], notes


def _fitting(ids: Sequence[str], counts: IntArray) -> list[str]:
    """Ids without those of methods that are not for these counts."""
    return [id for id in ids if id not in CANDIDATES or not CANDIDATES[id].refusal(counts)]
