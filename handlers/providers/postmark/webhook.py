"""Postmark's bounce webhook, and the suppressions of one message stream.

Postmark does not sign its webhooks; each one carries the user name and password that were written
into its URL, or a header of one's own.
https://postmarkapp.com/developer/webhooks/bounce-webhook
"""

import json
from dataclasses import replace
from typing import Any
from urllib.parse import quote, urlencode

from pydantic import BaseModel, ConfigDict, Field

from handlers.errors import PermanentError
from handlers.http.authentication import Secret, check_access
from handlers.http.outgoing import Answer, Call, Outgoing
from handlers.http.payload import (
    Object,
    Text,
    composite_key,
    domain_in,
    metadata_of,
    moment,
    object_of,
    text_at,
    text_in,
)
from handlers.provider import (
    AccessSettings,
    Delivered,
    Parsed,
    Provider,
    Suppression,
    WebhookRequest,
    campaign_of,
)
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
        kind=Kind.REJECTED, permanence=HARD, reason=Reason.SUPPRESSED, fact=True
    ),
    "Unconfirmed": Verdict(  # our own account may not send yet
        kind=Kind.REJECTED, permanence=HARD, reason=Reason.RELAYING_ISSUES, fact=True
    ),
    "Blocked": Verdict(reason=Reason.POLICY_RELATED),
    "SMTPApiError": Verdict(  # our own call was wrong
        kind=Kind.REJECTED, permanence=HARD, reason=Reason.PROTOCOL_ERRORS, fact=True
    ),
    "InboundError": NO_BOUNCE,
    "DMARCPolicy": Verdict(permanence=HARD, reason=Reason.AUTHENTICATION_FAILURE),
    "TemplateRenderingFailed": Verdict(
        kind=Kind.REJECTED, permanence=HARD, reason=Reason.CONTENT_RELATED, fact=True
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

MANUAL = "ManualSuppression"


class Api(BaseModel):
    """`[sources.X.api]`: the API of one server, and the message stream whose list is changed."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    token: Secret
    stream: str = Field("outbound", pattern=r"^[A-Za-z0-9_-]+$")
    base_url: str = "https://api.postmarkapp.com"
    allow_private: bool = False


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

        api: Api | None = None

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
        known = _BY_WORD.get(word.lower())
        return replace(TYPES[known], word=known) if known else Verdict.unknown(word)

    @property
    def suppressing(self) -> "_Stream | None":
        """The suppressions of the message stream."""
        return _Stream(self.settings.api, self.outgoing) if self.settings.api else None

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


class _Stream:
    """The suppressions of one message stream.

    Postmark applies a change within about a minute, so what was just added is not read back. Its
    time is unknown then, and left out of entries of this kind for good, or they would differ.
    https://postmarkapp.com/developer/api/suppressions-api
    """

    def __init__(self, api: Api, outgoing: Outgoing) -> None:
        self.suppression_list = f"the Postmark suppressions of the message stream {api.stream}"
        self.stops = f"all mail of the message stream {api.stream}"
        self._api = api
        self._outgoing = outgoing
        self._path = f"message-streams/{quote(api.stream, safe='')}/suppressions"

    async def suppression_of(self, recipient: str) -> Suppression | None:
        """Return the entry of an address; one that the person caused comes before others."""
        query = urlencode({"EmailAddress": recipient}, errors="replace")
        answer = await self._send("GET", f"{self._path}/dump?{query}")
        entries = [self._entry(recipient, item) for item in _items(answer, recipient)]
        return next(iter(sorted(entries, key=lambda entry: not entry.by_person)), None)

    async def suppress(self, recipient: str, *, complaint: bool = False) -> Suppression:
        """Add the address by hand, as Postmark calls it.

        A complaint too: Postmark alone notes one as such, by itself and before it tells of it.
        """
        await self._change("", recipient, "Suppressed")
        return Suppression(recipient=recipient, list=self._api.stream, cause=MANUAL)

    async def unsuppress(self, recipient: str) -> None:
        """Remove the address; Postmark refuses after a spam complaint.

        Removing a hard bounce activates the bounce too, so no second call is needed.
        """
        await self._change("/delete", recipient, "Deleted")

    async def _change(self, path: str, recipient: str, wanted: str) -> None:
        body = {"Suppressions": [{"EmailAddress": recipient}]}
        answer = await self._send("POST", self._path + path, json=body)
        for item in _items(answer, recipient):
            if text_at(item, "Status") == wanted:
                return
            raise PermanentError(f"Postmark: {text_at(item, 'Message') or 'the change failed'}")
        raise PermanentError("Postmark's answer does not say what became of the address")

    def _entry(self, recipient: str, item: Any) -> Suppression:
        cause, origin = text_at(item, "SuppressionReason"), text_at(item, "Origin")
        ours = cause == MANUAL and origin == "Customer"
        return Suppression(
            recipient=recipient,
            list=self._api.stream,
            cause=cause,
            since="" if ours else text_at(item, "CreatedAt"),
            by_person=cause == "SpamComplaint" or (cause == MANUAL and origin == "Recipient"),
        )

    async def _send(self, method: str, path: str, json: Any = None) -> Answer:
        call = Call(
            method=method,
            url=f"{self._api.base_url.rstrip('/')}/{path}",
            headers={
                "Accept": "application/json",
                "X-Postmark-Server-Token": self._api.token.get_secret_value(),
            },
            json=json,
            expected=(401, 404, 422),
            allow_private=self._api.allow_private,
        )
        answer = await self._outgoing.send(call)
        if answer.status >= 400:
            said = text_in(answer.body, "Message") or f"answered {answer.status}"
            raise PermanentError(f"Postmark: {said}")
        return answer


def _items(answer: Answer, recipient: str) -> list[Any]:
    """Return the parts of an answer that are about the address."""
    items = object_of(answer.json()).get("Suppressions")
    return [
        item
        for item in (items if isinstance(items, list) else [])
        if text_at(item, "EmailAddress").lower() == recipient.lower()
    ]
