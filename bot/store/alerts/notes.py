"""Queues what is to be said in Slack beside the alerts: lines and files for their threads."""

from typing import Any

from sqlalchemy import ColumnElement, Text, and_, cast, or_
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.options import Options
from bot.store.sql.database import Database
from bot.store.sql.tables import notes
from handlers.store import Note


class SqlNotes:
    """What is written into the table of notes; who posts it reads it in `posting.py`."""

    def __init__(self, database: Database, options: Options) -> None:
        self._database = database
        self._nowhere = options.admin_channel or options.channel

    async def queue(self, note: Note) -> None:
        """Queue a Slack message; one with a known key is ignored, or renewed if it is renewable."""
        async with self._database.writing() as connection:
            await self.queue_in(connection, note)

    async def queue_in(self, connection: AsyncConnection, note: Note) -> None:
        """Do the same within a transaction."""
        insert = self._database.insert(notes)
        new = insert.excluded
        content = ("text", "file", "file_name", "blocks")
        other = or_(*(cast(notes.c[name], Text) != cast(new[name], Text) for name in content))
        renewed: dict[str, ColumnElement[Any]] = {name: new[name] for name in content}
        renewed |= {"due_at": new.due_at, "version": notes.c.version + 1}
        statement = insert.on_conflict_do_update(
            index_elements=["key"], set_=renewed, where=and_(notes.c.renewable, other)
        )
        await connection.execute(statement, [self._note_row(note)])

    def _note_row(self, note: Note) -> dict[str, Any]:
        now = self._database.clock()
        return {
            "key": note.key,
            "alert_id": note.alert_id,
            "channel": note.channel or ("" if note.alert_id is not None else self._nowhere),
            "text": note.text,
            "blocks": [dict(block) for block in note.blocks],
            "broadcast": note.broadcast,
            "file_name": note.file_name,
            "file": note.file,
            "renewable": note.renewable,
            "created_at": now,
            "due_at": now,
        }
