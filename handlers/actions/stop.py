"""Stop what runs, at its next step; what was done stays done."""

from handlers.button import Click, JobControl, Rest


class Stop(JobControl):
    """Stop a running job."""

    name = "stop"
    label = "Stop"
    may = "stop this"

    async def intend(self, click: Click) -> Rest:
        """Ask the job to stop."""
        job = await self.desk.store.jobs.get(click.number)
        if job is None or not await self.desk.store.jobs.stop(job.id, click.by):
            return self.too_late(click)
        text = "It stops after the recipient it is at; what was done stays done."
        return self.changed(click, job, text)
