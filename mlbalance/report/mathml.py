"""LaTeX of short formulas as MathML, which browsers typeset without a library.

It knows the commands that proofs and documents use; anything else is refused, and then a renderer
shows the formula as text.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from html import escape

__all__ = ["UnknownCommandError", "mathml"]

_TOKEN = re.compile(r"\\[A-Za-z]+|\\.|\d+(?:\.\d+)?|[A-Za-z]|\s+|.", re.DOTALL)
_GREEK = dict(
    zip(
        "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi pi rho sigma tau "
        "phi varphi chi psi omega Gamma Delta Theta Lambda Sigma Phi Psi Omega ell infty partial "
        "nabla".split(),
        "α β γ δ ε ζ η θ ι κ λ μ ν ξ π ρ σ τ ϕ φ χ ψ ω Γ Δ Θ Λ Σ Φ Ψ Ω ℓ ∞ ∂ ∇".split(),
        strict=True,
    )
)
_UPRIGHT = frozenset("ΓΔΘΛΣΦΨΩ∞∂∇")
_SIGNS = {
    "geq": "≥",
    "leq": "≤",
    "approx": "≈",
    "sim": "∼",
    "to": "→",
    "iff": "⇔",
    "cdot": "·",
    "times": "×",
    "pm": "±",
    "neq": "≠",
    "in": "∈",
    "mid": "∣",
    "Vert": "‖",
    "preceq": "⪯",
    "succeq": "⪰",
    "propto": "∝",
    "otimes": "⊗",
    "ldots": "…",
    "{": "{",
    "}": "}",
}
_LARGE = {"sum": "∑", "prod": "∏", "int": "∫"}
_NAMES = frozenset("log exp cosh sinh tanh sin cos det".split())
_LIMITS = frozenset("min max inf sup lim".split())
_SPACES = {"quad": "1em", "qquad": "2em", ",": ".17em", ";": ".28em", "!": "0em", " ": ".25em"}
_ACCENTS = {"hat": "^", "bar": "¯", "tilde": "~"}
_FENCES = {"\\{": "{", "\\}": "}", "\\Vert": "‖", ".": ""}


class UnknownCommandError(ValueError):
    """LaTeX with a command that has no MathML here, or that does not end."""


def mathml(latex: str, *, display: bool = False) -> str:
    """A `<math>` element of a formula.

    Parameters
    ----------
    latex
        Without dollar signs.
    display
        Whether it stands on a line of its own.

    Returns
    -------
    MathML, all text in it escaped.

    Raises
    ------
    UnknownCommandError
        For a command that is not known, or braces that do not match.
    """
    kind = ' display="block"' if display else ""
    return f"<math{kind}>{_Parser(latex).row()}</math>"


class _Parser:
    """Recursive descent through the tokens of a formula."""

    def __init__(self, latex: str) -> None:
        self.latex = latex
        self.tokens = _TOKEN.findall(latex)
        self.at = 0

    def refuse(self, token: str) -> UnknownCommandError:
        return UnknownCommandError(f"{token or 'The end'} is not expected in {self.latex!r}.")

    def peek(self) -> str:
        while self.at < len(self.tokens) and self.tokens[self.at].isspace():
            self.at += 1
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def take(self) -> str:
        token = self.peek()
        if not token:
            raise self.refuse(token)
        self.at += 1
        return token

    def row(self, end: str = "") -> str:
        """Everything up to the end, which is taken."""
        found = []
        while (token := self.peek()) != end:
            if token in ("", "}", "\\right"):
                raise self.refuse(token)
            found.append(self.scripted())
        if end:
            self.take()
        return "".join(found)

    def group(self) -> str:
        """One argument: a group in braces, or a single element."""
        if self.peek() != "{":
            return self.atom()[0]
        self.take()
        return f"<mrow>{self.row('}')}</mrow>"

    def words(self) -> str:
        """An argument as plain words."""
        if self.take() != "{":
            raise self.refuse(self.tokens[self.at - 1])
        end = self.tokens.index("}", self.at)
        found = "".join(self.tokens[self.at : end])
        self.at = end + 1
        return found

    def scripted(self) -> str:
        """An element with its scripts."""
        base, above = self.atom()
        low = high = ""
        while (token := self.peek()) in ("_", "^", "'", "\\limits"):
            self.take()
            if token == "_":
                low += self.group()
            elif token == "\\limits":
                above = True
            else:
                high += "<mo>′</mo>" if token == "'" else self.group()
        scripts = [f"<mrow>{script}</mrow>" for script in (low, high) if script]
        if not scripts:
            return base
        kind = ("under" if above else "sub") * bool(low) + ("over" if above else "sup") * bool(high)
        return f"<m{kind}>{base}{''.join(scripts)}</m{kind}>"

    def atom(self) -> tuple[str, bool]:
        """One element, and whether its scripts stand below and above it."""
        token = self.peek()
        if token == "{":
            return self.group(), False
        self.take()
        if token[0] == "\\":
            return self.command(token[1:])
        if token[0].isdigit():
            return f"<mn>{token}</mn>", False
        if token.isalpha():
            return f"<mi>{token}</mi>", False
        if token in "+-=<>()[]|,.;:/*!":
            fixed = ' stretchy="false"' if token in "()[]|" else ""
            return f"<mo{fixed}>{escape(token).replace('-', '−')}</mo>", False
        raise self.refuse(token)

    def command(self, name: str) -> tuple[str, bool]:
        """What a command stands for, and whether its scripts stand below and above it."""
        if name in _GREEK:
            letter = _GREEK[name]
            upright = ' mathvariant="normal"' if letter in _UPRIGHT else ""
            return f"<mi{upright}>{letter}</mi>", False
        if name in _SIGNS:
            return f"<mo>{_SIGNS[name]}</mo>", False
        if name in _LARGE:
            return f"<mo>{_LARGE[name]}</mo>", name != "int"
        if name in _NAMES:
            return f"<mi>{name}</mi>", False
        if name in _LIMITS:
            return f'<mo lspace="0" rspace=".17em">{name}</mo>', True
        if name in _SPACES:
            return f'<mspace width="{_SPACES[name]}"/>', False
        if name not in _STRUCTURES:
            raise self.refuse(f"\\{name}")
        return _STRUCTURES[name](self, name), False

    def upright(self, name: str) -> str:
        words = escape(self.words())
        return f'<mi mathvariant="normal">{words}</mi>' if name != "text" else _text(words)

    def accent(self, name: str) -> str:
        return f'<mover accent="true">{self.group()}<mo>{_ACCENTS[name]}</mo></mover>'

    def fraction(self, name: str) -> str:
        return f"<mfrac>{self.group()}{self.group()}</mfrac>"

    def binomial(self, name: str) -> str:
        inner = f'<mfrac linethickness="0">{self.group()}{self.group()}</mfrac>'
        return f"<mrow><mo>(</mo>{inner}<mo>)</mo></mrow>"

    def root(self, name: str) -> str:
        if self.peek() != "[":
            return f"<msqrt>{self.group()}</msqrt>"
        self.take()
        index = self.row("]")
        return f"<mroot>{self.group()}<mrow>{index}</mrow></mroot>"

    def fenced(self, name: str) -> str:
        left, body = self.fence(), self.row("\\right")
        return f"<mrow>{left}{body}{self.fence()}</mrow>"

    def fence(self) -> str:
        token = self.take()
        shown = _FENCES.get(token, token)
        return f'<mo stretchy="true">{escape(shown)}</mo>' if shown else ""


def _text(words: str) -> str:
    return f"<mtext>{words}</mtext>"


_STRUCTURES: dict[str, Callable[[_Parser, str], str]] = {
    **dict.fromkeys(("operatorname", "mathrm", "mathbb", "mathbf", "text"), _Parser.upright),
    **dict.fromkeys(_ACCENTS, _Parser.accent),
    "frac": _Parser.fraction,
    "binom": _Parser.binomial,
    "sqrt": _Parser.root,
    "left": _Parser.fenced,
}
