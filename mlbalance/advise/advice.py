"""Advice for K class counts as a record, and the function that computes it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy.typing as npt

from mlbalance import theory
from mlbalance.advise.collecting import collect
from mlbalance.advise.document import document
from mlbalance.advise.error_table import as_ridges, predict_errors
from mlbalance.advise.gaussian import GaussianAdvice, gaussian_advice
from mlbalance.advise.numbers import Numbers
from mlbalance.advise.options import Bags, bags_within, natural_shift
from mlbalance.advise.regime import REGIMES, Regime, check_features, regime
from mlbalance.advise.sampling import sampled
from mlbalance.inputs import InputError, IntArray, PriorError, as_counts, as_prior
from mlbalance.methods import methods
from mlbalance.report import Document, text
from mlbalance.schemes import ClassWeight, Scheme, Undersample

__all__ = ["TARGETS", "Advice", "advise"]

TARGETS = ("balanced", "natural")
"""Criterion: balanced error, or probabilities at the prior of the data."""

_METHODS = methods(
    "class-weights",
    "undersample",
    "undersample-with-replacement",
    "oversample",
    "bootstrap",
    "under-bagging-10",
)
_LEAST_SHARE = 1e-12
_MANY_FEATURES = ("self-influence", "under-bagging")
_OF_TWO_CLASSES = ("flip", "loo-intercept", "mle-threshold")
_BALANCED = ("conditional-mean", "cv2", "score-variance", "loewner", "harmonic", "kish", "budget")


@dataclass(frozen=True)
class Advice(Numbers):
    """Recommendation for K class counts: its numbers as fields, its text, and its document."""

    def text(self, width: int = 80) -> str:
        """The advice as plain text, for someone who has to decide.

        Parameters
        ----------
        width
            Largest number of columns of a line.

        Returns
        -------
        The text.

        Raises
        ------
        InputError
            For fewer than 60 columns.
        """
        if width < 60:
            raise InputError(f"Advice needs at least 60 columns; {width} were given.")
        return text.render(self.document(), width)

    def document(self) -> Document:
        """The advice as a document, for any renderer of `mlbalance.report`."""
        return document(self)


def advise(
    counts: npt.ArrayLike,
    *,
    target: str = "balanced",
    features: int | None = None,
    separation: float | None = None,
    ridge: npt.ArrayLike | None = None,
    target_prior: npt.ArrayLike | None = None,
    budget: int | None = None,
    bags_within: float | None = None,
    natural: npt.ArrayLike | bool | None = None,
    rows: float | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Advice:
    """Recommend a scheme for class counts, before any feature is seen.

    Parameters
    ----------
    counts
        (K,) rows per class.
    target
        One of `TARGETS`. For "natural" the ratios still compare balanced fits, whose intercepts
        are corrected afterwards.
    features
        Number of features d, which decides the regime (`Regime`).
    separation
        Distance of neighbouring means, in standard deviations, of the Gaussian classes of
        `populations.symmetric`. Together with `features` it adds first-order ratios, P(no MLE) and
        balanced errors in the proportional limit.
    ridge
        One ridge or several, on the mean-loss scale, for the balanced errors; a grid for None.
    target_prior
        (K,) target prior of balanced fits; uniform for None.
    budget
        Number of rows to collect next.
    bags_within
        Excess variance over class weighting, relative to it, that averaged undersamples may have.
    natural
        Prior (K,) for which the shift of the intercepts is given; n_k/n for True.
    rows
        Total number of rows, in the proportions of the counts; adds the price in variance of a
        sample of a million of them.
    progress
        Called with the number of ridges whose errors are predicted so far, and that of all ridges.

    Returns
    -------
    The advice; fields of options that were not given are None.

    Raises
    ------
    CountsError, PriorError, InputError
        For counts, priors or options that are out of range or do not go together.
    """
    n_k = as_counts(counts, "Advice")
    if target not in TARGETS:
        raise InputError(f'A target is "balanced" or "natural"; {target!r} was given.')
    if target == "natural" and target_prior is not None:
        raise InputError(
            'A target prior is for balanced fits; the target "natural" is the prior of the data. '
            "Give one of them."
        )
    tau = as_prior(target_prior, n_k.size)
    if tau.min() < _LEAST_SHARE:
        raise PriorError(
            f"Advice needs every share of the target prior to be {_LEAST_SHARE:g} or more; that of "
            f"class {tau.argmin()} is {tau.min():.3g}. Drop the class, or give it more."
        )
    prior = None if target_prior is None else tuple(tau.tolist())
    schemes = {method.id: method.scheme.with_prior(prior) for method in _METHODS}
    ratios = {name: theory.variance_ratio(n_k, scheme) for name, scheme in schemes.items()}
    share, value = theory.budget(n_k, prior)
    recommendation, because = _recommend(bool((n_k == n_k[0]).all()), target)
    found, gaussian = _features(n_k, schemes, prior, features, separation, ridge, progress)
    return Advice(
        target=target,
        counts=tuple(n_k.tolist()),
        n=sum(n_k.tolist()),
        harmonic_mean=theory.harmonic_mean(n_k),
        effective_size=theory.effective_size(n_k, ClassWeight(prior=prior)),
        effective_size_undersampled=theory.effective_size(n_k, Undersample(prior=prior)),
        variance_ratio=ratios,
        variance_share=tuple(share.tolist()),
        row_value=tuple(value.tolist()),
        recommendation=recommendation,
        because=(*because, *_reasons(found)),
        target_prior=prior,
        regime=found,
        gaussian=gaussian,
        budget=None if budget is None else collect(n_k.tolist(), tau.tolist(), budget),
        bags_needed=_bags(n_k, prior, ratios["undersample"], bags_within),
        natural_shift=None
        if natural is False or natural is None
        else natural_shift(n_k, tau, natural),
        sampled=None if rows is None else sampled(n_k, prior, rows),
    )


def _features(
    n_k: IntArray,
    schemes: Mapping[str, Scheme],
    prior: tuple[float, ...] | None,
    features: int | None,
    separation: float | None,
    ridge: npt.ArrayLike | None,
    progress: Callable[[int, int], None] | None,
) -> tuple[Regime | None, GaussianAdvice | None]:
    """The regime, and the advice for Gaussian classes where a separation is given."""
    if ridge is not None and (features is None or separation is None):
        raise InputError(
            "Errors at a ridge are predicted for given features and separation. Give all three, "
            "as in --features 50 --separation 2 --ridge .1."
        )
    ridges = None if ridge is None else as_ridges(ridge, n_k.size)
    if features is None and separation is None:
        return None, None
    d, s = check_features(features, separation)
    if s is None:
        return regime(n_k, d, s, {}, None), None
    gaussian = gaussian_advice(n_k, schemes, prior, d, s)
    table = predict_errors(n_k, d, s, prior, ridges, progress)
    return regime(n_k, d, s, gaussian.no_mle, table, uniform=prior is None), gaussian


def _reasons(found: Regime | None) -> tuple[str, ...]:
    """Labels of the claims that a regime rests on."""
    if found is None:
        return ()
    two = _OF_TWO_CLASSES if found.fits["undersample"].threshold is not None else ()
    margin = ("max-margin",) if two and found.name == REGIMES[-1] else ()
    predicted = found.predicted
    matched = ("effective-ridge",) if predicted is not None and predicted.matched else ()
    return (*_MANY_FEATURES, *two, *margin, *matched)


def _bags(
    n_k: IntArray, prior: tuple[float, ...] | None, ratio: float, within: float | None
) -> Bags | None:
    return None if within is None else bags_within(n_k, prior, ratio, within)


def _recommend(equal: bool, target: str) -> tuple[str, tuple[str, ...]]:
    """Recommendation from counts alone, and its claims; the text may overrule it by the regime."""
    if equal:
        return "no-difference", ("conditional-mean", "cv2")
    if target == "natural":
        return "prior-correction", ("score", *_BALANCED)
    return "class-weights", _BALANCED
