"""What the stand-in remembers: people, channels, messages, files, modals, Home tabs.

Every change counts `version` up and wakes whoever waits for it, so that the page is live.
"""

import asyncio
import secrets
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

TEAM = "T01BOUNCE"
APP = "A01BOUNCE"
BOT_USER = "U01BOUNCE"
BOT = "B01BOUNCE"
VERIFICATION = "unused-verification-token"
STACK = 3
"""Views that one person can have open upon another."""


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """A person of the workspace; `tz` is a name of the time zone database."""

    id: str
    name: str
    real_name: str
    tz: str = "Etc/UTC"

    @property
    def direct(self) -> str:
        """The id of the conversation between this person and the bot."""
        return "D" + self.id[1:]


PEOPLE = (
    User(id="U01ADA", name="ada", real_name="Ada", tz="Europe/London"),
    User(id="U02LINUS", name="linus", real_name="Linus", tz="Europe/Helsinki"),
    User(id="U03GRACE", name="grace", real_name="Grace", tz="America/New_York"),
)


@dataclass(slots=True, kw_only=True)
class Channel:
    """A conversation; the bot may write where it is a member, or everywhere public by scope."""

    id: str
    name: str
    is_member: bool = True
    is_archived: bool = False
    is_direct: bool = False


@dataclass(slots=True, kw_only=True)
class File:
    """An uploaded file; it is shared once `complete`."""

    id: str
    name: str
    length: int
    title: str = ""
    alt_text: str = ""
    content: bytes | None = None
    complete: bool = False

    def body(self) -> dict[str, Any]:
        """Return the file as messages carry it."""
        return {
            "id": self.id,
            "name": self.name,
            "title": self.title or self.name,
            "size": self.length,
            "mode": "hosted",
            "url_private": f"/files/{self.id}/{self.name}",
        }


@dataclass(slots=True, kw_only=True)
class SlackMessage:
    """One message; `only_for` names the one person who sees an ephemeral one."""

    channel: str
    ts: str
    user: str
    text: str
    blocks: list[dict[str, Any]] = field(default_factory=list)
    attachments: list[dict[str, Any]] = field(default_factory=list)
    thread_ts: str = ""
    broadcast: bool = False
    metadata: dict[str, Any] | None = None
    files: list[str] = field(default_factory=list)
    reactions: dict[str, list[str]] = field(default_factory=dict)
    only_for: str = ""
    edited_at: str = ""
    deleted: bool = False
    chosen: dict[str, dict[str, Any]] = field(default_factory=dict)
    """What people chose in its menus and pickers: the state values, by block and action."""
    version: int = 0

    @property
    def all_blocks(self) -> list[dict[str, Any]]:
        """The blocks of the message and of its attachments."""
        inside = [block for part in self.attachments for block in part.get("blocks", [])]
        return [*self.blocks, *inside]

    @property
    def is_reply(self) -> bool:
        """Whether it stands in a thread, below another message."""
        return bool(self.thread_ts) and self.thread_ts != self.ts


@dataclass(slots=True, kw_only=True)
class View:
    """A modal or Home tab as it is shown now."""

    id: str
    user: str
    body: dict[str, Any]
    hash: str
    root: str
    previous: str | None = None
    values: dict[str, dict[str, Any]] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class Trigger:
    """What lets the bot open a modal for a person, once and within three seconds."""

    user: str
    at: datetime
    used: bool = False
    view: str = ""


@dataclass(slots=True, kw_only=True)
class ResponseUrl:
    """An address to answer at, five times within half an hour."""

    channel: str
    user: str
    at: datetime
    message: str = ""
    thread_ts: str = ""
    uses: int = 0


class Workspace:
    """Everything that a Slack workspace keeps, in memory."""

    def __init__(
        self,
        clock: Callable[[], datetime],
        channels: Mapping[str, str],
        usergroups: Mapping[str, list[str]],
        people: tuple[User, ...] = PEOPLE,
    ) -> None:
        self.clock = clock
        self.users = {user.id: user for user in people}
        self.usergroups = dict(usergroups)
        self.channels = {id_: Channel(id=id_, name=name) for id_, name in channels.items()}
        for user in people:
            self.channels[user.direct] = Channel(id=user.direct, name=user.name, is_direct=True)
        self.messages: dict[str, dict[str, SlackMessage]] = defaultdict(dict)
        self.files: dict[str, File] = {}
        self.stacks: dict[str, list[View]] = defaultdict(list)
        self.homes: dict[str, View] = {}
        self.triggers: dict[str, Trigger] = {}
        self.response_urls: dict[str, ResponseUrl] = {}
        self.notices: list[dict[str, Any]] = []
        self.version = 0
        self._last = 0
        self._changed = asyncio.Event()

    def stamp(self) -> str:
        """Return a time stamp that no message had before."""
        now = self.clock()
        self._last = max(int(now.timestamp()) * 1_000_000 + now.microsecond, self._last + 1)
        return f"{self._last // 1_000_000}.{self._last % 1_000_000:06d}"

    def touch(self, message: SlackMessage | None = None) -> None:
        """Count a change, of this message if one is given, and wake those who wait."""
        self.version += 1
        if message is not None:
            message.version = self.version
        self._changed.set()
        self._changed = asyncio.Event()

    async def changed(self) -> None:
        """Return at the next change."""
        await self._changed.wait()

    def add(self, message: SlackMessage) -> SlackMessage:
        """Keep a new message, its blocks named."""
        name_blocks(message.all_blocks)
        self.messages[message.channel][message.ts] = message
        self.touch(message)
        parent = self.find(message.channel, message.thread_ts)
        if parent is not None:
            self.touch(parent)
        return message

    def sees(self, user: str, message: SlackMessage) -> bool:
        """Whether a person sees a message: it is for them, or for a channel they are in."""
        return message.only_for in {"", user} and self.is_in(user, message.channel)

    def is_in(self, user: str, channel: str) -> bool:
        """Whether a person is in a conversation: all are in channels, two in a direct one."""
        found = self.channels.get(channel)
        return found is not None and (not found.is_direct or found.id == self.users[user].direct)

    def find(self, channel: str, ts: str) -> SlackMessage | None:
        """Return a message that is there and not deleted."""
        message = self.messages[channel].get(ts)
        return None if message is None or message.deleted else message

    def shown(self, channel: str) -> Iterator[SlackMessage]:
        """Give the messages of a channel in order, ephemeral ones included, deleted ones not."""
        for message in self.messages[channel].values():
            if not message.deleted:
                yield message

    def replies(self, parent: SlackMessage) -> list[SlackMessage]:
        """Return the replies below a message, ephemeral ones left out."""
        return [
            reply
            for reply in self.shown(parent.channel)
            if reply.is_reply and reply.thread_ts == parent.ts and not reply.only_for
        ]

    def remove(self, message: SlackMessage) -> None:
        """Forget a message; its place is kept, so that its ts is never given again."""
        message.deleted = True
        self.touch(message)
        parent = self.find(message.channel, message.thread_ts)
        if parent is not None:
            self.touch(parent)

    def trigger(self, user: str, view: str = "") -> str:
        """Return a new trigger for a person, from a modal or from elsewhere."""
        name = f"{secrets.randbelow(10**12)}.{secrets.randbelow(10**12)}.{secrets.token_hex(16)}"
        self.triggers[name] = Trigger(user=user, at=self.clock(), view=view)
        return name

    def notice(self, user: str, text: str) -> None:
        """Tell one person that something went wrong, as Slackbot does."""
        self.notices.append({"id": len(self.notices) + 1, "user": user, "text": text})
        self.touch()


def new_id(letter: str) -> str:
    """Return a new id of Slack's form.

    >>> new_id("V")[0], len(new_id("V"))
    ('V', 11)
    """
    return letter + "".join(secrets.choice("ABCDEFGHJKLMNPQRSTUVWXYZ0123456789") for _ in range(10))


def name_blocks(blocks: list[dict[str, Any]]) -> None:
    """Give a block_id to every block and an action_id to every element that has none."""
    for block in blocks:
        block.setdefault("block_id", secrets.token_urlsafe(4))
        inside = [block.get("accessory"), block.get("element")]
        inside += block.get("elements", []) if block.get("type") == "actions" else []
        for element in inside:
            if isinstance(element, dict) and element.get("type") != "image":
                element.setdefault("action_id", secrets.token_urlsafe(4))
