"""Contacts: who may be flagged as inactive, and who is."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import asdict
from typing import Any

from sqlalchemy import Row, Select, func, select, update

from bot.store.rows.event import contact_key
from bot.store.rows.value import value_of
from bot.store.sql.columns import hashed
from bot.store.sql.database import Database
from bot.store.sql.tables import contacts, deliveries
from handlers.provider import Suppression
from handlers.store import Contact, Job

PAGE = 500


class SqlContacts:
    """The table of contacts."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def to_flag(self, job: Job) -> AsyncIterator[list[Contact]]:
        """Yield pages of at most 500 contacts of the job's alert that may be flagged.

        Permanent and final for the address (or a complaint), likely or certain, not flagged yet.
        They follow the job's cursor, the id of the last contact that was dealt with.
        """
        condemned, after = _condemned(job.alert_id), int(job.cursor or 0)
        while True:
            ids = condemned.where(deliveries.c.contact_id > after)
            ids = ids.order_by(deliveries.c.contact_id).limit(PAGE)
            page = await self._read(
                select(contacts).where(contacts.c.id.in_(ids)).order_by(contacts.c.id)
            )
            if not page:
                return
            yield page
            after = page[-1].id

    async def count_to_flag(self, alert_id: int) -> int:
        """Return how many contacts `to_flag` would yield."""
        condemned = _condemned(alert_id).subquery()
        async with self._database.reading() as connection:
            query = select(func.count()).select_from(condemned)
            return int((await connection.execute(query)).scalar_one())

    async def flagged_from(self, alert_id: int) -> AsyncIterator[list[Contact]]:
        """Yield pages of contacts that were flagged from an alert and still are."""
        flagged = select(contacts).where(contacts.c.flagged_alert == alert_id, contacts.c.inactive)
        flagged, after = flagged.order_by(contacts.c.id).limit(PAGE), 0
        while page := await self._read(flagged.where(contacts.c.id > after)):
            yield page
            after = page[-1].id

    async def flag(
        self, contact: Contact, job: Job, before: Suppression | None, added: Suppression | None
    ) -> None:
        """Flag a contact as inactive, with what the provider's list had and what we added.

        One that is flagged keeps its first flag: by whom, and what was added then.
        """
        statement = (
            update(contacts)
            .where(contacts.c.id == contact.id, ~contacts.c.inactive)
            .values(
                inactive=True,
                flagged_by=job.by,
                flagged_at=self._database.clock(),
                flagged_alert=job.alert_id,
                before=_kept(before),
                added=_kept(added),
            )
        )
        async with self._database.writing() as connection:
            await connection.execute(statement)

    async def unflag(self, contact: Contact, job: Job) -> None:
        """Take a flag back, with all that was noted of it."""
        statement = (
            update(contacts)
            .where(contacts.c.id == contact.id, contacts.c.inactive)
            .values(
                inactive=False,
                flagged_by="",
                flagged_at=None,
                flagged_alert=None,
                before=None,
                added=None,
            )
        )
        async with self._database.writing() as connection:
            await connection.execute(statement)

    async def get(self, source: str, recipient: str) -> Contact | None:
        """Return a contact of a source."""
        key = contact_key(source, recipient)
        one = await self._read(select(contacts).where(contacts.c.key == key))
        return one[0] if one else None

    async def of_address(self, recipient: str) -> list[Contact]:
        """Return an address at all sources."""
        query = select(contacts).where(contacts.c.address_key == hashed(recipient.lower()))
        return await self._read(query.order_by(contacts.c.source))

    async def _read(self, query: Select[Any]) -> list[Contact]:
        async with self._database.reading() as connection:
            return [contact_of(row) for row in await connection.execute(query)]


def contact_of(row: Row[Any]) -> Contact:
    """Return the contact that a row holds."""
    return value_of(Contact, row, before=_entry(row.before), added=_entry(row.added))


def _entry(kept: Mapping[str, Any] | None) -> Suppression | None:
    return None if kept is None else Suppression(**kept)


def _condemned(alert_id: int | None) -> Select[int]:
    """Return the query for ids of contacts whose failure in an alert is final, not flagged yet."""
    return (
        select(deliveries.c.contact_id.label("id"))
        .join(contacts, contacts.c.id == deliveries.c.contact_id)
        .where(deliveries.c.alert_id == alert_id, deliveries.c.final, ~contacts.c.inactive)
        .distinct()
    )


def _kept(entry: Suppression | None) -> dict[str, Any] | None:
    return None if entry is None else asdict(entry)
