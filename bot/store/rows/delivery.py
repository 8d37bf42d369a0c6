"""Deliveries as the tables keep them: what is counted in columns, what is only shown in a body."""

import json
from datetime import datetime
from operator import attrgetter
from typing import Any, NamedTuple

from sqlalchemy import Row

from bot.store.rows.value import value_of
from resolutions.alert import Delivery, DeliveryState
from resolutions.bounce import BounceEvent, Kind, Permanence
from resolutions.catalogue.evidence_text import WORDED
from resolutions.diagnosis.result import Confidence, Evidence
from resolutions.reason import Reason

SHOWN = (
    "recipient",
    "reply",
    "code",
    "status",
    "provider",
    "subject",
    "remote_host",
    "message_id",
    "provider_message_id",
    "stored_copy",
)


_words_of = attrgetter(*SHOWN[4:])


class DeliveryRow(NamedTuple):
    """A row of the table, without its id; it is placed once its contact and alert are known."""

    key: str
    source: str
    state: str
    kind: str
    reason: str
    variant: str
    permanence: str
    confidence: str
    final: bool
    campaign: str
    operator: str
    domain: str
    occurred_at: datetime
    waiting_since: datetime | None
    evidence: str | None
    body: dict[str, Any]
    contact_id: int = 0
    alert_id: int = 0

    def placed(self, contact_id: int, alert_id: int) -> "DeliveryRow":
        """Return the row of a contact, in an alert."""
        return DeliveryRow(*self[:-2], contact_id, alert_id)


def body_of(event: BounceEvent) -> dict[str, Any]:
    """Return what is shown of a delivery and never asked for; what is empty is left out."""
    reply = event.reply
    values = (event.recipient, reply.text, reply.code, reply.status, *_words_of(event))
    body: dict[str, Any] = {name: value for name, value in zip(SHOWN, values, strict=True) if value}
    if event.tags:
        body["tags"] = list(event.tags)
    if event.metadata:
        body["metadata"] = dict(event.metadata)
    return body


def delivery_of(row: Row[Any]) -> Delivery:
    """Return the delivery of a row of the table."""
    shown = {name: row.body.get(name, "") for name in SHOWN}
    return value_of(
        Delivery,
        row,
        state=DeliveryState(row.state),
        kind=Kind(row.kind),
        reason=Reason(row.reason),
        permanence=Permanence(row.permanence),
        confidence=Confidence(row.confidence),
        evidence=_evidence(row),
        tags=tuple(row.body.get("tags", ())),
        metadata=row.body.get("metadata", {}),
        **shown,
    )


def _evidence(row: Row[Any]) -> tuple[Evidence, ...]:
    """Return the evidence of a row; those of the first release hold its words only."""
    if row.evidence is None:
        return (Evidence(WORDED, "", row.body.get("evidence", "")),)
    return tuple(Evidence(*piece) for piece in json.loads(row.evidence))
