"""Flag contacts as inactive: stop mailing addresses that will not answer."""

from collections import Counter
from collections.abc import AsyncIterator

from handlers.button import Click, JobButton
from handlers.errors import PermanentError
from handlers.provider import Provider
from handlers.slack.block_kit import Block, actions, button, escape, section
from handlers.slack.confirm_flag import flag_question
from handlers.slack.job_text import counted, done_line
from handlers.store import Contact, Job
from handlers.task import IN_A_ROW, AuditedTask, Outcome, Progress, Stopped


class Deactivate(JobButton, AuditedTask):
    """Flag the contacts whose failure is final for the address, here and at the provider."""

    name = "deactivate"
    label = "Flag as inactive"
    called = label
    may = "flag contacts as inactive"
    undone_by = "reactivate"

    async def already(self, click: Click, last: Job) -> None:
        """Tell what was done, and offer those who have bounced since."""
        text, count = done_line(last), await self.desk.store.contacts.count_to_flag(click.number)
        if not count:
            return await self.tell(click, text)
        new = "One new contact has" if count == 1 else f"{count:,} new contacts have"
        text += f"\n{new} bounced since."
        again = button(
            f"Flag the {count:,} new",
            self.name,
            f"{click.number}|{last.id}",
            confirm=await self._question(click.number, count),
        )
        row = actions([again], f"again:{last.id}")
        return await self.tell(click, text, [section(text), row])

    async def _question(self, number: int, count: int) -> Block | None:
        alert = await self.desk.store.alerts.get(number)
        if alert is None:
            return None
        lists = [self.desk.sources.suppressing_of(one.word) for one in alert.words("source")]
        return flag_question(lists, count, complaint=alert.key.complaint)

    async def work(self, job: Job, progress: Progress) -> Outcome:
        """Flag page by page; what one contact's provider refuses is listed, the rest goes on."""
        failed: list[str] = []
        row, cursor, count = 0, job.cursor, 0
        try:
            async for contact in self._contacts(job):
                why = await self._refusal(contact, job)
                row = row + 1 if why else 0
                count += 1
                if why:
                    failed.append(f"{self.desk.shown.address(contact.recipient)}: {why}")
                else:
                    cursor = str(contact.id)
                if row >= IN_A_ROW:
                    raise PermanentError(await self._given_up(job, why))
                await progress.done(count, cursor)
        except Stopped:
            flagged = sum((await self._flagged(job)).values())
            raise Stopped(f"{counted(flagged, 'contact')} flagged before") from None
        return await self._outcome(job, failed)

    async def _contacts(self, job: Job) -> AsyncIterator[Contact]:
        async for page in self.desk.store.contacts.to_flag(job):
            for contact in page:
                yield contact

    async def _refusal(self, contact: Contact, job: Job) -> str:
        """Flag one contact; return why its provider refuses, "" if it is flagged."""
        try:
            await self._flag(contact, job)
        except PermanentError as error:
            return self.desk.shown.text(str(error))
        return ""

    async def _flag(self, contact: Contact, job: Job) -> None:
        """Look the address up at the provider, add it only if it is absent, note both."""
        suppressing = self.desk.sources.suppressing_of(contact.source)
        before = added = None
        if suppressing is not None:
            before = await suppressing.suppression_of(contact.recipient)
            if before is None:
                added = await suppressing.suppress(contact.recipient, complaint=contact.complained)
        await self.desk.store.contacts.flag(contact, job, before, added)
        result = f"added to {added.list}" if added else "flagged"
        what = f"{contact.source} {contact.recipient}"
        await self.record(job.by, what, result, job.alert_id)

    async def _flagged(self, job: Job) -> Counter[tuple[str, str, str]]:
        """Count what this job flagged, over all its attempts.

        By source, by what was done, and after complaints by the provider's word for the entry.
        """
        flagged: Counter[tuple[str, str, str]] = Counter()
        if job.alert_id is None:
            return flagged
        async for page in self.desk.store.contacts.flagged_from(job.alert_id):
            for contact in page:
                if (
                    job.created_at is None
                    or (contact.flagged_at or job.created_at) < job.created_at
                ):
                    continue
                done = "added" if contact.added else "there" if contact.before else "here"
                cause = contact.added.cause if contact.added and contact.complained else ""
                flagged[contact.source, done, cause] += 1
        return flagged

    async def _given_up(self, job: Job, why: str) -> str:
        flagged = sum((await self._flagged(job)).values())
        return f"{why}. {counted(flagged, 'contact')} flagged before that stay flagged"

    async def _outcome(self, job: Job, failed: list[str]) -> Outcome:
        flagged = await self._flagged(job)
        line = f"{counted(sum(flagged.values()), 'contact')} flagged as inactive by <@{job.by}>"
        sources = dict.fromkeys(source for source, _, _ in sorted(flagged))
        parts = [
            part
            for source in sources
            for part in _said(source, self.desk.sources.get(source), flagged)
        ]
        if failed:
            parts.append(f"{len(failed):,} could not be flagged")
        line = f"{line}: {'; '.join(parts)}" if parts else line
        return Outcome(line=line, failed=[escape(one) for one in failed])


def _said(
    source: str, provider: Provider | None, flagged: Counter[tuple[str, str, str]]
) -> list[str]:
    """Return what was done at one source, in the provider's words."""
    suppressing = provider.suppressing if provider else None
    there, here = flagged[source, "there", ""], flagged[source, "here", ""]
    parts = []
    if suppressing is not None:
        where = escape(suppressing.suppression_list)
        for (of, done, cause), count in sorted(flagged.items()):
            if (of, done) == (source, "added"):
                noted = f" as {escape(cause)}" if cause else ""
                stops = f", which stops {escape(suppressing.stops)}"
                parts.append(f"{count:,} added to {where}{noted}{stops}")
    if suppressing is not None and there:
        parts.append(f"{there:,} stood on {escape(suppressing.suppression_list)} before")
    if here:
        parts.append(f"{here:,} only here in Bounce Desk{_remedy(source, provider)}")
    return parts


def _remedy(source: str, provider: Provider | None) -> str:
    """Return how to have the provider know, where that can be."""
    if provider is None or "api" not in type(provider).Settings.model_fields:
        return f", for {escape(source)} has no suppression list that can be reached"
    if provider.settings.api is not None:
        return f", as sources.{escape(source)}.api says"
    return f"; set sources.{escape(source)}.api to suppress at the provider, too"
