"""Who may do what: user ids and user groups, asked of Slack and remembered for some minutes."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

YES_FOR = timedelta(minutes=15)
"""How long a known membership permits."""

NO_FOR = timedelta(minutes=1)
"""How long a known absence refuses: somebody added to a group need not wait."""

RENEW_AFTER = timedelta(minutes=5)
ASK_SECONDS = 2.0
"""A modal must follow its click within three seconds."""


class Allowed(StrEnum):
    """What is known about a person's right, without asking anybody."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Group:
    """The members of a user group, as Slack told them at a time."""

    members: frozenset[str]
    at: datetime


@dataclass(slots=True)
class Members:
    """What is known of the user groups; shared by all actions of a process."""

    _groups: dict[str, Group] = field(default_factory=dict)

    def allows(self, user: str, who: Sequence[str], now: datetime) -> Allowed:
        """Tell whether a person is among `who` (ids of people and groups), from memory alone."""
        if user in who:
            return Allowed.YES
        verdicts = [self._verdict(user, self._groups.get(name), now) for name in groups_of(who)]
        for verdict in (Allowed.YES, Allowed.UNKNOWN):
            if verdict in verdicts:
                return verdict
        return Allowed.NO

    async def ask(
        self, slack: AsyncWebClient, user: str, who: Sequence[str], now: datetime
    ) -> Allowed:
        """Tell whether a person is among `who`, asking Slack where memory does not suffice."""
        known = self.allows(user, who, now)
        if known is not Allowed.UNKNOWN:
            return known
        await self.renew(slack, who, now, NO_FOR)
        return self.allows(user, who, now)

    async def renew(
        self,
        slack: AsyncWebClient,
        who: Sequence[str],
        now: datetime,
        older_than: timedelta = RENEW_AFTER,
    ) -> None:
        """Ask Slack for the groups that were not asked for lately; keep the old where it fails."""
        due = [name for name in groups_of(who) if self._age(name, now) > older_than]
        try:
            async with asyncio.timeout(ASK_SECONDS):
                for name in due:
                    answer = await slack.usergroups_users_list(usergroup=name)
                    members: list[str] = answer.get("users") or []
                    self._groups[name] = Group(frozenset(members), now)
        except (SlackApiError, TimeoutError, aiohttp.ClientError, OSError):
            return

    def _age(self, name: str, now: datetime) -> timedelta:
        return now - self._groups[name].at if name in self._groups else timedelta.max

    @staticmethod
    def _verdict(user: str, group: Group | None, now: datetime) -> Allowed:
        if group is None:
            return Allowed.UNKNOWN
        member = user in group.members
        if now - group.at > (YES_FOR if member else NO_FOR):
            return Allowed.UNKNOWN
        return Allowed.YES if member else Allowed.NO


def groups_of(who: Iterable[str]) -> list[str]:
    """Return the ids of user groups among ids of people and groups."""
    return [name for name in who if name.startswith("S")]


def named(who: Sequence[str]) -> str:
    """Return people and groups as Slack shows them, to be read by one person alone.

    >>> named(["U1", "S2"])
    '<@U1> or <!subteam^S2>'
    """
    marked = [f"<!subteam^{name}>" if name.startswith("S") else f"<@{name}>" for name in who]
    if len(marked) < 2:
        return "".join(marked) or "nobody"
    return f"{', '.join(marked[:-1])} or {marked[-1]}"
