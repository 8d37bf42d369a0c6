"""Cancel what is scheduled, as long as it does not run."""

from handlers.button import Click, JobControl, Rest


class Cancel(JobControl):
    """Cancel a job that waits; who is later than its start is told so."""

    name = "cancel"
    label = "Cancel"
    may = "cancel this"

    async def intend(self, click: Click) -> Rest:
        """Cancel it at once: the job either runs or is cancelled, never both."""
        job = await self.desk.store.jobs.get(click.number)
        if job is None or not await self.desk.store.jobs.cancel(job.id, click.by):
            return self.too_late(click)
        called = self.desk.labels.job(job.name)
        await self.note(job, f"cancel:{job.id}", f"{called} cancelled by <@{click.by}>.")
        return self.changed(click, job, "Cancelled: nothing is done.")
