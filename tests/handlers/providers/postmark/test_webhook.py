"""What Postmark's webhooks say, and who may say it."""

import base64
import json
from typing import Any

import pytest

from handlers.errors import SignatureError
from handlers.providers.postmark.webhook import CODES, TYPES, Postmark
from handlers.webhooks import read
from resolutions.bounce import Kind, Permanence
from resolutions.reason import Reason

DUMP = """\
Return-Path: <>
From: MAILER-DAEMON@mx.receiver.example
Subject: Undelivered Mail
Message-ID: <dsn-1@mx.receiver.example>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary=b

--b
Content-Type: text/plain

It failed.
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.receiver.example

Final-Recipient: rfc822; ana@receiver.example
Action: failed
Status: 5.2.2
Remote-MTA: dns; store.receiver.example
Diagnostic-Code: smtp; 552 5.2.2 Mailbox full
--b
Content-Type: message/rfc822

Subject: Receipt

Dear Ana, your secret is 4711.
--b--
"""


def bounce(**changes: Any) -> dict[str, Any]:
    return {
        "RecordType": "Bounce",
        "ID": 4323372036854775801,
        "Type": "HardBounce",
        "TypeCode": 1,
        "MessageID": "0a1b2c3d-0001",
        "Email": "Ana@receiver.example",
        "From": "Shop <hello@Sender.example>",
        "BouncedAt": "2026-06-15T11:58:30.4417391Z",
        "Details": "smtp;550 5.1.1 no such user",
        "Tag": "receipt",
        "Metadata": {"contact": "4711"},
    } | changes


@pytest.fixture
def request_of(bench):
    def make(body: Any, **changes: Any):
        return bench.request("postmark", "hard_bounce", body=json.dumps(body).encode(), **changes)

    return make


@pytest.fixture
def parsed(bench, request_of):
    def parse(element: Any):
        return read(bench.provider("postmark"), request_of(element))

    return parse


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Basic",
        "Basic ",
        "Basic not base64!",
        "Basic " + base64.b64encode(b"bounce-hook:wrong").decode(),
        "Basic " + base64.b64encode(b"bounce-hook").decode(),
        "Basic " + base64.b64encode(b"\xff\xfe").decode(),
        "Basic Ym91bmNl\u00fc",
        "Basic \udcff\udcfe",
        "Bearer not-a-real-password",
        "not-a-real-password",
    ],
)
async def test_wrong_credentials_are_refused(bench, request_of, header):
    with pytest.raises(SignatureError):
        await bench.provider("postmark").authenticate(
            request_of(bounce(), headers={"authorization": header})
        )


async def test_refusal_stops_the_tries_of_postmark():
    assert Postmark.refused == 403


async def test_secret_in_a_header_of_ones_own_is_enough(bench, request_of):
    provider = bench.provider("postmark", secrets=["new", "old"], secret_header="X-Hook-Secret")

    await provider.authenticate(request_of(bounce(), headers={"x-hook-secret": "old"}))

    for wrong in ({"x-hook-secret": "odd"}, {"x-hook-secret": ""}, {"authorization": "Bearer new"}):
        with pytest.raises(SignatureError):
            await provider.authenticate(request_of(bounce(), headers=wrong))


@pytest.mark.parametrize(
    "settings",
    [
        {"user": "", "password": None},
        {"password": None},
        {"user": ""},
        {"user": "", "password": None, "secrets": [""]},
        {"password": ""},
        {"tokens": ["unknown key"]},
    ],
)
def test_source_that_anybody_could_send_to_is_not_configured(bench, settings):
    with pytest.raises(ValueError, match=r".+"):
        bench.provider("postmark", **settings)


def test_id_beyond_the_numbers_of_javascript_is_kept_to_the_last_digit(parsed):
    assert parsed(bounce()).events[0].event_id == "4323372036854775801"
    assert parsed(bounce(ID="4323372036854775802")).events[0].event_id == "4323372036854775802"


def test_record_without_an_id_has_the_same_key_at_every_try(parsed):
    one, again = parsed(bounce(ID=None)).events[0], parsed(bounce(ID=None)).events[0]

    assert one.event_id == again.event_id != parsed(bounce(ID=None, Type="X")).events[0].event_id


@pytest.mark.parametrize(
    "written", ["2026-06-15T11:58:30.4417391Z", "2026-06-15T13:58:30.4417391+02:00"]
)
def test_time_has_seven_digits_and_any_zone(parsed, written):
    event = parsed(bounce(BouncedAt=written)).events[0]

    assert event.occurred_at.isoformat() == "2026-06-15T11:58:30.441739+00:00"


def test_record_tells_what_is_known_of_the_message(parsed):
    event = parsed(bounce(CanActivate=True, MessageStream="outbound")).events[0]

    assert event.from_domain == "sender.example"
    assert (event.campaign, event.tags) == ("receipt", ("receipt",))
    assert event.metadata["contact"] == "4711"
    assert event.metadata["can_reactivate"] == "true"
    assert (event.reply.code, event.reply.status) == ("550", "5.1.1")


def test_dump_speaks_where_the_details_are_empty(parsed):
    event = parsed(bounce(Details="", Content=DUMP)).events[0]

    assert event.reply.text == "552 5.2.2 Mailbox full"
    assert event.remote_host == "store.receiver.example"


def test_text_of_the_message_is_not_kept(parsed):
    assert "secret is 4711" not in parsed(bounce(Content=DUMP)).events[0].raw


@pytest.mark.parametrize("content", ["", None, 7, ["x"], "<full dump omitted>", "\ud800\0"])
def test_without_details_and_dump_the_type_has_to_do(parsed, content):
    event = parsed(bounce(Details="", Content=content)).events[0]

    assert event.reply.text == ""
    assert event.verdict.reason is Reason.BAD_MAILBOX


def test_delivery_closes_what_was_open(parsed):
    delivery = {
        "RecordType": "Delivery",
        "MessageID": "0a1b2c3d-0001",
        "Recipient": "ana@receiver.example",
        "DeliveredAt": "2026-06-15T11:58:30Z",
        "Tag": "receipt",
    }

    one, again = parsed(delivery).delivered[0], parsed(delivery).delivered[0]

    assert one == again
    assert one.provider_message_id == "0a1b2c3d-0001"
    assert one.campaign == "receipt"


@pytest.mark.parametrize("kind", ["Open", "Click", "SubscriptionChange", "Inbound"])
def test_records_of_no_failure_are_ignored(parsed, kind):
    said = parsed(bounce(RecordType=kind))

    assert not said.events
    assert not said.unusable


def test_record_that_nobody_has_described_is_kept_aside(parsed):
    said = parsed(bounce(RecordType="Tomorrow"))

    assert not said.events
    assert "'Tomorrow'" in said.unusable[0].why


def test_complaint_counts_even_without_its_type(parsed):
    event = parsed(bounce(RecordType="SpamComplaint", Type=None, TypeCode=None)).events[0]

    assert event.kind is Kind.COMPLAINT


@pytest.mark.parametrize("element", [None, [], "text", 7, {}])
def test_body_that_is_no_record_is_kept_aside(parsed, element):
    assert parsed(element).unusable


@pytest.mark.parametrize(
    "odd",
    [
        {"Email": None},
        {"Email": ["ana@receiver.example"]},
        {"BouncedAt": None},
        {"BouncedAt": "yesterday"},
        {"BouncedAt": "99999-06-15T11:58:30Z"},
        {"BouncedAt": 10**400},
        {"BouncedAt": {"at": 1}},
    ],
)
def test_record_without_recipient_or_time_is_kept_aside(parsed, odd):
    said = parsed(bounce(**odd))

    assert not said.events
    assert said.unusable


@pytest.mark.parametrize(
    "odd",
    [
        {"Metadata": None},
        {"Metadata": ["a"]},
        {"Metadata": {"a": {"b": 1}, "c": None}},
        {"Tag": None, "Subject": 7, "Details": None},
        {"Details": "nul \0 and \ud800"},
        {"Type": None, "TypeCode": "1"},
        {"MessageID": 10**20},
    ],
)
def test_odd_fields_cost_no_event(parsed, odd):
    assert len(parsed(bounce(**odd)).events) == 1


@pytest.mark.parametrize(
    "name",
    ["Unsubscribe", "Subscribe", "AutoResponder", "AddressChange", "OpenRelayTest", "InboundError"],
)
def test_types_that_are_no_bounce_are_ignored(parsed, name):
    assert not parsed(bounce(Type=name)).events


@pytest.mark.parametrize(
    ("name", "kind", "permanence", "reason", "fact"),
    [
        ("HardBounce", "bounce", "permanent", "bad-mailbox", False),
        ("Transient", "deferral", "transient", None, False),
        ("DnsError", "bounce", "transient", "routing-errors", False),
        ("SpamNotification", "bounce", "permanent", "spam-related", False),
        ("Unknown", "bounce", "unknown", None, False),
        ("SoftBounce", "bounce", "transient", None, False),
        ("VirusNotification", "bounce", "permanent", "virus-related", False),
        ("ChallengeVerification", "bounce", "unknown", "challenge-response", False),
        ("BadEmailAddress", "rejected", "permanent", "bad-mailbox", False),
        ("SpamComplaint", "complaint", "permanent", "spam-related", False),
        ("ManuallyDeactivated", "rejected", "permanent", "suppressed", True),
        ("Unconfirmed", "rejected", "permanent", "relaying-issues", True),
        ("Blocked", "bounce", "unknown", "policy-related", False),
        ("SMTPApiError", "rejected", "permanent", "protocol-errors", True),
        ("DMARCPolicy", "bounce", "permanent", "authentication-failure", False),
        ("TemplateRenderingFailed", "rejected", "permanent", "content-related", True),
        ("BrandNew", "bounce", "unknown", None, False),
    ],
)
def test_types_of_postmark_mean(parsed, name, kind, permanence, reason, fact):
    event = parsed(bounce(Type=name, TypeCode=None)).events[0]

    assert event.verdict == Postmark.verdict_of(name)
    assert (event.kind, event.permanence) == (Kind(kind), Permanence(permanence))
    assert event.verdict.word == name
    assert event.verdict.reason == (Reason(reason) if reason else None)
    assert event.verdict.authoritative is fact


def test_type_that_was_renamed_goes_by_its_number(parsed):
    event = parsed(bounce(Type="BrandNew", TypeCode=100002)).events[0]

    assert event.verdict.reason is Reason.SUPPRESSED
    assert event.verdict.word == "BrandNew"


def test_every_type_has_its_number():
    assert set(CODES.values()) == set(TYPES)
