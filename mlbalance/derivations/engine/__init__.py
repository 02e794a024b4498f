"""Machinery of proofs: steps and their checks, moments, sums of symbolic length, printing."""

from mlbalance.derivations.engine.checks import (
    Check,
    equal,
    equal_at,
    equal_given,
    equal_matrices,
    nonnegative,
    positive,
    simplified,
)
from mlbalance.derivations.engine.evaluation import evaluate
from mlbalance.derivations.engine.moments import Moments, covariance, expectation
from mlbalance.derivations.engine.steps import (
    Derivation,
    Equation,
    Step,
    StepResult,
    argued,
    computed,
)
from mlbalance.derivations.engine.sums import expanded, normal

__all__ = [
    "Check",
    "Derivation",
    "Equation",
    "Moments",
    "Step",
    "StepResult",
    "argued",
    "computed",
    "covariance",
    "equal",
    "equal_at",
    "equal_given",
    "equal_matrices",
    "evaluate",
    "expanded",
    "expectation",
    "nonnegative",
    "normal",
    "positive",
    "simplified",
]
