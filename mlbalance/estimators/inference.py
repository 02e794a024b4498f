"""Covariances and confidence intervals of a fitted softmax classifier, and their summary."""

from __future__ import annotations

from numbers import Real
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.utils.validation import check_is_fitted

from mlbalance import softmax, theory
from mlbalance.estimators import summaries
from mlbalance.estimators.bootstrap import RESAMPLES, bootstrap_estimates
from mlbalance.estimators.dask_rows import refuse
from mlbalance.estimators.many_rows import PassMemory
from mlbalance.estimators.memory import Memory
from mlbalance.estimators.weighting import as_choice, target_repr
from mlbalance.inputs import CountsError, FloatArray, InputError
from mlbalance.methods.rows import Rows
from mlbalance.schemes import Scheme, Unweighted

__all__ = ["Inference"]

_KINDS = ("moderated", "jackknife", "design", "robust", "model")
_WORTH = {"moderated": theory.MODEL_WORTH, "jackknife": 0.0}
"""Degrees of freedom that the model's covariance of a class counts for."""


class Inference:
    """Mixin of `SoftmaxClassifier` with standard errors and intervals.

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
    _memory: Memory | PassMemory | None

    def covariance_(self, kind: str = "moderated", *, contrasts: bool = False) -> FloatArray:
        """Covariance of the coefficients.

        "design" is the first-order design-based covariance, for every scheme and ridge under fixed
        counts, whether or not the model is correctly specified (label `sandwich`). With few rows of
        a class it is too small, since scores at the fit are pulled by their own rows.

        "jackknife" has the scores of rows left out, class by class, at the mean weights of the
        scheme. It is right where "design" is, and for fewer rows.

        "moderated" is between that and the covariance that the model implies, which counts for
        eight degrees of freedom in each class beside the n_k - 1 of its rows (`theory.moderate`,
        label `few-rows`). With many rows of every class it is "design"; where a class has few, rows
        of other classes near the boundary say how its scores vary, if the model is about right.

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

        "bootstrap" is the covariance of 50 whole fits, with every choice, to rows drawn with
        replacement class by class, of any loss. It takes as long as these fits.

        Parameters
        ----------
        kind
            "moderated", "jackknife", "design", "robust", "model" or "bootstrap".
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
            For another kind, a kind that the scheme does not have, the square loss with a kind but
            "bootstrap", a bootstrap fit that does not exist, a fit without `keep_data`, sample
            weights that are not whole, or more than 1 GiB of memory.
        DataError
            For "moderated" and "jackknife", where a fit is not determined without one of its rows.
        """
        as_choice("kind", kind, (*_KINDS, "bootstrap"))
        if kind == "bootstrap":
            return self._bootstrap_covariance(contrasts)
        return self._covariance(self._moments(kind)[0], kind, contrasts)

    def standard_errors_(self, kind: str = "moderated") -> FloatArray:
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
        InputError, DataError
            As `covariance_`.
        """
        errors: FloatArray = np.sqrt(np.diagonal(self.covariance_(kind)))
        return errors.reshape(self._estimates().shape)

    @property
    def interval_target_(self) -> str:
        """What intervals are for: "optimum" or "penalised optimum", that of the risk of the fit.

        With a ridge they are centred at estimates that the ridge pulls, and cover the minimiser of
        the risk with it. That without it they cover too where the pull is small against standard
        errors; `summary` shows the largest. Taking the pull off by one Newton step without the
        ridge is no remedy for few rows: estimates without a ridge are too large.
        """
        check_is_fitted(self)
        return "penalised optimum" if self.ridge_ else "optimum"

    def confidence_intervals(self, level: float = 0.95, kind: str = "moderated") -> FloatArray:
        """Confidence intervals for intercepts and coefficients.

        "profile" inverts likelihood-ratio tests, for unweighted fits of a correctly specified model
        without ridge; with `penalty="firth"` of the penalised likelihood, which is the usual
        interval where a class has fewer than ten rows (`softmax.profile_intervals`).

        Others use t quantiles with Satterthwaite's degrees of freedom, about n_k - 1 (n_k + 7 for
        "moderated") where class k dominates the variance (label `small-n`), normal quantiles for
        "model", and 49 degrees of freedom for "bootstrap". They are centred at the estimates (see
        `interval_target_`). A ridge, scheme or temperature chosen from the data counts as given
        but for "bootstrap".

        Parameters
        ----------
        level
            Nominal coverage.
        kind
            As of `covariance_`, or "profile".

        Returns
        -------
        (K, 1 + d, 2) lower and upper ends, intercept first; (1, 1 + d, 2) for two classes.

        Raises
        ------
        InputError
            For a level outside (0, 1), "profile" of another fit, and as `covariance_`.
        CountsError
            For a class with one row.
        DataError
            As `covariance_`.
        """
        return self._intervals(level, kind)[..., -2:]

    def _intervals(self, level: float, kind: str) -> FloatArray:
        """(K, 1 + d, 5) estimates, standard errors, degrees of freedom and ends."""
        theta = self._estimates()
        as_choice("kind", kind, (*_KINDS, "bootstrap", "profile"))
        _check_level(level)
        if kind == "profile":
            ends = self._profile(level)
            numbers = np.stack([theta, *self._errors("model")], axis=-1)
            return np.concatenate([numbers, ends], axis=-1)
        errors, degrees = self._errors(kind)
        half = _quantiles(level, degrees) * errors
        return np.stack([theta, errors, degrees, theta - half, theta + half], axis=-1)

    def _profile(self, level: float) -> FloatArray:
        """(K, 1 + d, 2) ends by the likelihood of the fit, moved with the intercepts."""
        of, firth = self._data(), bool(getattr(self, "penalty", None))
        if isinstance(of, PassMemory):
            refuse('kind="profile"', 'Ask for kind="design".')
        plain = isinstance(of.scheme, Unweighted) and not self.ridge_
        if not plain or self.temperature_ != 1 or self.intercepts_refitted_:
            raise InputError(
                'kind="profile" is for the likelihood of SoftmaxClassifier(Unweighted(), ridge=0), '
                'with penalty="firth" or not, and correction="prior"; this is a fit of '
                f'{of.scheme!r} with ridge {self.ridge_:g}. Change it, or ask for kind "moderated".'
            )
        rows = np.repeat(np.arange(len(of.X)), np.rint(of.rows.copies).astype(int))
        L, theta = self._functionals(False), self._estimates()
        ends = softmax.profile_intervals(
            of.X[rows], of.rows.codes[rows], of.theta, L, firth=firth, level=level
        )
        moved = theta.ravel() - L @ (of.theta - of.theta[0])[1:].ravel()
        return np.asarray(ends + moved[:, None]).reshape(*theta.shape, 2)

    def summary(self, level: float = 0.95, kind: str | None = None, as_frame: bool = False) -> Any:
        """Table of estimates, standard errors and confidence intervals.

        Parameters
        ----------
        level
            As of `confidence_intervals`.
        kind
            As of `confidence_intervals`. None is "moderated", "design" for a Dask collection,
            or estimates alone where ridge, scheme or temperature were chosen from the data, which
            "bootstrap" alone allows for.
        as_frame
            Whether as a pandas DataFrame, without the notes.

        Returns
        -------
        Text of at most 80 columns, one line per class and coefficient, with the degrees of freedom
        `df` of each interval; for the square loss, which has no covariance, estimates alone. Notes
        above the table say what the intervals are for, and where intervals of this kind are known
        to cover less than 90 %, or not studied, with so few rows and so many features (study
        `few_rows`). As a DataFrame it has rows (class, feature) and the columns of the table.

        Raises
        ------
        InputError, CountsError, DataError
            As `confidence_intervals`.
        MissingExtraError
            For `as_frame` without pandas.
        """
        of, theta = self._data(), self._estimates()
        _check_level(level)
        usual = "design" if isinstance(of, PassMemory) else "moderated"
        wanted = kind or (None if self._chosen else usual)
        known = wanted is not None and (self.loss_ == "softmax" or wanted == "bootstrap")
        numbers, notes = theta[:, :, None], list[str]()
        if known and wanted is not None:
            numbers = self._intervals(level, wanted)
            notes += self._notes(of, wanted, numbers[..., 1])
            told = f'kind "{wanted}", level {level:g}'
        elif self.loss_ == "softmax":
            told = "no intervals"
            notes += [_CHOSEN.format(" and ".join(self._chosen))]
        else:
            told = "no covariance: least squares"
        names = getattr(self, "feature_names_in_", [f"x{j}" for j in range(theta.shape[1] - 1)])
        table = summaries.Table(
            self.classes_[-len(theta) :].tolist(), ["intercept", *names], numbers
        )
        if as_frame:
            return table.frame()
        against = self.classes_.tolist()[0] if len(theta) == 1 else None
        return table.text(self._head(of, told), notes, against)

    @property
    def _chosen(self) -> list[str]:
        """What was chosen from the data."""
        chosen = {
            "scheme": isinstance(getattr(self, "scheme", None), str),
            "ridge": not isinstance(getattr(self, "ridge", None), Real | None),
            "temperature": self.temperature_ != 1,
        }
        return [name for name, is_chosen in chosen.items() if is_chosen]

    def _notes(self, of: Memory | PassMemory, kind: str, errors: FloatArray) -> list[str]:
        """What intervals are for, and what is known of their coverage."""
        notes = summaries.coverage_notes(kind, int(of.counts.min()), self.coef_.shape[1])
        if kind == "bootstrap":
            return [_BOOTSTRAP.format(" and ".join(["rows", *self._chosen])), *notes]
        if not self.ridge_:
            return notes
        pull = np.abs(self._pull(of) / errors).max()
        return [
            f"For the optimum with the ridge, which moves it by up to {pull:.1g} std err.",
            *notes,
        ]

    def _pull(self, of: Memory | PassMemory) -> FloatArray:
        """Change of the estimates (K, 1 + d) by one Newton step without the gradient of the ridge,
        first-order bias by it.
        """
        ridge = self._symmetric(self.ridge_)
        gradient = ridge * (of.theta - of.theta.mean(axis=0))
        gradient[:, 0] = 0.0
        moves = np.linalg.solve(of.moments(ridge).hessian, gradient[1:].ravel())
        pull: FloatArray = self._functionals(False) @ moves / self.temperature_
        return pull.reshape(self._estimates().shape)

    def _head(self, of: Memory | PassMemory, told: str) -> list[str]:
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
        return [summaries.clip(line, 80) for line in lines]

    def _symmetric(self, ridge: Any) -> Any:
        """The same penalty for K coefficients that sum to zero, for K = 2 half of `coef_`."""
        return 2 * ridge if self.classes_.size == 2 else ridge

    def _remember(self, X: FloatArray, rows: Rows, theta: FloatArray, scheme: Scheme) -> None:
        keep = getattr(self, "keep_data", True)
        self._memory = Memory(X, rows, theta, scheme) if keep else None

    def _data(self) -> Memory | PassMemory:
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

    def _moments(self, kind: str) -> tuple[theory.Moments, FloatArray]:
        """Moments that the covariance is made of, and degrees of freedom (K,) of their parts."""
        as_choice("kind", kind, _KINDS)
        check_is_fitted(self)
        if self.loss_ != "softmax":
            raise InputError(_NO_COVARIANCE)
        of = self._data()
        if kind in _WORTH and isinstance(of, PassMemory):
            refuse(f'kind="{kind}"', 'With many rows of every class ask for kind="design".')
        m = of.moments(self._symmetric(self.ridge_), unbiased=kind != "robust")
        if kind not in _WORTH:
            return m, np.asarray(of.counts - 1, dtype=float)
        return theory.moderate(
            m, of.X, of.rows.codes, of.theta, copies=of.rows.copies, worth=_WORTH[kind]
        )

    def _covariance(self, m: theory.Moments, kind: str, contrasts: bool) -> FloatArray:
        of, of_scores = self._data(), "design" if kind in _WORTH else kind
        C = theory.covariance(m, of.scheme, of.counts, of_scores) / self.temperature_**2
        L = self._functionals(contrasts)
        return L @ C @ L.T

    def _bootstrap_covariance(self, contrasts: bool) -> FloatArray:
        of = self._data()
        if isinstance(of, PassMemory):
            refuse('kind="bootstrap"', 'With many rows of every class ask for kind="design".')
        found = bootstrap_estimates(self, of)
        if self.classes_.size > 2:
            found = found[:, 1:] - found[:, :1]
        L = self._functionals(contrasts)
        return L @ np.cov(found.reshape(len(found), -1), rowvar=False) @ L.T

    def _errors(self, kind: str) -> tuple[FloatArray, FloatArray]:
        """Standard errors (K, 1 + d), and Satterthwaite's degrees of freedom of their squares."""
        of, shape = self._data(), self._estimates().shape
        if kind != "model" and of.counts.min() < 2:
            raise CountsError(
                "A variance needs two rows of every class; of class "
                f"{self.classes_.tolist()[int(of.counts.argmin())]!r} there is one. Collect rows "
                "for it."
            )
        if kind == "bootstrap":
            spread = np.sqrt(np.diagonal(self._bootstrap_covariance(False)))
            return spread.reshape(shape), np.full(shape, RESAMPLES - 1.0)
        m, freedom = self._moments(kind)
        errors = np.sqrt(np.diagonal(self._covariance(m, kind, False))).reshape(shape)
        if kind == "model":
            return errors, np.full(shape, np.inf)
        directions = np.linalg.solve(m.hessian, self._functionals(False).T)
        variances = np.stack([((V @ directions) * directions).sum(axis=0) for V in m.score_cov])
        one = m._replace(hessian=np.eye(1), score_mean=np.zeros((len(variances), 1)))
        rows = of.scheme, of.counts
        parts = (one._replace(score_cov=v[:, None, None]) for v in variances.T)
        found = [theory.degrees_of_freedom(v, *rows, [1.0], freedom=freedom) for v in parts]
        return errors, np.array(found).reshape(shape)


def _check_level(level: float) -> None:
    if not (np.isreal(level) and 0 < level < 1):
        raise InputError(f"A level lies between 0 and 1; it is {level!r}.")


def _quantiles(level: float, degrees: FloatArray) -> FloatArray:
    """Quantiles of t for intervals of a level."""
    from scipy import stats

    return np.asarray(stats.t.ppf((1 + level) / 2, degrees))


_NO_COVARIANCE = (
    'Covariances are those of softmax fits; here "auto" chose least squares (loss_ is "square"). '
    'Ask for kind "bootstrap", or give a scheme, as ClassWeight().'
)
_BOOTSTRAP = "Standard errors are those of 50 fits with other {}."
_CHOSEN = (
    'No intervals: {} chosen from the data. kind="bootstrap" gives those that allow for the '
    'choice, from 50 such fits; kind="moderated" those for fixed ones.'
)
