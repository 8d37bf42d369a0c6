"""The contract of mail providers: a webhook in, events out; abilities for the buttons."""

import base64
import hmac
import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Annotated, Any, ClassVar, Protocol, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

from handlers.errors import MalformedError, SignatureError
from handlers.http.outgoing import Outgoing
from handlers.http.payload import elements_of, look_up, text_of
from resolutions.bounce import WORD_LIMIT, BounceEvent, Verdict, bounded, clean

NESTING_LIMIT = 64
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
        try:
            found = elements_of(self.body.decode(json.detect_encoding(self.body), "surrogatepass"))
        except (ValueError, RecursionError) as error:
            raise MalformedError("the body is not valid JSON") from error
        for value, own in found:
            _check_nesting([value], own)
        return found


def parse_json(text: bytes | str) -> Any:
    """Return the value of a JSON text; raise MalformedError if broken or nested over 64 levels."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise MalformedError("the body is not valid JSON") from error
    _check_nesting(value, text)
    return value


def _check_nesting(value: Any, text: bytes | str) -> None:
    """Refuse what is too deep; what opens few lists and objects cannot be."""
    if isinstance(text, str):
        opened = text.count("[") + text.count("{")
    else:
        opened = text.count(b"[") + text.count(b"{")
    if opened >= NESTING_LIMIT and _deeper_than(value, NESTING_LIMIT):
        raise MalformedError(f"the body is nested deeper than {NESTING_LIMIT} levels")


def _deeper_than(value: Any, limit: int) -> bool:
    level = [value]
    for _ in range(limit + 1):
        level = [
            inner
            for outer in level
            if isinstance(outer, dict | list)
            for inner in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(inner, dict | list)
        ]
        if not level:
            return False
    return True


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
    """A verified part of a request that was not understood: kept whole, and why."""

    body: bytes
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmation:
    """A subscription that the provider wants confirmed; done by a job, after the 200."""

    source: str
    topic: str
    token: str
    link: str = ""  # shown to people as text, never fetched


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
    replay: ReplayGuard | None = None


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


Secret = Annotated[SecretStr, Field(min_length=1)]
"""A configured secret; an empty one is a mistake."""


class SourceSettings(BaseModel):
    """What every configured source may say; a provider adds its own keys."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    provider: str
    campaign: str = ""  # dotted path into the payload, instead of the provider's own field
    forward_to: str = ""


class AccessSettings(SourceSettings):
    """A source that signs nothing: it shows a password, or one of some secrets, or either.

    A secret stands in `Authorization` after the word Bearer, or alone in another `secret_header`.
    """

    user: str = ""
    password: Secret | None = None
    secrets: list[Secret] = []
    secret_header: str = Field("authorization", pattern=r"^[A-Za-z0-9-]+$")

    @model_validator(mode="after")
    def _not_open_to_all(self) -> Self:
        if bool(self.user) is not bool(self.password):
            raise ValueError("user and password belong together: set both")
        if not (self.user or self.secrets):
            raise ValueError("without user and password, or secrets, anybody could send")
        return self


def campaign_of(settings: SourceSettings, payload: Any, own: str) -> str:
    """Return the campaign an event belongs to: `own`, unless the source names a path for it.

    `payload` is the element as the provider sent it, to which `campaign = "dotted.path"` of the
    source's settings leads; every provider calls this with its own field as `own`. Where the path
    leads nowhere, `own` stands.
    """
    if not settings.campaign:
        return own
    found = look_up(payload, settings.campaign)
    return text_of(found[0] if found and isinstance(found, list) else found) or own


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


# Whether a request is the provider's


def check_basic_auth(request: WebhookRequest, user: str, password: SecretStr) -> None:
    """Raise SignatureError unless the request brings this user and password (RFC 7617)."""
    try:
        given = base64.b64decode(_credentials(request, "basic"), validate=True)
    except ValueError as error:
        raise SignatureError("credentials that are not base64") from error
    if not is_secret(given, f"{user}:{password.get_secret_value()}"):
        raise SignatureError("wrong user or password")


def check_bearer(request: WebhookRequest, secrets: Sequence[SecretStr]) -> None:
    """Raise SignatureError unless the request brings one of these tokens (RFC 6750)."""
    given = _credentials(request, "bearer")
    if not any(is_secret(given, secret.get_secret_value()) for secret in secrets):
        raise SignatureError("wrong token")


def check_access(request: WebhookRequest, settings: AccessSettings) -> None:
    """Raise SignatureError unless the request shows the password or one of the secrets."""
    header = settings.secret_header.lower()
    if settings.secrets and header != "authorization":
        given = request.headers.get(header, "").strip()
        if any(is_secret(given, secret.get_secret_value()) for secret in settings.secrets):
            return
    elif settings.secrets and _scheme(request) == "bearer":
        check_bearer(request, settings.secrets)
        return
    if settings.password is None:
        raise SignatureError("no secret, or a wrong one")
    check_basic_auth(request, settings.user, settings.password)


def is_secret(given: str | bytes, secret: str) -> bool:
    """Compare in a time that tells nothing of the secret; an empty secret equals nothing."""
    if isinstance(given, str):
        given = given.encode("utf-8", "surrogatepass")
    return hmac.compare_digest(given, secret.encode()) and bool(secret)


def _credentials(request: WebhookRequest, scheme: str) -> str:
    if _scheme(request) != scheme:
        raise SignatureError(f"no {scheme} credentials")
    return request.headers["authorization"].strip().partition(" ")[2].strip()


def _scheme(request: WebhookRequest) -> str:
    return request.headers.get("authorization", "").strip().partition(" ")[0].lower()
