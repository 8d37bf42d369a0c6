"""Who may do what: user ids and user groups, asked of Slack and remembered for some minutes."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from handlers.provider import Clock

YES_FOR = timedelta(minutes=15)
"""How long a known membership permits."""

NO_FOR = timedelta(minutes=1)
"""How long a known absence refuses: somebody added to a group need not wait."""

RENEW_AFTER = timedelta(minutes=5)
ASK_SECONDS = 2.0
"""A modal must follow its click within three seconds."""

NOT_TOLD = (
    "Whether you may do this depends on a user group, and Slack does not tell now who is in it."
    " Nothing was done; try again in a minute."
)


class Allowed(StrEnum):
    """What is known about a person's right, without asking anybody."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class UserGroup:
    """The members of a user group, as Slack told them at a time."""

    members: frozenset[str]
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Permissions:
    """Who may do what, shared by all buttons of a process.

    `by_action` holds ids of people and user groups; an action that it does not name is for all.
    """

    slack: AsyncWebClient
    clock: Clock
    by_action: Mapping[str, Sequence[str]] = field(default_factory=dict)
    groups: dict[str, UserGroup] = field(default_factory=dict)

    def allows(self, user: str, *actions: str) -> Allowed:
        """Tell from memory alone whether a person may do all of these actions."""
        verdicts = {
            self._among(user, self.by_action[name]) for name in actions if name in self.by_action
        }
        return next((one for one in (Allowed.NO, Allowed.UNKNOWN) if one in verdicts), Allowed.YES)

    async def ask(self, user: str, *actions: str) -> Allowed:
        """Tell the same, asking Slack where memory does not suffice."""
        if self.allows(user, *actions) is Allowed.UNKNOWN:
            await self.renew(*actions, older_than=NO_FOR)
        return self.allows(user, *actions)

    async def renew(self, *actions: str, older_than: timedelta = RENEW_AFTER) -> None:
        """Ask Slack for the groups that were not asked for lately; keep the old where it fails."""
        people = [one for name in actions for one in self.by_action.get(name, ())]
        due = [name for name in dict.fromkeys(groups_of(people)) if self._age(name) > older_than]
        try:
            async with asyncio.timeout(ASK_SECONDS):
                for name in due:
                    answer = await self.slack.usergroups_users_list(usergroup=name)
                    members: list[str] = answer.get("users") or []
                    self.groups[name] = UserGroup(frozenset(members), self.clock())
        except (SlackApiError, TimeoutError, aiohttp.ClientError, OSError):
            return

    async def refusal(self, user: str, *actions: str, to: str) -> str:
        """Return why a person may not do these actions, "" if they may; asks Slack if need be."""
        allowed = await self.ask(user, *actions)
        if allowed is Allowed.YES:
            return ""
        if allowed is Allowed.UNKNOWN:
            return NOT_TOLD
        name = next(name for name in actions if self.allows(user, name) is Allowed.NO)
        return f"Only {named(self.by_action[name])} may {to}. Nothing was done."

    def _among(self, user: str, people: Sequence[str]) -> Allowed:
        if user in people:
            return Allowed.YES
        verdicts = [self._member(user, name) for name in groups_of(people)]
        return next((one for one in (Allowed.YES, Allowed.UNKNOWN) if one in verdicts), Allowed.NO)

    def _member(self, user: str, name: str) -> Allowed:
        if name not in self.groups:
            return Allowed.UNKNOWN
        member = user in self.groups[name].members
        if self._age(name) > (YES_FOR if member else NO_FOR):
            return Allowed.UNKNOWN
        return Allowed.YES if member else Allowed.NO

    def _age(self, name: str) -> timedelta:
        return self.clock() - self.groups[name].at if name in self.groups else timedelta.max


def groups_of(people: Iterable[str]) -> list[str]:
    """Return the ids of user groups among ids of people and groups."""
    return [name for name in people if name.startswith("S")]


def named(people: Sequence[str]) -> str:
    """Return people and groups as Slack shows them, to be read by one person alone.

    >>> named(["U1", "S2"])
    '<@U1> or <!subteam^S2>'
    """
    marked = [f"<!subteam^{name}>" if name.startswith("S") else f"<@{name}>" for name in people]
    if len(marked) < 2:
        return "".join(marked) or "nobody"
    return f"{', '.join(marked[:-1])} or {marked[-1]}"
