"""What is due in a channel: which alert or note is next, and what became of it.

A new post is marked as begun before it goes out, with a key that it carries. If its outcome never
comes (the process was killed) or is not known, the next one who takes it is told to look first.
"""

import secrets
from datetime import datetime, timedelta
from enum import IntEnum
from typing import Any

from sqlalchemy import Row, Select, Table, and_, case, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.alerts.schedule import COUNTS
from bot.store.leases import OWN_UPDATES, POSTS, SqlLeases, pause_of, posts_in
from bot.store.options import Timing
from bot.store.rows.alert import read_alerts
from bot.store.rows.value import value_of
from bot.store.sql.database import Database
from bot.store.sql.tables import FLUSHING, NOTE_DUE, alerts, notes, turns
from handlers.store import Due, Note, NotPosted
from resolutions.alert import Alert, has_moved
from resolutions.catalogue.resolution import Severity


class Rank(IntEnum):
    """What goes first: the least. Notes stand between, in a table of their own."""

    ACTED = 0  # a person waits for the redraw
    NEW_URGENT = 1
    NEW_NOTICE = 2
    NEW = 3
    NOTE = 4
    UPDATE = 5


LONGEST = timedelta(hours=1)
"""Between tries of what Slack refuses for itself: a person may mend it meanwhile."""

_UPDATES = "updates"
_ACTED = alerts.c.acted_version > alerts.c.posted_version
_RANK = case(
    (_ACTED, int(Rank.ACTED)),
    (and_(alerts.c.ts == "", alerts.c.severity == Severity.URGENT.value), int(Rank.NEW_URGENT)),
    (and_(alerts.c.ts == "", alerts.c.severity == Severity.NOTICE.value), int(Rank.NEW_NOTICE)),
    (alerts.c.ts == "", int(Rank.NEW)),
    else_=int(Rank.UPDATE),
)


class SqlPosts:
    """The questions of who posts: alerts and notes that are due, and how posting went."""

    def __init__(self, database: Database, leases: SqlLeases, timing: Timing) -> None:
        self._database = database
        self._leases = leases
        self._timing = timing

    async def next_due(self, channel: str) -> Due | None:
        """Return what to post next in a channel and mark it as begun; None if nothing is due.

        People's redraws come first, then new alerts, the loudest first, then notes whose alert is
        posted, then updates.
        """
        async with self._database.reading() as connection:
            if await self._next(connection, channel) is None:
                return None
        async with self._database.writing() as connection:
            chosen = await self._next(connection, channel)
            if chosen is None:
                return None
            rank, row = chosen
            if rank == Rank.NOTE:
                return await self._begin_note(connection, row)
            if rank == Rank.UPDATE and not await self._leases.reserve_now(
                connection, _UPDATES, OWN_UPDATES
            ):
                return None
            return await self._begin_alert(connection, row)

    async def _next(self, connection: AsyncConnection, channel: str) -> tuple[int, Row[Any]] | None:
        if await self._paused(connection, channel):
            return None
        alert = (
            await connection.execute(due_alerts(channel, self._database.clock()).limit(1))
        ).first()
        if alert is not None and alert.rank < Rank.NOTE:
            return alert.rank, alert
        note = (
            await connection.execute(due_notes(channel, self._database.clock()).limit(1))
        ).first()
        if note is not None:
            return Rank.NOTE, note
        return None if alert is None else (Rank.UPDATE, alert)

    async def _paused(self, connection: AsyncConnection, channel: str) -> bool:
        query = select(turns.c.name).where(
            turns.c.name == pause_of(channel), turns.c.next_at > self._database.moment()
        )
        return (await connection.execute(query)).first() is not None

    async def _begin_alert(self, connection: AsyncConnection, row: Row[Any]) -> Due:
        uncertain, post_key, version = await self._begin(connection, alerts, row)
        [alert] = await read_alerts(connection, [row], sample=True)
        return Due(alert=alert, uncertain=uncertain, post_key=post_key, version=version)

    async def _begin_note(self, connection: AsyncConnection, row: Row[Any]) -> Due:
        uncertain, post_key, version = await self._begin(connection, notes, row)
        return Due(note=note_of(row), uncertain=uncertain, post_key=post_key, version=version)

    async def _begin(
        self, connection: AsyncConnection, table: Table, row: Row[Any]
    ) -> tuple[bool, str, int]:
        """Mark a row as begun; return whether it was before, its key, the version that it shows.

        A post that may be out already shows the version of that time. Updates can be repeated.
        """
        if row.ts:
            return False, row.post_key, row.version
        uncertain = bool(row.uncertain or row.post_begun_at is not None)
        version = row.begun_version if uncertain else row.version
        post_key = row.post_key or secrets.token_hex(12)
        begun = {
            "post_key": post_key,
            "post_begun_at": self._database.clock(),
            "begun_version": version,
        }
        await connection.execute(update(table).where(table.c.id == row.id).values(**begun))
        return uncertain, post_key, version

    async def posted(self, due: Due, channel: str, ts: str) -> None:
        """Note that a post or update went out; what changed meanwhile stays due."""
        async with self._database.writing(urgent=True) as connection:
            if not (due.alert and due.alert.ts):
                await self._leases.hold(connection, posts_in(channel), POSTS.every.total_seconds())
            if due.alert is not None:
                await self._posted_alert(connection, due, due.alert, channel, ts)
            elif due.note is not None:
                await self._posted_note(connection, due, due.note, channel, ts)

    async def _posted_alert(
        self, connection: AsyncConnection, due: Due, alert: Alert, channel: str, ts: str
    ) -> None:
        query = select(alerts).where(alerts.c.id == alert.id).with_for_update()
        row = (await connection.execute(query)).first()
        if row is None:
            return
        by_itself = bool(row.ts) and row.acted_version <= row.posted_version
        shown = [getattr(alert, name) for name in COUNTS]
        step = row.update_step + by_itself
        values = {
            "channel": channel,
            "ts": ts,
            "shown": shown,
            "posted_version": due.version,
            "posted_at": self._database.clock(),
            "update_step": step,
            "flush_at": self._flush_again(row, due, shown, step),
            **_ENDED,
        }
        await connection.execute(update(alerts).where(alerts.c.id == alert.id).values(**values))

    def _flush_again(self, row: Row[Any], due: Due, shown: list[int], step: int) -> datetime | None:
        """Return when an alert is due again whose message was just made."""
        if row.version <= due.version:
            return None
        if due.uncertain or row.closed_at is not None or row.acted_version > due.version:
            return self._database.clock()
        if not has_moved(shown, [getattr(row, name) for name in COUNTS]):
            return None
        return self._database.clock() + self._timing.step(step)

    async def _posted_note(
        self, connection: AsyncConnection, due: Due, note: Note, channel: str, ts: str
    ) -> None:
        renewed = notes.c.version > due.version
        values = {
            "channel": channel,
            "ts": ts,
            "due_at": case((renewed, notes.c.due_at), else_=None),
            **_ENDED,
        }
        await connection.execute(update(notes).where(notes.c.id == note.id).values(**values))

    async def not_posted(self, due: Due, why: NotPosted, retry_after: float) -> None:
        """Note that a post failed: due again later.

        If Slack does not answer or limits us, the whole channel waits; what it refuses waits
        alone, longer each time. An update is never uncertain.
        """
        what = due.alert or due.note
        if what is None:
            return
        table = alerts if due.alert else notes
        async with self._database.writing(urgent=True) as connection:
            query = select(table).where(table.c.id == what.id).with_for_update()
            row = (await connection.execute(query)).first()
            if row is None:
                return
            wait = timedelta(seconds=max(retry_after, 0.1))
            if why is not NotPosted.REFUSED:
                await self._leases.hold(connection, pause_of(what.channel), wait.total_seconds())
            else:
                wait = max(wait, min(wait * 2 ** min(row.failures, 10), LONGEST))
            again = "flush_at" if due.alert else "due_at"
            values = {
                **_ENDED,
                again: self._database.clock() + wait,
                "uncertain": (why is NotPosted.UNANSWERED or due.uncertain) and not row.ts,
                "failures": row.failures + 1,
            }
            await connection.execute(update(table).where(table.c.id == what.id).values(**values))


_ENDED: dict[str, Any] = {"post_begun_at": None, "uncertain": False, "failures": 0}


def due_alerts(channel: str, now: datetime) -> Select[Any]:
    """Return the query for alerts that are due in a channel, the most pressing first."""
    return (
        select(alerts, _RANK.label("rank"))
        .where(alerts.c.channel == channel, FLUSHING, alerts.c.flush_at <= now)
        .order_by(_RANK, alerts.c.flush_at, alerts.c.id)
    )


def due_notes(channel: str, now: datetime) -> Select[Any]:
    """Return the query for notes that are due in a channel; those of an alert follow its post."""
    own = and_(notes.c.alert_id.is_(None), notes.c.channel == channel)
    posted = and_(alerts.c.channel == channel, alerts.c.ts != "")
    columns = [column for column in notes.c if column.name != "channel"]
    return (
        select(*columns, alerts.c.ts.label("thread_ts"), _CHANNEL.label("channel"))
        .select_from(notes.outerjoin(alerts, alerts.c.id == notes.c.alert_id))
        .where(NOTE_DUE, notes.c.due_at <= now, or_(own, posted))
        .order_by(notes.c.due_at, notes.c.id)
    )


_CHANNEL = case((alerts.c.channel.is_not(None), alerts.c.channel), else_=notes.c.channel)


def note_of(row: Row[Any]) -> Note:
    """Return the note of a row of `due_notes`."""
    return value_of(Note, row, blocks=tuple(row.blocks), thread_ts=row.thread_ts or "")
