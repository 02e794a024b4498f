"""The command `advise`: its arguments and their conversion."""

from __future__ import annotations

import argparse
import math
import re
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from mlbalance.cli.usage import WIDTH, UsageError
from mlbalance.inputs import CountsError

if TYPE_CHECKING:
    from mlbalance.advise import Advice

__all__ = ["COMMAND", "collect_counts"]

# An argument meant as a count, even where argparse takes it for an option: -3,5 or -inf.
_NUMBER = re.compile(r"[+-]?(\.?\d|inf|nan)", re.IGNORECASE)
# Possibly one number with a thousands separator.
_THOUSANDS = re.compile(r"[+-]?\d{1,3}([, ]\d{3})+")
_POINTED = re.compile(r"[+-]?\d{1,3}\.\d{3}")


def collect_counts(given: argparse.Namespace, unknown: list[str], words: list[str]) -> list[str]:
    """Set `given.counts` to all counts among the arguments, in their order.

    argparse misses counts after options, and takes negative ones for options.

    Parameters
    ----------
    given
        Parsed arguments.
    unknown
        Arguments that argparse did not recognise.
    words
        All arguments of the command.

    Returns
    -------
    Arguments that are still unknown.
    """
    counts = {*given.counts, *filter(_NUMBER.match, unknown)}
    given.counts = [word for word in _positional_words(words) if word in counts]
    return [word for word in unknown if word not in counts]


def _positional_words(words: list[str]) -> Iterator[str]:
    """Arguments that are neither options nor their values."""
    taken = 0.0
    for word in words:
        if word == "--":
            taken = 0
        elif word.startswith("--"):
            many = word in ("--target-prior", "--natural", "--ridge")
            taken = 0 if word == "--json" or "=" in word else math.inf if many else 1
        elif taken:
            taken -= 1
        else:
            yield word


def _advise(given: argparse.Namespace) -> int:
    if given.json and given.code is not None:
        raise UsageError("Give --json or --code: each is all that is printed.")
    advice = _answer(given)
    if given.code is not None:
        from mlbalance.advise.code import snippet

        code = snippet(given.code, advice.counts, advice.target_prior, advice.recommendation)
        print(code, end="")
    elif given.json:
        import json

        print(json.dumps(advice.to_dict(), indent=2, allow_nan=False))
    else:
        print(advice.text(WIDTH))
    return 0


def _answer(given: argparse.Namespace) -> Advice:
    """The advice; a word of progress where the equations of many features take long."""
    from mlbalance.advise import advise

    counts, options = _counts(given), _options(given)
    if "separation" not in options:
        return advise(counts, target=given.target, **options)
    from mlbalance.cli.progress import progress_reporter
    from mlbalance.simulation.engine import Progress

    start = time.monotonic()
    with progress_reporter("ridges") as show:

        def tell(done: int, total: int) -> None:
            if done < total:
                left = (time.monotonic() - start) * (total - done) / done
                show(Progress(done, total, 0, 0, left))

        return advise(counts, target=given.target, progress=tell, **options)


def _options(given: argparse.Namespace) -> dict[str, Any]:
    """Keyword arguments of `advise`: the options that were given."""
    names = ("features", "separation", "budget", "bags_within", "rows")
    options = {name: getattr(given, name) for name in names if getattr(given, name) is not None}
    if given.target_prior is not None:
        options["target_prior"] = _prior("--target-prior", given.target_prior)
    if given.ridge is not None:
        options["ridge"] = _ridges(given.ridge)
    if given.natural is not None:
        options["natural"] = _prior("--natural", given.natural) if given.natural else True
    return options


def _prior(option: str, words: list[str]) -> list[float]:
    try:
        return [_float(number) for number in _split(words)]
    except ValueError:
        raise UsageError(
            f"{option} takes one probability per class, as in {option} .2 .8; "
            f"{' '.join(words)!r} is not."
        ) from None


def _ridges(words: list[str]) -> list[float]:
    try:
        return [_float(number) for number in _split(words)]
    except ValueError:
        raise UsageError(
            f"--ridge takes positive numbers, as in --ridge .01 1; {' '.join(words)!r} is not."
        ) from None


def _split(words: list[str]) -> list[str]:
    return [number for word in words for number in re.split(r"[,\s]+", word) if number]


def _counts(given: argparse.Namespace) -> list[float]:
    numbers = _split(given.counts)
    if not numbers:
        first = given.target_prior or given.natural or given.ridge
        hint = " The counts come first, then options that take several numbers." if first else ""
        raise CountsError(
            f"Give the number of rows of every class: mlbalance advise 23 5 44.{hint}"
        )
    _refuse_ambiguous(given.counts)
    _refuse_ambiguous([word for words in given.counts for word in words.split()])
    counts = []
    for number in numbers:
        try:
            counts.append(_float(number))
        except ValueError:
            digits = re.sub(r"[_.'’]", "", number)
            hint = f" Write {digits}." if digits.isdecimal() else ""
            raise CountsError(
                f"Counts must be whole numbers of rows, one per class; {number!r} is not.{hint}"
            ) from None
    return counts


def _refuse_ambiguous(words: list[str]) -> None:
    """Refuse a separator that could be one of thousands, if two or more classes would remain.

    `12,500 300` is ambiguous; `12,500` is not, since as one number it would be a single class.
    """
    for word in (word.strip(", ") for word in words):
        whole = re.sub("[, .]", "", word)
        if _THOUSANDS.fullmatch(word) and len(words) > 1:
            parts = re.sub("[, ]", " ", word)
            raise CountsError(
                f"{word!r} can be one class of {whole} rows or the classes {parts}. Write {whole} "
                f"or {parts}."
            )
        if _POINTED.fullmatch(word):
            part = word.partition(".")[0]
            raise CountsError(f"{word!r} can be {part} or {whole} rows. Write {part} or {whole}.")


def _float(word: str) -> float:
    """A number in digits; not `1_000`, which `float` accepts."""
    if "_" in word:
        raise ValueError(word)
    return float(word)


def _advise_arguments(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "counts",
        nargs="*",
        metavar="COUNTS",
        help="rows of every class: 23 5 44, or 23,5,44; thousands without a comma: 12500",
    )
    command.add_argument(
        "--target",
        choices=("balanced", "natural"),
        default="balanced",
        help="balanced error (default), or natural probabilities, at the prior of the data",
    )
    command.add_argument(
        "--target-prior",
        nargs="+",
        metavar="P",
        help="balanced at these shares of the classes instead of equal ones; after the counts",
    )
    command.add_argument(
        "--features",
        type=_number,
        metavar="D",
        help="in which regime so many features are: first order, intercept-biased, undersample "
        "separable or all separable, and what to do there",
    )
    command.add_argument(
        "--separation",
        type=_number,
        metavar="S",
        help="of Gaussian classes, neighbouring means so many standard deviations apart: errors "
        "of the methods, first-order ratios and P(no fit)",
    )
    command.add_argument(
        "--ridge",
        nargs="+",
        metavar="R",
        help="errors of the methods at these ridges instead of a grid of them; after the counts",
    )
    command.add_argument(
        "--budget", type=_number, metavar="N", help="where to collect the next N rows"
    )
    command.add_argument(
        "--bags-within",
        type=_number,
        metavar="EPS",
        help="undersamples to average for at most 1 + EPS times the variance of class weights",
    )
    command.add_argument(
        "--rows",
        type=_number,
        metavar="N",
        help="price of a sample of 1e6 of N rows in the proportions of the counts, as in 1e9",
    )
    command.add_argument(
        "--natural",
        nargs="*",
        metavar="P",
        help="intercept shifts for probabilities at the prior of the data, or at this one",
    )
    command.add_argument(
        "--code",
        metavar="LIBRARY",
        help="only code that does so in mlbalance, scikit-learn, imbalanced-learn, pytorch, keras, "
        "xgboost, lightgbm, r-glm or r-nnet",
    )
    command.add_argument("--json", action="store_true", help="all numbers, in full precision")


def _number(word: str) -> float:
    try:
        return _float(word)
    except ValueError:
        raise argparse.ArgumentTypeError(f"a number is needed, not {word!r}") from None


COMMAND = (_advise, "which scheme for these class counts", _advise_arguments)
