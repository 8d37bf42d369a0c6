"""What Mailgun's webhooks say, and what is refused of those that look like one."""

import hashlib
import hmac
import json
from datetime import timedelta
from typing import Any

import pytest

from handlers.errors import MalformedError, SignatureError
from handlers.providers.mailgun.webhook import Mailgun
from handlers.webhooks import read
from resolutions.bounce import Kind, Permanence
from resolutions.reason import Reason

KEY = "TEST-mailgun-http-webhook-signing-key"
SENT = 1781524710


def signed(element: Any, *, timestamp: Any = SENT, token: Any = "a" * 50, key: str = KEY) -> bytes:
    digest = hmac.new(key.encode(), f"{timestamp}{token}".encode(), hashlib.sha256).hexdigest()
    signature = {"timestamp": str(timestamp), "token": token, "signature": digest}
    return json.dumps({"signature": signature, "event-data": element}).encode()


def failed(**changes: Any) -> dict[str, Any]:
    return {
        "event": "failed",
        "id": "event-1",
        "timestamp": 1781524710.417233,
        "severity": "permanent",
        "reason": "bounce",
        "recipient": "Ana@receiver.example",
        "message": {"headers": {"message-id": "m-1@sender.example", "to": "ana@receiver.example"}},
        "delivery-status": {"code": 550, "message": "5.1.1 User unknown", "bounce-type": "hard"},
    } | changes


@pytest.fixture
def request_of(bench):
    def make(body: bytes, **changes: Any):
        return bench.request("mailgun", "hard_bounce", body=body, **changes)

    return make


@pytest.fixture
def parsed(bench, request_of):
    def parse(element: Any):
        return read(bench.provider("mailgun"), request_of(signed(element)))

    return parse


async def test_old_and_new_key_are_taken_while_keys_are_rotated(bench, request_of):
    provider = bench.provider("mailgun", secrets=["the-new-key", KEY])

    await provider.authenticate(request_of(signed(failed())))
    await provider.authenticate(request_of(signed(failed(), key="the-new-key")))

    with pytest.raises(SignatureError):
        await provider.authenticate(request_of(signed(failed(), key="another")))


@pytest.mark.parametrize(
    ("late", "taken"),
    [
        (timedelta(hours=8, minutes=59), True),
        (timedelta(hours=9, minutes=1), False),
        (timedelta(minutes=-59), True),
        (timedelta(minutes=-61), False),
    ],
)
async def test_signature_is_good_for_nine_hours(bench, request_of, late, taken):
    provider = bench.provider("mailgun")
    request = request_of(signed(failed()))
    sent = request.received_at.replace(hour=11, minute=58, second=30)
    request = request_of(request.body, received_at=sent + late)

    if taken:
        await provider.authenticate(request)
    else:
        with pytest.raises(SignatureError):
            await provider.authenticate(request)


@pytest.mark.parametrize(
    "signature",
    [
        None,
        [],
        "text",
        {},
        {"timestamp": None, "token": None, "signature": None},
        {"timestamp": "1781524710", "token": "t", "signature": "ü" * 64},
        {"timestamp": "1781524710", "token": "\ud800", "signature": "0" * 64},
        {"timestamp": {"a": 1}, "token": ["t"], "signature": 7},
        {"timestamp": 10**300, "token": "t", "signature": ""},
    ],
)
async def test_odd_signature_is_a_forged_one(bench, request_of, signature):
    body = json.dumps({"signature": signature, "event-data": failed()}).encode()

    with pytest.raises(SignatureError):
        await bench.provider("mailgun").authenticate(request_of(body))


@pytest.mark.parametrize("timestamp", ["99999999999", "-1", "1781524710.5", "١٧٨١٥٢٤٧١٠", "9" * 30])
async def test_odd_time_is_refused_even_when_signed(bench, request_of, timestamp):
    body = signed(failed(), timestamp=timestamp)

    with pytest.raises(SignatureError):
        await bench.provider("mailgun").authenticate(request_of(body))


@pytest.mark.parametrize("body", [b"[]", b"null", b'"x"', b"7"])
async def test_json_that_is_no_object_is_a_forged_one(bench, request_of, body):
    with pytest.raises(SignatureError):
        await bench.provider("mailgun").authenticate(request_of(body))


async def test_broken_json_is_malformed_for_its_signature_cannot_be_read(bench, request_of):
    with pytest.raises(MalformedError):
        await bench.provider("mailgun").authenticate(request_of(b'{"signature": {'))


def test_token_is_bound_to_its_event(parsed):
    guard = parsed(failed()).replay

    assert guard.token == "a" * 50
    assert guard.event_id == parsed(failed()).replay.event_id
    assert guard.event_id != parsed(failed(id="event-2")).replay.event_id
    assert guard.window >= timedelta(hours=9)


def test_token_of_an_ignored_event_is_bound_too(parsed):
    said = parsed(failed(event="opened"))

    assert not said.events
    assert said.replay.token == "a" * 50


def test_same_id_on_another_day_is_another_event(parsed):
    one = parsed(failed()).events[0]
    other = parsed(failed(timestamp=1781611110.5)).events[0]

    assert one.event_id != other.event_id


def test_event_without_an_id_has_the_same_key_at_every_try(parsed):
    one, again = parsed(failed(id=None)).events[0], parsed(failed(id=None)).events[0]

    assert one.event_id
    assert one.event_id == again.event_id


def test_delivery_closes_what_was_open(parsed):
    said = parsed(failed(event="delivered", campaigns=[], tags=["digest"]))

    assert not said.events
    assert said.delivered[0].recipient == "Ana@receiver.example"
    assert said.delivered[0].provider_message_id == "m-1@sender.example"
    assert said.delivered[0].campaign == "digest"


def test_rejected_message_counts_for_everybody_it_was_sent_to(parsed):
    headers = {"to": 'Ana <ana@one.example>, "B, C" <bc@two.example>', "message-id": "m@x.example"}
    element = failed(event="rejected", recipient=None, message={"headers": headers})
    element["delivery-status"] = None
    element["reject"] = {
        "reason": "Sandbox subdomains are for test purposes only.",
        "description": "",
    }

    events = parsed(element).events

    assert [event.recipient for event in events] == ["ana@one.example", "bc@two.example"]
    assert {event.kind for event in events} == {Kind.REJECTED}
    assert events[0].reply.text.startswith("Sandbox")
    assert events[0].message_id == "<m@x.example>"


@pytest.mark.parametrize(
    "odd",
    [
        {"delivery-status": None},
        {"delivery-status": []},
        {"message": None},
        {"message": {"headers": ["no", "object"]}},
        {"tags": None, "campaigns": {"not": "a list"}},
        {"user-variables": []},
        {"storage": None, "envelope": "text"},
        {"reason": 7, "severity": ["permanent"]},
        {"message": {"headers": {"subject": "nul \0, alone \ud800", "message-id": 12345}}},
        {"delivery-status": {"code": 10**20, "message": {"a": 1}, "mx-host": None}},
    ],
)
def test_odd_fields_cost_no_event(parsed, odd):
    said = parsed(failed(**odd))

    assert len(said.events) == 1
    assert not said.unusable


@pytest.mark.parametrize(
    "odd",
    [
        {"recipient": None, "message": {}},
        {"recipient": ["ana@receiver.example"], "message": None},
        {"timestamp": None},
        {"timestamp": 1e300},
        {"timestamp": "99999-01-01T00:00:00Z"},
        {"timestamp": [1781524710]},
        {"event": None},
    ],
)
def test_event_that_cannot_be_understood_is_kept_aside(parsed, odd):
    said = parsed(failed(**odd))

    assert not said.events
    assert said.unusable


@pytest.mark.parametrize("element", [None, [], "text", 7])
def test_event_data_that_is_no_object_is_kept_aside(parsed, element):
    assert parsed(element).unusable


def test_only_the_key_of_the_stored_copy_is_believed(parsed):
    storage = {"key": "BAABAQZm9vYmFyLTAwMDQteHl6", "url": "https://evil.example/messages/1"}

    event = parsed(failed(storage=storage)).events[0]

    assert event.stored_copy == "BAABAQZm9vYmFyLTAwMDQteHl6"


def test_signature_is_not_kept_with_the_event(parsed):
    assert "a" * 50 not in parsed(failed()).events[0].raw


def test_campaign_comes_before_tags_and_a_configured_path_before_both(bench, request_of, parsed):
    element = failed(campaigns=[{"name": "spring"}], tags=["digest", "de"])
    element["user-variables"] = {"mailing": "june-4", "nested": {"a": [1]}, "n": 7}
    provider = bench.provider("mailgun", campaign="user-variables.mailing")

    event = parsed(element).events[0]
    configured = provider.parse(request_of(signed(element))).events[0]

    assert (event.campaign, event.tags) == ("spring", ("digest", "de"))
    assert event.metadata == {"mailing": "june-4", "nested": '{"a": [1]}', "n": "7"}
    assert configured.campaign == "june-4"


@pytest.mark.parametrize(
    ("word", "kind", "permanence", "reason", "fact"),
    [
        ("permanent/suppress-bounce/605", "rejected", "permanent", "suppressed", True),
        ("suppress-unsubscribe", "rejected", "permanent", "suppressed", True),
        ("607", "rejected", "permanent", "suppressed", True),
        ("permanent/old/602", "bounce", "permanent", "message-expired", True),
        ("temporary/generic/498", "deferral", "transient", "domain-not-found", False),
        ("499", "bounce", "unknown", "no-answer-from-host", False),
        ("temporary/greylisted", "deferral", "transient", "rate-limited", False),
        ("permanent/espblock", "bounce", "permanent", "policy-related", False),
        ("permanent/bounce/hard", "bounce", "permanent", "bad-mailbox", False),
        ("permanent/bounce/soft", "bounce", "permanent", None, False),
        ("permanent/generic", "bounce", "permanent", None, False),
        ("hard", "bounce", "permanent", "bad-mailbox", False),
        ("complained", "complaint", "permanent", None, False),
        ("rejected", "rejected", "permanent", None, False),
        ("a-new-word", "bounce", "unknown", None, False),
        ("", "bounce", "unknown", None, False),
    ],
)
def test_words_of_mailgun_mean(word, kind, permanence, reason, fact):
    verdict = Mailgun.verdict_of(word)

    assert verdict.word == word
    assert (verdict.kind, verdict.permanence) == (Kind(kind), Permanence(permanence))
    assert verdict.reason == (Reason(reason) if reason else None)
    assert verdict.authoritative is fact


def test_ip_address_that_the_mail_left_from_is_told(bench):
    request = bench.request("mailgun", "hard_bounce")

    (event,) = bench.provider("mailgun").parse(request).events

    assert event.metadata["sending_ip"] == "198.51.100.7"
