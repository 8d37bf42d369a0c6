"""How a text stands on a terminal."""

import textwrap
from collections.abc import Iterator, Sequence

WIDTH = 96
"""Columns of a line."""


def numbered(steps: Sequence[str]) -> Iterator[str]:
    """Yield steps with their numbers."""
    for number, step in enumerate(steps, 1):
        yield wrapped(f"  {number}. {step}", "     ")


def wrapped(text: str, indent: str = "") -> str:
    """Return a text in lines; all but the first begin with the indent."""
    return textwrap.fill(
        text, WIDTH, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )
