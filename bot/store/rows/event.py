"""Requests as the tables keep them: the rows of events, arrivals and what was not understood.

A `BounceEvent` is clean when it is made; what else comes from outside is cleaned here, so that
no text can stop the transaction that it shares with others.
"""

from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple, TypedDict

from bot.store.sql.columns import hashed
from handlers.provider import Delivered, Unusable, WebhookRequest
from resolutions.bounce import (
    WORD_LIMIT,
    BounceEvent,
    Kind,
    Permanence,
    SmtpReply,
    Verdict,
    clean,
    event_as_kept,
)
from resolutions.reason import Reason

HEADER_LIMIT = 8_192
WHY_LIMIT = 1_000

_WORDS = (
    "provider",
    "remote_host",
    "message_id",
    "provider_message_id",
    "from_domain",
    "subject",
    "campaign",
    "stored_copy",
)


class EventRow(NamedTuple):
    """A row of the table of events, not triaged yet."""

    key: str
    source: str
    received_at: datetime
    body: dict[str, Any]
    raw: str | None


class Arrival(NamedTuple):
    """An email that arrived: the first four are its row, the counters need the rest."""

    key: str
    delivery_key: str
    at: datetime
    occurred_at: datetime
    source: str
    recipient: str
    campaign: str


class QuarantineRow(TypedDict):
    """A row of the quarantine."""

    source: str
    received_at: datetime
    why: str
    body: bytes
    headers: dict[str, str]


def contact_key(source: str, recipient: str) -> str:
    """Return the key of an address at a source."""
    return hashed(source, recipient.lower())


def delivery_key(source: str, message: str, recipient: str, other: str = "") -> str:
    """Return the key of one message to one recipient; `other` keeps apart what is none."""
    return hashed("delivery", source, message, recipient.lower(), other)


def event_row(event: BounceEvent, received_at: datetime) -> EventRow:
    """Return the row of an event."""
    key = hashed("event", event.source, event.event_id, event.recipient.lower())
    return EventRow(key, event.source, received_at, _body(event), event.raw or None)


def _body(event: BounceEvent) -> dict[str, Any]:
    reply, verdict = event.reply, event.verdict
    body: dict[str, Any] = {
        "event_id": event.event_id,
        "kind": event.kind.value,
        "recipient": event.recipient,
        "occurred_at": event.occurred_at.isoformat(),
        "permanence": event.permanence.value,
        "reply": [reply.text, reply.code, reply.status, reply.command],
    }
    for name in _WORDS:
        if value := getattr(event, name):
            body[name] = value
    if event.tags:
        body["tags"] = list(event.tags)
    if event.metadata:
        body["metadata"] = dict(event.metadata)
    if verdict is not None:
        reason = verdict.reason.value if verdict.reason else None
        body["verdict"] = [
            clean(verdict.word, WORD_LIMIT),
            verdict.kind.value,
            verdict.permanence.value,
            reason,
            verdict.authoritative,
        ]
    return body


def event_of(source: str, body: Mapping[str, Any]) -> BounceEvent:
    """Return the event of a row, without its raw element."""
    word, verdict = body.get, body.get("verdict")
    return event_as_kept(
        source,
        word("provider", ""),
        body["event_id"],
        Kind(body["kind"]),
        body["recipient"],
        datetime.fromisoformat(body["occurred_at"]),
        Permanence(body["permanence"]),
        SmtpReply(*body["reply"]),
        word("remote_host", ""),
        word("message_id", ""),
        word("provider_message_id", ""),
        word("from_domain", ""),
        word("subject", ""),
        word("campaign", ""),
        tuple(word("tags", ())),
        word("metadata", {}),
        _verdict(*verdict) if verdict else None,
        word("stored_copy", ""),
        "",
    )


@lru_cache(maxsize=1_024)
def _verdict(
    word: str, kind: str, permanence: str, reason: str | None, authoritative: bool
) -> Verdict:
    return Verdict(
        word=word,
        kind=Kind(kind),
        permanence=Permanence(permanence),
        reason=Reason(reason) if reason else None,
        authoritative=authoritative,
    )


def arrival_of(arrived: Delivered, heard_at: datetime) -> Arrival:
    """Return an arrival, its texts cleaned."""
    recipient = clean(arrived.recipient, WORD_LIMIT)
    key = hashed("arrival", arrived.source, arrived.event_id, recipient.lower())
    message = clean(arrived.provider_message_id or arrived.message_id, WORD_LIMIT)
    return Arrival(
        key=key,
        delivery_key=delivery_key(arrived.source, message, recipient, "" if message else key),
        at=heard_at,
        occurred_at=arrived.occurred_at,
        source=arrived.source,
        recipient=recipient,
        campaign=clean(arrived.campaign, WORD_LIMIT),
    )


KEPT_HEADERS = frozenset({"content-type", "content-encoding", "user-agent"})
"""Headers of a request that are kept with a body in quarantine."""


def quarantine_row(request: WebhookRequest, unusable: Unusable) -> QuarantineRow:
    """Return the row that keeps what was not understood, its body whole.

    Of the headers it keeps those that a replay reads: credentials stand in the others.
    """
    return {
        "source": request.source,
        "received_at": request.received_at,
        "why": clean(unusable.why, WHY_LIMIT),
        "body": unusable.body,
        "headers": {
            clean(name, WORD_LIMIT): clean(value, HEADER_LIMIT)
            for name, value in request.headers.items()
            if name in KEPT_HEADERS or name.startswith("x-amz-sns-")
        },
    }
