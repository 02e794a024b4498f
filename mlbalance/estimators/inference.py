"""Covariances, intervals and the table of a fitted softmax classifier."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from sklearn.utils.validation import check_is_fitted

from mlbalance import theory
from mlbalance.estimators.weighting import as_choice, shown_prior
from mlbalance.inputs import CountsError, FloatArray, InputError
from mlbalance.methods.rows import Rows, check_memory
from mlbalance.populations import Rule
from mlbalance.schemes import Scheme

__all__ = ["Inference"]

_KINDS = ("design", "robust", "model")


class Inference:
    """What a fit says about its errors, to first order; mixed into `SoftmaxClassifier`.

    Under fixed counts, known shifts of the intercepts change nothing here, so errors hold at any
    target prior, with any correction. Sample weights count independent rows: copies of one row
    are not (label `naive-se`).
    """

    classes_: npt.NDArray[Any]
    coef_: FloatArray
    intercept_: FloatArray
    ridge_: float
    temperature_: float
    target: Any
    target_prior_: FloatArray
    _memory: _Memory | None

    def covariance_(self, kind: str = "design", *, contrasts: bool = False) -> FloatArray:
        """First-order covariance of coefficients, class-major, the intercept of a class first.

        (K (1 + d), K (1 + d)) of symmetric coefficients, as `coef_`, singular since these sum to
        zero over classes; with `contrasts` (p, p) of theirs against `classes_[0]`,
        p = (K - 1)(1 + d). For two classes both are (1 + d, 1 + d), of `coef_`.

        `kind="design"`: right for every scheme and ridge, model right or wrong, with fixed counts
        (label `sandwich`), and too small where rows per feature are few.

        `kind="robust"`: HC0 as statsmodels and R's sandwich name it, the sum of W_i^2 s_i s_i'
        between two inverse Hessians, over all rows and with E W_i^2 where weights are drawn. Of
        unweighted fits it is right, the model right or wrong, where counts are random and the
        intercepts those of the natural prior; of weighted ones for the slopes of a right model, and
        its intercepts at the natural prior.

        `kind="model"`: the inverse Hessian, what software prints. Of a right model's unweighted fit
        it is right where "robust" is; of weighted fits and repeated rows wrong (label `naive-se`).

        Where class totals are random, `correction="prior"` takes noise off intercepts that is still
        counted here.

        A temperature and a ridge that were set by the data are taken as given. Raises `InputError`
        for another kind, for a scheme without the one asked, without the data, and where more than
        1 GiB of memory would be needed.
        """
        as_choice("kind", kind, _KINDS)
        of = self._remembered()
        m = of.moments(self._symmetric(self.ridge_), unbiased=kind != "robust")
        C = theory.covariance(m, of.scheme, of.counts, kind) / self.temperature_**2
        L = self._functionals(contrasts)
        return L @ C @ L.T

    def standard_errors_(self, kind: str = "design") -> FloatArray:
        """(K, 1 + d) roots of the diagonal of `covariance_`, intercept first; (1, 1 + d) for K = 2.

        Raises as `covariance_`.
        """
        errors: FloatArray = np.sqrt(np.diagonal(self.covariance_(kind)))
        return errors.reshape(self._estimates().shape)

    def confidence_intervals(self, level: float = 0.95, kind: str = "design") -> FloatArray:
        """(K, 1 + d, 2) ends of intervals for intercept and coefficients, row by row as `coef_`.

        t quantiles with Satterthwaite's degrees of freedom, about n_k - 1 where class k dominates
        (label `small-n`); normal ones for `kind="model"`. Centred at the estimates: a ridge or a
        wrong correction biases them. Raises `InputError` for a level outside (0, 1) or as
        `covariance_`, `CountsError` for a class of one row.
        """
        from scipy import stats

        if not (np.isreal(level) and 0 < level < 1):
            raise InputError(f"A level lies between 0 and 1; it is {level!r}.")
        errors = self.standard_errors_(kind)
        half = stats.t.ppf((1 + level) / 2, self._degrees(kind)) * errors
        theta = self._estimates()
        return np.stack([theta - half, theta + half], axis=-1)

    def summary(self, level: float = 0.95, kind: str = "design") -> str:
        """A table of estimates, standard errors and intervals, of at most 80 columns.

        One line for each class and coefficient; `df` are the degrees of freedom of the interval.
        Raises as `confidence_intervals`.
        """
        intervals = self.confidence_intervals(level, kind)
        theta, errors, degrees = self._estimates(), self.standard_errors_(kind), self._degrees(kind)
        of = self._remembered()
        names = getattr(self, "feature_names_in_", [f"x{j}" for j in range(theta.shape[1] - 1)])
        labels = self.classes_[-len(theta) :]
        counts = ", ".join(str(count) for count in of.counts)
        firth = getattr(self, "penalty", None)
        asked = getattr(self, "ridge", None)
        chosen = f' ("{asked}")' if isinstance(asked, str) else ""
        penalty = f'penalty "{firth}"' if firth else f"ridge {self.ridge_:.4g}{chosen}"
        divided = f", temperature {self.temperature_:.3g}" if self.temperature_ != 1 else ""
        head = [
            f"{of.scheme!r}, {penalty}{divided}, {of.counts.sum()} rows ({counts})",
            f"Intercepts at target {shown_prior(self.target, self.target_prior_, self.classes_)}; "
            f'covariance "{kind}", level {level:g}',
        ]
        lines = [*(_fitting(line, 80) for line in head), "", _HEADING, "-" * len(_HEADING)]
        for k, label in enumerate(labels):
            for j, name in enumerate(["intercept", *names]):
                lines.append(
                    f"{_fitting(str(label), 12):<12} {_fitting(str(name), 18):<18} "
                    f"{theta[k, j]:>10.4g} {errors[k, j]:>9.3g} {degrees[k, j]:>5.0f} "
                    f"{intervals[k, j, 0]:>10.4g} {intervals[k, j, 1]:>10.4g}"
                )
        if len(theta) == 1:
            lines.append(f"Against class {self.classes_[0]}.")
        return "\n".join(lines)

    def _symmetric(self, ridge: Any) -> Any:
        """The same penalty on K coefficients of sum zero: those of two classes are half `coef_`."""
        return 2 * ridge if self.classes_.size == 2 else ridge

    def _remember(self, X: FloatArray, rows: Rows, theta: FloatArray, scheme: Scheme) -> None:
        keep = getattr(self, "keep_data", True)
        self._memory = _Memory(X, rows, theta, scheme) if keep else None

    def _remembered(self) -> _Memory:
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
        """Coefficients as combinations (., p) of contrasts against the first class."""
        K, q = self.classes_.size, self.coef_.shape[1] + 1
        if contrasts or K == 2:
            return np.eye((K - 1) * q)
        centred: FloatArray = np.vstack([np.zeros(K - 1), np.eye(K - 1)]) - 1 / K
        return np.asarray(np.kron(centred, np.eye(q)), dtype=float)

    def _estimates(self) -> FloatArray:
        return np.column_stack([self.intercept_, self.coef_])

    def _degrees(self, kind: str) -> FloatArray:
        """Degrees of freedom (K, 1 + d) of the estimates' variances."""
        if kind == "model":
            return np.full(self._estimates().shape, np.inf)
        of = self._remembered()
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


_HEADING = (
    f"{'class':<12} {'feature':<18} {'estimate':>10} {'std err':>9} {'df':>5} "
    f"{'lower':>10} {'upper':>10}"
)


class _Memory(NamedTuple):
    """What covariances are computed from, when asked."""

    X: FloatArray
    rows: Rows
    theta: FloatArray
    """(K, 1 + d) at the prior of the scheme."""
    scheme: Scheme

    @property
    def counts(self) -> npt.NDArray[np.int64]:
        """(K,) rows of each class, copies counted."""
        return np.rint(self.rows.totals).astype(np.int64)

    @property
    def doubles(self) -> int:
        """Numbers held at a time for covariances: of classes, of the rows of one, of the result."""
        (K, q), largest = self.theta.shape, int(np.bincount(self.rows.codes).max())
        return 2 * K * ((K - 1) * q) ** 2 + 3 * largest * K * q + 2 * (K * q) ** 2

    def moments(self, ridge: float, unbiased: bool = True) -> theory.Moments:
        """Those of `theory.data_moments` for the copied rows, with divisor n_k - 1 or n_k."""
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


def _fitting(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"
