"""Settings of schemes: numbers per class, by label or in order, and whole numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from mlbalance.inputs import FloatArray, InputError, SchemeError, as_floats

__all__ = ["as_given", "as_numbers", "check_between", "check_whole", "in_class_order"]


class _ByLabel(dict[Any, float]):
    """Hashable mapping from labels to values, for a scheme that is hashable."""

    def __hash__(self) -> int:  # type: ignore[override]
        return hash(frozenset(self.items()))


def as_numbers(given: Any, error: type[InputError], wanted: str) -> FloatArray:
    """Numbers as an array, without their labels.

    Parameters
    ----------
    given
        One number per class, by label or not.
    error
        Class of the error.
    wanted
        Description of what is allowed, for the message.

    Returns
    -------
    (K,) numbers, in the order given.

    Raises
    ------
    InputError
        `error` for anything that is not numbers.
    """
    return as_floats(list(given.values()) if isinstance(given, Mapping) else given, error, wanted)


def as_given(given: Any, numbers: FloatArray) -> tuple[float, ...] | Mapping[Any, float]:
    """Numbers in hashable form, by label if so given.

    Parameters
    ----------
    given
        One number per class, by label or not.
    numbers
        (K,) as floats.

    Returns
    -------
    A tuple, or a mapping from labels.
    """
    values = numbers.tolist()
    return (
        _ByLabel(zip(given, values, strict=True)) if isinstance(given, Mapping) else tuple(values)
    )


def in_class_order(scheme: object, given: Any, error: type[InputError]) -> Any:
    """Numbers that were given in the order of the classes.

    Parameters
    ----------
    scheme
        Scheme that has them, for the message.
    given
        One number per class, by label or not.
    error
        Class of the error.

    Returns
    -------
    The numbers as given.

    Raises
    ------
    InputError
        `error` for numbers by label.
    """
    if isinstance(given, Mapping):
        raise error(
            f"{scheme!r} names classes, and counts have no names. Give one number per class in "
            "their order, or use the scheme in an estimator, which knows the labels."
        )
    return given


def check_whole(scheme: object, name: str, value: int | None, optional: bool = False) -> None:
    """Check a whole number, and set it as the scheme's.

    Parameters
    ----------
    scheme
        Scheme under construction.
    name
        Of its field.
    value
        The number.
    optional
        Whether it may be None.

    Raises
    ------
    SchemeError
        For anything but a whole number from 1 on.
    """
    if value is None and optional:
        return
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < 1:
        raise SchemeError(
            f"{type(scheme).__name__} needs {name} as a whole number from 1 on; it is {value!r}."
        )
    object.__setattr__(scheme, name, int(value))


def check_between(
    scheme: object, name: str, value: float, least: float, most: float, *, below: bool = False
) -> None:
    """Check a number between two limits, and set it as the scheme's.

    Parameters
    ----------
    scheme
        Scheme under construction.
    name
        Of its field.
    value
        The number.
    least, most
        The limits.
    below
        Whether the number must be below `most`.

    Raises
    ------
    SchemeError
        For anything else.
    """
    wanted = f"{type(scheme).__name__} needs {name} from {least:g} to {'below ' * below}{most:g}"
    number = as_floats(value, SchemeError, wanted)
    if number.ndim or not least <= number <= most or (below and number == most):
        raise SchemeError(f"{wanted}; it is {value!r}.")
    object.__setattr__(scheme, name, float(number))
