"""The sending IP addresses that a receiver names when it refuses them."""

import re
from collections.abc import Iterable, Iterator
from ipaddress import ip_address

NAMED = 5
"""Addresses that are named of all replies together."""

LOOKED_AT = 2_048
"""Characters of a reply in which an address is looked for."""

_ADDRESS = r"(?P<ip>\d{1,3}(?:\.\d{1,3}){3}|[0-9a-fA-F]{1,4}(?:::?[0-9a-fA-F]{1,4}){2,7})"
_NAMING = re.compile(
    rf"(?:\b(?:from|ip|ips|address|client|host|sender|server)\b[\s:=(]{{1,3}}\[?|(?<![\w.-])\[)"
    rf"{_ADDRESS}(?![\w.:]*\w|\]?:\d|\]?\s+said\b)",
    re.IGNORECASE,
)
"""An address behind a word for the sender, or in brackets that belong to no host's name."""


def sending_ips(replies: Iterable[str]) -> list[str]:
    """Return the addresses of ours that replies name, those that most name first.

    The address of the server that replied stands behind its name and is left out, as are numbers
    that only look like addresses.

    >>> sending_ips(["421 4.7.0 [TSS04] Messages from 192.0.2.11 deferred - 4.16.55.1"])
    ['192.0.2.11']
    >>> sending_ips(["host mx.example.com[192.0.2.77] said: 550 Client host [192.0.2.10] blocked"])
    ['192.0.2.10']
    """
    naming: dict[str, int] = {}
    for reply in replies:
        for address in dict.fromkeys(_named(reply)):
            naming[address] = naming.get(address, 0) + 1
    return sorted(naming, key=lambda address: -naming[address])[:NAMED]


def _named(reply: str) -> Iterator[str]:
    for match in _NAMING.finditer(reply[:LOOKED_AT]):
        try:
            yield str(ip_address(match["ip"]))
        except ValueError:
            continue
