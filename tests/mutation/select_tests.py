"""Pytest plug-in of `run.py`: notes what each test runs, or runs the tests that it is told to.

`MUTATION_NOTES` names a folder for notes (needs `coverage`), `MUTATION_TESTS` a file with the
tests to run, in that order.
"""

import json
import os
import time
import warnings
from pathlib import Path

import pytest

NOTES, TESTS = os.environ.get("MUTATION_NOTES"), os.environ.get("MUTATION_TESTS")

if NOTES:
    import coverage

    watcher = coverage.Coverage(data_file=None, source=["mlbalance"], config_file=False)
    watcher.start()
    seconds: dict[str, float] = {}
    failed: set[str] = set()

    def noting(context, then=""):
        """Note what runs under this name, a test's or that of its file for all tests in it."""
        watcher.switch_context(context)
        try:
            return (yield)
        finally:
            watcher.switch_context(then)

    @pytest.hookimpl(wrapper=True)
    def pytest_make_collect_report(collector):
        return (yield from noting(collector.nodeid.partition("::")[0]))

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(item):
        begin = time.process_time()
        try:
            return (yield from noting(item.nodeid))
        finally:
            seconds[item.nodeid] = round(time.process_time() - begin, 3)

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(fixturedef, request):
        if fixturedef.scope == "function":
            return (yield)
        file, test = request.node.nodeid.partition("::")[0], request._pyfuncitem.nodeid
        return (yield from noting(file or test.partition("::")[0], then=test))

    def pytest_runtest_logreport(report):
        if report.failed:
            failed.add(report.nodeid)

    def pytest_sessionfinish(session):
        watcher.stop()
        with warnings.catch_warnings():  # the process that hands out the tests runs none
            warnings.simplefilter("ignore")
            data = watcher.get_data()
        lines = {
            Path(name).relative_to(session.config.rootpath).as_posix(): {
                line: sorted(set(tests) - {""})
                for line, tests in data.contexts_by_lineno(name).items()
            }
            for name in data.measured_files()
        }
        notes = {"seconds": seconds, "failed": sorted(failed), "lines": lines}
        (Path(NOTES) / f"{os.getpid()}.json").write_text(json.dumps(notes))


if TESTS:

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(config, items):
        wanted = {name: place for place, name in enumerate(Path(TESTS).read_text().split("\n"))}
        chosen = [item for item in items if item.nodeid in wanted]
        items[:] = sorted(chosen, key=lambda item: wanted[item.nodeid])
