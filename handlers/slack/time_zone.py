"""The time zones of people, as Slack tells them, and the times that they pick."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

FARTHEST = timedelta(days=30)
LATE = timedelta(seconds=90)
"""The picker has no seconds: the minute that runs is not yet the past."""


def fault_of(when: datetime | None, now: datetime) -> str:
    """Return why something cannot be scheduled for a time that was picked, "" if it can."""
    if when is None:
        return "Choose a date and a time."
    if when < now - LATE:
        return "This time is over. Choose one that is still to come."
    return f"Choose a time within {FARTHEST.days} days." if when > now + FARTHEST else ""


@dataclass(frozen=True, slots=True)
class Zone:
    """A person's time zone, as far as Slack tells it."""

    name: str = "as Slack shows it to you"
    offset: timedelta = timedelta(0)

    def early_morning(self, now: datetime) -> datetime:
        """Return the next six o'clock there that is at least an hour away.

        >>> Zone().early_morning(datetime(2026, 6, 15, 5, 30, tzinfo=UTC)).isoformat()
        '2026-06-16T06:00:00+00:00'
        """
        soon = (now + timedelta(hours=1)).astimezone(timezone(self.offset))
        six = soon.replace(hour=6, minute=0, second=0, microsecond=0)
        return (six if six >= soon else six + timedelta(days=1)).astimezone(UTC)


async def zone_of(client: AsyncWebClient, user: str) -> Zone:
    """Return a person's time zone; UTC without a name where Slack does not tell."""
    try:
        answer = await client.users_info(user=user)
    except SlackApiError:
        return Zone()
    person: dict[str, Any] = answer.get("user") or {}
    name = str(person.get("tz") or person.get("tz_label") or "")
    seconds = person.get("tz_offset")
    if not name or not isinstance(seconds, int) or abs(seconds) >= 86_400:
        return Zone()
    return Zone(name, timedelta(seconds=seconds))
