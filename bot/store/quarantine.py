"""What was verified but not understood, kept as the bytes it came in."""

from sqlalchemy import select, update

from bot.store.rows.value import value_of
from bot.store.sql.database import Database
from bot.store.sql.tables import quarantine
from handlers.store import Quarantined


class SqlQuarantine:
    """The table of the quarantine."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def newest(self, limit: int = 50, source: str = "") -> list[Quarantined]:
        """Return what is in quarantine, newest first, without replayed ones."""
        query = select(quarantine).where(quarantine.c.replayed_at.is_(None))
        if source:
            query = query.where(quarantine.c.source == source)
        query = query.order_by(quarantine.c.id.desc()).limit(limit)
        async with self._database.reading() as connection:
            return [value_of(Quarantined, row) for row in await connection.execute(query)]

    async def get(self, number: int) -> Quarantined | None:
        """Return an entry of the quarantine, replayed or not."""
        query = select(quarantine).where(quarantine.c.id == number)
        async with self._database.reading() as connection:
            row = (await connection.execute(query)).first()
        return None if row is None else value_of(Quarantined, row)

    async def mark_replayed(self, number: int) -> bool:
        """Note that an entry was read after all; False if it was already, or is not there."""
        statement = (
            update(quarantine)
            .where(quarantine.c.id == number, quarantine.c.replayed_at.is_(None))
            .values(replayed_at=self._database.clock())
        )
        async with self._database.writing() as connection:
            return (await connection.execute(statement)).rowcount > 0
