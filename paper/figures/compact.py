"""Small figures: no hints in fonts, which are for screens of few dots, and no digits nobody sees.

Matplotlib writes six to ten decimals of each place, and between letters a kern of a thousandth of
their size and less; it has no options for either. What is replaced here are its own functions, so
that another version may need others: `tests/test_figures.py` sees whether files come out small.
"""

from collections.abc import Callable
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
from matplotlib import _path
from matplotlib.backends import _backend_pdf_ps, backend_pdf
from matplotlib.backends.backend_pdf import Op, Verbatim

__all__ = ["compact"]

LEAST_KERN = 3.0
"""In thousandths of the font's size; what is less is rounding."""
_STEPS = [Op.moveto.value, Op.lineto.value, b"", Op.curveto.value, Op.closepath.value]


def compact() -> None:
    """Have Matplotlib write small PDF files from now on."""
    if not isinstance(backend_pdf.pdfRepr, partial):
        backend_pdf.pdfRepr = partial(_written, backend_pdf.pdfRepr)
        subset = _backend_pdf_ps.subset
        subset.Options = partial(subset.Options, hinting=False)
        backend_pdf.PdfFile.pathOperations = staticmethod(_steps)


def _written(whole: Callable[[Any], bytes], value: Any) -> bytes:
    """A value as it is written to a PDF file, numbers to three decimals, text in few pieces."""
    if isinstance(value, (float, np.floating)) and np.isfinite(value):
        text = b"%.3f" % value
        return b"0" if text.strip(b"-0") == b"." else text.rstrip(b"0").rstrip(b".")
    if isinstance(value, list) and all(isinstance(part, (bytes, int, float)) for part in value):
        return whole(_joined(value) if any(isinstance(p, bytes) for p in value) else value)
    return whole(value)


def _steps(path: Any, transform: Any, clip=None, simplify=None, sketch=None) -> list[Verbatim]:
    """A path, its places to two decimals of a point."""
    return [
        Verbatim(_path.convert_to_string(path, transform, clip, simplify, sketch, 2, _STEPS, True))
    ]


def _joined(parts: list[Any]) -> list[Any]:
    """Pieces of text with kerns between them, without those that are too small to be seen."""
    kept = [p for p in parts if isinstance(p, bytes) or abs(p) >= LEAST_KERN]
    joined = kept[:1]
    for before, part in pairwise(kept):
        if isinstance(before, bytes) and isinstance(part, bytes):
            joined[-1] += part
        else:
            joined.append(part)
    return joined
