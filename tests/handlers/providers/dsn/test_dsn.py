"""Bounce mails over HTTP: what becomes of a mail, and what of it is kept."""

import base64
import json
from urllib.parse import urlencode

import pytest

from handlers.errors import MalformedError, SignatureError
from handlers.providers.dsn import RAW_LIMIT, Dsn
from handlers.webhooks import read
from resolutions.bounce import Kind, Permanence

HEAD = """\
Return-Path: <>
From: Mail Delivery Subsystem <mailer-daemon@relay.example>
To: bounce@sender.example
Subject: Delivery Status Notification (Failure)
Date: Mon, 15 Jun 2026 11:58:30 +0000
Message-ID: <dsn-1@relay.example>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary=b

--b
Content-Type: text/plain; charset=utf-8

Some recipients failed.
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; relay.example
Original-Envelope-Id: env-7
"""
ORIGINAL = """\
--b
Content-Type: message/rfc822

From: News <news@Sender.example>
To: ana@receiver.example
Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=
Message-ID: <m-1@sender.example>
List-ID: <news.sender.example>
X-Mailing: june-4
X-Contact-Id: 4711

Dear Ana, your secret is 4712.
--b--
"""


def status_of(recipient: str, action: str = "failed", status: str = "5.1.1") -> str:
    return (
        f"\nFinal-Recipient: rfc822; {recipient}\nAction: {action}\nStatus: {status}\n"
        f"Remote-MTA: dns; mx.receiver.example\n"
        f"Diagnostic-Code: smtp; 550 {status} no such user\n"
    )


def report(*statuses: str, original: str = ORIGINAL) -> bytes:
    return (HEAD + "".join(statuses) + original).encode()


@pytest.fixture
def request_of(bench):
    def make(body: bytes, **changes):
        return bench.request("dsn", "postfix_user_unknown", body=body, **changes)

    return make


@pytest.fixture
def parsed(bench, request_of):
    def parse(body: bytes, **settings):
        return read(bench.provider("dsn", **settings), request_of(body))

    return parse


async def test_password_or_bearer_token_opens_the_door(bench, request_of):
    provider = bench.provider("dsn", secrets=["new", "old"])
    basic = request_of(b"x").headers["authorization"]

    for good in (basic, "Bearer old", "bearer new"):
        await provider.authenticate(request_of(b"x", headers={"authorization": good}))
    for wrong in ("Bearer odd", "Bearer ", "Bearer \u00fc\udcff", "Basic bmV3", "old", ""):
        with pytest.raises(SignatureError):
            await provider.authenticate(request_of(b"x", headers={"authorization": wrong}))


def test_report_tells_all_that_is_known_of_the_message(parsed):
    event = parsed(report(status_of("ana@receiver.example"))).events[0]

    assert event.recipient == "ana@receiver.example"
    assert event.reply.text == "550 5.1.1 no such user"
    assert event.remote_host == "mx.receiver.example"
    assert event.message_id == "<m-1@sender.example>"
    assert event.from_domain == "sender.example"
    assert event.subject == "Grüße"
    assert event.campaign == "<news.sender.example>"
    assert event.metadata["x-contact-id"] == "4711"
    assert event.metadata["envelope_id"] == "env-7"


def test_campaign_can_be_another_header(parsed):
    event = parsed(report(status_of("ana@receiver.example")), campaign="X-Mailing").events[0]

    assert event.campaign == "june-4"


def test_envelope_id_stands_in_where_the_message_was_not_returned(parsed):
    event = parsed(report(status_of("ana@receiver.example"), original="--b--\n")).events[0]

    assert event.message_id == ""
    assert event.provider_message_id == "env-7"


def test_each_recipient_is_an_event_and_delivered_ones_are_none(parsed):
    said = parsed(
        report(
            status_of("a@one.example"),
            status_of("b@two.example", action="delayed", status="4.4.1"),
            status_of("c@three.example", action="delivered", status="2.0.0"),
            status_of("d@four.example", action="relayed", status="2.0.0"),
        )
    )

    assert [(event.recipient, event.kind) for event in said.events] == [
        ("a@one.example", Kind.BOUNCE),
        ("b@two.example", Kind.DEFERRAL),
    ]
    assert said.delivered == said.unusable == []


def test_same_report_is_the_same_event_and_another_status_another(parsed):
    one = parsed(report(status_of("a@one.example"))).events[0]
    again = parsed(report(status_of("a@one.example"))).events[0]
    other = parsed(report(status_of("a@one.example", status="5.2.2"))).events[0]

    assert one.event_id == again.event_id != other.event_id


def test_report_without_an_id_goes_by_what_it_says(parsed):
    nameless = report(status_of("a@one.example")).replace(
        b"Message-ID: <dsn-1@relay.example>\n", b""
    )
    other = nameless.replace(b"a@one", b"b@one")

    one, again = parsed(nameless).events[0], parsed(nameless).events[0]

    assert one.event_id == again.event_id
    assert parsed(other).events[0].event_id != one.event_id


def test_report_without_a_date_happened_when_it_came(parsed, request_of):
    body = report(status_of("a@one.example"))
    dateless = body.replace(b"Date: Mon, 15 Jun 2026 11:58:30 +0000\n", b"")

    assert parsed(dateless).events[0].occurred_at == request_of(b"").received_at


def test_headers_of_the_message_are_kept_and_its_text_is_not(parsed):
    event = parsed(report(status_of("ana@receiver.example"))).events[0]

    assert "secret is 4712" not in event.raw
    assert "Diagnostic-Code: smtp; 550 5.1.1 no such user" in event.raw
    assert "Subject: Grüße" in event.raw
    assert "Some recipients failed." in event.raw


def test_what_is_kept_says_the_same_when_it_is_read_again(parsed):
    event = parsed(report(status_of("ana@receiver.example"))).events[0]

    again = parsed(event.raw.encode()).events[0]

    assert (again.recipient, again.reply, again.subject) == (
        event.recipient,
        event.reply,
        event.subject,
    )
    assert again.event_id == event.event_id


def test_text_of_the_message_is_cut_from_plain_bounces(parsed):
    mail = (
        b"Return-Path: <>\nFrom: MAILER-DAEMON@mx.example\nSubject: failure notice\n\n"
        b"Hi. This is the qmail-send program at mx.example.\n"
        b"I'm afraid I wasn't able to deliver your message to the following addresses.\n\n"
        b"<ana@receiver.example>:\nSorry, no mailbox here by that name. (#5.1.1)\n\n"
        b"--- Below this line is a copy of the message.\n\n"
        b"Subject: Receipt\n\nDear Ana, your secret is 4712.\n"
    )

    event = parsed(mail).events[0]

    assert event.recipient == "ana@receiver.example"
    assert "no mailbox here" in event.raw
    assert "secret" not in event.raw


def test_mail_to_many_is_not_kept_once_for_each(parsed):
    said = parsed(report(*(status_of(f"user{n}@receiver.example") for n in range(900))))

    assert len(said.events) == 900
    assert sum(len(event.raw) for event in said.events) < RAW_LIMIT * 30


@pytest.mark.parametrize(
    "mail",
    [
        b"From: ana@receiver.example\nAuto-Submitted: auto-replied\nSubject: Away\n\n550 I am away",
        b"From: Ana <ana@receiver.example>\nSubject: Re: Your mail\n\n> 550 5.1.1 no such user",
        b"From: ana@receiver.example\nSubject: Hello\n\nHow are you?",
        b"From: x@receiver.example\nContent-Type: multipart/report;"
        b" report-type=disposition-notification; boundary=b\n\n--b\n\nread\n--b--",
    ],
)
def test_replies_of_people_and_machines_are_ignored(parsed, mail):
    said = parsed(mail)

    assert said.events == said.delivered == said.unusable == []


@pytest.mark.parametrize(
    "mail",
    [
        report(original="--b--\n"),
        report("\nFinal-Recipient: rfc822; \nAction: failed\n", original="--b--\n"),
        HEAD.partition("--b")[0].encode(),
        HEAD.replace("delivery-status", "feedback-report").partition("--b")[0].encode(),
    ],
)
def test_report_that_cannot_be_read_is_kept_aside_without_the_message(parsed, mail):
    said = parsed(mail)

    assert said.events == []
    assert len(said.unusable) == 1
    assert b"secret" not in said.unusable[0].body


@pytest.mark.parametrize(
    "body", [b"", b"\n\n\n", b"just words", b'{"not": "a mail"}', b"\0\xff" * 99]
)
def test_body_that_is_no_mail_is_kept_aside(parsed, body):
    assert parsed(body).unusable


def test_mail_can_come_in_a_json_field(bench, request_of):
    provider = bench.provider("dsn", field="mail.raw")
    mail = report(status_of("ana@receiver.example")).decode()
    plain = json.dumps({"mail": {"raw": mail}}).encode()
    encoded = json.dumps({"mail": {"raw": base64.b64encode(mail.encode()).decode()}}).encode()

    for body in (plain, encoded):
        request = request_of(body, headers={"content-type": "application/json"})
        assert provider.parse(request).events[0].recipient == "ana@receiver.example"


def test_mail_can_come_in_a_form_field(bench, request_of):
    provider = bench.provider("dsn", field="body-mime")
    body = urlencode(
        {"sender": "", "body-mime": report(status_of("ana@receiver.example"))}
    ).encode()
    request = request_of(body, headers={"content-type": "application/x-www-form-urlencoded"})

    assert provider.parse(request).events[0].subject == "Grüße"


def test_mail_can_come_in_a_part_of_a_form(bench, request_of):
    provider = bench.provider("dsn", field="email")
    mail = report(status_of("ana@receiver.example")).replace(b"\n", b"\r\n")
    body = (
        b'--x\r\nContent-Disposition: form-data; name="to"\r\n\r\nbounce@sender.example\r\n'
        b'--x\r\nContent-Disposition: form-data; name="email"\r\n\r\n' + mail + b"\r\n--x--\r\n"
    )
    request = request_of(body, headers={"content-type": "multipart/form-data; boundary=x"})

    assert provider.parse(request).events[0].recipient == "ana@receiver.example"


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/json", b"{}"),
        ("application/json", b"[]"),
        ("application/json", b'{"email": null}'),
        ("application/json", b'{"email": "neither mail nor base64"}'),
        ("application/x-www-form-urlencoded", b"a=1"),
        ("application/x-www-form-urlencoded", b"\xff=\xfe&" * 2000),
        ("multipart/form-data; boundary=x", b"--x--"),
        ("multipart/form-data", b""),
    ],
)
def test_field_without_a_mail_is_kept_aside(bench, request_of, kind, body):
    provider = bench.provider("dsn", field="email")

    assert read(provider, request_of(body, headers={"content-type": kind})).unusable


def test_broken_json_around_a_mail_is_malformed(bench, request_of):
    with pytest.raises(MalformedError):
        read(bench.provider("dsn", field="email"), request_of(b"{", headers={}))


@pytest.mark.parametrize(
    ("word", "kind", "permanence"),
    [
        ("failed", "bounce", "unknown"),
        ("delayed", "deferral", "transient"),
        ("Delivered", "delivered", "unknown"),
        ("abuse", "complaint", "permanent"),
        ("imploded", "bounce", "unknown"),
    ],
)
def test_words_of_reports_mean(word, kind, permanence):
    verdict = Dsn.verdict_of(word)

    assert (verdict.kind, verdict.permanence) == (Kind(kind), Permanence(permanence))
