"""SendGrid's event webhook and its suppression lists.

SendGrid signs time and body with ECDSA (P-256); events come in batches of mixed kinds. A bounce
cannot be added by hand: what marks an address as inactive is an unsubscribe, global or of a group.
https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/event
"""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, Field, field_validator

from handlers.errors import SignatureError
from handlers.http.authentication import check_age, signature_of, signing_time
from handlers.http.outgoing import Outgoing
from handlers.http.payload import Text, composite_key, metadata_of, moment, text_of, words_of
from handlers.provider import (
    Clock,
    Delivered,
    Parsed,
    Provider,
    SourceSettings,
    Suppresses,
    Unusable,
    WebhookRequest,
    campaign_of,
)
from handlers.providers.sendgrid.suppression import SendGridApi, SuppressionLists
from resolutions.bounce import BounceEvent, Kind, Permanence, SmtpReply, Verdict
from resolutions.reason import Reason
from resolutions.rules.reply import read_reply

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey

WINDOW = timedelta(hours=25)
"""How old a signature may be: SendGrid tries again for a day."""

AHEAD = timedelta(hours=1)
"""How far our clock may be behind SendGrid's."""

_DROPPED = Verdict(kind=Kind.REJECTED, permanence=Permanence.PERMANENT)
_SUPPRESSED = replace(_DROPPED, reason=Reason.SUPPRESSED, authoritative=True)

EVENTS = {
    "bounce": Verdict(permanence=Permanence.PERMANENT),
    "blocked": Verdict(),  # not on the bounce list, so that only the reply tells whether it stays
    "dropped": _DROPPED,
    "deferred": Verdict(kind=Kind.DEFERRAL, permanence=Permanence.TRANSIENT),
    "spamreport": Verdict(kind=Kind.COMPLAINT, permanence=Permanence.PERMANENT),
}
"""`type` of a bounce, else `event`; all other events are no failures."""

CLASSES = {
    "invalid": Verdict(reason=Reason.BAD_MAILBOX),
    "mailbox unavailable": Verdict(reason=Reason.INACTIVE_MAILBOX),
    "technical": Verdict(reason=Reason.BAD_CONFIGURATION),
    "content": Verdict(reason=Reason.CONTENT_RELATED),
    "reputation": Verdict(reason=Reason.BLOCKED_IP),
    "frequency": Verdict(reason=Reason.RATE_LIMITED),
    "unclassified": Verdict(),
}
"""How `bounce_classification` begins; its spelling differs between API, pages and webhook."""

DROPS = {
    "bounced address": _SUPPRESSED,
    "unsubscribed address": _SUPPRESSED,
    "spam reporting address": _SUPPRESSED,
    "invalid smtpapi header": replace(_DROPPED, reason=Reason.PROTOCOL_ERRORS, authoritative=True),
    "spam content": replace(_DROPPED, reason=Reason.CONTENT_RELATED, authoritative=True),
    "recipient list over package quota": Verdict(
        kind=Kind.REJECTED,
        permanence=Permanence.TRANSIENT,
        reason=Reason.RATE_LIMITED,
        authoritative=True,
    ),
    "invalid": replace(_DROPPED, reason=Reason.BAD_MAILBOX, authoritative=True),
}
"""How `reason` of a dropped email begins: SendGrid's own refusal, the longer beginning first."""

_ALONE = {**DROPS, **CLASSES}
"""Classes without their event: "invalid" is then one of a bounce."""

OWN_FIELDS = frozenset(
    {
        "asm_group_id",
        "attempt",
        "bounce_classification",
        "category",
        "cert_err",
        "email",
        "event",
        "ip",
        "marketing_campaign_id",
        "marketing_campaign_name",
        "marketing_campaign_split_id",
        "marketing_campaign_version",
        "pool",
        "reason",
        "response",
        "send_at",
        "sg_content_type",
        "sg_event_id",
        "sg_machine_open",
        "sg_message_id",
        "sg_template_id",
        "sg_template_name",
        "smtp-id",
        "status",
        "timestamp",
        "tls",
        "type",
        "unique_args",
        "url",
        "url_offset",
        "useragent",
    }
)
"""SendGrid's own fields; every other one is an argument of the sender, put beside them."""


class SendGridSettings(SourceSettings):
    """`[sources.X]`: the key of the signed event webhook, several while it is changed."""

    public_key: str | tuple[str, ...] = Field(min_length=1)
    api: SendGridApi | None = None

    @field_validator("public_key")
    @classmethod
    def _as_keys(cls, value: str | tuple[str, ...]) -> tuple[str, ...]:
        keys = (value,) if isinstance(value, str) else value
        for key in keys:
            read_key(key)
        return keys


class Element(BaseModel):
    """The fields of one event that are read, whatever its kind."""

    event: Text = ""
    email: Text = ""
    timestamp: Any = None
    id: Text = Field("", alias="sg_event_id")
    message: Text = Field("", alias="sg_message_id")
    smtp_id: Text = Field("", alias="smtp-id")
    type: Text = ""
    status: Text = ""
    reason: Text = ""
    response: Text = ""
    classification: Text = Field("", alias="bounce_classification")
    category: Any = None
    campaign: Text = Field("", alias="marketing_campaign_name")

    @property
    def word(self) -> str:
        """SendGrid's own classification; a bounce by its type, a drop by its reason."""
        head = (self.type or self.event) if self.event == "bounce" else self.event
        rest = self.reason if self.event == "dropped" else self.classification
        return f"{head}/{rest}" if rest else head

    @property
    def message_id(self) -> str:
        """What the send call answered; empty for a bounce that came later, as a mail."""
        return self.message.partition(".")[0]

    @property
    def categories(self) -> list[str]:
        """The categories: one text or several."""
        return words_of(self.category if isinstance(self.category, list) else [self.category])

    @property
    def reply(self) -> SmtpReply:
        """What the receiving server said, or SendGrid itself."""
        return _reply_of(self.response or self.reason, self.status)

    def event_id(self, source: str) -> str:
        """Return the id of the event, or one made of what does not change with a repeat."""
        return self.id or composite_key(
            source, self.message, self.email.lower(), self.event, text_of(self.timestamp)
        )


class SendGrid(Provider):
    """A SendGrid account, or a subuser of one."""

    name = "sendgrid"
    refused = 403
    Settings = SendGridSettings
    settings: SendGridSettings

    def __init__(
        self, source: str, settings: SendGridSettings, outgoing: Outgoing, clock: Clock
    ) -> None:
        super().__init__(source, settings, outgoing, clock)
        self._keys = [read_key(key) for key in settings.public_key]

    async def authenticate(self, request: WebhookRequest) -> None:
        """Check the signature over time and body, and that it is fresh."""
        at = request.headers.get("x-twilio-email-event-webhook-timestamp", "")
        given = request.headers.get("x-twilio-email-event-webhook-signature", "")
        signed_at = signing_time(at)
        signature, signed = signature_of(given), at.encode() + request.body
        if not any(_fits(key, signature, signed) for key in self._keys):
            raise SignatureError("the signature does not fit the body")
        check_age(signed_at, request.received_at, WINDOW, AHEAD)

    def parse(self, request: WebhookRequest) -> Parsed:
        """Return the failures and deliveries of a batch; a bad element harms no other."""
        parsed = Parsed()
        for element, raw in request.elements():
            try:
                self._take(element, raw, parsed)
            except (ValueError, LookupError, TypeError) as error:
                body = f"[{raw}]".encode("utf-8", "surrogatepass")
                parsed.unusable.append(Unusable.of(body, error))
        return parsed

    @classmethod
    def verdict_of(cls, word: str) -> Verdict:
        """Return what "bounce/Invalid Address", "dropped/Bounced Address" or a class alone mean."""
        return _verdict_of(word)

    @property
    def suppressing(self) -> Suppresses | None:
        """Return the account's lists; None where flags stay in Bounce Desk."""
        api = self.settings.api
        if api is None or api.inactive == "store":
            return None
        return SuppressionLists(api, self.outgoing)

    def _take(self, element: Any, raw: str, parsed: Parsed) -> None:
        data = Element.model_validate(element)
        if not data.event:
            raise ValueError("an element without event")
        if data.event == "delivered":
            parsed.delivered.append(self._delivered(data, element))
        elif data.event in EVENTS:
            parsed.events.append(self._event(data, element, raw))

    def _event(self, data: Element, element: Mapping[str, Any], raw: str) -> BounceEvent:
        verdict, categories = self.verdict_of(data.word), data.categories
        own = {name: element[name] for name in element.keys() - OWN_FIELDS}
        return BounceEvent(
            source=self.source,
            provider=self.name,
            event_id=data.event_id(self.source),
            kind=verdict.kind,
            permanence=verdict.permanence,
            recipient=data.email,
            occurred_at=moment(data.timestamp),
            reply=data.reply,
            message_id=data.smtp_id,
            provider_message_id=data.message_id,
            campaign=self._campaign(data, element, categories),
            tags=tuple(categories),
            metadata=metadata_of(own),
            verdict=verdict,
            raw=raw,
        )

    def _delivered(self, data: Element, element: Mapping[str, Any]) -> Delivered:
        return Delivered(
            source=self.source,
            event_id=data.event_id(self.source),
            recipient=data.email,
            occurred_at=moment(data.timestamp),
            message_id=data.smtp_id,
            provider_message_id=data.message_id,
            campaign=self._campaign(data, element, data.categories),
        )

    def _campaign(
        self, data: Element, element: Mapping[str, Any], categories: Sequence[str]
    ) -> str:
        own = data.campaign or next(iter(categories), "")
        return campaign_of(self.settings, element, own)


@lru_cache(maxsize=256)  # a batch tells most replies many times
def _reply_of(text: str, status: str) -> SmtpReply:
    read = read_reply(SmtpReply(text, status=status))
    return SmtpReply(text, code=read.code, status=status or read.status)


@lru_cache(maxsize=256)
def _verdict_of(word: str) -> Verdict:
    head, _, rest = word.strip().lower().partition("/")
    if head not in EVENTS:  # a class alone, which may hold a slash itself
        verdict = _beginning(_ALONE, word) or _beginning(_ALONE, rest)
        return replace(verdict or Verdict(), word=word)
    if head == "dropped":
        return replace(_beginning(DROPS, rest) or _DROPPED, word=word)
    verdict = _beginning(CLASSES, rest)
    return replace(EVENTS[head], word=word, reason=verdict.reason if verdict else None)


def read_key(text: str) -> "EllipticCurvePublicKey":
    """Return the key of a PEM text, or of base64 DER as SendGrid's page shows it.

    Raises ValueError if it is no ECDSA key.
    """
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
    from cryptography.hazmat.primitives.serialization import (
        load_der_public_key,
        load_pem_public_key,
    )

    try:
        if "-----BEGIN" in text:
            key = load_pem_public_key(text.encode())
        else:
            key = load_der_public_key(base64.b64decode("".join(text.split()), validate=True))
    except (ValueError, UnsupportedAlgorithm):
        key = None
    if isinstance(key, EllipticCurvePublicKey):
        return key
    raise ValueError("no ECDSA public key: paste the one that SendGrid's settings page shows")


def _fits(key: "EllipticCurvePublicKey", signature: bytes, signed: bytes) -> bool:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
    from cryptography.hazmat.primitives.hashes import SHA256

    try:
        key.verify(signature, signed, ECDSA(SHA256()))
    except InvalidSignature:
        return False
    return True


def _beginning(table: Mapping[str, Verdict], text: str) -> Verdict | None:
    text = text.strip().lower()
    return next((verdict for start, verdict in table.items() if text.startswith(start)), None)
