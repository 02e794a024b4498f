"""Small changes to a source file, each of which a test ought to notice.

Left alone, as no test of behaviour can or need notice them: docstrings, messages, annotations,
imports, decorators, `__repr__`, strings, `@`, tolerances and caps (numbers below 1e-3), how arrays
are laid out, what SymPy assumes of a symbol. A comparison is turned round; its boundary is moved
only next to an integer, since two floats are hardly ever equal. One more of twenty or more is
hardly a change either: such numbers are sizes of grids and the most steps allowed.
"""

import ast
import hashlib
from collections.abc import Iterator
from typing import NamedTuple

__all__ = ["Mutant", "mutants"]

OPERATORS: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Div,
    ast.Mod: ast.Mult,
    ast.Pow: ast.Mult,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
}
NEGATED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.GtE,
    ast.LtE: ast.Gt,
    ast.Gt: ast.LtE,
    ast.GtE: ast.Lt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}
BOUNDARY: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
}
PAIRS = "min max,minimum maximum,any all,argmin argmax,zeros ones,zeros_like ones_like,log log1p,"
PAIRS += "exp expm1,sum mean,Min Max,floor ceiling,logical_and logical_or,add subtract"
OTHER = {
    a: b
    for pair in PAIRS.split(",")
    for a, b in (pair.split(), pair.split()[::-1])
    if a not in ("mean", "log1p", "expm1")
}
IDENTITY = frozenset("sqrt abs square exp log cumsum sort conj trace log1p expm1".split())
QUIET_CALLS = frozenset("warn print field TypeVar NewType namedtuple cast isinstance".split())
QUIET_KEYWORDS = frozenset(
    "axis axes keepdims dtype copy order optimize stacklevel strict name short words ndmin "
    "real integer positive negative nonnegative finite".split()  # what SymPy takes for granted
)
QUIET_FUNCTIONS = frozenset({"__repr__", "__str__", "__getattr__", "__dir__"})
QUIET_NAMES = frozenset({"__all__", "__slots__", "__version__"})

# What has no change of its own, as a condition.
PLAIN = ast.Name | ast.Attribute | ast.Call | ast.Subscript


class Mutant(NamedTuple):
    """One change: at `start:end` (bytes of the file) stands `new` instead of `old`."""

    id: str
    path: str
    function: str
    line: int
    last_line: int
    start: int
    end: int
    old: str
    new: str

    def applied(self, source: str) -> str:
        """The file with this change."""
        raw = source.encode()
        return (raw[: self.start] + self.new.encode() + raw[self.end :]).decode()


def mutants(path: str, source: str, stood: str | None = None) -> list[Mutant]:
    """Every change of this file; ids depend on what is changed, in which function and file only.

    Of a file that was moved, `stood` is the path that its ids are made with.
    """
    lines = source.encode().splitlines(keepends=True)
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line))
    found: list[Mutant] = []
    seen: dict[str, int] = {}
    for function, node, new in _changes(ast.parse(source), ""):
        start = starts[node.lineno - 1] + node.col_offset
        end = starts[node.end_lineno - 1] + node.end_col_offset
        old = source.encode()[start:end].decode()
        text = "pass" if new is None else f"({ast.unparse(new)})"
        key = f"{stood or path}:{function}:{' '.join(old.split())}:{text}"
        seen[key] = seen.get(key, 0) + 1
        digest = hashlib.sha256(f"{key}:{seen[key]}".encode()).hexdigest()[:12]
        where = (path, function, node.lineno, node.end_lineno, start, end)
        found.append(Mutant(digest, *where, old, text))
    return found


Change = tuple[str, ast.AST, ast.AST | None]


def _changes(node: ast.AST, function: str) -> Iterator[Change]:
    """Yield (function, node, what to put there; None for no statement)."""
    if _is_quiet(node):
        return
    for new in _instead(node):
        yield function, node, new
    if isinstance(node, ast.If | ast.While | ast.IfExp) and isinstance(node.test, PLAIN):
        yield function, node.test, ast.UnaryOp(ast.Not(), node.test)
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        function = f"{function}.{node.name}".lstrip(".")
    for child in _children(node):
        yield from _changes(child, function)


def _is_quiet(node: ast.AST) -> bool:
    match node:
        case ast.Raise() | ast.Import() | ast.ImportFrom() | ast.JoinedStr() | ast.Assert():
            return True
        case ast.Expr(ast.Constant()):
            return True
        case ast.FunctionDef(name=name):
            return name in QUIET_FUNCTIONS
        case ast.Assign([ast.Name(name)]) if name in QUIET_NAMES:
            return True
        case ast.If(ast.Name("TYPE_CHECKING")):
            return True
        case ast.Call(func):
            called = ast.unparse(func).rpartition(".")[2]
            return called in QUIET_CALLS or called.endswith("Error")
        case ast.keyword(arg):
            return arg in QUIET_KEYWORDS
    return False


def _children(node: ast.AST) -> Iterator[ast.AST]:
    match node:
        case ast.FunctionDef():
            yield from (d for d in (*node.args.defaults, *node.args.kw_defaults) if d)
            yield from node.body
        case ast.ClassDef():
            yield from node.body
        case ast.AnnAssign():
            yield from [node.value] if node.value else []
        case ast.Call():
            yield from (node.func, *node.args, *node.keywords)
        case ast.match_case():
            yield from ([node.guard] if node.guard else []) + node.body
        case _:
            yield from ast.iter_child_nodes(node)


def _instead(node: ast.AST) -> Iterator[ast.AST | None]:
    match node:
        case ast.BinOp(left, op, right) if not _is_quiet_operand(left, right):
            if type(op) in OPERATORS:
                yield ast.BinOp(left, OPERATORS[type(op)](), right)
            if isinstance(op, ast.Add | ast.Sub | ast.Mult | ast.Div | ast.Pow):
                yield left
            if isinstance(op, ast.Add | ast.Mult):
                yield right
        case ast.UnaryOp(ast.USub() | ast.Not() | ast.Invert(), operand):
            yield operand
        case ast.Compare(left, [op], [right]):
            yield ast.Compare(left, [NEGATED[type(op)]()], [right])
            if type(op) in BOUNDARY and (_is_integer(left) or _is_integer(right)):
                yield ast.Compare(left, [BOUNDARY[type(op)]()], [right])
        case ast.BoolOp(op, values):
            yield ast.BoolOp(ast.Or() if isinstance(op, ast.And) else ast.And(), values)
        case ast.IfExp(test, body, orelse):
            yield ast.IfExp(test, orelse, body)
        case ast.Constant(bool(value)):
            yield ast.Constant(not value)
        case ast.Constant(int(value)) if value < 20:
            yield ast.Constant(value + 1)
        case ast.Constant(float(value)) if value == 0 or 1e-3 <= value < 1e5:
            yield ast.Constant(1.5 * value or 1.0)
        case ast.Attribute(value, "T"):
            yield value
        case ast.Call(func, args, keywords):
            yield from _other_calls(func, args, keywords)
        case ast.AugAssign():
            yield None
        case ast.Assign([ast.Subscript() | ast.Attribute()]) | ast.Expr(ast.Call()):
            yield None


def _other_calls(func: ast.expr, args: list[ast.expr], keywords: list) -> Iterator[ast.AST]:
    name = func.attr if isinstance(func, ast.Attribute) else getattr(func, "id", "")
    if name in OTHER:
        other = OTHER[name]
        new = ast.Attribute(func.value, other) if isinstance(func, ast.Attribute) else None
        yield ast.Call(new or ast.Name(other), args, keywords)
    if name in IDENTITY and len(args) == 1:
        yield args[0]


def _is_quiet_operand(*operands: ast.AST) -> bool:
    """Texts, and what is not a number whatever is done to it."""
    texts = [node for node in operands if isinstance(node, ast.JoinedStr)]
    texts += [n for n in operands if isinstance(n, ast.Constant) and isinstance(n.value, str)]
    return bool(texts) or any(ast.unparse(node) == "np.nan" for node in operands)


def _is_integer(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, int)
