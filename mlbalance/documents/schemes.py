"""The table of schemes as a document."""

from __future__ import annotations

from collections.abc import Sequence

from mlbalance import schemes
from mlbalance.report import Code, Document, Math, Section, Table

__all__ = ["schemes_table"]

_ROWS = (
    ("all rows, weighted", schemes.ClassWeight(), "class weights"),
    ("undersample", schemes.Undersample(), "undersample"),
    ("... with replacement", schemes.Undersample(replace=True), "undersample with replacement"),
    (
        "under-bagging, independent",
        schemes.Bagging(schemes.Undersample(), 10),
        "under-bagging",
    ),
    (
        "under-bagging, disjoint",
        schemes.Bagging(schemes.Undersample(), 2, disjoint=True),
        "disjoint bags",
    ),
    ("oversample, originals kept", schemes.Oversample(), "oversample"),
    ("stratified bootstrap", schemes.Oversample(keep=False), "bootstrap"),
    ("class-balanced sampler", schemes.BalancedSampler(), "balanced sampler"),
    ("cap, then weight", schemes.Cap(10), "cap"),
    ("thin, renormalised", schemes.Thin(0.5), None),
    ("thin, not renormalised", schemes.Thin(0.5, renormalise=False), "thin"),
)
"""Words, scheme, and its formula in the proof of `cv2`, if it is there in closed form."""


def schemes_table(counts: Sequence[int]) -> Document:
    """Document of the schemes: formula of `c_k^2`, and the variance ratio at these counts.

    Parameters
    ----------
    counts : sequence of int
        Rows per class.

    Returns
    -------
    Document
        A table, without title.

    References
    ----------
    Claims `cv2` and `score-variance`.
    """
    from mlbalance.derivations.engine import typeset
    from mlbalance.derivations.proofs.cv2 import CV2
    from mlbalance.theory import variance_ratio

    formulas = {
        name: Math(typeset.text(value), typeset.latex(value)) for name, value in CV2.items()
    }
    random = Math("n_k E[1/M_k] - 1", "n_{k} \\operatorname{E}[1/M_{k}] - 1")
    rows = tuple(
        (
            words,
            Code(repr(scheme)),
            formulas[name] if name else random,
            f"{variance_ratio(counts, scheme):.3f}",
        )
        for words, scheme, name in _ROWS
    )
    head = ("scheme", Code("mlbalance.schemes"), Math("c_k^2", "c_{k}^{2}"), "cost")
    return Document("", (Section("", (Table(rows, head, columns="lllr"),)),))
