"""Alerts read whole: the row, its tallies, how many recipients, a sample, what was done."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Row, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.rows.delivery import delivery_of
from bot.store.rows.value import value_of
from bot.store.sql.columns import hashed
from bot.store.sql.tables import DELIVERY_WAITS, alerts, deliveries, hours, jobs, tallies
from resolutions.alert import (
    Alert,
    AlertKey,
    Deed,
    Delivery,
    DeliveryState,
    JobState,
    OpenedTicket,
    Tally,
    rate_scope,
)
from resolutions.catalogue.resolution import Family, Severity
from resolutions.reason import Reason

SAMPLE = 10
WORDS = 1_000
"""Tallies of a dimension that are read, the largest first: a storm has a domain a recipient."""

DEEDS = 20


@dataclass(frozen=True, slots=True)
class Parts:
    """What stands in other tables, each by the id of its alert."""

    tallies: Mapping[int, Sequence[Tally]]
    recipients: Mapping[int, int]
    oldest: Mapping[int, Any]
    deeds: Mapping[int, Sequence[Deed]]
    previous: Mapping[int, tuple[str, str]]


async def read_alerts(
    connection: AsyncConnection, rows: Sequence[Row[Any]], sample: bool
) -> list[Alert]:
    """Return the alerts of some rows, in their order."""
    if not rows:
        return []
    numbers = [row.id for row in rows]
    parts = Parts(
        tallies=await _tallies(connection, numbers),
        recipients=await _recipients(connection, numbers),
        oldest=await _oldest(connection, numbers),
        deeds=await _deeds(connection, numbers),
        previous=await _previous(connection, [row.previous_id for row in rows if row.previous_id]),
    )
    read = []
    for row in rows:
        shown = await _sample(connection, row.id) if sample else []
        attempts = await _attempts(connection, row, parts.tallies.get(row.id, ()))
        read.append(_alert(row, parts, shown, attempts))
    return read


def _alert(row: Row[Any], parts: Parts, sample: Sequence[Delivery], attempts: int | None) -> Alert:
    return value_of(
        Alert,
        row,
        key=value_of(AlertKey, row, family=Family(row.family)),
        reason=Reason(row.reason),
        severity=Severity(row.severity),
        recipients=parts.recipients.get(row.id, 0),
        attempts=attempts,
        oldest_waiting=parts.oldest.get(row.id),
        tallies=tuple(parts.tallies.get(row.id, ())),
        sample=tuple(sample),
        deeds=tuple(parts.deeds.get(row.id, ())),
        ticket=_ticket(row),
        previous=parts.previous.get(row.previous_id),
    )


def _ticket(row: Row[Any]) -> OpenedTicket | None:
    return OpenedTicket(row.ticket_reference, row.ticket_url) if row.ticket_reference else None


async def _tallies(connection: AsyncConnection, numbers: Sequence[int]) -> dict[int, list[Tally]]:
    columns = tallies.c
    total = columns.waiting + columns.bounced + columns.delivered + columns.expired
    place = func.row_number().over(
        partition_by=(columns.alert_id, columns.dimension), order_by=(total.desc(), columns.word)
    )
    counted = select(tallies, place.label("place")).where(columns.alert_id.in_(numbers), total > 0)
    ranked = counted.subquery()
    by_alert: dict[int, list[Tally]] = defaultdict(list)
    for row in await connection.execute(select(ranked).where(ranked.c.place <= WORDS)):
        by_alert[row.alert_id].append(value_of(Tally, row))
    return by_alert


async def _recipients(connection: AsyncConnection, numbers: Sequence[int]) -> dict[int, int]:
    number = func.count(deliveries.c.contact_id.distinct())
    return await _by_alert(connection, number, deliveries.c.alert_id.in_(numbers))


async def _oldest(connection: AsyncConnection, numbers: Sequence[int]) -> dict[int, Any]:
    since = func.min(deliveries.c.waiting_since)
    return await _by_alert(connection, since, deliveries.c.alert_id.in_(numbers), DELIVERY_WAITS)


async def _by_alert(
    connection: AsyncConnection, what: ColumnElement[Any], *where: ColumnElement[bool]
) -> dict[int, Any]:
    query = select(deliveries.c.alert_id, what.label("what")).where(*where)
    rows = await connection.execute(query.group_by(deliveries.c.alert_id))
    return {row.alert_id: row.what for row in rows}


async def _deeds(connection: AsyncConnection, numbers: Sequence[int]) -> dict[int, list[Deed]]:
    """Return the newest deeds of each alert, the oldest of them first."""
    newest = func.row_number().over(partition_by=jobs.c.alert_id, order_by=jobs.c.id.desc())
    ranked = select(jobs, newest.label("place")).where(jobs.c.alert_id.in_(numbers)).subquery()
    query = select(ranked).where(ranked.c.place <= DEEDS).order_by(ranked.c.id)
    by_alert: dict[int, list[Deed]] = defaultdict(list)
    for row in await connection.execute(query):
        by_alert[row.alert_id].append(
            Deed(
                action=row.name,
                by=row.by,
                line=row.result,
                at=row.created_at,
                job_id=row.id,
                run_at=row.run_at if row.run_at > row.created_at else None,  # None: at once
                state=JobState(row.state),
                done=row.done,
                ended_at=row.finished_at,
            )
        )
    return by_alert


async def _previous(
    connection: AsyncConnection, numbers: Sequence[int]
) -> dict[int, tuple[str, str]]:
    if not numbers:
        return {}
    query = select(alerts.c.id, alerts.c.channel, alerts.c.ts)
    rows = await connection.execute(query.where(alerts.c.id.in_(numbers), alerts.c.ts != ""))
    return {row.id: (row.channel, row.ts) for row in rows}


async def _sample(connection: AsyncConnection, alert_id: int) -> list[Delivery]:
    """Return the newest deliveries; those that arrived after all only if there is room."""
    arrived = deliveries.c.state == DeliveryState.DELIVERED.value
    query = select(deliveries).where(deliveries.c.alert_id == alert_id)
    query = query.order_by(deliveries.c.id.desc())
    failed = (await connection.execute(query.where(~arrived).limit(SAMPLE))).all()
    room = SAMPLE - len(failed)
    others = (await connection.execute(query.where(arrived).limit(room))).all() if room else []
    return [delivery_of(row) for row in [*failed, *others]]


_SCOPES = {
    "source": hours.c.source,
    "campaign": hours.c.campaign_key,
    "operator": hours.c.operator_key,
}


async def _attempts(
    connection: AsyncConnection, row: Row[Any], counted: Iterable[Tally]
) -> int | None:
    """Return delivered and bounced of what the alert is about, in its time, by whole hours.

    None where nothing was delivered: then the source does not tell of deliveries.
    """
    scope = rate_scope(Family(row.family), row.opened_at, counted)
    concerned = [
        _SCOPES[name].in_(words if name == "source" else [hashed(word) for word in words])
        for name, words in scope.words.items()
    ]
    query = select(func.sum(hours.c.delivered), func.sum(hours.c.bounced)).where(
        *concerned, hours.c.hour >= scope.since, hours.c.hour <= row.last_event_at
    )
    delivered, bounced = (await connection.execute(query)).one()
    return int(delivered + bounced) if delivered else None
