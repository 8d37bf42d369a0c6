"""Mailgun's webhooks; its lists and stored copies are in `api`.

Mailgun signs a timestamp and a token with the HTTP webhook signing key (not the API key). The
body is not covered: a token serves one event only, and nothing is fetched from where it points.
https://documentation.mailgun.com/docs/mailgun/user-manual/events/webhooks
"""

import json
import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

from pydantic import BaseModel, Field

from handlers.errors import SignatureError
from handlers.http.authentication import Secret, check_age, check_hmac, signing_time
from handlers.http.payload import (
    Object,
    Text,
    addresses_in,
    composite_key,
    domain_in,
    metadata_of,
    moment,
    text_at,
    text_of,
    words_of,
)
from handlers.provider import (
    Delivered,
    Parsed,
    Provider,
    ReplayGuard,
    SourceSettings,
    WebhookRequest,
    campaign_of,
)
from handlers.providers.mailgun.api import MailgunApi, MailgunDomain
from resolutions.bounce import WORD_LIMIT, BounceEvent, Kind, Permanence, SmtpReply, Verdict
from resolutions.mail.failure import Failure
from resolutions.reason import Reason

WINDOW = timedelta(hours=9)
"""How old a signature may be: Mailgun tries again for about eight hours."""

AHEAD = timedelta(hours=1)
"""How far our clock may be behind Mailgun's."""

SEVERITIES = {
    "permanent": Verdict(kind=Kind.BOUNCE, permanence=Permanence.PERMANENT),
    "temporary": Verdict(kind=Kind.DEFERRAL, permanence=Permanence.TRANSIENT),
    "rejected": Verdict(kind=Kind.REJECTED, permanence=Permanence.PERMANENT),
    "complained": Verdict(kind=Kind.COMPLAINT, permanence=Permanence.PERMANENT),
    "delivered": Verdict(kind=Kind.DELIVERED),
}
"""`severity` of a failed event, or the event itself. A deferral is tried again by Mailgun."""

_SUPPRESSED = Verdict(
    kind=Kind.REJECTED,
    permanence=Permanence.PERMANENT,
    reason=Reason.SUPPRESSED,
    authoritative=True,
)
_TOO_OLD = Verdict(
    permanence=Permanence.PERMANENT, reason=Reason.MESSAGE_EXPIRED, authoritative=True
)

WORDS = {
    **dict.fromkeys(("suppress-bounce", "suppress-unsubscribe", "suppress-complaint"), _SUPPRESSED),
    **dict.fromkeys(("605", "606", "607"), _SUPPRESSED),
    **dict.fromkeys(("old", "602"), _TOO_OLD),
    "498": Verdict(reason=Reason.DOMAIN_NOT_FOUND),  # "No MX for …"
    "499": Verdict(reason=Reason.NO_ANSWER_FROM_HOST),
    "greylisted": Verdict(reason=Reason.RATE_LIMITED),
    "espblock": Verdict(reason=Reason.POLICY_RELATED),
    "hard": Verdict(permanence=Permanence.PERMANENT, reason=Reason.BAD_MAILBOX),
    "soft": Verdict(permanence=Permanence.TRANSIENT),
    "bounce": Verdict(),
    "generic": Verdict(),
}
"""`reason`, `delivery-status.bounce-type` and Mailgun's own codes, the most telling first."""

REPLY_CODE = re.compile(r"(?!498|499)[245]\d\d")
"""The code of an SMTP reply; 498, 499 and those from 600 on are Mailgun's own."""


class EventData(BaseModel):
    """The fields of `event-data` that are read; Mailgun sends more."""

    event: Text = Field(min_length=1)
    id: Text = ""
    timestamp: Any = None
    recipient: Text = ""
    severity: Text = ""
    reason: Text = ""
    status: Object = Field(default_factory=dict, alias="delivery-status")
    message: Object = Field(default_factory=dict)
    envelope: Object = Field(default_factory=dict)
    storage: Object = Field(default_factory=dict)
    reject: Object = Field(default_factory=dict)
    tags: Any = None
    campaigns: Any = None
    variables: Object = Field(default_factory=dict, alias="user-variables")

    def header(self, name: str) -> str:
        """Return a header of the message, empty if it was not sent along."""
        return text_at(self.message, f"headers.{name}")

    @property
    def message_id(self) -> str:
        """The Message-ID without its brackets, as Mailgun tells it."""
        return self.header("message-id").strip("<>")

    @property
    def reply(self) -> SmtpReply:
        """What the receiving server said, or Mailgun in its place."""
        replied = (self.status.get(name) for name in ("message", "description"))
        rejected = (self.reject.get(name) for name in ("description", "reason"))
        code = text_at(self.status, "code")
        return Failure(
            text=next(filter(None, map(text_of, (*replied, *rejected))), ""),
            code=code if REPLY_CODE.fullmatch(code) else "",
            status=text_at(self.status, "enhanced-code"),
        ).reply

    @property
    def word(self) -> str:
        """Mailgun's own classification in one word; its codes only where no server replied."""
        code = text_at(self.status, "code")
        words = (
            self.severity if self.event == "failed" else self.event,
            self.reason,
            text_at(self.status, "bounce-type"),
            "" if REPLY_CODE.fullmatch(code) or code == "0" else code,
        )
        return "/".join(filter(None, words))

    @property
    def beside_reply(self) -> dict[str, str]:
        """What Mailgun tells beside the reply: the IP address that the mail left from."""
        ip = text_at(self.envelope, "sending-ip")
        return {"sending_ip": ip} if ip else {}

    @property
    def recipients(self) -> list[str]:
        """The recipient; a rejected message names none, so all it was addressed to."""
        if recipients := [self.recipient] if self.recipient else addresses_in(self.header("to")):
            return recipients
        raise ValueError("an event without a recipient")


class Mailgun(Provider):
    """One Mailgun account (or one of its domains)."""

    name = "mailgun"
    refused = 406  # anything else, and Mailgun tries again for hours

    class Settings(SourceSettings):
        """`secrets` are HTTP webhook signing keys, several while they are rotated."""

        secrets: list[Secret] = Field(min_length=1)
        api: MailgunApi | None = None

    settings: Settings

    async def authenticate(self, request: WebhookRequest) -> None:
        """Check the HMAC over timestamp and token, and that it is fresh."""
        body = request.json()
        timestamp = text_at(body, "signature.timestamp")
        token, given = text_at(body, "signature.token"), text_at(body, "signature.signature")
        if not (timestamp and token and given):
            raise SignatureError("no signature")
        check_hmac((timestamp + token).encode(), given, self.settings.secrets)
        check_age(signing_time(timestamp), request.received_at, WINDOW, AHEAD)

    def parse(self, request: WebhookRequest) -> Parsed:
        """Return the one event of a webhook; those that are no failure are ignored."""
        body = request.json()
        element = body["event-data"]
        data = EventData.model_validate(element)
        guard = ReplayGuard(
            token=text_at(body, "signature.token"),
            event_id=_event_id(request.source, data),
            window=WINDOW + AHEAD,
        )
        if data.event == "delivered":
            return Parsed(delivered=[self._delivered(request, data, element)], replay=guard)
        if data.event not in {"failed", "rejected", "complained"}:
            return Parsed(replay=guard)
        event = self._event(request, data, element)
        events = [replace(event, recipient=recipient) for recipient in data.recipients]
        return Parsed(events=events, replay=guard)

    @classmethod
    def verdict_of(cls, word: str) -> Verdict:
        """Return what severity, reason, bounce type or code mean, alone or joined by slashes."""
        parts = word.lower().replace("failed/", "").split("/")
        base = next((SEVERITIES[part] for part in parts if part in SEVERITIES), None)
        own = next((WORDS[name] for name in WORDS if name in parts), None)
        if own is None:
            return replace(base or Verdict(), word=word)
        if own.authoritative or base is None:
            return replace(own, word=word)
        return replace(base, word=word, reason=own.reason)

    @property
    def suppressing(self) -> "MailgunDomain | None":
        """The suppression lists of the domain."""
        return MailgunDomain(self.settings.api, self.outgoing) if self.settings.api else None

    @property
    def resending(self) -> "MailgunDomain | None":
        """The stored copies of the domain."""
        return self.suppressing

    def _delivered(self, request: WebhookRequest, data: EventData, element: Any) -> Delivered:
        return Delivered(
            source=request.source,
            event_id=_event_id(request.source, data),
            recipient=data.recipients[0],
            occurred_at=moment(data.timestamp),
            message_id=data.message_id and f"<{data.message_id}>",
            provider_message_id=data.message_id,
            campaign=campaign_of(self.settings, element, _campaign(data)),
        )

    def _event(self, request: WebhookRequest, data: EventData, element: Any) -> BounceEvent:
        verdict = self.verdict_of(data.word)
        return BounceEvent(
            source=request.source,
            provider=self.name,
            event_id=_event_id(request.source, data),
            kind=verdict.kind,
            permanence=verdict.permanence,
            recipient=data.recipients[0],
            occurred_at=moment(data.timestamp),
            reply=data.reply,
            remote_host=text_at(data.status, "mx-host"),
            message_id=data.message_id and f"<{data.message_id}>",
            provider_message_id=data.message_id,
            from_domain=domain_in(data.header("from"), text_at(data.envelope, "sender")),
            subject=data.header("subject"),
            campaign=campaign_of(self.settings, element, _campaign(data)),
            tags=tuple(words_of(data.tags)),
            metadata={**metadata_of(data.variables), **data.beside_reply},
            verdict=verdict,
            stored_copy=text_at(data.storage, "key"),
            raw=json.dumps(element, ensure_ascii=False),
        )


def _event_id(source: str, data: EventData) -> str:
    """Return the id with the time, for Mailgun's ids are unique only within a day."""
    if data.id:
        return f"{data.id[:WORD_LIMIT]}-{text_of(data.timestamp)}"
    to, when = data.recipient.lower(), text_of(data.timestamp)
    return composite_key(source, data.message_id, to, data.event, when)


def _campaign(data: EventData) -> str:
    return next(iter([*words_of(data.campaigns), *words_of(data.tags)]), "")
