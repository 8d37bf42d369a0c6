"""What webhooks say, in a line: a bounce, a deferral, an arrival, all of one message."""

from datetime import datetime
from typing import Any

from handlers.provider import Delivered, WebhookRequest
from resolutions.bounce import BounceEvent, Kind, SmtpReply

FULL = "452 4.2.2 The recipient's inbox is out of storage space."
GONE = "550 5.1.1 The email account that you tried to reach does not exist."


def event(number: int = 1, **changes: Any) -> BounceEvent:
    """Return a bounce of a full mailbox; `number` makes it another message to somebody else."""
    given: dict[str, Any] = {
        "source": "shop",
        "provider": "mailgun",
        "event_id": f"e{number}",
        "kind": Kind.BOUNCE,
        "recipient": f"person{number}@example.org",
        "occurred_at": datetime.fromisoformat("2026-06-15T11:59:00+00:00"),
        "reply": SmtpReply(FULL, "452", "4.2.2"),
        "provider_message_id": f"m{number}",
        "campaign": "june",
    }
    return BounceEvent(**(given | changes))


def deferral(number: int = 1, **changes: Any) -> BounceEvent:
    """Return a deferral of the same message as `event(number)`."""
    return event(number, **({"kind": Kind.DEFERRAL, "event_id": f"d{number}"} | changes))


def arrival(number: int = 1, **changes: Any) -> Delivered:
    """Return the arrival of the same message as `event(number)`."""
    given: dict[str, Any] = {
        "source": "shop",
        "event_id": f"a{number}",
        "recipient": f"person{number}@example.org",
        "occurred_at": datetime.fromisoformat("2026-06-15T11:59:30+00:00"),
        "provider_message_id": f"m{number}",
        "campaign": "june",
    }
    return Delivered(**(given | changes))


def request(source: str = "shop", body: bytes = b"{}") -> WebhookRequest:
    """Return a request to go with what was parsed."""
    return WebhookRequest(
        source=source,
        method="POST",
        path=f"/hooks/{source}",
        headers={"content-type": "application/json"},
        query={},
        body=body,
        received_at=datetime.fromisoformat("2026-06-15T12:00:00+00:00"),
    )
