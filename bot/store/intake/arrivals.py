"""Closes deliveries that waited: their mail arrived after all."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, select

from bot.store.alerts.counters import LOCK, Ledger
from bot.store.alerts.fold import later
from bot.store.options import Options
from bot.store.rows.event import contact_key
from bot.store.sql.bulk_insert import Upsert
from bot.store.sql.bulk_select import among
from bot.store.sql.columns import hashed
from bot.store.sql.database import Database
from bot.store.sql.tables import DELIVERY_WAITS, contacts, deliveries
from resolutions.alert import DeliveryState

CONTACT = ("key", "source", "recipient", "address_key", "domain", "last_delivered_at")


def close_arrived(
    database: Database,
    options: Options,
    connection: Connection,
    arrived: Sequence[Mapping[str, Any]],
) -> None:
    """Count new arrivals, note them at their contacts, and close the deliveries that waited.

    The contacts come first: whoever folds a deferral of one meanwhile waits, and then sees the
    arrival; or we waited, and see the delivery.
    """
    ledger = Ledger(database, options, database.clock())
    _note_contacts(database, connection, arrived)
    by_key = {row["delivery_key"]: row for row in arrived}
    waiting = _waiting(connection, by_key)
    if waiting:
        database.lock(connection, LOCK)
        for was, _ in waiting:
            ledger.leave(was)
            ledger.join(was | {"state": DeliveryState.DELIVERED.value})
        rows = [
            {"id": was["id"], "state": DeliveryState.DELIVERED.value, "occurred_at": at}
            for was, at in waiting
        ]
        database.changes(deliveries, ("state", "occurred_at")).run(connection, rows)
    operators = options.operators
    for row in arrived:
        domain = row["recipient"].rpartition("@")[2].lower()
        operator = operators.operator_of("", domain).id if operators else domain
        ledger.arrived(row["source"], row["campaign"], operator)
    ledger.write(connection)


def _note_contacts(
    database: Database, connection: Connection, arrived: Sequence[Mapping[str, Any]]
) -> None:
    rows: dict[str, dict[str, Any]] = {}
    for each in arrived:
        recipient, at = each["recipient"], each["occurred_at"]
        key = contact_key(each["source"], recipient)
        if key in rows:
            rows[key]["last_delivered_at"] = max(at, rows[key]["last_delivered_at"])
            continue
        rows[key] = {
            "key": key,
            "source": each["source"],
            "recipient": recipient,
            "address_key": hashed(recipient.lower()),
            "domain": recipient.rpartition("@")[2].lower(),
            "last_delivered_at": at,
        }
    bulk = database.bulk(_upsert, contacts, CONTACT)
    bulk.run(connection, [rows[key] for key in sorted(rows)])


def _upsert(insert: Upsert) -> Upsert:
    at = later(contacts.c.last_delivered_at, insert.excluded.last_delivered_at)
    return insert.on_conflict_do_update(index_elements=["key"], set_={"last_delivered_at": at})


def _waiting(
    connection: Connection, arrived: Mapping[str, Mapping[str, Any]]
) -> list[tuple[dict[str, Any], Any]]:
    """Return the deliveries among the arrived that wait, each with the time of its arrival."""
    some = among(connection, deliveries.c.key, arrived)
    query = select(deliveries).where(some, DELIVERY_WAITS)
    found = [dict(row._mapping) for row in connection.execute(query)]
    return [(row, arrived[row["key"]]["occurred_at"]) for row in found]
