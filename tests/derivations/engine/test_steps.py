"""A step is computed or argued, and a derivation names its steps."""

from dataclasses import replace

import pytest
import sympy as sp

from mlbalance.derivations import Equation, Step, computed
from mlbalance.derivations.engine import Derivation, checks


def test_a_step_is_not_both_nor_neither():
    equation = Equation(sp.S(1), sp.S(1))
    for check, source in ((None, None), (None, ""), (checks.equal, "a book")):
        with pytest.raises(
            ValueError, match=r"computed \(a check\) or argued \(a source\), one of"
        ):
            Step("Words.", equation, check, source)
    with pytest.raises(ValueError, match="an argued step shows a formula in LaTeX"):
        Step("Words.", equation, source="a book")


def test_a_key_names_one_step():
    step = computed("Once.", sp.S(1), sp.S(1), key="one")
    with pytest.raises(ValueError, match="Two steps of 'kish' have the key 'one'"):
        Derivation("kish", "all", (step, step))


def test_a_computed_step_rests_on_its_check_alone():
    step = computed("Once.", sp.S(1), sp.S(1))
    for field in ({"cites": ("kish1965",)}, {"labels": ("kish",)}, {"limit": True}):
        with pytest.raises(ValueError, match="rests on nothing but its check"):
            replace(step, **field)
