"""Confirm a subscription that a provider asks for, after its request was answered.

The webhook schedules it. Its link is shown to people as text and never fetched.
"""

import hashlib

from handlers.errors import PermanentError
from handlers.provider import Confirmation
from handlers.slack.block_kit import escape, preformatted, section
from handlers.store import Job, Note
from handlers.task import Outcome, Progress, Task


class ConfirmSubscription(Task):
    """Confirm through the provider's own API, else ask the people who run Bounce Desk."""

    name = "confirm_subscription"
    called = "Confirmation of a subscription"

    async def perform(self, job: Job, progress: Progress) -> Outcome:
        """Confirm; what a person has to do is told in the admin channel."""
        wish = Confirmation(
            source=str(job.arguments["source"]),
            topic=str(job.arguments["topic"]),
            token=str(job.arguments["token"]),
            link=str(job.arguments.get("link", "")),
        )
        try:
            line = await self._confirm(wish)
        except PermanentError as error:
            line = f"a person has to confirm: {error}"
            await self._ask(wish, str(error))
        await self.desk.store.audit.add(
            self.name, job.by, f"{wish.source} {wish.topic}", line, None
        )
        return Outcome(line="")

    async def _confirm(self, wish: Confirmation) -> str:
        source = self.desk.sources.get(wish.source)
        if source is None:
            raise PermanentError("this source is not configured any more")
        if source.confirming is None:
            raise PermanentError("Bounce Desk has no API key for it")
        return await source.confirming.confirm(wish)

    async def _ask(self, wish: Confirmation, why: str) -> None:
        text = (
            f"*{escape(wish.source)}* asks to confirm the subscription of {escape(wish.topic)}."
            f" It was not confirmed: {escape(why)}."
        )
        blocks = [section(text)]
        if wish.link:
            blocks += [section("If you expect it, open this yourself:"), preformatted(wish.link)]
        token = hashlib.sha256(wish.token.encode()).hexdigest()[:16]
        note = Note(
            key=f"confirm:{wish.source}:{wish.topic}:{token}",
            alert_id=None,
            text=text,
            blocks=blocks,
        )
        await self.desk.store.notes.queue(note)
