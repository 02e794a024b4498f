"""A fresh run against the committed numbers, and the table of what is observed of each claim."""

import math

import pytest

from mlbalance import claims, workspace
from mlbalance.cli import runs
from mlbalance.documents import evidence_table
from mlbalance.report import markdown, text
from mlbalance.simulation import Row, Summary
from mlbalance.workspace.verify import MULTIPLE, compared
from tests.figures import common, judged, study_of
from tests.figures import compared as comparisons


def summary(*numbers, mcse=0.1, n=100, estimand="w"):
    return Summary(
        Row(f"cell {i}", {}, "m", 0.0, "mean", estimand, value, mcse, n, 0)
        for i, value in enumerate(numbers)
    )


def test_as_many_replications_with_the_same_libraries_give_equal_numbers():
    found = compared(summary(1.0, math.nan), summary(1.0, math.nan), same=True)
    assert (found.numbers, found.equal, found.limit, found.different) == (2, 2, 0.0, ())
    (one,) = compared(summary(1.0, 2.0), summary(1.0, 2.000001), same=True).beyond
    assert one.row.cell == "cell 1" and one.committed == 2.000001


@pytest.mark.parametrize(("away", "beyond"), [(0.39, 0), (0.41, 1), (math.nan, 1)])
def test_other_libraries_may_differ_by_a_few_errors(away, beyond):
    found = compared(summary(1.0 + away), summary(1.0), same=False)
    assert found.limit == MULTIPLE
    assert len(found.different) == 1 and len(found.beyond) == beyond


def test_fewer_replications_are_the_first_of_the_committed_ones():
    """Differences have the variance of the rest: 0.5^2 - 0.1^2 for a mean of 4 of 100."""
    fresh, whole = summary(1.0, mcse=0.5, n=4), summary(1.49, mcse=0.1, n=100)
    found = compared(fresh, whole, same=True)
    assert found.different[0].z == pytest.approx(-0.49 / math.sqrt(0.24))
    assert found.limit > 3 and not found.beyond
    assert compared(fresh, summary(4.0, n=100), same=True).beyond
    # No error was seen in few replications: that of all of them, at their number, stands in.
    none = compared(summary(0.0, mcse=0.0, n=25), summary(0.1, mcse=0.1, n=100), same=True)
    assert none.different[0].z == pytest.approx(-0.1 / (0.1 * math.sqrt(3)))


def test_a_failure_in_the_rest_of_the_replications_is_not_compared():
    few, whole = summary(1.0, 2.0, n=10), summary(math.nan, 2.0, n=100)
    assert compared(few, whole, same=True).numbers == 1
    assert compared(summary(1.0), summary(math.nan), same=True).beyond


def test_a_number_that_was_never_committed_is_beyond():
    found = compared(summary(1.0, estimand="new"), summary(1.0), same=False)
    assert len(found.beyond) == 1 and math.isnan(found.beyond[0].z)


def test_a_verification_is_told_with_what_differs(capsys):
    runs._tell_verification(compared(summary(1.0, 2.0), summary(1.0, 2.5), same=True))
    told = capsys.readouterr().out
    assert "2 numbers, 1 equal, 1 not to be equal" in told
    assert "mean w, m, cell 1: 2, committed 2.5, z -5.00" in told
    assert "another kernel" in told


def test_the_table_has_every_claim_and_the_numbers_of_the_figures():
    lines = workspace.evidence()
    shown = text.render(evidence_table(lines), 100, margin=0)
    assert all(label in shown for label in claims.CLAIMS)
    observed = {claim.label for claim in claims.CLAIMS.values() if claim.observed}
    assert {line["label"] for line in lines} == observed
    assert max(map(len, shown.splitlines())) <= 100
    assert "verdict" in shown.splitlines()[0]
    head = markdown.render(evidence_table(lines)).splitlines()[0]
    assert [cell.strip() for cell in head.strip("|").split("|")][:5] == (
        "claim study predicted observed z".split()
    )


def test_a_claim_is_told_by_its_number_with_the_largest_difference(tmp_path):
    study = study_of("bridge")
    found = list(comparisons("bridge"))
    common().record_claims(tmp_path / "claims.csv", study, judged("bridge"), found)
    told = common().verdicts(tmp_path / "claims.csv")
    (line,) = [line for line in told if line["label"] == "bridge"]
    own = [c for c in found if c.row.estimand == study.observes["bridge"]]
    worst = max(own, key=lambda c: abs(c.z))
    assert line["z"] == f"{worst.z:.2f}" and line["numbers"] == str(len(own))
    assert line in [dict(each) for each in workspace.evidence() if each["study"] == "bridge"]
