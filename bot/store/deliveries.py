"""Deliveries: of an alert, of an address, by reason; and what of them was sent again."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, case, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.contacts import contact_of
from bot.store.rows.delivery import delivery_of
from bot.store.sql.columns import hashed
from bot.store.sql.database import Database
from bot.store.sql.tables import contacts, deliveries, resends
from handlers.store import Contact, Job
from resolutions.alert import Delivery, DeliveryState
from resolutions.bounce import Kind
from resolutions.diagnosis.result import Confidence

UNSURE = (Confidence.NONE.value, Confidence.WEAK.value)
REPORTED = (Kind.BOUNCE.value, Kind.DEFERRAL.value, Kind.REJECTED.value)
FAILED = (DeliveryState.BOUNCED.value, DeliveryState.EXPIRED.value)


class SqlDeliveries:
    """The table of deliveries, and that of what was sent again."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of_alert(self, alert_id: int, limit: int, after: int = 0) -> list[Delivery]:
        """Return deliveries of an alert by id, in pages."""
        query = select(deliveries).where(deliveries.c.alert_id == alert_id, deliveries.c.id > after)
        return await self._read(query.order_by(deliveries.c.id).limit(limit))

    async def count_by_reason(self, since: datetime) -> dict[str, int]:
        """Return bounces by reason since a time; complaints stand under "complaint"."""
        complaint = deliveries.c.kind == Kind.COMPLAINT.value
        word = case((complaint, Kind.COMPLAINT.value), else_=deliveries.c.reason)
        query = (
            select(word.label("word"), func.count().label("number"))
            .where(deliveries.c.occurred_at >= since, deliveries.c.state.in_(FAILED))
            .group_by("word")
        )
        async with self._database.reading() as connection:
            return {row.word: row.number for row in await connection.execute(query)}

    async def of_address(self, recipient: str, limit: int = 20) -> list[Delivery]:
        """Return the newest deliveries of an address over all sources."""
        query = (
            select(deliveries)
            .join(contacts, contacts.c.id == deliveries.c.contact_id)
            .where(contacts.c.address_key == hashed(recipient.lower()))
            .order_by(deliveries.c.occurred_at.desc(), deliveries.c.id.desc())
            .limit(limit)
        )
        return await self._read(query)

    async def undecided(self, span: int = 5_000) -> AsyncIterator[list[Delivery]]:
        """Yield the deliveries whose reason no wording tells for sure, a range of ids at a time.

        Each range is read apart, so that however many there are, nothing waits for the reader.
        """
        ends = select(func.min(deliveries.c.id), func.max(deliveries.c.id))
        unsure = deliveries.c.confidence.in_(UNSURE) & deliveries.c.kind.in_(REPORTED)
        async with self._database.reading() as connection:
            first, last = (await connection.execute(ends)).one()
        for start in range(first or 0, (last or 0) + 1, span):
            page = select(deliveries).where(deliveries.c.id.between(start, start + span - 1))
            async with self._database.reading() as connection:
                rows = await connection.execute(page.where(unsure).order_by(deliveries.c.id))
                yield [delivery_of(row) for row in rows]

    # Sending again

    async def to_resend(self, alert_id: int, limit: int) -> list[Delivery]:
        """Return deliveries of an alert that were not resent yet, the newest of each recipient.

        A recipient whose newest delivery still waits, arrived or is a complaint has none.
        """
        rank = func.row_number().over(
            partition_by=deliveries.c.contact_id,
            order_by=(deliveries.c.occurred_at.desc(), deliveries.c.id.desc()),
        )
        of_alert = select(deliveries.c.id, rank.label("rank"))
        ranked = of_alert.where(deliveries.c.alert_id == alert_id).subquery()
        sent = select(resends.c.delivery_id).where(resends.c.delivery_id == deliveries.c.id)
        query = (
            select(deliveries)
            .join(ranked, ranked.c.id == deliveries.c.id)
            .where(
                ranked.c.rank == 1,
                deliveries.c.state.in_(FAILED),
                deliveries.c.kind != Kind.COMPLAINT.value,
                ~sent.exists(),
            )
            .order_by(deliveries.c.id)
            .limit(limit)
        )
        return await self._read(query)

    async def with_contact(self, delivery_id: int) -> tuple[Delivery, Contact] | None:
        """Return a delivery and its contact as they stand now (judged again before a resend)."""
        async with self._database.reading() as connection:
            row = await _one(connection, select(deliveries).where(deliveries.c.id == delivery_id))
            if row is None:
                return None
            person = await _one(connection, select(contacts).where(contacts.c.id == row.contact_id))
            return None if person is None else (delivery_of(row), contact_of(person))

    async def mark_resent(self, delivery: Delivery, job: Job, line: str) -> None:
        """Note that a delivery was sent again, so that no later job repeats it."""
        row = {
            "delivery_id": delivery.id,
            "job_id": job.id,
            "line": line,
            "at": self._database.clock(),
        }
        async with self._database.writing() as connection:
            await connection.execute(self._database.insert(resends).on_conflict_do_nothing(), [row])

    async def was_resent(self, delivery_id: int) -> bool:
        """Return whether a delivery was sent again already."""
        query = select(resends.c.job_id).where(resends.c.delivery_id == delivery_id)
        async with self._database.reading() as connection:
            return await _one(connection, query) is not None

    async def _read(self, query: Select[Any]) -> list[Delivery]:
        async with self._database.reading() as connection:
            return [delivery_of(row) for row in await connection.execute(query)]


async def _one(connection: AsyncConnection, query: Select[Any]) -> Row[Any] | None:
    row: Row[Any] | None = (await connection.execute(query)).first()
    return row
