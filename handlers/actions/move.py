"""Move what is scheduled to another time, as long as it does not run."""

from datetime import datetime
from typing import Any

from slack_bolt.context.ack.async_ack import AsyncAck

from handlers.button import Click, JobControl, ModalButton
from handlers.permission import Allowed
from handlers.slack import modal
from handlers.slack.block_kit import moment
from handlers.slack.job_text import standing
from handlers.slack.time_zone import fault_of, zone_of
from handlers.store import Job, JobState


class Move(JobControl, ModalButton):
    """Ask for another date and time in a modal."""

    name = "move"
    label = "Move"
    may = "move this"
    title = "Move to another time"

    async def submitted(self, ack: AsyncAck, body: dict[str, Any], view: dict[str, Any]) -> None:
        """Move the job, unless it runs by now."""
        by, when = body["user"]["id"], modal.moment_in(view, "when")
        job = await self.desk.store.jobs.get(int(modal.metadata_of(view)["job"]))
        wrong = await self._moved(job, when, by)
        if job is None or wrong:
            await ack(**modal.errors(when=wrong))
            return
        await ack()
        await self.record(by, f"job {job.id} ({job.name})", f"moved to {when}", job.alert_id)
        if when is not None:
            text = f"{self.desk.labels.job(job.name)} moved by <@{by}> to {moment(when)}."
            await self.note(job, f"move:{job.id}:{when.timestamp():.0f}", text)

    async def _moved(self, job: Job | None, when: datetime | None, by: str) -> str:
        """Move a job; return why not, "" if it was moved."""
        now = self.desk.clock()
        fault = fault_of(when, now)
        if when is None or fault:
            return fault
        if job is None:
            return standing(job)
        permitted = await self.desk.permissions.ask(by, self.name, job.name)
        if permitted is not Allowed.YES:
            return "You may not move it, or that cannot be checked now."
        if not await self.desk.store.jobs.move(job.id, max(when, now), by):
            return "It is running already, or has ended: it cannot be moved any more."
        return ""

    async def form(self, click: Click) -> dict[str, Any]:
        """Ask for a time, in the person's own zone."""
        job = await self.desk.store.jobs.get(click.number)
        if job is None or job.state is not JobState.WAITING:
            return modal.notice(self.title, standing(job))
        zone, now = await zone_of(self.desk.slack, click.by), self.desk.clock()
        first = job.run_at if job.run_at and job.run_at > now else zone.early_morning(now)
        hint = f"In your time zone ({zone.name})."
        when = modal.ask("when", "When", modal.date_and_time(first), hint=hint)
        metadata = {"job": job.id}
        return modal.modal(
            self.title, [when], callback_id=self.name, submit="Move", metadata=metadata
        )
