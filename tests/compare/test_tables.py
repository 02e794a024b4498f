"""Tables of users: what is read, typed, left out, said and refused."""

import codecs
import datetime
import gzip
import os
import re
import subprocess
import sys

import numpy as np
import pytest

from mlbalance.compare import tables
from mlbalance.compare.tables import files
from mlbalance.extras import MissingExtraError
from mlbalance.inputs import InputError

N = 30
X1 = [f"{v:.3f}" for v in np.random.default_rng(1).normal(size=N)]
"""Numbers of a feature as text."""
LABELS = ["a"] * 16 + ["b"] * 8 + ["c"] * 6


@pytest.fixture
def file(tmp_path):
    """Writes a file of text or bytes and returns its path."""

    def write(content, name="data.csv"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def csv(delimiter=",", end="\n", **columns):
    lines = [list(columns), *zip(*columns.values(), strict=True)]
    return "".join(delimiter.join(map(str, line)) + end for line in lines)


def refusal(*args, **kwargs):
    with pytest.raises(tables.TableError) as caught:
        tables.read(*args, **kwargs)
    message = str(caught.value)
    assert "\n" not in message and message.endswith(("?", "."))
    return message


def column_of(table, name):
    return table.X[:, table.names.index(name)]


# Formats


def test_numbers_are_read_to_the_last_digit(file):
    table = tables.read(file(csv(x=X1, y=LABELS)), "y")
    assert table.X.tolist() == [[float(text)] for text in X1]
    assert table.y.tolist() == LABELS
    assert (table.names, table.target) == (("x",), "y")


@pytest.mark.parametrize("delimiter", [",", "\t", ";", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_delimiter_and_line_ends_are_found(file, delimiter, end):
    text = csv(delimiter, end, x=X1, z=X1[::-1], y=LABELS)
    table = tables.read(file(text), "y")
    assert table.names == ("x", "z") and column_of(table, "z")[0] == float(X1[-1])
    assert any("separated by" in note for note in table.notes) == (delimiter != ",")


def test_decimal_commas_are_numbers_and_thousands_are_not_guessed(file):
    decimals = [text.replace(".", ",") for text in X1]
    table = tables.read(file(csv(";", x=decimals, y=LABELS)), "y")
    assert table.X[:, 0].tolist() == [float(text) for text in X1]
    thousands = tables.read(file(csv(";", z=X1, x=["1,234", "2,345"] * 15, y=LABELS)), "y")
    assert thousands.columns[1].levels == ("1,234", "2,345")


@pytest.mark.parametrize(
    ("encode", "note"),
    [
        (str.encode, ""),
        (lambda text: text.encode("utf-8-sig"), ""),
        (lambda text: text.encode("cp1252"), "line 1) and was read as Windows-1252"),
        (lambda text: codecs.BOM_UTF16_LE + text.encode("utf-16-le"), "read as UTF-16"),
        (lambda text: gzip.compress(text.encode()), "unpacked by gzip"),
        (lambda text: text.encode() + b"\x1a", ""),
    ],
    ids=["utf-8", "utf-8-sig", "cp1252", "utf-16", "gzip", "dos"],
)
def test_encodings_give_the_same_table(file, encode, note):
    text = csv(größe=X1, y=[{"a": "é"}.get(label, label) for label in LABELS])
    table = tables.read(file(encode(text)), "y")
    assert table.names == ("größe",) and table.y[0] == "é"
    assert note in " ".join(table.notes)


def test_parquet_gives_the_table_of_the_csv(tmp_path, file):
    arrow = pytest.importorskip("pyarrow", reason="pyarrow is not installed")
    parquet = pytest.importorskip("pyarrow.parquet")
    numbers = [float(text) for text in X1]
    columns = {
        "x": [None, *numbers[1:]],
        "k": [None, *range(2, N + 1)][::-1],
        "colour": ["red", None, *["blue"] * (N - 2)],
        "flag": [True, False] * (N // 2),
        "y": LABELS,
    }
    table = arrow.table(columns)
    table = table.set_column(2, "colour", table["colour"].dictionary_encode())
    parquet.write_table(table, tmp_path / "data.parquet")
    text = csv(**{name: ["" if v is None else v for v in c] for name, c in columns.items()})
    one, other = tables.read(tmp_path / "data.parquet", "y"), tables.read(file(text), "y")
    np.testing.assert_array_equal(one.X, other.X)
    assert one.columns == other.columns and one.y.tolist() == other.y.tolist()
    assert one.notes == other.notes


def test_parquet_without_pyarrow_says_what_to_install(file):
    code = (
        "import sys; sys.modules['pyarrow'] = None\n"
        "from mlbalance.compare import tables\n"
        f"tables.read({str(file(b'PAR1', 'a.parquet'))!r}, 'y')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stderr.splitlines()[-1].endswith(
        "Reading Parquet needs pyarrow, which is not installed: pip install 'mlbalance[parquet]'"
    )


def test_a_damaged_or_large_parquet_file_is_refused(tmp_path, file, monkeypatch):
    arrow = pytest.importorskip("pyarrow", reason="pyarrow is not installed")
    parquet = pytest.importorskip("pyarrow.parquet")
    assert "is not a whole Parquet file" in refusal(file(b"PAR1 and no more"), "y")
    parquet.write_table(arrow.table({"x": [1, 2], "y": [0, 1]}), tmp_path / "a.parquet")
    monkeypatch.setattr(files, "_MOST_CELLS", 3)
    assert "has 4 cells; up to 3" in refusal(tmp_path / "a.parquet", "y")


# Files that cannot be read


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "'data.csv' is empty. Give a file with a header and rows."),
        (b"\n \n", "'data.csv' is empty."),
        (b"x,y\n", "'data.csv' has a header and no rows."),
        (b"x,y\n\n\n", "'data.csv' has a header and no rows."),
        (b"x,y\n1,a\n2,b\n\n3\n", "Line 5 of 'data.csv' has 1 cell; the header has 2."),
        (b"x,y\n1,a,7\n", "Line 2 of 'data.csv' has 3 cells; the header has 2."),
        (b'x,y\n"one\ntwo",a\n1,a,7\n', "Line 4 of 'data.csv' has 3 cells"),
        (b'x,y\n1,"a\n2,b\n', "Line 3 of 'data.csv' is not CSV (unexpected end of data)"),
        (b'x,y\n"1"2,a\n', "Line 2 of 'data.csv' is not CSV"),
        (b"x,y,x\n1,2,3\n", "Columns 1 and 3 of 'data.csv' are both named 'x'"),
        (b"x,y, x\n1,2,3\n", "Columns 1 and 3 of 'data.csv' are both named 'x'"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "not a text file: byte 0x1a in line 2. Give CSV"),
        (b"x,y\n1,\x00\n", "not a text file: byte 0x00 in line 2."),
        (b"PK\x03\x04\x14\x00", "but a zip file or a workbook; save the sheet as CSV."),
        (b"\x1f\x8b\x08\x00rest", "is a damaged gzip file."),
        (gzip.compress(b"x,y\n1,2\n" * 9, mtime=0)[:-9], "is a damaged gzip file."),
        (gzip.compress(b"", mtime=0), "is empty when unpacked."),
        ("x,y\né,a\n".encode() + b"\xe9,b\n", "mixes encodings: line 2 is UTF-8, line 3 is not."),
        (b"x,y\n\x81,a\n", "neither UTF-8 nor Windows-1252: byte 0x81 in line 2."),
        (codecs.BOM_UTF16_LE + b"x", "is damaged UTF-16. Save it as UTF-8."),
        (b"x,y\n" + b"1" * 200_000 + b",a\n", "is not CSV (field larger than field limit"),
    ],
)
def test_a_file_that_is_no_table_is_refused(file, content, message):
    assert message in refusal(file(content), "y")


def test_paths_that_lead_to_no_file_are_refused(tmp_path):
    assert refusal(tmp_path / "no.csv", "y").startswith("There is no file 'no.csv'.")
    assert "is a folder." in refusal(tmp_path, "y")
    assert "cannot be read: " in refusal(tmp_path / "a\0b", "y")
    assert "cannot be read: " in refusal(tmp_path / ("long" * 99), "y")


@pytest.mark.skipif(os.name != "posix", reason="users of POSIX")
def test_a_file_that_may_not_be_read_is_refused(file):
    path, user = file(csv(x=X1, y=LABELS)), os.geteuid()
    path.chmod(0)
    if user == 0:
        os.seteuid(65534)  # nobody: root may read everything
    try:
        assert "may not be read." in refusal(path, "y")
    finally:
        os.seteuid(user)


def test_a_large_file_is_refused_before_it_is_read(tmp_path):
    path = tmp_path / "large.csv"
    with path.open("wb") as sparse:
        sparse.truncate(2**30)
    assert "'large.csv' has 1024 MiB; a table of up to 64 MiB of text" in refusal(path, "y")


def test_a_large_file_in_a_small_one_is_refused(file, monkeypatch):
    monkeypatch.setattr(files, "_MOST_BYTES", 1000)
    packed = gzip.compress(b"x,y\n" + b"1,a\n" * 1000)
    assert len(packed) < 1000
    assert "is larger when unpacked" in refusal(file(packed), "y")


# Target


@pytest.mark.parametrize(
    ("target", "hint"),
    [
        ("klass", "Did you mean 'class'?"),
        ("CLASS", "Did you mean 'class'?"),
        ("zzz", "Its columns are 'x', 'class'."),
    ],
)
def test_an_unknown_target_is_refused_with_names_that_are_close(file, target, hint):
    message = refusal(file("x,class\n1,a\n2,b\n"), target)
    assert message == f"'data.csv' has no column {target!r}. {hint}"


def test_a_missing_header_is_seen(file):
    message = refusal(file("5.1,3.5,0\n4.9,3.0,1\n"), "y")
    assert message.endswith("Its first line holds numbers (5.1, 3.5, 0); put a header above it.")


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (["a"] * N, "has one class, 'a', in all 30 rows; at least two are needed."),
        ([""] * N, "No row has a value of the target 'y'."),
        (X1, "has 30 distinct values in 30 rows, such as"),
        ([*range(20), *range(10)], "has 20 distinct values in 30 rows, such as '0'; a class needs"),
        (["2024-01-01", "2024-01-02"] * 15, "Column 'y' holds dates or times, such as"),
        (["a" * 300, "b"] * 15, "holds a text of 300 characters; names of classes have up to 200."),
    ],
)
def test_a_target_without_classes_is_refused(file, labels, message):
    assert message in refusal(file(csv(x=X1, y=labels)), "y")


def test_thousands_of_classes_are_refused(file):
    y = np.arange(8000) % 4000
    message = refusal(file(csv(x=np.arange(8000) % 97, y=y)), "y")
    assert "has 4000 distinct values in 8000 rows" in message and "up to 100 classes" in message


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        (["1", "2", "10"], [1, 2, 10]),
        (["1.0", "2.0", "3.0"], [1, 2, 3]),  # as pandas writes integers beside a missing value
        (["01", "2", "3"], ["01", "2", "3"]),
        (["True", "False", "True"], ["True", "False", "True"]),
        (["=cmd()", "<script>", '"quoted"'], ["=cmd()", "<script>", '"quoted"']),
        (["🐟", " padded ", "a,b"], ["🐟", "padded", "a,b"]),
        (["1.5", "2.5", "inf"], ["1.5", "2.5", "inf"]),
    ],
)
def test_labels_stay_what_they_are(file, labels, expected):
    quoted = ['"' + label.replace('"', '""') + '"' for label in labels]
    table = tables.read(file(csv(x=X1, y=quoted * 10)), "y")
    assert table.y.tolist() == expected * 10
    assert all(str(name) in " ".join(table.notes) for name in expected)


def test_rows_without_target_are_left_out_and_said(file):
    labels = ["", "NA", "NaN", *LABELS[3:]]
    table = tables.read(file(csv(x=X1, y=labels)), "y")
    assert table.y.tolist() == LABELS[3:] and table.X[0, 0] == float(X1[3])
    assert "Rows left out, without a value of the target: 3." in table.notes


def test_many_whole_numbers_as_classes_are_said(file):
    y = np.arange(100) % 25
    table = tables.read(file(csv(x=np.random.default_rng(0).normal(size=100), y=y)), "y")
    assert any("has 25 whole numbers as classes; if it is a quantity" in n for n in table.notes)


def test_counts_are_said_most_frequent_first(file):
    table = tables.read(file(csv(x=X1, y=LABELS)), "y")
    assert table.notes[:2] == (
        "30 rows in 3 classes of 'y': 'a' 16, 'b' 8, 'c' 6.",
        "Features: 1; rows of the smallest class per feature: 6.",
    )


# Features


def test_kinds_of_columns(file):
    columns = {
        "x": X1,
        "code": ["1", "2", "3"] * 10,
        "flag": ["yes", "no", "yes"] * 10,
        "sign": ["-1e3", "+2", ".5"] * 10,
        "mixed": ["1", "2", "3+"] * 10,
        "python": ["1_0", "2_0", "2_0"] * 10,
    }
    table = tables.read(file(csv(**columns, y=LABELS)), "y")
    levels = {column.name: column.levels for column in table.columns}
    assert levels == {
        "x": (),
        "code": (),
        "flag": ("yes", "no"),
        "sign": (),
        "mixed": ("1", "2", "3+"),
        "python": ("2_0", "1_0"),
    }
    assert column_of(table, "sign")[:3].tolist() == [-1000, 2, 0.5]
    assert column_of(table, "flag")[:3].tolist() == [0, 1, 0]
    assert (
        "Categories, one 0/1 column per level but the first: 'flag' 2, 'mixed' 3, 'python' 2."
        in table.notes
    )


def test_missing_values_are_kept_for_the_fold_and_said(file):
    x = ["", "NA", "inf", "1e200", "?", *X1[5:]]
    colour = ["", "n/a", *["red", "blue"] * 14]
    table = tables.read(file(csv(x=x, colour=colour, y=LABELS)), "y")
    assert np.isnan(column_of(table, "x")).tolist() == [True] * 5 + [False] * 25
    assert table.columns[1].levels == ("blue", "red", "")
    said = " ".join(table.notes)
    assert "Missing numbers (empty, infinite or beyond 1e100): 'x' 5. Each becomes" in said
    assert "Missing is a level of its own in 'colour'." in said


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        (["5"] * N, "constant"),
        (["5", ""] * 15, "constant"),
        ([""] * N, "every cell is missing"),
        (["red"] * N, "constant"),
        (range(100, 100 + N), "a different whole number in every row, as an identifier"),
        (range(N, 0, -1), "a different whole number in every row, as an identifier"),
        (np.arange(N) ** 2, "a different whole number in every row, as an identifier"),
        ([f"row {i}" for i in range(N)], "a different text in every row, such as 'row 0'"),
        (
            [f"text {i}" for i in range(N - 8)] + ["text 0"] * 8,
            "mostly different texts, such as 'text 0'",
        ),
    ],
)
def test_columns_that_are_no_features_are_left_out_and_said(file, cells, reason):
    table = tables.read(file(csv(x=X1, odd=cells, y=LABELS)), "y")
    assert table.names == ("x",)
    assert f"Left out: 'odd' ({reason})." in table.notes


def test_an_identifier_can_be_kept_and_a_feature_dropped(file):
    path = file(csv(x=X1, odd=range(N), y=LABELS))
    table = tables.read(path, "y", keep=["odd"], drop=["x"])
    assert table.names == ("odd",) and "Left out: 'x' (asked for)." in table.notes
    assert "Did you mean 'odd'?" in refusal(path, "y", drop=["od"])
    assert "no feature left" in refusal(path, "y", drop=["x"])


@pytest.mark.parametrize("name", ["id", "ID", "patient_id", "PatientID", "row name", "Index"])
def test_whole_numbers_are_identifiers_by_their_name(file, name):
    cells = np.random.default_rng(0).permutation(1000)[:N]
    table = tables.read(file(csv(**{"x": X1, name: cells, "y": LABELS})), "y")
    assert table.names == ("x",)
    groups = np.arange(120) % 40
    table = tables.read(file(csv(**{"x": X1 * 4, name: groups, "y": np.arange(120) % 7 % 2})), "y")
    assert any("groups of rows that a split may tear apart" in note for note in table.notes)


@pytest.mark.parametrize("name", ["income", "grid", "covid", "placid"])
def test_measurements_are_no_identifiers(file, name):
    cells = np.random.default_rng(0).permutation(1000)[:N]
    table = tables.read(file(csv(**{"x": X1, name: cells, "y": LABELS})), "y")
    assert table.names == ("x", name)


def test_thousands_of_texts_are_left_out(file):
    n = 2500
    texts = [f"text {i % 1001}" for i in range(n)]
    x = np.random.default_rng(0).normal(size=n)
    table = tables.read(file(csv(x=x, text=texts, y=np.arange(n) % 2)), "y")
    assert table.names == (
        "x",
    ) and "'text' (mostly different texts, such as 'text 0')" in " ".join(table.notes)


DATES = "2024-01-31 2024-01-31T12:00:00 31.01.2024 1/31/24 12:30".split()


@pytest.mark.parametrize("dates", [*([at] for at in DATES), ["31 Jan 2024"], ["Jan 31, 2024", ""]])
def test_dates_are_refused_unless_dropped(file, dates):
    quoted = [f'"{dates[i % len(dates)]}"' for i in range(N)]
    path = file(csv(x=X1, when=quoted, y=LABELS))
    assert f"Column 'when' holds dates or times, such as {dates[0]!r};" in refusal(path, "y")
    assert tables.read(path, "y", drop=["when"]).names == ("x",)


@pytest.mark.parametrize("names", [LABELS, [{"a": 7, "b": 5, "c": 9}[label] for label in LABELS]])
def test_the_target_under_another_name_is_refused_as_leakage(file, names):
    path = file(csv(x=X1, copy=names, y=LABELS))
    message = refusal(path, "y")
    assert "'copy' is the target 'y' under other names" in message and "(leakage)" in message
    assert tables.read(path, "y", drop=["copy"]).names == ("x",)
    assert tables.read(path, "y", keep=["copy"]).names == ("x", "copy")


def test_a_column_that_determines_the_class_is_said(file):
    parts = ["a1", "a2"] * 40 + ["b1", "b2"] * 20
    table = tables.read(file(csv(x=X1 * 4, part=parts, y=[part[0] for part in parts])), "y")
    assert table.names == ("x", "part")
    assert any(note.startswith("LEAKAGE? Every value of 'part' goes with") for note in table.notes)


def test_texts_among_numbers_are_said(file):
    ages = [20 + i % 12 for i in range(N - 1)] + ["unknown"]
    table = tables.read(file(csv(x=X1, age=ages, y=LABELS)), "y")
    assert len(table.columns[1].levels) == 13
    assert any("Numbers but for some texts" in n and "'age' ('unknown')." in n for n in table.notes)
    prices = [f"${i % 20}.50" for i in range(N)]
    table = tables.read(file(csv(x=X1, price=prices, y=LABELS)), "y")
    assert "Left out: 'price' (mostly different texts, such as '$0.50')." in table.notes


def test_repeated_rows_are_counted(file):
    table = tables.read(file(csv(x=["1", "1", "2"] * 10, z=["", "", "5"] * 10, y=LABELS)), "y")
    rows = {(a, b) for a, b in zip(["1", "1", "2"] * 10, LABELS, strict=True)}
    assert any(f"feature and the label: {N - len(rows)}. All" in note for note in table.notes)


def test_names_are_shown_on_one_line(file):
    text = '"a\nb",y\n' + "2024-01-01,a\n2024-01-02,b\n" * 2
    assert r"Column 'a\nb' holds dates" in refusal(file(text), "y")
    long = tables.read(file(csv(**{"x": X1, "n" * 99: [1] * N, "y": LABELS})), "y")
    assert f"Left out: {'n' * 37 + '...'!r} (constant)." in long.notes


def test_columns_without_name_are_numbered(file):
    table = tables.read(file(csv(**{"": range(N), " ": X1, "y": LABELS})), "y")
    assert table.names == ("column 2",) and "'column 1' (a different" in " ".join(table.notes)


# Arrays and DataFrames


def test_arrays_give_the_table_of_the_file(file):
    numbers = np.array([float(text) for text in X1])
    colour = np.array(["red", "blue"] * 15, dtype=object)
    expected = tables.read(file(csv(x0=X1, x1=colour, y=LABELS)), "y")
    given = [
        np.array([numbers, colour], dtype=object).T,
        list(zip(numbers.tolist(), colour, strict=True)),
        {"x0": numbers, "x1": colour},
    ]
    for library in ("pandas", "polars"):
        if library in sys.modules or _there(library):
            frame = pytest.importorskip(library)
            given.append(frame.DataFrame({"x0": numbers, "x1": list(colour)}))
    for X in given:
        table = tables.from_arrays(X, LABELS)
        np.testing.assert_array_equal(table.X, expected.X)
        assert table.columns == expected.columns and table.notes == expected.notes


def _there(library):
    try:
        __import__(library)
    except ImportError:
        return False
    return True


def test_types_of_pandas_are_kept():
    pd = pytest.importorskip("pandas", reason="pandas is not installed")
    x = [float(text) for text in X1]
    frame = pd.DataFrame(
        {
            "x": [None, *x[1:]],
            "nullable": pd.array([pd.NA, *[5, 7, 7] * 9, 5, 5], dtype="Int64"),
            "codes": pd.Categorical([1, 2, 3] * 10),
            "flag": [True, False, False] * 10,
            "text": ["u", None, "v"] * 10,
        }
    )
    table = tables.from_arrays(frame, pd.Series(LABELS, name="kind"))
    assert table.target == "kind"
    assert {column.name: column.levels for column in table.columns} == {
        "x": (),
        "nullable": (),
        "codes": ("1", "2", "3"),
        "flag": ("False", "True"),
        "text": ("", "u", "v"),
    }
    assert np.isnan(table.X[0, :2]).all() and table.X[1, 1] == 5
    with pytest.raises(tables.TableError, match="'when' holds dates"):
        tables.from_arrays(frame.assign(when=pd.date_range("2024", periods=N)), LABELS)
    twice = pd.DataFrame(np.zeros((N, 2)), columns=["x", "x"])
    with pytest.raises(tables.TableError, match="Columns 1 and 2 of X are both named 'x'"):
        tables.from_arrays(twice, LABELS)
    many = frame.assign(codes=pd.Categorical(range(N)))
    assert "codes" not in tables.from_arrays(many, LABELS).names


@pytest.mark.parametrize(
    ("X", "y", "message"),
    [
        (np.zeros(3), [0, 1, 1], r"must have shape \(n, d\); theirs is \(3,\)"),
        (np.zeros((3, 2)), np.eye(3), r"must have shape \(n,\); theirs is \(3, 3\)"),
        (np.zeros((3, 2)), [0, 1], r"same number of rows; they have \[3\] and 2"),
        (np.zeros((3, 0)), [0, 1, 1], "X has no features"),
        ({"x": [1, 2, 3], "z": [1, 2]}, [0, 1, 1], r"they have \[2, 3\] and 3"),
        ({"x": np.zeros((4, 2))}, [0, 1, 1, 0], "must hold one value per row"),
        ({"x": np.ones(4, complex)}, [0, 1, 1, 0], "is of type complex128"),
        ({"x": np.array([{}, [], (), 1], object)}, [0, 1, 1, 0], "holds a dict; numbers, text"),
        ({"x": [datetime.date(2024, 1, 1)] * 4}, [0, 1, 1, 0], "holds dates or times"),
        ({"x": np.ones(4)}, [0, 1, 1, 0], r"no feature left: Left out: 'x' \(constant\)\."),
    ],
)
def test_arrays_that_are_no_table_are_refused(X, y, message):
    with pytest.raises(tables.TableError, match=message):
        tables.from_arrays(X, y)


def test_a_sparse_matrix_is_refused():
    sparse = pytest.importorskip("scipy.sparse")
    with pytest.raises(tables.TableError, match=r"X is sparse; .* Give X\.toarray\(\)\."):
        tables.from_arrays(sparse.eye(4), [0, 1, 0, 1])


def test_each_error_is_one_of_input():
    assert issubclass(tables.TableError, InputError) and not issubclass(
        MissingExtraError, InputError
    )


# Folds


def test_folds_need_a_row_of_every_class():
    tables.check_folds(LABELS, 6)
    with pytest.raises(tables.TableError) as caught:
        tables.check_folds(LABELS, 10)
    assert str(caught.value) == (
        "10 folds need 10 rows of every class; fewer have: 'b' (8), 'c' (6). Take 6 folds, "
        "merge such a class with another, or drop its rows."
    )
    with pytest.raises(
        tables.TableError, match=r"fewer have: '2' \(1\)\. Merge such a class with another"
    ):
        tables.check_folds([0, 0, 1, 1, 2], 2)


# Preprocessing in the fold


@pytest.fixture
def mixed(file):
    rng = np.random.default_rng(0)
    x = ["" if i % 5 == 0 else f"{v:.4f}" for i, v in enumerate(rng.normal(3, 2, size=90))]
    return tables.read(
        file(csv(x=x, z=rng.normal(size=90), colour=["red", "red", "blue"] * 30, y=LABELS * 3)), "y"
    )


def test_training_rows_alone_decide(mixed):
    pytest.importorskip("sklearn")
    train, test = np.arange(60), np.arange(60, 90)
    fitted = mixed.preprocessor().fit(mixed.X[train])
    before = fitted.transform(mixed.X[train])
    changed = mixed.X.copy()
    changed[test] = 1e6, np.nan, 7.0
    again = mixed.preprocessor().fit(changed[train])
    np.testing.assert_array_equal(before, again.transform(mixed.X[train]))
    x = mixed.X[train, 0]
    filled = np.where(np.isnan(x), np.nanmedian(x), x)
    np.testing.assert_allclose(before[:, 0], (filled - filled.mean()) / filled.std())
    assert set(before[:, 2]) == {0.0, 1.0} and np.isfinite(fitted.transform(changed[test])).all()


def test_a_level_without_training_row_counts_as_the_most_frequent(mixed):
    pytest.importorskip("sklearn")
    X = mixed.X.copy()
    X[:, 2] = np.where(np.arange(90) < 80, X[:, 2], 2.0)
    fitted = mixed.preprocessor().fit(X[:80])
    common = X[80:].copy()
    common[:, 2] = 0.0
    np.testing.assert_array_equal(fitted.transform(X[80:]), fitted.transform(common))


def test_columns_constant_in_the_training_rows_are_dropped(mixed):
    pytest.importorskip("sklearn")
    X = mixed.X.copy()
    X[:60, 1] = 4.2
    X[:60, 2] = 1.0
    assert mixed.preprocessor().fit(X[:60]).transform(X[60:]).shape == (30, 1)


def test_rare_levels_share_a_column(file):
    pytest.importorskip("sklearn")
    rng = np.random.default_rng(0)
    n = 600
    text = [f"level {k}" for k in rng.geometric(0.03, size=n) % 60]
    table = tables.read(file(csv(text=text, y=rng.integers(2, size=n))), "y")
    assert len(table.columns[0].levels) > 40
    assert table.preprocessor().fit_transform(table.X).shape == (n, 29)


def test_new_rows_are_encoded_as_the_first_ones(mixed, file):
    rows = {
        "colour": ["blue", "green", ""],
        "extra": [1, 2, 3],
        "x": ["1.5", "", "2"],
        "z": [1, 2, 3],
    }
    expected = np.array([[1.5, 1, 1], [np.nan, 2, 2], [2, 3, 2]])
    np.testing.assert_array_equal(tables.encode(mixed.columns, rows), expected)
    with pytest.raises(tables.TableError, match="The new rows have no column 'z'"):
        tables.encode(mixed.columns, {"x": [1], "colour": ["red"]})
    with pytest.raises(tables.TableError, match="'x' holds numbers; 'tall' is none"):
        tables.encode(mixed.columns, rows | {"x": ["tall", "", "2"]})


def test_a_table_is_read_without_scikit_learn_and_pandas(file):
    path = file(csv(x=X1, colour=["red", "blue"] * 15, y=LABELS))
    code = (
        "import sys\nfor name in ('sklearn', 'pandas', 'pyarrow', 'polars', 'scipy'):\n"
        "    sys.modules[name] = None\n"
        "from mlbalance.compare.tables import read\n"
        f"table = read({str(path)!r}, 'y'); print(table.X.shape)\n"
        "table.preprocessor()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "(30, 2)"
    assert re.search(r"needs scikit-learn, .*mlbalance\[estimators\]", done.stderr)
