"""Notifications of Amazon SES that SNS delivers as emails instead of HTTP requests.

https://docs.aws.amazon.com/ses/latest/dg/notification-contents.html
"""

import json
from collections.abc import Iterator
from typing import Any

from resolutions.bounce import Kind
from resolutions.mail.failure import Failure
from resolutions.mail.mail import Mail

LIMIT = 262_144
"""Characters of a notification that are read; SNS delivers no larger message."""

KINDS = {
    "bounce": (Kind.BOUNCE, "bounce", "bouncedRecipients"),
    "complaint": (Kind.COMPLAINT, "complaint", "complainedRecipients"),
    "delivery": (Kind.DELIVERED, "delivery", "recipients"),
    "deliverydelay": (Kind.DEFERRAL, "deliveryDelay", "delayedRecipients"),
}
"""What is notified, and where its recipients stand."""


def read(mail: Mail) -> list[Failure]:
    """Return what a notification says of its recipients."""
    if "x-amz-sns-message-id" not in mail.headers and "@sns." not in mail.headers.get("from", ""):
        return []
    notice = _notice(mail.text)
    word = _word(notice.get("notificationType") or notice.get("eventType"))
    kind, place, recipients = KINDS.get(word.replace(" ", "").lower(), (None, "", ""))
    details = notice.get(place)
    if kind is None or not isinstance(details, dict):
        return []
    return list(_failures(kind, details, details.get(recipients), _original(notice)))


def _original(notice: dict[str, Any]) -> dict[str, str]:
    """Return the headers of the message that a notification is about."""
    mail = notice.get("mail")
    common = mail.get("commonHeaders") if isinstance(mail, dict) else None
    if not isinstance(common, dict):
        return {}
    return {_NAMES[name]: _joined(value) for name, value in common.items() if name in _NAMES}


_NAMES = {name: name for name in ("from", "to", "subject", "date")} | {"messageId": "message-id"}


def _notice(text: str) -> dict[str, Any]:
    """Return the JSON object that a text begins with, unwrapped of SNS's envelope."""
    text = text.lstrip()[:LIMIT]
    if not text.startswith("{"):
        return {}
    notice = _object(text.replace("!\n ", ""))  # how Sendmail folds lines that are too long
    message = notice.get("Message")
    return _object(message) if isinstance(message, str) else notice


def _object(text: str) -> dict[str, Any]:
    try:
        value, _ = json.JSONDecoder(strict=False).raw_decode(text.strip())
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _failures(
    kind: Kind, details: dict[str, Any], recipients: Any, original: dict[str, str]
) -> Iterator[Failure]:
    why = f"{_word(details.get('bounceType'))}/{_word(details.get('bounceSubType'))}".strip("/")
    for recipient in recipients if isinstance(recipients, list) else ():
        fields = recipient if isinstance(recipient, dict) else {"emailAddress": recipient}
        yield Failure(
            kind=kind,
            recipient=_word(fields.get("emailAddress")),
            text=_word(fields.get("diagnosticCode")).removeprefix("smtp;").strip() or why,
            status=_word(fields.get("status")),
            original=original,
        )


def _word(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _joined(value: Any) -> str:
    return ", ".join(map(_word, value)) if isinstance(value, list) else _word(value)
