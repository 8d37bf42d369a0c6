"""List the recipients of an alert in its thread: one CSV file, renewed at each click."""

import csv
import io
from collections.abc import Iterable

from handlers.action import Outcome, Progress
from handlers.click import Work, counted
from handlers.errors import PermanentError
from handlers.phrases import reply_text
from handlers.store import Job, Note
from resolutions.alert import Delivery
from resolutions.masking import mask

PAGE = 500
ROW_LIMIT = 20_000
"""Rows of a file; spreadsheets and Slack's previews take more, but nobody reads them."""

COLUMNS = (
    "recipient",
    "state",
    "reason",
    "permanence",
    "confidence",
    "code",
    "status",
    "source",
    "campaign",
    "receiver",
    "server",
    "time (UTC)",
    "reply",
)
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\N{FULLWIDTH EQUALS SIGN}", "\N{FULLWIDTH PLUS SIGN}",
           "\N{FULLWIDTH HYPHEN-MINUS}", "\N{FULLWIDTH COMMERCIAL AT}")  # fmt: skip


class ListRecipients(Work):
    """Put the list of recipients into the thread, as things stand now."""

    name = "list_recipients"
    label = "List recipients (CSV)"
    may = "list the recipients"

    async def settled(self, last: Job) -> bool:
        """Tell that it may always be done again: the list is renewed."""
        return False

    async def work(self, job: Job, progress: Progress) -> Outcome:
        """Write the file and queue it for the thread."""
        if job.alert_id is None or await self.desk.store.alert(job.alert_id) is None:
            raise PermanentError("the alert is not known any more")
        rows, complete = await self._rows(job.alert_id)
        masked = "; addresses are masked" if self.desk.masked else ""
        limited = "" if complete else f" (the first {ROW_LIMIT:,})"
        note = Note(
            key=f"recipients:{job.alert_id}",
            alert_id=job.alert_id,
            text=f"{counted(len(rows), 'email')}{limited} by recipient, for <@{job.by}>{masked}",
            file_name=f"recipients-{job.alert_id}.csv",
            file=table(rows),
            renewable=True,
        )
        await self.desk.store.note(note)
        return Outcome(line="")

    async def _rows(self, alert_id: int) -> tuple[list[tuple[str, ...]], bool]:
        """Return a row for each delivery, and whether these are all."""
        rows: list[tuple[str, ...]] = []
        after = 0
        while len(rows) < ROW_LIMIT:
            page = await self.desk.store.deliveries(alert_id, PAGE, after)
            rows += (_row(one, masked=self.desk.masked) for one in page)
            if len(page) < PAGE:
                return rows[:ROW_LIMIT], True
            after = page[-1].id
        more = await self.desk.store.deliveries(alert_id, 1, after)
        return rows[:ROW_LIMIT], not more


def table(rows: Iterable[tuple[str, ...]]) -> str:
    """Return rows as CSV, in which no cell is a formula."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    writer.writerows([cell(text) for text in row] for row in rows)
    return out.getvalue()


def cell(text: str) -> str:
    """Return outside text that no spreadsheet takes for a formula.

    >>> cell("=cmd()"), cell("550 5.1.1")
    ("'=cmd()", '550 5.1.1')
    """
    flat = " ".join(text.split())
    return f"'{flat}" if flat.startswith(FORMULA) else flat


def _row(one: Delivery, *, masked: bool) -> tuple[str, ...]:
    return (
        mask(one.recipient) if masked else one.recipient,
        one.state.value,
        one.reason.value,
        one.permanence.value,
        one.confidence.value,
        one.code,
        one.status,
        one.source,
        one.campaign,
        one.operator,
        one.remote_host,
        f"{one.occurred_at:%Y-%m-%d %H:%M:%S}",
        reply_text(one.reply, masked=masked),
    )
