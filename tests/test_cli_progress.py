"""What is told of a long run: lines where nobody watches, a bar on a terminal."""

import sys

from mlbalance.cli import progress
from mlbalance.simulation.engine import Progress


def test_plain_lines_now_and_then_and_at_the_end(capsys, monkeypatch):
    clock = iter([0.0, 1.0, 6.0, 7.0, 130.0])
    monkeypatch.setattr(progress.time, "monotonic", lambda: next(clock))
    with progress.progress_reporter() as tell:
        for done, failures, errors, left in (
            (10, 0, 0, 20.0),
            (30, 2, 0, 14.0),
            (40, 2, 0, 13.0),
            (100, 2, 3, 0.0),
        ):
            tell(Progress(done, 100, failures, errors, left))
    assert capsys.readouterr().err.splitlines() == [
        "  30/100 replicates, 0:14 left, 2 rows without an estimate",
        "  100/100 replicates, 2 rows without an estimate, 3 ended in an error",
    ]


def test_time_left_is_told_in_hours(capsys, monkeypatch):
    clock = iter([0.0, 10.0])
    monkeypatch.setattr(progress.time, "monotonic", lambda: next(clock))
    with progress.progress_reporter() as tell:
        tell(Progress(7300, 11000, 0, 0, 3700.0))
    assert capsys.readouterr().err == "  7300/11000 replicates, 1:01:40 left\n"


def test_a_terminal_gets_a_bar(monkeypatch):
    written = []

    class Terminal:
        encoding = "utf-8"

        def isatty(self):
            return True

        def write(self, text):
            written.append(text)

        def flush(self):
            pass

    monkeypatch.setattr(sys, "stderr", Terminal())
    monkeypatch.setenv("TERM", "xterm")
    with progress.progress_reporter() as tell:
        tell(Progress(50, 100, 3, 0, 61.0))
    text = "".join(written)
    assert "50/100 replicates, 1:01 left, 3 rows without an estimate" in text
