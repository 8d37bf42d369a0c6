"""What is counted of deliveries: their moves are summed up, for alerts, tallies and hours.

A transaction that counts takes the lock of `LOCK` first, after the rows of its contacts: the
counts of an alert are then one transaction's at a time.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from operator import itemgetter
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, select

from bot.store.alerts.schedule import COUNTS, flush_at
from bot.store.options import Options
from bot.store.rows.delivery import DeliveryRow
from bot.store.sql.bulk_insert import Upsert
from bot.store.sql.columns import hashed, word_key
from bot.store.sql.database import Database
from bot.store.sql.tables import alerts, hours, tallies
from resolutions.alert import DeliveryState, head_of, variant_of
from resolutions.bounce import Kind
from resolutions.catalogue.resolution import Severity
from resolutions.reason import Reason

LOCK = "alerts"
DIMENSIONS = ("reason", "variant", "source", "campaign", "operator", "permanence")
"""What is tallied beside the domain."""

HOUR_COUNTS = ("delivered", "bounced", "deferred")
LOUDNESS = (Severity.INFO, Severity.NOTICE, Severity.URGENT)

_PLACE = {state.value: COUNTS.index(state.value) for state in DeliveryState}
_HOUR_PLACE = {state.value: 1 + (state is DeliveryState.WAITING) for state in DeliveryState}


def _fields(*names: str) -> "itemgetter[Any]":
    """Return what takes some values out of the row of a delivery, quickly."""
    return itemgetter(*map(DeliveryRow._fields.index, names))


_move = _fields("alert_id", "state", *DIMENSIONS)
_move_of_domain = _fields("alert_id", "state", "domain")
_happening = _fields("source", "campaign", "operator", "state")


class TallyRow(NamedTuple):
    """What is added to a row of the tallies."""

    alert_id: int
    dimension: str
    word_key: str
    word: str
    waiting: int
    bounced: int
    delivered: int
    expired: int


class HourRow(NamedTuple):
    """What is added to a row of the hours."""

    key: str
    source: str
    campaign: str
    campaign_key: str
    operator: str
    operator_key: str
    hour: datetime
    delivered: int
    bounced: int
    deferred: int


class AlertChange(NamedTuple):
    """What an alert is after the moves of its deliveries."""

    id: int
    waiting: int
    bounced: int
    delivered: int
    expired: int
    reason: str
    variant: str
    severity: str
    operator_name: str
    last_event_at: datetime
    version: int
    flush_at: datetime | None


@dataclass(slots=True)
class AlertNews:
    """What an alert heard in one transaction, beside its counts."""

    severities: set[Severity]
    operator_name: str = ""


@dataclass(slots=True)
class Counters:
    """Sums up the moves of deliveries of one transaction."""

    database: Database
    options: Options
    now: datetime
    news: dict[int, AlertNews] = field(default_factory=dict)
    _added: list[DeliveryRow] = field(default_factory=list)
    _removed: list[DeliveryRow] = field(default_factory=list)
    _happened: list[DeliveryRow] = field(default_factory=list)
    _arrived: Counter[tuple[str, str, str]] = field(default_factory=Counter)

    def add(self, delivery: DeliveryRow) -> None:
        """Count a delivery in its alert, as it stands."""
        self._added.append(delivery)

    def remove(self, delivery: DeliveryRow) -> None:
        """Count a delivery in its alert no longer, as it stood."""
        self._removed.append(delivery)

    def count_hour(self, delivery: DeliveryRow) -> None:
        """Count a new state of a delivery in the hour; complaints are no bounces."""
        if delivery.kind != Kind.COMPLAINT and delivery.state != DeliveryState.DELIVERED:
            self._happened.append(delivery)

    def count_arrival(self, source: str, campaign: str, operator: str) -> None:
        """Count an email that arrived in the hour."""
        self._arrived[source, campaign, operator] += 1

    def write(self, connection: Connection) -> None:
        """Write all sums, always in the same order."""
        if self._added or self._removed:
            self._write_tallies(connection)
            self._write_alerts(connection)
        if self._happened or self._arrived:
            self._write_hours(connection)

    def _moves(self, fields: "itemgetter[Any]") -> dict[tuple[Any, ...], int]:
        """Return by how many deliveries with the same values of some fields there are more."""
        moves = Counter[tuple[Any, ...]](map(fields, self._added))
        moves.subtract(map(fields, self._removed))
        return moves

    def _write_tallies(self, connection: Connection) -> None:
        """Write the tallies. Many deliveries differ by their domain only: it is summed up apart."""
        sums: dict[tuple[int, str, str], list[int]] = {}
        for (alert_id, state, *words), by in self._moves(_move).items():
            for dimension, word in zip(DIMENSIONS, words, strict=True):
                sums.setdefault((alert_id, dimension, word), [0, 0, 0, 0])[_PLACE[state]] += by
        for (alert_id, state, domain), by in self._moves(_move_of_domain).items():
            sums.setdefault((alert_id, "domain", domain), [0, 0, 0, 0])[_PLACE[state]] += by
        rows = sorted(
            TallyRow(alert_id, dimension, word_key(word), word, *counts)
            for (alert_id, dimension, word), counts in sums.items()
            if any(counts)
        )
        self.database.bulk(_add_tallies, tallies, TallyRow._fields).run(connection, rows)

    def _write_hours(self, connection: Connection) -> None:
        hour = self.now.replace(minute=0, second=0, microsecond=0)
        sums = {key: [number, 0, 0] for key, number in self._arrived.items()}
        for (*key, state), number in Counter(map(_happening, self._happened)).items():
            source, campaign, operator = key
            counts = sums.setdefault((source, campaign, operator), [0, 0, 0])
            counts[_HOUR_PLACE[state]] += number
        rows = sorted(
            HourRow(
                hashed(source, campaign, operator, hour.isoformat()),
                source,
                campaign,
                word_key(campaign),
                operator,
                word_key(operator),
                hour,
                *counts,
            )
            for (source, campaign, operator), counts in sums.items()
        )
        self.database.bulk(_add_hours, hours, HourRow._fields).run(connection, rows)

    def _write_alerts(self, connection: Connection) -> None:
        moves: dict[int, list[int]] = {}
        for (alert_id, state), by in self._moves(_fields("alert_id", "state")).items():
            moves.setdefault(alert_id, [0, 0, 0, 0])[_PLACE[state]] += by
        numbers = sorted(moves)
        query = select(alerts).where(alerts.c.id.in_(numbers)).order_by(alerts.c.id)
        rows = (connection.execute(query.with_for_update())).all()
        heads = self._heads(connection, numbers)
        changed = [self._changed(row, moves[row.id], heads[row.id]) for row in rows]
        self.database.changes(alerts, AlertChange._fields[1:]).run(connection, changed)

    def _heads(
        self, connection: Connection, numbers: list[int]
    ) -> dict[int, "dict[str, dict[str, int]]"]:
        """Return how many deliveries stand under each reason and variant of some alerts."""
        present = tallies.c.waiting + tallies.c.bounced + tallies.c.expired
        query = select(
            tallies.c.alert_id, tallies.c.dimension, tallies.c.word, present.label("present")
        ).where(tallies.c.alert_id.in_(numbers), tallies.c.dimension.in_(("reason", "variant")))
        heads: dict[int, dict[str, dict[str, int]]] = {
            number: {"reason": {}, "variant": {}} for number in numbers
        }
        for row in connection.execute(query):
            heads[row.alert_id][row.dimension][row.word] = row.present
        return heads

    def _changed(
        self, row: Row[Any], moves: list[int], heads: Mapping[str, Mapping[str, int]]
    ) -> AlertChange:
        """Return what an alert is after the moves."""
        counts = [getattr(row, name) + by for name, by in zip(COUNTS, moves, strict=True)]
        waiting, bounced, delivered, expired = counts
        reasons = {Reason(word): number for word, number in heads["reason"].items()}
        news = self.news.get(row.id)
        severities = {Severity(row.severity), *(news.severities if news else ())}
        return AlertChange(
            row.id,
            waiting,
            bounced,
            delivered,
            expired,
            head_of(reasons, Reason(row.reason)).value,
            variant_of(heads["variant"]),
            max(severities, key=LOUDNESS.index).value,
            row.operator_name or (news.operator_name if news else ""),
            self.now if news else row.last_event_at,
            row.version + 1,
            flush_at(row, counts, self.now, self.options.timing),
        )


def _add_tallies(insert: Upsert) -> Upsert:
    sums = {name: tallies.c[name] + insert.excluded[name] for name in COUNTS}
    return insert.on_conflict_do_update(
        index_elements=["alert_id", "dimension", "word_key"], set_=sums
    )


def _add_hours(insert: Upsert) -> Upsert:
    sums = {name: hours.c[name] + insert.excluded[name] for name in HOUR_COUNTS}
    return insert.on_conflict_do_update(index_elements=["key"], set_=sums)
