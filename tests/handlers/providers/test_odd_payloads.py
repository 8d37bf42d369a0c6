"""Whatever is sent to a provider's address: an answer, never a crash."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from handlers.errors import MalformedError, SignatureError
from handlers.http.outgoing import Outgoing
from handlers.provider import Parsed, WebhookRequest
from handlers.providers.dsn import Dsn
from handlers.providers.generic import Generic
from handlers.providers.mailgun.webhook import Mailgun
from handlers.providers.postmark.webhook import Postmark

NOW = datetime(2026, 6, 15, 12, tzinfo=UTC)

texts = st.text(st.characters(codec=None), max_size=30) | st.sampled_from(
    ["ana@receiver.example", "550 5.1.1 no", "\0", "\ud800", "99999-01-01", "1e400", "failed"]
)
numbers = st.integers() | st.floats() | st.sampled_from([10**20, 10**400, -1, 1781524710])
values = st.recursive(
    st.none() | st.booleans() | numbers | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)

POSTMARK_FIELDS = ["ID", "Type", "TypeCode", "MessageID", "Email", "From", "BouncedAt", "Details",
                   "Content", "Subject", "Tag", "Metadata", "CanActivate", "DeliveredAt",
                   "Recipient", "MessageStream"]  # fmt: skip
MAILGUN_FIELDS = ["id", "timestamp", "recipient", "severity", "reason", "delivery-status",
                  "message", "envelope", "storage", "reject", "tags", "campaigns",
                  "user-variables"]  # fmt: skip
GENERIC = {
    "provider": "generic",
    "secrets": ["s"],
    "fields": {"recipient": "to", "text": "a.b", "occurred_at": "at", "kind": "kind", "tags": "t"},
}


def some_of(names: list[str], **always: Any) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(always, optional=dict.fromkeys(names, values))


def request_of(body: bytes, **headers: str) -> WebhookRequest:
    return WebhookRequest(
        source="odd",
        method="POST",
        path="/hooks/odd",
        headers=headers,
        query={},
        body=body,
        received_at=NOW,
    )


@pytest.fixture(scope="module")
def make() -> Callable[..., Any]:
    def provider(kind: Any, **table: Any) -> Any:
        outgoing: Outgoing | None = None  # nothing is called here
        return kind("odd", kind.Settings.model_validate(table), outgoing, lambda: NOW)

    return provider


def parsed(provider: Any, body: Any) -> Parsed | None:
    """Parse, as the entrance does; what it does not expect is a crash."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    try:
        said = provider.parse(request_of(raw, **{"content-type": "application/json"}))
    except (ValueError, LookupError, TypeError):
        return None
    for event in said.events:
        json.dumps([event.recipient, event.subject, event.reply.text, event.raw]).encode()
        event.raw.encode()
    return said


few = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


@few
@given(
    element=some_of(
        MAILGUN_FIELDS, event=st.sampled_from(["failed", "rejected", "complained", "delivered"])
    )
    | values
)
def test_any_event_of_mailgun_is_answered(make, element):
    provider = make(Mailgun, provider="mailgun", secrets=["s"])

    parsed(provider, {"signature": {"token": "t"}, "event-data": element})


@few
@given(
    element=some_of(
        POSTMARK_FIELDS, RecordType=st.sampled_from(["Bounce", "SpamComplaint", "Delivery"])
    )
    | values
)
def test_any_record_of_postmark_is_answered(make, element):
    parsed(make(Postmark, provider="postmark", user="u", password="p"), element)


@few
@given(elements=st.lists(some_of(["to", "a", "at", "kind", "t"]) | values, max_size=4) | values)
def test_any_json_is_answered_and_no_element_lost(make, elements):
    said = parsed(make(Generic, **GENERIC), elements)

    if said is not None and isinstance(elements, list):
        assert len(said.events) + len(said.delivered) + len(said.unusable) <= len(elements)


@few
@given(body=st.binary(max_size=400))
def test_any_bytes_are_answered_where_a_mail_is_awaited(make, body):
    head = b"Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\n"
    status = b"Content-Type: message/delivery-status\n\nFinal-Recipient: rfc822; a@b.example\n"

    for mail in (body, head + body, head + status + body):
        parsed(make(Dsn, provider="dsn", user="u", password="p"), mail)


@few
@given(signature=values, header=texts)
async def test_any_credentials_are_refused_in_the_same_way(make, signature, header):
    body = json.dumps({"signature": signature}).encode()
    request = request_of(body, authorization=header)
    bearer = request_of(body, authorization=f"Bearer {header}", **{"x-signature": header})
    providers = (
        make(Mailgun, provider="mailgun", secrets=["the secret"]),
        make(Postmark, provider="postmark", user="u", password="the secret"),
        make(Dsn, provider="dsn", secrets=["the secret"]),
        make(Generic, **GENERIC | {"secrets": ["the secret"]}),
        make(Generic, **GENERIC | {"signature_header": "X-Signature"}),
    )

    for provider in providers:
        for each in (request, bearer):
            with pytest.raises((SignatureError, MalformedError)):
                await provider.authenticate(each)
