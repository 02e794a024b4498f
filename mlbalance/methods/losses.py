"""Losses of methods: how logits are fitted, and rows left out.

Letters: n rows, d features, K classes, L ridges.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from mlbalance import discriminant, softmax
from mlbalance.corrections import LeftOut
from mlbalance.inputs import FloatArray, InputError, IntArray
from mlbalance.losses import LogitLoss
from mlbalance.methods.sharing import shared

__all__ = ["LOSSES", "Loss", "loss_of"]


def _leave_out_of_discriminant(
    X: FloatArray,
    codes: IntArray,
    theta: FloatArray,
    weights: FloatArray,
    leaving: FloatArray,
    ridge: float,
    **_: Any,
) -> LeftOut:
    given = X, codes, weights, leaving
    z, status = discriminant.leave_one_out(*given, ridges=ridge, n_classes=len(theta))
    return LeftOut(z[0], str(status[0]))


class Loss(NamedTuple):
    """Loss of a method: how coefficients of logits are fitted, and rows left out."""

    id: str
    """Part of a method's id; empty for the softmax."""
    label: str
    fit: Callable[..., Any]
    """As `softmax.fit`: `theta` (..., K, 1 + d) and `status` (...)."""
    likelihood: bool = True
    """Whether it is minus a log-likelihood."""
    leave_out: Callable[..., LeftOut] | None = None
    """As `corrections.leave_one_out_logits`, which it is if None."""
    cites: tuple[str, ...] = ()
    """Keys of `references.bib`: where it comes from."""
    left_out_path: Callable[..., Any] | None = None
    """As `discriminant.leave_one_out`: logits (L, n, K) and status (L,) of L ridges at once."""

    def path(
        self, *data: Any, ridges: FloatArray, n_classes: int, solver: Mapping[str, Any]
    ) -> list[Any]:
        """Fits for several ridges, as by `softmax.path`, whose settings are those of `solver`."""
        if self.fit is softmax.fit:
            return shared(softmax.path)(*data, ridges=ridges, n_classes=n_classes, **solver)
        fit = shared(self.fit)
        return [fit(*data, ridge=float(ridge), n_classes=n_classes) for ridge in ridges]


LOSSES: Mapping[str, Loss] = MappingProxyType(
    {
        "softmax": Loss("", "", softmax.fit),
        "square": Loss(
            "discriminant",
            "regularised discriminant",
            discriminant.fit,
            False,
            shared(_leave_out_of_discriminant),
            ("fisher1936",),
            shared(discriminant.leave_one_out),
        ),
    }
)
"""Log-loss of the softmax, and square loss on indicators with the logits of a discriminant."""


def loss_of(given: str | LogitLoss) -> Loss | LogitLoss:
    """Loss by its name, or as it is.

    Parameters
    ----------
    given
        Key of `LOSSES`, or one of `mlbalance.losses`.

    Returns
    -------
    How it is fitted.

    Raises
    ------
    InputError
        For anything else.
    """
    if isinstance(given, LogitLoss):
        return given
    if not (isinstance(given, str) and given in LOSSES):
        raise InputError(
            f"A loss is {', '.join(map(repr, LOSSES))} or one of mlbalance.losses, as Focal(); it "
            f"is {given!r}."
        )
    return LOSSES[given]
