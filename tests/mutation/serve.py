"""Pytest plug-in of `run.py`: collects once, then runs chosen tests on mutants in forked children.

A child puts the code of the changed function in place of the old, so that nothing is imported
anew. A change that is not inside a function is told as `"elsewhere"`, for a run of its own.
"""

import gc
import json
import os
import resource
import select
import signal
import types
from collections.abc import Iterator
from contextlib import suppress

LANES = [tuple(map(int, lane.split(","))) for lane in os.environ["MUTATION_LANES"].split(";")]


def pytest_runtestloop(session):
    """Answer each line (path, source, tests, seconds) of a lane by one with the verdict."""
    items = {item.nodeid: item for item in session.items}
    live = [f for f in gc.get_objects() if isinstance(f, types.FunctionType)]
    gc.freeze()  # children touch, and so copy, as little memory as may be
    lane = LANES[0]
    for other in LANES[1:]:
        if not os.fork():
            lane = other
            break
    for number in (number for other in LANES if other != lane for number in other):
        os.close(number)
    with open(lane[0]) as asked, open(lane[1], "w") as answers:
        for line in asked:
            verdict = _in_a_child(session, items, live, *json.loads(line))
            print(json.dumps(verdict), file=answers, flush=True)
    os._exit(0)


def _in_a_child(session, items, live, path, source, tests, seconds):
    here, there = os.pipe()
    child = os.fork()
    if not child:
        os.setpgid(0, 0)  # with workers of its own, which must not outlive it
        os.close(here)
        limit = int(sum(os.times()[:2]) + seconds)
        resource.setrlimit(resource.RLIMIT_CPU, (limit, limit))
        verdict = "elsewhere"
        if _replace(live, path, source):
            verdict = _first_failure(session, [items[test] for test in tests if test in items])
        os.write(there, verdict.encode())
        os._exit(0)
    os.close(there)
    done = select.select([here], [], [], 20 * seconds)[0]
    verdict = os.read(here, 10_000).decode() if done else ""
    os.close(here)
    with suppress(ProcessLookupError):
        os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return verdict or "time-out"


def _replace(live, path, source) -> bool:
    """Whether every change of the source is in functions whose code could be replaced."""
    with open(path) as file:
        old = dict(_codes(compile(file.read(), path, "exec")))
    new = dict(_codes(compile(source, path, "exec")))
    changed = {key for key, code in new.items() if old.get(key) != code}
    mine = [
        f for f in live if f.__code__.co_filename.endswith(path) and _key(f.__code__) in changed
    ]
    try:
        for function in mine:
            function.__code__ = new[_key(function.__code__)]
    except ValueError:  # other free variables
        return False
    return bool(mine)


def _key(code):
    return code.co_qualname, code.co_firstlineno


def _codes(code) -> Iterator[tuple]:
    for part in code.co_consts:
        if isinstance(part, types.CodeType):
            yield _key(part), part
            yield from _codes(part)


def _first_failure(session, items):
    failed = []

    class Watch:
        @staticmethod
        def pytest_runtest_logreport(report):
            if report.failed:
                failed.append(report.nodeid)

    session.config.pluginmanager.register(Watch())
    for item, following in zip(items, [*items[1:], None], strict=True):
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        if failed:
            return failed[0]
    return "survived"
