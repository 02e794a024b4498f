"""Performance measures over replicates, each a pair: value and Monte Carlo standard error.

Formulas are those of Morris, White & Crowther 2019 (Statistics in Medicine 38:2074), Table 6, for
R independent replicates with estimates t_r, model standard errors s_r and truth t; relative
measures are ratios, not percentages.

Parameters have the same meaning in all functions: `estimates`, `errors` and `values` are arrays
(R,) of t_r, s_r and numbers of any kind, in units of the estimand; `truth` is t; `level` is the
nominal coverage. `dependence` is c of replicates that share rows: their covariance is c/(1 + c) of
their variance, and the variance of a mean is (1/R + c) times their sample variance instead of 1/R
times (Nadeau & Bengio 2003).
"""

from __future__ import annotations

from math import ceil
from statistics import NormalDist

import numpy as np

from mlbalance.inputs import FloatArray, InputError

__all__ = [
    "bias",
    "bias_eliminated_coverage",
    "coverage",
    "empirical_se",
    "mean_and_error",
    "model_se",
    "mse",
    "quantile_and_error",
    "ratio_and_error",
    "relative_error_of_model_se",
    "relative_precision",
    "replications_needed",
    "rmse",
]

_MOST = 1e15  # replications; more cannot be run

Measured = tuple[float, float]
"""Value and Monte Carlo standard error; NaN where there are too few replicates for either."""


def mean_and_error(values: FloatArray, dependence: float = 0.0) -> Measured:
    """Mean of replicates (R,) and its standard error, sd sqrt(1/R + dependence)."""
    return float(values.mean()), _sd(values) * float(np.sqrt(1 / values.size + dependence))


def ratio_and_error(over: FloatArray, under: FloatArray) -> Measured:
    """Ratio of the means of paired replicates (R,) and its delta-method standard error."""
    ratio = over.mean() / under.mean()
    return float(ratio), mean_and_error(over - ratio * under)[1] / abs(float(under.mean()))


def bias(estimates: FloatArray, truth: float, dependence: float = 0.0) -> Measured:
    """Bias mean(t_r) - t; its error is that of the mean."""
    return mean_and_error(estimates - truth, dependence)


def empirical_se(estimates: FloatArray) -> Measured:
    """Standard deviation S of t_r, with R - 1; its error S/sqrt(2 (R - 1)) is for normal t_r."""
    return _sd(estimates), _sd(estimates) * _half(estimates.size) ** 0.5


def model_se(errors: FloatArray) -> Measured:
    """Average model standard error M = sqrt(mean(s_r^2)).

    Its error is sqrt(var(s_r^2) / (4 R M^2)).
    """
    root = float(np.sqrt((errors**2).mean()))
    return root, _over(mean_and_error(errors**2)[1], 2 * root)


def relative_error_of_model_se(estimates: FloatArray, errors: FloatArray) -> Measured:
    """Relative error M/S - 1 of the model SE, above zero where it is too large.

    Its error is (M/S) sqrt(var(s_r^2) / (4 R M^4) + 1/(2 (R - 1))), as if the t_r were normal and
    independent of the s_r.
    """
    model, its_error = model_se(errors)
    ratio = _over(model, _sd(estimates))
    error = ratio * np.hypot(_over(its_error, model), _half(estimates.size) ** 0.5)
    return ratio - 1, float(error)


def mse(estimates: FloatArray, truth: float, dependence: float = 0.0) -> Measured:
    """Mean squared error mean((t_r - t)^2); its error is that of the mean."""
    return mean_and_error((estimates - truth) ** 2, dependence)


def rmse(estimates: FloatArray, truth: float, dependence: float = 0.0) -> Measured:
    """Root of the MSE; its error is that of the MSE over 2 RMSE (delta method)."""
    square, error = mse(estimates, truth, dependence)
    return float(np.sqrt(square)), _over(error, 2 * float(np.sqrt(square)))


def coverage(
    estimates: FloatArray,
    errors: FloatArray,
    truth: float,
    *,
    level: float = 0.95,
    dependence: float = 0.0,
) -> Measured:
    """Share C of the normal intervals t_r -/+ z s_r that cover t.

    Its error is sqrt(C (1 - C)/R).
    """
    z = NormalDist().inv_cdf(0.5 + level / 2)
    share = float((np.abs(estimates - truth) <= z * errors).mean())
    return share, float(np.sqrt(share * (1 - share) * (1 / estimates.size + dependence)))


def bias_eliminated_coverage(
    estimates: FloatArray, errors: FloatArray, *, level: float = 0.95
) -> Measured:
    """Coverage of mean(t_r) instead of the truth; its error as if that mean were known."""
    return coverage(estimates, errors, float(estimates.mean()), level=level)


def relative_precision(estimates: FloatArray, reference: FloatArray) -> Measured:
    """Relative precision P = var(reference) / var(estimates) of paired replicates (R,).

    It is above one for a gain; the percentage of Table 6 is 100 (P - 1). Its error is
    2 P sqrt((1 - corr^2)/(R - 1)) for bivariate normal pairs: where pairs are strongly correlated
    even a small gain has a small error.
    """
    own, other = _sd(estimates), _sd(reference)
    ratio = _over(other, own) ** 2
    centred = (estimates - estimates.mean()) * (reference - reference.mean())
    squared = min(_over(centred.sum() * 2 * _half(estimates.size), own * other) ** 2, 1.0)
    return ratio, float(2 * ratio * np.sqrt((1 - squared) * 2 * _half(estimates.size)))


def quantile_and_error(values: FloatArray, share: float = 0.5, dependence: float = 0.0) -> Measured:
    """Quantile of replicates (R,) and a distribution-free standard error.

    The error is half the distance between the order statistics one standard deviation
    sqrt(R share (1 - share)) of the rank below and above (Woodruff 1952, JASA 47:635), infinite
    where one of them lies beyond the sample. Values may be infinite. NaN is an unknown value: the
    quantile is that of the known ones, and the error allows for all unknown ones on either side.

    Parameters
    ----------
    values : array (R,)
    share : float
        Probability of the quantile, between 0 and 1.
    dependence : float
        Of the replicates; see the module.

    Returns
    -------
    Quantile and standard error, both NaN where every value is.
    """
    known = np.sort(values[~np.isnan(values)])
    if not known.size:
        return np.nan, np.nan
    R, unknown = values.size, values.size - known.size
    at = share * (R - 1)
    reach = np.sqrt(R * share * (1 - share) * (1 + R * dependence))
    low, high = _order_statistic(known, at - reach - unknown), _order_statistic(known, at + reach)
    value = _order_statistic(known, share * (known.size - 1))
    return value, 0.0 if low == high == value else float(high - low) / 2


def replications_needed(measure: str, guess: float, target: float) -> int:
    """Replications for a Monte Carlo standard error (Morris et al., section 5.3).

    Parameters
    ----------
    measure : "mean", "empirical SE" or "coverage"
        A bias needs as many as a mean.
    guess : float
        Standard deviation of the values for a mean, of the estimates for an empirical SE; the
        expected coverage, 1/2 being the worst case, for a coverage.
    target : float
        The Monte Carlo standard error, in the units of the measure.

    Returns
    -------
    Number of replications, at least 2.

    Raises
    ------
    InputError
        For another measure, for numbers out of range, and where more than 1e15 would be needed.
    """
    if not (np.isfinite(guess) and guess >= 0 and np.isfinite(target) and target > 0):
        raise InputError(
            f"Replications follow from a guess from 0 on and a target above 0; they are {guess:g} "
            f"and {target:g}."
        )
    if measure == "coverage" and guess > 1:
        raise InputError(f"A coverage is a share from 0 to 1; it is {guess:g}.")
    ratio = guess / target
    needed = {
        "mean": ratio * ratio,
        "empirical SE": 1 + ratio * ratio / 2,
        "coverage": ratio * ((1 - guess) / target),
    }
    if measure not in needed:
        raise InputError(
            f"Replications are known for {', '.join(needed)}; {measure!r} is none of them."
        )
    if not needed[measure] < _MOST:
        raise InputError(
            f"A Monte Carlo standard error of {target:g} would take more than {_MOST:g} "
            f"replications, at a guess of {guess:g}. Give a larger one."
        )
    # A quotient that is whole up to rounding errors must not be rounded up.
    return max(ceil(needed[measure] * (1 - 1e-12)), 2)


def _sd(values: FloatArray) -> float:
    return float(values.std(ddof=1)) if values.size > 1 else np.nan


def _half(size: int) -> float:
    """1/(2 (R - 1))."""
    return 0.5 / (size - 1) if size > 1 else np.nan


def _over(numerator: float, denominator: float) -> float:
    return float(numerator) / denominator if denominator else np.nan


def _order_statistic(values: FloatArray, position: float) -> float:
    """Sorted values interpolated linearly at a position from 0 on; infinite outside."""
    position = round(float(position), 9)  # rounding errors must not bring in an infinite neighbour
    if not 0 <= position <= values.size - 1:
        return -np.inf if position < 0 else np.inf
    below, above = float(values[int(position)]), float(values[ceil(position)])
    between = position - int(position)
    return below if below == above or not between else (1 - between) * below + between * above
