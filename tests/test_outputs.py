"""Output files: written whole or not at all, and in place through what is no plain file."""

import errno
import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from mlbalance.inputs import InputError
from mlbalance.outputs import OutputError, is_stdout, open_for_writing
from mlbalance.simulation import Row, Summary, read_rows, write_rows

ROOT = Path(__file__).resolve().parent.parent


def write(path, text="new\n"):
    with open_for_writing(path) as file:
        file.write(text)


def test_a_new_file_is_there_and_nothing_else(tmp_path):
    write(tmp_path / "a.csv")
    assert [(p.name, p.read_text()) for p in tmp_path.iterdir()] == [("a.csv", "new\n")]
    plain = tmp_path / "plain"
    plain.touch()
    assert (tmp_path / "a.csv").stat().st_mode == plain.stat().st_mode


def test_a_file_is_replaced_whole_and_keeps_its_mode(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("old\n" * 9)
    path.chmod(0o640)
    with path.open() as reader:
        write(path)
        assert reader.read() == "old\n" * 9  # whoever reads it reads it to its end
    assert path.read_text() == "new\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_what_is_not_finished_is_not_there(tmp_path, error):
    path = tmp_path / "a.csv"
    path.write_text("old\n")

    def fail():
        with open_for_writing(path) as file:
            file.write("half")
            raise error

    with pytest.raises(error):
        fail()
    assert [(p.name, p.read_text()) for p in tmp_path.iterdir()] == [("a.csv", "old\n")]


@pytest.mark.parametrize("there", [True, False])
def test_a_link_stays_a_link(tmp_path, there):
    (tmp_path / "elsewhere").mkdir()
    target, link = tmp_path / "elsewhere" / "a.csv", tmp_path / "link.csv"
    if there:
        target.write_text("old\n")
    link.symlink_to(target)
    write(link)
    assert link.is_symlink() and target.read_text() == "new\n"
    assert [p.name for p in target.parent.iterdir()] == ["a.csv"]


def test_a_file_of_two_names_stays_one(tmp_path):
    one, two = tmp_path / "one", tmp_path / "two"
    one.write_text("old\n")
    two.hardlink_to(one)
    write(one)
    assert one.samefile(two) and two.read_text() == "new\n"


def test_a_pipe_is_written_through(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    read = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_text()))
    reader.start()
    write(pipe)
    reader.join(10)
    assert read == ["new\n"] and stat.S_ISFIFO(pipe.stat().st_mode)


def test_a_device_is_written_through():
    # A terminal: beside it nobody, not even root, can make a file.
    ours, its = os.openpty()
    try:
        terminal = Path(os.ttyname(its))
        write(terminal)
        assert os.read(ours, 99) == b"new\r\n" and stat.S_ISCHR(terminal.stat().st_mode)
    finally:
        os.close(ours)
        os.close(its)


def test_standard_output_gets_it_in_its_order(tmp_path):
    code = (
        "import sys\n"
        "from pathlib import Path\n"
        "from mlbalance.outputs import is_stdout, open_for_writing\n"
        "print('before')\n"
        "with open_for_writing(Path('/dev/fd/1')) as file:\n"
        "    file.write('between\\n')\n"
        "print('after', is_stdout(Path('/dev/fd/1')))\n"
    )
    command, told = [sys.executable, "-c", code], b"before\nbetween\nafter True\n"
    assert subprocess.run(command, capture_output=True, check=True, cwd=ROOT).stdout == told
    with (tmp_path / "out").open("wb") as out:
        subprocess.run(command, stdout=out, check=True, cwd=ROOT)
    assert (tmp_path / "out").read_bytes() == told
    assert not is_stdout(tmp_path / "out") and not is_stdout(tmp_path / "none")


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("none/a.csv", "cannot be written: there is no folder {}/none. Make it, or name another"),
        ("", "cannot be written: it is a folder. Name a file in it."),
        ("file/a.csv", "cannot be written: Not a directory."),
        ("x" * 300, "cannot be written: File name too long."),
        ("circle", "cannot be written: Too many levels of symbolic links."),
        ("nowhere", "cannot be written: there is no folder {}/none."),
    ],
)
def test_what_cannot_be_written_says_why(tmp_path, name, why):
    (tmp_path / "file").touch()
    (tmp_path / "circle").symlink_to(tmp_path / "circle")
    (tmp_path / "nowhere").symlink_to(tmp_path / "none" / "a.csv")
    before = sorted(tmp_path.iterdir())
    with pytest.raises(OutputError) as refused:
        write(tmp_path / name)
    assert why.format(tmp_path) in str(refused.value)
    assert sorted(tmp_path.iterdir()) == before


def test_a_file_that_is_read_only_is_not_replaced(tmp_path, monkeypatch):
    path = tmp_path / "a.csv"
    path.write_text("old\n")
    monkeypatch.setattr(os, "access", lambda *_: False)  # root may write to any
    with pytest.raises(OutputError, match=r"file or folder is read-only\. Name another file"):
        write(path)
    assert [(p.name, p.read_text()) for p in tmp_path.iterdir()] == [("a.csv", "old\n")]


def test_a_full_disk_is_one_line(tmp_path):
    def fill():
        with open_for_writing(tmp_path / "a.csv") as file:
            file.write("half")
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with pytest.raises(OutputError, match=r"a.csv cannot be written: No space left on device\.$"):
        fill()
    assert list(tmp_path.iterdir()) == []


def test_summaries_are_written_so(tmp_path):
    target, link = tmp_path / "target.csv", tmp_path / "link.csv"
    target.write_text("old\n")
    link.symlink_to(target)
    rows = Summary([Row("c", {"d": 2}, "m", 0.5, "mean", "log-loss", 1.0, 0.25, 9, 0)])
    write_rows(rows, link, "made by a test")
    assert link.is_symlink() and read_rows(target) == rows
    with pytest.raises(InputError, match="there is no folder"):
        write_rows(rows, tmp_path / "none" / "a.csv", "made by a test")
