"""The tables, for SQLite and PostgreSQL alike, and the predicates of their partial indexes.

Every key over text from outside is a hash: an index row of PostgreSQL holds 2.7 kB only. A
partial index serves a query only if its predicate is written as in the index: use the constants
below (`UNTRIAGED`, `JOB_WAITS` ...), whose values are literals and not bound. An id is never used
twice (hence autoincrement), for other tables outlive a pruned row.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    Dialect,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    TypeDecorator,
    literal_column,
)

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


def hashed(*parts: str) -> str:
    """Return the key over some texts; it takes any text, lone surrogates too."""
    joined = "\0".join(parts).encode("utf-8", "surrogatepass")
    return blake2b(joined, digest_size=20).hexdigest()


def subject_of(alert_id: int | None, arguments: Mapping[str, Any]) -> str:
    """Return what a job is about: its alert, or its arguments where there is none."""
    if alert_id is not None:
        return f"alert:{alert_id}"
    return hashed(json.dumps(dict(arguments), sort_keys=True, default=str))


def micros(moment: datetime) -> int:
    """Return an aware time as microseconds since 1970."""
    return (moment - EPOCH) // MICROSECOND


class Moment(TypeDecorator[datetime]):
    """An aware time in UTC, kept as microseconds since 1970: exact and ordered everywhere."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        """Return what the database keeps."""
        return None if value is None else micros(value)

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:
        """Return the time that a row holds."""
        return None if value is None else EPOCH + timedelta(microseconds=value)


metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    }
)


def _id() -> Column[int]:
    number = BigInteger().with_variant(Integer, "sqlite")
    return Column("id", number, primary_key=True, autoincrement=True)


def _key() -> Column[str]:
    return Column("key", Text, primary_key=True)


def _text(name: str) -> Column[str]:
    return Column(name, Text, nullable=False, default="")


def _count(name: str) -> Column[int]:
    return Column(name, BigInteger, nullable=False, default=0)


def _flag(name: str) -> Column[bool]:
    return Column(name, Boolean, nullable=False, default=False)


def _at(name: str) -> Column[datetime]:
    return Column(name, Moment, nullable=False)


def _maybe_at(name: str) -> Column[datetime]:
    return Column(name, Moment, nullable=True)


def _partial(name: str, *columns: Column[Any], where: ColumnElement[bool], unique: bool) -> None:
    Index(name, *columns, unique=unique, sqlite_where=where, postgresql_where=where)


def _is(column: Column[str], *words: str) -> ColumnElement[bool]:
    literals: list[ColumnElement[str]] = [literal_column(f"'{word}'") for word in words]
    return column == literals[0] if len(literals) == 1 else column.in_(literals)


# From a request to events

events = Table(
    "events",
    metadata,
    _id(),
    Column("key", Text, nullable=False, unique=True),  # source, event id, recipient
    _text("source"),
    _at("received_at"),
    _maybe_at("triaged_at"),
    Column("body", JSON, nullable=False),  # the BounceEvent without its raw element
    Column("raw", Text),  # NULL once its retention is over
    sqlite_autoincrement=True,
)
UNTRIAGED = events.c.triaged_at.is_(None)
_partial("ix_events_untriaged", events.c.id, where=UNTRIAGED, unique=False)

quarantine = Table(
    "quarantine",
    metadata,
    _id(),
    _text("source"),
    _at("received_at"),
    _text("why"),
    Column("body", LargeBinary, nullable=False),
    Column("headers", JSON, nullable=False),
    _maybe_at("replayed_at"),
    Index("ix_quarantine_received_at", "received_at"),
    sqlite_autoincrement=True,
)

replays = Table(
    "replays",
    metadata,
    _key(),  # source, token
    _text("event_key"),  # hashed, as all that is only compared
    Column("until", Moment, nullable=False, index=True),
)

arrivals = Table(
    "arrivals",
    metadata,
    _key(),  # source, event id, recipient
    Column("delivery_key", Text, nullable=False, index=True),  # what arrived
    Column("at", Moment, nullable=False, index=True),  # when we heard of it
    _at("occurred_at"),
)

seen = Table("seen", metadata, _key(), Column("until", Moment, nullable=False, index=True))

# From events to alerts

deliveries = Table(
    "deliveries",
    metadata,
    _id(),
    Column("key", Text, nullable=False, unique=True),  # source, message, recipient
    Column("alert_id", BigInteger, nullable=False),
    Column("contact_id", BigInteger, nullable=False),
    _text("source"),
    _text("state"),
    _text("kind"),
    _text("reason"),
    _text("variant"),
    _text("permanence"),
    _text("confidence"),
    _flag("final"),  # it may flag the address
    _text("campaign"),
    _text("operator"),
    _text("domain"),
    _at("occurred_at"),
    _maybe_at("waiting_since"),
    Column("body", JSON, nullable=False),  # what is only shown: reply, subject, ids ...
    Index("ix_deliveries_alert_id_id", "alert_id", "id"),
    Index("ix_deliveries_alert_id_contact_id", "alert_id", "contact_id"),
    Index("ix_deliveries_contact_id_occurred_at", "contact_id", "occurred_at"),
    Index("ix_deliveries_occurred_at_reason", "occurred_at", "reason"),
    sqlite_autoincrement=True,
)
DELIVERY_WAITS = _is(deliveries.c.state, "waiting")
_partial(
    "ix_deliveries_waiting",
    deliveries.c.alert_id,
    deliveries.c.waiting_since,
    where=DELIVERY_WAITS,
    unique=False,
)

alerts = Table(
    "alerts",
    metadata,
    _id(),
    Column("key", Text, nullable=False, index=True),  # the AlertKey
    _flag("complaint"),
    _text("family"),
    _text("subject"),
    _text("topic"),
    _text("reason"),
    _text("variant"),
    _text("severity"),
    _text("operator_name"),
    _at("opened_at"),
    _at("last_event_at"),  # when we heard of it, not when it happened
    _count("waiting"),
    _count("bounced"),
    _count("delivered"),
    _count("expired"),
    _maybe_at("closed_at"),
    _text("channel"),  # where it is posted, or will be
    _text("ts"),
    _maybe_at("flush_at"),  # due then
    _count("version"),  # grows with every change
    _count("acted_version"),  # the version that a person made
    _count("posted_version"),
    _maybe_at("posted_at"),
    Column("shown", JSON(none_as_null=True)),  # the counts in the message as it stands
    _count("update_step"),
    _text("post_key"),
    _maybe_at("post_begun_at"),
    _count("begun_version"),
    _flag("uncertain"),
    _count("failures"),
    _text("ticket_reference"),
    _text("ticket_url"),
    Column("previous_id", BigInteger),
    Index("ix_alerts_channel_ts", "channel", "ts"),
    sqlite_autoincrement=True,
)
OPEN = alerts.c.closed_at.is_(None)
FLUSHING = alerts.c.flush_at.is_not(None)
_partial("uq_alerts_open_key", alerts.c.key, where=OPEN, unique=True)
_partial("ix_alerts_open_last_event_at", alerts.c.last_event_at, where=OPEN, unique=False)
_partial("ix_alerts_due", alerts.c.channel, alerts.c.flush_at, where=FLUSHING, unique=False)

tallies = Table(
    "tallies",
    metadata,
    Column("alert_id", BigInteger, primary_key=True, autoincrement=False),
    Column("dimension", Text, primary_key=True),
    Column("word_key", Text, primary_key=True),
    _text("word"),
    _count("waiting"),
    _count("bounced"),
    _count("delivered"),
    _count("expired"),
)

contacts = Table(
    "contacts",
    metadata,
    _id(),
    Column("key", Text, nullable=False, unique=True),  # source, recipient
    _text("source"),
    _text("recipient"),
    Column("address_key", Text, nullable=False, index=True),  # recipient, at any source
    _text("domain"),
    _flag("inactive"),
    _flag("complained"),
    _flag("unsubscribed"),
    _text("flagged_by"),
    _maybe_at("flagged_at"),
    Column("flagged_alert", BigInteger, index=True),
    Column("before", JSON(none_as_null=True)),
    Column("added", JSON(none_as_null=True)),
    _maybe_at("last_bounced_at"),
    _maybe_at("last_delivered_at"),
    _text("last_reason"),
    sqlite_autoincrement=True,
)

hours = Table(
    "hours",
    metadata,
    _key(),  # source, campaign, operator, hour
    _text("source"),
    _text("campaign"),
    _text("campaign_key"),
    _text("operator"),
    _text("operator_key"),
    _at("hour"),  # of hearing about it
    _count("delivered"),
    _count("bounced"),
    _count("deferred"),
    Index("ix_hours_source_campaign_key_hour", "source", "campaign_key", "hour"),
    Index("ix_hours_operator_key_hour", "operator_key", "hour"),
)

sources = Table(
    "sources", metadata, Column("source", Text, primary_key=True), _maybe_at("last_event_at")
)

source_hours = Table(
    "source_hours",
    metadata,
    Column("source", Text, primary_key=True),
    Column("hour", Moment, primary_key=True),
    _count("events"),
    _count("delivered"),
    _count("quarantined"),
)

# From alerts to Slack messages

notes = Table(
    "notes",
    metadata,
    _id(),
    Column("key", Text, nullable=False, unique=True),
    Column("alert_id", BigInteger, index=True),
    _text("channel"),
    _text("text"),
    Column("blocks", JSON, nullable=False),
    _flag("broadcast"),
    _text("file_name"),
    _text("file"),
    _flag("renewable"),
    _text("ts"),
    _maybe_at("created_at"),
    _maybe_at("due_at"),
    _count("version"),
    _text("post_key"),
    _maybe_at("post_begun_at"),
    _count("begun_version"),
    _flag("uncertain"),
    _count("failures"),
    Index("ix_notes_channel_ts", "channel", "ts"),
    sqlite_autoincrement=True,
)
NOTE_DUE = notes.c.due_at.is_not(None)
_partial("ix_notes_due", notes.c.channel, notes.c.due_at, where=NOTE_DUE, unique=False)

leases = Table(
    "leases", metadata, Column("name", Text, primary_key=True), _text("holder"), _at("until")
)

turns = Table("turns", metadata, Column("name", Text, primary_key=True), _at("next_at"))

# From a click to an effect

jobs = Table(
    "jobs",
    metadata,
    _id(),
    Column("key", Text, nullable=False, unique=True),  # name:subject:generation
    _text("name"),
    _text("subject"),  # see subject_of
    Column("alert_id", BigInteger),
    _text("by"),
    Column("arguments", JSON, nullable=False),
    _at("run_at"),
    _text("state"),
    _count("attempts"),
    _maybe_at("lease_until"),
    _text("token"),
    _text("cursor"),
    _count("done"),
    _flag("stop_asked"),
    _text("result"),
    _at("created_at"),
    _maybe_at("finished_at"),
    Index("ix_jobs_alert_id_id", "alert_id", "id"),
    Index("ix_jobs_name_subject_id", "name", "subject", "id"),
    sqlite_autoincrement=True,
)
JOB_WAITS = _is(jobs.c.state, "waiting")
JOB_RUNS = _is(jobs.c.state, "running")
JOB_UNFINISHED = _is(jobs.c.state, "waiting", "running")
_partial("uq_jobs_unfinished", jobs.c.name, jobs.c.subject, where=JOB_UNFINISHED, unique=True)
_partial("ix_jobs_waiting", jobs.c.run_at, where=JOB_WAITS, unique=False)
_partial("ix_jobs_running", jobs.c.lease_until, where=JOB_RUNS, unique=False)

resends = Table(
    "resends",
    metadata,
    Column("delivery_id", BigInteger, primary_key=True, autoincrement=False),
    Column("job_id", BigInteger, nullable=False),
    _text("line"),
    _at("at"),
)

audit = Table(
    "audit",
    metadata,
    _id(),
    Column("at", Moment, nullable=False, index=True),
    _text("action"),
    _text("by"),
    _text("what"),
    _text("result"),
    Column("alert_id", BigInteger, index=True),
    sqlite_autoincrement=True,
)
