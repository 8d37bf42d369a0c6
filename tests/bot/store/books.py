"""Rows of the store as triage writes them, for tests of what is asked about them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Table, insert

from bot.store.rows.event import contact_key
from bot.store.sql.columns import hashed
from bot.store.sql.tables import alerts, contacts, deliveries
from bot.store.store import SqlStore
from handlers.store import Contact

BODY = {"recipient": "ana@example.com", "provider": "ses"}


class Books:
    """Writes alerts, contacts and deliveries; a delivery is a final failure unless it says so."""

    def __init__(self, store: SqlStore) -> None:
        self._store = store
        self._number = 0

    async def alert(self, number: int = 7, **more: Any) -> None:
        """Add an alert that is not due."""
        now: datetime = self._store.database.clock()
        row = {"id": number, "key": str(number), "opened_at": now, "last_event_at": now}
        await self.insert(alerts, [row | more])

    async def contact(self, recipient: str, source: str = "shop") -> Contact:
        """Add a contact and return it."""
        row = {
            "key": contact_key(source, recipient),
            "source": source,
            "recipient": recipient,
            "address_key": hashed(recipient.lower()),
        }
        await self.insert(contacts, [row])
        contact = await self._store.contacts.get(source, recipient)
        assert contact is not None
        return contact

    async def delivery(self, contact: Contact, alert_id: int = 7, **more: Any) -> int:
        """Add a delivery and return its id."""
        await self.insert(deliveries, [self._delivery(contact.id, alert_id) | more])
        return self._number

    async def many(self, number: int) -> None:
        """Add contacts 1 to `number`, each with a final failure in alert 7."""
        names = [f"u{each}@example.com" for each in range(number)]
        people = [
            {"key": name, "source": "shop", "recipient": name, "address_key": name}
            for name in names
        ]
        await self.insert(contacts, people)
        await self.insert(deliveries, [self._delivery(each + 1, 7) for each in range(number)])

    def _delivery(self, contact_id: int, alert_id: int) -> dict[str, Any]:
        self._number += 1
        return {
            "key": str(self._number),
            "alert_id": alert_id,
            "contact_id": contact_id,
            "source": "shop",
            "state": "bounced",
            "kind": "bounce",
            "reason": "bad-mailbox",
            "permanence": "permanent",
            "confidence": "certain",
            "final": True,
            "occurred_at": self._store.database.clock(),
            "body": BODY,
        }

    async def insert(self, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
        """Add rows of one shape."""
        async with self._store.database.writing() as connection:
            await connection.execute(insert(table), list(rows))
