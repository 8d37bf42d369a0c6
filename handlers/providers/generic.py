"""Any sender of JSON, its fields named in the configuration.

[sources.mailer]
provider = "generic"
secrets = ["…"]                       # Authorization: Bearer …; or user and password
# signature_header = "X-Signature"    # then the secrets are keys: hex HMAC-SHA256 of the body

[sources.mailer.fields]               # dotted paths; a number is a place in a list
items = "events"                      # the list; without it the body is one, or a single event
recipient = "to.address"              # the only one that must be there
text = "smtp.response"                # what the receiving server said
occurred_at = "at"                    # Unix seconds or milliseconds, or ISO 8601
kind = "type"

[sources.mailer.kinds]                # the words of `kind`, where they are not understood anyway
perm_failure = "hard"                 # hard, soft, bounce, rejected, deferral, complaint,
queued = "ignore"                     # suppressed, delivered or ignore
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from handlers.http.authentication import check_access, check_basic_auth, check_hmac
from handlers.http.payload import (
    composite_key,
    domain_in,
    look_up,
    metadata_of,
    moment,
    text_at,
    words_of,
)
from handlers.provider import (
    AccessSettings,
    Delivered,
    Parsed,
    Provider,
    Unusable,
    WebhookRequest,
    campaign_of,
)
from resolutions.bounce import BounceEvent, Kind, Permanence, SmtpReply, Verdict
from resolutions.mail.failure import Failure
from resolutions.mail.text.smtp import host_in
from resolutions.reason import Reason

Meaning = Literal[
    "hard",
    "soft",
    "bounce",
    "rejected",
    "deferral",
    "complaint",
    "suppressed",
    "delivered",
    "ignore",
]

MEANINGS: dict[str, Verdict] = {
    "hard": Verdict(permanence=Permanence.PERMANENT),
    "soft": Verdict(permanence=Permanence.TRANSIENT),
    "bounce": Verdict(),
    "rejected": Verdict(kind=Kind.REJECTED, permanence=Permanence.PERMANENT),
    "deferral": Verdict(kind=Kind.DEFERRAL, permanence=Permanence.TRANSIENT),
    "complaint": Verdict(kind=Kind.COMPLAINT, permanence=Permanence.PERMANENT),
    "suppressed": Verdict(
        kind=Kind.REJECTED,
        permanence=Permanence.PERMANENT,
        reason=Reason.SUPPRESSED,
        authoritative=True,
    ),
    "delivered": Verdict(kind=Kind.DELIVERED),
    "ignore": Verdict(kind=Kind.NOT_A_BOUNCE),
}

SYNONYMS: dict[str, Meaning] = {
    "bounced": "bounce",
    "failed": "bounce",
    "failure": "bounce",
    "hard bounce": "hard",
    "permanent": "hard",
    "soft bounce": "soft",
    "transient": "soft",
    "temporary": "soft",
    "dropped": "rejected",
    "reject": "rejected",
    "deferred": "deferral",
    "delayed": "deferral",
    "delay": "deferral",
    "spam": "complaint",
    "complained": "complaint",
    "spam complaint": "complaint",
    "suppression": "suppressed",
    "delivery": "delivered",
    "sent": "ignore",
    "accepted": "ignore",
    "processed": "ignore",
    "open": "ignore",
    "opened": "ignore",
    "click": "ignore",
    "clicked": "ignore",
    "unsubscribe": "ignore",
    "unsubscribed": "ignore",
}
"""Words that most senders use in one sense; `kinds` of the source comes before."""

Path = Annotated[str, Field(pattern=r"^[^.]+(\.[^.]+)*$", max_length=200)]


class Fields(BaseModel):
    """`[sources.X.fields]`: where an event's fields are, as dotted paths into the element."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    items: Path | None = None
    recipient: Path
    kind: Path | None = None
    text: Path | None = None
    code: Path | None = None
    status: Path | None = None
    remote_host: Path | None = None
    event_id: Path | None = None
    message_id: Path | None = None
    provider_message_id: Path | None = None
    campaign: Path | None = None
    subject: Path | None = None
    sender: Path | None = None
    tags: Path | None = None
    metadata: Path | None = None
    occurred_at: Path | None = None


@dataclass(frozen=True, slots=True)
class _Element:
    """One event as it came, asked by the names of `Fields`."""

    value: dict[str, Any]
    fields: Fields

    def at(self, name: str) -> Any:
        path = getattr(self.fields, name)
        return look_up(self.value, path) if path else None

    def text(self, name: str) -> str:
        path = getattr(self.fields, name)
        return text_at(self.value, path).strip() if path else ""

    @property
    def raw(self) -> str:
        return json.dumps(self.value, ensure_ascii=False)


class Generic(Provider):
    """A sender whose JSON is described in the configuration."""

    name = "generic"

    class Settings(AccessSettings):
        """See the head of this module, and `Fields`."""

        fields: Fields
        kinds: dict[str, Meaning] = Field(default_factory=dict)
        signature_header: str = Field("", pattern=r"^[A-Za-z0-9-]*$")

        @field_validator("kinds")
        @classmethod
        def _alike(cls, kinds: dict[str, Meaning]) -> dict[str, Meaning]:
            return {_word(word): meaning for word, meaning in kinds.items()}

        @model_validator(mode="after")
        def _signature_has_keys(self) -> Self:
            if self.signature_header and not self.secrets:
                raise ValueError("signature_header needs secrets: the keys that sign")
            return self

    settings: Settings

    async def authenticate(self, request: WebhookRequest) -> None:
        """Check the signature if there is to be one, else the password or the secret."""
        if not self.settings.signature_header:
            check_access(request.headers, self.settings)
            return
        if self.settings.password is not None:
            check_basic_auth(request.headers, self.settings.user, self.settings.password)
        given = request.headers.get(self.settings.signature_header.lower(), "").strip().lower()
        check_hmac(request.body, given.removeprefix("sha256="), self.settings.secrets)

    def parse(self, request: WebhookRequest) -> Parsed:
        """Return the events; an element that is not understood harms no other."""
        parsed = Parsed()
        for value in _elements(request.json(), self.settings.fields.items):
            try:
                self._take(request, value, parsed)
            except (ValueError, LookupError, TypeError) as error:
                body = json.dumps(value, ensure_ascii=False).encode("utf-8", "replace")
                parsed.unusable.append(Unusable.of(body, error))
        return parsed

    @classmethod
    def verdict_of(cls, word: str) -> Verdict:
        """Return what a word of `kinds`, or one that most senders use, means."""
        plain = _word(word)
        meaning: str = SYNONYMS.get(plain) or plain
        verdict = MEANINGS.get(meaning)
        return replace(verdict, word=word) if verdict else Verdict.unknown(word)

    def _take(self, request: WebhookRequest, value: Any, parsed: Parsed) -> None:
        if not isinstance(value, dict):
            raise TypeError("the event is not an object")
        element = _Element(value, self.settings.fields)
        verdict = self._verdict(element)
        if verdict.kind is Kind.NOT_A_BOUNCE:
            return
        if not element.text("recipient"):
            raise ValueError(f"no recipient at {self.settings.fields.recipient!r}")
        if verdict.kind is Kind.DELIVERED:
            parsed.delivered.append(self._delivered(request, element))
        else:
            parsed.events.append(self._event(request, element, verdict))

    def _verdict(self, element: _Element) -> Verdict:
        """Return what an event's word means; one that nobody explained is worth a look."""
        word = element.text("kind")
        if not word:
            return MEANINGS["delivered" if _reply(element).code.startswith("2") else "bounce"]
        plain = _word(word)
        meaning: str = self.settings.kinds.get(plain) or SYNONYMS.get(plain) or plain
        if meaning not in MEANINGS:
            raise ValueError(f"the kind {word[:80]!r} is unknown: name it in the source's [kinds]")
        return replace(MEANINGS[meaning], word=word)

    def _delivered(self, request: WebhookRequest, element: _Element) -> Delivered:
        return Delivered(
            source=request.source,
            event_id=_event_id(request.source, element),
            recipient=element.text("recipient"),
            occurred_at=_occurred_at(request, element),
            message_id=element.text("message_id"),
            provider_message_id=element.text("provider_message_id"),
            campaign=campaign_of(self.settings, element.value, element.text("campaign")),
        )

    def _event(self, request: WebhookRequest, element: _Element, verdict: Verdict) -> BounceEvent:
        reply = _reply(element)
        return BounceEvent(
            source=request.source,
            provider=self.name,
            event_id=_event_id(request.source, element),
            kind=verdict.kind,
            permanence=verdict.permanence,
            recipient=element.text("recipient"),
            occurred_at=_occurred_at(request, element),
            reply=reply,
            remote_host=element.text("remote_host") or host_in(reply.text),
            message_id=element.text("message_id"),
            provider_message_id=element.text("provider_message_id"),
            from_domain=domain_in(element.text("sender")),
            subject=element.text("subject"),
            campaign=campaign_of(self.settings, element.value, element.text("campaign")),
            tags=tuple(words_of(element.at("tags"))),
            metadata=metadata_of(element.at("metadata")),
            verdict=verdict if verdict.word else None,
            raw=element.raw,
        )


def _word(word: str) -> str:
    """Return a word as it is compared: HARD_BOUNCE and hard-bounce are the same.

    >>> _word("HARD_BOUNCE")
    'hard bounce'
    """
    return " ".join(word.lower().replace("_", " ").replace("-", " ").split())


def _elements(body: Any, items: str | None) -> Iterator[Any]:
    """Yield the elements: those of the list, or the one object that stands in its place."""
    events = look_up(body, items) if items else body
    if not isinstance(events, list | dict):
        raise TypeError(f"no events at {items!r}" if items else "the body holds no event")
    yield from events if isinstance(events, list) else [events]


def _reply(element: _Element) -> SmtpReply:
    text, code, status = (element.text(name) for name in ("text", "code", "status"))
    return Failure(text=text, code=code, status=status).reply


def _occurred_at(request: WebhookRequest, element: _Element) -> Any:
    value = element.at("occurred_at")
    return request.received_at if value in (None, "") else moment(value)


def _event_id(source: str, element: _Element) -> str:
    """Return the sender's id, else one made of what tells events apart.

    Where no time tells them apart the whole element does: the time of receipt would not be the
    same when the sender tries again.
    """
    if given := element.text("event_id"):
        return given
    message_id = element.text("provider_message_id") or element.text("message_id")
    time = element.text("occurred_at") or element.raw
    recipient = element.text("recipient").lower()
    return composite_key(source, message_id, recipient, element.text("kind"), time)
