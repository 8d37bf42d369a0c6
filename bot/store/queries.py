"""What people ask: counts, histories, what is in quarantine, how the sources are; and upkeep."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, Table, case, func, select, update

from bot.store.alerts.acting import acted
from bot.store.part import Part
from bot.store.rows.delivery import delivery_of
from bot.store.sql.columns import hashed
from bot.store.sql.tables import (
    FLUSHING,
    JOB_RUNS,
    JOB_WAITS,
    NOTE_DUE,
    UNTRIAGED,
    alerts,
    audit,
    contacts,
    deliveries,
    events,
    jobs,
    notes,
    quarantine,
    seen,
    source_hours,
    sources,
)
from handlers.store import Quarantined, SourceHealth
from resolutions.alert import Delivery, DeliveryState
from resolutions.bounce import Kind
from resolutions.diagnosis.diagnose import Confidence

DAY = timedelta(hours=24)
UNSURE = (Confidence.NONE.value, Confidence.WEAK.value)
REPORTED = (Kind.BOUNCE.value, Kind.DEFERRAL.value, Kind.REJECTED.value)
FAILED = (DeliveryState.BOUNCED.value, DeliveryState.EXPIRED.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Audited:
    """An entry of the audit log."""

    at: datetime
    action: str
    by: str
    what: str
    result: str
    alert_id: int | None


class Questions(Part):
    """What is asked over many rows, and what belongs to no other table's module."""

    async def counts(self, since: datetime) -> dict[str, int]:
        """Return bounces by reason since a time; complaints stand under "complaint"."""
        complaint = deliveries.c.kind == Kind.COMPLAINT.value
        word = case((complaint, Kind.COMPLAINT.value), else_=deliveries.c.reason)
        query = (
            select(word.label("word"), func.count().label("number"))
            .where(deliveries.c.occurred_at >= since, deliveries.c.state.in_(FAILED))
            .group_by("word")
        )
        async with self.database.reading() as connection:
            return {row.word: row.number for row in await connection.execute(query)}

    async def history(self, recipient: str, limit: int = 20) -> list[Delivery]:
        """Return the newest deliveries of an address over all sources."""
        query = (
            select(deliveries)
            .join(contacts, contacts.c.id == deliveries.c.contact_id)
            .where(contacts.c.address_key == hashed(recipient.lower()))
            .order_by(deliveries.c.occurred_at.desc(), deliveries.c.id.desc())
            .limit(limit)
        )
        async with self.database.reading() as connection:
            return [delivery_of(row) for row in await connection.execute(query)]

    async def undecided(self, span: int = 5_000) -> AsyncIterator[list[Delivery]]:
        """Yield the deliveries whose reason no wording tells for sure, a range of ids at a time.

        Each range is read apart, so that however many there are, nothing waits for the reader.
        """
        ends = select(func.min(deliveries.c.id), func.max(deliveries.c.id))
        unsure = deliveries.c.confidence.in_(UNSURE) & deliveries.c.kind.in_(REPORTED)
        async with self.database.reading() as connection:
            first, last = (await connection.execute(ends)).one()
        for start in range(first or 0, (last or 0) + 1, span):
            page = select(deliveries).where(deliveries.c.id.between(start, start + span - 1))
            async with self.database.reading() as connection:
                rows = await connection.execute(page.where(unsure).order_by(deliveries.c.id))
                yield [delivery_of(row) for row in rows]

    # Quarantine

    async def quarantined(self, limit: int = 50, source: str = "") -> list[Quarantined]:
        """Return what is in quarantine, newest first, without replayed ones."""
        query = select(quarantine).where(quarantine.c.replayed_at.is_(None))
        if source:
            query = query.where(quarantine.c.source == source)
        query = query.order_by(quarantine.c.id.desc()).limit(limit)
        async with self.database.reading() as connection:
            return [_quarantined(row) for row in await connection.execute(query)]

    async def quarantined_one(self, number: int) -> Quarantined | None:
        """Return an entry of the quarantine, replayed or not."""
        query = select(quarantine).where(quarantine.c.id == number)
        async with self.database.reading() as connection:
            row = (await connection.execute(query)).first()
        return None if row is None else _quarantined(row)

    async def mark_replayed(self, number: int) -> bool:
        """Note that an entry was read after all; False if it was already, or is not there."""
        statement = (
            update(quarantine)
            .where(quarantine.c.id == number, quarantine.c.replayed_at.is_(None))
            .values(replayed_at=self.now())
        )
        async with self.database.writing() as connection:
            return (await connection.execute(statement)).rowcount > 0

    # Health

    async def health(self) -> list[SourceHealth]:
        """Return what each source sent in the last 24 hours (by whole hours)."""
        recent = source_hours.c.hour > self.now() - DAY
        joined = (source_hours.c.source == sources.c.source) & recent
        query = (
            select(
                sources.c.source,
                sources.c.last_event_at,
                *(
                    func.coalesce(func.sum(column), 0).label(column.name)
                    for column in (
                        source_hours.c.events,
                        source_hours.c.delivered,
                        source_hours.c.quarantined,
                    )
                ),
            )
            .select_from(sources.outerjoin(source_hours, joined))
            .group_by(sources.c.source, sources.c.last_event_at)
            .order_by(sources.c.source)
        )
        async with self.database.reading() as connection:
            return [_health(row) for row in await connection.execute(query)]

    async def depths(self) -> dict[str, int]:
        """Return how much waits to be done, by kind.

        `posts` are alerts without a Slack message yet, also those that still gather; `jobs` are
        due now, `scheduled` later.
        """
        due = jobs.c.run_at <= self.database.moment()
        queries = {
            "events": _number(events, UNTRIAGED),
            "posts": _number(alerts, FLUSHING, alerts.c.ts == ""),
            "updates": _number(alerts, FLUSHING, alerts.c.ts != ""),
            "notes": _number(notes, NOTE_DUE),
            "jobs": _number(jobs, JOB_WAITS, due),
            "scheduled": _number(jobs, JOB_WAITS, ~due),
            "running": _number(jobs, JOB_RUNS),
        }
        query = select(*(one.scalar_subquery().label(name) for name, one in queries.items()))
        async with self.database.reading() as connection:
            found = (await connection.execute(query)).mappings().one()
        return {name: int(found[name]) for name in queries}

    # What is noted

    async def audit(
        self, action: str, by: str, what: str, result: str, alert_id: int | None
    ) -> None:
        """Append to the audit log."""
        row = {
            "at": self.now(),
            "action": action,
            "by": by,
            "what": what,
            "result": result,
            "alert_id": alert_id,
        }
        async with self.database.writing() as connection:
            await connection.execute(audit.insert(), [row])

    async def audited(self, limit: int = 100, alert_id: int | None = None) -> list[Audited]:
        """Return the newest entries of the audit log."""
        query = select(audit).order_by(audit.c.id.desc()).limit(limit)
        if alert_id is not None:
            query = query.where(audit.c.alert_id == alert_id)
        async with self.database.reading() as connection:
            return [_audited(row) for row in await connection.execute(query)]

    async def seen(self, key: str, keep: timedelta) -> bool:
        """Return whether a key was seen before, and remember it for `keep`."""
        now = self.now()
        insert = self.database.insert(seen)
        remember = insert.on_conflict_do_update(
            index_elements=[seen.c.key],
            set_={"until": insert.excluded.until},
            where=seen.c.until <= now,
        ).returning(seen.c.key)
        row = {"key": hashed(key), "until": now + keep}
        async with self.database.writing(urgent=True) as connection:
            return (await connection.execute(remember, [row])).first() is None

    async def ticket_opened(self, alert_id: int, reference: str, url: str) -> None:
        """Note the ticket of an alert."""
        ticket = {"ticket_reference": reference, "ticket_url": url}
        statement = update(alerts).where(alerts.c.id == alert_id).values(**ticket)
        async with self.database.writing() as connection:
            await connection.execute(statement)
            await acted(connection, alert_id, self.now())


def _number(table: Table, *where: ColumnElement[bool]) -> Select[int]:
    return select(func.count()).select_from(table).where(*where)


def _quarantined(row: Row[Any]) -> Quarantined:
    return Quarantined(
        id=row.id,
        source=row.source,
        received_at=row.received_at,
        why=row.why,
        body=row.body,
        headers=row.headers,
        replayed_at=row.replayed_at,
    )


def _health(row: Row[Any]) -> SourceHealth:
    return SourceHealth(
        source=row.source,
        last_event_at=row.last_event_at,
        events=int(row.events),
        delivered=int(row.delivered),
        quarantined=int(row.quarantined),
    )


def _audited(row: Row[Any]) -> Audited:
    return Audited(
        at=row.at,
        action=row.action,
        by=row.by,
        what=row.what,
        result=row.result,
        alert_id=row.alert_id,
    )
