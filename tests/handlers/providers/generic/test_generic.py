"""Any sender's JSON: its fields found where the configuration says, its words understood."""

import hashlib
import hmac
import json
import tomllib
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from handlers.errors import MalformedError, SignatureError
from handlers.provider import WebhookRequest
from handlers.providers.generic import MEANINGS, SYNONYMS, Generic
from handlers.webhooks import read
from resolutions.bounce import Kind, Permanence
from resolutions.reason import Reason

CONFIGURATION = """
provider = "generic"
secrets = ["token-1", "token-2"]

[fields]
items = "data.events"
recipient = "to.0.address"
kind = "type"
text = "smtp.response"
code = "smtp.code"
status = "smtp.status"
remote_host = "smtp.mx"
event_id = "id"
message_id = "headers.message-id"
provider_message_id = "queue"
campaign = "mailing"
subject = "headers.subject"
sender = "from"
tags = "tags"
metadata = "custom"
occurred_at = "at"

[kinds]
PERM-FAIL = "hard"
queued = "ignore"
"""


def event(**changes: Any) -> dict[str, Any]:
    return {
        "id": "e-1",
        "type": "bounce",
        "to": [{"address": "Ana@receiver.example"}],
        "smtp": {"response": "550 5.1.1 no such user", "mx": "mx.receiver.example"},
        "headers": {"message-id": "<m-1@sender.example>", "subject": "Receipt"},
        "queue": "q-1",
        "mailing": "june",
        "from": "Shop <hello@sender.example>",
        "tags": ["a", "b"],
        "custom": {"contact": 4711},
        "at": 1781524710,
    } | changes


@pytest.fixture
def make(outgoing):
    def provider(**changes: Any) -> Generic:
        table = tomllib.loads(CONFIGURATION)
        fields = {**table["fields"], **changes.pop("fields", {})}
        table |= {"fields": {name: path for name, path in fields.items() if path}}
        settings = Generic.Settings.model_validate(table | changes)
        return Generic("mailer", settings, outgoing, lambda: datetime.now(UTC))

    return provider


@pytest.fixture
def request_of(bench):
    def request(body: Any, **headers: str) -> WebhookRequest:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return bench.request(
            "dsn", "postfix_user_unknown", body=raw, source="mailer", headers=named
        )

    return request


@pytest.fixture
def parsed(make, request_of):
    def parse(*events: Any, **changes: Any):
        return read(make(**changes), request_of({"data": {"events": list(events)}}))

    return parse


async def test_one_of_the_tokens_opens_the_door(make, request_of):
    await make().authenticate(request_of({}, authorization="Bearer token-2"))

    for wrong in ("", "Bearer", "Bearer token-3", "token-1", "Bearer \udcff"):
        with pytest.raises(SignatureError):
            await make().authenticate(request_of({}, authorization=wrong))


async def test_signature_over_the_body_is_asked_for_where_it_is_configured(make, request_of):
    provider = make(signature_header="X-Signature")
    digest = hmac.new(b"token-2", b'{"a": 1}', hashlib.sha256).hexdigest()

    await provider.authenticate(request_of(b'{"a": 1}', x_signature=digest))
    await provider.authenticate(request_of(b'{"a": 1}', x_signature=f"sha256={digest.upper()}"))

    for body, signature in ((b'{"a": 2}', digest), (b'{"a": 1}', ""), (b'{"a": 1}', "ü\udcff")):
        with pytest.raises(SignatureError):
            await provider.authenticate(request_of(body, x_signature=signature))
    with pytest.raises(SignatureError):
        await provider.authenticate(request_of(b'{"a": 1}', authorization="Bearer token-1"))


async def test_password_is_asked_for_beside_a_signature(make, request_of):
    provider = make(signature_header="X-Signature", user="u", password="p")
    digest = hmac.new(b"token-1", b"{}", hashlib.sha256).hexdigest()

    await provider.authenticate(request_of(b"{}", x_signature=digest, authorization="Basic dTpw"))

    with pytest.raises(SignatureError):
        await provider.authenticate(request_of(b"{}", x_signature=digest))


@pytest.mark.parametrize(
    "wrong",
    [
        {"fields": {"recipient": ""}},
        {"fields": {"recipients": "to"}},
        {"fields": {"text": "a..b"}},
        {"fields": {"text": ".a"}},
        {"kinds": {"x": "exploded"}},
        {"secrets": []},
        {"secrets": [], "user": "u", "password": "p", "signature_header": "X-Signature"},
        {"signature_header": "X Signature"},
        {"unknown": 1},
    ],
)
def test_wrong_configuration_is_refused(make, wrong):
    with pytest.raises(ValidationError):
        make(**wrong)


def test_every_field_is_found_where_it_was_said_to_be(parsed):
    found = parsed(event(), event(id="e-2")).events

    assert [each.event_id for each in found] == ["e-1", "e-2"]
    one = found[0]
    assert (one.source, one.provider) == ("mailer", "generic")
    assert one.recipient == "Ana@receiver.example"
    assert (one.reply.text, one.reply.code, one.reply.status) == (
        "550 5.1.1 no such user",
        "550",
        "5.1.1",
    )
    assert one.remote_host == "mx.receiver.example"
    assert (one.message_id, one.provider_message_id) == ("<m-1@sender.example>", "q-1")
    assert (one.campaign, one.subject, one.from_domain) == ("june", "Receipt", "sender.example")
    assert (one.tags, one.metadata) == (("a", "b"), {"contact": "4711"})
    assert one.occurred_at.isoformat() == "2026-06-15T11:58:30+00:00"


def test_explicit_code_and_status_come_before_those_of_the_text(parsed):
    smtp = {"response": "no such user", "code": 551, "status": "5.1.6"}

    reply = parsed(event(smtp=smtp)).events[0].reply

    assert (reply.text, reply.code, reply.status) == ("no such user", "551", "5.1.6")


@pytest.mark.parametrize(
    "written",
    [
        1781524710,
        1781524710.0,
        1781524710000,
        "1781524710",
        "2026-06-15T11:58:30Z",
        "2026-06-15T13:58:30+02:00",
        "Mon, 15 Jun 2026 11:58:30 +0000",
    ],
)
def test_time_is_read_however_it_is_written(parsed, written):
    found = parsed(event(at=written)).events[0]

    assert found.occurred_at.isoformat() == "2026-06-15T11:58:30+00:00"


@pytest.mark.parametrize(
    ("word", "kind", "permanence"),
    [
        ("perm_fail", "bounce", "permanent"),
        ("Hard-Bounce", "bounce", "permanent"),
        ("soft_bounce", "bounce", "transient"),
        ("bounce", "bounce", "unknown"),
        ("DEFERRED", "deferral", "transient"),
        ("spam", "complaint", "permanent"),
        ("dropped", "rejected", "permanent"),
        ("suppressed", "rejected", "permanent"),
        (None, "bounce", "unknown"),
    ],
)
def test_words_of_the_configuration_and_of_most_senders_are_understood(
    parsed, word, kind, permanence
):
    found = parsed(event(type=word)).events[0]

    assert (found.kind, found.permanence) == (Kind(kind), Permanence(permanence))


def test_own_suppression_of_the_sender_is_a_fact(parsed):
    verdict = parsed(event(type="suppressed")).events[0].verdict

    assert verdict == Generic.verdict_of("suppressed")
    assert (verdict.reason, verdict.authoritative) == (Reason.SUPPRESSED, True)


def test_word_of_the_configuration_comes_before_its_usual_meaning(parsed):
    assert not parsed(event(type="bounce"), kinds={"bounce": "ignore"}).events


def test_events_of_no_interest_are_ignored(parsed):
    said = parsed(event(type="queued"), event(type="opened"))

    assert said.events == said.unusable == said.delivered == []


def test_word_that_nobody_explained_is_kept_aside_with_the_remedy(parsed):
    said = parsed(event(type="imploded"), event())

    assert len(said.events) == 1
    assert "[kinds]" in said.unusable[0].why


def test_deliveries_are_counted(parsed):
    said = parsed(event(type="delivered"), event(type=None, smtp={"response": "250 2.0.0 ok"}))

    assert [each.recipient for each in said.delivered] == ["Ana@receiver.example"] * 2
    assert said.delivered[0].provider_message_id == "q-1"


def test_event_without_an_id_has_the_same_key_at_every_try(parsed):
    def key(**changes: Any) -> str:
        return parsed(event(**({"id": None} | changes))).events[0].event_id

    assert key() == key()
    assert len({key(), key(at=1781524711), key(queue="q-2"), key(type="soft")}) == 4
    assert key(at=None) == key(at=None) != key(at=None, tags=[])


def test_event_without_a_time_happened_when_it_came(parsed, request_of):
    assert parsed(event(at=None)).events[0].occurred_at == request_of({}).received_at


@pytest.mark.parametrize(
    "body",
    [event(), [event()], [event(), event(id="e-2")]],
)
def test_without_items_the_body_is_the_event_or_the_list(make, request_of, body):
    said = read(make(fields={"items": ""}), request_of(body))

    assert len(said.events) == (len(body) if isinstance(body, list) else 1)


@pytest.mark.parametrize("body", [None, 7, "text", {}, {"data": None}, {"data": {"events": "x"}}])
def test_body_without_the_list_is_kept_aside(make, request_of, body):
    assert read(make(), request_of(body)).unusable


def test_broken_json_is_malformed(make, request_of):
    with pytest.raises(MalformedError):
        read(make(), request_of(b"{"))


@pytest.mark.parametrize(
    "odd",
    [
        None,
        7,
        "text",
        [],
        {},
        event(to=None),
        event(to=[]),
        event(to=[{"address": None}]),
        event(to=[{"address": {"a": 1}}]),
        event(at="yesterday"),
        event(at=[1]),
        event(at=True),
        event(at=10**25),
        event(at=-5),
        event(at="99999-01-01T00:00:00Z"),
    ],
)
def test_bad_element_harms_no_other(parsed, odd):
    said = parsed(event(), odd, event(id="e-2"))

    assert [each.event_id for each in said.events] == ["e-1", "e-2"]
    assert len(said.unusable) == 1
    assert json.loads(said.unusable[0].body) == odd


def test_an_address_with_a_nul_is_nobody_s(parsed):
    said = parsed(event(to=[{"address": "a\0b@receiver.example"}]))

    assert said.events == []
    assert len(said.unusable) == 1


@pytest.mark.parametrize(
    "odd",
    [
        {"smtp": None},
        {"smtp": {"response": ["a"], "code": 10**20, "status": {}, "mx": 7}},
        {"headers": []},
        {"tags": "one", "custom": "text"},
        {"tags": [None, {"name": "x"}, ["y"]], "custom": {"a": {"b": [1]}}},
        {"smtp": {"response": "nul \0 and \ud800"}},
        {"id": 10**20},
        {"id": ["x"]},
    ],
)
def test_odd_fields_cost_no_event(parsed, odd):
    said = parsed(event(**odd))

    assert len(said.events) == 1
    said.events[0].raw.encode()
    said.events[0].recipient.encode()


def test_synonyms_lead_to_meanings():
    assert set(SYNONYMS.values()) <= set(MEANINGS)
    assert Generic.verdict_of("imploded").word == "imploded"
