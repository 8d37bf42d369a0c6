"""How fast it keeps its word: intake by requests and batches, triage with the real rules."""

import asyncio
import base64
import json
import signal
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

from bot.cli.serve import spare_collector
from bot.sandbox.world.keys import Keys
from bot.store.options import Options
from bot.store.store import SqlStore
from handlers.provider import Parsed, WebhookRequest
from handlers.triage import Triage
from resolutions.bounce import BounceEvent, Kind, SmtpReply
from resolutions.catalogue.resolution import Catalogue
from resolutions.operator import Operators
from resolutions.rules.rulebook import Rulebook
from tests.benchmarks.databases import Databases
from tests.benchmarks.replies import HOSTS, OPERATORS, replies
from tests.benchmarks.sender import Sent, prepare, send
from tests.benchmarks.table import Row, percentile

ROOT = Path(__file__).parents[2]
SINGLE, ALONE, CONNECTIONS = 20_000, 4_000, 64
BATCHES, BATCH = 120, 500
TRIAGED = 100_000
FULL = "452 4.2.2 The recipient's inbox is out of storage space."


async def singles(databases: Databases) -> list[Row]:
    """Send single events over 64 connections, and the same with one INSERT for each request."""
    keys = Keys()
    alone = await _received(databases, "alone", keys, _single_requests(ALONE), CONNECTIONS)
    shared = await _received(databases, "shared", keys, _single_requests(SINGLE), CONNECTIONS)
    what = f"intake, single events, 64 connections, {databases.word}"
    return [
        Row(
            what=what,
            measured=SINGLE / shared.whole,
            unit="events/s",
            baseline=ALONE / alone.whole,
            wanted=5,
            of_baseline=True,
        ),
        Row(
            what=f"{what}, p99",
            measured=percentile(shared.seconds, 0.99) * 1_000,
            unit="ms",
            baseline=percentile(alone.seconds, 0.99) * 1_000,
            wanted=50,
            most=True,
        ),
    ]


async def batches(databases: Databases) -> list[Row]:
    """Send signed batches of 500 events over four connections."""
    keys = Keys()
    sent = await _received(databases, "shared", keys, _batch_requests(keys, BATCHES), 4)
    return [
        Row(
            what=f"intake, batches of 500, {databases.word}",
            measured=BATCHES * BATCH / sent.whole,
            unit="events/s",
            wanted=15_000 if databases.word == "PostgreSQL" else 20_000,
        )
    ]


async def triage(databases: Databases) -> list[Row]:
    """Diagnose, group and count events of distinct texts with the real rules.

    Most mail goes to few operators, so most events meet in few alerts; the second number is of
    events that all go elsewhere.
    """
    few, alerts = await _triaged(databases, OPERATORS)
    many, scattered = await _triaged(databases, HOSTS)
    what = f"triage with the real rules, {databases.word}"
    return [
        Row(
            what=what,
            measured=few,
            unit="events/s",
            wanted=15_000,
            note=f"{alerts} alerts",
        ),
        Row(
            what=f"{what}, scattered",
            measured=many,
            unit="events/s",
            note=f"{scattered} alerts",
        ),
    ]


async def _triaged(databases: Databases, hosts: Sequence[str]) -> tuple[float, int]:
    """Return how many events a second were folded, and into how many alerts."""
    catalogue, operators, rulebook = Catalogue.load(), Operators.load(), Rulebook.load()
    options = Options(channel="C01DELIV", operators=operators)
    async with SqlStore.open(await databases.make(), now, options) as store:
        events = [_event(n, text, hosts[n % len(hosts)]) for n, text in enumerate(replies(TRIAGED))]
        for start in range(0, TRIAGED, BATCH):
            await store.events.record(_request(), Parsed(events=events[start:][:BATCH]))
        triage = Triage(store.events, rulebook, operators, catalogue)
        spare_collector()  # as `bounce serve` does
        begun = time.perf_counter()
        done = 0
        while number := await triage.triage():
            done += number
        seconds = time.perf_counter() - begun
        return done / seconds, len(await store.alerts.newest(limit=TRIAGED))


def now() -> datetime:
    """Return the present moment."""
    return datetime.now(UTC)


async def _received(
    databases: Databases, way: str, keys: Keys, requests: Sequence[bytes], connections: int
) -> Sent:
    async with _receiver(await databases.make(), way, keys) as port:
        return await send(port, requests, connections)


@asynccontextmanager
async def _receiver(url: str, way: str, keys: Keys) -> AsyncIterator[int]:
    words = ["-m", "tests.benchmarks.receiver", url, way, keys.sendgrid_public]
    process = await asyncio.create_subprocess_exec(
        sys.executable, *words, cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    try:
        yield int(await process.stdout.readline())
    finally:
        process.send_signal(signal.SIGTERM)
        await process.wait()


def _single_requests(count: int) -> list[bytes]:
    credentials = base64.b64encode(b"postmark:word").decode()
    headers = {"Authorization": f"Basic {credentials}", "Content-Type": "application/json"}
    return [prepare("postmark", _postmark(number), headers) for number in range(count)]


def _postmark(number: int) -> bytes:
    record = {
        "RecordType": "Bounce",
        "ID": number,
        "Type": "SoftBounce",
        "MessageID": f"message-{number}",
        "Email": f"person{number}@receiver.example",
        "From": "news@help.example",
        "Subject": "What is new",
        "Tag": "news",
        "Details": FULL,
        "BouncedAt": "2026-06-15T10:00:00Z",
        "MessageStream": "outbound",
    }
    return json.dumps(record).encode()


def _batch_requests(keys: Keys, count: int) -> list[bytes]:
    return [
        batch("sendgrid", keys, [element(n * BATCH + each, "news") for each in range(BATCH)])
        for n in range(count)
    ]


def element(number: int, campaign: str, reply: str = FULL) -> dict[str, object]:
    """Return an event of SendGrid."""
    return {
        "email": f"person{number}@receiver{number % 500}.example",
        "timestamp": 1_781_517_600 + number % 3_600,
        "event": "bounce",
        "type": "bounce",
        "sg_event_id": f"event-{number}",
        "sg_message_id": f"message-{number}.recvd",
        "category": [campaign],
        "reason": reply,
        "status": reply.split(" ")[1],
        "ip": "192.0.2.10",
    }


def batch(source: str, keys: Keys, elements: Sequence[dict[str, object]]) -> bytes:
    """Return a request of SendGrid, signed now."""
    body = json.dumps(elements).encode()
    stamp = str(int(time.time()))
    headers = {
        "Content-Type": "application/json",
        "X-Twilio-Email-Event-Webhook-Signature": keys.sign_sendgrid(stamp.encode() + body),
        "X-Twilio-Email-Event-Webhook-Timestamp": stamp,
    }
    return prepare(source, body, headers)


def _event(number: int, text: str, host: str) -> BounceEvent:
    return BounceEvent(
        source="shop",
        provider="sendgrid",
        event_id=f"event-{number}",
        kind=Kind.BOUNCE,
        recipient=f"person{number}@receiver{number % 500}.example",
        occurred_at=now(),
        reply=SmtpReply(text),
        remote_host=host,
        provider_message_id=f"message-{number}",
        campaign=f"campaign {number % 3}",
    )


def _request() -> WebhookRequest:
    return WebhookRequest(
        source="shop",
        method="POST",
        path="/hooks/shop",
        headers={},
        query={},
        body=b"{}",
        received_at=now(),
    )
