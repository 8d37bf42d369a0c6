"""Whose turn it is: the lease of a channel, and the rate at which Slack may be called.

A turn is one row: the time from which the next call is free. Where a burst is allowed, a call may
come that much before it.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.sql.columns import EPOCH
from bot.store.sql.database import Database
from bot.store.sql.tables import leases, turns


@dataclass(frozen=True, slots=True)
class Rate:
    """A call every `every`; up to `early` before its time, which makes bursts."""

    every: timedelta
    early: timedelta = timedelta(0)


POSTS = Rate(timedelta(seconds=1))
"""chat.postMessage: one a second in a channel."""

UPDATES = Rate(timedelta(seconds=1.5), timedelta(seconds=12))
"""chat.update: at most (60 + 12) / 1.5 + 1 = 49 in any minute, over the whole workspace."""

OWN_UPDATES = Rate(timedelta(seconds=4), timedelta(seconds=12))
"""Updates that no person waits for: at most 19 in any minute."""


class SqlLeases:
    """Leases and turns, by the database's clock."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._held: dict[tuple[str, str], datetime] = {}

    async def lease_channel(self, channel: str, holder: str, seconds: float) -> bool:
        """Take or renew the lease of a channel (on the database's clock).

        One that was renewed in the last third of its time is believed without asking.
        """
        asked_at = self._database.clock()
        since = self._held.get((channel, holder))
        if since is not None and timedelta(0) <= asked_at - since < timedelta(seconds=seconds / 3):
            return True
        insert = self._database.insert(leases).values(
            name=_lease(channel), holder=holder, until=self._database.moment(seconds)
        )
        free = or_(leases.c.until <= self._database.moment(), leases.c.holder == holder)
        taken = {"holder": insert.excluded.holder, "until": insert.excluded.until}
        statement = insert.on_conflict_do_update(index_elements=["name"], set_=taken, where=free)
        async with self._database.writing() as connection:
            granted = (await connection.execute(statement.returning(leases.c.name))).first()
        self._held.pop((channel, holder), None)
        if granted is not None:
            self._held[channel, holder] = asked_at
        return granted is not None

    async def give_back(self) -> None:
        """Give back the leases that were taken here, so that the next process need not wait."""
        if not self._held:
            return
        async with self._database.writing() as connection:
            for channel, holder in self._held:
                mine = (leases.c.name == _lease(channel)) & (leases.c.holder == holder)
                await connection.execute(delete(leases).where(mine))
        self._held.clear()

    async def forget(self) -> None:
        """Drop all leases: of one process alone on its file, nobody else can hold any."""
        async with self._database.writing() as connection:
            await connection.execute(delete(leases))

    async def take_turn(self, method: str, channel: str) -> float:
        """Reserve the next Slack call of a method in a channel; return the seconds to wait for it.

        Keeps 1 s between posts of a channel and 50 a minute of chat.update in the workspace.
        """
        name, rate = (method, UPDATES) if method == "chat.update" else (posts_in(channel), POSTS)
        async with self._database.writing(urgent=True) as connection:
            return await self.reserve(connection, name, rate)

    async def reserve(self, connection: AsyncConnection, name: str, rate: Rate) -> float:
        """Take the next turn of a name; return the seconds until then."""
        now, free = await self._look(connection, name)
        start = max(now, free)
        await self._set(connection, name, start + rate.every)
        return max((free - rate.early - now).total_seconds(), 0.0)

    async def reserve_now(self, connection: AsyncConnection, name: str, rate: Rate) -> bool:
        """Take the turn of a name if it can be had at once."""
        now, free = await self._look(connection, name)
        if free - rate.early > now:
            return False
        await self._set(connection, name, max(now, free) + rate.every)
        return True

    async def hold(self, connection: AsyncConnection, name: str, seconds: float) -> None:
        """Let a name not be free for some seconds from now."""
        now, free = await self._look(connection, name)
        await self._set(connection, name, max(free, now + timedelta(seconds=seconds)))

    async def _look(self, connection: AsyncConnection, name: str) -> tuple[datetime, datetime]:
        """Return the present and the time from which a name is free, its row locked."""
        insert = self._database.insert(turns).on_conflict_do_nothing()
        await connection.execute(insert, [{"name": name, "next_at": EPOCH}])
        query = select(turns.c.next_at).where(turns.c.name == name).with_for_update()
        free = (await connection.execute(query)).scalar_one()
        return await self._database.now(connection), free

    async def _set(self, connection: AsyncConnection, name: str, free: datetime) -> None:
        await connection.execute(update(turns).where(turns.c.name == name).values(next_at=free))


def _lease(channel: str) -> str:
    return f"channel:{channel}"


def posts_in(channel: str) -> str:
    """Return the name of the turns of posts in a channel."""
    return f"post:{channel}"


def pause_of(channel: str) -> str:
    """Return the name that is not free while nothing can be posted or updated in a channel."""
    return f"pause:{channel}"
