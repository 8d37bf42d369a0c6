"""The date of a mail (RFC 5322, 3.3, and what servers make of it) → a moment in UTC."""

import re
from datetime import UTC, datetime, timedelta, timezone

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")

ZONES = {
    "JST": 9,
    "MSK": 3,
    "CET": 1,
    "CEST": 2,
    "EST": -5,
    "EDT": -4,
    "CST": -6,
    "CDT": -5,
    "MST": -7,
    "MDT": -6,
    "PST": -8,
    "PDT": -7,
    "BST": 1,
}
"""Hours from UTC of the zones that still occur by name (the American ones: RFC 5322, 4.3)."""


def parse_date(value: str) -> datetime | None:
    """Return the moment, None if it cannot be read; a missing or unknown zone counts as UTC.

    >>> parse_date("Mon, 15 Jun 2026 11:58:30 +0200 (CEST)")
    datetime.datetime(2026, 6, 15, 9, 58, 30, tzinfo=datetime.timezone.utc)
    """
    match = _DATE.search(value)
    if match is None or match[2].lower() not in MONTHS:
        return None
    year = int(match[3])
    if len(match[3]) == 2:
        year += 2000 if year < 50 else 1900
    try:
        return datetime(
            year,
            MONTHS.index(match[2].lower()) + 1,
            int(match[1]),
            int(match[4]),
            int(match[5]),
            min(int(match[6] or 0), 59),  # leap seconds
            tzinfo=_zone(match[7] or ""),
        ).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


_DATE = re.compile(
    r"(\d{1,2})[ -]([A-Za-z]{3})[a-z]{0,6}[ -](\d{4}|\d{2})\s{1,4}(\d{1,2}):(\d{2})(?::(\d{2}))?"
    r"(?:\s{1,4}([+-]\d{4}|[A-Z]{3,4}))?"
)


def _zone(text: str) -> timezone:
    if text[:1] in {"+", "-"}:
        minutes = int(text[1:3]) * 60 + int(text[3:5])
        return timezone(timedelta(minutes=-minutes if text[0] == "-" else minutes))
    return timezone(timedelta(hours=ZONES.get(text, 0)))
