"""Covariances, confidence intervals and summary table of a fitted softmax classifier."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from sklearn.utils.validation import check_is_fitted

from mlbalance import theory
from mlbalance.estimators.weighting import as_choice, target_repr
from mlbalance.inputs import CountsError, FloatArray, InputError
from mlbalance.methods.rows import Rows, check_memory
from mlbalance.populations import Rule
from mlbalance.schemes import Scheme

__all__ = ["Inference"]

_KINDS = ("design", "robust", "model")


class Inference:
    """Mixin of `SoftmaxClassifier` with first-order standard errors.

    With fixed counts a known shift of the intercepts has no variance, so standard errors hold at
    any target prior. Sample weights must count independent rows, not copies of one row (label
    `naive-se`).
    """

    classes_: npt.NDArray[Any]
    coef_: FloatArray
    intercept_: FloatArray
    ridge_: float
    loss_: str
    intercepts_refitted_: bool
    temperature_: float
    target: Any
    target_prior_: FloatArray
    _memory: _Memory | None

    def covariance_(self, kind: str = "design", *, contrasts: bool = False) -> FloatArray:
        """First-order covariance of the coefficients.

        "design" is the design-based covariance, valid for every scheme and ridge under fixed
        counts, whether or not the model is correctly specified (label `sandwich`); it is too small
        where rows per feature are few.

        "robust" is HC0 of statsmodels and R's sandwich: the sum of W_i^2 s_i s_i' over all rows
        between two inverse Hessians, with E W_i^2 for random weights. For unweighted fits it is
        valid under random counts for coefficients at the natural prior, whether or not the model
        is correctly specified; for weighted fits of a correctly specified model it is valid for
        slopes, and for intercepts at the natural prior.

        "model" is the inverse Hessian, which most software prints. For unweighted fits of a
        correctly specified model it is valid where "robust" is; for weighted fits and repeated
        rows it is not (label `naive-se`).

        For schemes with random class totals these include variance of the intercepts that
        `correction="prior"` removes. A temperature, ridge and scheme chosen from the data are
        treated as fixed.

        Parameters
        ----------
        kind
            "design", "robust" or "model".
        contrasts
            Whether for contrasts against `classes_[0]`, not for coefficients that sum to zero.

        Returns
        -------
        (K (1 + d), K (1 + d)), class by class, intercept first, singular as coefficients sum to
        zero over classes; (p, p) of contrasts, p = (K - 1)(1 + d). For two classes (1 + d, 1 + d)
        of `intercept_` and `coef_` in either case.

        Raises
        ------
        InputError
            For another kind, a kind that the scheme does not have, the square loss, a fit without
            `keep_data`, sample weights that are not whole, or more than 1 GiB of memory.
        """
        as_choice("kind", kind, _KINDS)
        check_is_fitted(self)
        if self.loss_ != "softmax":
            raise InputError(_NO_COVARIANCE)
        of = self._data()
        m = of.moments(self._symmetric(self.ridge_), unbiased=kind != "robust")
        C = theory.covariance(m, of.scheme, of.counts, kind) / self.temperature_**2
        L = self._functionals(contrasts)
        return L @ C @ L.T

    def standard_errors_(self, kind: str = "design") -> FloatArray:
        """Standard errors of the coefficients.

        Parameters
        ----------
        kind
            As of `covariance_`.

        Returns
        -------
        (K, 1 + d), intercept first; (1, 1 + d) for two classes.

        Raises
        ------
        InputError
            As `covariance_`.
        """
        errors: FloatArray = np.sqrt(np.diagonal(self.covariance_(kind)))
        return errors.reshape(self._estimates().shape)

    def confidence_intervals(self, level: float = 0.95, kind: str = "design") -> FloatArray:
        """Confidence intervals for intercepts and coefficients.

        They use t quantiles with Satterthwaite's degrees of freedom, about n_k - 1 where class k
        dominates the variance (label `small-n`), or normal quantiles for "model". They are centred
        at the estimates, which a ridge or a misspecified correction biases.

        Parameters
        ----------
        level
            Nominal coverage.
        kind
            As of `covariance_`.

        Returns
        -------
        (K, 1 + d, 2) lower and upper ends, intercept first; (1, 1 + d, 2) for two classes.

        Raises
        ------
        InputError
            For a level outside (0, 1), and as `covariance_`.
        CountsError
            For a class with one row.
        """
        from scipy import stats

        if not (np.isreal(level) and 0 < level < 1):
            raise InputError(f"A level lies between 0 and 1; it is {level!r}.")
        errors = self.standard_errors_(kind)
        half = stats.t.ppf((1 + level) / 2, self._degrees(kind)) * errors
        theta = self._estimates()
        return np.stack([theta - half, theta + half], axis=-1)

    def summary(self, level: float = 0.95, kind: str = "design") -> str:
        """Table of estimates, standard errors and confidence intervals.

        Parameters
        ----------
        level, kind
            As of `confidence_intervals`.

        Returns
        -------
        Text of at most 80 columns, one line per class and coefficient, with the degrees of freedom
        `df` of each interval; for the square loss, which has no covariance, estimates alone.

        Raises
        ------
        InputError, CountsError
            As `confidence_intervals`.
        """
        theta, known = self._estimates(), self.loss_ == "softmax"
        of = self._data()
        numbers = theta[:, :, None]
        if known:
            intervals = self.confidence_intervals(level, kind)
            errors, degrees = self.standard_errors_(kind), self._degrees(kind)
            numbers = np.concatenate([np.stack([theta, errors, degrees], axis=-1), intervals], -1)
        names = getattr(self, "feature_names_in_", [f"x{j}" for j in range(theta.shape[1] - 1)])
        told = f'covariance "{kind}", level {level:g}' if known else "no covariance: least squares"
        heading = _HEADING if known else _HEADING[:_ESTIMATE]
        lines = [*self._head(of, told), "", heading, "-" * len(heading)]
        for label, own in zip(self.classes_[-len(theta) :], numbers, strict=True):
            for name, row in zip(["intercept", *names], own, strict=True):
                cells = " ".join(f"{x:{form}}" for x, form in zip(row, _FORMS, strict=False))
                lines.append(f"{_clip(str(label), 12):<12} {_clip(str(name), 18):<18} {cells}")
        if len(theta) == 1:
            lines.append(f"Against class {self.classes_[0]}.")
        return "\n".join(lines)

    def _head(self, of: _Memory, told: str) -> list[str]:
        """Two lines of at most 80 columns on the fit, its rows and its target."""
        counts = ", ".join(str(count) for count in of.counts)
        firth = getattr(self, "penalty", None)
        asked = getattr(self, "ridge", None)
        chosen = f' ("{asked}")' if isinstance(asked, str) else ""
        penalty = f'penalty "{firth}"' if firth else f"ridge {self.ridge_:.4g}{chosen}"
        divided = f", temperature {self.temperature_:.3g}" if self.temperature_ != 1 else ""
        refit = {True: ", of left-out rows", False: ", as fitted", None: ""}
        left_out = getattr(self, "correction", None) in ("loo", "auto")
        of_rows = refit[self.intercepts_refitted_ if left_out else None]
        kind = repr(of.scheme) if self.loss_ == "softmax" else "Least squares"
        target = target_repr(self.target, self.target_prior_, self.classes_)
        lines = (
            f"{kind}, {penalty}{divided}, {of.counts.sum()} rows ({counts})",
            f"Intercepts at target {target}{of_rows}; {told}",
        )
        return [_clip(line, 80) for line in lines]

    def _symmetric(self, ridge: Any) -> Any:
        """The same penalty for K coefficients that sum to zero, for K = 2 half of `coef_`."""
        return 2 * ridge if self.classes_.size == 2 else ridge

    def _remember(self, X: FloatArray, rows: Rows, theta: FloatArray, scheme: Scheme) -> None:
        keep = getattr(self, "keep_data", True)
        self._memory = _Memory(X, rows, theta, scheme) if keep else None

    def _data(self) -> _Memory:
        check_is_fitted(self)
        if self._memory is None:
            raise InputError("Covariances need the rows; fit with keep_data=True.")
        if not self._memory.rows.whole:
            raise InputError(
                "Covariances count rows, and sample weights that are not whole are none. Give "
                "whole sample weights, or bootstrap the rows."
            )
        return self._memory

    def _functionals(self, contrasts: bool) -> FloatArray:
        """Matrix (., p) that takes contrasts against the first class to coefficients."""
        K, q = self.classes_.size, self.coef_.shape[1] + 1
        if contrasts or K == 2:
            return np.eye((K - 1) * q)
        centred: FloatArray = np.vstack([np.zeros(K - 1), np.eye(K - 1)]) - 1 / K
        return np.asarray(np.kron(centred, np.eye(q)), dtype=float)

    def _estimates(self) -> FloatArray:
        return np.column_stack([self.intercept_, self.coef_])

    def _degrees(self, kind: str) -> FloatArray:
        """Satterthwaite's degrees of freedom (K, 1 + d) of the variances."""
        if kind == "model":
            return np.full(self._estimates().shape, np.inf)
        of = self._data()
        if of.counts.min() < 2:
            raise CountsError(
                "A variance needs two rows of every class; of class "
                f"{self.classes_.tolist()[int(of.counts.argmin())]!r} there is one. Collect rows "
                "for it."
            )
        m = of.moments(self._symmetric(self.ridge_))
        directions = np.linalg.solve(m.hessian, self._functionals(False).T)
        variances = np.stack([((V @ directions) * directions).sum(axis=0) for V in m.score_cov])
        one = m._replace(hessian=np.eye(1), score_mean=np.zeros((len(variances), 1)))
        found = [
            theory.degrees_of_freedom(
                one._replace(score_cov=v[:, None, None]), of.scheme, of.counts, [1.0]
            )
            for v in variances.T
        ]
        return np.array(found).reshape(self._estimates().shape)


_NO_COVARIANCE = (
    'Covariances are those of softmax fits; here "auto" chose least squares (loss_ is "square"). '
    "Bootstrap the rows, or give a scheme, as ClassWeight()."
)
_HEADING = (
    f"{'class':<12} {'feature':<18} {'estimate':>10} {'std err':>9} {'df':>5} "
    f"{'lower':>10} {'upper':>10}"
)
_FORMS = (">10.4g", ">9.3g", ">5.0f", ">10.4g", ">10.4g")
"""Of the numbers in a line: estimate, standard error, degrees of freedom, lower and upper end."""
_ESTIMATE = 42
"""Columns of a line up to its estimate."""


class _Memory(NamedTuple):
    """Data and fit that covariances are computed from on demand."""

    X: FloatArray
    rows: Rows
    theta: FloatArray
    """(K, 1 + d) at the prior of the scheme, before correction."""
    scheme: Scheme

    @property
    def counts(self) -> npt.NDArray[np.int64]:
        """(K,) rows of each class, copies counted."""
        return np.rint(self.rows.totals).astype(np.int64)

    @property
    def doubles(self) -> int:
        """Numbers in memory for covariances: of classes, of the rows of one, and of the result."""
        (K, q), largest = self.theta.shape, int(np.bincount(self.rows.codes).max())
        return 2 * K * ((K - 1) * q) ** 2 + 3 * largest * K * q + 2 * (K * q) ** 2

    def moments(self, ridge: float, unbiased: bool = True) -> theory.Moments:
        """Moments of the rows with their copies, with divisor n_k - 1 (unbiased) or n_k."""
        (K, q), n = self.theta.shape, len(self.X)
        check_memory(
            self.doubles,
            f"A covariance of {K} classes, {q - 1} features and {n} rows",
            "Fit fewer features, or bootstrap the fit: that, and predictions, need no covariance.",
        )
        codes, copies = self.rows.codes, self.rows.copies
        counts = self.counts
        rule = [Rule(self.X[codes == k], copies[codes == k] / n_k) for k, n_k in enumerate(counts)]
        m = theory.moments(rule, self.theta, self.scheme.target(counts), ridge=ridge)
        if not unbiased:
            return m
        larger = counts / np.maximum(counts - 1, 1)
        return m._replace(score_cov=m.score_cov * larger[:, None, None])


def _clip(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"
