"""From events not yet looked at to alerts: diagnosed, grouped, counted."""

import asyncio
import logging
from time import perf_counter

from handlers.store import Events
from resolutions.alert import Triaged, key_of
from resolutions.bounce import BounceEvent, Kind
from resolutions.catalogue.resolution import Catalogue
from resolutions.delivery import is_final, state_of
from resolutions.diagnosis.diagnose import diagnose
from resolutions.diagnosis.result import Confidence, Diagnosis
from resolutions.operator import Operators
from resolutions.reason import Reason
from resolutions.rules.rulebook import Rulebook

BATCH = 2_000
"""Events that are folded in one transaction: a click waits for it, 0.2 s at most."""

PAGE = 500
"""Events that are read at once, which takes some milliseconds without a break."""

SLICE_SECONDS = 0.002
"""How long is judged without a break, so that acks of clicks stay fast meanwhile."""

log = logging.getLogger(__name__)


class Triage:
    """Judges new events and hands them to the store to be folded into alerts."""

    def __init__(
        self, events: Events, rulebook: Rulebook, operators: Operators, catalogue: Catalogue
    ) -> None:
        self._events = events
        self._rulebook = rulebook
        self._operators = operators
        self._catalogue = catalogue

    async def triage(self) -> int:
        """Look at all waiting events, the oldest first; return how many there were.

        While the store folds a batch, the next one is judged.
        """
        done, batch = 0, await self._judged(after=0)
        while batch:
            folding = asyncio.create_task(self._events.fold(batch))
            try:
                following = await self._judged(after=batch[-1].id)
            finally:
                await folding
            done += len(batch)
            batch = following
        return done

    async def _judged(self, after: int) -> list[Triaged]:
        judged, rested = list[Triaged](), perf_counter()
        while len(judged) < BATCH:
            waiting = await self._events.untriaged(PAGE, judged[-1].id if judged else after)
            for number, event in waiting:
                judged.append(self.judge(number, event))
                if perf_counter() - rested > SLICE_SECONDS:
                    await asyncio.sleep(0)
                    rested = perf_counter()
            if len(waiting) < PAGE:
                break
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
            state=state_of(diagnosis),
            final=is_final(diagnosis, resolution),
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
