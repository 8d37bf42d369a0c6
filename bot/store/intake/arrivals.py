"""Closes deliveries that waited: their mail arrived after all."""

from collections.abc import Sequence

from sqlalchemy import Connection

from bot.store.alerts.counters import LOCK, Counters
from bot.store.alerts.fold import later, read_deliveries
from bot.store.options import Options
from bot.store.rows.contact import ContactRow, contact_of_arrival
from bot.store.rows.event import Arrival
from bot.store.sql.bulk_insert import Upsert
from bot.store.sql.database import Database
from bot.store.sql.tables import DELIVERY_WAITS, contacts, deliveries
from resolutions.alert import DeliveryState

CONTACT = ("key", "source", "recipient", "address_key", "domain", "last_delivered_at")


def close_arrived(
    database: Database, options: Options, connection: Connection, arrived: Sequence[Arrival]
) -> None:
    """Count new arrivals, note them at their contacts, and close the deliveries that waited.

    The contacts come first: whoever folds a deferral of one meanwhile waits, and then sees the
    arrival; or we waited, and see the delivery.
    """
    counters = Counters(database, options, database.clock())
    _note_contacts(database, connection, arrived)
    by_key = {arrival.delivery_key: arrival for arrival in arrived}
    waiting = read_deliveries(connection, by_key, DELIVERY_WAITS)
    if waiting:
        database.lock(connection, LOCK)
    changed = []
    for key, standing in waiting.items():
        if standing.was is not None:
            at = by_key[key].occurred_at
            now = standing.was._replace(state=DeliveryState.DELIVERED.value, occurred_at=at)
            counters.remove(standing.was)
            counters.add(now)
            changed.append((standing.id, now.state, now.occurred_at))
    database.changes(deliveries, ("state", "occurred_at")).run(connection, changed)
    operators = options.operators
    for arrival in arrived:
        domain = arrival.recipient.rpartition("@")[2].lower()
        operator = operators.operator_of("", domain).id if operators else domain
        counters.count_arrival(arrival.source, arrival.campaign, operator)
    counters.write(connection)


def _note_contacts(database: Database, connection: Connection, arrived: Sequence[Arrival]) -> None:
    rows: dict[str, ContactRow] = {}
    for arrival in arrived:
        contact = contact_of_arrival(arrival.source, arrival.recipient, arrival.occurred_at)
        before = rows.get(contact.key)
        rows[contact.key] = contact if before is None else before.merged(contact)
    places = [ContactRow._fields.index(name) for name in CONTACT]
    bulk = database.bulk(_upsert, contacts, CONTACT)
    bulk.run(connection, [tuple(rows[key][place] for place in places) for key in sorted(rows)])


def _upsert(insert: Upsert) -> Upsert:
    at = later(contacts.c.last_delivered_at, insert.excluded.last_delivered_at)
    return insert.on_conflict_do_update(index_elements=["key"], set_={"last_delivered_at": at})
