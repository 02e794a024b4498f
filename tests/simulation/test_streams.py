"""Streams by name: the same anywhere, and of no other name's."""

import hashlib
import itertools
import os
import struct
import subprocess
import sys

import numpy as np
import pytest

from mlbalance.simulation import stream

NAMES = [
    (),
    ("",),
    ("", ""),
    ("a", "bc"),
    ("ab", "c"),
    ("abc",),
    ("a", "b", "c"),
    ("c", "ab"),
    ("1:a",),
    ("1", ":a"),
    ("a", "1:b"),
    ("a1:b",),
    (1, 23),
    (12, 3),
    (123,),
    ("d=2, 1x", 0, "rows"),
    ("d=2, 10x", 0, "rows"),
    ("d=2, 1x", 10, "rows"),
    ("d=2, 1x", 1, "0rows"),
    ("ä",),
    ("a\u0308",),
]


def numbers(*given, size=3):
    return stream(*given).random(size).tolist()


@pytest.mark.parametrize("names", NAMES, ids=repr)
def test_the_same_names_give_the_same_stream(names):
    assert numbers(7, *names) == numbers(7, *names)


def test_a_stream_is_numpys_of_the_digest_of_its_names():
    key = struct.unpack(">8I", hashlib.sha256(b"4:cell1:34:rows").digest())
    theirs = np.random.default_rng(np.random.SeedSequence(7, spawn_key=key))
    assert numbers(7, "cell", 3, "rows") == theirs.random(3).tolist()


def test_other_names_give_another_stream():
    first = {names: tuple(numbers(7, *names)) for names in NAMES}
    assert len(set(first.values())) == len(NAMES)


def test_another_root_gives_another_stream():
    assert len({tuple(numbers(root, "a")) for root in range(100)}) == 100


def test_the_streams_of_two_studies_do_not_meet_in_the_roots_of_numpy():
    """A name is not hidden in the root: root and names are kept apart."""
    assert numbers(1, "2") != numbers(12) and numbers(1, "2") != numbers(2, "1")


def test_a_number_and_its_spelling_are_one_name():
    """Names are text: replicate 3 is "3"."""
    assert numbers(7, "cell", 3) == numbers(7, "cell", "3")


def test_streams_are_independent():
    """No correlation between any two of 40 streams, within its Monte Carlo error."""
    size = 4000
    drawn = np.array([stream(7, "cell", r, "rows").standard_normal(size) for r in range(40)])
    correlation = np.corrcoef(drawn)[np.triu_indices(40, 1)]
    assert np.abs(correlation).max() * np.sqrt(size) <= 4
    z = (drawn.mean() - 0) * np.sqrt(drawn.size), (drawn.var() - 1) * np.sqrt(drawn.size / 2)
    assert np.abs(z).max() <= 4


def test_drawing_from_one_leaves_the_others_as_they_were():
    rows, weights = stream(7, "rows"), stream(7, "weights")
    rows.random(1000)
    assert weights.random(3).tolist() == numbers(7, "weights")


def test_the_global_state_is_neither_read_nor_moved():
    saved = np.random.get_state()  # noqa: NPY002 - what is asked is whether it moves
    numbers(7, "a")
    assert all(
        np.array_equal(one, other)
        for one, other in zip(saved, np.random.get_state(), strict=True)  # noqa: NPY002
    )


def test_another_process_gives_the_same_stream():
    """Text hashes differ from one process to the next; names must not go through them."""
    code = "from mlbalance.simulation import stream; print(stream(7, 'a', 1).random(3).tolist())"
    printed = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for seed in ("1", "2")
    }
    assert printed == {str(numbers(7, "a", 1))}


def test_every_order_of_three_names_is_a_name_of_its_own():
    orders = itertools.permutations(("cell", 1, "rows"))
    assert len({tuple(numbers(7, *names)) for names in orders}) == 6
