"""Figures as SVG, in the colour of the text around them and two more; all names are escaped."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from html import escape

__all__ = ["curves", "intervals"]

_SIZE = 12
_LETTER = 0.56 * _SIZE
"""Mean width of a letter."""
_ROW = 20
_TEXT, _BLUE, _ORANGE = "currentColor", "#2f7fc1", "#c96a1c"
"""Colours that can be read on white and on black."""
_LOOKS = ((_BLUE, ""), (_ORANGE, "7 3"), (_TEXT, "2 3"))


def intervals(
    rows: Sequence[tuple[str, float, float, float]],
    title: str,
    *,
    marked: str = "",
    zero: bool = True,
    width: int = 440,
) -> str:
    """Forest plot: one row per name with its value and interval.

    Parameters
    ----------
    rows
        (name, value, low, high); a row whose value is NaN has its name alone.
    title
        Below the axis.
    marked
        Name of a row that is set off.
    zero
        Whether the axis has a zero, with a line there.
    width
        In units of which letters are 12 high.

    Returns
    -------
    An `<svg>` element.
    """
    left = 12 + _LETTER * max((len(row[0]) for row in rows), default=0)
    width = max(width, round(left) + 160)
    ends = [end for _, *row in rows for end in row if math.isfinite(end)]
    ends += [0.0] if zero or not ends else []
    margin = 0.04 * (max(ends) - min(ends)) or 1.0
    least, most = min(ends) - margin, max(ends) + margin

    def x(value: float) -> float:
        at = (min(max(value, least), most) - least) / (most - least)
        return left + at * (width - left - 14)

    bottom = _ROW * len(rows) + 8
    parts = [_line(x(0), 0, x(0), bottom, "stroke-dasharray='3 3' opacity='.6'")] if zero else []
    for number, (name, value, low, high) in enumerate(rows):
        y, color = _ROW * number + 14, _ORANGE if name == marked else _BLUE
        parts.append(_text(left - 8, y + 4, name, "end", "bold" if name == marked else ""))
        if not math.isnan(value):
            parts.append(_line(x(low), y, x(high), y, "stroke-width='2'", color))
            parts.append(f"<circle cx='{x(value):.1f}' cy='{y}' r='4' fill='{color}'/>")
    parts += _axis(_ticks(least, most), x, bottom)
    parts.append(_text(width / 2, bottom + 38, title, "middle"))
    return _svg(width, bottom + 46, title, parts)


def curves(
    lines: Sequence[tuple[str, Sequence[float], Sequence[float], Sequence[float]]],
    across: str,
    up: str,
    *,
    size: int = 320,
) -> str:
    """Curves in the unit square, with its diagonal.

    Parameters
    ----------
    lines
        (name, abscissas, ordinates, shares) of up to three curves; the area of a point is in
        proportion to its share.
    across, up
        Names of the axes.
    size
        Side of the square.

    Returns
    -------
    An `<svg>` element.
    """
    left, top = 54, 8 + 18 * len(lines)

    def x(value: float) -> float:
        return left + value * size

    def y(value: float) -> float:
        return top + (1 - value) * size

    parts = [
        f"<rect x='{left}' y='{top}' width='{size}' height='{size}' fill='none' "
        "stroke='currentColor' opacity='.5'/>",
        _line(x(0), y(0), x(1), y(1), "opacity='.4'"),
    ]
    for number, (name, xs, ys, shares) in enumerate(lines):
        color, dashes = _LOOKS[number % len(_LOOKS)]
        style = f"stroke-width='2' stroke-dasharray='{dashes}'" if dashes else "stroke-width='2'"
        points = " ".join(f"{x(a):.1f},{y(b):.1f}" for a, b in zip(xs, ys, strict=True))
        parts.append(f"<polyline points='{points}' fill='none' stroke='{color}' {style}/>")
        for a, b, share in zip(xs, ys, shares, strict=True):
            r = 2 + 8 * math.sqrt(share)
            parts.append(f"<circle cx='{x(a):.1f}' cy='{y(b):.1f}' r='{r:.1f}' fill='{color}'/>")
        at = 14 + 18 * number
        parts.append(_line(left, at - 4, left + 30, at - 4, style, color))
        parts.append(_text(left + 38, at, name, "start"))
    ticks = [0.0, 0.25, 0.5, 0.75, 1.0]
    parts += _axis(ticks, x, top + size)
    parts += [_text(left - 6, y(tick) + 4, f"{tick:g}", "end") for tick in ticks]
    parts.append(_text(left + size / 2, top + size + 38, across, "middle"))
    beside = f"transform='rotate(-90 14 {top + size / 2:g})'"
    parts.append(_text(14, top + size / 2, up, "middle", more=beside))
    return _svg(left + size + 18, top + size + 46, f"{up} by {across}", parts)


def _svg(width: float, height: float, title: str, parts: Sequence[str]) -> str:
    return (
        f"<svg viewBox='0 0 {width:g} {height:g}' width='{width:g}' height='{height:g}' "
        f"role='img' font-size='{_SIZE}'><title>{escape(title)}</title>{''.join(parts)}</svg>"
    )


def _line(x0: float, y0: float, x1: float, y1: float, style: str = "", color: str = _TEXT) -> str:
    return (
        f"<line x1='{x0:.1f}' y1='{y0:.1f}' x2='{x1:.1f}' y2='{y1:.1f}' stroke='{color}' {style}/>"
    )


def _text(x: float, y: float, words: str, anchor: str, weight: str = "", more: str = "") -> str:
    bold = f"font-weight='{weight}' " if weight else ""
    return (
        f"<text x='{x:.1f}' y='{y:.1f}' text-anchor='{anchor}' {bold}fill='currentColor' {more}>"
        f"{escape(words)}</text>"
    )


def _axis(ticks: Sequence[float], x: Callable[[float], float], y: float) -> list[str]:
    parts = [_line(x(ticks[0]), y, x(ticks[-1]), y, "opacity='.5'")]
    for tick in ticks:
        parts.append(_line(x(tick), y, x(tick), y + 4))
        parts.append(_text(x(tick), y + 18, f"{tick:.4g}", "middle"))
    return parts


def _ticks(least: float, most: float) -> list[float]:
    """About five round numbers between two."""
    rough = (most - least) / 5
    unit = 10.0 ** math.floor(math.log10(rough))
    step = next(unit * factor for factor in (1, 2, 5, 10) if unit * factor >= rough)
    first, last = math.ceil(least / step), math.floor(most / step)
    return [step * number for number in range(first, last + 1)]
