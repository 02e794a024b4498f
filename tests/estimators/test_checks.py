"""scikit-learn's own checks, and the exceptions to them: each is listed with its reason."""

import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.utils.estimator_checks import parametrize_with_checks

from mlbalance.estimators import (
    Balanced,
    DiscriminantClassifier,
    LossClassifier,
    SoftmaxClassifier,
)
from mlbalance.losses import VectorScaling
from mlbalance.schemes import (
    Bagging,
    BalancedSampler,
    Cap,
    ClassWeight,
    Oversample,
    Undersample,
    Unweighted,
)

EQUIVALENCE = [
    "check_sample_weight_equivalence_on_dense_data",
    "check_sample_weight_equivalence_on_sparse_data",
]
DRAWS = "Copies are drawn as rows are, but from a list in another order: the same law, other draws."
FIRTH = {
    EQUIVALENCE[0]: "Jeffreys' prior needs more rows than features; the check has 30 for 15 rows.",
}

SOFTMAX = [
    SoftmaxClassifier(),
    SoftmaxClassifier(ClassWeight(), target="natural"),
    SoftmaxClassifier(correction="loo"),
    SoftmaxClassifier(correction="loo", temperature=True),
    SoftmaxClassifier(ridge="loo"),
    SoftmaxClassifier(ridge="cv"),
    SoftmaxClassifier(Unweighted()),
    SoftmaxClassifier(Unweighted(), penalty="firth"),
    SoftmaxClassifier(Undersample(), correction="none"),
    SoftmaxClassifier(Bagging(Undersample(), 3)),
    SoftmaxClassifier(Oversample(keep=False)),
    SoftmaxClassifier(BalancedSampler()),
    SoftmaxClassifier(Cap(10)),
]
DISCRIMINANT = [
    DiscriminantClassifier(),
    DiscriminantClassifier(ridge=0.1, target="natural"),
    DiscriminantClassifier(ridge=1.0, correction="prior"),
]
OTHER = [
    LossClassifier(ridge=None),
    LossClassifier(VectorScaling(), Unweighted(), corrected=False),
]
BALANCED = [
    Balanced(LogisticRegression()),
    Balanced(LogisticRegression(), Unweighted(), target="natural", correction="none"),
    Balanced(LogisticRegression(), Undersample(), n_jobs=1),
    Balanced(LogisticRegression(), Bagging(Oversample(), 3)),
    Balanced(KNeighborsClassifier(), Bagging(Undersample(), 3)),
]


def exceptions(estimator):
    if getattr(estimator, "penalty", None) == "firth":
        return FIRTH
    if isinstance(getattr(estimator, "scheme", None), ClassWeight | Unweighted | None):
        return {}
    # A softmax classifier takes no sparse features, so that the second check is not made of it.
    made = EQUIVALENCE[: 2 if isinstance(estimator, Balanced) else 1]
    return dict.fromkeys(made, DRAWS)


@parametrize_with_checks(
    [*SOFTMAX, *DISCRIMINANT, *OTHER, *BALANCED],
    expected_failed_checks=exceptions,
    xfail_strict=True,
)
def test_scikit_learn_has_no_complaints(estimator, check):
    check(estimator)


@pytest.mark.parametrize("estimator", [*SOFTMAX, *DISCRIMINANT, *OTHER, *BALANCED], ids=str)
def test_only_draws_and_firth_are_excepted(estimator):
    drawn = not isinstance(getattr(estimator, "scheme", None), ClassWeight | Unweighted | None)
    firth = getattr(estimator, "penalty", None) == "firth"
    assert bool(exceptions(estimator)) == (drawn or firth)
