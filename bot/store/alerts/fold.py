"""Folds events into deliveries, alerts and tallies: a few statements for a thousand events."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, case, func, or_, select, update

from bot.store.alerts.counters import LOCK, Ledger, News
from bot.store.alerts.fold_input import Teller, Told
from bot.store.options import Options
from bot.store.sql.bulk_insert import Upsert
from bot.store.sql.bulk_select import among, listed
from bot.store.sql.columns import EPOCH, hashed
from bot.store.sql.database import Database
from bot.store.sql.tables import OPEN, UNTRIAGED, alerts, arrivals, contacts, deliveries, events
from resolutions.alert import DeliveryState, Triaged
from resolutions.bounce import BounceEvent, Kind
from resolutions.catalogue.resolution import Family
from resolutions.delivery import supersedes

SLICE = 100
"""Events that are prepared without a break, so that others get their turn."""

DELIVERY = tuple(column.name for column in deliveries.columns if column.name != "id")


@dataclass(slots=True)
class Standing:
    """A delivery while events are folded into it: its row as it was, and as it will be."""

    was: Mapping[str, Any] | None = None
    now: dict[str, Any] | None = None
    by: Told | None = None  # the event that made it what it is now


class Folding:
    """Takes triaged events into the books."""

    def __init__(self, database: Database, options: Options) -> None:
        self._database = database
        self._options = options
        self._teller = Teller()

    async def fold(self, triaged: Sequence[Triaged]) -> int:
        """Claim the events, fold those it got into deliveries, alerts and tallies; return how many.

        An event is folded once, however many processes looked at it. Order does not matter: a
        deferral that comes after the bounce changes nothing.
        """
        now, told = self._database.clock(), list[Told]()
        for start in range(0, len(triaged), SLICE):
            told += [
                self._teller.told(each, each.state, now)
                for each in triaged[start:][:SLICE]
                if each.state is not None
            ]
            await asyncio.sleep(0)
        numbers = [each.id for each in triaged]
        return await self._database.write(lambda connection: self._take(connection, numbers, told))

    def _take(self, connection: Connection, numbers: Sequence[int], told: Sequence[Told]) -> int:
        got = self._claim(connection, numbers)
        mine = [each for each in told if each.triaged.id in got]
        if mine:
            Fold(self._database, self._options, connection, mine).run()
        return len(got)

    def _claim(self, connection: Connection, numbers: Sequence[int]) -> set[int]:
        """Mark those of the events that nobody took before, and return them."""
        free = select(events.c.id).where(among(connection, events.c.id, numbers), UNTRIAGED)
        found = listed(connection, free.order_by(events.c.id).with_for_update())
        got = {number for (number,) in found}
        mine = among(connection, events.c.id, got)
        connection.execute(update(events).where(mine).values(triaged_at=self._database.clock()))
        return got


class Fold:
    """One transaction's worth of events on their way into the books."""

    def __init__(
        self,
        database: Database,
        options: Options,
        connection: Connection,
        told: Sequence[Told],
    ) -> None:
        self._database = database
        self._options = options
        self._connection = connection
        self._told = told
        self._now = database.clock()
        self._ledger = Ledger(database, options, self._now)

    def run(self) -> None:
        """Lock the contacts, then the books; see how the deliveries stand; move and count them."""
        people = self._contacts()
        self._database.lock(self._connection, LOCK)
        standings = self._standings()
        arrived = self._arrived()
        for each in self._told:
            self._apply(standings[each.delivery], each, arrived.get(each.delivery))
        moved = [each for each in standings.values() if each.now is not each.was]
        self._find_alerts(moved)
        for standing in moved:
            self._book(standing, people)
        self._write(moved)
        self._ledger.write(self._connection)

    # Contacts

    def _contacts(self) -> dict[str, int]:
        """Return the ids of all contacts by key, noting what happened to them."""
        rows: dict[str, dict[str, Any]] = {}
        for each in self._told:
            row = rows.get(each.contact)
            if row is None:
                row = rows[each.contact] = _contact(each.contact, each.triaged.event)
            _note(row, each.triaged)
        order = sorted(rows)
        self._database.bulk(_upsert_contacts, contacts, CONTACT).run(
            self._connection, [rows[key] for key in order]
        )
        mine = among(self._connection, contacts.c.key, order)
        found = listed(self._connection, select(contacts.c.key, contacts.c.id).where(mine))
        return dict(found)

    # Deliveries

    def _standings(self) -> dict[str, Standing]:
        """Return how each delivery stands; who is not known yet has no row."""
        wanted = dict.fromkeys(each.delivery for each in self._told)
        query = select(deliveries).where(among(self._connection, deliveries.c.key, list(wanted)))
        known = {row.key: dict(row._mapping) for row in self._connection.execute(query)}
        return {key: Standing(known.get(key), known.get(key)) for key in wanted}

    def _arrived(self) -> dict[str, datetime]:
        """Return when deliveries arrived whose deferral is only told now."""
        kinds = ((each.delivery, each.triaged.diagnosis.kind) for each in self._told)
        waiting = [key for key, kind in kinds if kind is Kind.DEFERRAL]
        if not waiting:
            return {}
        query = select(arrivals.c.delivery_key, func.max(arrivals.c.occurred_at).label("at"))
        query = query.where(among(self._connection, arrivals.c.delivery_key, waiting)).group_by(
            arrivals.c.delivery_key
        )
        return {row.delivery_key: row.at for row in self._connection.execute(query)}

    def _apply(self, standing: Standing, told: Told, arrived: datetime | None) -> None:
        """Let one event change a delivery, if it says something new."""
        state, at, now = told.state, told.triaged.event.occurred_at, standing.now
        if now is None:
            if state is DeliveryState.DELIVERED:
                return
        elif not supersedes(state, at, DeliveryState(now["state"]), now["occurred_at"]):
            return
        elif state is DeliveryState.DELIVERED:
            standing.now = {**now, "state": state.value, "occurred_at": at}
            return
        row = told.row
        if state is DeliveryState.WAITING and arrived is not None:
            row |= {"state": DeliveryState.DELIVERED.value, "occurred_at": arrived}
        if standing.was is not None:
            row["waiting_since"] = standing.was["waiting_since"]
        standing.now, standing.by = row, told

    # Alerts

    def _find_alerts(self, moved: Iterable[Standing]) -> None:
        """Say of each delivery that moved by an event which alert it is in, making new ones."""
        joining = [(each, each.by) for each in moved if each.by is not None]
        wanted = {by.alert: by.triaged for _, by in joining}
        if not wanted:
            return
        query = select(alerts.c.key, alerts.c.id).where(
            among(self._connection, alerts.c.key, list(wanted)), OPEN
        )
        known = {row.key: row.id for row in self._connection.execute(query)}
        missing = {key: by for key, by in wanted.items() if key not in known}
        if missing:
            known |= self._open_alerts(missing)
        for standing, by in joining:
            if standing.now is not None:
                standing.now["alert_id"] = known[by.alert]
                self._hear(known[by.alert], by.triaged)

    def _hear(self, alert_id: int, triaged: Triaged) -> None:
        news = self._ledger.news.get(alert_id)
        name = triaged.operator_name if triaged.key.family is Family.RECEIVER else ""
        if news is None:
            self._ledger.news[alert_id] = News({triaged.severity}, name)
        else:
            news.severities.add(triaged.severity)

    def _open_alerts(self, missing: Mapping[str, Triaged]) -> dict[str, int]:
        """Open an alert for each key; one that closed before is continued."""
        query = select(alerts.c.key, func.max(alerts.c.id).label("id"))
        query = query.where(among(self._connection, alerts.c.key, list(missing))).group_by(
            alerts.c.key
        )
        previous = {row.key: row.id for row in self._connection.execute(query)}
        rows = [
            self._alert(key, missing[key]) | {"previous_id": previous.get(key)}
            for key in sorted(missing)
        ]
        insert = self._database.insert(alerts).returning(alerts.c.key, alerts.c.id)
        made = self._connection.execute(insert, rows)
        return {row.key: row.id for row in made}

    def _alert(self, key: str, triaged: Triaged) -> dict[str, Any]:
        return {
            "key": key,
            "complaint": triaged.key.complaint,
            "family": triaged.key.family.value,
            "subject": triaged.key.subject,
            "topic": triaged.key.topic,
            "reason": triaged.diagnosis.reason.value,
            "severity": triaged.severity.value,
            "opened_at": self._now,
            "last_event_at": self._now,
            "channel": self._options.channel,
        }

    # The books

    def _book(self, standing: Standing, people: Mapping[str, int]) -> None:
        now = standing.now
        if now is None:
            return
        if standing.was is not None:
            self._ledger.leave(standing.was)
        if standing.by is not None:
            now["contact_id"] = people[standing.by.contact]
        self._ledger.join(now)
        self._ledger.happened(now)

    def _write(self, moved: Iterable[Standing]) -> None:
        rows = [(each.was, each.now) for each in moved if each.now is not None]
        made = [now for was, now in rows if was is None]
        changed = [now | {"id": was["id"]} for was, now in rows if was is not None]
        insert = self._database.bulk(_insert_deliveries, deliveries, DELIVERY)
        insert.run(self._connection, made)
        if changed:
            self._database.changes(deliveries, DELIVERY).run(self._connection, changed)


def later(known: Any, new: Any) -> Any:
    """Return SQL for the later of two times, either of which may be missing."""
    return case((func.coalesce(new, 0) > func.coalesce(known, 0), new), else_=known)


CONTACT = (
    "key",
    "source",
    "recipient",
    "address_key",
    "domain",
    "complained",
    "last_bounced_at",
    "last_reason",
    "last_delivered_at",
)


def _upsert_contacts(insert: Upsert) -> Upsert:
    new, known = insert.excluded, contacts.c
    newer = func.coalesce(new.last_bounced_at, 0) >= func.coalesce(known.last_bounced_at, 0)
    changes = {
        "complained": or_(known.complained, new.complained),
        "last_bounced_at": case((newer, new.last_bounced_at), else_=known.last_bounced_at),
        "last_reason": case((newer, new.last_reason), else_=known.last_reason),
        "last_delivered_at": later(known.last_delivered_at, new.last_delivered_at),
    }
    return insert.on_conflict_do_update(index_elements=["key"], set_=changes)


def _insert_deliveries(insert: Upsert) -> Upsert:
    return insert


def _contact(key: str, event: BounceEvent) -> dict[str, Any]:
    return {
        "key": key,
        "source": event.source,
        "recipient": event.recipient,
        "address_key": hashed(event.recipient.lower()),
        "domain": event.domain,
        "complained": False,
        "last_bounced_at": None,
        "last_reason": "",
        "last_delivered_at": None,
    }


def _note(row: dict[str, Any], triaged: Triaged) -> None:
    """Note in a contact's row what an event says of the address; a deferral says nothing yet."""
    kind, at = triaged.diagnosis.kind, triaged.event.occurred_at
    if kind is Kind.DELIVERED:
        row["last_delivered_at"] = max(at, row["last_delivered_at"] or EPOCH)
    elif kind is Kind.COMPLAINT:
        row["complained"] = True
    elif kind is not Kind.DEFERRAL and at >= (row["last_bounced_at"] or EPOCH):
        row["last_bounced_at"] = at
        row["last_reason"] = triaged.diagnosis.reason.value
