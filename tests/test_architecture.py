"""The import rule: which module may know which, and what it may load.

The agreement of the witnesses (derivations, theory, simulation) is evidence only if none of them
imports another. Studies are the observed side: their measures must not use predictions.
"""

import ast
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "mlbalance"

BASE = frozenset(
    {"schemes", "softmax", "discriminant", "losses", "existence", "populations", "claims"}
)
WITNESSES = frozenset({"derivations", "theory", "simulation"})
BELOW_ENTRY_POINTS = BASE | WITNESSES | {"corrections", "methods", "data", "outputs"}

# A part may also import itself and `inputs`. A new module needs a line here.
MAY_IMPORT: dict[str, frozenset[str]] = {
    "inputs": frozenset(),
    "outputs": frozenset(),
    "extras": frozenset(),
    "schemes": frozenset(),
    "existence": frozenset(),
    "softmax": frozenset({"existence"}),
    "discriminant": frozenset(),
    "losses": frozenset({"softmax"}),
    "populations": frozenset(),
    "claims": frozenset(),
    "data": frozenset(),
    "report": frozenset(),
    "corrections": BASE,
    "methods": BASE | {"corrections"},
    "derivations": frozenset({"claims"}),
    "theory": BASE | {"corrections", "methods"},
    "simulation": BASE | {"corrections", "methods", "outputs"},
    "estimators": BELOW_ENTRY_POINTS,
    "advise": BELOW_ENTRY_POINTS | {"report"},
    "compare": BELOW_ENTRY_POINTS | {"advise", "estimators", "report"},
    "documents": BELOW_ENTRY_POINTS | {"report"},
    "workspace": BELOW_ENTRY_POINTS,
    "citations": BELOW_ENTRY_POINTS | {"compare", "workspace"},
    "page": BELOW_ENTRY_POINTS | {"advise", "documents", "report"},
    "cli": BELOW_ENTRY_POINTS
    | {"advise", "citations", "compare", "documents", "estimators", "page", "report", "workspace"},
    "__main__": frozenset({"cli"}),
    # Beside the package: studies, with the theory of their design, and figures.
    "simulations": BASE
    | {"corrections", "data", "methods", "simulation", "theory", "cli", "compare", "estimators"},
    "paper": BELOW_ENTRY_POINTS | {"advise", "documents", "report", "simulations"},
    "docs": BELOW_ENTRY_POINTS
    | {"advise", "cli", "compare", "documents", "estimators", "page", "report", "simulations"},
}
BESIDE = ("simulations", "paper", "docs")

# Libraries that are slow to load: they are imported where they are needed.
HEAVY = frozenset(
    {"dask", "distributed", "imblearn", "matplotlib", "sklearn", "statsmodels", "sympy"}
)
LOADS_AT_IMPORT = {
    "compare": {"sklearn"},
    "derivations": {"sympy"},
    "docs": {"matplotlib", "sympy"},
    "estimators": {"sklearn"},
    "paper": {"matplotlib", "sympy"},
}

# Parts that depend on nothing else at all: what they may load at import, and inside functions.
NARROW: dict[str, tuple[frozenset[str], frozenset[str]]] = {
    **{part: (frozenset({"numpy"}), frozenset({"numpy", "scipy"})) for part in BASE | {"inputs"}},
    "derivations": (frozenset({"sympy"}), frozenset({"sympy"})),
}


def violations(source: str, module: str, *, is_package: bool = False) -> list[str]:
    """Imports of `source` against the rule, one line each, if it were the module `module`."""
    top, *rest = module.split(".")
    part = top if top in BESIDE else [*rest, "__init__"][0]
    if part != "__init__" and part not in MAY_IMPORT:
        return [f"{module}: `{part}` is not listed; give it a line in MAY_IMPORT"]
    package = module if is_package else module.rpartition(".")[0]
    found = []
    for line, name, when in _imports(ast.parse(source), package):
        top, _, rest = name.partition(".")
        if top in ("mlbalance", *BESIDE):
            complaint = _about_ours(part, rest if top == "mlbalance" else top, when)
        elif top in sys.stdlib_module_names:
            complaint = None
        else:
            complaint = _about_theirs(part, top, when)
        if complaint:
            found.append(f"{module}:{line} imports {name}: {complaint}")
    return found


def _about_ours(part: str, rest: str, when: str) -> str | None:
    target = rest.partition(".")[0]
    if part == "__init__":
        return "the package is lazy: import inside __getattr__" if when == "at import" else None
    if target == "__version__" or target in MAY_IMPORT[part] | {part, "inputs", "extras"}:
        return None
    if target not in MAY_IMPORT:
        return "name the module it comes from, not the package"
    allowed = ", ".join(sorted(MAY_IMPORT[part] | {"inputs"}))
    return f"`{part}` may import {allowed}"


def _about_theirs(part: str, top: str, when: str) -> str | None:
    if when == "for types":
        return None
    at_import = when == "at import"
    if part in NARROW:
        allowed = NARROW[part][0 if at_import else 1]
        return None if top in allowed else f"`{part}` may load {', '.join(sorted(allowed))} {when}"
    if at_import and top in HEAVY - LOADS_AT_IMPORT.get(part, set()):
        return "import it inside the function that needs it"
    return None


def _imports(
    node: ast.AST, package: str, when: str = "at import"
) -> Iterator[tuple[int, str, str]]:
    """Yield (line, absolute dotted name, "at import" | "for types" | "inside functions")."""
    for child in ast.iter_child_nodes(node):
        names = _names(child, package)
        yield from ((child.lineno, name, when) for name in names)
        if isinstance(child, ast.If) and ast.unparse(child.test).endswith("TYPE_CHECKING"):
            yield from _imports(ast.Module(child.body, []), package, "for types")
            yield from _imports(ast.Module(child.orelse, []), package, when)
        elif isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            yield from _imports(child, package, "inside functions")
        else:
            yield from _imports(child, package, when)


def _names(node: ast.AST, package: str) -> list[str]:
    match node:
        case ast.Import(names):
            return [alias.name for alias in names]
        case ast.ImportFrom(module, names, level):
            above = package.split(".")[: len(package.split(".")) - level + 1] if level else []
            origin = ".".join([*above, *([module] if module else [])])
            # A name from a package may be a module of it.
            ours = origin.partition(".")[0] in ("mlbalance", *BESIDE)
            return [f"{origin}.{a.name}" for a in names] if ours else [origin]
        case ast.Call(ast.Name("__import__"), [ast.Constant(str(name)), *_]):
            return [name]
        case ast.Call(
            ast.Name("import_module") | ast.Attribute(_, "import_module"),
            [ast.Constant(str(name)), *_],
        ):
            return [package + name if name.startswith(".") else name]
    return []


def _modules() -> list[Path]:
    """All but the examples of the site, which import as users do."""
    found = (path for top in ("mlbalance", *BESIDE) for path in (ROOT / top).rglob("*.py"))
    return sorted(path for path in found if path.parent != ROOT / "docs/examples")


def _dotted(path: Path) -> str:
    own = path.parent if path.name == "__init__.py" else path.with_suffix("")
    return ".".join(own.relative_to(ROOT).parts)


def test_there_is_a_package_to_walk():
    assert PACKAGE / "__init__.py" in _modules()


def test_imports_keep_the_rule():
    for path in _modules():
        is_package = path.name == "__init__.py"
        found = violations(path.read_text("utf-8"), _dotted(path), is_package=is_package)
        assert found == [], path.relative_to(ROOT)


def test_no_witness_reaches_another_by_any_path():
    for witness in WITNESSES:
        reached, todo = set(), {witness}
        while todo:
            reached |= todo
            todo = set().union(*(MAY_IMPORT[part] for part in todo)) - reached
        assert reached & WITNESSES == {witness}


def test_no_import_points_upwards():
    for part, below in MAY_IMPORT.items():
        assert all(part not in MAY_IMPORT[other] for other in below)


# Circles: imports for types and inside functions count too.


def graph(sources: dict[str, tuple[str, bool]]) -> dict[str, set[str]]:
    """Modules that each module names in an import; sources and whether they are packages.

    Only the version may come from the package itself.
    """
    found: dict[str, set[str]] = {}
    for module, (source, is_package) in sources.items():
        package = module if is_package else module.rpartition(".")[0]
        names = (name for _, name, _ in _imports(ast.parse(source), package))
        targets = {_known(name, sources) for name in names if name != "mlbalance.__version__"}
        found[module] = targets - {module, ""}
    return found


def _known(name: str, modules: dict[str, Any]) -> str:
    while name and name not in modules:
        name = name.rpartition(".")[0]
    return name


def circles(graph: dict[str, set[str]]) -> list[list[str]]:
    """Modules that reach each other, circle by circle."""
    reached: dict[str, set[str]] = {}
    for module in graph:
        seen, todo = set(), set(graph[module])
        while todo:
            seen |= todo
            todo = set().union(*(graph[at] for at in todo)) - seen
        reached[module] = seen
    around = [[b for b in sorted(reached[a]) if a in reached[b]] for a in sorted(graph)]
    return [circle for a, circle in zip(sorted(graph), around, strict=True) if circle[:1] == [a]]


@cache
def circles_of_the_checkout() -> list[list[str]]:
    return circles(
        graph({_dotted(p): (p.read_text("utf-8"), p.name == "__init__.py") for p in _modules()})
    )


@pytest.mark.parametrize("part", sorted(MAY_IMPORT))
def test_no_module_is_reached_from_itself(part):
    home = part if part in BESIDE else f"mlbalance.{part}"
    found = circles_of_the_checkout()
    assert [circle for circle in found if any(_known(at, {home: 0}) for at in circle)] == []


def test_a_circle_is_seen():
    plain = "from mlbalance.b import f"
    for_types = f"if TYPE_CHECKING:\n    {plain}"
    deferred = f"def g():\n    {plain}"
    for source in (plain, for_types, deferred):
        sources = {"mlbalance.a": (source, False), "mlbalance.b": ("from mlbalance import a", True)}
        assert circles(graph(sources)) == [["mlbalance.a", "mlbalance.b"]]
    sources["mlbalance.b"] = ("from mlbalance.c import a", True)
    assert circles(graph(sources)) == []


# The observed side: sources, methods and outcomes of studies.

OBSERVED = frozenset({"__call__", "fit", "replicate", "test"})
"""Functions of outcomes, methods and sources."""

THEORY_UNDER_TEST = {
    ("_outcomes", "Intervals"): {"covariance", "data_moments"},  # standard errors that are judged
    ("few_rows", "TIntervals"): {  # intervals that are judged
        "covariance",
        "data_moments",
        "degrees_of_freedom",
        "moderate",
    },
    ("_tilted", "Rejected"): {"population_moments"},  # the direction of the alternative
}
"""Quantities of theory that are themselves the estimator or the hypothesis under test."""


def measured_with_theory(sources: dict[str, str]) -> dict[tuple[str, str], set[str]]:
    """Names of theory that outcomes, methods and sources of studies reach, by file and class."""
    trees = {name: ast.parse(source) for name, source in sources.items()}
    homes: dict[str, dict[str, tuple[str, str]]] = {}  # file: name: where it comes from
    for file, tree in trees.items():
        own = {
            (alias.asname or alias.name): (node.module or "", alias.name)
            for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom)
            for alias in node.names
        } | {
            alias.asname or alias.name.partition(".")[0]: (alias.name, "")
            for node in ast.walk(tree)
            if isinstance(node, ast.Import)
            for alias in node.names
        }
        homes[file] = own | {name: (f"simulations.{file}", name) for name in _defined(tree)}
    found: dict[tuple[str, str], set[str]] = {}
    for file, tree in trees.items():
        for node in tree.body:
            if isinstance(node, ast.ClassDef) and OBSERVED & {
                part.name for part in node.body if isinstance(part, ast.FunctionDef)
            }:
                found[file, node.name] = _of_theory(file, node.name, trees, homes)
    return {at: names for at, names in found.items() if names}


def _defined(tree: ast.Module) -> dict[str, ast.stmt]:
    found: dict[str, ast.stmt] = {}
    for node in tree.body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            found[node.name] = node
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            named = [at for target in targets for at in ast.walk(target)]
            found |= {at.id: node for at in named if isinstance(at, ast.Name)}
    return found


def _of_theory(
    file: str,
    name: str,
    trees: dict[str, ast.Module],
    homes: dict[str, dict[str, tuple[str, str]]],
) -> set[str]:
    found: set[str] = set()
    seen, todo = set(), [(file, name)]
    while todo:
        at = file, name = todo.pop()
        if at in seen:
            continue
        seen.add(at)
        for node in ast.walk(_defined(trees[file])[name]):
            origin, original = homes[file].get(getattr(node, "id", ""), ("", ""))
            top, _, module = origin.partition(".")
            if f"{origin}.{original}.".startswith("mlbalance.theory."):
                found.add(original)
            elif top == "simulations" and original in _defined(trees[module]):
                todo.append((module, original))
    return found


def _studies() -> dict[str, str]:
    return {path.stem: path.read_text("utf-8") for path in (ROOT / "simulations").glob("*.py")}


def test_no_study_measures_with_what_predicts():
    assert measured_with_theory(_studies()) == THEORY_UNDER_TEST


def test_a_measure_that_predicts_is_seen():
    helper = (
        "from mlbalance.theory.proportional import solve\n"
        "from mlbalance import theory\n"
        "def limit(x):\n    return solve(x)\n"
        "TRUTH = theory.moments(1)\n"
    )
    study = (
        "from simulations._helper import TRUTH, limit\n"
        "class Outcome:\n    def __call__(self, fitted):\n        return {}\n"
        "STUDY = TRUTH, limit(1), Outcome()\n"
    )
    for body, names in (("limit(fitted)", {"solve"}), ("fitted - TRUTH", {"theory"}), ("1", set())):
        found = measured_with_theory({"_helper": helper, "study": study.format(body)})
        assert found == ({("study", "Outcome"): names} if names else {})


@pytest.mark.parametrize(
    ("module", "source", "complaint"),
    [
        ("schemes", "import scipy", "`schemes` may load numpy at import"),
        ("schemes", "from scipy.stats import norm", "`schemes` may load numpy at import"),
        ("schemes", "def f():\n    import sympy", "may load numpy, scipy inside functions"),
        ("schemes", "from . import softmax", "`schemes` may import inputs"),
        ("softmax", "from mlbalance.schemes import Undersample", "may import existence, inputs"),
        ("inputs", "from .claims import Claim", "`inputs` may import inputs"),
        ("theory.losses", "from ..simulation.engine import run", "`theory` may import"),
        ("theory.losses", "from mlbalance import simulation", "`theory` may import"),
        ("theory.losses", "def f():\n    from .. import derivations", "`theory` may import"),
        (
            "simulation",
            "import importlib\nimportlib.import_module('mlbalance.theory')",
            "may import",
        ),
        ("simulation", "class A:\n    def f(self):\n        __import__('mlbalance.theory')", "may"),
        ("simulation", "if TYPE_CHECKING:\n    from mlbalance.theory import M", "may import"),
        ("derivations.loewner", "import numpy", "`derivations` may load sympy at import"),
        ("derivations.loewner", "from mlbalance import softmax", "may import claims, inputs"),
        ("theory", "try:\n    import sympy\nexcept ImportError:\n    pass", "inside the function"),
        ("simulation", "class A:\n    import sklearn", "inside the function"),
        ("cli", "from matplotlib import pyplot", "inside the function"),
        ("estimators", "from mlbalance import Undersample", "not the package"),
        ("estimators", "import mlbalance", "not the package"),
        ("estimators", "from .cli import main", "`estimators` may import"),
        ("simulation", "from simulations.glass import STUDY", "`simulation` may import"),
        ("helpers", "import numpy", "is not listed"),
    ],
)
def test_an_offence_is_seen(module, source, complaint):
    (found,) = violations(source, f"mlbalance.{module}")
    assert complaint in found


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("simulations.glass", "from mlbalance.derivations import derive"),
        ("simulations.glass", "from mlbalance.advise import advise"),
        ("simulations.glass", "import matplotlib"),
        ("simulations.glass", "from paper.figures import limits"),
        ("paper.figures.glass", "from mlbalance.estimators import SoftmaxClassifier"),
    ],
)
def test_an_offence_beside_the_package_is_seen(module, source):
    assert len(violations(source, module)) == 1


def test_an_offence_names_its_line():
    source = "import numpy\n\n\ndef f():\n    from mlbalance.simulation import run\n"
    (found,) = violations(source, "mlbalance.theory", is_package=True)
    assert found.startswith(
        "mlbalance.theory:5 imports mlbalance.simulation.run: `theory` may import"
    )


def test_the_package_imports_nothing_until_asked():
    eager = "from .schemes import Undersample"
    assert violations(eager, "mlbalance", is_package=True) != []
    lazy = f"def __getattr__(name):\n    {eager}\n"
    assert violations(lazy, "mlbalance", is_package=True) == []


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("schemes", "import math\nimport numpy as np\nfrom .inputs import CountsError"),
        ("schemes", "def f():\n    from scipy.special import gammaln"),
        ("softmax", "from mlbalance import existence, inputs"),
        (
            "derivations.loewner",
            "import sympy as sp\nfrom ..claims import Claim\nfrom . import rules",
        ),
        ("theory.losses", "from scipy import stats\nfrom mlbalance.theory import covariance"),
        ("theory", "if TYPE_CHECKING:\n    import sympy"),
        ("simulation.engine", "import joblib\nfrom mlbalance import __version__, methods"),
        ("estimators", "import sklearn.base\nfrom mlbalance import simulation, theory"),
        ("cli", "def f():\n    import sympy, matplotlib\n    from .derivations import rules"),
        ("__main__", "from mlbalance.cli import main"),
    ],
)
def test_what_the_rule_allows(module, source):
    assert violations(source, f"mlbalance.{module}") == []


# The order of a set differs from process to process, so that no output may depend on it.


def iterated_sets(source: str) -> list[int]:
    """Lines that go through a set, or through a name that holds one, where order is seen."""
    tree = ast.parse(source)
    held = {
        node.targets[0].id
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Name)
        and _is_set(node.value)
    }

    def seen(node: ast.expr) -> bool:
        return _is_set(node) or (isinstance(node, ast.Name) and node.id in held)

    found, free = [], set()
    for node in ast.walk(tree):  # from the outside in
        match node:
            case ast.Call(ast.Name("sorted" | "set" | "any" | "all" | "min" | "max"), given):
                free |= {id(part) for part in given}
            case ast.For(iter=through):
                found += [node.lineno] * seen(through)
            case ast.ListComp() | ast.GeneratorExp() | ast.DictComp() if id(node) not in free:
                found += [node.lineno] * any(seen(part.iter) for part in node.generators)
            case ast.Call(ast.Name("list" | "tuple" | "enumerate" | "zip" | "map"), given):
                found += [node.lineno] * any(map(seen, given))
    return found


def _is_set(node: ast.expr) -> bool:
    match node:
        case ast.Set() | ast.SetComp() | ast.Call(ast.Name("set" | "frozenset")):
            return True
        case ast.BinOp(left, ast.BitOr() | ast.BitAnd() | ast.Sub() | ast.BitXor(), right):
            return _is_set(left) or _is_set(right)
    return False


@pytest.mark.parametrize("folder", ["paper", "simulations", "mlbalance"])
def test_no_set_is_iterated(folder):
    files = sorted((PACKAGE.parent / folder).rglob("*.py"))
    assert files
    found = {path.name: iterated_sets(path.read_text("utf-8")) for path in files}
    assert {name: lines for name, lines in found.items() if lines} == {}


@pytest.mark.parametrize(
    "source",
    [
        "for c in {r.cell for r in rows}: draw(c)",
        "x = {1, 2}\nfor c in x: draw(c)",
        "y = [c for c in set(rows) - {1}]",
        "y = list({r.cell for r in rows})",
    ],
)
def test_an_iterated_set_is_seen(source):
    assert len(iterated_sets(source)) == 1
    assert iterated_sets(f"y = sorted({{1}} | set(rows))\n{source.replace('1', '2')}")


def test_what_has_no_order_may_be_a_set():
    assert iterated_sets("if c in {1, 2} and any(x for x in set(rows)): y = sorted({1, 2})") == []
