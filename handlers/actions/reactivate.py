"""Take flags back: only what we added and nobody changed, never a person's own wish."""

from collections.abc import AsyncIterator

from handlers.button import JobButton
from handlers.errors import PermanentError
from handlers.provider import Suppresses
from handlers.slack.block_kit import escape
from handlers.slack.job_text import counted
from handlers.store import Contact, Job
from handlers.task import AuditedTask, Outcome, Progress, Stopped


class KeptError(Exception):
    """A flag that is not taken back, and why."""


class Reactivate(JobButton, AuditedTask):
    """Take back the flags that came from this alert."""

    name = "reactivate"
    label = "Take the flags back"
    called = label
    may = "take flags back"
    undone_by = "deactivate"

    async def work(self, job: Job, progress: Progress) -> Outcome:
        """Take each flag back; what stays, here or at the provider, is listed with the reason."""
        back, count = 0, 0
        lines: list[str] = []
        try:
            async for contact in self._flagged(job):
                try:
                    left = await self._restore(contact, job)
                    back += 1
                except (KeptError, PermanentError) as error:
                    left = f"stays flagged: {error}"
                if left:
                    recipient = self.desk.shown.address(contact.recipient)
                    lines.append(self.desk.shown.text(f"{recipient} {left}"))
                count += 1
                await progress.done(count, str(contact.id))
        except Stopped:
            raise Stopped(f"{counted(back, 'contact')} active again before") from None
        line = f"{counted(back, 'contact')} active again, asked for by <@{job.by}>"
        return Outcome(line=line, failed=[escape(one) for one in lines])

    async def _flagged(self, job: Job) -> AsyncIterator[Contact]:
        if job.alert_id is None:
            return
        async for page in self.desk.store.contacts.flagged_from(job.alert_id):
            for contact in page:
                yield contact

    async def _restore(self, contact: Contact, job: Job) -> str:
        """Take one flag back; return what is left at the provider, "" for nothing."""
        now = await self.desk.store.contacts.get(contact.source, contact.recipient) or contact
        if now.complained or now.unsubscribed:
            raise KeptError("the person complained" if now.complained else "they unsubscribed")
        if now.before is not None and now.before.by_person:
            raise KeptError(f"on {now.before.list} by their own wish ({now.before.cause})")
        left = await self._unsuppress(now)
        await self.desk.store.contacts.unflag(now, job)
        what = f"{now.source} {now.recipient}"
        await self.record(job.by, what, left or "active again", job.alert_id)
        return left

    async def _unsuppress(self, contact: Contact) -> str:
        """Remove our entry from the provider's list if it still is as we made it."""
        if contact.added is None:
            if contact.before is None:
                return ""
            return f"is active here; stood on {contact.before.list} before us and is left there"
        suppressing = self._list_of(contact)
        entry = await suppressing.suppression_of(contact.recipient)
        if entry == contact.added:
            await suppressing.unsuppress(contact.recipient)
            return ""
        if entry is None:
            return ""
        if entry.by_person:
            raise KeptError(f"on {entry.list} by their own wish ({entry.cause})")
        return f"is active here; the entry on {entry.list} was changed since and is left there"

    def _list_of(self, contact: Contact) -> Suppresses:
        suppressing = self.desk.sources.suppressing_of(contact.source)
        if suppressing is None:
            raise KeptError(
                f"our entry at the provider cannot be reached; set sources.{contact.source}.api"
            )
        return suppressing
