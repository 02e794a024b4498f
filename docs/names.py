"""Names of other libraries and ours for the same thing; a test imports both sides."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from mlbalance.report import Code, Document, Section, Table, paragraph

__all__ = ["TABLES", "Name", "document"]


class Name(NamedTuple):
    """One name of theirs, what is closest here, and what differs."""

    theirs: str
    ours: str
    note: str


TABLES: dict[str, tuple[Name, ...]] = {
    "imbalanced-learn": (
        Name(
            "imblearn.under_sampling.RandomUnderSampler",
            "mlbalance.schemes:Undersample",
            "the same draw; replace=True draws with replacement",
        ),
        Name(
            "imblearn.over_sampling.RandomOverSampler",
            "mlbalance.schemes:Oversample",
            "the same draw; keep=False draws the rows that are there anew",
        ),
        Name(
            "imblearn.over_sampling.SMOTE",
            "mlbalance.theory:smote_moments",
            "no scheme, as rows are made up: what it does to moments and slopes is predicted, and "
            "compare has it with any classifier",
        ),
        Name(
            "imblearn.ensemble.BalancedBaggingClassifier",
            "mlbalance.estimators:Balanced",
            "ten undersampled bags around a classifier; their limit for a softmax is AnalyticBag",
        ),
        Name(
            "imblearn.ensemble.BalancedRandomForestClassifier",
            "mlbalance.estimators:Balanced",
            "around RandomForestClassifier",
        ),
        Name(
            "imblearn.metrics.geometric_mean_score",
            "mlbalance.compare:compare",
            "reports balanced error, worst recall and macro F1 in its place",
        ),
    ),
    "scikit-learn": (
        Name(
            "sklearn.linear_model.LogisticRegression",
            "mlbalance.estimators:SoftmaxClassifier",
            'with class_weight="balanced" the same coefficients at the same ridge',
        ),
        Name(
            "sklearn.utils.class_weight.compute_class_weight",
            "mlbalance.schemes:ClassWeight",
            "its weights, as a scheme",
        ),
        Name(
            "sklearn.discriminant_analysis.LinearDiscriminantAnalysis",
            "mlbalance.estimators:DiscriminantClassifier",
            "with ridge, intercepts and temperature by rows left out",
        ),
        Name(
            "sklearn.calibration.CalibratedClassifierCV",
            "mlbalance.corrections:LeaveOneOut",
            "intercepts and one temperature, by rows left out in closed form, without folds",
        ),
        Name(
            "sklearn.model_selection.TunedThresholdClassifierCV",
            "mlbalance.compare:TunedThreshold",
            "among the methods that compare takes",
        ),
        Name(
            "sklearn.metrics.balanced_accuracy_score",
            "mlbalance.theory:balanced_error",
            "one minus it; score of the estimators at the balanced target",
        ),
    ),
    "R": (
        Name("glm(family = binomial)", "mlbalance.softmax:fit", "two classes are a softmax too"),
        Name("nnet::multinom", "mlbalance.softmax:fit", "weights as its argument weights"),
        Name(
            "survey::svyglm",
            "mlbalance.estimators:SoftmaxClassifier",
            "classes as strata: the covariance is design",
        ),
        Name(
            "sandwich::vcovHC",
            "mlbalance.theory:covariance",
            'type "HC0" is robust; fixed counts need design',
        ),
        Name("brglm2::brmultinom", "mlbalance.softmax:fit_firth", "Firth's penalty"),
        Name(
            "detectseparation::detect_separation",
            "mlbalance.existence:verdict",
            "and a certificate that can be checked",
        ),
        Name("MASS::lda", "mlbalance.estimators:DiscriminantClassifier", "with a ridge"),
    ),
}
"""By library; names of R are read by people alone."""


def document() -> Document:
    """A table for each library."""
    return Document("", tuple(_sections()))


def _sections() -> Iterator[Section]:
    for library, names in TABLES.items():
        rows = tuple((Code(n.theirs), Code(n.ours), paragraph(n.note)) for n in names)
        head = (library, "here", "what differs")
        yield Section(f"For users of {library}", (Table(rows, head, columns="llp"),))
