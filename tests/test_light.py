"""Nobody waits for a library that is not used: seen in what a fresh interpreter has loaded."""

import json
import subprocess
import sys

import pytest

HEAVY = ["matplotlib", "scipy.stats", "sklearn", "sympy"]

RUN = """
import json, runpy, sys
sys.argv = sys.argv[1:]
try:
    {action}
finally:
    print(json.dumps([name for name in {heavy} if name in sys.modules]), file=sys.stderr)
"""


def loaded_by(action: str, *arguments: str) -> tuple[list[str], str]:
    """Heavy modules in memory after `action` in a fresh interpreter, and what it printed."""
    code = RUN.format(action=action, heavy=HEAVY)
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stderr.splitlines()[-1]), done.stdout


@pytest.mark.parametrize("module", HEAVY)
def test_a_heavy_module_would_be_seen(module):
    loaded, _ = loaded_by(f"import {module}")
    assert module in loaded


def test_importing_the_package_is_light():
    loaded, _ = loaded_by("import mlbalance; mlbalance.__version__")
    assert loaded == []


def test_asking_for_help_is_light():
    loaded, printed = loaded_by(
        "runpy.run_module('mlbalance', run_name='__main__', alter_sys=True)",
        "mlbalance",
        "--help",
    )
    assert loaded == []
    assert "reproduce" in printed
