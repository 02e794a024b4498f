"""The sources of the paper as one archive that compiles by itself: `build/paper.tar.gz`."""

from __future__ import annotations

import gzip
import io
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

__all__ = ["compiles", "members", "pack"]

_LEFT_BY_TEX = {".bib", ".blg", ".fdb_latexmk", ".fls", ".log", ".out", ".pdf"}


def members(folder: Path) -> list[Path]:
    """Files of an archive, sorted: sources, references and labels as typeset, and figures.

    The labels (`.aux`) are those by which paper and supplement refer to one another.
    """
    files = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return sorted(
        path for path in files if path.parts[0] == "figures" or path.suffix not in _LEFT_BY_TEX
    )


def pack(folder: Path, target: Path, time: int) -> Path:
    """Write the archive of a folder in which the paper was typeset.

    The same files and time give the same bytes.

    Parameters
    ----------
    folder
        With `main.tex` and `main.bbl`.
    target
        The archive.
    time
        Of all files, in seconds since 1970.

    Returns
    -------
    The archive.
    """
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for path in members(folder):
            data = (folder / path).read_bytes()
            entry = tarfile.TarInfo(path.as_posix())
            entry.size, entry.mtime = len(data), time
            archive.addfile(entry, io.BytesIO(data))
    with target.open("wb") as file, gzip.GzipFile("", "wb", 9, file, time) as packed:
        packed.write(content.getvalue())
    return target


def compiles(
    archive: Path, tops: Sequence[str], environment: Mapping[str, str]
) -> list[bytes] | None:
    """PDF files of an archive, unpacked into an empty folder and typeset there without BibTeX.

    Parameters
    ----------
    archive
        As of `pack`.
    tops
        Files to typeset.
    environment
        Of latexmk.

    Returns
    -------
    The PDF of each, or None if one was not typeset.
    """
    folder = Path(tempfile.mkdtemp())
    try:
        with tarfile.open(archive) as packed:
            packed.extractall(folder, filter="data")
        command = ["latexmk", "-pdf", "-bibtex-", "-halt-on-error", "-quiet", *tops]
        run = subprocess.run(command, cwd=folder, env=environment, capture_output=True, check=False)
        if run.returncode:
            return None
        return [(folder / top).with_suffix(".pdf").read_bytes() for top in tops]
    finally:
        shutil.rmtree(folder)
