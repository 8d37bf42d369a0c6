"""What a provider's payload says: its texts, objects and times, whatever stands in their place.

Payloads change without notice and hold the odd null, number or list; what can be read is read.
"""

import hashlib
import json
import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import BeforeValidator

from resolutions.bounce import TEXT_LIMIT, bounded, clean
from resolutions.mail.mime.date import parse_date
from resolutions.mail.text.addresses import ADDRESS


def text_of(value: Any) -> str:
    """Return a value as cleaned text: numbers written out, null and what is no text empty."""
    if isinstance(value, str):
        return clean(value, TEXT_LIMIT)
    if isinstance(value, bool):
        return str(value).lower()
    return str(value)[:TEXT_LIMIT] if isinstance(value, int | float) else ""


def object_of(value: Any) -> dict[str, Any]:
    """Return an object; null and what is no object is empty."""
    return value if isinstance(value, dict) else {}


Text = Annotated[str, BeforeValidator(text_of)]
"""A text of a payload, see `text_of`."""

Object = Annotated[dict[str, Any], BeforeValidator(object_of)]
"""An object of a payload, see `object_of`."""


def look_up(payload: Any, path: str) -> Any:
    """Return what a dotted path leads to in a payload, None if it leads nowhere.

    >>> look_up({"message": {"to": ["ana@example.com"]}}, "message.to.0")
    'ana@example.com'
    """
    for step in path.split("."):
        if isinstance(payload, dict):
            payload = payload.get(step)
        elif isinstance(payload, list) and step.isascii() and step.isdigit():
            payload = payload[int(step)] if int(step) < len(payload) else None
        else:
            return None
    return payload


def text_at(payload: Any, path: str) -> str:
    """Return the text that a dotted path leads to, empty if there is none."""
    return text_of(look_up(payload, path))


def text_in(body: bytes, path: str) -> str:
    """Return the text that a dotted path leads to in a JSON body, empty if there is none."""
    try:
        return text_at(json.loads(body), path)
    except (ValueError, RecursionError):
        return ""


def moment(value: Any) -> datetime:
    """Return a time of a payload: Unix seconds or milliseconds, ISO 8601, or the date of a mail.

    Raises ValueError or TypeError for anything else.

    >>> moment("2026-06-15T11:58:30.4417391Z") == moment("1781524710441.739")
    True
    """
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise TypeError("a time that is neither a number nor a text")
    try:
        seconds = float(value)
    except (ValueError, OverflowError):
        seconds = math.nan
    if math.isnan(seconds):
        text = str(value).strip()
        return bounded(parse_date(text) or datetime.fromisoformat(text))
    if abs(seconds) >= _MILLISECONDS_FROM:
        seconds /= 1000
    if not 0 <= seconds < _MILLISECONDS_FROM:
        raise ValueError(f"a time out of all bounds: {seconds}")
    return bounded(datetime.fromtimestamp(seconds, UTC))


_MILLISECONDS_FROM = 1e11
"""Unix numbers from here on count milliseconds: as seconds they would mean the year 5138."""


def composite_key(*parts: str) -> str:
    """Return an event id where the provider gives none.

    The parts are source, the provider's message id, recipient in lower case, event, event time;
    never the time of receipt, which changes with every retry.
    """
    return hashlib.sha256("|".join(parts).encode("utf-8", "surrogatepass")).hexdigest()


def words_of(values: Any) -> list[str]:
    """Return the texts of a list, of objects their `name`; what is empty is left out."""
    if not isinstance(values, list):
        return []
    words = (
        text_at(value, "name") if isinstance(value, dict) else text_of(value) for value in values
    )
    return [word for word in words if word]


def metadata_of(values: Any) -> Mapping[str, str]:
    """Return the values of an object as texts; what is nested is written as JSON."""
    return {
        name: json.dumps(value) if isinstance(value, dict | list) else text_of(value)
        for name, value in object_of(values).items()
    }


def addresses_in(text: str) -> list[str]:
    """Return the email addresses of a text, each once.

    Of a text that was cut the last one is left out, for it may have lost its end.

    >>> addresses_in('"Shop" <hello@example.com>, ana@example.com')
    ['hello@example.com', 'ana@example.com']
    """
    addresses = _ADDRESS.findall(text)
    return list(dict.fromkeys(addresses[:-1] if len(text) >= TEXT_LIMIT else addresses))


def domain_in(*texts: str) -> str:
    """Return the domain of the first address in the first text that has one, in lower case."""
    for text in texts:
        for address in addresses_in(text)[:1]:
            return address.rpartition("@")[2].lower()
    return ""


_ADDRESS = re.compile(ADDRESS)

SAFE_ADDRESS = re.compile(r"[^\s/@]{1,255}@[^\s/@]{1,255}")
"""What may stand at the end of an API's path: without an address it would name a whole list."""
