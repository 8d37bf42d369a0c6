"""The ways to send one email again: the user's own sender, and the copies that providers keep."""

import hashlib
import json
from datetime import datetime
from typing import Any, Protocol

from handlers.desk import Desk
from handlers.errors import PermanentError
from handlers.http.outgoing import Call
from handlers.http.signing import SignedTarget, signature_headers
from handlers.provider import StoredCopy
from handlers.store import Job
from resolutions.alert import Delivery


class ResendChannel(Protocol):
    """A way to send one email again; `send` returns once the far side has accepted it.

    One that is not `repeatable` may have sent although its answer was lost.
    """

    repeatable: bool

    async def send(self, delivery: Delivery, job: Job) -> str:
        """Send and return what was accepted, in a few words."""
        ...


class SignedCall:
    """The user's own sender, asked by a webhook in Standard Webhooks form."""

    repeatable = True

    def __init__(self, desk: Desk, target: SignedTarget) -> None:
        self._desk = desk
        self._target = target

    async def send(self, delivery: Delivery, job: Job) -> str:
        """Ask the sender; its id is the same over our retries, so that it can know a repeat."""
        name = request_id(delivery)
        body = json.dumps(resend_request(name, delivery, job), ensure_ascii=False).encode()
        signed = signature_headers(self._target.secret, name, self._desk.clock(), body)
        await self._desk.outgoing.send(
            Call(
                method="POST",
                url=self._target.url,
                headers={**signed, "Content-Type": "application/json"},
                body=body,
                allow_private=self._target.allow_private,
            )
        )
        return "accepted by your sender"


class StoredCopies:
    """The copies that providers keep of what they sent."""

    repeatable = False

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def send(self, delivery: Delivery, job: Job) -> str:
        """Have the provider send its copy once more."""
        source = self._desk.sources.get(delivery.source)
        if source is None or source.resending is None or not delivery.stored_copy:
            raise PermanentError("the provider keeps no copy of it")
        copy = StoredCopy(
            recipient=delivery.recipient,
            stored_copy=delivery.stored_copy,
            provider_message_id=delivery.provider_message_id,
            message_id=delivery.message_id,
            key=request_id(delivery),
        )
        return f"accepted by {source.name} as {await source.resending.resend(copy)}"


def channel_of(desk: Desk, word: str) -> ResendChannel:
    """Return the way of a job's word; PermanentError if it is not configured any more."""
    if word == "stored":
        return StoredCopies(desk)
    if desk.resend is None:
        raise PermanentError(
            "there is no sender to ask any more: set url and secret in [resend.webhook]"
        )
    return SignedCall(desk, desk.resend)


def request_id(delivery: Delivery) -> str:
    """Return what names the wish to send one email again, the same over all our tries."""
    parts = (
        delivery.source,
        delivery.provider_message_id,
        delivery.message_id,
        delivery.recipient.lower(),
        delivery.occurred_at.isoformat(),
    )
    return "resend_" + hashlib.sha256("|".join(parts).encode()).hexdigest()[:32]


def resend_request(name: str, delivery: Delivery, job: Job) -> dict[str, Any]:
    """Return the body of the signed call."""
    return {
        "type": "resend.requested",
        "id": name,
        "requested_at": _written(job.created_at),
        "send_at": _written(job.run_at or job.created_at),
        "recipient": delivery.recipient,
        "original": {
            "provider": delivery.provider,
            "message_id": delivery.message_id,
            "provider_message_id": delivery.provider_message_id,
            "subject": delivery.subject,
            "campaign": delivery.campaign,
            "tags": list(delivery.tags),
            "metadata": dict(delivery.metadata),
        },
        "requested_by": job.by,
    }


def _written(moment: datetime | None) -> str:
    return moment.isoformat().replace("+00:00", "Z") if moment else ""
