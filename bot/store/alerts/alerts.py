"""Alerts: as they stand, in whose thread a message is, and which are over."""

from datetime import datetime

from sqlalchemy import Connection, case, func, literal, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.alerts.counters import LOCK, LOUDNESS
from bot.store.options import Timing
from bot.store.rows.alert import read_alerts
from bot.store.sql.columns import Moment
from bot.store.sql.database import Database
from bot.store.sql.tables import OPEN, alerts, notes
from resolutions.alert import Alert


class SqlAlerts:
    """The table of alerts."""

    def __init__(self, database: Database, timing: Timing) -> None:
        self._database = database
        self._timing = timing

    async def get(self, alert_id: int) -> Alert | None:
        """Return an alert with its tallies, sample and deeds."""
        async with self._database.reading() as connection:
            rows = (await connection.execute(select(alerts).where(alerts.c.id == alert_id))).all()
            read = await read_alerts(connection, rows, sample=True)
        return read[0] if read else None

    async def at(self, channel: str, ts: str) -> Alert | None:
        """Return the alert whose message this is, or in whose thread."""
        if not ts:
            return None
        own = select(alerts.c.id).where(alerts.c.channel == channel, alerts.c.ts == ts)
        within = select(notes.c.alert_id).where(notes.c.ts == ts, notes.c.alert_id.is_not(None))
        within = within.where(notes.c.channel == channel)
        async with self._database.reading() as connection:
            number = (await connection.execute(own)).scalar() or (
                await connection.execute(within)
            ).scalar()
        return None if number is None else await self.get(number)

    async def worst(self, limit: int) -> tuple[list[Alert], int]:
        """Return the loudest open alerts, of those the largest and newest, and how many there are.

        Without samples.
        """
        loudness = case(
            {level.value: at for at, level in enumerate(LOUDNESS)}, value=alerts.c.severity
        )
        size = alerts.c.waiting + alerts.c.bounced + alerts.c.expired
        newest = (alerts.c.last_event_at.desc(), alerts.c.id.desc())
        query = select(alerts).where(OPEN, or_(alerts.c.ts != "", size > 0))
        total = select(func.count()).select_from(query.subquery())
        worst = query.order_by(loudness.desc(), size.desc(), *newest).limit(limit)
        async with self._database.reading() as connection:
            number = (await connection.execute(total)).scalar_one()
            rows = (await connection.execute(worst)).all()
            return await read_alerts(connection, rows, sample=False), number

    async def newest(self, limit: int = 50, reason: str = "") -> list[Alert]:
        """Return open alerts, the newest first, without samples.

        Left out is what was only deferred and arrived before anybody was told.
        """
        bad = alerts.c.waiting + alerts.c.bounced + alerts.c.expired > 0
        query = select(alerts).where(OPEN, or_(alerts.c.ts != "", bad))
        if reason:
            query = query.where(alerts.c.reason == reason)
        query = query.order_by(alerts.c.last_event_at.desc(), alerts.c.id.desc()).limit(limit)
        async with self._database.reading() as connection:
            rows = (await connection.execute(query)).all()
            return await read_alerts(connection, rows, sample=False)

    async def touch(self, alert_id: int) -> None:
        """Make an alert due at once: a person acted."""
        async with self._database.writing(urgent=True) as connection:
            await mark_due(connection, alert_id, self._database.clock())

    async def set_ticket(self, alert_id: int, reference: str, url: str) -> None:
        """Note the ticket of an alert."""
        ticket = {"ticket_reference": reference, "ticket_url": url}
        statement = update(alerts).where(alerts.c.id == alert_id).values(**ticket)
        async with self._database.writing() as connection:
            await connection.execute(statement)
            await mark_due(connection, alert_id, self._database.clock())

    async def close_quiet(self) -> int:
        """Close alerts that heard nothing for `close_after`; return how many.

        What is shown of them is redrawn once.
        """
        now = self._database.clock()
        shown = alerts.c.ts != ""
        statement = (
            update(alerts)
            .where(OPEN, alerts.c.last_event_at <= now - self._timing.close_after)
            .values(
                closed_at=now,
                version=alerts.c.version + 1,
                flush_at=case((shown, literal(now, Moment)), else_=alerts.c.flush_at),
            )
        )

        def close(connection: Connection) -> int:
            self._database.lock(connection, LOCK)
            return connection.execute(statement).rowcount

        return await self._database.write(close)


async def mark_due(connection: AsyncConnection, alert_id: int | None, now: datetime) -> None:
    """Make an alert due at once, if there is one: a person acted."""
    if alert_id is None:
        return
    version = alerts.c.version + 1
    await connection.execute(
        update(alerts)
        .where(alerts.c.id == alert_id)
        .values(version=version, acted_version=version, flush_at=now)
    )
