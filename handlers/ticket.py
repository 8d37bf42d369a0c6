"""The contract of ticket systems."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """What is asked of the server admin. `key` is the same over retries: one ticket an alert."""

    key: str
    title: str
    body: str  # plain text; Markdown where the system shows it
    link: str  # back to the Slack message, may be empty


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """The ticket as the system knows it: "#12" or a Message-ID, and where to see it, if anywhere."""

    reference: str
    url: str = ""


class TicketSystem(ABC):
    """Opens tickets."""

    name: ClassVar[str]

    @abstractmethod
    async def open(self, ticket: Ticket) -> Opened:
        """Open a ticket and return it; the one with the same key if it is there already."""

    @abstractmethod
    async def check(self) -> str:
        """Return a line for the doctor; raise PermanentError or TemporaryError with the remedy."""
