"""Pass a verified request of a source on to its `forward_to`, after it was answered.

For who had another receiver before Bounce Desk, or has one behind it. Best effort: tried again for
about an hour; what is refused for good is told to the people who run Bounce Desk, once a day.
"""

import base64
import logging

from handlers.errors import PermanentError, TemporaryError
from handlers.http.outgoing import Call
from handlers.provider import SourceSettings
from handlers.slack.block_kit import escape
from handlers.store import Job, Note
from handlers.task import Outcome, Progress, Task

ATTEMPTS = 9
"""Fewer than what makes a dead letter: a receiver that is down must not fill a channel."""

log = logging.getLogger(__name__)


class Forward(Task):
    """Send the body as it came, with the headers that a receiver may check or read it by."""

    name = "forward"
    called = "Forwarding of a request"

    async def perform(self, job: Job, progress: Progress) -> Outcome:
        """Pass the request on; the target comes from the configuration alone, as it is now."""
        name = str(job.arguments["source"])
        source = self.desk.sources.get(name)
        if source is None or not source.settings.forward_to:
            return Outcome(line="")  # nobody wants it any more
        try:
            await self.desk.outgoing.send(_call(source.settings, job))
        except PermanentError as error:
            await self._give_up(name, str(error))
        except TemporaryError as error:
            if job.attempts < ATTEMPTS:
                raise
            await self._give_up(name, f"{error}, after {job.attempts} attempts")
        return Outcome(line="")

    async def _give_up(self, source: str, why: str) -> None:
        log.warning("a request is not forwarded", extra={"source": source, "why": why})
        text = (
            f"*{escape(source)}*: what it received could not be passed on to its `forward_to`:"
            f" {escape(why)}. Bounce Desk itself has it; told once a day."
        )
        key = f"forward:{source}:{self.desk.clock():%Y-%m-%d}"
        await self.desk.store.notes.queue(Note(key=key, alert_id=None, text=text))


def _call(settings: SourceSettings, job: Job) -> Call:
    return Call(
        method="POST",
        url=settings.forward_to,
        headers=job.arguments["headers"],
        body=base64.b64decode(job.arguments["body"]),
        allow_private=settings.forward_allow_private,
    )
