"""Sending email again: the ways, who still may get it, and the course of a job through many.

Nothing counts as sent again that the far side did not accept.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Protocol, Self

from handlers.desk import Desk
from handlers.errors import PermanentError, TemporaryError, UncertainError
from handlers.http.outgoing import Call
from handlers.http.signing import SignedTarget, signature_headers
from handlers.provider import StoredCopy
from handlers.slack.block_kit import escape
from handlers.slack.job_text import counted
from handlers.store import Contact, Job
from handlers.task import Outcome, Progress, Stopped
from resolutions.alert import Delivery, DeliveryState
from resolutions.bounce import Kind

FIRST_BATCH = 50
IN_A_ROW = 5
"""Refusals in a row that end a job: what refuses so often refuses for all."""

KEPT_LINES = 40
LOOK = "look at the provider before it is sent once more"


class Way(Protocol):
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


def way_of(desk: Desk, word: str) -> Way:
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


@dataclass(slots=True)
class Course:
    """How far a job got, in plain words; its `cursor` is all that a later attempt knows.

    `last` is the last delivery that need not be tried again. `row` is what came after it, from
    the first of the refusals that nobody's acceptance has followed: a later attempt begins there.
    `trying` is the delivery whose call may be under way, where that must not be repeated; `at` is
    the time that was asked for, whenever a later attempt runs.
    """

    at: str = ""
    last: int = 0
    sent: int = 0
    left: int = 0
    trying: int = 0
    lines: list[str] = field(default_factory=list)
    row: list[str] = field(default_factory=list)
    refusals: int = 0

    @classmethod
    def read(cls, cursor: str) -> Self:
        """Return the course of a cursor."""
        return cls(**json.loads(cursor)) if cursor else cls()

    def cursor(self) -> str:
        """Return what a later attempt goes on from."""
        names = ("at", "last", "sent", "left", "trying")
        kept = {name: getattr(self, name) for name in names}
        return json.dumps({**kept, "lines": self.lines[:KEPT_LINES]})

    @property
    def count(self) -> int:
        """How many recipients were handled."""
        return self.sent + self.left + len(self.row)

    def accepted(self, delivery_id: int) -> None:
        """Note that one was sent again."""
        self.lines += self.row
        self.left += len(self.row)
        self.row, self.refusals = [], 0
        self.sent += 1
        self.last, self.trying = delivery_id, 0

    def skipped(self, delivery_id: int, line: str) -> None:
        """Note that one is left out, and why."""
        self.trying = 0
        if self.row:
            self.row.append(line)
            return
        self.left += 1
        self.lines.append(line)
        self.last = delivery_id

    def refused(self, line: str) -> None:
        """Note that the far side refused one."""
        self.row.append(line)
        self.refusals += 1
        self.trying = 0


class Ramp:
    """The first 50, doubling while they are accepted; says when it is time to stop."""

    def __init__(self) -> None:
        self._size = FIRST_BATCH
        self._tried = self._refused = 0

    def stops(self, *, refused: bool) -> bool:
        """Count a try; tell whether more than half of a full batch were refused."""
        self._tried += 1
        self._refused += refused
        if self._tried < self._size:
            return False
        stop = self._refused * 2 > self._tried
        self._size *= 2
        self._tried = self._refused = 0
        return stop


class Resending:
    """Sends the deliveries of one job again, one by one, each judged as it stands then."""

    def __init__(self, desk: Desk, job: Job, progress: Progress) -> None:
        self._desk = desk
        self._job = job
        self._progress = progress
        self._way = way_of(desk, str(job.arguments.get("way", "")))
        self._course = Course.read(job.cursor)
        self._ramp = Ramp()

    async def run(self, ids: Sequence[int]) -> Outcome:
        """Send the deliveries again; PermanentError if the far side refuses, with what is safe."""
        course = self._course
        try:
            await self._keep_time()
            for delivery_id in ids:
                if delivery_id <= course.last:
                    continue
                refused = await self._one(delivery_id)
                await self._save()
                if refused is not None and self._is_over(refused):
                    raise PermanentError(self._stopped(ids))
        except Stopped:
            raise Stopped(f"{course.sent:,} sent again before; nothing more is sent") from None
        if course.refusals and not course.sent:
            raise PermanentError(f"nothing was sent again ({course.row[0]})")
        return self._outcome()

    async def _keep_time(self) -> None:
        """Keep the time that was asked for, so that a repeated call says the same."""
        if not self._course.at:
            asked = self._job.run_at or self._job.created_at or self._desk.clock()
            self._course.at = asked.isoformat()
            await self._save()
        self._job = replace(self._job, run_at=datetime.fromisoformat(self._course.at))

    async def _one(self, delivery_id: int) -> bool | None:
        """Handle one delivery; return whether it was refused, None if it was left out."""
        found = await self._desk.store.deliveries.with_contact(delivery_id)
        if found is None:
            self._course.skipped(delivery_id, "one is not known any more")
            return None
        delivery, contact = found
        if why := await self._objection(delivery, contact):
            self._course.skipped(delivery_id, f"{self._shown(delivery)}: {why}")
            return None
        return await self._send(delivery)

    async def _objection(self, delivery: Delivery, contact: Contact) -> str:
        if self._course.trying == delivery.id:
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
        course = self._course
        try:
            line = await self._through_way(delivery)
        except PermanentError as error:
            course.refused(f"{self._shown(delivery)}: {self._safe(error)}")
            return True
        except UncertainError as error:
            await self._desk.store.deliveries.mark_resent(delivery, self._job, "outcome unknown")
            await self._record(delivery, f"outcome unknown: {error}")
            line = f"{self._shown(delivery)}: perhaps sent ({self._safe(error)}); {LOOK}"
            course.skipped(delivery.id, line)
            return True
        await self._desk.store.deliveries.mark_resent(delivery, self._job, line)
        await self._record(delivery, line)
        course.accepted(delivery.id)
        return False

    async def _through_way(self, delivery: Delivery) -> str:
        """Send; where that must not be repeated, first note durably that it is tried."""
        if self._way.repeatable:
            return await self._way.send(delivery, self._job)
        self._course.trying = delivery.id
        await self._save()
        try:
            return await self._way.send(delivery, self._job)
        except TemporaryError:  # it was not taken: to be tried again
            self._course.trying = 0
            await self._save()
            raise

    async def _save(self) -> None:
        await self._progress.done(self._course.count, self._course.cursor())

    async def _record(self, delivery: Delivery, result: str) -> None:
        what = f"{delivery.source} {delivery.recipient}"
        await self._desk.store.audit.add("resend", self._job.by, what, result, delivery.alert_id)

    def _is_over(self, refused: bool) -> bool:
        return self._ramp.stops(refused=refused) or self._course.refusals >= IN_A_ROW

    def _stopped(self, ids: Sequence[int]) -> str:
        course = self._course
        why = f" ({course.row[-1]})" if course.row else ""
        left = sum(1 for delivery_id in ids if delivery_id > course.last)
        return (
            f"stopped by itself, because sending is refused{why}. Sent again before:"
            f" {course.sent:,}; not yet: {left:,}. Trying again goes on with those."
        )

    def _outcome(self) -> Outcome:
        course = self._course
        signed = isinstance(self._way, SignedCall)
        how = "passed to your sender to be sent again" if signed else "sent again"
        line = f"{counted(course.sent, 'email')} {how}, asked for by <@{self._job.by}>"
        if left := course.left + len(course.row):
            line += f"; {left:,} left out"
        lines = [escape(one) for one in (*course.lines, *course.row)]
        return Outcome(line=line, failed=lines)

    def _shown(self, delivery: Delivery) -> str:
        return self._desk.shown.address(delivery.recipient)

    def _safe(self, error: Exception) -> str:
        return self._desk.shown.text(str(error))


def _written(moment: datetime | None) -> str:
    return moment.isoformat().replace("+00:00", "Z") if moment else ""
