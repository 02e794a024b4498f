"""Root seeds by rule: nobody who runs a study anew chooses its numbers.

A study is run anew after a change of its criterion or design: on a new date, and so on a new root.
"""

from zlib import crc32


def root_of(name: str, date: str) -> int:
    """Root seed of a study whose criterion and design were fixed on a date."""
    return crc32(f"{name}, {date}".encode())
