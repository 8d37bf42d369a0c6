"""List the recipients of an alert in its thread: a CSV file, made anew at each click."""

from dataclasses import replace

from handlers.button import JobButton
from handlers.errors import PermanentError
from handlers.slack.recipient_csv import recipient_list
from handlers.store import Job
from handlers.task import AuditedTask, Outcome, Progress


class ListRecipients(JobButton, AuditedTask):
    """Put the list of recipients into the thread, as things stand now."""

    name = "list_recipients"
    label = "List recipients (CSV)"
    called = "List of recipients"
    may = "list the recipients"

    async def settled(self, last: Job) -> bool:
        """Tell that it may always be done again: the list is renewed."""
        return False

    async def work(self, job: Job, progress: Progress) -> Outcome:
        """Write the file and queue it for the thread."""
        desk = self.desk
        alert = await desk.store.alerts.get(job.alert_id) if job.alert_id is not None else None
        if alert is None:
            raise PermanentError("the alert is not known any more")
        note = await recipient_list(
            desk.store, alert, f"list:{alert.id}:{job.id}", desk.shown, desk.clock()
        )
        await desk.store.notes.queue(replace(note, text=f"{note.text}; for <@{job.by}>"))
        return Outcome(line="")
