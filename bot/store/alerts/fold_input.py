"""What an event tells of a delivery: made before the transaction, which others wait for."""

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from bot.store.rows.delivery import body_of
from bot.store.rows.event import contact_key, delivery_key
from bot.store.sql.columns import hashed
from resolutions.alert import AlertKey, DeliveryState, Triaged
from resolutions.bounce import Kind
from resolutions.catalogue.evidence_text import because, phrase
from resolutions.diagnosis.result import Diagnosis


@dataclass(frozen=True, slots=True)
class Told:
    """An event with the keys of what it is about, and what the delivery is if it counts."""

    triaged: Triaged
    contact: str
    delivery: str
    alert: str
    state: DeliveryState
    row: dict[str, Any]


WORDED = 4_096
"""Diagnoses whose words are remembered; the memory starts anew beyond."""


class Teller:
    """Makes of events what they tell. Events of a storm share their diagnosis, worded once."""

    def __init__(self) -> None:
        self._worded: dict[int, tuple[Diagnosis, str, str]] = {}  # by identity, thus kept alive

    def told(self, triaged: Triaged, state: DeliveryState, now: datetime) -> Told:
        """Return what an event tells at a time."""
        event = triaged.event
        message = event.provider_message_id or event.message_id
        other = "complaint" if triaged.diagnosis.kind is Kind.COMPLAINT else ""
        if not message:
            other += f"\0{event.event_id}"
        key = delivery_key(event.source, message, event.recipient, other)
        return Told(
            triaged,
            contact_key(event.source, event.recipient),
            key,
            hash_of(triaged.key),
            state,
            self._row(key, triaged, state, now),
        )

    def _row(
        self, key: str, triaged: Triaged, state: DeliveryState, now: datetime
    ) -> dict[str, Any]:
        event, diagnosis = triaged.event, triaged.diagnosis
        waits = state is DeliveryState.WAITING
        return {
            "key": key,
            "source": event.source,
            "state": state.value,
            "kind": diagnosis.kind.value,
            "reason": diagnosis.reason.value,
            "variant": diagnosis.variant,
            "permanence": diagnosis.permanence.value,
            "confidence": diagnosis.confidence.value,
            "final": triaged.final,
            "campaign": event.campaign,
            "operator": triaged.operator,
            "domain": event.domain,
            "occurred_at": event.occurred_at,
            "waiting_since": min(event.occurred_at, now) if waits else None,
            "body": body_of(event, *self._words(diagnosis)),
        }

    def _words(self, diagnosis: Diagnosis) -> tuple[str, str]:
        """Return the evidence in full and in a phrase."""
        known = self._worded.get(id(diagnosis))
        if known is None:
            if len(self._worded) >= WORDED:
                self._worded.clear()
            known = self._worded[id(diagnosis)] = diagnosis, because(diagnosis), phrase(diagnosis)
        return known[1:]


@lru_cache(maxsize=1_024)
def hash_of(key: AlertKey) -> str:
    """Return the key of an alert as the table keeps it."""
    kind = "complaint" if key.complaint else "bounce"
    return hashed(kind, key.family.value, key.subject, key.topic)
