"""MathML of the formulas of the package: every step of every proof is typeset."""

from xml.dom.minidom import parseString

import pytest

from mlbalance import claims, derivations
from mlbalance.report.mathml import UnknownCommandError, mathml


@pytest.mark.parametrize(
    ("latex", "body"),
    [
        ("n_{k}", "<msub><mi>n</mi><mrow><mrow><mi>k</mi></mrow></mrow></msub>"),
        (r"\frac{1}{2}", "<mfrac><mrow><mn>1</mn></mrow><mrow><mn>2</mn></mrow></mfrac>"),
        (r"a \geq -b", "<mi>a</mi><mo>≥</mo><mo>−</mo><mi>b</mi>"),
        (r"\sqrt{x}", "<msqrt><mrow><mi>x</mi></mrow></msqrt>"),
        (r"\text{a < b}", "<mtext>a &lt; b</mtext>"),
    ],
)
def test_formulas(latex, body):
    assert mathml(latex) == f"<math>{body}</math>"


def test_sums_have_limits_above_and_below():
    assert "<munderover><mo>∑</mo>" in mathml(r"\sum_{k=1}^{K} n_{k}")
    assert "<msubsup><mo>∫</mo>" in mathml(r"\int_{0}^{1} x")
    assert "<munderover><mo>∫</mo>" in mathml(r"\int\limits_{0}^{1} x")
    assert mathml("x", display=True).startswith('<math display="block">')


@pytest.mark.parametrize("latex", [r"\foo", "{x", "x}", r"\left( x", r"\frac{1}", "x_"])
def test_what_is_not_known_is_refused(latex):
    with pytest.raises(UnknownCommandError, match="is not expected in"):
        mathml(latex)


def test_every_step_is_typeset():
    for label in ("harmonic", "mle-threshold", "focal", "small-n", "margin-losses", "break-even"):
        assert claims.get(label).derived
        for step in derivations.derive(label).steps:
            parseString(mathml(step.latex, display=True))
