"""What buttons, tasks and entrances work with, made once by the bot."""

from dataclasses import dataclass, field

from slack_sdk.web.async_client import AsyncWebClient

from handlers.background import Background
from handlers.http.outgoing import Outgoing
from handlers.http.signing import SignedTarget
from handlers.permission import Permissions
from handlers.provider import Clock, Sources
from handlers.slack.labels import Labels
from handlers.slack.shown import Shown
from handlers.store import Store
from handlers.ticket import TicketSystem
from resolutions.catalogue.resolution import Catalogue
from resolutions.operator import Operators
from resolutions.rules.rulebook import Rulebook


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What a button or a task works with; which of it, each says by what it uses."""

    store: Store
    sources: Sources
    catalogue: Catalogue
    rulebook: Rulebook
    operators: Operators
    slack: AsyncWebClient
    outgoing: Outgoing
    clock: Clock
    permissions: Permissions
    labels: Labels
    tickets: TicketSystem | None = None
    resend: SignedTarget | None = None
    shown: Shown = field(default_factory=Shown)
    background: Background = field(default_factory=Background)
