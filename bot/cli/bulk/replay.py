"""What is in quarantine, read again."""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.accounts import make_sources
from bot.cli.quarantine import kept_one, plain
from bot.cli.store_access import LIMIT, opened
from bot.foundation import utc_now
from bot.settings.model import ReplaySettings
from bot.store.store import SqlStore
from handlers.errors import MalformedError
from handlers.http.outgoing import Outgoing
from handlers.provider import Provider, WebhookRequest
from handlers.store import Quarantined
from handlers.webhooks import read


@dataclass(frozen=True, slots=True)
class Replayed:
    """What became of one body of the quarantine, in a line for people."""

    line: str
    understood: bool


async def replay_quarantine(settings: ReplaySettings, numbers: Sequence[int]) -> list[Replayed]:
    """Read bodies again, as if they had just come; without numbers all of them.

    What is understood now becomes events once and leaves the quarantine; the rest stays. Their
    signatures were checked when they came.
    """
    async with opened(settings) as store, Outgoing.open() as outgoing:
        sources = make_sources(settings, outgoing, utc_now)
        chosen = [await kept_one(store, number) for number in numbers]
        waiting = chosen or await store.quarantine.newest(LIMIT)
        return [await _replayed(store, sources.get(entry.source), entry) for entry in waiting]


async def _replayed(store: SqlStore, provider: Provider | None, entry: Quarantined) -> Replayed:
    if provider is None:
        return Replayed(f"{entry.id}: there is no source {entry.source} any more; kept", False)
    request = _request(entry)
    try:
        parsed = read(provider, request)
    except MalformedError as error:
        return Replayed(f"{entry.id}: {error}; kept", False)
    if parsed.unusable:
        why = plain(parsed.unusable[0].why)
        return Replayed(f"{entry.id}: still not understood: {why}; kept", False)
    new = await store.events.record(request, parsed)
    await store.quarantine.mark_replayed(entry.id)
    return Replayed(f"{entry.id}: understood, {new} new events", True)


def _request(entry: Quarantined) -> WebhookRequest:
    return WebhookRequest(
        source=entry.source,
        method="POST",
        path=f"/hooks/{entry.source}",
        headers=entry.headers,
        query={},
        body=entry.body,
        received_at=entry.received_at,
    )
