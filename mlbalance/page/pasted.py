"""Class counts from pasted text: lists, one per line, `class count` pairs, what pandas or R prints.

In plain Python, which the page translates.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from mlbalance.inputs import CountsError, PriorError, refuse_counts, refuse_prior

__all__ = ["counts_of", "prior_of"]

_NUMBER = r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?|[+-]?inf|nan"
_PAIR = r"^(.*?)[\s,:=|]+([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)$"
_MOST_CLASSES = 5_000


def counts_of(text: str) -> tuple[list[str], list[int]]:
    """Names of the classes, none where there are none, and their counts.

    Parameters
    ----------
    text
        As it was pasted.

    Returns
    -------
    Names (K,) or an empty list, and counts (K,).

    Raises
    ------
    CountsError
        For anything but whole numbers from 1 on of two classes or more, and what can be read in two
        ways.
    """
    lines = [line for line in _lines(text) if line]
    if not lines:
        raise CountsError("Give the number of rows of every class, as in 23, 5, 44.")
    names, words = _named(text, lines)
    if len(words) > _MOST_CLASSES:
        raise CountsError(
            f"The page takes up to {_MOST_CLASSES:,} classes; {len(words):,} were given. Use "
            "mlbalance advise."
        )
    counts = [_count(word) for word in words]
    refuse_counts(counts, "Advice")
    return _in_label_order(names, [int(n) for n in counts])


def prior_of(text: str, n_classes: int) -> list[float]:
    """Target prior: one probability per class.

    Parameters
    ----------
    text
        As it was typed.
    n_classes
        Number of classes K.

    Returns
    -------
    (K,) probabilities that sum to one.

    Raises
    ------
    PriorError
        For anything else.
    """
    words = _words(text)
    wrong = [word for word in words if not re.fullmatch(_NUMBER, word)]
    if wrong:
        raise PriorError(f"A prior is one probability per class; {wrong[0]!r} is not.")
    if len(words) != n_classes:
        raise PriorError(
            f"A prior needs one probability for each of {n_classes} classes; {len(words)} were "
            "given."
        )
    tau = [float(word) for word in words]
    refuse_prior(tau)
    total = sum(tau)
    return [t / total for t in tau]


def _lines(text: str) -> list[str]:
    """Lines without what pandas, NumPy, Python and R print around the numbers."""
    bare = re.sub(r"(?i)\b(counter|array|series|dict|list|tuple|int64|c)\s*\(", "(", text)
    bare = re.sub(r"(?im)^.*\bdtype\b.*$|^[-\s|+]+$", "", bare)
    bare = re.sub(r"[\[\](){}]", "\n", bare)
    return [re.sub(r"^[\s,;|]+|[\s,;|]+$", "", line) for line in re.split(r"[\n\r]+", bare)]


def _named(text: str, lines: Sequence[str]) -> tuple[list[str], list[str]]:
    """Names and words of the counts."""
    if len(lines) == 1 and re.findall(r"[^\W\d]|[:=]", lines[0]):  # pairs in one line
        lines = re.split(r"\s*[,;]\s*", lines[0])
    table = _r_table(lines)
    if table:
        return table
    parts = [re.findall(_PAIR, line) for line in lines]
    if not parts[0] and len(parts) > 2 and not re.fullmatch(_NUMBER, lines[0]):
        parts = parts[1:]  # a heading
    pairs = [part[0] for part in parts if part]
    if (
        len(pairs) > 1
        and len(pairs) == len(parts)
        and _are_names([name for name, _ in pairs], text)
    ):
        return [re.sub(r"""^["']|["']$""", "", name.strip()) for name, _ in pairs], [
            word for _, word in pairs
        ]
    _refuse_ambiguous(lines)
    return [], [word for line in lines for word in _words(line)]


def _r_table(lines: Sequence[str]) -> tuple[list[str], list[str]] | None:
    """Names above their counts, as R prints a table."""
    if len(lines) not in (2, 3):
        return None
    names, words = re.split(r"\s+", lines[-2]), re.split(r"\s+", lines[-1])
    if len(names) != len(words) or len(words) < 2:
        return None
    if re.fullmatch(_NUMBER, names[0]) and len(lines) == 2 and not _are_labels(names):
        return None
    if any(not re.fullmatch(_NUMBER, word) for word in words):
        return None
    return names, words


def _are_names(names: Sequence[str], text: str) -> bool:
    """Whether the first columns are names of classes, and not counts themselves."""
    if len(set(names)) < len(names) or any(re.findall(r"[\s,;]\d", name) for name in names):
        return False
    if not any(re.fullmatch(_NUMBER, name.strip()) for name in names):
        return True
    return bool(re.findall(r"[:=|]|dtype", text)) or _are_labels(names)


def _are_labels(names: Sequence[str]) -> bool:
    """Whether they are 0..K-1 or 1..K in some order."""
    if any(not re.fullmatch(r"\d+", name.strip()) for name in names):
        return False
    found = sorted([int(name) for name in names])
    first = found[0]
    return first in (0, 1) and found == list(range(first, first + len(found)))


def _in_label_order(names: list[str], counts: list[int]) -> tuple[list[str], list[int]]:
    """Classes numbered 0..K-1 or 1..K in the order of their numbers, others as given."""
    if not names or not _are_labels(names):
        return names, counts
    order = sorted(range(len(names)), key=lambda k: int(names[k]))
    return [names[k] for k in order], [counts[k] for k in order]


def _words(line: str) -> list[str]:
    return [word for word in re.split(r"[,;|\s]+", line) if word]


def _count(word: str) -> float:
    if re.fullmatch(_NUMBER, word):
        return float(word)
    digits = re.sub(r"[_.'’]", "", word)
    hint = f" Write {digits}." if re.fullmatch(r"\d+", digits) else ""
    raise CountsError(
        f"Counts must be whole numbers of rows, one per class; {word!r} is not.{hint}"
    )


def _refuse_ambiguous(lines: Sequence[str]) -> None:
    """Refuse a separator that could be one of thousands, if two or more classes would remain."""
    words = [re.sub(r"^,|,$", "", word) for line in lines for word in re.split(r"[;|\s]+", line)]
    for word in words:
        whole = re.sub(r"[,.]", "", word)
        if re.fullmatch(r"[+-]?\d{1,3}(,\d{3})+", word) and len(words) > 1:
            parts = re.sub(r",", " ", word)
            raise CountsError(
                f"{word!r} can be one class of {whole} rows or the classes {parts}. Write {whole} "
                f"or {parts}."
            )
        if re.fullmatch(r"[+-]?\d{1,3}\.\d{3}", word):
            part = word.split(".")[0]
            raise CountsError(f"{word!r} can be {part} or {whole} rows. Write {part} or {whole}.")
