"""Rows of a Dask array or DataFrame, which passes read a partition at a time.

A pass is one task per partition, which reads it and adds over its pieces, and sums of these in a
fixed tree. So a worker holds a partition per thread, and results do not depend on workers or their
number. Dask is imported by whoever gives its collections, and here where it is needed.
"""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, NoReturn

import numpy as np
import numpy.typing as npt
from sklearn.utils.multiclass import check_classification_targets

from mlbalance.inputs import DataError, FloatArray, InputError, IntArray
from mlbalance.softmax.many_rows import Some, added, pieces

__all__ = ["DaskRows", "as_array", "by_blocks", "is_dask", "of_ranks", "places", "refuse"]


def is_dask(X: Any) -> bool:
    """Whether X is a Dask array, DataFrame or Series.

    Parameters
    ----------
    X
        Anything.

    Returns
    -------
    Whether it is; Dask is not imported for the answer.
    """
    return type(X).__module__.partition(".")[0] == "dask"


def as_array(X: Any) -> Any:
    """Features as a Dask array of whole rows.

    Parameters
    ----------
    X
        Dask array (n, d) or DataFrame of d columns of numbers.

    Returns
    -------
    Dask array with one block of columns, and known numbers of rows.

    Raises
    ------
    DataError
        For anything but two axes of rows and features that are real numbers.
    """
    array = _lengths(X)
    if array.ndim != 2:
        raise DataError(f"Features X must have shape (n, d); theirs is {array.shape}.")
    if array.dtype.kind not in "biuf":
        raise DataError(
            f"Features X must be real numbers; those of this Dask collection are of dtype "
            f"{array.dtype}. Encode or drop other columns, and give X.astype(float)."
        )
    return array.rechunk({1: -1})


@dataclass(frozen=True)
class DaskRows:
    """Rows in partitions, as the solver takes them (`softmax.fit_rows`)."""

    X: Any
    """Dask array (n, d), one block of columns."""
    y: Any
    """Dask array (n,) of labels, in the blocks of X."""
    classes: npt.NDArray[Any]
    """(K,) labels, sorted."""
    by_block: IntArray
    """(B, K) rows of each class in each partition."""
    class_weights: FloatArray
    """(K,) weight of each row of a class; they sum to one over rows."""

    @classmethod
    def of(cls, X: Any, y: Any) -> DaskRows:
        """Rows, all weighted alike; a pass over the labels counts them.

        Parameters
        ----------
        X
            Dask array (n, d) or DataFrame.
        y
            (n,) labels: a Dask array or Series, or an array.

        Returns
        -------
        The rows.

        Raises
        ------
        DataError
            For other shapes, no rows, or unequal numbers of rows.
        ValueError
            For labels that are no classes, as in scikit-learn.
        """
        import dask
        import dask.array as da

        X = as_array(X)
        y = _lengths(y) if is_dask(y) else da.from_array(np.asarray(y), chunks=-1)
        y = y.reshape(-1) if y.ndim == 2 and y.shape[1] == 1 else y
        if y.ndim != 1 or len(y) != len(X):
            raise DataError(
                f"y must be one label for each of {len(X)} rows; its shape is {y.shape}."
            )
        if not len(X):
            raise DataError("Features X have no rows; give some of every class.")
        y = y.rechunk((X.chunks[0],))
        found = dask.compute(*[dask.delayed(_labels)(block) for block in y.to_delayed()])
        classes = np.unique(np.concatenate([labels for labels, _ in found]))
        check_classification_targets(classes)
        by_block = np.zeros((len(found), classes.size), dtype=np.int64)
        for own, (labels, counts) in zip(by_block, found, strict=True):
            own[np.searchsorted(classes, labels)] = counts
        return cls(X, y, classes, by_block, np.full(classes.size, 1.0 / len(X)))

    @property
    def counts(self) -> IntArray:
        """(K,) rows of each class."""
        return np.asarray(self.by_block.sum(axis=0))

    @property
    def n_features(self) -> int:
        """Number of features d."""
        return int(self.X.shape[1])

    def at(self, prior: FloatArray) -> DaskRows:
        """The rows with weights that give the classes a prior.

        Parameters
        ----------
        prior
            (K,) total weights of the classes.

        Returns
        -------
        The rows.
        """
        return replace(self, class_weights=prior / self.counts)

    def total(self, function: Callable[..., Any], *given: Any) -> tuple[FloatArray, ...]:
        """Sums over all rows, in one pass.

        Parameters
        ----------
        function
            Of `Some` rows and what is `given`; returns a tuple of arrays.
        *given
            What it needs besides.

        Returns
        -------
        Sums of the arrays.
        """
        import dask

        parts = self._each(_total, function, given)
        while len(parts) > 1:
            pairs = [parts[i : i + 2] for i in range(0, len(parts), 2)]
            parts = [dask.delayed(_plus)(*p) if len(p) == 2 else p[0] for p in pairs]
        (sums,) = parts[0].compute()
        return tuple(sums)

    def sample(self, ranks: Sequence[IntArray]) -> Some:
        """Rows by their places among those of their class, in one pass.

        Parameters
        ----------
        ranks
            (m_k,) places for each of K classes, ascending.

        Returns
        -------
        The rows, in memory, in their order.

        Raises
        ------
        DataError
            For features of any row that are not finite.
        """
        return self.taken(of_ranks, self.own_ranks(ranks))

    def own_ranks(self, ranks: Sequence[IntArray]) -> list[list[IntArray]]:
        """Places of rows among those of their class, partition by partition.

        Parameters
        ----------
        ranks
            (m_k,) places among all rows, for each of K classes, ascending.

        Returns
        -------
        (B, K) places among the rows of each partition.
        """
        ends = np.cumsum(self.by_block, axis=0)
        own: list[list[IntArray]] = []
        for start, end in zip(ends - self.by_block, ends, strict=True):
            bounds = zip(ranks, start.tolist(), end.tolist(), strict=True)
            own.append([r[slice(*np.searchsorted(r, (s, e)))] - s for r, s, e in bounds])
        return own

    def taken(self, function: Callable[..., Any], own: Sequence[Any]) -> Some:
        """Rows that a function takes from each partition, in one pass.

        Parameters
        ----------
        function
            Of `Some` rows and what is its partition's `own`; returns some of them.
        own
            (B,) what it needs besides.

        Returns
        -------
        The rows, in memory, in their order.

        Raises
        ------
        DataError
            For features of any row that are not finite.
        """
        import dask

        found = [rows for (rows,) in dask.compute(*self._each(_taken, function, (), own))]
        offset = None
        if found[0].offset is not None:
            offset = np.concatenate([some.offset for some in found])
        X, y, weights = (np.concatenate([some[i] for some in found]) for i in range(3))
        return Some(X, y, weights, offset)

    def _each(
        self,
        run: Callable[..., Any],
        function: Callable[..., Any],
        given: tuple[Any, ...],
        own: Sequence[Any] | None = None,
    ) -> list[Any]:
        """One delayed result per partition, made by the task that reads it."""
        import dask
        import dask.array as da

        rows = [self.X, "ij", self.y, "i"]
        if own is not None:
            boxes = [da.from_delayed(dask.delayed(_box)(part), (1,), object) for part in own]
            rows += [da.concatenate(boxes), "i"]
        results = da.blockwise(
            run,
            "i",
            *rows,
            dtype=object,
            meta=np.empty(0, dtype=object),
            concatenate=True,
            align_arrays=False,
            adjust_chunks={"i": lambda rows: 1},
            function=function,
            given=given,
            classes=self.classes,
            class_weights=self.class_weights,
        )
        return list(results.to_delayed().ravel())


def by_blocks(estimator: Any, method: str, X: Any, columns: int | None, *given: Any) -> Any:
    """Predictions as a Dask array, a partition at a time.

    Parameters
    ----------
    estimator
        A fitted classifier.
    method
        Name of the method of arrays.
    X
        (n, d) Dask array or DataFrame.
    columns
        Of the result; None for one number or label per row.
    *given
        Other arguments of the method.

    Returns
    -------
    Dask array (n, columns) or (n,).
    """
    X, alone = as_array(X), copy.copy(estimator)
    for name in ("_memory", "feature_names_in_"):
        alone.__dict__.pop(name, None)
    dtype = estimator.classes_.dtype if method == "predict" else np.dtype(float)
    own = () if columns is None else (columns,)
    run: Callable[..., Any] = getattr(alone, method)

    def of_block(rows: Any) -> Any:
        return run(rows, *given) if len(rows) else np.empty((0, *own), dtype)

    shape: dict[str, Any] = {"chunks": (X.chunks[0], *own)} if own else {"drop_axis": 1}
    return X.map_blocks(of_block, dtype=dtype, meta=of_block(np.empty((0, 1))), **shape)


def of_ranks(some: Some, ranks: Sequence[IntArray]) -> Some:
    """Rows by their places among those of their class.

    Parameters
    ----------
    some
        The rows.
    ranks
        (m_k,) places, for each of K classes.

    Returns
    -------
    The rows, in their order, without offset.
    """
    index = places(some.y, ranks)
    return Some(some.X[index].astype(float), some.y[index], some.weights[index], None)


def places(y: IntArray, ranks: Sequence[IntArray]) -> IntArray:
    """Places of rows among all, from those among their class.

    Parameters
    ----------
    y
        (n,) labels 0..K-1.
    ranks
        (m_k,) places, for each of K classes.

    Returns
    -------
    (m,) places, ascending.
    """
    order, counts = np.argsort(y, kind="stable"), np.bincount(y, minlength=len(ranks))
    first = np.cumsum(counts) - counts
    return np.sort(np.concatenate([order[f + r] for f, r in zip(first, ranks, strict=True)]))


def refuse(what: str, instead: str) -> NoReturn:
    """Refuse what needs all rows in memory.

    Parameters
    ----------
    what, instead
        Subject of the message, and an advice.

    Raises
    ------
    InputError
        Always.
    """
    raise InputError(f"{what} needs all rows in memory, and X is a Dask collection. {instead}")


def _lengths(X: Any) -> Any:
    """Dask array with known numbers of rows by block."""
    if hasattr(X, "to_dask_array"):
        with warnings.catch_warnings():  # strings become objects
            warnings.simplefilter("ignore", UserWarning)
            return X.to_dask_array(lengths=True)
    return X.compute_chunk_sizes() if any(np.isnan(rows) for rows in X.chunks[0]) else X


def _labels(y: npt.NDArray[Any]) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    labels, counts = np.unique(np.asarray(y), return_counts=True)
    return labels, counts


def _box(value: Any) -> npt.NDArray[Any]:
    """Array (1,) of anything."""
    box = np.empty(1, dtype=object)
    box[0] = value
    return box


def _some(X: Any, y: Any, classes: npt.NDArray[Any], class_weights: FloatArray) -> Some:
    codes = np.searchsorted(classes, y)
    return Some(np.asarray(X), codes, class_weights[codes], None)


def _total(
    X: Any,
    y: Any,
    *,
    function: Callable[..., Any],
    given: tuple[Any, ...],
    classes: npt.NDArray[Any],
    class_weights: FloatArray,
) -> npt.NDArray[Any]:
    if not len(y):
        return _box(None)
    some = _some(X, y, classes, class_weights)
    return _box(added(function(piece, *given) for piece in pieces(some, classes.size)))


def _plus(one: npt.NDArray[Any], other: npt.NDArray[Any]) -> npt.NDArray[Any]:
    (a,), (b,) = one, other
    if a is None or b is None:
        return other if a is None else one
    return _box(tuple(x + y for x, y in zip(a, b, strict=True)))


def _taken(
    X: Any,
    y: Any,
    own: npt.NDArray[Any],
    *,
    function: Callable[..., Any],
    given: tuple[Any, ...],
    classes: npt.NDArray[Any],
    class_weights: FloatArray,
) -> npt.NDArray[Any]:
    some = _some(X, y, classes, class_weights)
    if not np.isfinite(some.X).all():
        raise DataError(
            "Features X must be finite; they hold NaN or infinity. Impute or drop rows."
        )
    return _box(function(some, own[0]))
