"""The shipped data are the published ones, and read as what they claim to be."""

import hashlib
import re
from importlib.resources import files

import numpy as np
import pytest

from mlbalance import data

FOLDER = files("mlbalance.data")
OXIDES = ("Na", "Mg", "Al", "Si", "K", "Ca", "Ba", "Fe")


@pytest.fixture
def glass():
    return data.load("glass")


def column(dataset, name):
    return dataset.X[:, dataset.feature_names.index(name)]


def sha256(raw):
    return hashlib.sha256(raw).hexdigest()


def test_glass_has_the_published_shape_names_and_counts(glass):
    assert glass.name == "glass"
    assert glass.X.shape == (214, 9) and glass.X.dtype == float
    assert glass.y.shape == (214,) and np.issubdtype(glass.y.dtype, np.integer)
    assert glass.feature_names == ("RI", *OXIDES)
    assert np.bincount(glass.y).tolist() == [70, 76, 17, 13, 9, 29]
    assert len(set(glass.class_names)) == 6


def test_labels_follow_the_codes_of_the_file(glass):
    lines = FOLDER.joinpath("glass.csv").read_text(encoding="ascii").splitlines()[1:]
    codes = np.array([int(line.rsplit(",", 1)[1]) for line in lines])
    assert np.array([1, 2, 3, 5, 6, 7])[glass.y].tolist() == codes.tolist()
    assert glass.class_names[glass.y[-1]] == "headlamps" and codes[-1] == 7


def test_the_file_without_header_and_with_ids_is_the_file_of_the_source():
    rows = FOLDER.joinpath("glass.csv").read_text(encoding="ascii").splitlines()[1:]
    original = "".join(f"{i},{row}\n" for i, row in enumerate(rows, start=1))
    assert (
        sha256(original.encode())
        == "dd67373f4baf2807345df02cbfef2093d342e61ad0d82a4fb79af43ef8ce449d"
    )


def test_values_are_physically_possible(glass):
    oxides = glass.X[:, 1:]
    assert np.isfinite(glass.X).all()
    assert (oxides >= 0).all()
    np.testing.assert_allclose(oxides.sum(axis=1), 100, atol=1.5)
    assert glass.feature_names[1 + np.argmax(oxides.mean(axis=0))] == "Si"
    assert ((column(glass, "RI") > 1.5) & (column(glass, "RI") < 1.55)).all()


def test_composition_tells_headlamps_from_building_windows(glass):
    # Window glass is soda-lime with magnesia; these lamps have baria instead.
    windows, headlamps = glass.y <= 1, glass.y == glass.class_names.index("headlamps")
    assert column(glass, "Mg")[windows].mean() > 3 * column(glass, "Mg")[headlamps].mean()
    assert column(glass, "Ba")[headlamps].mean() > 10 * column(glass, "Ba")[windows].mean()
    assert np.corrcoef(column(glass, "RI"), column(glass, "Ca"))[0, 1] > 0.8


def test_the_only_repeated_row_is_the_one_the_readme_names(glass):
    rows = np.column_stack([glass.X, glass.y])
    assert len(np.unique(rows, axis=0)) == 213
    assert (rows[38] == rows[39]).all()
    assert "rows 39 and 40" in FOLDER.joinpath("README.md").read_text(encoding="utf-8")


def test_readme_states_the_hash_licence_and_source_of_the_file():
    readme = FOLDER.joinpath("README.md").read_text(encoding="utf-8")
    assert re.findall(r"\b[0-9a-f]{64}\b", readme) == [
        sha256(FOLDER.joinpath("glass.csv").read_bytes())
    ]
    for term in ("B. German", "CC BY 4.0", "10.24432/C5WW2P"):
        assert term in readme and term in data.load("glass").source


def test_each_call_returns_its_own_arrays(glass):
    glass.X[:] = 0
    glass.y[:] = 0
    again = data.load("glass")
    assert again.X.min() == 0 < again.X[:, 0].min() and again.y.max() == 5


def test_a_changed_file_is_refused_with_both_hashes(monkeypatch):
    true_hash, *rest = data._KNOWN["glass"]
    monkeypatch.setitem(data._KNOWN, "glass", ("0" * 64, *rest))
    with pytest.raises(
        ValueError, match=rf"glass\.csv has SHA-256 {true_hash}; it should be 0{{64}}\. Reinstall"
    ):
        data.load("glass")


def test_an_unknown_name_is_refused_with_the_known_ones():
    with pytest.raises(ValueError, match=r"There is no data set 'wine'\. Use one of: glass\."):
        data.load("wine")
