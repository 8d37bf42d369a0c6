"""The contract of ticket systems."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

from pydantic import BaseModel

from handlers.http.outgoing import Outgoing


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """What is asked of the server admin. `key` is the same over retries: one ticket an alert.

    All texts are plain. `body` and `samples` hold what strangers wrote and are shown as they
    are, without markup; `checks` are our own advice.
    """

    key: str
    title: str
    body: str
    link: str  # back to the Slack message, may be empty
    checks: tuple[str, ...] = ()
    samples: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """The ticket as the system knows it: "#12" or "email to …", and where to see it."""

    reference: str
    url: str = ""


class TicketSystem(ABC):
    """Opens tickets in one configured place."""

    name: ClassVar[str]
    Settings: ClassVar[type[BaseModel]]

    def __init__(self, settings: Any, outgoing: Outgoing) -> None:
        self.settings = settings
        self.outgoing = outgoing

    @abstractmethod
    async def open(self, ticket: Ticket) -> Opened:
        """Open a ticket and return it; the one with the same key if it is there already."""

    @abstractmethod
    async def check(self) -> str:
        """Return a line for the doctor; raise PermanentError or TemporaryError with the remedy."""
