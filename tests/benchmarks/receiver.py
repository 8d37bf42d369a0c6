"""A process that only takes webhooks: our entrance and store, or one INSERT for each request.

python -m tests.benchmarks.receiver URL shared|alone PUBLIC_KEY
"""

import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from aiohttp import web

from bot.cli.serve import run_loop, spare_collector, stop_signal
from bot.store.rows.event import event_row
from bot.store.sql.tables import events
from bot.store.store import SqlStore
from handlers.http.outgoing import Outgoing
from handlers.provider import Parsed, WebhookRequest
from handlers.providers import PROVIDERS
from handlers.webhooks import Webhooks


@dataclass(frozen=True, slots=True)
class Alone:
    """A store as one would write it at first: a transaction with one INSERT for each request."""

    store: SqlStore

    async def record(self, request: WebhookRequest, parsed: Parsed) -> int:
        """Insert the rows and commit."""
        rows = [event_row(each, request.received_at) for each in parsed.events]
        insert = self.store.database.insert(events).on_conflict_do_nothing()
        async with self.store.database.writing() as connection:
            await connection.execute(insert, [row._asdict() for row in rows])
        return len(rows)


async def receive(url: str, way: str, public_key: str) -> None:
    """Serve until the process is told to end; the port is printed."""
    stop = stop_signal()
    async with SqlStore.open(url, now) as store, Outgoing.open() as outgoing:
        settings: dict[str, dict[str, Any]] = {
            "postmark": {"user": "postmark", "password": "word"},
            "sendgrid": {"public_key": public_key},
        }
        sources = {
            name: PROVIDERS[name](
                name, PROVIDERS[name].Settings(provider=name, **table), outgoing, now
            )
            for name, table in settings.items()
        }
        events: Any = store.events if way == "shared" else Alone(store)
        webhooks = Webhooks(sources, events, now, lambda *_: None)
        app = web.Application()
        app.router.add_route("*", "/hooks/{source}", webhooks.receive)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0, backlog=1_024).start()
        spare_collector()
        sys.stdout.write(f"{runner.addresses[0][1]}\n")
        sys.stdout.flush()
        await stop.wait()
        await runner.cleanup()


def now() -> datetime:
    """Return the present moment."""
    return datetime.now(UTC)


if __name__ == "__main__":
    run_loop(receive(*sys.argv[1:4]))
