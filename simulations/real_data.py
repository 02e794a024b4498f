"""Every method of `mlbalance compare` on the small real data sets that come with the package."""

import numpy as np

from mlbalance.data import load, names
from mlbalance.simulation import Cell, Contrast, Criterion, NamedMethod, Predictive, Study, Term
from simulations._real_sources import Folds
from simulations._roots import root_of

LINEAR = (
    *("class-weights", "class-weights+loo", "class-weights+loo-temperature"),
    *("unweighted", "unweighted+prior", "unweighted+loo", "firth+prior"),
    *("undersample", "undersample-with-replacement", "under-bagging-10"),
    *("under-bagging-2-disjoint", "oversample", "smote", "cap-100", "thin-0.5", "bridge-0.5+prior"),
    *("effective-number", "effective-number+prior", "local-case-control", "separate-small"),
    *("focal", "focal+corrected", "class-weights+focal", "class-weights+focal+corrected"),
    *("ldam", "ldam+corrected", "class-weights+ldam", "logit-adjusted", "vs"),
    *("discriminant+prior", "discriminant+loo", "discriminant+loo-temperature", "lda", "auto"),
)
LEARNERS = (
    *("forest", "forest+prior", "forest+oob", "forest-class-weight", "forest-class-weight+oob"),
    *("forest-balanced-subsample", "forest-balanced-subsample+oob"),
    *("balanced-forest", "balanced-forest+oob"),
    *("boosting", "boosting+prior", "boosting-class-weight"),
    *("network", "network+prior", "network-class-weight", "network-oversample"),
)
COMPARED = (*LINEAR, *LEARNERS)
"""All that `compare` has for more than two classes, but networks on undersamples."""

SURE = (
    *("class-weights", "class-weights+loo", "class-weights+loo-temperature"),
    *("unweighted", "unweighted+prior", "unweighted+loo"),
)
"""Softmax fits of all rows with a ridge: they exist where every class has two rows to train on."""

GENES = ("khan", "tissue")
KEPT = (
    *("class-weights", "class-weights+loo", "class-weights+loo-temperature", "undersample"),
    *("discriminant+prior", "discriminant+loo", "discriminant+loo-temperature", "lda"),
    *LEARNERS,
)
"""Methods for gene expressions: there a path of ridges of all rows takes from ten seconds to a
minute in each fold, and of such paths one is run, that of class weights."""


def rarest(name: str) -> int:
    """Rows of the smallest class."""
    return int(np.bincount(load(name).y).min())


def _cell(name: str) -> Cell:
    data, ids = load(name), KEPT if name in GENES else COMPARED
    folds = min(5, rarest(name))
    factors = {
        "data": name,
        "rows": data.y.size,
        "features": len(data.feature_names),
        "classes": len(data.class_names),
        "folds": folds,
    }
    without = tuple(id for id in COMPARED if id not in ids)
    return Cell(name, Folds(name, folds, ids), factors, quick=name == "scat", without=without)


CELLS = tuple(map(_cell, names()))
NO_RIDGE = tuple(cell.id for cell in CELLS if rarest(cell.id) < 3)
"""Sets with a class that leaves one row to train on: no ridge is chosen by leaving that one out."""
ALL = tuple(cell.id for cell in CELLS if not cell.without)
"""Sets on which every method is run: those of the ranks."""


def _larger(method: str, words: str) -> Contrast:
    own = [cell.id for cell in CELLS if cell.id not in NO_RIDGE and method not in cell.without]
    terms = (Term(1 / len(own), id, method, 0.0, "difference", "error") for id in own)
    return Contrast(f"{words} errs more than class weights on average.", tuple(terms))


STUDY = Study(
    name="real_data",
    aim="Compare all methods on ten real data sets, chosen before any method was run on them, by "
    "the same folds.",
    cells=CELLS,
    estimands="Balanced error, balanced log-loss and Brier score of rows left out, with "
    "probabilities at the uniform prior; mean ranks over data sets.",
    methods=tuple(map(NamedMethod, COMPARED)),
    reference="class-weights",
    replications=5,
    root=root_of("real_data", "2026-11-27"),
    outcomes=(Predictive("error", "log-loss", "Brier"),),
    criterion=Criterion(
        explanation="All that is predicted is where softmax fits with a ridge chosen by left-out "
        "rows exist. Ten data sets cannot tell fifty methods apart: with eight sets the critical "
        "difference of two mean ranks is 29 of 50 (Nemenyi), and no signed-rank test of eight sets "
        "reaches .05 after Holm's correction. The ranks say what to try, not what wins."
    ),
    contrasts=(
        _larger("undersample", "Undersampling"),
        _larger("unweighted", "The unweighted fit as it is"),
    ),
    long=True,
    differences=("error", "log-loss"),
)

if __name__ == "__main__":
    from mlbalance.cli.studies import main

    main(STUDY)
