"""What SES says, and the events it becomes."""

import json

import pytest

from handlers.provider import Confirmation, Delivered, Parsed
from handlers.webhooks import read
from resolutions.bounce import Kind, Permanence, SmtpReply
from resolutions.diagnosis.diagnose import diagnose
from resolutions.reason import Reason
from tests.handlers.providers.ses.conftest import NOW, TOPIC, as_request

MAIL = {
    "timestamp": "2026-06-15T11:58:26.000Z",
    "source": "news@sender.example",
    "messageId": "0100-mail-000000",
    "destination": ["ana@receiver.example", "ben@other.example"],
    "headers": [{"name": "message-ID", "value": "<m1@sender.example>"}],
    "commonHeaders": {"from": ["News <news@shop.example>"], "subject": "Spring launch"},
    "tags": {"campaign": ["spring"], "ses:configuration-set": ["cs-main"], "odd": []},
}


def bounce(*recipients, kind="eventType", **details):
    return {
        kind: "Bounce",
        "mail": MAIL,
        "bounce": {
            "feedbackId": "feedback-1",
            "bounceType": "Permanent",
            "bounceSubType": "General",
            "bouncedRecipients": list(recipients) or [{"emailAddress": "ana@receiver.example"}],
            "timestamp": "2026-06-15T11:58:30.000Z",
            "remoteMtaIp": "203.0.113.25",
            **details,
        },
    }


def test_every_field_finds_its_place(ses, topic):
    text = "smtp; 550 5.1.1 no such user"
    ana = {"emailAddress": "Ana@receiver.example", "status": "5.1.1", "diagnosticCode": text}

    [event] = ses.parse(topic.request(bounce(ana))).events

    assert (event.source, event.provider, event.event_id) == ("ses", "ses", "feedback-1")
    assert (event.kind, event.permanence) == (Kind.BOUNCE, Permanence.PERMANENT)
    assert event.recipient == "Ana@receiver.example"
    assert event.occurred_at.isoformat() == "2026-06-15T11:58:30+00:00"
    assert event.reply == SmtpReply(text, code="550", status="5.1.1")
    assert event.remote_host == "203.0.113.25"
    assert event.message_id == "<m1@sender.example>"
    assert event.provider_message_id == "0100-mail-000000"
    assert event.from_domain == "shop.example"
    assert event.subject == "Spring launch"
    assert event.campaign == "spring"
    assert event.metadata["ses:configuration-set"] == "cs-main"
    assert "ses:configuration-set=cs-main" in event.tags
    assert event.verdict.word == "Permanent/General"
    assert json.loads(event.raw)["bounce"]["bouncedRecipients"] == [ana]


def test_both_dialects_are_one_event(ses, topic):
    published = ses.parse(topic.request(bounce(), MessageId="sns-1")).events
    notified = ses.parse(topic.request(bounce(kind="notificationType"), MessageId="sns-2")).events

    assert [(event.event_id, event.recipient) for event in published] == [
        (event.event_id, event.recipient) for event in notified
    ]


def test_message_with_a_line_end_and_white_space_is_read(ses, topic):
    assert len(ses.parse(topic.request(f"\n {json.dumps(bounce())}\r\n")).events) == 1


def test_each_recipient_has_its_own_diagnostic(ses, topic):
    recipients = [
        {"emailAddress": "ana@receiver.example", "diagnosticCode": "smtp; 550 5.1.1 unknown"},
        {"emailAddress": "ben@other.example", "diagnosticCode": "smtp; 550 5.2.1 disabled"},
        {"emailAddress": "eve@third.example"},
    ]

    events = ses.parse(topic.request(bounce(*recipients))).events

    assert [(event.recipient, event.reply.text) for event in events] == [
        ("ana@receiver.example", "smtp; 550 5.1.1 unknown"),
        ("ben@other.example", "smtp; 550 5.2.1 disabled"),
        ("eve@third.example", ""),
    ]


def test_recipient_that_cannot_be_read_harms_no_other(ses, topic):
    recipients = [{"emailAddress": "ana@receiver.example"}, {"emailAddress": None}, None]

    parsed = ses.parse(topic.request(bounce(*recipients)))

    assert [event.recipient for event in parsed.events] == ["ana@receiver.example"]
    assert len(parsed.unusable) == 2
    replayed = ses.parse(as_request(parsed.unusable[0].body))
    assert not replayed.events
    assert len(replayed.unusable) == 1


def test_brackets_around_an_address_are_taken_off(ses, topic):
    [event] = ses.parse(
        topic.request(bounce({"emailAddress": "Ana <ana@receiver.example>"}))
    ).events

    assert event.recipient == "ana@receiver.example"


def test_delays_of_one_mail_differ_by_their_time(ses, topic):
    def delay(minute):
        return {
            "eventType": "DeliveryDelay",
            "mail": MAIL,
            "deliveryDelay": {
                "delayType": "IPFailure",
                "timestamp": f"2026-06-15T11:{minute}:00.000Z",
                "delayedRecipients": [{"emailAddress": "ana@receiver.example"}],
            },
        }

    [first] = ses.parse(topic.request(delay(10))).events
    [again] = ses.parse(topic.request(delay(10), MessageId="other")).events
    [later] = ses.parse(topic.request(delay(40))).events

    assert first.kind is Kind.DEFERRAL
    assert first.event_id == again.event_id != later.event_id


def test_reject_concerns_everybody_the_mail_was_for(ses, topic):
    said = {"eventType": "Reject", "mail": MAIL, "reject": {"reason": "Bad content"}}

    events = ses.parse(topic.request(said, MessageId="sns-7")).events

    assert [event.recipient for event in events] == MAIL["destination"]
    assert {event.event_id for event in events} == {"sns-7"}
    assert {event.kind for event in events} == {Kind.REJECTED}
    assert {event.verdict.reason for event in events} == {Reason.VIRUS_RELATED}


def test_mail_that_could_not_be_rendered_is_rejected(ses, topic, rulebook):
    failure = {"errorMessage": "Attribute 'name' is not present", "templateName": "welcome"}
    said = {"eventType": "Rendering Failure", "mail": MAIL, "failure": failure}

    events = ses.parse(topic.request(said)).events

    assert [event.kind for event in events] == [Kind.REJECTED, Kind.REJECTED]
    assert diagnose(events[0], rulebook).reason is Reason.CONTENT_RELATED
    assert events[0].reply.text == "Attribute 'name' is not present"


def complaint(**details):
    recipients = [{"emailAddress": "ana@receiver.example"}]
    return {
        "notificationType": "Complaint",
        "mail": MAIL,
        "complaint": {"feedbackId": "f-2", "complainedRecipients": recipients, **details},
    }


@pytest.mark.parametrize("kind", ["abuse", "virus", None, "something-new"])
def test_complaint_is_a_complaint(ses, topic, kind):
    [event] = ses.parse(topic.request(complaint(complaintFeedbackType=kind))).events

    assert (event.kind, event.event_id) == (Kind.COMPLAINT, "f-2")


@pytest.mark.parametrize("kind", ["not-spam", "auth-failure"])
def test_report_that_is_no_complaint_is_ignored(ses, topic, kind):
    parsed = ses.parse(topic.request(complaint(complaintFeedbackType=kind)))

    assert not parsed.events
    assert not parsed.unusable


def test_mail_kept_back_after_a_complaint_is_no_new_complaint(ses, topic):
    said = complaint(complaintSubType="OnAccountSuppressionList", complaintFeedbackType="abuse")

    [event] = ses.parse(topic.request(said)).events

    assert (event.kind, event.verdict.reason) == (Kind.REJECTED, Reason.SUPPRESSED)


def test_delivery_is_no_event_but_a_delivery(ses, topic):
    recipients = ["ana@receiver.example", "ben@other.example"]
    said = {"eventType": "Delivery", "mail": MAIL, "delivery": {"recipients": recipients}}

    parsed = ses.parse(topic.request(said, MessageId="sns-9"))

    assert not parsed.events
    assert parsed.delivered[0] == Delivered(
        source="ses",
        event_id="sns-9",
        recipient="ana@receiver.example",
        occurred_at=NOW.replace(hour=11, minute=58, second=26),
        message_id="<m1@sender.example>",
        provider_message_id="0100-mail-000000",
        campaign="spring",
    )
    assert len(parsed.delivered) == 2


@pytest.mark.parametrize(
    "said",
    [
        "Successfully validated SNS topic for Amazon SES event publishing.",
        "",
        {"eventType": "Open", "mail": MAIL},
        {"eventType": "Something New", "mail": MAIL},
    ],
)
def test_other_messages_are_ignored(ses, topic, said):
    parsed = read(ses, topic.request(said))

    assert parsed == Parsed()


@pytest.mark.parametrize(
    "said",
    [
        '{"eventType": ',
        '{"a":' * 70 + "{}" + "}" * 70,
        {"AlarmName": "not of SES"},
        {"eventType": "Bounce", "mail": MAIL},
        {"eventType": "Bounce", "bounce": {"bouncedRecipients": []}},
        {"eventType": "Bounce", "bounce": [], "mail": 7},
        {"eventType": "Delivery", "mail": MAIL},
        {"eventType": "Reject", "mail": {"destination": "ana@receiver.example"}},
    ],
)
def test_verified_message_that_is_not_understood_is_kept_whole(ses, topic, said):
    request = topic.request(said)

    parsed = read(ses, request)

    assert not parsed.events
    assert [kept.body for kept in parsed.unusable] == [request.body]


def test_request_to_confirm_becomes_a_confirmation(ses, topic):
    parsed = ses.parse(topic.subscription())

    link = "https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&Token=abc"
    assert parsed.confirmation == Confirmation(source="ses", topic=TOPIC, token="abc", link=link)


def test_end_of_a_subscription_is_ignored(ses, topic):
    parsed = ses.parse(topic.subscription(Type="UnsubscribeConfirmation"))

    assert parsed.confirmation is None


def test_campaign_is_taken_from_where_the_source_says(make, topic):
    ses = make(campaign="mail.tags.ses:configuration-set")

    [event] = ses.parse(topic.request(bounce())).events

    assert event.campaign == "cs-main"


def test_campaign_path_that_leads_nowhere_leaves_the_tag(make, topic):
    [event] = make(campaign="mail.nothing").parse(topic.request(bounce())).events

    assert event.campaign == "spring"


def test_domain_that_ses_calls_transient_is_known_by_its_text(ses, topic, rulebook):
    text = "smtp; 550 5.4.4 Invalid domain"
    said = bounce(
        {"emailAddress": "x@nxdomain.example", "status": "5.4.4", "diagnosticCode": text},
        bounceType="Transient",
    )

    [event] = ses.parse(topic.request(said)).events
    diagnosis = diagnose(event, rulebook)

    assert event.permanence is Permanence.TRANSIENT
    assert diagnosis.permanence is Permanence.PERMANENT
    assert diagnosis.reason in {Reason.DOMAIN_NOT_FOUND, Reason.ROUTING_ERRORS}


@pytest.mark.parametrize(
    ("word", "kind", "permanence", "reason"),
    [
        ("Permanent/General", "bounce", "permanent", "bad-mailbox"),
        ("permanent/noemail", "bounce", "permanent", "bad-mailbox"),
        ("Permanent/Suppressed", "rejected", "permanent", "suppressed"),
        ("Permanent/OnAccountSuppressionList", "rejected", "permanent", "suppressed"),
        ("Permanent/UnsubscribedRecipient", "rejected", "permanent", "suppressed"),
        ("Permanent/SomethingNew", "bounce", "permanent", None),
        ("Transient/General", "bounce", "transient", None),
        ("Transient/MailboxFull", "bounce", "transient", "quota-issues"),
        ("Transient/MessageTooLarge", "bounce", "transient", "message-too-large"),
        ("Transient/ContentRejected", "bounce", "transient", "content-related"),
        ("Transient/AttachmentRejected", "bounce", "transient", "content-related"),
        ("Undetermined/Undetermined", "bounce", "unknown", None),
        ("DeliveryDelay/General", "deferral", "transient", None),
        ("delay/MailboxFull", "deferral", "transient", "quota-issues"),
        ("DeliveryDelay/SpamDetected", "deferral", "transient", "spam-related"),
        ("DeliveryDelay/RecipientServerError", "deferral", "transient", "bad-configuration"),
        ("DeliveryDelay/IPFailure", "deferral", "transient", "blocked-ip"),
        ("DeliveryDelay/TransientCommunicationFailure", "deferral", "transient", "bad-connection"),
        (
            "DeliveryDelay/BYOIPHostNameLookupUnavailable",
            "deferral",
            "transient",
            "authentication-failure",
        ),
        ("DeliveryDelay/SendingDeferral", "deferral", "transient", "rate-limited"),
        ("Reject/Bad content", "rejected", "permanent", "virus-related"),
        ("Complaint/abuse", "complaint", "permanent", None),
        ("Something/New", "bounce", "unknown", None),
        ("", "bounce", "unknown", None),
    ],
)
def test_class_of_ses_means(ses, word, kind, permanence, reason):
    verdict = ses.verdict_of(word)

    assert (verdict.word, verdict.kind, verdict.permanence, verdict.reason) == (
        word,
        kind,
        permanence,
        reason,
    )
