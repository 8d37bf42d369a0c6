"""What SendGrid says, and the events it becomes."""

import json

import pytest

from handlers.errors import MalformedError
from handlers.provider import Delivered, Parsed
from handlers.webhooks import read
from resolutions.bounce import Kind, Permanence, SmtpReply
from resolutions.diagnosis.diagnose import diagnose
from resolutions.reason import Reason
from tests.handlers.providers.sendgrid.conftest import NOW, SECONDS


def element(**changes):
    return {
        "email": "Ana@receiver.example",
        "timestamp": SECONDS,
        "event": "bounce",
        "type": "bounce",
        "sg_event_id": "event-1",
        "sg_message_id": "abc123.recvd-7c9f-x2.0",
        "smtp-id": "<m1@sender.example>",
        "reason": "550 5.1.1 no such user",
        "status": "5.1.1",
        "bounce_classification": "Invalid Address",
        "category": ["spring", "news"],
        "ip": "198.51.100.9",
        **changes,
    }


def test_every_field_finds_its_place(sendgrid, sender):
    sent = element(customer="4711", nested={"a": [1]}, tls=1)

    [event] = sendgrid.parse(sender.request([sent])).events

    assert (event.source, event.provider, event.event_id) == ("sendgrid", "sendgrid", "event-1")
    assert (event.kind, event.permanence) == (Kind.BOUNCE, Permanence.PERMANENT)
    assert event.recipient == "Ana@receiver.example"
    assert event.occurred_at == NOW
    assert event.reply == SmtpReply("550 5.1.1 no such user", code="550", status="5.1.1")
    assert event.message_id == "<m1@sender.example>"
    assert event.provider_message_id == "abc123"
    assert event.campaign == "spring"
    assert event.tags == ("spring", "news")
    assert event.metadata == {"customer": "4711", "nested": '{"a": [1]}'}
    assert event.remote_host == ""
    assert event.verdict.word == "bounce/Invalid Address"
    assert json.loads(event.raw) == sent


@pytest.mark.parametrize(
    ("category", "tags"),
    [("spring", ("spring",)), (["spring"], ("spring",)), (None, ()), ([], ()), ({"a": 1}, ())],
)
def test_category_is_a_text_or_several(sendgrid, sender, category, tags):
    [event] = sendgrid.parse(sender.request([element(category=category)])).events

    assert event.tags == tags


def test_name_of_a_marketing_campaign_comes_before_categories(sendgrid, sender):
    sent = element(marketing_campaign_name="Launch", marketing_campaign_id=88)

    [event] = sendgrid.parse(sender.request([sent])).events

    assert event.campaign == "Launch"
    assert not event.metadata


def test_campaign_is_taken_from_where_the_source_says(make, sender):
    [event] = make(campaign="job").parse(sender.request([element(job="j-9")])).events

    assert event.campaign == "j-9"


def test_bounce_that_came_later_as_a_mail_has_no_message_id(sendgrid, sender):
    sent = element()
    del sent["sg_message_id"], sent["type"]

    [event] = sendgrid.parse(sender.request([sent])).events

    assert event.provider_message_id == ""
    assert event.permanence is Permanence.PERMANENT


def test_block_leaves_it_to_the_reply_whether_it_stays(sendgrid, sender, rulebook):
    sent = element(type="blocked", reason="451 4.7.1 try later", status="4.7.1")

    [event] = sendgrid.parse(sender.request([sent])).events

    assert event.permanence is Permanence.UNKNOWN
    assert diagnose(event, rulebook).permanence is Permanence.TRANSIENT


def test_deferral_keeps_its_response(sendgrid, sender):
    sent = element(event="deferred", type="", response="451 4.7.1 Greylisted", reason="")

    [event] = sendgrid.parse(sender.request([sent])).events

    assert event.kind is Kind.DEFERRAL
    assert event.reply.text == "451 4.7.1 Greylisted"


def test_delivery_is_no_event_but_a_delivery(sendgrid, sender):
    parsed = sendgrid.parse(sender.request([element(event="delivered", response="250 OK")]))

    assert parsed == Parsed(
        delivered=[
            Delivered(
                source="sendgrid",
                event_id="event-1",
                recipient="Ana@receiver.example",
                occurred_at=NOW,
                message_id="<m1@sender.example>",
                provider_message_id="abc123",
                campaign="spring",
            )
        ]
    )


@pytest.mark.parametrize("event", ["processed", "open", "unsubscribe", "group_resubscribe", "new"])
def test_other_events_are_ignored(sendgrid, sender, event):
    assert sendgrid.parse(sender.request([element(event=event)])) == Parsed()


def test_account_event_without_recipient_is_ignored(sendgrid, sender):
    sent = {"event": "account_status_change", "sg_event_id": "a", "timestamp": SECONDS}

    assert sendgrid.parse(sender.request([sent])) == Parsed()


@pytest.mark.parametrize(
    "bad",
    [
        element(email=None),
        element(email=""),
        element(email=["ana@receiver.example"]),
        element(timestamp="soon"),
        element(timestamp=None),
        element(timestamp=10**20),
        element(timestamp=True),
        element(event=None),
        {},
        [],
        None,
        "bounce",
        7,
    ],
)
def test_bad_element_is_kept_alone_and_harms_no_other(sendgrid, sender, bad):
    batch = [element(sg_event_id=f"good-{number}") for number in range(499)]
    batch.insert(250, bad)

    parsed = read(sendgrid, sender.request(batch))

    assert len(parsed.events) == 499
    assert [json.loads(kept.body) for kept in parsed.unusable] == [[bad]]


def test_kept_element_can_be_read_again(sendgrid, sender):
    [kept] = sendgrid.parse(sender.request([element(timestamp="soon")])).unusable

    assert len(sendgrid.parse(sender.request(kept.body)).unusable) == 1


@pytest.mark.parametrize("body", [b"{}", b"null", b'"a"', b"7"])
def test_body_that_is_no_batch_is_kept_whole(sendgrid, sender, body):
    parsed = read(sendgrid, sender.request(body))

    assert [kept.body for kept in parsed.unusable] == [body]


@pytest.mark.parametrize("body", [b"", b"[", b"[" * 70 + b"]" * 70])
def test_broken_json_is_malformed(sendgrid, sender, body):
    with pytest.raises(MalformedError):
        sendgrid.parse(sender.request(body))


def test_event_without_id_gets_one_that_repeats_share(sendgrid, sender):
    def id_of(**changes):
        [event] = sendgrid.parse(sender.request([element(sg_event_id=None, **changes)])).events
        return event.event_id

    assert id_of() == id_of(email="ana@RECEIVER.example", attempt="2")
    assert len({id_of(), id_of(timestamp=SECONDS + 1), id_of(event="dropped")}) == 3


def test_time_far_away_is_no_crash(sendgrid, sender):
    [event] = sendgrid.parse(sender.request([element(timestamp=99_999_999_999)])).events

    assert event.occurred_at.year == 2100


@pytest.mark.parametrize(
    ("word", "kind", "permanence", "reason"),
    [
        ("bounce/Invalid Address", "bounce", "permanent", "bad-mailbox"),
        ("bounce/invalid", "bounce", "permanent", "bad-mailbox"),
        ("Invalid Address", "bounce", "unknown", "bad-mailbox"),
        ("bounce/Mailbox Unavailable", "bounce", "permanent", "inactive-mailbox"),
        ("bounce/Technical Failure", "bounce", "permanent", "bad-configuration"),
        ("blocked/technical", "bounce", "unknown", "bad-configuration"),
        ("blocked/Content", "bounce", "unknown", "content-related"),
        ("blocked/Reputation", "bounce", "unknown", "blocked-ip"),
        ("blocked/Frequency/Volume Too High", "bounce", "unknown", "rate-limited"),
        ("Frequency or Volume Too High", "bounce", "unknown", "rate-limited"),
        ("Unclassified", "bounce", "unknown", None),
        ("bounce", "bounce", "permanent", None),
        ("expired/Mailbox Unavailable", "bounce", "unknown", "inactive-mailbox"),
        ("deferred", "deferral", "transient", None),
        ("dropped/Bounced Address", "rejected", "permanent", "suppressed"),
        ("dropped/Unsubscribed Address", "rejected", "permanent", "suppressed"),
        ("Spam Reporting Address", "rejected", "permanent", "suppressed"),
        ("dropped/Invalid", "rejected", "permanent", "bad-mailbox"),
        ("dropped/Spam Content (if the checker is on)", "rejected", "permanent", "content-related"),
        ("dropped/Invalid SMTPAPI header", "rejected", "permanent", "protocol-errors"),
        ("dropped/Recipient List over Package Quota", "rejected", "transient", "rate-limited"),
        ("dropped/Something new", "rejected", "permanent", None),
        ("spamreport", "complaint", "permanent", None),
        ("something new", "bounce", "unknown", None),
        ("", "bounce", "unknown", None),
    ],
)
def test_class_of_sendgrid_means(sendgrid, word, kind, permanence, reason):
    verdict = sendgrid.verdict_of(word)

    assert (verdict.word, verdict.kind, verdict.permanence, verdict.reason) == (
        word,
        kind,
        permanence,
        reason,
    )


def test_quota_of_the_sender_is_not_the_mailbox(sendgrid, sender, rulebook):
    sent = element(event="dropped", type="", reason="Recipient List over Package Quota", status="")

    [event] = sendgrid.parse(sender.request([sent])).events

    assert diagnose(event, rulebook).reason is Reason.RATE_LIMITED
