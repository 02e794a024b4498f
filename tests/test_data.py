"""The shipped data are the published ones, and read as what they claim to be."""

import hashlib
import struct
import tomllib
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest

from mlbalance import data
from mlbalance.compare import tables
from tests.data import rdata, rebuild

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


def test_the_only_repeated_row_is_the_one_that_is_named(glass):
    rows = np.column_stack([glass.X, glass.y])
    assert len(np.unique(rows, axis=0)) == 213
    assert (rows[38] == rows[39]).all()
    assert "Rows 39 and 40" in data._sets()["glass"]["note"]


def test_source_and_licence_of_glass(glass):
    for term in ("B. German", "CC BY 4.0", "10.24432/C5WW2P"):
        assert term in glass.source


def test_each_call_returns_its_own_arrays(glass):
    glass.X[:] = 0
    glass.y[:] = 0
    again = data.load("glass")
    assert again.X.min() == 0 < again.X[:, 0].min() and again.y.max() == 5


def test_a_changed_file_is_refused_with_both_hashes(monkeypatch):
    terms = data._sets()["glass"]
    monkeypatch.setattr(data, "_sets", lambda: {"glass": terms | {"sha256": "0" * 64}})
    with pytest.raises(
        ValueError,
        match=rf"glass\.csv has SHA-256 {terms['sha256']}; it should be 0{{64}}\. Reinstall",
    ):
        data.load("glass")


def test_a_missing_file_is_refused(monkeypatch):
    monkeypatch.setattr(data, "_sets", lambda: {"gone": {}})
    with pytest.raises(ValueError, match=r"The file of the data set gone is missing\. Reinstall"):
        data.load("gone")


def test_an_unknown_name_is_refused_with_the_known_ones():
    known = "anes96, digits, glass, hepatic, hpc, khan, oils, olive, scat, tissue"
    with pytest.raises(ValueError, match=rf"There is no data set 'wine'\. Use one of: {known}\."):
        data.load("wine")


# All sets


@pytest.mark.parametrize("name", data.names())
def test_a_set_is_what_its_terms_say(name):
    terms, found = data._sets()[name], data.load(name)
    assert np.bincount(found.y).tolist() == terms["counts"]
    assert found.X.shape == (sum(terms["counts"]), terms["features"])
    assert len(found.class_names) == len(terms["counts"]) == len(set(found.class_names))
    assert len(set(found.feature_names)) == len(found.levels) == terms["features"]
    assert found.target == terms["target"] and found.path.stat().st_size <= 150_000
    assert not np.isinf(found.X).any() and (np.isnan(found.X).any() == (name == "scat"))
    assert terms["licence"] in found.source and terms["confirmed"]
    for column, levels in zip(found.X.T, found.levels, strict=True):
        assert not levels or set(column) == set(range(len(levels)))


@pytest.mark.parametrize("name", data.names())
def test_a_set_is_read_as_a_table(name):
    expected = data.load(name)
    table = tables.read(expected.path, expected.target)
    classes = data._sets()[name].get("codes", expected.class_names)
    assert [str(label) for label in table.y] == [classes[k] for k in expected.y]
    assert not any("LEAKAGE" in note or "identifier" in note for note in table.notes)
    for j, column in enumerate(table.columns):
        at = expected.feature_names.index(column.name)
        assert set(column.levels) - {""} == set(expected.levels[at])
        if not column.levels:
            np.testing.assert_array_equal(table.X[:, j], expected.X[:, at])


def test_licences_that_ask_for_it_are_passed_on():
    texts = {path.stem: path.read_text("utf-8") for path in FOLDER.joinpath("licences").iterdir()}
    packages = {terms.get("package", "").partition(" ")[0] for terms in data._sets().values()}
    assert set(texts) == {name.lower() for name in packages} - {"", "statsmodels"}
    for text in texts.values():
        assert "WITHOUT ANY EXPRESS" in text.upper() or "AS IS" in text


def test_the_licence_of_the_package_names_those_of_its_data():
    path = Path(__file__).resolve().parent.parent / "pyproject.toml"
    named = tomllib.loads(path.read_text("utf-8"))["project"]["license"].split(" AND ")
    terms = {each["licence"] for each in data._sets().values()} - {"public domain"}
    assert set(named) == {"BSD-3-Clause"} | {
        term.replace("CC BY", "CC-BY").replace(" ", "-") for term in terms
    }
    assert len(named) == len(set(named)) and named[0] == "BSD-3-Clause"


# Rebuilt from their packages


@pytest.mark.parametrize("name", rebuild.SETS)
def test_a_set_is_rebuilt_byte_for_byte(name):
    try:
        rows = rebuild.SETS[name]()
    except rebuild.NotInstalledError as missing:
        pytest.skip(str(missing))
    made = data._sets()[name]["package"]
    assert sha256(rebuild.text(rows).encode()) == data._sets()[name]["sha256"], f"of {made}"


def test_all_sets_but_one_can_be_rebuilt():
    assert set(data.names()) - set(rebuild.SETS) == {"glass"}


def test_what_is_not_installed_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(rebuild, "_LIBRARIES", ())
    monkeypatch.setenv("R_LIBS", str(tmp_path))
    with pytest.raises(rebuild.NotInstalledError, match=r"Debian: r-cran-modeldata"):
        rebuild.SETS["oils"]()
    with pytest.raises(rebuild.NotInstalledError, match="Python's package no_such_package is not"):
        rebuild.of_python("no_such_package")


def xdr(*parts):
    """Object in R's format: integers, text of one string, or bytes as they are."""
    packed = [b"X\n", struct.pack(">3i", 2, 0, 0)]
    for part in parts:
        packed.append(part if isinstance(part, bytes) else struct.pack(">i", part))
    return b"".join(packed)


def test_objects_of_r_are_read():
    def string(text):
        return struct.pack(">2i", 9, len(text)) + text

    levels = [1026, 1, string(b"levels"), 16, 2, string(b"a"), struct.pack(">2i", 9, -1), 254]
    factor = rdata._Reader(xdr(13 | 512, 3, 1, -(2**31), 1, *levels)).value()
    assert factor == [1, None, 1] and factor.texts() == ["a", None, "a"]
    reals = rdata._Reader(xdr(14, 2, struct.pack(">2d", 1.5, float("nan")))).value()
    assert reals == [1.5, None]
    run = [238, 2, 1, string(b"compact_intseq"), 254, 14, 3, struct.pack(">3d", 4, 7, 1), 254]
    assert rdata._Reader(xdr(*run)).value() == [7, 8, 9, 10]
    with pytest.raises(ValueError, match="objects of R's type 6 are not read"):
        rdata._Reader(xdr(6, 1)).value()
    with pytest.raises(ValueError, match="not R's XDR format"):
        rdata._Reader(b"A\n")
