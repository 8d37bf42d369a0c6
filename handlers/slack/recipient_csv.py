"""The file of an alert's recipients, for its thread: who bounced, how, and what was said."""

import csv
import io
from collections.abc import AsyncIterator
from datetime import datetime

from handlers.slack.block_kit import utc, visible
from handlers.slack.shown import Shown
from handlers.store import Note, Store
from resolutions.alert import Alert, Delivery
from resolutions.catalogue.evidence_text import because
from resolutions.catalogue.texts import hardness

PAGE = 500
MOST = 20_000
"""Lines of a file: about 5 MB. What is beyond is in the database."""

COLUMNS = (
    "recipient",
    "state",
    "permanence",
    "reason",
    "confidence",
    "evidence",
    "code",
    "status",
    "reply",
    "source",
    "campaign",
    "remote_host",
    "occurred_at",
)


async def recipient_list(store: Store, alert: Alert, key: str, shown: Shown, now: datetime) -> Note:
    """Return the note that puts all recipients of an alert into its thread, once for each key."""
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(COLUMNS)
    count = 0
    async for delivery in _deliveries(store, alert):
        writer.writerow([defused(cell) for cell in _row(shown.delivery(delivery))])
        count += 1
    people = f"All {alert.recipients:,} recipients"
    if count >= MOST:
        people = f"The first {count:,} emails to {alert.recipients:,} recipients"
    return Note(
        key=key,
        alert_id=alert.id,
        text=f"{people} as of {utc(now)}" + ("; addresses are masked" if shown.masked else ""),
        file_name=f"recipients-{alert.id}-{now:%Y%m%d-%H%M%S}.csv",
        file=file.getvalue(),
    )


def defused(cell: str) -> str:
    """Return a cell that no spreadsheet takes for a formula.

    >>> defused("=cmd|' /C calc'!A1"), defused("550 no"), defused("\\t+1")
    ("'=cmd|' /C calc'!A1", '550 no', "'+1")
    """
    text = " ".join(visible(cell).split())
    return f"'{text}" if text.startswith(_FORMULA) or cell[:1] in {"\t", "\r"} else text


_FORMULA = (
    *"=+-@",
    "\N{FULLWIDTH EQUALS SIGN}",
    "\N{FULLWIDTH PLUS SIGN}",
    "\N{FULLWIDTH HYPHEN-MINUS}",
    "\N{FULLWIDTH COMMERCIAL AT}",
)


async def _deliveries(store: Store, alert: Alert) -> AsyncIterator[Delivery]:
    after = 0
    for _ in range(MOST // PAGE):
        page = await store.deliveries.of_alert(alert.id, PAGE, after)
        for delivery in page:
            yield delivery
        if len(page) < PAGE:
            return
        after = page[-1].id


def _row(delivery: Delivery) -> tuple[str, ...]:
    return (
        delivery.recipient,
        delivery.state.value,
        hardness(delivery.permanence, delivery.reason),
        delivery.reason.value,
        delivery.confidence.value,
        because(delivery),
        delivery.code,
        delivery.status,
        delivery.reply,
        delivery.source,
        delivery.campaign,
        delivery.remote_host,
        utc(delivery.occurred_at),
    )
