"""What the studies observe of each claim, as the scripts of the figures wrote it."""

from __future__ import annotations

import csv

from mlbalance.workspace.checkout import checkout

__all__ = ["evidence"]


def evidence(quick: bool = False) -> list[dict[str, str]]:
    """Lines of the table of claims and observations.

    Parameters
    ----------
    quick
        Whether of the quick versions of the studies.

    Returns
    -------
    A mapping per claim and study, sorted: label, study, numbers, predicted, observed, error, z and
    verdict, as text. Empty where no figure has been drawn.

    Raises
    ------
    CheckoutError
        Outside of a checkout.
    """
    folder = checkout() / ("build/quick/figures" if quick else "paper/generated")
    path = folder / "claims.csv"
    if not path.is_file():
        return []
    return list(csv.DictReader(path.read_text("utf-8").splitlines()[1:]))
