"""One request with the rows that it becomes, on its way into the tables."""

import asyncio
from dataclasses import dataclass, field, replace
from datetime import datetime

from bot.store.rows.event import (
    Arrival,
    EventRow,
    QuarantineRow,
    arrival_of,
    event_row,
    quarantine_row,
)
from handlers.errors import ReplayedError
from handlers.provider import Parsed, Unusable, WebhookRequest

SLICE = 500
"""Rows that are made or written without a break, so that others get their turn."""


@dataclass(slots=True)
class Recording:
    """A request, its rows, and once it was written, what is answered.

    The answer is how many of its events were new, or why it is refused.
    """

    request: WebhookRequest
    parsed: Parsed
    events: list[EventRow] = field(default_factory=list)
    arrived: list[Arrival] = field(default_factory=list)
    unusable: list[QuarantineRow] = field(default_factory=list)
    answer: int | ReplayedError = 0

    @classmethod
    async def of(cls, request: WebhookRequest, parsed: Parsed, now: datetime) -> "Recording":
        """Make the rows of a request, a slice at a time."""
        recording = cls(request, parsed)
        for start in range(0, max(len(parsed.events), len(parsed.delivered)), SLICE):
            if start:
                await asyncio.sleep(0)
            events, arrived = parsed.events[start:][:SLICE], parsed.delivered[start:][:SLICE]
            recording.events += [event_row(event, request.received_at) for event in events]
            recording.arrived += [arrival_of(arrival, now) for arrival in arrived]
        recording.unusable += [quarantine_row(request, part) for part in parsed.unusable]
        return recording

    @property
    def rows(self) -> int:
        """How many rows it takes."""
        return len(self.events) + len(self.arrived) + len(self.unusable)

    @property
    def size(self) -> int:
        """How many bytes it takes, about."""
        return 2 * len(self.request.body)

    def halves(self) -> "list[Recording]":
        """Return two parts of it, none if it is one row only."""
        events, arrived = self.events, self.arrived
        if events and arrived:
            return [replace(self, arrived=[]), replace(self, events=[], unusable=[])]
        if len(events) + len(arrived) < 2:
            return []
        middle, other = len(events) // 2, len(arrived) // 2
        first = replace(self, events=events[:middle], arrived=arrived[:other])
        return [first, replace(self, events=events[middle:], arrived=arrived[other:], unusable=[])]

    def as_unusable(self, why: str) -> "Recording":
        """Return it as what was not understood: the element it is about, or the whole body."""
        raw = next((row.raw for row in self.events if row.raw), None)
        body = self.request.body if raw is None else raw.encode("utf-8", "replace")
        kept = quarantine_row(self.request, Unusable(body, f"it cannot be stored: {why}"))
        return Recording(self.request, Parsed(), unusable=[*self.unusable, kept])
