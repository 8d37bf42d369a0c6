"""Try again what failed, from where it got to."""

from handlers.button import Click, JobControl, Rest


class Retry(JobControl):
    """Make a failed job wait again."""

    name = "retry"
    label = "Try again"
    may = "try this again"

    async def intend(self, click: Click) -> Rest:
        """Make it due; a second click finds it waiting."""
        job = await self.desk.store.jobs.get(click.number)
        if job is None or not await self.desk.store.jobs.retry(job.id, click.by):
            return self.too_late(click)
        text = "It is tried again, from where it got to."
        return self.changed(click, job, text)
