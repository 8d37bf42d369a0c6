"""Addresses as they are shown to many: enough to recognise one's own, too little to write to."""

import re

HIDDEN = "•••"

DOMAIN_LIMIT = 253
"""Characters of a domain that are shown: the longest name of RFC 1035."""


def mask(address: str) -> str:
    """Return an address of which only the first letter and the domain can be read.

    Nothing but letters, digits, dots and hyphens is taken over, so that whatever stood in the
    address, the result holds no markup, no line break and no second address.

    >>> mask("ana@gmail.com")
    'a•••@gmail.com'
    """
    local, at, domain = address.strip("<> \t\r\n").rpartition("@")
    if not at:
        return _first(domain) + HIDDEN
    domain = _UNSAFE.sub("", domain[: 2 * DOMAIN_LIMIT])[:DOMAIN_LIMIT]
    return f"{_first(local)}{HIDDEN}@{domain}"


def mask_all(text: str) -> str:
    """Return a text in which every address is masked; the rest stays as it is.

    >>> mask_all("550 5.1.1 <ana@gmail.com>: user unknown")
    '550 5.1.1 <a•••@gmail.com>: user unknown'
    """
    if "@" in text:
        text = _QUOTED.sub(f"{HIDDEN}@", text)
        text = _ADDRESS.sub(_masked, text)
    if "%40" in text:
        text = _ENCODED.sub(_masked_encoded, text)
    return text


_UNSAFE = re.compile(r"[^\w.-]")
_QUOTED = re.compile(r'"[^"\n]{1,128}+"@(?=[\w.-])')
_ADDRESS = re.compile(r"""(?<![^\s<>()\[\],;:"'])[^\s<>()\[\],;:"'@]++@[^\s<>()\[\],;:"']++""")
_ENCODED = re.compile(r"(?<![\w.+-])[\w.+-]++%40[\w.-]++")


def _first(local: str) -> str:
    """Return the first character of a local part if it is a plain letter or digit."""
    first = local.lstrip("\"'")[:1]
    return first if first.isalnum() else ""


def _masked(match: re.Match[str]) -> str:
    whole = match[0]
    if whole.startswith(HIDDEN):
        return whole
    address = whole.rstrip(".!?")
    return mask(address) + whole[len(address) :]


def _masked_encoded(match: re.Match[str]) -> str:
    return mask(match[0].replace("%40", "@")).replace("@", "%40")
