"""What every command shares: the width of what it prints, and how it refuses its words."""

from mlbalance.inputs import InputError

__all__ = ["WIDTH", "UsageError"]

WIDTH = 80
"""Columns."""


class UsageError(InputError):
    """A command line that cannot be read; the message says what can."""
