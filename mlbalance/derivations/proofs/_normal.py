"""The standard normal distribution."""

from __future__ import annotations

from typing import Any

from sympy import erf, exp, pi, sqrt


def normal_density(at: Any) -> Any:
    """Of the standard normal."""
    return exp(-(at**2) / 2) / sqrt(2 * pi)


def normal_cdf(at: Any) -> Any:
    """Of the standard normal."""
    return (1 + erf(at / sqrt(2))) / 2
