"""What tests of processes and machines compare with."""

import pytest

from mlbalance.simulation import Store, run
from tests.simulation.victim import STUDY, table


@pytest.fixture(scope="session")
def whole(tmp_path_factory):
    """Table of the study that is run at once."""
    path = tmp_path_factory.mktemp("whole") / "whole.sqlite"
    with Store(path, STUDY) as store:
        run(STUDY, store=store)
    rows = table(path)
    assert len(rows) == 2 * 3 * STUDY.replications
    return rows
