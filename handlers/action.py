"""The contract of actions: a button, its modal if it has one, and the deed itself."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol

from pydantic import SecretStr
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_sdk.web.async_client import AsyncWebClient

from handlers.background import Background
from handlers.http.outgoing import Outgoing
from handlers.permission import Members
from handlers.provider import Clock, Provider
from handlers.store import Job, Store
from handlers.ticket import TicketSystem
from resolutions.catalogue.resolution import Catalogue
from resolutions.operator import Operators
from resolutions.rules.rulebook import Rulebook


class Stopped(Exception):
    """A person stopped the job half way; raised by `Progress.done`.

    An action that lets it pass on may raise it anew with a line on how far it got.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class ResendTarget:
    """The user's own sender, called with a signed webhook."""

    url: str
    secret: SecretStr
    allow_private: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a job did, in a line for people, and what could not be done and why."""

    line: str
    failed: Sequence[str] = ()


class Progress(Protocol):
    """How a job tells how far it got."""

    async def done(self, count: int, cursor: str) -> None:
        """Make the progress durable, redraw at most every 5 s; may raise Stopped."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What an action works with. `sources` and `permissions` are by name.

    Alerts are posted in `channel`; what the operators of Bounce Desk must see (a subscription to
    confirm, a dead letter without an alert) in `admin_channel`.
    """

    store: Store
    sources: Mapping[str, Provider]
    tickets: TicketSystem | None
    catalogue: Catalogue
    rulebook: Rulebook
    operators: Operators
    slack: AsyncWebClient
    outgoing: Outgoing
    clock: Clock
    channel: str
    admin_channel: str
    resend: ResendTarget | None = None
    permissions: Mapping[str, Sequence[str]] = field(default_factory=dict)
    members: Members = field(default_factory=Members)
    masked: bool = True
    background: Background = field(default_factory=Background)


class Action(ABC):
    """One button. `name` is its word everywhere: module, action_id, callback_id, job, catalogue."""

    name: ClassVar[str]
    label: ClassVar[str]

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    @abstractmethod
    async def clicked(self, ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
        """Check the permission, record the intent, ack; hand what is slow to the background."""

    async def submitted(self, ack: AsyncAck, body: dict[str, Any], view: dict[str, Any]) -> None:
        """Validate the modal, record the intent, ack. Only for actions that open one."""
        await ack()

    @abstractmethod
    async def perform(self, job: Job, progress: Progress) -> Outcome:
        """Do the deed, in steps it can resume; raise Temporary-, Uncertain- or PermanentError."""
