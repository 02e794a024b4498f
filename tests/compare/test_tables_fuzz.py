"""Whatever bytes a file holds, they are a table or one clear line."""

import gzip
from importlib.util import find_spec

import numpy as np
import pytest

from mlbalance.compare import tables
from mlbalance.extras import MissingExtraError

pytest.importorskip("sklearn", reason="scikit-learn is not installed")

PIECES = [
    *(b",", b";", b"\t", b"|", b"\n", b"\r\n", b"\r", b'"', b'""', b"'", b" ", b"\\", b"#", b"="),
    *(b"x", b"y", b"id", b"y\n", b"NA", b"nan", b"inf", b"-", b"1e309", b"1e99", b"-0", b"0x1"),
    *(b"1", b"2.5", b"1,5", b"1_0", b"2024-01-01", b"true", b"<script>", b"=cmd()", b"\xc3\xa9"),
    *(b"\xe9", b"\x81", b"\xf0\x9f\x90\x9f", b"\xef\xbb\xbf", b"\xff\xfe", b"\x00", b"\x1a"),
    *(b"\x0b", b"\x0c", b"\x1c", b"\x85", b"\xc2\x85", b"\xe2\x80\xa8", b"\xd9\xa3", b"PAR1"),
]
CELLS = ["", "NA", "1", "2", "2.5", "-1e3", "1e101", "inf", "a", "b", "b ", "c,c", '"q"', "é", "🐟"]


def outcome(path):
    """Name of what became of a file, which is a table that can be prepared, or one line."""
    try:
        table = tables.read(path, "y")
    except tables.TableError as error:
        message = str(error)
        assert "\n" not in message and 20 < len(message) < 1200 and message[-1] in ".?"
        return "refused"
    except MissingExtraError:
        if find_spec("pyarrow") is None:  # the file begins as Parquet does
            return "refused"
        raise
    n, d = table.X.shape
    assert table.y.shape == (n,) and len(table.columns) == d > 0 and len(set(table.names)) == d
    assert all("\n" not in note and note.endswith((".", "?")) for note in table.notes)
    ready = table.preprocessor().fit_transform(table.X)
    assert ready.shape[0] == n and ready.shape[1] > 0 and np.isfinite(ready).all()
    return "read"


@pytest.mark.parametrize("seed", range(4))
def test_random_bytes(tmp_path, seed):
    rng = np.random.default_rng(seed)
    path = tmp_path / "data.csv"
    for _ in range(100):
        content = rng.integers(256, size=rng.integers(1, 200), dtype=np.uint8).tobytes()
        magic = rng.choice([b"", b"\x1f\x8b", b"PAR1", b"\xff\xfe", b"x,y\n"])
        path.write_bytes(magic + content)
        outcome(path)


@pytest.mark.parametrize("seed", range(4))
def test_fragments_of_csv(tmp_path, seed):
    rng = np.random.default_rng(seed)
    path = tmp_path / "data.csv"
    for _ in range(250):
        header = rng.choice([b"", b"y\n", b"x,y\n", b"x;y\n", b"x\ty\r\n", b"id,y,x\n"])
        picked = rng.integers(len(PIECES), size=rng.integers(1, 60))
        content = header + b"".join(PIECES[at] for at in picked)
        path.write_bytes(gzip.compress(content) if rng.random() < 0.05 else content)
        outcome(path)


@pytest.mark.parametrize("seed", range(4))
def test_tables_of_any_cells(tmp_path, seed):
    rng = np.random.default_rng(seed)
    path = tmp_path / "data.csv"
    found = []
    for _ in range(60):
        n, d = rng.integers(4, 60), rng.integers(1, 6)
        kinds = [rng.choice(CELLS, size=rng.integers(1, 6)) for _ in range(d)]
        columns = [rng.choice(kind, size=n) for kind in kinds]
        labels = rng.choice(["a", "b", "", "c"], size=n, p=[0.6, 0.2, 0.1, 0.1])
        lines = [[*(f"x{j}" for j in range(d)), "y"], *zip(*columns, labels, strict=True)]
        quoted = [['"' + str(c).replace('"', '""') + '"' for c in line] for line in lines]
        path.write_text("\n".join(",".join(line) for line in quoted), encoding="utf-8")
        found.append(outcome(path))
    assert set(found) == {"read", "refused"}


@pytest.mark.parametrize("seed", range(2))
def test_a_table_with_flipped_bytes(tmp_path, seed):
    rng = np.random.default_rng(seed)
    lines = [f"{rng.normal():.2f};{'uvw'[i % 3]};{'ab'[i % 7 == 0]}" for i in range(50)]
    whole = "x;z;y\n" + "\n".join(lines)
    path = tmp_path / "data.csv"
    for _ in range(150):
        content = np.frombuffer(whole.encode(), dtype=np.uint8).copy()
        at = rng.integers(content.size, size=rng.integers(1, 4))
        content[at] = rng.integers(256, size=at.size)
        path.write_bytes(content.tobytes())
        outcome(path)
