"""Email addresses inside other text."""

import re
from collections.abc import Iterator

_WIDE = (
    "\uff08\uff09\uff1a\uff1b\uff0c\uff3b\uff3d\u3001\u3002\u3008-\u3011"
    "\u201c-\u201e\u00ab\u00bb\u2026"
)
"""What parts words as brackets, quotes and commas do, in Chinese and Japanese, in print."""

_PARTING = rf"""\s<>()\[\]",;:@{_WIDE}"""

ADDRESS = (
    rf"""(?:"[^"\n]{{1,80}}+"|(?<![^{_PARTING}'`|\u2018\u2019])"""
    rf"""[^{_PARTING}'`|\u2018\u2019][^{_PARTING}]{{0,127}}+)"""
    rf"""@[^{_PARTING}'*.\u2019][^{_PARTING}'*\u2019]{{0,189}}(?<![.])"""
)
"""An email address inside other text; bounded, so that no text can make it run away."""

REACH = 128
"""Characters of an address before its "@", at most."""


def address_matches(text: str) -> Iterator[tuple[str, int, int]]:
    """Yield each address in a text, and where it begins and ends.

    Chinese and Japanese write words and addresses without a gap between them.

    >>> [address for address, _, _ in address_matches("to <a@x.example>, 发送到b@x.example失败")]
    ['a@x.example', 'b@x.example']
    """
    end = 0
    while (at := text.find("@", end)) >= 0:
        match = _ADDRESS.search(text, max(end, at - REACH))
        if match is None:
            return
        start, end = match.span()
        if match[0].isascii() or not (inner := _UNPARTED.search(match[0])):
            yield match[0], start, end
        else:
            yield inner[0], start + inner.start(), start + inner.end()


def addresses(text: str) -> list[str]:
    """Return the addresses in a header or a text, in order."""
    return [address for address, _, _ in address_matches(text)]


def first_address(text: str) -> str:
    """Return the first address in a header or a text, empty if there is none."""
    return next(address_matches(text), ("",))[0]


_ADDRESS = re.compile(ADDRESS)
_UNPARTED = re.compile(r"(?<![!-~])[!-~]+@[0-9A-Za-z.-]+\.[A-Za-z]{2,}(?![!-~])(?=\Z|[^.@A-Za-z])")
