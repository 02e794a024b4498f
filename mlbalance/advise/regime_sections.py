"""Text on the regime: its name, the action it calls for, and the errors predicted there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from mlbalance.advise.error_table import (
    BEST_THRESHOLD,
    ErrorTable,
    label_of,
    method_of,
)
from mlbalance.advise.matched import Matched
from mlbalance.advise.regime import Fits, Regime
from mlbalance.methods import Method
from mlbalance.report import Block, Code, Inline, Math, Paragraph, Table, paragraph
from mlbalance.report.numbers import count
from mlbalance.schemes import ClassWeight

if TYPE_CHECKING:
    from mlbalance.advise.numbers import Numbers

__all__ = ["action", "errors", "verdict"]

_SHOWN = (0.01, 0.1, 1.0)  # ridges of the grid that the text shows
_CLOSE = 0.01  # relative difference of two errors below which there is little to gain
_LEFT_OUT = "Keep all rows, with a ridge, and set the intercepts on rows left out of the fit"
_BAGS = "average the logits of many undersamples, with a ridge (under-bagging)"

_FLIP = Math("d (1/n_min - 1/n_maj)", r"d (1/n_{\min} - 1/n_{\mathrm{maj}})")
_DELTA = Math("d (1/n_min - mean of 1/n_k)", r"d (1/n_{\min} - \operatorname{mean} 1/n_k)")


def action(advice: Numbers) -> Paragraph | None:
    """Action where first order does not decide.

    Parameters
    ----------
    advice
        Numbers of the advice.

    Returns
    -------
    A paragraph; None where first order decides.
    """
    given = advice.regime
    if given is None or given.name in (None, "first-order"):
        return None
    if advice.recommendation == "prior-correction":
        call = (
            'SoftmaxClassifier(Unweighted(), correction="loo", temperature=True, ridge="loo", '
            'target="natural")'
        )
        return paragraph(
            "Fit all rows unweighted, with a ridge, and set intercepts and scale on rows left out "
            "of the fit, as probabilities are too extreme: ",
            Code(call),
            ".",
        )
    if advice.recommendation != "class-weights":
        return None
    chosen = None if given.predicted is None else given.predicted.recommended
    method = method_of(chosen or "class-weights+loo")
    return _use(method, advice.target_prior is not None, len(advice.counts))


def _use(method: Method, at_prior: bool, n_classes: int) -> Paragraph:
    """How to fit by a method, from its parts."""
    target = ", target=tau" if at_prior else ""
    first = "" if method.scheme == ClassWeight() else f"{method.scheme!r}, "
    discriminant = Code(f"DiscriminantClassifier({target[2:]})")
    if method.loss != "softmax":
        return paragraph(f"{_LEFT_OUT}: ", discriminant, f". Or {_BAGS}.")
    if method.scheme.bags > 1:
        other = ". Or keep all rows at a larger ridge, set with the intercepts by rows left out: "
        softmax = Code(f'SoftmaxClassifier(correction="loo", ridge="loo"{target})')
        instead = discriminant if n_classes == 2 else softmax
        return paragraph(f"{_BAGS[:1].upper()}{_BAGS[1:]}{other}", instead, ".")
    if method.correction.needs == "rows":
        call = Code(f'SoftmaxClassifier({first}correction="loo", ridge="loo"{target})')
        return paragraph(f"{_LEFT_OUT}: ", call, f". Or {_BAGS}.")
    if method.correction.needs == "shares":
        call = Code(f'SoftmaxClassifier({first}correction="prior", ridge="loo"{target})')
        return paragraph(
            "Keep all rows unweighted and correct for the prior, with a ridge chosen with care: ",
            call,
            f". Or {_BAGS}.",
        )
    if method.scheme.random:
        return paragraph("Undersample, with a ridge.")
    weight: tuple[Inline, ...] = (
        (Math("tau_k/n_k", r"\tau_k/n_k"),)
        if at_prior
        else (Math("1/n_k"), " (", Code('class_weight="balanced"'), ")")
    )
    return paragraph("Keep all rows, each of class k weighted ", *weight, ", with a ridge.")


def verdict(advice: Numbers) -> tuple[Paragraph, ...]:
    """Regime, its meaning for the choice of a scheme, and the classes it is computed for.

    Parameters
    ----------
    advice
        Numbers of the advice.

    Returns
    -------
    Paragraphs; none without a number of features.
    """
    given = advice.regime
    if given is None:
        return ()
    said = _meaning(advice, given)
    if advice.target_prior is None:  # the rest concerns balanced error
        said += (*_at_threshold_zero(given), _excess(advice, given))
    return (paragraph(*said), *_assumptions(given))


def _at_threshold_zero(given: Regime) -> Iterator[Inline]:
    if given.flip is None or given.name == "first-order":
        return
    above = given.delta > given.flip
    yield (
        " At threshold zero and a strong ridge an undersample has the "
        f"{'smaller' if above else 'larger'} balanced error: "
    )
    yield Math(f"{_FLIP.text} = {given.delta:,.3g}", f"{_FLIP.latex} = {given.delta:.3g}")
    yield (
        f" is {'above' if above else 'below'} {given.flip:.3g}. With the best threshold for each, "
        "class weights win there."
    )


def _excess(advice: Numbers, given: Regime) -> str:
    if given.excess_ratio is None or advice.recommendation == "no-difference":
        return ""
    return (
        f" Without a ridge an undersample has {given.excess_ratio:.3g} times the excess error "
        f"of class weights; to first order {advice.harmonic_mean / min(advice.counts):.3g}."
    )


def _meaning(advice: Numbers, given: Regime) -> tuple[Inline, ...]:
    d = count(given.features, "feature")
    few = "is little" if given.features == 1 else "are few"
    equal = advice.recommendation == "no-difference"
    if given.name == "all-separable":
        against = (
            "" if given.flip is None else ", whose intercept is biased against the rarer class"
        )
        return (
            f"All separable: with {d} a linear rule separates all {count(advice.n)}, so "
            "there is no fit without a ridge. As the ridge vanishes so does any effect of weights: "
            f"fits tend to the hyperplane of the largest margin{against}. Use a ridge. The "
            "first-order numbers below do not hold.",
        )
    if given.name == "undersample-separable":
        return (
            f"Undersample separable: with {d} all {count(advice.n)} have a fit without a ridge, "
            "weighted or not, but an undersample has none. The first-order numbers below do not "
            "hold for it.",
        )
    if given.name is None:
        return _without_name(given, d)
    cost = f"{100 * max(given.taken_back or 0.0, 0.0):.2g}\xa0%"
    if given.name == "intercept-biased":
        return (
            f"Intercept-biased: with {d}, rows of a rare class raise their own logits, and class "
            "weights set the intercepts on these logits. The bias of the intercepts costs them "
            f"{cost} of their advantage over an undersample, which the first-order numbers below "
            "leave out.",
        )
    if equal:
        return (f"First order: {d} {few} for these rows.",)
    return (
        f"First order: {d} {few} for these rows. The bias of the intercepts costs class weights "
        f"{cost} of their advantage over an undersample, so the numbers below are approximate.",
    )


def _without_name(given: Regime, d: str) -> tuple[Inline, ...]:
    kept, everything = (given.fits[n].separable for n in ("undersample", "class-weights"))
    delta = (
        f"The smallest class has {given.delta:,.3g} more features per row than the others, ",
        _DELTA,
    )
    if kept:
        return (
            f"Undersample separable at least: with {d} it has no fit without a ridge; whether all "
            "rows have one is not known. Use a ridge. The first-order numbers below do not hold "
            "for it. ",
            *delta,
            ".",
        )
    if kept is not None and everything is not None:
        return (
            f"With {d} there are fits without a ridge; the bias of the intercepts of class weights "
            "is not computed here. ",
            *delta,
            ".",
        )
    lacking = "give --separation too" if given.separation is None else "too large to simulate"
    return (
        f"Not known from counts and {d}: {lacking}. ",
        *delta,
        "; for two classes an undersample beats class weights at threshold zero from about 4 on.",
    )


def _assumptions(given: Regime) -> Iterator[Paragraph]:
    if given.separation is None:
        return
    everything, kept = given.fits["class-weights"], given.fits["undersample"]
    classes = (
        f"For Gaussian classes with means {given.separation:g} apart in the limit of many rows"
    )
    if everything.threshold is None or kept.threshold is None:
        yield paragraph(f"{classes} and features; whether there is a fit, by simulation (below).")
        return
    samples = {"all rows": everything}
    if everything.load != kept.load:
        samples["an undersample"] = kept
    if given.predicted is None:
        limits = ", ".join(_from(name, fits) for name, fits in samples.items())
        yield paragraph(
            f"{classes} and features, as no --separation was given; separable: {limits}."
        )
        return
    loads = ", ".join(
        f"{name} ({fits.load:,.3g} per feature) separable below {fits.threshold:,.3g}"
        for name, fits in samples.items()
    )
    yield paragraph(f"{classes} and features: {loads} rows per feature.")


def _from(sample: str, fits: Fits) -> str:
    if fits.separable_from is None:
        return f"{sample} nowhere below 8"
    if not fits.separable_from:
        return f"{sample} at any separation"
    return f"{sample} from {fits.separable_from:.2g} on"


def errors(advice: Numbers) -> tuple[Block, ...]:
    """Table of predicted errors, and its conclusion.

    Parameters
    ----------
    advice
        Numbers of the advice.

    Returns
    -------
    Blocks of a section; none where no errors were predicted.
    """
    if advice.regime is None or advice.regime.predicted is None:
        return ()
    table = advice.regime.predicted
    kind = "Balanced error" if advice.target_prior is None else "Error at tau"
    head = (
        f"{kind} on new rows in %, by ridge on the mean-loss scale, in the limit of many rows and "
        "features:"
    )
    said = [paragraph(_conclusion(table, balanced=advice.target_prior is None))]
    if table.matched is not None:
        said.append(paragraph(_as_all_rows(table.matched)))
    return (paragraph(head), _table(table), *said)


def _as_all_rows(matched: Matched) -> str:
    return (
        f"Infinitely many bags at ridge {matched.ridge:.3g} have "
        f"{matched.degrees_of_freedom:,.3g} effective degrees of freedom, and least squares on all "
        f"rows as many at ridge {matched.all_rows:.3g}. There it errs "
        f"{_percent(matched.error)}\xa0% at its best threshold, the least at so many for any "
        "convex loss and number of bags."
    )


def _table(table: ErrorTable) -> Table:
    shown = [r for r, ridge in enumerate(table.ridges) if _is_shown(ridge, table)]
    best = len(table.ridges) > 1
    head = ("ridge", *(f"{table.ridges[r]:.3g}" for r in shown), *(["best"] if best else []))
    rows = (
        (
            label_of(name),
            *(_percent(values[r]) for r in shown),
            *([_percent(table.best(name))] if best else []),
        )
        for name, values in table.errors.items()
    )
    return Table(tuple(rows), head)


def _is_shown(ridge: float, table: ErrorTable) -> bool:
    return len(table.ridges) <= 4 or any(abs(ridge - r) < 1e-9 * r for r in _SHOWN)


def _percent(error: float | None) -> str:
    return f"{100 * error:.1f}" if error is not None and error == error else "-"


def _conclusion(table: ErrorTable, *, balanced: bool) -> str:
    if table.recommended is None:
        return "The equations were solved at none of these ridges. Give a larger --ridge."
    least, weights = table.best(table.recommended), table.best("class-weights")
    said = f"Smallest: {label_of(table.recommended)}, {_percent(least)}\xa0%."
    if table.recommended != "class-weights":
        close = ", so there is little to gain" if weights <= (1 + _CLOSE) * least else ""
        said += f" Class weights as they are: {_percent(weights)}\xa0%{close}."
    # At another prior zero is not the best threshold of an undersample.
    return f"{said}{_one_undersample(table)}" if balanced else said


def _one_undersample(table: ErrorTable) -> str:
    """Ridges where it beats class weights at threshold zero only; empty if there are none."""
    names = "class-weights", "undersample", BEST_THRESHOLD
    columns = list(zip(*(table.errors[name] for name in names), strict=True))
    wins = [w is not None and k is not None and k < w for w, k, _ in columns]
    lost = [b is None or k is None or b <= k + 1e-9 for _, k, b in columns]
    if not any(wins) or not all(lost):
        return ""
    where = "all of these ridges" if all(wins) else "some of these ridges"
    return (
        f" At {'this ridge' if len(wins) == 1 else where} one undersample beats class weights at "
        "threshold zero; with the best threshold for each, it does not."
    )
