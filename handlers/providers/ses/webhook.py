"""Amazon SES: what it tells through SNS, and the account's suppression list.

SNS signs each message with RSA; the topic must be one of the configured ones. Bounces come in
two dialects, feedback notifications and event publishing, which differ in one name only.
https://docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-sns-contents.html
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import Field, FilePath, field_validator

from handlers.errors import MalformedError
from handlers.http.json_body import parse_json
from handlers.http.outgoing import Outgoing
from handlers.http.payload import addresses_in, domain_in, moment, object_of, text_at, text_of
from handlers.provider import (
    Clock,
    Confirmation,
    Confirms,
    Delivered,
    Parsed,
    Provider,
    SourceSettings,
    Suppresses,
    Unusable,
    WebhookRequest,
    campaign_of,
)
from handlers.providers.ses.aws import AwsAccess
from handlers.providers.ses.sns import (
    NOTIFICATION,
    SUBSCRIPTION,
    TOPIC,
    Certificates,
    Subscriptions,
    read_certificate,
    region_of,
    verify,
)
from handlers.providers.ses.suppression import SuppressionList
from resolutions.bounce import BounceEvent, Kind, Permanence, SmtpReply, Verdict
from resolutions.reason import Reason
from resolutions.rules.reply import read_reply

_SUPPRESSED = Verdict(
    kind=Kind.REJECTED,
    permanence=Permanence.PERMANENT,
    reason=Reason.SUPPRESSED,
    authoritative=True,
)


_REFUSED = replace(_SUPPRESSED, reason=None, authoritative=False)
_FINAL = Verdict(permanence=Permanence.PERMANENT)
_PASSING = Verdict(permanence=Permanence.TRANSIENT)
_DELAYED = Verdict(kind=Kind.DEFERRAL, permanence=Permanence.TRANSIENT)

CLASSES = {
    "Permanent": _FINAL,
    "Permanent/General": replace(_FINAL, reason=Reason.BAD_MAILBOX),
    "Permanent/NoEmail": replace(_FINAL, reason=Reason.BAD_MAILBOX),
    "Permanent/Suppressed": _SUPPRESSED,
    "Permanent/OnAccountSuppressionList": _SUPPRESSED,
    "Permanent/UnsubscribedRecipient": _SUPPRESSED,
    "Transient": _PASSING,  # General too, which SES also says of "5.4.4 Invalid domain"
    "Transient/MailboxFull": replace(_PASSING, reason=Reason.QUOTA_ISSUES),
    "Transient/MessageTooLarge": replace(_PASSING, reason=Reason.MESSAGE_TOO_LARGE),
    "Transient/ContentRejected": replace(_PASSING, reason=Reason.CONTENT_RELATED),
    "Transient/AttachmentRejected": replace(_PASSING, reason=Reason.CONTENT_RELATED),
    "Undetermined": Verdict(),
    "DeliveryDelay": _DELAYED,  # InternalFailure, General and Undetermined too
    "DeliveryDelay/MailboxFull": replace(_DELAYED, reason=Reason.QUOTA_ISSUES),
    "DeliveryDelay/SpamDetected": replace(_DELAYED, reason=Reason.SPAM_RELATED),
    "DeliveryDelay/RecipientServerError": replace(_DELAYED, reason=Reason.BAD_CONFIGURATION),
    "DeliveryDelay/IPFailure": replace(_DELAYED, reason=Reason.BLOCKED_IP),
    "DeliveryDelay/TransientCommunicationFailure": replace(_DELAYED, reason=Reason.BAD_CONNECTION),
    "DeliveryDelay/BYOIPHostNameLookupUnavailable": replace(
        _DELAYED, reason=Reason.AUTHENTICATION_FAILURE
    ),
    "DeliveryDelay/SendingDeferral": replace(_DELAYED, reason=Reason.RATE_LIMITED),
    "Reject": _REFUSED,
    "Reject/Bad content": replace(_REFUSED, reason=Reason.VIRUS_RELATED, authoritative=True),
    "Rendering Failure": replace(_REFUSED, reason=Reason.CONTENT_RELATED, authoritative=True),
    "Complaint": replace(_FINAL, kind=Kind.COMPLAINT),
    "Complaint/not-spam": Verdict(kind=Kind.NOT_A_BOUNCE),
    "Complaint/auth-failure": Verdict(kind=Kind.NOT_A_BOUNCE),
    "Complaint/OnAccountSuppressionList": _SUPPRESSED,
}
"""Type and subtype; a type alone stands for the subtypes that SES adds without notice."""

_CLASSES = {word.lower(): verdict for word, verdict in CLASSES.items()}


@dataclass(frozen=True, slots=True)
class Shape:
    """Where a kind of event keeps its details, its recipients and its class.

    Without `recipients` it concerns all that the mail was for. The class is `word` and the
    fields `classes`, as far as they are given; the field `text` says why, where no server spoke.
    """

    details: str
    recipients: str = ""
    word: str = ""
    classes: Sequence[str] = ()
    text: str = ""


SHAPES = {
    "Bounce": Shape("bounce", "bouncedRecipients", "", ("bounceType", "bounceSubType")),
    "Complaint": Shape(
        "complaint",
        "complainedRecipients",
        "Complaint",
        ("complaintSubType", "complaintFeedbackType"),
    ),
    "DeliveryDelay": Shape("deliveryDelay", "delayedRecipients", "DeliveryDelay", ("delayType",)),
    "Reject": Shape("reject", "", "Reject", ("reason",), "reason"),
    "Rendering Failure": Shape("failure", "", "Rendering Failure", (), "errorMessage"),
}
"""The kinds of event that tell of mail that did not arrive; opens, clicks and the like do not."""


class SesSettings(SourceSettings):
    """`[sources.X]` with `provider = "ses"`.

    `certificates` names a file for each certificate URL of SNS, for closed networks: then none
    is fetched.
    """

    topic_arns: tuple[Annotated[str, Field(pattern=TOPIC)], ...] = Field(min_length=1)
    certificates: dict[str, FilePath] = Field(default_factory=dict)
    api: AwsAccess | None = None

    @field_validator("certificates")
    @classmethod
    def _are_certificates(cls, value: dict[str, Path]) -> dict[str, Path]:
        for path in value.values():
            read_certificate(path.read_bytes())
        return value


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One message of SES: the whole, the details of its kind, the mail it is about."""

    message: dict[str, Any]
    details: dict[str, Any]
    mail: dict[str, Any]
    envelope: dict[str, Any]

    @classmethod
    def of(cls, message: dict[str, Any], details: str, envelope: dict[str, Any]) -> Self:
        """Return the message with its parts picked out."""
        return cls(
            message=message,
            details=object_of(message.get(details)),
            mail=object_of(message.get("mail")),
            envelope=envelope,
        )

    @property
    def event_id(self) -> str:
        """The id that both dialects and all repeats share; a delay repeats with its own time."""
        if feedback := text_of(self.details.get("feedbackId")):
            return feedback
        if "delayType" in self.details and self.mail_id:
            return f"{self.mail_id}/{text_of(self.details.get('timestamp'))}"
        return text_of(self.envelope["MessageId"])

    @property
    def mail_id(self) -> str:
        """What SES calls the mail."""
        return text_of(self.mail.get("messageId"))

    @property
    def time(self) -> datetime:
        """When it happened; a reject says only when the mail was sent."""
        given = self.details.get("timestamp") or self.mail.get("timestamp")
        return moment(given or self.envelope.get("Timestamp"))

    @property
    def tags(self) -> dict[str, str]:
        """The tags of the mail, in event publishing only; the first value of each."""
        tags = object_of(self.mail.get("tags"))
        return {
            name: text_of(values[0] if values and isinstance(values, list) else values)
            for name, values in tags.items()
        }

    @property
    def subject(self) -> str:
        """The subject of the mail."""
        return text_at(self.mail, "commonHeaders.subject") or self.header("subject")

    @property
    def from_domain(self) -> str:
        """The domain of the sender that recipients see."""
        common = text_at(self.mail, "commonHeaders.from.0")
        return domain_in(common, text_of(self.mail.get("source")))

    def header(self, name: str) -> str:
        """Return a header of the mail as it was sent, empty if it is not told."""
        headers = self.mail.get("headers")
        for header in headers if isinstance(headers, list) else ():
            if text_at(header, "name").lower() == name:
                return text_at(header, "value")
        return ""

    def alone(self, shape: Shape) -> Iterator[tuple["Notice", dict[str, Any]]]:
        """Yield each recipient and the message as if it were of this one only."""
        part, name = (shape.details, shape.recipients) if shape.recipients else _DESTINATION
        whole = self.message.get(part)
        recipients = whole.get(name) if isinstance(whole, dict) else None
        if not isinstance(recipients, list) or not recipients:
            raise ValueError(f"no {part}.{name}")
        for recipient in recipients:
            message = {**self.message, part: {**self.message[part], name: [recipient]}}
            about = recipient if isinstance(recipient, dict) else {"emailAddress": recipient}
            yield Notice.of(message, shape.details, self.envelope), about


_DESTINATION = ("mail", "destination")


class Ses(Provider):
    """An SES account, heard through one or more SNS topics."""

    name = "ses"
    refused = 403  # final for SNS, as is every 4xx but 429
    Settings = SesSettings
    settings: SesSettings

    def __init__(
        self, source: str, settings: SesSettings, outgoing: Outgoing, clock: Clock
    ) -> None:
        super().__init__(source, settings, outgoing, clock)
        self._certificates = Certificates(settings.certificates, outgoing, clock)

    async def authenticate(self, request: WebhookRequest) -> None:
        """Check topic, certificate and signature, in this order."""
        await verify(request, self.settings.topic_arns, self._certificates)

    def parse(self, request: WebhookRequest) -> Parsed:
        """Return an event for each recipient, the deliveries, or the subscription to confirm."""
        envelope = request.json()
        if envelope["Type"] == SUBSCRIPTION:
            return Parsed(confirmation=self._confirmation(envelope))
        message = _message(envelope["Message"]) if envelope["Type"] == NOTIFICATION else None
        if message is None:
            return Parsed()
        word = text_of(message.get("eventType") or message["notificationType"])
        if word == "Delivery":
            return Parsed(delivered=list(self._delivered(Notice.of(message, "delivery", envelope))))
        shape = SHAPES.get(word)
        if shape is None:
            return Parsed()
        return self._reported(Notice.of(message, shape.details, envelope), shape)

    @classmethod
    def verdict_of(cls, word: str) -> Verdict:
        """Return what "Permanent/General", "DeliveryDelay/IPFailure" or "Reject/…" mean."""
        key = word.lower().removeprefix("bounce/")
        key = "delivery" + key if key.startswith("delay") else key
        while key and key not in _CLASSES:
            key = key.rpartition("/")[0]
        return replace(_CLASSES[key], word=word) if key else Verdict.unknown(word)

    @property
    def suppressing(self) -> Suppresses | None:
        """Return the account's suppression list, None without AWS credentials."""
        api, topic = self.settings.api, self.settings.topic_arns[0]
        return SuppressionList(api, api.region or region_of(topic), self.outgoing) if api else None

    @property
    def confirming(self) -> Confirms:
        """Return the way to confirm subscriptions; without credentials it says what to do."""
        return Subscriptions(self.settings.topic_arns, self.settings.api, self.outgoing)

    def _confirmation(self, envelope: dict[str, Any]) -> Confirmation:
        return Confirmation(
            source=self.source,
            topic=text_of(envelope["TopicArn"]),
            token=text_of(envelope["Token"]),
            link=text_of(envelope.get("SubscribeURL")),
        )

    def _reported(self, notice: Notice, shape: Shape) -> Parsed:
        """Return an event for each recipient; one that cannot be read harms no other."""
        parsed = Parsed()
        for alone, recipient in notice.alone(shape):
            try:
                event = self._event(alone, shape, recipient)
            except (ValueError, LookupError, TypeError) as error:
                parsed.unusable.append(_unusable(alone, error))
                continue
            if event.kind is not Kind.NOT_A_BOUNCE:
                parsed.events.append(event)
        return parsed

    def _event(self, notice: Notice, shape: Shape, recipient: dict[str, Any]) -> BounceEvent:
        classes = (text_of(notice.details.get(name)) for name in shape.classes)
        verdict = self.verdict_of("/".join(filter(None, (shape.word, *classes))))
        tags = notice.tags
        return BounceEvent(
            source=self.source,
            provider=self.name,
            event_id=notice.event_id,
            kind=verdict.kind,
            permanence=verdict.permanence,
            recipient=_address(recipient.get("emailAddress")),
            occurred_at=notice.time,
            reply=_reply(recipient, text_of(notice.details.get(shape.text))),
            remote_host=text_of(notice.details.get("remoteMtaIp")),
            message_id=notice.header("message-id")
            or text_at(notice.mail, "commonHeaders.messageId"),
            provider_message_id=notice.mail_id,
            from_domain=notice.from_domain,
            subject=notice.subject,
            campaign=campaign_of(self.settings, notice.message, tags.get("campaign", "")),
            tags=tuple(f"{name}={value}" for name, value in tags.items()),
            metadata=tags,
            verdict=verdict,
            raw=json.dumps(notice.message, ensure_ascii=False),
        )

    def _delivered(self, notice: Notice) -> Iterator[Delivered]:
        recipients = notice.details.get("recipients")
        if not isinstance(recipients, list):
            raise TypeError("no delivery.recipients")
        for recipient in recipients:
            yield Delivered(
                source=self.source,
                event_id=notice.event_id,
                recipient=_address(recipient),
                occurred_at=notice.time,
                message_id=notice.header("message-id"),
                provider_message_id=notice.mail_id,
                campaign=campaign_of(
                    self.settings, notice.message, notice.tags.get("campaign", "")
                ),
            )


def _message(text: Any) -> dict[str, Any] | None:
    """Return what SES says inside the SNS message; None for a line of plain text.

    SNS and SES announce themselves in such lines ("Successfully validated SNS topic …").
    """
    if not isinstance(text, str):
        raise TypeError("a Message that is no text")
    if not text.lstrip().startswith("{"):
        return None
    try:
        return object_of(parse_json(text))
    except MalformedError as error:
        raise ValueError("a Message that is not JSON") from error


def _unusable(notice: Notice, error: Exception) -> Unusable:
    body = {**notice.envelope, "Message": json.dumps(notice.message)}
    return Unusable.of(json.dumps(body).encode(), error)


def _address(value: Any) -> str:
    """Return the address of a recipient, without name and brackets."""
    text = text_of(value).strip()
    return next(iter(addresses_in(text)), text) if "<" in text else text


def _reply(recipient: dict[str, Any], otherwise: str) -> SmtpReply:
    text = text_of(recipient.get("diagnosticCode")) or otherwise
    status = text_of(recipient.get("status"))
    read = read_reply(SmtpReply(text, status=status))
    return SmtpReply(text, code=read.code, status=status or read.status)
