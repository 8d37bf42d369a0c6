"""Folds events into deliveries, alerts and tallies: a few statements for a thousand events."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypedDict

from sqlalchemy import ColumnElement, Connection, UpdateBase, case, func, or_, select, update

from bot.store.alerts.counters import LOCK, AlertNews, Counters
from bot.store.alerts.fold_input import ChangeMaker, DeliveryChange
from bot.store.options import Options
from bot.store.rows.contact import ContactRow
from bot.store.rows.delivery import DeliveryRow
from bot.store.sql.bulk_insert import Upsert
from bot.store.sql.bulk_select import among, listed
from bot.store.sql.database import Database
from bot.store.sql.tables import OPEN, UNTRIAGED, alerts, arrivals, contacts, deliveries, events
from resolutions.alert import DeliveryState, Triaged
from resolutions.catalogue.resolution import Family
from resolutions.delivery import supersedes

SLICE = 100
"""Events that are prepared without a break, so that others get their turn."""

_DELIVERY = [deliveries.c[name] for name in DeliveryRow._fields]


class Folding:
    """Counts triaged events in their deliveries, contacts and alerts."""

    def __init__(self, database: Database, options: Options) -> None:
        self._database = database
        self._options = options
        self._maker = ChangeMaker()

    async def fold(self, triaged: Sequence[Triaged]) -> int:
        """Claim the events, fold those it got into deliveries, alerts and tallies; return how many.

        An event is folded once, however many processes looked at it. Order does not matter: a
        deferral that comes after the bounce changes nothing.
        """
        now, changes = self._database.clock(), list[DeliveryChange]()
        for start in range(0, len(triaged), SLICE):
            changes += [
                self._maker.change(event, event.state, now)
                for event in triaged[start:][:SLICE]
                if event.state is not None
            ]
            await asyncio.sleep(0)
        numbers = [event.id for event in triaged]
        return await self._database.write(
            lambda connection: self._take(connection, numbers, changes)
        )

    def _take(
        self, connection: Connection, numbers: Sequence[int], changes: Sequence[DeliveryChange]
    ) -> int:
        claimed = self._claim(connection, numbers)
        mine = [change for change in changes if change.triaged.id in claimed]
        if mine:
            Fold(self._database, self._options, connection, mine).run()
        return len(claimed)

    def _claim(self, connection: Connection, numbers: Sequence[int]) -> set[int]:
        """Mark those of the events that nobody took before, and return them."""
        free = select(events.c.id).where(among(connection, events.c.id, numbers), UNTRIAGED)
        claimed = {
            number for (number,) in listed(connection, free.order_by(events.c.id).with_for_update())
        }
        mine = among(connection, events.c.id, claimed)
        now = self._database.clock()
        connection.execute(update(events).where(mine).values(triaged_at=now))
        return claimed


@dataclass(slots=True)
class Standing:
    """A delivery while events are folded into it: its row as it was, and as it will be."""

    id: int = 0
    was: DeliveryRow | None = None
    now: DeliveryRow | None = None
    by: DeliveryChange | None = None  # the event that made it what it is now


class OpenedAlert(TypedDict):
    """The row of an alert that begins; all else is empty or 0."""

    key: str
    complaint: bool
    family: str
    subject: str
    topic: str
    reason: str
    severity: str
    opened_at: datetime
    last_event_at: datetime
    channel: str
    previous_id: int | None


class Fold:
    """One transaction's worth of events on their way into the tables."""

    def __init__(
        self,
        database: Database,
        options: Options,
        connection: Connection,
        changes: Sequence[DeliveryChange],
    ) -> None:
        self._database = database
        self._options = options
        self._connection = connection
        self._changes = changes
        self._now = database.clock()
        self._counters = Counters(database, options, self._now)

    def run(self) -> None:
        """Lock the contacts, then the counts; see how the deliveries stand; move and count them."""
        contact_ids = self._write_contacts()
        self._database.lock(self._connection, LOCK)
        standings = self._standings()
        arrived = self._arrived()
        for change in self._changes:
            key = change.row.key
            self._apply(standings[key], change, arrived.get(key))
        moved = [standing for standing in standings.values() if standing.now is not standing.was]
        self._place(moved, contact_ids)
        self._write(moved)
        self._counters.write(self._connection)

    def _write_contacts(self) -> dict[str, int]:
        """Note what happened to the contacts; return their ids by key."""
        rows: dict[str, ContactRow] = {}
        for change in self._changes:
            contact = change.contact
            before = rows.get(contact.key)
            rows[contact.key] = contact if before is None else before.merged(contact)
        bulk = self._database.bulk(_upsert_contacts, contacts, ContactRow._fields)
        written = bulk.run(self._connection, [rows[key] for key in sorted(rows)])
        return dict(written)

    def _standings(self) -> dict[str, Standing]:
        """Return how each delivery stands; one that is not known yet has no row."""
        wanted = dict.fromkeys(change.row.key for change in self._changes)
        standing = read_deliveries(self._connection, wanted)
        return {key: standing.get(key) or Standing() for key in wanted}

    def _arrived(self) -> dict[str, datetime]:
        """Return when deliveries arrived whose deferral is only heard of now."""
        waiting = [
            change.row.key for change in self._changes if change.state is DeliveryState.WAITING
        ]
        if not waiting:
            return {}
        query = select(arrivals.c.delivery_key, func.max(arrivals.c.occurred_at).label("at"))
        query = query.where(among(self._connection, arrivals.c.delivery_key, waiting)).group_by(
            arrivals.c.delivery_key
        )
        return {row.delivery_key: row.at for row in self._connection.execute(query)}

    def _apply(self, standing: Standing, change: DeliveryChange, arrived: datetime | None) -> None:
        """Let one event change a delivery, if it says something new."""
        state, at, now = change.state, change.row.occurred_at, standing.now
        if now is None:
            if state is DeliveryState.DELIVERED:
                return
        elif not supersedes(state, at, DeliveryState(now.state), now.occurred_at):
            return
        elif state is DeliveryState.DELIVERED:
            standing.now = now._replace(state=state.value, occurred_at=at)
            return
        row = change.row
        if state is DeliveryState.WAITING and arrived is not None:
            row = row._replace(state=DeliveryState.DELIVERED.value, occurred_at=arrived)
        if standing.was is not None:
            row = row._replace(waiting_since=standing.was.waiting_since)
        standing.now, standing.by = row, change

    def _place(self, moved: Sequence[Standing], contact_ids: Mapping[str, int]) -> None:
        """Say of each delivery that moved whose it is and in which alert; count it there."""
        alert_ids = self._alert_ids(
            {by.alert: by.triaged for by in (standing.by for standing in moved) if by is not None}
        )
        for standing in moved:
            now, by = standing.now, standing.by
            if now is None:
                continue
            if by is not None:
                now = now.placed(contact_ids[by.contact.key], alert_ids[by.alert])
                standing.now = now
                self._hear(now.alert_id, by.triaged)
            if standing.was is not None:
                self._counters.remove(standing.was)
            self._counters.add(now)
            self._counters.count_hour(now)

    def _hear(self, alert_id: int, triaged: Triaged) -> None:
        news = self._counters.news.get(alert_id)
        if news is None:
            name = triaged.operator_name if triaged.key.family is Family.RECEIVER else ""
            self._counters.news[alert_id] = AlertNews({triaged.severity}, name)
        else:
            news.severities.add(triaged.severity)

    def _alert_ids(self, wanted: Mapping[str, Triaged]) -> dict[str, int]:
        """Return the open alerts by key; those that are missing are opened."""
        if not wanted:
            return {}
        query = select(alerts.c.key, alerts.c.id).where(
            among(self._connection, alerts.c.key, wanted), OPEN
        )
        opened = {row.key: row.id for row in self._connection.execute(query)}
        missing = {key: triaged for key, triaged in wanted.items() if key not in opened}
        return opened | self._open_alerts(missing) if missing else opened

    def _open_alerts(self, missing: Mapping[str, Triaged]) -> dict[str, int]:
        """Open an alert for each key; one that closed before is continued."""
        query = select(alerts.c.key, func.max(alerts.c.id).label("id"))
        query = query.where(among(self._connection, alerts.c.key, missing)).group_by(alerts.c.key)
        previous = {row.key: row.id for row in self._connection.execute(query)}
        rows = [self._alert(key, missing[key], previous.get(key)) for key in sorted(missing)]
        insert = self._database.insert(alerts).returning(alerts.c.key, alerts.c.id)
        opened = self._connection.execute(insert, rows)
        return {row.key: row.id for row in opened}

    def _alert(self, key: str, triaged: Triaged, previous_id: int | None) -> OpenedAlert:
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
            "previous_id": previous_id,
        }

    def _write(self, moved: Sequence[Standing]) -> None:
        new = [one.now for one in moved if one.now is not None and one.was is None]
        changed = [
            (one.id, *one.now) for one in moved if one.now is not None and one.was is not None
        ]
        names = DeliveryRow._fields
        self._database.bulk(_insert, deliveries, names).run(self._connection, new)
        self._database.changes(deliveries, names).run(self._connection, changed)


def read_deliveries(
    connection: Connection, keys: Collection[str], *where: ColumnElement[bool]
) -> dict[str, Standing]:
    """Return how those of some deliveries stand that are known and meet a condition, by key."""
    among_these = among(connection, deliveries.c.key, keys)
    query = select(deliveries.c.id, *_DELIVERY).where(among_these, *where)
    rows = [(number, DeliveryRow(*row)) for number, *row in connection.execute(query)]
    return {row.key: Standing(number, row, row) for number, row in rows}


def later(before: Any, new: Any) -> Any:
    """Return SQL for the later of two times, either of which may be missing."""
    return case((func.coalesce(new, 0) > func.coalesce(before, 0), new), else_=before)


def _upsert_contacts(insert: Upsert) -> UpdateBase:
    new, before = insert.excluded, contacts.c
    newer = func.coalesce(new.last_bounced_at, 0) >= func.coalesce(before.last_bounced_at, 0)
    changes = {
        "complained": or_(before.complained, new.complained),
        "last_bounced_at": case((newer, new.last_bounced_at), else_=before.last_bounced_at),
        "last_reason": case((newer, new.last_reason), else_=before.last_reason),
        "last_delivered_at": later(before.last_delivered_at, new.last_delivered_at),
    }
    upsert = insert.on_conflict_do_update(index_elements=["key"], set_=changes)
    return upsert.returning(contacts.c.key, contacts.c.id)


def _insert(insert: Upsert) -> Upsert:
    return insert
