"""What every test leaves behind: nothing."""

import sys

import pytest


@pytest.fixture(autouse=True)
def own_studies():
    """A study found in another checkout must not stay the module of that name, nor on the path."""
    path = list(sys.path)
    before = {name: m for name, m in sys.modules.items() if name.partition(".")[0] == "simulations"}
    yield
    sys.path[:] = path
    for name in [name for name in sys.modules if name.partition(".")[0] == "simulations"]:
        if name in before:
            sys.modules[name] = before[name]
        else:
            del sys.modules[name]
