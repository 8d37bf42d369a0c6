"""What an event changes: made before the transaction, which others wait for."""

import json
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple

from bot.store.rows.contact import ContactRow, contact_of_event
from bot.store.rows.delivery import DeliveryRow, body_of
from bot.store.rows.event import delivery_key
from bot.store.sql.columns import hashed
from resolutions.alert import AlertKey, DeliveryState, Triaged
from resolutions.bounce import Kind
from resolutions.diagnosis.result import Diagnosis

WRITTEN = 4_096
"""Diagnoses that are remembered as they are kept; the memory starts anew beyond."""


class DeliveryChange(NamedTuple):
    """An event as the tables will hold it, if it counts: how its delivery stands, its contact.

    `alert` is the key of the alert that it belongs to.
    """

    triaged: Triaged
    state: DeliveryState
    row: DeliveryRow
    contact: ContactRow
    alert: str


class Written(NamedTuple):
    """A diagnosis as the row of a delivery keeps it."""

    kind: str
    reason: str
    variant: str
    permanence: str
    confidence: str
    evidence: str


class ChangeMaker:
    """Makes changes of events; those of a storm share their diagnosis, which is written once."""

    def __init__(self) -> None:
        self._written: dict[int, tuple[Diagnosis, Written]] = {}  # by identity, thus kept alive

    def change(self, triaged: Triaged, state: DeliveryState, now: datetime) -> DeliveryChange:
        """Return what an event changes, heard of at a time."""
        contact = contact_of_event(triaged)
        row = self._row(triaged, state, now, contact.domain)
        return DeliveryChange(triaged, state, row, contact, hash_of(triaged.key))

    def _row(
        self, triaged: Triaged, state: DeliveryState, now: datetime, domain: str
    ) -> DeliveryRow:
        event, diagnosis = triaged.event, triaged.diagnosis
        message = event.provider_message_id or event.message_id
        other = "complaint" if diagnosis.kind is Kind.COMPLAINT else ""
        if not message:
            other += f"\0{event.event_id}"
        kind, reason, variant, permanence, confidence, evidence = self._diagnosed(diagnosis)
        return DeliveryRow(
            delivery_key(event.source, message, event.recipient, other),
            event.source,
            state.value,
            kind,
            reason,
            variant,
            permanence,
            confidence,
            triaged.final,
            event.campaign,
            triaged.operator,
            domain,
            event.occurred_at,
            min(event.occurred_at, now) if state is DeliveryState.WAITING else None,
            evidence,
            body_of(event),
        )

    def _diagnosed(self, diagnosis: Diagnosis) -> Written:
        if id(diagnosis) not in self._written:
            if len(self._written) >= WRITTEN:
                self._written.clear()
            written = Written(
                diagnosis.kind.value,
                diagnosis.reason.value,
                diagnosis.variant,
                diagnosis.permanence.value,
                diagnosis.confidence.value,
                json.dumps(diagnosis.evidence),
            )
            self._written[id(diagnosis)] = diagnosis, written
        return self._written[id(diagnosis)][1]


@lru_cache(maxsize=1_024)
def hash_of(key: AlertKey) -> str:
    """Return the key of an alert as the table keeps it."""
    kind = "complaint" if key.complaint else "bounce"
    return hashed(kind, key.family.value, key.subject, key.topic)
