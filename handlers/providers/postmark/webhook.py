"""Postmark's bounce webhook.

Postmark does not sign its webhooks; each one carries the user name and password that were written
into its URL, or a header of one's own.
https://postmarkapp.com/developer/webhooks/bounce-webhook
"""

import json
from dataclasses import replace
from typing import Any

from pydantic import BaseModel, Field

from handlers.http.authentication import check_access
from handlers.http.payload import (
    Object,
    Text,
    composite_key,
    domain_in,
    metadata_of,
    moment,
)
from handlers.provider import (
    AccessSettings,
    Delivered,
    Parsed,
    Provider,
    WebhookRequest,
    campaign_of,
)
from handlers.providers.postmark.suppression import PostmarkApi, StreamSuppressions
from resolutions.bounce import BounceEvent, Kind, Permanence, SmtpReply, Verdict
from resolutions.mail.failure import Failure
from resolutions.mail.read import read
from resolutions.mail.text.smtp import host_in
from resolutions.reason import Reason

HARD = Permanence.PERMANENT
SOFT = Permanence.TRANSIENT
NO_BOUNCE = Verdict(kind=Kind.NOT_A_BOUNCE)

TYPES = {
    "HardBounce": Verdict(permanence=HARD, reason=Reason.BAD_MAILBOX),
    "Transient": Verdict(kind=Kind.DEFERRAL, permanence=SOFT),  # Postmark tries again
    "Unsubscribe": NO_BOUNCE,
    "Subscribe": NO_BOUNCE,
    "AutoResponder": Verdict(kind=Kind.AUTO_REPLY),
    "AddressChange": NO_BOUNCE,
    "DnsError": Verdict(permanence=SOFT, reason=Reason.ROUTING_ERRORS),
    "SpamNotification": Verdict(permanence=HARD, reason=Reason.SPAM_RELATED),
    "OpenRelayTest": NO_BOUNCE,
    "Unknown": Verdict(),
    "SoftBounce": Verdict(permanence=SOFT),
    "VirusNotification": Verdict(permanence=HARD, reason=Reason.VIRUS_RELATED),
    "ChallengeVerification": Verdict(reason=Reason.CHALLENGE_RESPONSE),
    "BadEmailAddress": Verdict(kind=Kind.REJECTED, permanence=HARD, reason=Reason.BAD_MAILBOX),
    "SpamComplaint": Verdict(kind=Kind.COMPLAINT, permanence=HARD, reason=Reason.SPAM_RELATED),
    "ManuallyDeactivated": Verdict(
        kind=Kind.REJECTED, permanence=HARD, reason=Reason.SUPPRESSED, authoritative=True
    ),
    "Unconfirmed": Verdict(  # our own account may not send yet
        kind=Kind.REJECTED, permanence=HARD, reason=Reason.RELAYING_ISSUES, authoritative=True
    ),
    "Blocked": Verdict(reason=Reason.POLICY_RELATED),
    "SMTPApiError": Verdict(  # our own call was wrong
        kind=Kind.REJECTED, permanence=HARD, reason=Reason.PROTOCOL_ERRORS, authoritative=True
    ),
    "InboundError": NO_BOUNCE,
    "DMARCPolicy": Verdict(permanence=HARD, reason=Reason.AUTHENTICATION_FAILURE),
    "TemplateRenderingFailed": Verdict(
        kind=Kind.REJECTED, permanence=HARD, reason=Reason.CONTENT_RELATED, authoritative=True
    ),
}
"""`Type` → what it means where the reply is silent.
https://postmarkapp.com/developer/api/bounce-api#bounce-types"""

CODES = {
    "1": "HardBounce",
    "2": "Transient",
    "16": "Unsubscribe",
    "32": "Subscribe",
    "64": "AutoResponder",
    "128": "AddressChange",
    "256": "DnsError",
    "512": "SpamNotification",
    "1024": "OpenRelayTest",
    "2048": "Unknown",
    "4096": "SoftBounce",
    "8192": "VirusNotification",
    "16384": "ChallengeVerification",
    "100000": "BadEmailAddress",
    "100001": "SpamComplaint",
    "100002": "ManuallyDeactivated",
    "100003": "Unconfirmed",
    "100006": "Blocked",
    "100007": "SMTPApiError",
    "100008": "InboundError",
    "100009": "DMARCPolicy",
    "100010": "TemplateRenderingFailed",
}
"""`TypeCode` → `Type`."""

NO_FAILURE = frozenset({"Open", "Click", "SubscriptionChange", "Inbound"})
"""Records of `RecordType` that tell of no mail that did not arrive, nor of any that did.
https://postmarkapp.com/developer/webhooks/webhooks-overview"""

_BY_WORD = {name.lower(): name for name in TYPES} | CODES


class Record(BaseModel):
    """The fields of a bounce or complaint that are read; Postmark sends more."""

    record_type: Text = Field("", alias="RecordType")  # old records have none: bounces
    id: Text = Field("", alias="ID")  # an integer beyond 2^53
    type: Text = Field("", alias="Type")
    type_code: Text = Field("", alias="TypeCode")
    email: Text = Field("", alias="Email")
    recipient: Text = Field("", alias="Recipient")  # of a delivery
    sender: Text = Field("", alias="From")
    message_id: Text = Field("", alias="MessageID")
    bounced_at: Any = Field(None, alias="BouncedAt")
    delivered_at: Any = Field(None, alias="DeliveredAt")
    details: Text = Field("", alias="Details")
    content: Any = Field(None, alias="Content")  # a mail, if the webhook is to hold it
    subject: Text = Field("", alias="Subject")
    tag: Text = Field("", alias="Tag")
    stream: Text = Field("", alias="MessageStream")
    can_activate: Text = Field("", alias="CanActivate")
    metadata: Object = Field(default_factory=dict, alias="Metadata")

    @property
    def verdict(self) -> Verdict:
        """What the type means; a type without a name goes by its number."""
        if self.record_type == "SpamComplaint":
            return Postmark.verdict_of("SpamComplaint")
        by_name = Postmark.verdict_of(self.type)
        if self.type.lower() in _BY_WORD or self.type_code not in CODES:
            return by_name
        return replace(Postmark.verdict_of(self.type_code), word=self.type or self.type_code)

    @property
    def reply(self) -> tuple[SmtpReply, str]:
        """What the receiving server said, and its name; from the dump if the details are empty."""
        if self.details:
            return Failure(text=self.details).reply, host_in(self.details)
        dump = self.content.encode("utf-8", "replace") if isinstance(self.content, str) else b""
        for report in read(dump) if dump else ():
            if report.kind in {Kind.BOUNCE, Kind.DEFERRAL}:
                return report.reply, report.remote_host
        return SmtpReply(), ""


class Postmark(Provider):
    """One Postmark server."""

    name = "postmark"
    refused = 403  # anything else, and Postmark tries again for hours

    class Settings(AccessSettings):
        """`user` and `password` as in the webhook's URL, or `secrets` in a header of one's own."""

        api: PostmarkApi | None = None

    settings: Settings

    async def authenticate(self, request: WebhookRequest) -> None:
        """Check the password, or the secret header."""
        check_access(request.headers, self.settings)

    def parse(self, request: WebhookRequest) -> Parsed:
        """Return the bounce, complaint or delivery; the other known records are ignored.

        ValueError for a record that nobody has described yet: it may be a new kind of bounce.
        """
        element = request.json()
        record = Record.model_validate(element)
        if record.record_type == "Delivery":
            return Parsed(delivered=[self._delivered(request, record, element)])
        if record.record_type in NO_FAILURE:
            return Parsed()
        if record.record_type not in {"", "Bounce", "SpamComplaint"}:
            raise ValueError(f"a record of the unknown type {record.record_type!r}")
        verdict = record.verdict
        if verdict.kind in {Kind.NOT_A_BOUNCE, Kind.AUTO_REPLY}:
            return Parsed()
        return Parsed(events=[self._event(request, record, element, verdict)])

    @classmethod
    def verdict_of(cls, word: str) -> Verdict:
        """Return what a `Type` means; its number will do too."""
        name = _BY_WORD.get(word.lower())
        return replace(TYPES[name], word=name) if name else Verdict.unknown(word)

    @property
    def suppressing(self) -> "StreamSuppressions | None":
        """The suppressions of the message stream."""
        return StreamSuppressions(self.settings.api, self.outgoing) if self.settings.api else None

    def _delivered(self, request: WebhookRequest, record: Record, element: Any) -> Delivered:
        when = record.delivered_at
        to = record.recipient
        if not to:
            raise ValueError("a delivery without a recipient")
        return Delivered(
            source=request.source,
            event_id=composite_key(
                request.source, record.message_id, to.lower(), "Delivery", str(when)
            ),
            recipient=to,
            occurred_at=moment(when),
            provider_message_id=record.message_id,
            campaign=campaign_of(self.settings, element, record.tag),
        )

    def _event(
        self, request: WebhookRequest, record: Record, element: Any, verdict: Verdict
    ) -> BounceEvent:
        reply, remote_host = record.reply
        about = {"can_reactivate": record.can_activate.lower(), "message_stream": record.stream}
        return BounceEvent(
            source=request.source,
            provider=self.name,
            event_id=record.id or _composite(request.source, record),
            kind=verdict.kind,
            permanence=verdict.permanence,
            recipient=record.email,
            occurred_at=moment(record.bounced_at),
            reply=reply,
            remote_host=remote_host,
            provider_message_id=record.message_id,
            from_domain=domain_in(record.sender),
            subject=record.subject,
            campaign=campaign_of(self.settings, element, record.tag),
            tags=(record.tag,) if record.tag else (),
            metadata={**metadata_of(record.metadata), **about},
            verdict=verdict,
            raw=_raw(element),
        )


def _composite(source: str, record: Record) -> str:
    return composite_key(
        source, record.message_id, record.email.lower(), record.type, str(record.bounced_at)
    )


def _raw(element: dict[str, Any]) -> str:
    """Return the record without its dump: that holds the text of the message."""
    kept = {name: value for name, value in element.items() if name != "Content"}
    return json.dumps(kept, ensure_ascii=False)
