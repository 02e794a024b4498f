"""A store knows the code of its study: changes are refused, what only looks different is not."""

import ast
import functools
import hashlib
import sys
from dataclasses import replace

import numpy as np
import pytest

from mlbalance import workspace
from mlbalance.methods import Method, methods
from mlbalance.schemes import ClassWeight
from mlbalance.simulation import Store, StoreError, run
from mlbalance.simulation.code import _tree, changes
from mlbalance.simulation.fingerprint import Walk, stable_name
from tests.simulation.victim import STUDY as VICTIM

STUDY = '''
"""A study with code of its own."""

from dataclasses import dataclass

import numpy as np

from mlbalance.populations import symmetric
from mlbalance.methods import methods
from mlbalance.simulation import Cell, Sampled, Study
from simulations import _tools
from simulations._helper import scaled, unused


class Moved:
    """A plain class that holds a population."""

    def __init__(self, by):
        self.by, self.around = by, symmetric(2, 1, 1.0)
        self.n_classes = 2

    def sample(self, counts, rng):
        """Rows, moved."""
        X, y = self.around.sample(counts, rng)
        return X + self.by, y

    def sobol(self, size, rng):
        return self.around.sobol(size, rng)


@dataclass(frozen=True)
class Score:
    """What is recorded."""

    columns = ("score", "other")

    def __call__(self, fitted):
        # Of class 0.
        score = scaled(fitted.theta[:, 0, :1])
        return np.concatenate([score, _tools.other(score)], axis=1)


def judged(rows):
    """A criterion; no number depends on it."""
    return len(rows) > 1


STUDY = Study(
    name="six_classes",
    aim="Have code.",
    cells=tuple(Cell(f"by {by}", Sampled(Moved(by), (9, 8), test_size=16)) for by in (0.0, 1.0)),
    estimands="all",
    methods=methods("class-weights", ridge=0.1),
    reference="class-weights",
    replications=3,
    root=11,
    outcomes=(Score(),),
)

if __name__ == "__main__":
    from mlbalance.cli.studies import main

    main(STUDY)
'''

HELPER = '''
FACTOR = 2.0


def scaled(values):
    """Docstring."""
    return _twice(values) * FACTOR


def _twice(values):
    from simulations import _deep

    return values + values + _deep.NOTHING


def unused():
    return FACTOR
'''

TOOLS = """
def other(values):
    return -values
"""

DEEP = """
NOTHING = 0.0
"""


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    (tmp_path / "mlbalance").mkdir()
    folder = tmp_path / "simulations"
    folder.mkdir()
    for name, text in (
        ("six_classes", STUDY),
        ("_helper", HELPER),
        ("_tools", TOOLS),
        ("_deep", DEEP),
    ):
        (folder / f"{name}.py").write_text(text)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    forget()
    yield tmp_path
    forget()


def forget():
    """What other checkouts had under these names."""
    for name in [name for name in sys.modules if name.partition(".")[0] == "simulations"]:
        del sys.modules[name]


def edit(checkout, file, old, new):
    path = checkout / "simulations" / f"{file}.py"
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))
    forget()


@pytest.mark.parametrize(
    ("file", "old", "new", "what"),
    [
        ("six_classes", "fitted.theta[:, 0, :1]", "fitted.theta[:, 1, :1]", "six_classes.py Score"),
        ("six_classes", "X + self.by", "X - self.by", "six_classes.py Moved"),
        ("_helper", "* FACTOR", "+ FACTOR", "_helper.py scaled"),
        ("_helper", "FACTOR = 2.0", "FACTOR = 3.0", "_helper.py FACTOR"),
        ("_helper", "values + values", "values - values", "_helper.py _twice"),
        ("_tools", "-values", "+values", "_tools.py other"),
        ("_deep", "NOTHING = 0.0", "NOTHING = 1.0", "_deep.py NOTHING"),
        ("_deep", "NOTHING = 0.0", "NOTHING = 0.0\nprint()", "_deep.py statements"),
        ("six_classes", "STUDY =", "np.seterr(all='ignore')\nSTUDY =", "six_classes.py statements"),
        (
            "six_classes",
            "_helper import scaled, unused",
            "_helper import unused as scaled",
            "scaled",
        ),
    ],
)
def test_code_that_numbers_depend_on_is_refused_and_named(checkout, file, old, new, what):
    path = checkout / "store.sqlite"
    Store(path, workspace.find("six_classes")).close()
    edit(checkout, file, old, new)
    with pytest.raises(StoreError, match=r"Code of the study changed since") as refused:
        Store(path, workspace.find("six_classes"))
    message = str(refused.value)
    assert what in message and "--accept-changed-code" in message and "--fresh" in message


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("six_classes", "# Of class 0.", "# Of the first class."),
        ("six_classes", '"""What is recorded."""', '"""Otherwise."""\n'),
        ("six_classes", "len(rows) > 1", "len(rows) > 2"),
        ("six_classes", "replications=3", "replications=5"),
        ("six_classes", 'aim="Have code."', 'aim="Have other words."'),
        ("six_classes", "in (0.0, 1.0)", "in (0.0, 1.0, 2.0)"),
        ("six_classes", "    main(STUDY)", "    main(STUDY), print()"),
        ("_helper", "def unused():\n    return FACTOR", "def unused():\n    return 7"),
        ("_helper", "\n\n\ndef scaled(values)", "\n\n\n\n\ndef scaled(  values  )"),
        ("_helper", '"""Docstring."""', '"""Other docstring."""'),
    ],
)
def test_words_and_code_that_no_number_depends_on_may_change(checkout, file, old, new):
    path = checkout / "store.sqlite"
    Store(path, workspace.find("six_classes")).close()
    edit(checkout, file, old, new)
    Store(path, workspace.find("six_classes")).close()


def test_a_plain_class_resumes_and_its_values_count(checkout):
    path = checkout / "store.sqlite"
    for _ in range(2):
        study = workspace.find("six_classes")
        with Store(path, study) as store:
            run(study, store=store)
            assert store.cells() == {"by 0.0": (3, 0), "by 1.0": (3, 0)}
        forget()
    edit(checkout, "six_classes", "self.by, self.around = by", "self.by, self.around = by * 2")
    with pytest.raises(StoreError, match=r"cell 'by 1.0' was .*by=1\.0.*, is .*by=2\.0"):
        Store(path, workspace.find("six_classes"))


def test_changed_code_is_accepted_on_request_and_that_is_kept(checkout):
    path = checkout / "store.sqlite"
    Store(path, workspace.find("six_classes")).close()
    edit(checkout, "_helper", "* FACTOR", "+ FACTOR")
    with Store(path, workspace.find("six_classes"), accept=True) as store:
        assert [s["accepted"] for s in store.sessions()] == [["_helper.py scaled"]]
    with Store(path, workspace.find("six_classes"), accept=True) as store:
        assert len(store.sessions()) == 1
    edit(checkout, "_helper", "+ FACTOR", "* FACTOR")
    with pytest.raises(StoreError, match=r"Code of the study changed .*_helper\.py scaled"):
        Store(path, workspace.find("six_classes"))


def test_columns_are_no_matter_of_acceptance(checkout):
    path = checkout / "store.sqlite"
    Store(path, workspace.find("six_classes")).close()
    edit(checkout, "six_classes", '("score", "other")', '("score", "more")')
    with pytest.raises(StoreError, match="holds score, other; the study records score, more"):
        Store(path, workspace.find("six_classes"), accept=True)


def test_shards_of_other_code_are_not_merged(checkout):
    paths = [checkout / "a.sqlite", checkout / "b.sqlite"]
    Store(paths[0], workspace.find("six_classes")).close()
    edit(checkout, "_tools", "-values", "+values")
    study = workspace.find("six_classes")
    with (
        Store(paths[1], study) as store,
        pytest.raises(StoreError, match=r"was made by other code of the study: _tools\.py other"),
    ):
        store.absorb(paths[0])


def test_the_study_has_a_name_of_its_own_code(checkout):
    parts = workspace.find("six_classes").code()
    assert set(parts) == {"code of Score", "code of Moved", "code of the study file"}
    assert changes(parts["code of Score"], parts["code of Score"]) == []


# --- what has no file ----------------------------------------------------------------------------

TYPED = """
FACTOR = 2.0


def scaled(values):
    return values * FACTOR


class Typed:
    columns = ("a",)

    def __call__(self, fitted):
        return scaled(fitted.theta[:, 0, :1]) + self.shift

    @property
    def shift(self):
        return 1
"""


@pytest.mark.parametrize(
    ("old", "new"),
    [("", "\n"), ("2.0", "3.0"), ("values *", "values +"), ("0, :1", "1, :1"), ("n 1", "n 2")],
)
def test_a_class_typed_into_an_interpreter_counts(monkeypatch, old, new):
    def code(text):
        space = {"__name__": "__main__"}
        exec(compile(text, "<stdin>", "exec"), space)
        return replace(VICTIM, outcomes=(space["Typed"](),)).code()

    monkeypatch.delattr(sys.modules["__main__"], "__file__", raising=False)
    assert (code(TYPED) == code(TYPED.replace(old, new, 1))) == (not new.strip())


LAMBDAS = (
    lambda values: values,
    lambda values: -values,
)


def made(kind):
    if kind:
        return lambda values: values
    return lambda values: -values


@pytest.mark.parametrize("functions", [LAMBDAS, (made(True), made(False))])
def test_a_lambda_counts_by_what_it_does(functions):
    one, other = (replace(VICTIM, outcomes=(Holds(f),)).code() for f in functions)
    assert one.keys() == other.keys() and one != other


class Holds:
    columns = ("a",)

    def __init__(self, function):
        self.function = function

    def __call__(self, fitted):
        return self.function(fitted.theta[:, 0, :1])


def test_what_functions_hold_counts_as_values():
    def scaled(factor, *, by=1.0):
        return lambda values: values * factor * by

    def described(function):
        return Walk().describe(function)

    assert described(scaled(2.0)) == described(scaled(2.0)) != described(scaled(3.0))
    partials = [functools.partial(scaled, 2.0, by=by) for by in (1.0, 1.0, 2.0)]
    assert described(partials[0]) == described(partials[1]) != described(partials[2])
    assert described(Holds(scaled(2.0)).__call__) != described(Holds(scaled(3.0)).__call__)


class Odd:
    """Slots, a loop, a set, arrays of anything, an object that shows its address."""

    __slots__ = ("items",)

    def __init__(self):
        self.items = [{"b", "a", "c"}, np.array([Plain(), 1], dtype=object), Plain(), np.random]
        self.items.append(self.items)


class Plain:
    def __init__(self):
        self.rng = np.random.default_rng(1)

    @functools.cached_property
    def known(self):
        return 1


def test_no_address_and_nothing_worked_out_gets_into_words():
    first, second = Odd(), Odd()
    assert second.items[2].known == 1
    said = Walk().describe(first)
    assert said == Walk().describe(second) and "0x" not in said


class Unnamed(ClassWeight):
    """A scheme that is shown by its address."""

    __repr__ = object.__repr__


def test_streams_are_not_named_after_addresses():
    said = [stable_name(scheme.stream_name, scheme) for scheme in (Unnamed(), Unnamed())]
    assert said[0] == said[1] and "0x" not in said[0]
    assert stable_name(ClassWeight().stream_name, ClassWeight()) == repr(ClassWeight())
    studies_of_it = [
        replace(
            VICTIM,
            methods=(*methods("class-weights"), Method(Unnamed(), name=("own", "own"))),
            replications=2,
        )
        for _ in range(2)
    ]
    tables = [[row[:5] for row in run(study).table()] for study in studies_of_it]
    assert tables[0] == tables[1]


SNIPPET = """
import a.b as c
from . import d

@c.decorated
class E(d.F, metaclass=G):
    x: int = 1

    async def f(self, *y, z=f"{1!r:>{2}} and {d['k']}", **w):
        with open(y) as u, d: pass
        match u:
            case {"a": [1, *_]} | None: return not (a := 1)
        try: yield from (lambda: [i for i in y if i])()
        except* (A, B) as e: raise X from e
"""


def test_a_tree_reads_the_same_in_every_version_of_python():
    text = _tree(ast.parse(SNIPPET))
    assert hashlib.sha256(text.encode()).hexdigest()[:12] == "47d626b4ff6a"
