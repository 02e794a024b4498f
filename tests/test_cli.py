"""The door without Python: what it prints, what it refuses, and the exit code of each."""

import doctest
import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import sympy

import mlbalance
from mlbalance import claims, derivations, inputs, workspace
from mlbalance.advise import advise
from mlbalance.cli import main, runs

ROOT = Path(__file__).resolve().parent.parent
ASKED = ["23", "5", "44", "14", "19", "31"]
PROVED = [label for label, claim in claims.CLAIMS.items() if claim.derived]


def shell(*words, cwd=ROOT):
    return subprocess.run(
        [sys.executable, "-m", "mlbalance", *words],
        capture_output=True,
        text=True,
        check=False,
        cwd=cwd,
        env={"PYTHONPATH": str(ROOT), "PATH": "", "COLUMNS": "80"},
    )


@pytest.fixture
def run(capsys):
    """Exit code, lines on stdout and lines on stderr of one command."""

    def command(*words):
        code = main(words)
        out, err = capsys.readouterr()
        return code, out.splitlines(), err.splitlines()

    return command


def refused(run, *words):
    """The message of a command that must end in exit code 2 and one line, on stderr only."""
    code, out, err = run(*words)
    assert (code, out, len(err)) == (2, [], 1), (code, out, err)
    assert err[0].startswith("mlbalance: ")
    return err[0].removeprefix("mlbalance: ")


@pytest.fixture
def broken(monkeypatch):
    """A derivation of `kish` whose second step is false."""
    true = derivations.derive("kish")
    false = derivations.computed("One is two.", sympy.Integer(1), sympy.Integer(2))
    wrong = derivations.Derivation("kish", true.scope, (true.steps[0], false, *true.steps[1:]))
    derive = derivations.derive
    monkeypatch.setattr(
        derivations, "derive", lambda label: wrong if label == "kish" else derive(label)
    )


# advise


def test_advise_prints_the_text_of_advice(run):
    assert run("advise", *ASKED) == (0, advise(ASKED).text().splitlines(), [])


@pytest.mark.parametrize("target", ["balanced", "natural"])
def test_json_is_the_advice(run, target):
    code, out, err = run("advise", *ASKED, "--json", "--target", target)
    counts = [int(word) for word in ASKED]
    assert (code, err) == (0, [])
    assert json.loads("\n".join(out)) == advise(counts, target=target).to_dict()


@pytest.mark.parametrize(
    "words",
    [
        ["23,5,44,14,19,31"],
        ["23,", "5,", "44,14", "19", "31,"],
        ["23 5 44 14 19 31"],
        ["23.0", "5", "4.4e1", "14", "19", "31"],
        ["--target", "balanced", *ASKED],
    ],
)
def test_counts_may_be_written_with_commas(run, words):
    assert run("advise", *words) == run("advise", *ASKED)


def test_counts_may_stand_on_both_sides_of_an_option(run):
    assert run("advise", *ASKED[:2], "--json", *ASKED[2:]) == run("advise", *ASKED, "--json")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["120", "0", "14"], "every class present; counts are (120, 0, 14). Drop class 1"),
        (["7"], "at least two classes; counts are (7)"),
        (["5.5", "2"], "whole numbers of rows, one per class; counts are (5.5, 2)"),
        (["23", "-3"], "whole numbers of rows, one per class; counts are (23, -3)"),
        (["-3", "23"], "counts are (-3, 23)"),
        (["-3,5", "2"], "counts are (-3, 5, 2)"),
        (["-.5", "2"], "counts are (-0.5, 2)"),
        (["-1e5", "2"], "counts are (-100000, 2)"),
        (["nan", "2"], "counts are (nan, 2)"),
        (["-inf", "2"], "counts are (-inf, 2)"),
        (["1e400", "2"], "counts are (inf, 2)"),
        (["9007199254740994", "2"], "below 2**53 rows per class"),
        (["abc", "2"], "whole numbers of rows, one per class; 'abc' is not"),
        (["-3x", "2"], "'-3x' is not"),
        ([], "Give the number of rows of every class: mlbalance advise 23 5 44."),
        (["--json"], "Give the number of rows of every class"),
        (["23", "5", "--target", "both"], "invalid choice: 'both'"),
        (["23", "5", "--target"], "expected one argument"),
        (["23", "5", "--jsn"], "advise does not take '--jsn'; see mlbalance advise --help"),
    ],
)
def test_bad_advise(run, words, message):
    assert message in refused(run, "advise", *words)


# derive


def test_derive_lists_every_claim_on_one_line(run):
    code, out, err = run("derive")
    assert (code, err) == (0, [])
    assert [line.split()[0] for line in out] == list(claims.CLAIMS)
    assert max(map(len, out)) <= 80
    for line, claim in zip(out, claims.CLAIMS.values(), strict=True):
        said = line.removeprefix(claim.label).strip().removesuffix("...").strip()
        assert said
        assert " ".join(claim.statement.split()).startswith(said)


@pytest.fixture
def verified(monkeypatch):
    """Labels that are verified; their steps hold, which is seen in tests/derivations."""
    labels = []

    def hold(derivation):
        labels.append(derivation.label)
        return [
            derivations.StepResult(step, True if step.kind == "computed" else None)
            for step in derivation.steps
        ]

    monkeypatch.setattr(derivations.Derivation, "verify", hold)
    return labels


@pytest.mark.parametrize("label", claims.CLAIMS)
def test_derive_shows_a_claim_in_eighty_columns(run, label, verified):
    code, out, err = run("derive", label)
    claim, prose = claims.get(label), " ".join(" ".join(out).split())
    assert (code, err) == (0, [])
    assert out[0] == label
    assert max(map(len, out)) <= 80
    for said in (claim.statement, *(claims.CONDITIONS[c] for c in claim.conditions), claim.origin):
        assert " ".join(said.split()) in prose
    assert all(path in prose for path in claim.witnesses.values())
    assert verified == [label] * bool(claim.derived)
    if claim.derived:
        derivation = derivations.derive(label)
        steps = derivation.steps
        formula = (" ".join(derivation.step(key).text.split()) for key in claim.formula)
        assert f"Formula {' '.join(formula)} Scope" in prose
        assert f"Kind {claim.kind}. " in prose
        assert f"{claim.kind}: {len(steps)} step" in prose
        assert prose.count("[computed]") == sum(step.kind == "computed" for step in steps)
        assert all(" ".join(step.words.split()) in prose for step in steps)
        assert all(f"[argued: {step.source}]" in prose for step in steps if step.source)


@pytest.mark.parametrize("label", PROVED[-3:])
def test_derive_latex_prints_the_fragment(run, label):
    code, out, err = run("derive", label, "--latex")
    assert (code, err) == (0, [])
    fragment, steps = "\n".join(out), derivations.derive(label).steps
    assert fragment.startswith(f"\\subsubsection{{{label}}}\n\n\\paragraph{{Claim}}")
    assert all(step.latex in fragment for step in steps)
    assert fragment.count(r"\begin{equation*}") == len(steps) + len(claims.CLAIMS[label].formula)


def test_check_is_of_every_claim_that_has_a_derivation(run, verified):
    code, out, err = run("derive", "--check")
    assert (code, err) == (0, [])
    lines, (blank, computed, argued, kinds) = out[:-4], out[-4:]
    assert verified == [line.split()[0] for line in lines] == PROVED
    for line in lines:
        assert f" {claims.get(line.split()[0]).kind}: " in line
        assert len(line) <= 80
    steps = [step for label in PROVED for step in derivations.derive(label).steps]
    number = sum(step.kind == "computed" for step in steps)
    assert (blank, computed) == ("", f"{number} of {number} computed steps hold")
    assert argued.startswith(f"{sum(bool(step.cites) for step in steps)} steps rest on cited")
    assert kinds.startswith(f"{len(PROVED)} labels: ")


def test_check_of_one_claim(run):
    code, out, _ = run("derive", "loewner", "--check")
    steps = derivations.derive("loewner").steps
    assert (code, len(out)) == (0, 1)
    assert out[0].split()[0] == "loewner"
    assert f"{claims.get('loewner').kind}: {len(steps)} steps, " in out[0]


def test_json_is_the_claims(run):
    code, out, err = run("derive", "--json")
    told = json.loads("\n".join(out))
    assert (code, err) == (0, [])
    assert [record["label"] for record in told] == list(claims.CLAIMS)
    for record in told:
        claim = claims.get(record["label"])
        assert (record["kind"], record["statement"]) == (claim.kind, claim.statement)
        assert " ".join(clause["text"] for clause in record["clauses"]) == claim.statement
    assert json.loads("\n".join(run("derive", "kish", "--json")[1])) == [
        record for record in told if record["label"] == "kish"
    ]


def test_a_false_step_fails_the_check_and_the_others_are_still_proved(run, broken, monkeypatch):
    some = {label: claims.get(label) for label in ("loewner", "kish", "budget")}
    monkeypatch.setattr(claims, "CLAIMS", some)
    code, out, err = run("derive", "--check")
    assert (code, err) == (1, [])
    assert [(line.split()[0], " FAILED at " in line) for line in out[:3]] == [
        ("loewner", False),
        ("kish", True),
        ("budget", False),
    ]
    held, of, number = out[4].split()[:3]
    assert (int(held) + 1, of) == (int(number), "of")
    assert "FAILED at step 2 of" in out[1]
    assert run("derive", "kish", "--check")[0] == 1


def test_a_false_step_is_shown_as_false(run, broken):
    code, out, _ = run("derive", "kish")
    assert code == 1
    assert "2.        One is two. [computed: FAILS]" in out
    assert "FAILED at step 2 of" in " ".join(out)


def test_a_claim_without_derivation_is_shown_and_cannot_be_checked(run, monkeypatch):
    said = (claims.Clause("It is said.", kind=claims.CONJECTURE),)
    bare = claims.Claim("bare", said, (), ("any-model",), "folklore")
    monkeypatch.setattr(claims, "CLAIMS", {"bare": bare})
    code, out, _ = run("derive", "bare")
    assert (code, out[0]) == (0, "bare")
    assert "Claim     It is said." in out
    assert run("derive")[1] == [f"{'bare':19} It is said."]
    for option in ("--check", "--latex"):
        message = refused(run, "derive", "bare", option)
        assert message == "bare has no derivation; its origin is folklore."


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["scoer"], "No claim is called 'scoer'. Did you mean score"),
        (["nothing-like-it", "--check"], "Known: score, "),
        (["scoer", "--latex"], "Did you mean score"),
        (["--latex"], "derive --latex needs a label"),
        (["kish", "--latex", "--check"], "not allowed with argument"),
        (["kish", "budget"], "derive does not take 'budget'"),
    ],
)
def test_bad_derive(run, words, message):
    assert message in refused(run, "derive", *words)


# run, reproduce


def test_studies_are_run_with_what_was_given(run, monkeypatch):
    seen = []
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(runs, "run", lambda study, given: seen.append((study.name, given)) or 0)
    monkeypatch.setattr(runs, "reproduce", lambda **k: seen.append(k) or 1)
    assert run("run", "glass", "--quick", "--jobs", "3")[0] == 0
    assert run("run", "glass")[0] == 0
    words = (
        "--reps 7 --shard 2/3 --dask tcp://a:1 --fresh --retry --max-errors 0 --timeout 9.5 "
        "--accept-changed-code"
    )
    assert run("run", "glass", *words.split(), "--store", "a.sqlite")[0] == 0
    assert run("reproduce", "--quick")[0] == 1
    assert seen == [
        ("glass", workspace.Options(quick=True, jobs=3)),
        ("glass", workspace.Options()),
        (
            "glass",
            workspace.Options(
                reps=7,
                shard=(2, 3),
                dask="tcp://a:1",
                fresh=True,
                retry=True,
                max_errors=0,
                timeout=9.5,
                accept_changed_code=True,
                store=Path("a.sqlite"),
            ),
        ),
        {"name": None, "quick": True, "jobs": None, "figures": False},
    ]


def test_a_task_of_a_job_array_is_a_shard(run, monkeypatch):
    seen = []
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(runs, "run", lambda study, given: seen.append(given.shard) or 0)
    assert "auto needs SLURM_ARRAY_TASK_ID" in refused(run, "run", "glass", "--shard", "auto")
    names = ("ID", "MIN", "MAX", "COUNT", "STEP")
    for values, part in (("3 0 7 8 1", (4, 8)), ("3 1 8 8 1", (3, 8)), ("0 0 1 2 1", (1, 2))):
        for name, value in zip(names, values.split(), strict=True):
            monkeypatch.setenv(f"SLURM_ARRAY_TASK_{name}", value)
        run("run", "glass", "--shard", "auto")
        assert seen.pop() == part
    # A stride, a gap, the end of an array, one task of it: parts of what, nobody can say.
    for values in ("2 0 8 5 2", "7 3 7 2 1", "5 4 7 4 1", "5 5 5 1 1", "0 0 0 1 1"):
        for name, value in zip(names, values.split(), strict=True):
            monkeypatch.setenv(f"SLURM_ARRAY_TASK_{name}", value)
        message = refused(run, "run", "glass", "--shard", "auto")
        assert "auto needs a whole array, 0-N or 1-N; this is" in message
    assert seen == []


@pytest.mark.parametrize("words", [["reproduce"], ["reproduce", "--quick"], ["run", "six_classes"]])
def test_outside_a_checkout_there_is_nothing_to_reproduce(tmp_path, words):
    done = shell(*words, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("mlbalance: ")
    assert done.stderr.count("\n") == 1
    assert "checkout" in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["run"], "required: NAME"),
        (["run", "no_such_study"], "no_such_study"),
        (["run", "glass", "--jobs", "0"], "a whole number from 1 on is needed, not '0'"),
        (["run", "glass", "--shard", "3/2"], "a part such as 2/8, or auto, is needed, not '3/2'"),
        (["run", "glass", "--timeout", "inf"], "a number above 0 is needed, not 'inf'"),
        (["status", "glass", "--store", "no.sqlite"], "There is no store no.sqlite; run the study"),
        (["replay", "glass", "glass"], "required: REP"),
        (["replay", "glass", "glass", "x"], "a whole number from 0 on is needed, not 'x'"),
        (["export", "glass"], "required: --csv"),
        (["reproduce", "--jobs", "two"], "not 'two'"),
        (["reproduce", "--jobs"], "expected one argument"),
        (["reproduce", "glas"], "No study is named 'glas'"),
    ],
)
def test_bad_run(run, monkeypatch, words, message):
    monkeypatch.chdir(ROOT)
    assert message in refused(run, *words)


# all of it


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "Give a command: advise, compare, derive, cite, page, run, status"),
        (["advice", "3", "4"], "There is no command 'advice'. Did you mean advise?"),
        (
            ["zzz"],
            "There is no command 'zzz'. Known are advise, compare, derive, cite, page, run",
        ),
        (["--quick"], "required: COMMAND"),
    ],
)
def test_bad_commands(run, words, message):
    assert message in refused(run, *words)


def test_a_message_is_one_line_however_it_was_written(run, monkeypatch):
    def fail(counts, target):
        raise inputs.InputError("two\nlines")

    monkeypatch.setattr("mlbalance.advise.advise", fail)
    assert refused(run, "advise", "3", "4") == "two lines"


def test_an_error_of_ours_alone_is_turned_into_a_line(run, monkeypatch):
    def fail(counts, target):
        raise ValueError("a bug")

    monkeypatch.setattr("mlbalance.advise.advise", fail)
    with pytest.raises(ValueError, match="a bug"):
        run("advise", "3", "4")


def test_an_interrupted_command_says_so(run, monkeypatch):
    def interrupt(**options):
        raise KeyboardInterrupt

    monkeypatch.setattr(runs, "reproduce", interrupt)
    assert run("reproduce") == (130, [], ["mlbalance: interrupted"])


@pytest.mark.parametrize("words", [[], ["advise"], ["derive"], ["run"], ["reproduce"]])
def test_help_fits_eighty_columns(capsys, monkeypatch, words):
    monkeypatch.setenv("COLUMNS", "80")
    with pytest.raises(SystemExit) as stopped:
        main([*words, "--help"])
    lines = capsys.readouterr().out.splitlines()
    assert stopped.value.code == 0
    assert max(map(len, lines)) <= 80
    assert all(name in "\n".join(lines) for name in words or ["advise", "derive", "reproduce"])


def test_one_version(capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["--version"])
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert stopped.value.code == 0
    assert capsys.readouterr().out == f"mlbalance {project['version']}\n"
    assert mlbalance.__version__ == project["version"]


def test_it_runs_as_a_module():
    done = shell("advise", "3", "4")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"{advise([3, 4]).text()}\n"
    done = shell("advise", "3", "0")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)


def test_a_reader_that_leaves_early_is_no_error():
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [sys.executable, "-m", "mlbalance", "derive"],
        stdout=writer,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
        cwd=ROOT,
    )
    os.close(writer)
    assert (done.returncode, done.stderr) == (1, "")


# the front


def test_every_public_name_is_there():
    for name in mlbalance.__all__:
        assert getattr(mlbalance, name) is not None
    assert {*mlbalance.__all__} <= {*dir(mlbalance)}
    assert mlbalance.fit is mlbalance.softmax.fit
    assert mlbalance.advise.advise is advise
    with pytest.raises(AttributeError, match="has no attribute 'undersample'"):
        mlbalance.undersample  # noqa: B018


def test_the_example_at_the_front_runs():
    tried = doctest.testmod(mlbalance)
    assert (tried.failed, tried.attempted > 5) == (0, True)
