"""Deliveries as the tables keep them: what is counted in columns, what is only shown in a body."""

from typing import Any

from sqlalchemy import Row

from resolutions.alert import Delivery, DeliveryState
from resolutions.bounce import BounceEvent, Kind, Permanence
from resolutions.diagnosis.result import Confidence
from resolutions.reason import Reason


def body_of(event: BounceEvent, evidence: str, phrase: str) -> dict[str, Any]:
    """Return what is shown of a delivery and never asked for."""
    return {
        "recipient": event.recipient,
        "evidence": evidence,
        "phrase": phrase,
        "subject": event.subject,
        "reply": event.reply.text,
        "code": event.reply.code,
        "status": event.reply.status,
        "remote_host": event.remote_host,
        "message_id": event.message_id,
        "provider_message_id": event.provider_message_id,
        "stored_copy": event.stored_copy,
        "tags": list(event.tags),
        "metadata": dict(event.metadata),
        "provider": event.provider,
    }


def delivery_of(row: Row[Any]) -> Delivery:
    """Return the delivery of a row of the table."""
    body = dict(row.body)
    return Delivery(
        id=row.id,
        alert_id=row.alert_id,
        source=row.source,
        state=DeliveryState(row.state),
        kind=Kind(row.kind),
        reason=Reason(row.reason),
        variant=row.variant,
        permanence=Permanence(row.permanence),
        confidence=Confidence(row.confidence),
        campaign=row.campaign,
        operator=row.operator,
        occurred_at=row.occurred_at,
        waiting_since=row.waiting_since,
        tags=tuple(body.pop("tags")),
        **body,
    )
