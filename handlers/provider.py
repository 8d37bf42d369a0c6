"""The contract of mail providers: a webhook in, events out; abilities for the buttons."""

import base64
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any, ClassVar, Protocol, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from handlers.http.authentication import Access
from handlers.http.json_body import parse_elements, parse_json
from handlers.http.outgoing import Outgoing
from handlers.http.payload import look_up, text_of
from resolutions.bounce import WORD_LIMIT, BounceEvent, Verdict, bounded, clean
from resolutions.masking import mask_all

WHY_LIMIT = 500
Clock = Callable[[], datetime]


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookRequest:
    """One HTTP request from a provider. Header names are in lower case; `body` is the raw bytes."""

    source: str
    method: str
    path: str
    headers: Mapping[str, str]
    query: Mapping[str, str]
    body: bytes
    received_at: datetime

    def json(self) -> Any:
        """Return the body as JSON; raise MalformedError if it does not parse or is too deep."""
        return parse_json(self.body)

    def elements(self) -> list[tuple[Any, str]]:
        """Return each element of the JSON list that the body is, with the text it was given as.

        Raises TypeError for what is no list, MalformedError as `json` does.
        """
        return parse_elements(self.body)


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """An email that arrived: feeds counters and closes an open delivery."""

    source: str
    event_id: str
    recipient: str
    occurred_at: datetime
    message_id: str = ""
    provider_message_id: str = ""
    campaign: str = ""

    def __post_init__(self) -> None:
        """Clean every text and bound the time, as a BounceEvent does."""
        for name in _WORDS:
            object.__setattr__(self, name, clean(getattr(self, name), WORD_LIMIT))
        object.__setattr__(self, "occurred_at", bounded(self.occurred_at))
        if not self.recipient:
            raise ValueError("a delivery without a recipient")


_WORDS = ("source", "event_id", "recipient", "message_id", "provider_message_id", "campaign")


@dataclass(frozen=True, slots=True)
class Unusable:
    """A verified part of a request that was not understood: kept whole, and why, for people."""

    body: bytes
    why: str

    @classmethod
    def of(cls, body: bytes, error: Exception) -> Self:
        """Return a part that could not be read because of an error."""
        return cls(body, mask_all(" ".join(why_of(error).split()))[:WHY_LIMIT])


def why_of(error: Exception) -> str:
    """Return in a sentence what an error says was wrong with a body.

    >>> why_of(KeyError("Type"))
    'the field Type is missing'
    """
    if isinstance(error, ValidationError):
        first = error.errors(include_url=False, include_context=False)[0]
        what = f"the field {'.'.join(map(str, first['loc']))}" if first["loc"] else "the body"
        missing = first["type"] == "missing"
        return f"{what} is missing" if missing else f"{what} is not usable: {first['msg']}"
    if isinstance(error, KeyError):
        return f"the field {error.args[0]} is missing"
    if isinstance(error, TypeError):
        return f"a field holds another kind of value than expected ({error})"
    return str(error)


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmation:
    """A subscription that the provider wants confirmed; done by a job, after the 200."""

    source: str
    topic: str
    token: str
    link: str = ""  # shown to people as text, never fetched


HOP_BY_HOP = frozenset(
    {"connection", "content-length", "expect", "host", "keep-alive", "te", "trailer"}
    | {"transfer-encoding", "upgrade", "accept-encoding", "content-encoding"}
)
"""Headers of one connection (RFC 9110, 7.6.1), and of a body that was unpacked already."""

OURS = frozenset({"authorization", "cookie", "proxy-authorization"})
"""Headers that hold secrets meant for Bounce Desk."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Forwarding:
    """A verified request that is passed on to the source's `forward_to`; `body` is base64."""

    source: str
    headers: Mapping[str, str]
    body: str

    @classmethod
    def of(cls, request: WebhookRequest) -> Self:
        """Return a request without the headers that are for this connection, or for us."""
        left_out = HOP_BY_HOP | OURS
        kept = {name: text for name, text in request.headers.items() if name not in left_out}
        body = base64.b64encode(request.body).decode()
        return cls(source=request.source, headers=kept, body=body)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayGuard:
    """A token that may come with one event only, for as long as it is accepted."""

    token: str
    event_id: str
    window: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsed:
    """All that one request said."""

    events: list[BounceEvent] = field(default_factory=list)
    delivered: list[Delivered] = field(default_factory=list)
    unusable: list[Unusable] = field(default_factory=list)
    confirmation: Confirmation | None = None
    forwarding: Forwarding | None = None
    replay: ReplayGuard | None = None

    def follow_ups(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield the jobs that a request asks for, done after the 200: name and arguments."""
        if self.confirmation is not None:
            yield "confirm_subscription", asdict(self.confirmation)
        if self.forwarding is not None:
            yield "forward", asdict(self.forwarding)


@dataclass(frozen=True, slots=True, kw_only=True)
class Suppression:
    """An entry of a provider's suppression list. Two equal ones mean: nobody changed it.

    `cause` is the provider's word ("BOUNCE", "SpamComplaint"), `since` its time as it says it.
    `by_person` marks complaints and unsubscribes, which are never undone by us.
    """

    recipient: str
    list: str
    cause: str = ""
    since: str = ""
    by_person: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredCopy:
    """What a provider needs to send its stored copy of one email again."""

    recipient: str
    stored_copy: str
    provider_message_id: str
    message_id: str
    key: str  # idempotency key, the same over our own retries


class Suppresses(Protocol):
    """A provider account whose suppression list can be read and changed.

    `suppression_list` names it as people know it ("the SES account suppression list"),
    `stops` says what an entry stops ("all mail of this account in eu-west-1").
    """

    suppression_list: str
    stops: str

    async def suppression_of(self, recipient: str) -> Suppression | None:
        """Return the entry of an address, None if it is not on the list."""
        ...

    async def suppress(self, recipient: str, *, complaint: bool = False) -> Suppression:
        """Add an address and return the entry as it now stands.

        After a complaint it is added as one, where the provider tells complaints from bounces.
        """
        ...

    async def unsuppress(self, recipient: str) -> None:
        """Remove an address; one that is not there is no error."""
        ...


class Resends(Protocol):
    """A provider account that keeps a copy of sent mail and can send it again."""

    async def resend(self, copy: StoredCopy) -> str:
        """Send the stored copy once more; return what the provider calls the new message."""
        ...


class Confirms(Protocol):
    """A provider account that confirms subscriptions through its own API."""

    async def confirm(self, confirmation: Confirmation) -> str:
        """Confirm and return a line for people; PermanentError if a person has to do it."""
        ...


class SourceSettings(BaseModel):
    """What every configured source may say; a provider adds its own keys."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    provider: str
    campaign: str = ""  # dotted path into the payload, instead of the provider's own field
    forward_to: str = Field("", pattern=r"^(https?://[^\s/]+\S*)?$")
    forward_allow_private: bool = False  # a private host, or plain http


class ApiAccess(BaseModel):
    """`[sources.X.api]`: where a provider's API is; each adds its own keys."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    base_url: str = ""
    allow_private: bool = False

    @field_validator("base_url", "sns_base_url", check_fields=False)
    @classmethod
    def _without_slash(cls, value: str) -> str:
        return value.rstrip("/")


class AccessSettings(SourceSettings, Access):
    """A source that signs nothing and shows a password or a secret instead."""


def campaign_of(settings: SourceSettings, payload: Any, own: str) -> str:
    """Return the campaign an event belongs to: `own`, unless the source names a path for it.

    `payload` is the element as the provider sent it, to which `campaign = "dotted.path"` of the
    source's settings leads; every provider calls this with its own field as `own`. Where the path
    leads nowhere, `own` stands.
    """
    if not settings.campaign:
        return own
    value = look_up(payload, settings.campaign)
    return text_of(value[0] if value and isinstance(value, list) else value) or own


class Provider(ABC):
    """One configured account of a mail provider.

    `refused` and `busy` are the answers the provider understands as "not yours" and "later".
    """

    name: ClassVar[str]
    refused: ClassVar[int] = 401
    busy: ClassVar[int] = 503
    Settings: ClassVar[type[SourceSettings]]

    def __init__(self, source: str, settings: Any, outgoing: Outgoing, clock: Clock) -> None:
        self.source = source
        self.settings = settings
        self.outgoing = outgoing
        self.clock = clock

    @abstractmethod
    async def authenticate(self, request: WebhookRequest) -> None:
        """Raise SignatureError unless the provider sent this request (MalformedError: 400)."""

    @abstractmethod
    def parse(self, request: WebhookRequest) -> Parsed:
        """Return what an authenticated request says; pure.

        ValueError, LookupError and TypeError mean that the body is not understood: it goes to
        quarantine. A bad element of a batch is returned as unusable and harms no other.
        """

    @classmethod
    @abstractmethod
    def verdict_of(cls, word: str) -> Verdict:
        """Return what the provider's own class means, e.g. "Permanent/General"."""

    @property
    def suppressing(self) -> Suppresses | None:
        """Return the account's suppression list, None where there is none or no API key."""
        return None

    @property
    def resending(self) -> Resends | None:
        """Return the way to the provider's stored copies, None where there is none."""
        return None

    @property
    def confirming(self) -> Confirms | None:
        """Return the way to confirm subscriptions, None where there is none."""
        return None


class Sources(dict[str, Provider]):
    """The configured accounts by the name of their source; one that is gone can do nothing."""

    def suppressing_of(self, name: str) -> Suppresses | None:
        """Return the suppression list of a source, None where none can be reached."""
        source = self.get(name)
        return source.suppressing if source else None
