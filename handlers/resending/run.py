"""The run of a job through many deliveries, each judged anew as it stands then."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from handlers.desk import Desk
from handlers.errors import PermanentError, TemporaryError, UncertainError
from handlers.resending.channel import SignedCall, channel_of
from handlers.resending.cursor import CircuitBreaker, ResendCursor
from handlers.slack.block_kit import escape
from handlers.slack.job_text import counted
from handlers.store import Contact, Job
from handlers.task import IN_A_ROW, Outcome, Progress, Stopped
from resolutions.alert import Delivery, DeliveryState
from resolutions.bounce import Kind

LOOK = "look at the provider before it is sent once more"


def objection(delivery: Delivery, contact: Contact) -> str:
    """Return why an email is not to be sent again as things stand now, "" if it may be."""
    if contact.complained or delivery.kind is Kind.COMPLAINT:
        return "has complained"
    if contact.unsubscribed:
        return "has unsubscribed"
    if contact.inactive:
        return "is flagged as inactive"
    return _STATES.get(delivery.state, "")


_STATES = {
    DeliveryState.DELIVERED: "it was delivered since",
    DeliveryState.WAITING: "the server still retries",
}


class Resending:
    """Sends the deliveries of one job again, one by one, each judged as it stands then."""

    def __init__(self, desk: Desk, job: Job, progress: Progress) -> None:
        self._desk = desk
        self._job = job
        self._progress = progress
        self._channel = channel_of(desk, str(job.arguments.get("way", "")))
        self._cursor = ResendCursor.read(job.cursor)
        self._breaker = CircuitBreaker()

    async def run(self, ids: Sequence[int]) -> Outcome:
        """Send the deliveries again; PermanentError if the far side refuses, with what is safe."""
        cursor = self._cursor
        try:
            await self._keep_time()
            for delivery_id in ids:
                if delivery_id <= cursor.last:
                    continue
                refused = await self._one(delivery_id)
                await self._save()
                if refused is not None and self._is_over(refused):
                    raise PermanentError(self._stopped(ids))
        except Stopped:
            raise Stopped(f"{cursor.sent:,} sent again before; nothing more is sent") from None
        if cursor.refusals and not cursor.sent:
            raise PermanentError(f"nothing was sent again ({cursor.row[0]})")
        return self._outcome()

    async def _keep_time(self) -> None:
        """Keep the time that was asked for, so that a repeated call says the same."""
        if not self._cursor.at:
            asked = self._job.run_at or self._job.created_at or self._desk.clock()
            self._cursor.at = asked.isoformat()
            await self._save()
        self._job = replace(self._job, run_at=datetime.fromisoformat(self._cursor.at))

    async def _one(self, delivery_id: int) -> bool | None:
        """Handle one delivery; return whether it was refused, None if it was left out."""
        current = await self._desk.store.deliveries.with_contact(delivery_id)
        if current is None:
            self._cursor.skipped(delivery_id, "one is not known any more")
            return None
        delivery, contact = current
        if why := await self._objection(delivery, contact):
            self._cursor.skipped(delivery_id, f"{self._shown(delivery)}: {why}")
            return None
        return await self._send(delivery)

    async def _objection(self, delivery: Delivery, contact: Contact) -> str:
        if self._cursor.trying == delivery.id:
            await self._desk.store.deliveries.mark_resent(delivery, self._job, "outcome unknown")
            return f"perhaps sent when Bounce Desk was stopped; {LOOK}"
        if await self._desk.store.deliveries.was_resent(delivery.id):
            return "was sent again already"
        return objection(delivery, contact) or await self._suppressed(delivery)

    async def _suppressed(self, delivery: Delivery) -> str:
        """Return what the provider's list says against it; lift an entry if that was confirmed."""
        suppressing = self._desk.sources.suppressing_of(delivery.source)
        entry = await suppressing.suppression_of(delivery.recipient) if suppressing else None
        if suppressing is None or entry is None:
            return ""
        where = suppressing.suppression_list
        if entry.by_person:
            return f"is on {where} by their own wish ({entry.cause})"
        if not self._job.arguments.get("lift"):
            since = f" since {entry.since}" if entry.since else ""
            return f"is on {where}{since}; lifting that was not confirmed"
        await suppressing.unsuppress(delivery.recipient)
        await self._record(delivery, f"taken off {where}")
        return ""

    async def _send(self, delivery: Delivery) -> bool:
        cursor = self._cursor
        try:
            line = await self._through_channel(delivery)
        except PermanentError as error:
            cursor.refused(f"{self._shown(delivery)}: {self._safe(error)}")
            return True
        except UncertainError as error:
            await self._desk.store.deliveries.mark_resent(delivery, self._job, "outcome unknown")
            await self._record(delivery, f"outcome unknown: {error}")
            line = f"{self._shown(delivery)}: perhaps sent ({self._safe(error)}); {LOOK}"
            cursor.skipped(delivery.id, line)
            return True
        await self._desk.store.deliveries.mark_resent(delivery, self._job, line)
        await self._record(delivery, line)
        cursor.accepted(delivery.id)
        return False

    async def _through_channel(self, delivery: Delivery) -> str:
        """Send; where that must not be repeated, first note durably that it is tried."""
        if self._channel.repeatable:
            return await self._channel.send(delivery, self._job)
        self._cursor.trying = delivery.id
        await self._save()
        try:
            return await self._channel.send(delivery, self._job)
        except TemporaryError:  # it was not taken: to be tried again
            self._cursor.trying = 0
            await self._save()
            raise

    async def _save(self) -> None:
        await self._progress.done(self._cursor.count, self._cursor.text())

    async def _record(self, delivery: Delivery, result: str) -> None:
        what = f"{delivery.source} {delivery.recipient}"
        await self._desk.store.audit.add("resend", self._job.by, what, result, delivery.alert_id)

    def _is_over(self, refused: bool) -> bool:
        return self._breaker.stops(refused=refused) or self._cursor.refusals >= IN_A_ROW

    def _stopped(self, ids: Sequence[int]) -> str:
        cursor = self._cursor
        why = f" ({cursor.row[-1]})" if cursor.row else ""
        left = sum(1 for delivery_id in ids if delivery_id > cursor.last)
        return (
            f"stopped by itself, because sending is refused{why}. Sent again before:"
            f" {cursor.sent:,}; not yet: {left:,}. Trying again goes on with those."
        )

    def _outcome(self) -> Outcome:
        cursor = self._cursor
        signed = isinstance(self._channel, SignedCall)
        how = "passed to your sender to be sent again" if signed else "sent again"
        line = f"{counted(cursor.sent, 'email')} {how}, asked for by <@{self._job.by}>"
        if left := cursor.left + len(cursor.row):
            line += f"; {left:,} left out"
        lines = [escape(one) for one in (*cursor.lines, *cursor.row)]
        return Outcome(line=line, failed=lines)

    def _shown(self, delivery: Delivery) -> str:
        return self._desk.shown.address(delivery.recipient)

    def _safe(self, error: Exception) -> str:
        return self._desk.shown.text(str(error))
