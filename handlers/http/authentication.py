"""Whether a request is who it says: passwords, secrets, signatures, and how old they may be."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Self

from pydantic import BaseModel, Field, SecretStr, model_validator

from handlers.errors import SignatureError

Secret = Annotated[SecretStr, Field(min_length=1)]
"""A configured secret; an empty one is a mistake."""


class Access(BaseModel):
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


def check_basic_auth(headers: Mapping[str, str], user: str, password: SecretStr) -> None:
    """Raise SignatureError unless the headers bring this user and password (RFC 7617)."""
    try:
        given = base64.b64decode(_credentials(headers, "basic"), validate=True)
    except ValueError as error:
        raise SignatureError("credentials that are not base64") from error
    if not is_secret(given, f"{user}:{password.get_secret_value()}"):
        raise SignatureError("wrong user or password")


def check_bearer(headers: Mapping[str, str], secrets: Sequence[SecretStr]) -> None:
    """Raise SignatureError unless the headers bring one of these tokens (RFC 6750)."""
    given = _credentials(headers, "bearer")
    if not any(is_secret(given, secret.get_secret_value()) for secret in secrets):
        raise SignatureError("wrong token")


def check_access(headers: Mapping[str, str], access: Access) -> None:
    """Raise SignatureError unless the headers show the password or one of the secrets."""
    header = access.secret_header.lower()
    if access.secrets and header != "authorization":
        given = headers.get(header, "").strip()
        if any(is_secret(given, secret.get_secret_value()) for secret in access.secrets):
            return
    elif access.secrets and _scheme(headers) == "bearer":
        check_bearer(headers, access.secrets)
        return
    if access.password is None:
        raise SignatureError("no secret, or a wrong one")
    check_basic_auth(headers, access.user, access.password)


def is_secret(given: str | bytes, secret: str) -> bool:
    """Compare in a time that tells nothing of the secret; an empty secret equals nothing."""
    if isinstance(given, str):
        given = given.encode("utf-8", "surrogatepass")
    return hmac.compare_digest(given, secret.encode()) and bool(secret)


def check_hmac(signed: bytes, given: str, secrets: Sequence[SecretStr]) -> None:
    """Raise SignatureError unless `given` is the hex HMAC-SHA256 of a text by one of the keys."""
    for secret in secrets:
        key = secret.get_secret_value().encode()
        if is_secret(given.lower(), hmac.new(key, signed, hashlib.sha256).hexdigest()):
            return
    raise SignatureError("no signature, or a wrong one")


def signature_of(text: object) -> bytes:
    """Return the bytes of a signature in base64; raise SignatureError if there is none."""
    if not isinstance(text, str) or not text:
        raise SignatureError("no signature")
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise SignatureError("the signature is not base64") from error


def signing_time(stamp: str) -> datetime:
    """Return the time of Unix seconds; raise SignatureError for what is none."""
    if not (stamp.isascii() and stamp.isdigit() and len(stamp) <= len("99999999999")):
        raise SignatureError("no time of signature")
    return datetime.fromtimestamp(int(stamp), UTC)


def check_age(signed: datetime, now: datetime, window: timedelta, ahead: timedelta) -> None:
    """Raise SignatureError unless it was signed at most `window` ago, or is `ahead` of us."""
    age = now - signed
    if not -ahead <= age <= window:
        raise SignatureError(f"a signature that is {age} old")


def _credentials(headers: Mapping[str, str], scheme: str) -> str:
    if _scheme(headers) != scheme:
        raise SignatureError(f"no {scheme} credentials")
    return headers["authorization"].strip().partition(" ")[2].strip()


def _scheme(headers: Mapping[str, str]) -> str:
    return headers.get("authorization", "").strip().partition(" ")[0].lower()
