"""When an alert is due: first after a wait, then by steps, and only if a shown number moved."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row

from bot.store.options import Timing
from resolutions.alert import has_moved

COUNTS = ("waiting", "bounced", "delivered", "expired")


def flush_at(
    row: Row[Any], counts: Sequence[int], now: datetime, timing: Timing
) -> datetime | None:
    """Return when an alert is due whose counts are now these; None while it need not be.

    Nothing is posted of what was only deferred and has arrived before anybody heard of it.
    """
    due: datetime | None = row.flush_at
    if row.closed_at is not None or row.post_begun_at is not None or row.uncertain:
        return due
    if not row.ts:
        return (due or now + timing.group_wait) if _bad(counts) else None
    if due is not None or not has_moved(row.shown, counts):
        return due
    return max(now, (row.posted_at or now) + timing.step(row.update_step))


def _bad(counts: Sequence[int]) -> bool:
    waiting, bounced, _, expired = counts
    return waiting + bounced + expired > 0
