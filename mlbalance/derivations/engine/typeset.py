"""Print of derivations: SymPy expressions as LaTeX and as one line of plain text.

Functions of an index, used where signs matter, are printed as the subscripted letters they are.
"""

from __future__ import annotations

import re
from typing import Any

from sympy import Sum
from sympy.core.function import AppliedUndef
from sympy.printing.latex import LatexPrinter
from sympy.printing.precedence import PRECEDENCE
from sympy.printing.str import StrPrinter

__all__ = ["RELATIONS", "latex", "pieces", "plain", "text"]

RELATIONS = {"=": "=", ">=": r"\geq", ">": ">", "~=": r"\approx"}
"""Relations an equation may claim, and their LaTeX."""

_WORDS = {
    "partial": "d",
    "nabla": "grad ",
    "ell": "l",
    "mid": "| ",
    "to": "-> ",
    "sim": "~ ",
    "cdot": ". ",
    "geq": ">= ",
    "infty": "oo",
    "leq": "<= ",
    "preceq": "<= ",
    "Vert": "||",
}
_RULES = (
    (r"\\(?:operatorname|text|mathrm|mathbb|hat|bar)(?:\{([^{}]*)\}|)", r"\1"),
    (r"\\[,;!]|\\quad", " "),
    (r"\\sqrt\{([^{}]*)\}", r"sqrt(\1)"),
    (r"\\([A-Za-z]+)(?=\()", lambda match: _WORDS.get(match[1], match[1])),
    (r"\\([A-Za-z]+) ?", lambda match: _WORDS.get(match[1], match[1] + " ")),
    (r"([_^])\{([^{}]*)\}", r"\1\2"),
    (r"[{}]", ""),
    (r" +", " "),
    (r" (?=[)\],^_/;'])", ""),
)
_GREEK = frozenset(
    "alpha beta delta epsilon eta gamma iota kappa lambda mu omega pi rho sigma tau theta "
    "Delta".split()
)


class _Latex(LatexPrinter):
    def _print_Function(self, expr: Any, exp: str | None = None) -> str:  # noqa: N802 - SymPy's
        if not isinstance(expr, AppliedUndef):
            return super()._print_Function(expr, exp)
        index = ", ".join(self._print(arg) for arg in expr.args)
        letter = self._deal_with_super_sub(expr.func.name)
        # A letter that has an index already has no second one beside it: p_{k,j}.
        own = re.fullmatch(r"(.*_)\{([^{}]*)\}", letter)
        letter = f"{own[1]}{{{own[2]},{index}}}" if own else f"{letter}_{{{index}}}"
        return f"{{{letter}}}^{{{exp}}}" if exp else letter

    def _print_Identity(self, expr: Any) -> str:  # noqa: N802 - SymPy's
        return "I"

    def _print_Sum(self, expr: Sum) -> str:  # noqa: N802 - SymPy's
        signs = [
            rf"\sum_{{{self._print(k)}={self._print(low)}}}^{{{self._print(high)}}}"
            for k, low, high in reversed(expr.limits)
        ]
        body = self._print(expr.function)
        return " ".join([*signs, rf"\left({body}\right)" if expr.function.is_Add else body])


class _Text(StrPrinter):
    def _print_Function(self, expr: Any) -> str:  # noqa: N802 - SymPy's
        if not isinstance(expr, AppliedUndef):
            return super()._print_Function(expr)
        return f"{expr.func.name}[{self.stringify(expr.args, ', ')}]"

    def _print_Sum(self, expr: Sum) -> str:  # noqa: N802 - SymPy's
        signs = [f"sum_{{{k}={low}..{self._print(high)}}}" for k, low, high in expr.limits[::-1]]
        body = self.parenthesize(expr.function, PRECEDENCE["Mul"])
        return f"({' '.join(signs)} {body})"

    def _print_KroneckerDelta(self, expr: Any) -> str:  # noqa: N802 - SymPy's
        return f"delta[{self.stringify(expr.args, ', ')}]"


def latex(expr: Any) -> str:
    """LaTeX of an expression, without dollar signs."""
    return _Latex({"mul_symbol": None}).doprint(expr)


def text(expr: Any) -> str:
    """One line of plain text for an expression."""
    printed = _Text().doprint(expr)
    return printed[1:-1] if isinstance(expr, Sum) else printed


def plain(formula: str) -> str:
    r"""Plain text of a short LaTeX formula: `\partial L/\partial w_{ka}` is `dL/dw_ka`."""
    for pattern, replacement in _RULES:
        formula = re.sub(pattern, replacement, formula)
    return formula.strip()


def pieces(words: str) -> list[tuple[str, str]]:
    """Words and mathematics in turn, as (text, LaTeX); words have no LaTeX.

    Mathematics are letters with an index or a power, as `n_k`, `c_k^2`, `tau_k`, `A^-1`.
    """
    found, run, rest = [("", "")], "", f"{words} "
    for character in rest:
        if _belongs(run, character):
            run += character
            continue
        if formula := _formula(run):
            found += [(run, formula), ("", "")]
        else:
            found[-1] = (found[-1][0] + run, "")
        found[-1], run = (found[-1][0] + character, ""), ""
    found[-1] = (found[-1][0][:-1], "")
    return [piece for piece in found if piece[0]]


def _belongs(run: str, character: str) -> bool:
    """Whether a character goes on with a run of letters, digits and scripts."""
    return character.isalnum() or character in "_^" or (run[-1:] == "^" and character in "+-")


def _formula(run: str) -> str:
    """LaTeX of a letter with scripts; empty for what is none."""
    parts = run.replace("^", "_^").split("_")
    letter, scripts = "epsilon" if parts[0] == "eps" else parts[0], parts[1:]
    if (
        not scripts
        or not all(scripts)
        or not (letter in _GREEK or (len(letter) == 1 and letter.isalpha()))
    ):
        return ""
    shown = _letter(letter)
    for script in scripts:
        mark, text = ("^", script[1:]) if script[0] == "^" else ("_", script)
        if not text:
            return ""
        shown += f"{mark}{{{_letter(text)}}}"
    return shown


def _letter(name: str) -> str:
    return f"\\{name}" if name in _GREEK else name
