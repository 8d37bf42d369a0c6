"""The date of a mail (RFC 5322, 3.3, and what servers make of it) → a moment in UTC."""

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")

AMERICAN = {"EDT": -4, "EST": -5, "CDT": -5, "CST": -6, "MDT": -6, "MST": -7, "PDT": -7, "PST": -8}
ZONES = {"JST": 9, "MSK": 3, "CEST": 2, "CET": 1, "BST": 1} | AMERICAN
"""Hours from UTC of the zones that still occur by name (the American ones: RFC 5322, 4.3)."""


@lru_cache(256)  # the bounces of a storm come many a second
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
    second = min(int(match[6] or 0), 59)  # leap seconds
    month = MONTHS.index(match[2].lower()) + 1
    try:
        local = datetime(year, month, int(match[1]), int(match[4]), int(match[5]), second, 0, UTC)
        return local - _offset(match[7] or "")
    except (ValueError, OverflowError):
        return None


_DATE = re.compile(
    r"(\d{1,2})[ -]([A-Za-z]{3})[a-z]{0,6}[ -](\d{4}|\d{2})\s{1,4}(\d{1,2}):(\d{2})(?::(\d{2}))?"
    r"(?:\s{1,4}([+-]\d{4}|[A-Z]{3,4}))?"
)


@lru_cache(128)
def _offset(zone: str) -> timedelta:
    """Return how far a zone is ahead of UTC; raises ValueError for a day and more."""
    if zone[:1] not in {"+", "-"}:
        return timedelta(hours=ZONES.get(zone, 0))
    minutes = int(zone[1:3]) * 60 + int(zone[3:5])
    if minutes >= 24 * 60:
        raise ValueError("no zone is that far away")
    return timedelta(minutes=-minutes if zone[0] == "-" else minutes)
