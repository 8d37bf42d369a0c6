"""Stop what runs, at its next step; what was done stays done."""

from functools import partial

from handlers.button import After, Click, Control


class Stop(Control):
    """Stop a running job."""

    name = "stop"
    label = "Stop"
    may = "stop this"

    async def intend(self, click: Click) -> After:
        """Ask the job to stop."""
        job = await self.desk.store.jobs.get(click.number)
        if job is None or not await self.desk.store.jobs.stop(job.id, click.by):
            return partial(self.too_late, click)
        text = "It stops after the recipient it is at; what was done stays done."
        return lambda client: self.changed(click, client, job, text)
