"""From events not yet looked at to alerts: diagnosed, grouped, counted."""

import asyncio
import logging
from collections.abc import Sequence

from handlers.store import Store
from resolutions.alert import Triaged, key_of
from resolutions.bounce import BounceEvent, Kind
from resolutions.diagnosis import Confidence, Diagnosis, diagnose
from resolutions.operator import Operators
from resolutions.reason import Reason
from resolutions.resolution import Catalogue
from resolutions.rules import Rulebook

BATCH = 1_000
SLICE = 50
"""Events judged without a break: about 2 ms, so that acks of clicks stay fast meanwhile."""

log = logging.getLogger(__name__)


class Triage:
    """Judges new events and hands them to the store to be folded into alerts."""

    def __init__(
        self, store: Store, rulebook: Rulebook, operators: Operators, catalogue: Catalogue
    ) -> None:
        self._store = store
        self._rulebook = rulebook
        self._operators = operators
        self._catalogue = catalogue

    async def triage(self) -> int:
        """Look at the oldest waiting events, at most 1,000; return how many there were."""
        waiting = await self._store.untriaged(BATCH)
        if not waiting:
            return 0
        await self._store.fold(await self._judge_all(waiting))
        return len(waiting)

    async def _judge_all(self, waiting: Sequence[tuple[int, BounceEvent]]) -> list[Triaged]:
        judged: list[Triaged] = []
        for start in range(0, len(waiting), SLICE):
            judged += [self.judge(number, event) for number, event in waiting[start:][:SLICE]]
            await asyncio.sleep(0)
        return judged

    def judge(self, number: int, event: BounceEvent) -> Triaged:
        """Return an event with its diagnosis, its operator and the alert that it belongs to."""
        diagnosis = self._diagnose(event)
        speaks = self._rulebook.operator_of(diagnosis.receiver)
        operator = self._operators.operator_of(event.remote_host, event.domain, speaks)
        complaint = diagnosis.kind is Kind.COMPLAINT
        resolution = self._catalogue.of(diagnosis.reason, complaint=complaint)
        return Triaged(
            id=number,
            event=event,
            diagnosis=diagnosis,
            operator=operator.id,
            operator_name=operator.name,
            key=key_of(event, diagnosis, operator.id, resolution.family),
            severity=resolution.severity,
        )

    def _diagnose(self, event: BounceEvent) -> Diagnosis:
        """Diagnose; an event that breaks a rule must not stop the others behind it."""
        try:
            return diagnose(event, self._rulebook)
        except Exception:
            log.exception("diagnosis failed", extra={"source": event.source})
            return Diagnosis(
                kind=event.kind,
                reason=Reason.UNKNOWN,
                permanence=event.permanence,
                confidence=Confidence.NONE,
            )
