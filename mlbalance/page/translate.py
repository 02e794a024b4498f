"""JavaScript of Python modules, for the part of Python that sentences and their numbers need.

The page says what `mlbalance.advise` says by the same source: functions, generators, loops,
comprehensions, f-strings and records are translated; `runtime.js` holds what Python has built in.
Anything else is refused, so that a sentence that cannot be translated fails the build.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator, Sequence

__all__ = ["UntranslatableError", "module"]

_BUILTINS = frozenset(
    "abs all any bool dict enumerate filter float int isinstance len list map max min range "
    "reversed round set sorted str sum tuple zip".split()
)
_RESERVED = frozenset("case class const default delete export function new switch this var".split())
_COMPARE = {ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">="}
_ARITHMETIC = {ast.Sub: "-", ast.Div: "/"}
_CALLED = {ast.Add: "add", ast.Mult: "times", ast.Mod: "mod", ast.Pow: "power"}


class UntranslatableError(ValueError):
    """A module uses Python that has no translation; the message says where."""


def module(source: str, name: str, only: Sequence[str] = ()) -> str:
    """JavaScript that registers the module under its name.

    Parameters
    ----------
    source
        Python of the module.
    name
        Dotted name, by which other modules import from it.
    only
        Functions and constants that are taken; all for none.

    Returns
    -------
    A statement; `imported` finds what the module imports, other than for types.

    Raises
    ------
    UntranslatableError
        For anything beyond the part of Python that is known here.
    """
    tree = ast.parse(source)
    if only:
        tree.body = [node for node in tree.body if _name(node) in only]
    return "\n".join(_Module(name).lines(tree))


class _Module:
    """Translation of one module."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.modules: set[str] = set()
        self.own: set[str] = set()
        self.arguments: dict[str, list[str]] = {}

    def refuse(self, node: ast.AST) -> UntranslatableError:
        line = getattr(node, "lineno", "?")
        return UntranslatableError(
            f"{self.name}, line {line}: {type(node).__name__} has no JavaScript here: "
            f"{ast.unparse(node)[:80]}. Write it in the Python that page/translate.py knows."
        )

    def lines(self, tree: ast.Module) -> Iterator[str]:
        for node in tree.body:
            if isinstance(node, ast.FunctionDef):
                self.arguments[node.name] = [a.arg for a in _parameters(node.args)]
        yield f"modules[{json.dumps(self.name)}] = (() => {{"
        for node in tree.body:
            yield from self.top(node)
        shown = ", ".join(sorted(_safe(name) for name in self.own))
        yield f"return {{{shown}}};"
        yield "})();"

    def top(self, node: ast.stmt) -> Iterator[str]:
        match node:
            case ast.Expr(ast.Constant(str())) | ast.ImportFrom(module="__future__"):
                return
            case ast.If(ast.Name("TYPE_CHECKING")) | ast.Assign([ast.Name("__all__")]):
                return
            case ast.Import(names):
                self.modules |= {alias.asname or alias.name for alias in names}
                for alias in names:
                    name = alias.asname or alias.name
                    yield f"const {name} = imported({json.dumps(alias.name)});"
            case ast.ImportFrom(module=origin, names=names):
                names = [a for a in names if a.name != "TYPE_CHECKING"]
                if names and origin not in ("typing", "collections.abc", "dataclasses"):
                    found = ", ".join(_safe(a.name) for a in names)
                    yield f"const {{{found}}} = imported({json.dumps(origin)});"
            case ast.ClassDef():
                yield from self.record(node)
            case ast.FunctionDef():
                self.own.add(node.name)
                yield from self.function(node)
            case ast.Assign([ast.Name(name)], value) | ast.AnnAssign(ast.Name(name), _, value):
                if value is None:
                    raise self.refuse(node)
                self.own.add(name)
                yield f"const {_safe(name)} = {self.value(value)};"
            case _:
                raise self.refuse(node)

    def record(self, node: ast.ClassDef) -> Iterator[str]:
        fields = []
        for part in node.body:
            match part:
                case ast.AnnAssign(ast.Name(name), _, None):
                    fields.append(name)
                case ast.Expr(ast.Constant(str())):
                    pass
                case _:
                    raise self.refuse(part)
        self.own.add(node.name)
        self.arguments[node.name] = fields
        items = ", ".join(_safe(field) for field in fields)
        yield f"const {node.name} = ({items}) => ({{{items}}});"

    def function(self, node: ast.FunctionDef) -> Iterator[str]:
        if node.decorator_list or node.args.vararg or node.args.kwarg:
            raise self.refuse(node)
        star = "*" if any(isinstance(n, ast.Yield | ast.YieldFrom) for n in _own(node)) else ""
        yield f"function{star} {_safe(node.name)}({self.parameters(node.args)}) {{"
        inner = [n.name for n in node.body if isinstance(n, ast.FunctionDef)]
        given = {a.arg for a in _parameters(node.args)}
        names = sorted(_assigned(node) - given - set(inner))
        if names:
            yield f"let {', '.join(map(_safe, names))};"
        for statement in node.body:
            yield from self.statement(statement)
        yield "}"

    def parameters(self, arguments: ast.arguments) -> str:
        plain = [*arguments.posonlyargs, *arguments.args]
        missing: list[ast.expr | None] = [None] * (len(plain) - len(arguments.defaults))
        defaults = [*missing, *arguments.defaults, *arguments.kw_defaults]
        every = [*plain, *arguments.kwonlyargs]
        return ", ".join(
            _safe(a.arg) + ("" if d is None else f" = {self.value(d)}")
            for a, d in zip(every, defaults, strict=True)
        )

    def statement(self, node: ast.stmt) -> Iterator[str]:
        match node:
            case ast.Expr(ast.Constant(str())) | ast.Pass():
                return
            case ast.Expr(ast.Yield(value)) if value is not None:
                yield f"yield {self.value(value)};"
            case ast.Expr(ast.YieldFrom(value)):
                yield f"yield* py.iter({self.value(value)});"
            case ast.Expr(value):
                yield f"{self.value(value)};"
            case ast.Return(value):
                yield f"return {self.value(value) if value is not None else 'null'};"
            case ast.Assign(targets, value):
                told = self.value(value)
                for target in targets:
                    told = f"{self.target(target)} = {told}"
                yield f"{told};"
            case ast.AnnAssign(ast.Name() as target, _, value) if value is not None:
                yield f"{self.target(target)} = {self.value(value)};"
            case ast.AugAssign(target, operator, value):
                read = ast.BinOp(target, operator, value)
                yield f"{self.target(target)} = {self.value(read)};"
            case ast.If(test, body, orelse):
                yield f"if ({self.test(test)}) {{"
                yield from self.body(body)
                if orelse:
                    yield "} else {"
                    yield from self.body(orelse)
                yield "}"
            case ast.For(target, iterable, body, []):
                yield f"for ({self.target(target)} of py.iter({self.value(iterable)})) {{"
                yield from self.body(body)
                yield "}"
            case ast.While(test, body, []):
                yield f"while ({self.test(test)}) {{"
                yield from self.body(body)
                yield "}"
            case ast.Raise(ast.Call(ast.Name(name), [message])):
                yield f"throw py.error({json.dumps(name)}, {self.value(message)});"
            case ast.Break():
                yield "break;"
            case ast.Continue():
                yield "continue;"
            case ast.FunctionDef():
                yield from self.function(node)
            case _:
                raise self.refuse(node)

    def body(self, nodes: Sequence[ast.stmt]) -> Iterator[str]:
        for node in nodes:
            yield from self.statement(node)

    def target(self, node: ast.expr) -> str:
        match node:
            case ast.Name(name):
                return _safe(name)
            case ast.Tuple(parts) | ast.List(parts):
                return f"[{', '.join(map(self.target, parts))}]"
            case ast.Starred(value):
                return f"...{self.target(value)}"
            case ast.Subscript(value, index):
                return f"{self.value(value)}[{self.value(index)}]"
        raise self.refuse(node)

    def test(self, node: ast.expr) -> str:
        """A condition, as JavaScript sees one."""
        match node:
            case ast.BoolOp(operator, values):
                sign = " && " if isinstance(operator, ast.And) else " || "
                return "(" + sign.join(map(self.test, values)) + ")"
            case ast.UnaryOp(ast.Not(), operand):
                return f"!{self.test(operand)}"
            case ast.Compare():
                return self.value(node)
        return f"py.truth({self.value(node)})"

    def value(self, node: ast.expr) -> str:
        match node:
            case ast.Constant(value) if value is None or isinstance(
                value, bool | int | float | str
            ):
                return json.dumps(value)
            case ast.Name(name):
                known = name in _BUILTINS and name not in self.own
                return f"py.{_safe(name)}" if known else _safe(name)
            case ast.JoinedStr(parts):
                return f'[{", ".join(map(self.value, parts))}].join("")' if parts else '""'
            case ast.FormattedValue(value, conversion, form):
                shown = f"py.repr({self.value(value)})" if conversion == 114 else self.value(value)
                return f"py.format({shown}, {self.value(form) if form else json.dumps('')})"
            case ast.BinOp(left, operator, right):
                return self.arithmetic(node, left, operator, right)
            case ast.UnaryOp(ast.Not(), operand):
                return f"!{self.test(operand)}"
            case ast.UnaryOp(ast.USub(), operand):
                return f"(-{self.value(operand)})"
            case ast.BoolOp(operator, values):
                join = "and" if isinstance(operator, ast.And) else "or"
                *first, last = map(self.value, values)
                for one in reversed(first):
                    last = f"py.{join}({one}, () => {last})"
                return last
            case ast.Compare(left, operators, others):
                sides = [left, *others]
                pairs = zip(sides, operators, others, strict=False)
                return "(" + " && ".join(self.compare(node, *pair) for pair in pairs) + ")"
            case ast.IfExp(test, body, orelse):
                return f"({self.test(test)} ? {self.value(body)} : {self.value(orelse)})"
            case ast.Attribute(value, name):
                return f"{self.value(value)}.{name}"
            case ast.Subscript(value, ast.Slice(low, high, None)):
                ends = (self.value(end) if end else "null" for end in (low, high))
                return f"py.slice({self.value(value)}, {', '.join(ends)})"
            case ast.Subscript(value, index):
                return f"py.at({self.value(value)}, {self.value(index)})"
            case ast.Tuple(parts) | ast.List(parts) | ast.Set(parts):
                return f"[{', '.join(map(self.spread, parts))}]"
            case ast.Dict(keys, values):
                return "({" + ", ".join(map(self.item, keys, values)) + "})"
            case ast.ListComp(element, fors) | ast.GeneratorExp(element, fors):
                return self.comprehension(f"$found.push({self.value(element)});", fors, "[]")
            case ast.SetComp(element, fors):
                return f"py.set({self.value(ast.ListComp(element, fors))})"
            case ast.DictComp(key, value, fors):
                kept = f"$found[{self.value(key)}] = {self.value(value)};"
                return self.comprehension(kept, fors, "{}")
            case ast.Lambda(arguments, body):
                return f"(({self.parameters(arguments)}) => {self.value(body)})"
            case ast.NamedExpr(target, value):
                return f"({self.target(target)} = {self.value(value)})"
            case ast.Call():
                return self.call(node)
        raise self.refuse(node)

    def arithmetic(
        self, node: ast.expr, left: ast.expr, operator: ast.operator, right: ast.expr
    ) -> str:
        a, b = self.value(left), self.value(right)
        if isinstance(operator, ast.FloorDiv):
            return f"py.floor({a}, {b})"
        if sign := _ARITHMETIC.get(type(operator)):
            return f"({a} {sign} {b})"
        if name := _CALLED.get(type(operator)):
            return f"py.{name}({a}, {b})"
        raise self.refuse(node)

    def compare(self, node: ast.expr, left: ast.expr, operator: ast.cmpop, right: ast.expr) -> str:
        a, b = self.value(left), self.value(right)
        match operator:
            case ast.Is() | ast.IsNot():
                sign = "==" if b == "null" else "==="
                return f"{a} {'!' + sign[1:] if isinstance(operator, ast.IsNot) else sign} {b}"
            case ast.Eq():
                return f"py.eq({a}, {b})"
            case ast.NotEq():
                return f"!py.eq({a}, {b})"
            case ast.In():
                return f"py.contains({b}, {a})"
            case ast.NotIn():
                return f"!py.contains({b}, {a})"
        if order := _COMPARE.get(type(operator)):
            return f"{a} {order} {b}"
        raise self.refuse(node)

    def spread(self, node: ast.expr) -> str:
        if isinstance(node, ast.Starred):
            return f"...py.iter({self.value(node.value)})"
        return self.value(node)

    def item(self, key: ast.expr | None, value: ast.expr) -> str:
        if key is None:
            return f"...{self.value(value)}"
        return f"[{self.value(key)}]: {self.value(value)}"

    def comprehension(self, kept: str, fors: Sequence[ast.comprehension], empty: str) -> str:
        for part in reversed(fors):
            for test in reversed(part.ifs):
                kept = f"if ({self.test(test)}) {{ {kept} }}"
            of = f"const {self.target(part.target)} of py.iter({self.value(part.iter)})"
            kept = f"for ({of}) {{ {kept} }}"
        return f"(() => {{ const $found = {empty}; {kept} return $found; }})()"

    def call(self, node: ast.Call) -> str:
        arguments = [self.spread(a) for a in node.args]
        match node.func:
            case ast.Attribute(ast.Name(owner), method) if owner in self.modules:
                called = f"{owner}.{method}"
            case ast.Attribute(value, method):
                arguments = [self.value(value), json.dumps(method), *arguments]
                called = "py.call"
            case ast.Name():
                called = self.value(node.func)
            case _:
                raise self.refuse(node)
        keywords = {k.arg: self.value(k.value) for k in node.keywords if k.arg}
        if len(keywords) < len(node.keywords):
            raise self.refuse(node)
        names = self.arguments.get(node.func.id) if isinstance(node.func, ast.Name) else None
        if keywords and names:
            left = names[len(node.args) :]
            last = max(left.index(word) for word in keywords)
            arguments += [keywords.get(word, "undefined") for word in left[: last + 1]]
        elif keywords:
            told = ", ".join(f"{word}: {value}" for word, value in keywords.items())
            arguments.append(f"py.keywords({{{told}}})")
        return f"{called}({', '.join(arguments)})"


def _name(node: ast.stmt) -> str | None:
    match node:
        case ast.FunctionDef(name) | ast.ClassDef(name) | ast.Assign([ast.Name(name)]):
            return name
        case ast.Import([alias]):
            return alias.name
    return None


def _parameters(arguments: ast.arguments) -> list[ast.arg]:
    return [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]


def _own(node: ast.AST) -> Iterator[ast.AST]:
    """Nodes of a function without those of the functions and comprehensions within it."""
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, ast.FunctionDef | ast.Lambda):
            yield child
            yield from _own(child)


def _assigned(node: ast.FunctionDef) -> set[str]:
    names: set[str] = set()
    for child in _own(node):
        match child:
            case ast.comprehension():
                continue
            case ast.Assign(targets):
                found: list[ast.expr] = targets
            case ast.AnnAssign(target) | ast.AugAssign(target) | ast.For(target):
                found = [target]
            case ast.NamedExpr(target):
                found = [target]
            case _:
                continue
        for target in found:
            if not isinstance(target, ast.Subscript):
                names |= {n.id for n in ast.walk(target) if isinstance(n, ast.Name)}
    return names


def _safe(name: str) -> str:
    return f"{name}_" if name in _RESERVED else name
