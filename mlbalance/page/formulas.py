"""JavaScript of closed forms: the SymPy expressions of the proofs, printed by SymPy.

`FORMULAS` names each with its letters; letters of an index are arrays. Nothing is typed twice: the
same expressions, evaluated in Python, are what the tests compare the package with.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["Formula", "formulas", "javascript"]


@dataclass(frozen=True)
class Formula:
    """One closed form."""

    label: str
    """Claim that it is of."""
    expression: Any
    """Of SymPy."""
    letters: Mapping[str, str]
    """Names of the arguments, by the letters of the expression, in their order."""
    classes: str = ""
    """The argument whose length is the number of classes K, where K is in the expression."""


def formulas() -> dict[str, Formula]:
    """Closed forms that the page computes with, by the name it calls them.

    Returns
    -------
    The expressions of the proofs.
    """
    from sympy import Symbol, log

    from mlbalance.derivations.proofs import (
        bags_needed,
        budget,
        cv2,
        effective_ridge,
        harmonic,
        kish,
        mle_threshold,
        prior_shift,
        ridge_limit,
    )

    of_class = {"k": "k", "tau": "tau", "t": "trace", "n": "n"}
    shares = budget.budget_expressions()
    cv2_letters = {"n_k": "n", "m": "m", "M": "M", "B": "bags"}
    ridge = {"s": "s", "alpha_1": "rare", "alpha_0": "common"}
    found = {
        "harmonic_mean": Formula("harmonic", harmonic.harmonic_mean(), {"n": "n"}, "n"),
        "effective_size": Formula(
            "kish", kish.effective_size_expression(), {"tau": "tau", "n": "n"}, "n"
        ),
        "variance_ratio": Formula(
            "harmonic",
            harmonic.variance_ratio_expression(),
            {"tau": "tau", "n": "n", "c^2": "cv2", "Q": "terms"},
            "n",
        ),
        "share": Formula("budget", shares["share"], of_class, "n"),
        "row_value": Formula("budget", shares["row value"], of_class, "n"),
        "bags": Formula(
            "bags-needed", bags_needed.bags_expression(), {"rho": "ratio", "epsilon": "within"}
        ),
        "shift": Formula(
            "prior-shift",
            log(prior_shift.pi[prior_shift.r] / prior_shift.tau[prior_shift.r]),
            {"r": "k", "pi": "pi", "tau": "tau"},
        ),
        "shortfall": Formula(
            "mle-threshold",
            mle_threshold.shortfall_expression().subs(Symbol("kappa", real=True), 0),
            {"c": "c", "b": "b", "s": "s", "rho_1": "rho"},
        ),
    }
    for name, (expression, letters) in effective_ridge.discriminant_expressions().items():
        found[name] = Formula("effective-ridge", expression, letters)
    for name in (
        "undersample",
        "undersample with replacement",
        "disjoint bags",
        "oversample",
        "bootstrap",
        "under-bagging",
    ):
        used = {s.name for s in cv2.CV2[name].free_symbols}
        letters = {letter: word for letter, word in cv2_letters.items() if letter in used}
        found[f"cv2_{name.replace(' ', '_').replace('-', '_')}"] = Formula(
            "cv2", cv2.CV2[name], letters
        )
    for name, expression in ridge_limit.strong_ridge_expressions().items():
        used = {s.name for s in expression.free_symbols}
        found[f"ridge_{name}"] = Formula(
            "ridge-limit", expression, {k: v for k, v in ridge.items() if k in used}
        )
    return found


def javascript(found: Mapping[str, Formula]) -> str:
    """Definitions of the functions, as members of an object `formulas`.

    Parameters
    ----------
    found
        Closed forms by name.

    Returns
    -------
    A statement.
    """
    lines = [f"  {name}: {_function(formula)}," for name, formula in found.items()]
    return "\n".join(["const formulas = {", *lines, "};"])


def _function(formula: Formula) -> str:
    body = _printer(formula.letters)(formula.expression)
    first = f"const K = {formula.classes}.length; " if formula.classes else ""
    return f"({', '.join(formula.letters.values())}) => {{ {first}return {body}; }}"


def _printer(letters: Mapping[str, str]) -> Any:
    """SymPy's printer of JavaScript, with sums, letters of an index, and the error function."""
    from sympy.printing.jscode import JavascriptCodePrinter

    class Printer(JavascriptCodePrinter):
        def _print_Sum(self, expr: Any) -> str:  # noqa: N802 - SymPy's
            body = self._print(expr.function)
            for index, low, high in expr.limits:
                body = f"sum({self._print(low)}, {self._print(high)}, ({index}) => {body})"
            return str(body)

        def _print_Function(self, expr: Any) -> str:  # noqa: N802 - SymPy's
            if str(expr.func) in letters:
                return self._entry(str(expr.func), expr.args[0])
            return str(super()._print_Function(expr))

        def _print_Indexed(self, expr: Any) -> str:  # noqa: N802 - SymPy's
            return self._entry(str(expr.base), expr.indices[0])

        def _print_erf(self, expr: Any) -> str:
            return f"erf({self._print(expr.args[0])})"

        def _print_Symbol(self, expr: Any) -> str:  # noqa: N802 - SymPy's
            return letters.get(expr.name, expr.name)

        def _entry(self, name: str, index: Any) -> str:
            return f"{letters[name]}[{self._print(index)} - 1]"

    return Printer().doprint
