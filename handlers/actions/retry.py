"""Try again what failed, from where it got to."""

from functools import partial

from handlers.button import After, Click, Control


class Retry(Control):
    """Make a failed job wait again."""

    name = "retry"
    label = "Try again"
    may = "try this again"

    async def intend(self, click: Click) -> After:
        """Make it due; a second click finds it waiting."""
        job = await self.desk.store.jobs.get(click.number)
        if job is None or not await self.desk.store.jobs.retry(job.id, click.by):
            return partial(self.too_late, click)
        text = "It is tried again, from where it got to."
        return lambda client: self.changed(click, client, job, text)
