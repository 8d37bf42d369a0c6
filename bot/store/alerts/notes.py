"""Queues what is to be said in Slack beside the alerts: lines and files for their threads."""

from typing import Any

from sqlalchemy import ColumnElement, Text, and_, cast, or_
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.part import Part
from bot.store.sql.tables import notes
from handlers.store import Note


class Noting(Part):
    """What is written into the table of notes; who posts it reads it in `posting.py`."""

    async def note(self, note: Note) -> None:
        """Queue a Slack message; one with a known key is ignored, or renewed if it is renewable."""
        async with self.database.writing() as connection:
            await self.queue_note(connection, note)

    async def queue_note(self, connection: AsyncConnection, note: Note) -> None:
        """Do the same within a transaction."""
        insert = self.database.insert(notes)
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
        nowhere = self.options.admin_channel or self.options.channel
        return {
            "key": note.key,
            "alert_id": note.alert_id,
            "channel": note.channel or ("" if note.alert_id is not None else nowhere),
            "text": note.text,
            "blocks": [dict(block) for block in note.blocks],
            "broadcast": note.broadcast,
            "file_name": note.file_name,
            "file": note.file,
            "renewable": note.renewable,
            "created_at": self.now(),
            "due_at": self.now(),
        }
