"""The test that is named after a claim calls its computed witness and its derivation.

Read from the source: what the test names, itself or through helpers, fixtures and constants of its
file. Whether the two agree is for the test to say.
"""

import ast
import importlib
from functools import cache
from pathlib import Path
from types import ModuleType

import pytest

from mlbalance import claims

FILES = sorted(Path(__file__).parent.glob("test_witnesses*.py"))


def imported(tree):
    """Objects by the names that the imports of a file give them."""
    found = {}
    for node in tree.body:
        if isinstance(node, ast.ImportFrom):
            module = importlib.import_module(node.module)
            for alias in node.names:
                found[alias.asname or alias.name] = (
                    getattr(module, alias.name)
                    if hasattr(module, alias.name)
                    else importlib.import_module(f"{node.module}.{alias.name}")
                )
    return found


def parts(tree, name):
    """The definition of a name in a file, and of all names it uses."""
    own = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    for node in tree.body:
        if isinstance(node, ast.Assign):
            own |= {target.id: node for target in node.targets if isinstance(target, ast.Name)}
    todo, seen = [name], set()
    while todo:
        if (at := todo.pop()) in own and at not in seen:
            seen.add(at)
            yield own[at]
            inside = list(ast.walk(own[at]))
            todo += [node.id for node in inside if isinstance(node, ast.Name)]
            todo += [node.arg for node in inside if isinstance(node, ast.arg)]


def value(node, objects):
    """Object behind a name or a dotted name of a file, or None."""
    if isinstance(node, ast.Name):
        return objects.get(node.id)
    if isinstance(node, ast.Attribute):
        return getattr(value(node.value, objects), node.attr, None)
    return None


def calls(tree, name):
    """Objects, names of modules and of methods, and texts given, of all calls of a test."""
    objects = imported(tree)
    functions, modules, methods, texts = [], set(), set(), set()
    for part in parts(tree, name):
        for node in ast.walk(part):
            if not isinstance(node, ast.Call):
                continue
            function = value(node.func, objects)
            functions.append(function)
            modules.add(getattr(function, "__module__", None))
            if isinstance(node.func, ast.Attribute):
                methods.add(node.func.attr)
                home = value(node.func.value, objects)
                modules |= {home.__name__} if isinstance(home, ModuleType) else set()
            texts |= {arg.value for arg in node.args if isinstance(arg, ast.Constant)}
    return functions, modules, methods, texts


def called(tree, name, claim):
    """Whether a test calls (what computes, what derives) a claim."""
    functions, modules, methods, texts = calls(tree, name)
    attribute = claim.computed.partition(":")[2]
    target = claims.resolve(claim.computed)
    computes = any(function is target for function in functions)
    computes |= "." in attribute and attribute.rpartition(".")[2] in methods
    return computes, claim.derived.partition(":")[0] in modules or claim.label in texts


@cache
def trees():
    return [ast.parse(file.read_text("utf-8")) for file in FILES]


@pytest.mark.parametrize("claim", claims.CLAIMS.values(), ids=list(claims.CLAIMS))
def test_every_claim_that_is_computed_is_compared(claim):
    name = f"test_{claim.label.replace('-', '_')}"
    homes = [
        tree
        for tree in trees()
        if any(isinstance(node, ast.FunctionDef) and node.name == name for node in tree.body)
    ]
    assert len(homes) == 1, f"{name} is in {len(homes)} files of witnesses; it belongs in one"
    assert called(homes[0], name, claim) == (True, True)


def test_a_test_that_calls_something_else_is_seen():
    source = (
        "from mlbalance.theory import covariance\n"
        "from mlbalance.derivations import derive\n"
        "from mlbalance.derivations.proofs.loewner import loewner\n"
        "def helper():\n    return covariance(1)\n"
        "def test_loewner():\n    helper()\n    loewner()\n"
        "def test_kish():\n    derive('kish')\n"
        "def test_budget():\n    covariance\n"
    )
    tree, claim = ast.parse(source), claims.get("loewner")
    assert called(tree, "test_loewner", claim) == (True, True)
    assert called(tree, "test_loewner", claims.get("harmonic")) == (False, False)
    assert called(tree, "test_kish", claims.get("kish")) == (False, True)
    assert called(tree, "test_budget", claim) == (False, False)
