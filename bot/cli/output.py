"""The one place that prints: stdout is for results, stderr for the rest."""

import sys
from collections.abc import Iterable
from typing import Any

_REPLACED = (
    *range(0x20),  # C0: they move the cursor
    *range(0x7F, 0xA0),  # DEL and C1
    *range(0x202A, 0x202F),  # embeddings and overrides: they turn the direction of writing
    *range(0x2066, 0x206A),  # isolates
    *range(0xD800, 0xE000),  # surrogates: no encoding takes them
)


def printable(text: str, instead: str = "\N{REPLACEMENT CHARACTER}") -> str:
    """Return a text without what a terminal takes for more than a character; lines are kept."""
    if text.isprintable():
        return text
    return text.translate({number: instead for number in _REPLACED if number != ord("\n")})


def tell(text: str) -> None:
    """Write a result for people, safe for a terminal."""
    print(printable(text), flush=True)


def write(text: str) -> None:
    """Write a result for programs, as it is, and end its line."""
    print(text)


def write_json(value: Any) -> None:
    """Write a result for programs as one JSON object."""
    import json

    write(json.dumps(value, ensure_ascii=False))


def write_bytes(content: bytes) -> None:
    """Write what was stored, byte for byte, and end its line."""
    sys.stdout.buffer.write(content + b"\n")


def write_all(pieces: Iterable[str]) -> int:
    """Write whole lines as they come and return how many; a terminal beside is told meanwhile."""
    watched = sys.stderr.isatty() and not sys.stdout.isatty()
    written = 0
    for piece in pieces:
        sys.stdout.write(piece)
        sys.stdout.flush()
        written += piece.count("\n")
        if watched:
            count(written, "answers")
    if watched:
        remark("")
    return written


def remark(text: str) -> None:
    """Write what is no result to stderr."""
    print(text, file=sys.stderr)


def count(number: int, what: str) -> None:
    """Write how far the work is, over what was written so before."""
    print(f"\r{number:,} {what}", end="", file=sys.stderr, flush=True)


def complain(text: str, code: int = 1) -> int:
    """Write what failed, for people, and return the exit code of that."""
    remark(f"bounce: {text}")
    return code
