"""Requests that came before: remembered in the database, thus by all replicas."""

from datetime import timedelta

from sqlalchemy import delete

from bot.store.sql.columns import hashed
from bot.store.sql.database import Database
from bot.store.sql.tables import seen


class SqlRepeats:
    """The table of keys that were seen."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def seen(self, key: str, keep: timedelta) -> bool:
        """Return whether a key was seen before, and remember it for `keep`."""
        now = self._database.clock()
        insert = self._database.insert(seen)
        remember = insert.on_conflict_do_update(
            index_elements=[seen.c.key],
            set_={"until": insert.excluded.until},
            where=seen.c.until <= now,
        ).returning(seen.c.key)
        row = {"key": hashed(key), "until": now + keep}
        async with self._database.writing(urgent=True) as connection:
            return (await connection.execute(remember, [row])).first() is None

    async def forget(self, key: str) -> None:
        """Let a key come again: what it stood for failed."""
        async with self._database.writing(urgent=True) as connection:
            await connection.execute(delete(seen).where(seen.c.key == hashed(key)))
