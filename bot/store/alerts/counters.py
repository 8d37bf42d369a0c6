"""The books of deliveries: what moves is summed up and written to alerts, tallies and hours.

A transaction that keeps books takes the lock of `LOCK` first, after the rows of its contacts: the
counts of an alert are then one transaction's at a time.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, Row, select

from bot.store.alerts.schedule import COUNTS, flush_at
from bot.store.options import Options
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
_TALLY = ("alert_id", "dimension", "word_key")
_PLACE = {state.value: COUNTS.index(state.value) for state in DeliveryState}
LOUDNESS = (Severity.INFO, Severity.NOTICE, Severity.URGENT)

_move = itemgetter("alert_id", "state", *DIMENSIONS)
_move_of_domain = itemgetter("alert_id", "state", "domain")

_CHANGED = (
    *COUNTS,
    "reason",
    "variant",
    "severity",
    "operator_name",
    "last_event_at",
    "version",
    "flush_at",
)


@dataclass(slots=True)
class News:
    """What an alert heard in one transaction, beside its counts."""

    severities: set[Severity]
    operator_name: str = ""


@dataclass(slots=True)
class Ledger:
    """Sums up the moves of deliveries of one transaction."""

    database: Database
    options: Options
    now: datetime
    news: dict[int, News] = field(default_factory=dict)
    _moves: defaultdict[tuple[Any, ...], int] = field(default_factory=lambda: defaultdict(int))
    _domains: defaultdict[tuple[Any, ...], int] = field(default_factory=lambda: defaultdict(int))
    _tallies: dict[tuple[int, str, str], list[int]] = field(default_factory=dict)
    _alerts: dict[int, list[int]] = field(default_factory=dict)
    _hours: dict[tuple[str, str, str], list[int]] = field(default_factory=dict)

    def join(self, delivery: Mapping[str, Any]) -> None:
        """Count a delivery in its alert, as it stands."""
        self._count(delivery, 1)

    def leave(self, delivery: Mapping[str, Any]) -> None:
        """Count a delivery in its alert no longer, as it stood."""
        self._count(delivery, -1)

    def _count(self, delivery: Mapping[str, Any], by: int) -> None:
        """Note a move. Many deliveries differ by their domain only, so that is noted apart."""
        self._moves[_move(delivery)] += by
        self._domains[_move_of_domain(delivery)] += by

    def _sum_up(self) -> None:
        for (alert_id, state, *words), by in self._moves.items():
            self._alerts.setdefault(alert_id, [0, 0, 0, 0])[_PLACE[state]] += by
            for dimension, word in zip(DIMENSIONS, words, strict=True):
                self._tally(alert_id, dimension, word)[_PLACE[state]] += by
        for (alert_id, state, domain), by in self._domains.items():
            self._tally(alert_id, "domain", domain)[_PLACE[state]] += by

    def _tally(self, alert_id: int, dimension: str, word: str) -> list[int]:
        return self._tallies.setdefault((alert_id, dimension, word), [0, 0, 0, 0])

    def happened(self, delivery: Mapping[str, Any]) -> None:
        """Count a new state of a delivery in the hour; complaints are no bounces."""
        if delivery["kind"] == Kind.COMPLAINT or delivery["state"] == DeliveryState.DELIVERED:
            return
        waits = delivery["state"] == DeliveryState.WAITING
        self._hour(delivery["source"], delivery["campaign"], delivery["operator"])[1 + waits] += 1

    def arrived(self, source: str, campaign: str, operator: str) -> None:
        """Count an email that arrived in the hour."""
        self._hour(source, campaign, operator)[0] += 1

    def _hour(self, *key: str) -> list[int]:
        source, campaign, operator = key
        return self._hours.setdefault((source, campaign, operator), [0, 0, 0])

    def write(self, connection: Connection) -> None:
        """Write all sums, always in the same order."""
        if self._moves:
            self._sum_up()
            self._write_tallies(connection)
            self._write_alerts(connection)
        if self._hours:
            self._write_hours(connection)

    def _write_tallies(self, connection: Connection) -> None:
        rows = [
            {
                "alert_id": alert_id,
                "dimension": dimension,
                "word_key": word_key(word),
                "word": word,
                **dict(zip(COUNTS, counts, strict=True)),
            }
            for (alert_id, dimension, word), counts in self._tallies.items()
            if any(counts)
        ]
        self._add(connection, rows, _TALLY)

    def _write_hours(self, connection: Connection) -> None:
        hour = self.now.replace(minute=0, second=0, microsecond=0)
        rows = [
            {
                "key": hashed(source, campaign, operator, hour.isoformat()),
                "source": source,
                "campaign": campaign,
                "campaign_key": word_key(campaign),
                "operator": operator,
                "operator_key": word_key(operator),
                "hour": hour,
                **dict(zip(HOUR_COUNTS, counts, strict=True)),
            }
            for (source, campaign, operator), counts in self._hours.items()
        ]
        self._add(connection, rows, ("key",))

    def _add(
        self,
        connection: Connection,
        rows: list[dict[str, Any]],
        key: tuple[str, ...],
    ) -> None:
        """Add counts to the rows of a table, which are made where there are none."""
        if not rows:
            return
        table, make = (tallies, _add_tallies) if "alert_id" in key else (hours, _add_hours)
        rows.sort(key=itemgetter(*key))
        self.database.bulk(make, table, tuple(rows[0])).run(connection, rows)

    def _write_alerts(self, connection: Connection) -> None:
        numbers = sorted(self._alerts)
        query = select(alerts).where(alerts.c.id.in_(numbers)).order_by(alerts.c.id)
        rows = (connection.execute(query.with_for_update())).all()
        heads = self._heads(connection, numbers)
        changed = [self._changed(row, heads[row.id]) for row in rows]
        self.database.changes(alerts, _CHANGED).run(connection, changed)

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

    def _changed(self, row: Row[Any], heads: dict[str, dict[str, int]]) -> dict[str, Any]:
        """Return what an alert is after the moves."""
        moves = self._alerts[row.id]
        counts = [getattr(row, name) + by for name, by in zip(COUNTS, moves, strict=True)]
        reasons = {Reason(word): number for word, number in heads["reason"].items()}
        news = self.news.get(row.id)
        severities = {Severity(row.severity), *(news.severities if news else ())}
        return {
            "id": row.id,
            **dict(zip(COUNTS, counts, strict=True)),
            "reason": head_of(reasons, Reason(row.reason)).value,
            "variant": variant_of(heads["variant"]),
            "severity": max(severities, key=LOUDNESS.index).value,
            "operator_name": row.operator_name or (news.operator_name if news else ""),
            "last_event_at": self.now if news else row.last_event_at,
            "version": row.version + 1,
            "flush_at": flush_at(row, counts, self.now, self.options.timing),
        }


def _add_tallies(insert: Upsert) -> Upsert:
    sums = {name: tallies.c[name] + insert.excluded[name] for name in COUNTS}
    return insert.on_conflict_do_update(index_elements=list(_TALLY), set_=sums)


def _add_hours(insert: Upsert) -> Upsert:
    sums = {name: hours.c[name] + insert.excluded[name] for name in HOUR_COUNTS}
    return insert.on_conflict_do_update(index_elements=["key"], set_=sums)
