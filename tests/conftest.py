"""What every test leaves behind: nothing."""

import sys

import pytest


@pytest.fixture(autouse=True)
def own_studies():
    """A study found in another checkout must not stay the module of that name, nor on the path."""
    path, before = list(sys.path), studies()
    yield
    sys.path[:] = path
    for name in studies().keys() - before.keys():
        del sys.modules[name]
    sys.modules.update(before)


def studies():
    """Modules of studies, by name; told by how a name starts, as there are thousands of modules."""
    return {name: sys.modules[name] for name in list(sys.modules) if name.startswith("simulations")}
