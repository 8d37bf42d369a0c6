"""The accounts that settings name: sources, the ticket system, the user's own sender."""

from bot.settings.model import ReplaySettings, Settings
from handlers.http.outgoing import Outgoing
from handlers.http.signing import SignedTarget
from handlers.provider import Clock, Sources
from handlers.providers import PROVIDERS
from handlers.ticket import TicketSystem
from handlers.tickets import TICKETS


def make_sources(settings: ReplaySettings, outgoing: Outgoing, clock: Clock) -> Sources:
    """Return the configured accounts by the name of their source."""
    return Sources(
        (name, PROVIDERS[source.provider](name, source, outgoing, clock))
        for name, source in settings.sources.items()
    )


def make_tickets(settings: Settings, outgoing: Outgoing) -> TicketSystem | None:
    """Return the ticket system in use, None where there is none."""
    tickets = settings.tickets
    return TICKETS[tickets.system](tickets.chosen, outgoing) if tickets.system else None


def make_resend(settings: Settings) -> SignedTarget | None:
    """Return the user's own sender, None where none is configured."""
    webhook = settings.resend.webhook
    if webhook is None:
        return None
    return SignedTarget(url=webhook.url, secret=webhook.secret, allow_private=webhook.allow_private)
