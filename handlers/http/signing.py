"""Webhooks of ours, signed after Standard Webhooks."""

import base64
import binascii
import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime

from pydantic import SecretStr

from handlers.errors import PermanentError


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedTarget:
    """Where a signed webhook goes: the user's own sender."""

    url: str
    secret: SecretStr
    allow_private: bool = False


def signature_headers(
    secret: SecretStr, message_id: str, at: datetime, body: bytes
) -> dict[str, str]:
    """Return the headers that sign a webhook of ours, after Standard Webhooks.

    The secret is base64, with or without `whsec_` before it; PermanentError if it is not.
    https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
    """
    seconds = str(int(at.timestamp()))
    signed = b".".join((message_id.encode(), seconds.encode(), body))
    digest = hmac.digest(_signing_key(secret), signed, hashlib.sha256)
    return {
        "webhook-id": message_id,
        "webhook-timestamp": seconds,
        "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
    }


def _signing_key(secret: SecretStr) -> bytes:
    text = secret.get_secret_value().removeprefix("whsec_").rstrip("=")
    try:
        key = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not key:
        raise PermanentError("the secret that signs our webhooks is not base64 (whsec_…)")
    return key
