"""Digests of the source code that the numbers of a study depend on.

From every class and function of a study that is outside the package and the libraries, definitions
are followed by name, from module to module of the checkout. A definition is digested by its syntax
tree, without comments, docstrings and positions, so that only a change of code changes a digest.
"""

from __future__ import annotations

import ast
import hashlib
import importlib.util
import json
import sys
import types
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from mlbalance.simulation.fingerprint import Walk

__all__ = ["changes", "code_of"]

_OURS = __name__.partition(".")[0]

_DYNAMIC = frozenset({"globals", "vars", "eval", "exec", "__import__", "import_module"})
"""Functions by which a definition can use others without naming them."""

_ALWAYS = (ast.If, ast.For, ast.While, ast.With, ast.Try, ast.Expr, ast.Delete, ast.AugAssign)
"""Statements of a module that may change what it defines."""

_WRAPPED = ("__func__", "fget", "func")
"""Attributes in which class methods, properties and cached properties keep their function."""

_SCOPES = (ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
"""Expressions whose variables are their own."""


def code_of(found: Iterable[Any], file: str | None) -> dict[str, str]:
    """Digests of the definitions behind classes and functions.

    Parameters
    ----------
    found : classes and functions of a study
        Those of the package and of libraries are skipped.
    file : str or None
        The study file, of which statements that define nothing are digested too.

    Returns
    -------
    JSON texts {definition: digest} by "code of NAME".
    """
    parts: dict[str, dict[str, str]] = {}
    modules: dict[Path, _Module] = {}
    for thing in found:
        if _is_local(thing):
            name = f"code of {thing.__qualname__}"
            parts.setdefault(name, {}).update(_Reachable(modules).of(thing))
    if file is not None:
        reached = _Reachable(modules)
        reached.effects(Path(file))
        parts["code of the study file"] = reached.digests()
    return {name: json.dumps(digests, sort_keys=True) for name, digests in parts.items()}


def changes(old: str, new: str) -> list[str]:
    """Definitions that differ between two JSON texts of `code_of`, sorted."""
    before, now = json.loads(old), json.loads(new)
    return sorted(name for name in {*before, *now} if before.get(name) != now.get(name))


def _is_local(thing: Any) -> bool:
    """Whether a class or function is outside the package and the libraries."""
    module = thing.__module__ or ""
    if module == "__main__":
        return True
    top = module.partition(".")[0]
    file = _file_of(thing)
    if top == _OURS or top in sys.stdlib_module_names or top == "builtins":
        return False
    return file is None or _is_local_file(file)


def _is_local_file(file: Path) -> bool:
    ours = Path(__file__).resolve().parent.parent
    foreign = {"site-packages", "dist-packages"} & set(file.parts)
    return file.suffix == ".py" and not foreign and not file.resolve().is_relative_to(ours)


def _file_of(thing: Any) -> Path | None:
    """Source file of a class or function; None if it has none."""
    module = sys.modules.get(thing.__module__ or "")
    names = [getattr(module, "__file__", None)]
    functions = [thing] if isinstance(thing, types.FunctionType) else vars(thing).values()
    names += [f.__code__.co_filename for f in functions if isinstance(f, types.FunctionType)]
    return next((Path(name) for name in names if name and Path(name).is_file()), None)


class _Module:
    """Statements of a source file, by the names that they bind."""

    def __init__(self, file: Path) -> None:
        self.tree = ast.parse(file.read_bytes())
        self.package = _package_of(file)
        self.binding: dict[str, list[ast.stmt]] = {}
        self.always: list[ast.stmt] = []
        for statement in self.tree.body:
            if _is_idle(statement):
                continue
            for one in _one_by_one(statement):
                names = dict.fromkeys(_bound_names(one))
                for name in names:
                    self.binding.setdefault(name, []).append(one)
                if isinstance(one, _ALWAYS) or not names:
                    self.always.append(one)


class _Reachable:
    """Definitions that can be reached from others, with their digests."""

    def __init__(self, modules: dict[Path, _Module]) -> None:
        self._modules = modules
        self._seen: set[tuple[Path, str]] = set()
        self._trees: dict[str, list[str]] = {}

    def digests(self) -> dict[str, str]:
        return {
            name: hashlib.sha256("\n".join(sorted(trees)).encode()).hexdigest()[:16]
            for name, trees in self._trees.items()
        }

    def of(self, thing: Any) -> dict[str, str]:
        """Digests of all definitions that a class or function reaches."""
        file, (top, *_) = _file_of(thing), thing.__qualname__.split(".")
        if file is None:
            self._interactive(thing)
            return self.digests()
        self.effects(file)
        if isinstance(thing, types.FunctionType) and "<" in thing.__qualname__:
            for node in _functions_at(self._modules[file].tree, thing.__code__.co_firstlineno):
                self._visit(file, f"{file.name} {thing.__name__}", node)
        if top in self._modules[file].binding:
            self._name(file, top)
        elif top != "<lambda>":
            self._whole(file)
        return self.digests()

    def _interactive(self, thing: Any) -> None:
        """Add a definition typed into an interpreter, which has no source, and those it names."""
        if thing.__qualname__ in self._trees:
            return
        parts = _functions(thing)
        self._trees[thing.__qualname__] = [repr([(k, _bytecode(f.__code__)) for k, f in parts])]
        for _, function in parts:
            for name in _names(function.__code__):
                value = function.__globals__.get(name)
                if isinstance(value, type | types.FunctionType):
                    if value.__module__ == thing.__module__:
                        self._interactive(value)
                elif name in function.__globals__ and not callable(value):
                    self._trees[name] = [Walk().describe(value)]

    def effects(self, file: Path) -> None:
        """Add the statements of a module that may change what it defines."""
        if file not in self._modules:
            self._modules[file] = _Module(file)
        if (file, "") not in self._seen:
            self._seen.add((file, ""))
            for statement in self._modules[file].always:
                self._visit(file, f"{file.name} statements", statement)

    def _name(self, file: Path, name: str) -> None:
        self.effects(file)
        if (file, name) not in self._seen:
            self._seen.add((file, name))
            for statement in self._modules[file].binding.get(name, ()):
                self._visit(file, f"{file.name} {name}", statement)

    def _whole(self, file: Path) -> None:
        self.effects(file)
        for name in self._modules[file].binding:
            self._name(file, name)

    def _visit(self, file: Path, label: str, node: ast.AST) -> None:
        module = self._modules[file]
        self._trees.setdefault(label, []).append(_tree(node))
        for inner in ast.walk(node):
            if isinstance(inner, ast.Name) and inner.id in module.binding:
                self._name(file, inner.id)
            if isinstance(inner, ast.Name | ast.Attribute):
                name = inner.id if isinstance(inner, ast.Name) else inner.attr
                if name in _DYNAMIC:
                    self._whole(file)
            if isinstance(inner, ast.Import | ast.ImportFrom):
                self._follow(module, inner)

    def _follow(self, module: _Module, node: ast.Import | ast.ImportFrom) -> None:
        if isinstance(node, ast.Import):
            for alias in node.names:
                if file := _local_module(alias.name):
                    self._whole(file)
            return
        base = node.module or ""
        if node.level:
            above = module.package.split(".")
            base = ".".join([*above[: len(above) - node.level + 1], *filter(None, [base])])
        for alias in node.names:
            if file := _local_module(f"{base}.{alias.name}"):
                self._whole(file)
            elif file := _local_module(base):
                if alias.name == "*":
                    self._whole(file)
                else:
                    self._name(file, alias.name)


def _local_module(name: str) -> Path | None:
    """File of a module; None for those of the package and of libraries."""
    file = None
    for part in (name.partition(".")[0], name):  # looking into a library would load it
        if part in {_OURS, *sys.stdlib_module_names}:
            return None
        try:
            spec = getattr(sys.modules.get(part), "__spec__", None)
            spec = spec or importlib.util.find_spec(part)
        except (ImportError, AttributeError, ValueError):
            return None
        file = Path(spec.origin) if spec is not None and spec.origin else None
        if file is not None and not (file.is_file() and _is_local_file(file)):
            return None
    return file


def _package_of(file: Path) -> str:
    """Package in which the relative imports of a loaded file are resolved."""
    for module in list(sys.modules.values()):
        if getattr(module, "__file__", None) == str(file):
            return getattr(module, "__package__", None) or ""
    return ""


def _is_idle(statement: ast.stmt) -> bool:
    """Whether a statement is a docstring, or has no effect when the file is imported."""
    if isinstance(statement, ast.Expr):
        return isinstance(statement.value, ast.Constant)
    return isinstance(statement, ast.If) and ast.unparse(statement.test) in (
        "__name__ == '__main__'",
        "TYPE_CHECKING",
    )


def _one_by_one(statement: ast.stmt) -> Iterator[ast.stmt]:
    """A statement; one for each name of an import."""
    if isinstance(statement, ast.ImportFrom):
        for alias in statement.names:
            yield ast.ImportFrom(statement.module, [alias], statement.level)
    elif isinstance(statement, ast.Import):
        for alias in statement.names:
            yield ast.Import([alias])
    else:
        yield statement


def _bound_names(node: ast.AST) -> Iterator[str]:
    """Names to which a statement may give a value in its module."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield node.name
    elif isinstance(node, ast.Name):
        if not isinstance(node.ctx, ast.Load):
            yield node.id
    elif isinstance(node, ast.alias):
        if node.name != "*":
            yield node.asname or node.name.partition(".")[0]
    elif not isinstance(node, _SCOPES):
        for inner in ast.iter_child_nodes(node):
            yield from _bound_names(inner)


def _functions_at(tree: ast.AST, line: int) -> Iterator[ast.AST]:
    """Functions that begin on a line, decorators included."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Lambda | ast.FunctionDef | ast.AsyncFunctionDef):
            decorators = getattr(node, "decorator_list", [])
            if line == min(part.lineno for part in (node, *decorators)):
                yield node


def _tree(node: Any) -> str:
    """A syntax tree as text, the same in every version of Python."""
    if isinstance(node, ast.AST):
        parts = ((name, value) for name, value in ast.iter_fields(node) if name != "ctx")
        inside = (f"{name}={_tree(value)}" for name, value in parts if value not in (None, []))
        return f"{type(node).__name__}({', '.join(inside)})"
    if isinstance(node, list):
        return f"[{', '.join(_tree(one) for one in node if not _is_text(one))}]"
    return repr(node)


def _is_text(node: Any) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _functions(thing: Any) -> list[tuple[str, types.FunctionType]]:
    """A function, or the functions of a class, by name."""
    found = vars(thing) if isinstance(thing, type) else {thing.__name__: thing}
    plain = {
        name: next((f for kind in _WRAPPED if (f := getattr(value, kind, None))), value)
        for name, value in found.items()
    }
    return sorted((name, f) for name, f in plain.items() if isinstance(f, types.FunctionType))


def _names(code: types.CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _names(constant)


def _bytecode(constant: Any) -> Any:
    """Bytecode of this version of Python, without line numbers."""
    if isinstance(constant, types.CodeType):
        return constant.co_code, constant.co_names, [*map(_bytecode, constant.co_consts)]
    return sorted(map(repr, constant)) if isinstance(constant, frozenset) else repr(constant)
