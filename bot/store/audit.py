"""The audit log: what was done to the outside, by whom, and how it went."""

from sqlalchemy import select

from bot.store.rows.value import value_of
from bot.store.sql.database import Database
from bot.store.sql.tables import audit
from handlers.store import Audited

ID_DIGITS = 18
"""No id is longer."""


class SqlAudit:
    """The table of the audit log."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, action: str, by: str, what: str, result: str, alert_id: int | None) -> None:
        """Append to the audit log."""
        row = {
            "at": self._database.clock(),
            "action": action,
            "by": by,
            "what": what,
            "result": result,
            "alert_id": alert_id,
        }
        async with self._database.writing() as connection:
            await connection.execute(audit.insert(), [row])

    async def newest(self, limit: int = 100, about: str = "") -> list[Audited]:
        """Return entries, the newest first: of the alert with a number, about an address, or all.

        No index leads to what an entry is about: the log is read until there are enough.
        """
        query = select(audit).order_by(audit.c.id.desc()).limit(limit)
        if about.isdecimal():
            query = query.where(audit.c.alert_id == int(about[:ID_DIGITS]))
        elif about:
            query = query.where(audit.c.what.icontains(about, autoescape=True))
        async with self._database.reading() as connection:
            return [value_of(Audited, row) for row in await connection.execute(query)]
