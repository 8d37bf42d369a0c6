"""What goes with a deed, in the deed's own transaction: the alert is redrawn, a line is told."""

from datetime import datetime

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.database import Database
from bot.store.options import Options
from bot.store.tables import alerts, notes
from handlers.store import Note


async def acted(connection: AsyncConnection, alert_id: int | None, now: datetime) -> None:
    """Make an alert due at once, if there is one: a person acted."""
    if alert_id is None:
        return
    version = alerts.c.version + 1
    await connection.execute(
        update(alerts)
        .where(alerts.c.id == alert_id)
        .values(version=version, acted_version=version, flush_at=now)
    )


async def queue(
    database: Database, connection: AsyncConnection, note: Note, options: Options
) -> None:
    """Queue a note that is told once; one with a known key is ignored."""
    row = {
        "key": note.key,
        "alert_id": note.alert_id,
        "channel": note.channel or (options.admin_channel if note.alert_id is None else ""),
        "text": note.text,
        "blocks": [dict(block) for block in note.blocks],
        "broadcast": note.broadcast,
        "created_at": database.clock(),
        "due_at": database.clock(),
    }
    await connection.execute(database.insert(notes).on_conflict_do_nothing(), [row])
