"""Addresses shortened for everybody who need not know them whole."""

import re

DOTS = "•••"

_ADDRESS = re.compile(
    r"""(?P<local>"[^"\r\n]{1,64}"|(?<![^\s<>()\[\]"',;:\\@])[^\s<>()\[\]"',;:\\@]+)"""
    r"""@(?=[^\s<>()"',;:\\@])"""
)


def mask(address: str) -> str:
    """Return an address with only the first character of its local part.

    >>> mask("ana@gmail.com")
    'a•••@gmail.com'
    >>> mask("no address")
    'n•••'
    """
    local, at, domain = address.strip().rpartition("@")
    if not at:
        local, domain = domain, ""
    return f"{local[:1]}{DOTS}{at}{domain}"


def mask_text(text: str) -> str:
    """Return a text in which every address is shortened.

    >>> mask_text("550 5.1.1 <ana.b@example.org>: no such user")
    '550 5.1.1 <a•••@example.org>: no such user'
    """
    return _ADDRESS.sub(lambda found: f"{found['local'][:1]}{DOTS}@", text) if "@" in text else text
