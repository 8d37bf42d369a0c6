"""A bounce as it was reported: what the provider said, cleaned, before anybody judges it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from enum import StrEnum
from operator import attrgetter
from typing import Any, Self

from resolutions.reason import Reason

TEXT_LIMIT = 8_192
"""Characters of a reply that are kept; the element as received is kept apart, in `raw`."""

WORD_LIMIT = 998
"""Characters of any other field: the longest line of RFC 5322, section 2.1.1."""

EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
LATEST = datetime(2100, 1, 1, tzinfo=UTC)


class Kind(StrEnum):
    """What is reported. Only the first three are emails that did not arrive (yet)."""

    BOUNCE = "bounce"
    REJECTED = "rejected"  # refused by our own provider: it never left
    DEFERRAL = "deferral"  # the server still retries
    COMPLAINT = "complaint"
    AUTO_REPLY = "auto-reply"
    DELIVERED = "delivered"
    NOT_A_BOUNCE = "not-a-bounce"


class Permanence(StrEnum):
    """Whether the same attempt could succeed later; "hard" and "soft" are for display only."""

    PERMANENT = "permanent"
    TRANSIENT = "transient"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class SmtpReply:
    """What the refusing server said.

    `text` is the diagnostic as given, newlines kept; `code` the reply code (RFC 5321, 4.2) and
    `status` the enhanced status code (RFC 3463), either may be empty; `command` is the SMTP
    command that was refused, where the report tells.
    """

    text: str = ""
    code: str = ""
    status: str = ""
    command: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The provider's own classification, translated.

    `word` is the provider's word ("Permanent/General"). `reason` is what it means when the reply
    is silent. What is `authoritative` only the provider can know (its suppression list, its own
    expiry, a refusal of our request): it outranks the words of the reply.
    """

    word: str = ""
    kind: Kind = Kind.BOUNCE
    permanence: Permanence = Permanence.UNKNOWN
    reason: Reason | None = None
    authoritative: bool = False

    @classmethod
    def unknown(cls, word: str) -> Self:
        """Return the verdict for a word that the provider added without notice."""
        return cls(word=word)


@dataclass(frozen=True, slots=True, kw_only=True)
class BounceEvent:
    """One email that one recipient did not get (or complained of), as reported by a source.

    Every text is cleaned when the event is made, so that whatever holds one can be stored and
    shown: NUL and lone surrogates become U+FFFD, times outside 1990-2100 are moved to the bound,
    the reply is cut to 8 KB. Raises ValueError where there is no recipient, or one that holds NUL
    or another control character: it is nobody's address (RFC 5321, 4.1.2).
    """

    source: str
    provider: str
    event_id: str
    kind: Kind
    recipient: str
    occurred_at: datetime
    permanence: Permanence = Permanence.UNKNOWN
    reply: SmtpReply = SmtpReply()
    remote_host: str = ""
    message_id: str = ""
    provider_message_id: str = ""
    from_domain: str = ""
    subject: str = ""
    campaign: str = ""
    tags: tuple[str, ...] = ()
    metadata: Mapping[str, str] = field(default_factory=dict)
    verdict: Verdict | None = None
    stored_copy: str = ""
    raw: str = ""

    def __post_init__(self) -> None:
        if not self._is_clean():
            self._clean()
        if self.metadata:
            object.__setattr__(self, "metadata", _clean_metadata(self.metadata))
        if not self.recipient:
            raise ValueError("an event without a recipient")
        if _NO_ADDRESS.search(self.recipient):
            raise ValueError("a recipient with characters that no address may hold")

    def _is_clean(self) -> bool:
        """Tell whether cleaning would surely change nothing: nearly always, and told quickly."""
        return (
            bounded(self.occurred_at) is self.occurred_at
            and is_clean("".join((*_words_of(self), *self.tags)), WORD_LIMIT)
            and is_clean(self.raw, len(self.raw))
            and _clean_reply(self.reply) is self.reply
        )

    def _clean(self) -> None:
        for name in _WORDS:
            object.__setattr__(self, name, clean(getattr(self, name), WORD_LIMIT))
        object.__setattr__(self, "raw", clean(self.raw, len(self.raw)))
        object.__setattr__(self, "occurred_at", bounded(self.occurred_at))
        object.__setattr__(self, "tags", tuple(clean(tag, WORD_LIMIT) for tag in self.tags))
        object.__setattr__(self, "reply", _clean_reply(self.reply))

    @property
    def domain(self) -> str:
        """The recipient's domain in lower case, empty when the address has none."""
        return (
            self.recipient.rpartition("@")[2].lower().rstrip(">.") if "@" in self.recipient else ""
        )


_SETTERS = tuple(getattr(BounceEvent, part.name).__set__ for part in fields(BounceEvent))


def event_as_kept(*values: Any) -> BounceEvent:
    """Return an event of the values of its fields, in their order.

    They come from an event that was made before, thus are clean; thousands are read at a time.
    """
    event = object.__new__(BounceEvent)
    for set_value, value in zip(_SETTERS, values, strict=True):
        set_value(event, value)
    return event


def is_clean(text: str, limit: int) -> bool:
    """Tell whether `clean` surely returns the text as it is; only ASCII is sure."""
    return len(text) <= limit and text.isascii() and "\0" not in text


def clean(text: str, limit: int) -> str:
    """Return the text without what no database takes (NUL, lone surrogates), cut to `limit`."""
    text = text[:limit]
    if "\0" in text:
        text = text.replace("\0", "\N{REPLACEMENT CHARACTER}")
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        text = "".join(
            "\N{REPLACEMENT CHARACTER}" if "\ud800" <= character <= "\udfff" else character
            for character in text
        )
    return text


def bounded(moment: datetime) -> datetime:
    """Return the moment in UTC, moved into 1990-2100; one without a zone is taken as UTC."""
    if moment.tzinfo is UTC and EARLIEST <= moment <= LATEST:
        return moment
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    try:
        moment = moment.astimezone(UTC)
    except (OverflowError, ValueError):
        return LATEST if moment.year > EARLIEST.year else EARLIEST
    return min(max(moment, EARLIEST), LATEST)


_NO_ADDRESS = re.compile("[\x00-\x1f\x7f\N{REPLACEMENT CHARACTER}]")
_WORDS = (
    "source",
    "provider",
    "event_id",
    "recipient",
    "remote_host",
    "message_id",
    "provider_message_id",
    "from_domain",
    "subject",
    "campaign",
    "stored_copy",
)
_words_of = attrgetter(*_WORDS)


def _clean_reply(reply: SmtpReply) -> SmtpReply:
    beside = f"{reply.code}{reply.status}{reply.command}"
    if is_clean(reply.text, TEXT_LIMIT) and is_clean(beside, WORD_LIMIT):
        return reply
    return SmtpReply(
        clean(reply.text, TEXT_LIMIT),
        clean(reply.code, WORD_LIMIT),
        clean(reply.status, WORD_LIMIT),
        clean(reply.command, WORD_LIMIT),
    )


def _clean_metadata(metadata: Mapping[str, str]) -> dict[str, str]:
    return {
        clean(key, WORD_LIMIT): clean(str(value), WORD_LIMIT) for key, value in metadata.items()
    }
