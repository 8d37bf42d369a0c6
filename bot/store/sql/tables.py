"""The tables, for SQLite and PostgreSQL alike, and the predicates of their partial indexes.

Every key over text from outside is a hash: an index row of PostgreSQL holds 2.7 kB only. A
partial index serves a query only if its predicate is written as in the index: use the constants
below (`UNTRIAGED`, `JOB_WAITS` ...), whose values are literals and not bound. An id is never used
twice (hence autoincrement), for other tables outlive a pruned row.
"""

from sqlalchemy import JSON, BigInteger, Column, Index, LargeBinary, MetaData, Table, Text

from bot.store.sql.columns import (
    Moment,
    at,
    count,
    flag,
    id_,
    is_one_of,
    key,
    maybe_at,
    partial,
    text,
)

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    }
)

# From a request to events

events = Table(
    "events",
    metadata,
    id_(),
    Column("key", Text, nullable=False, unique=True),  # source, event id, recipient
    text("source"),
    at("received_at"),
    maybe_at("triaged_at"),
    Column("body", JSON, nullable=False),  # the BounceEvent without its raw element
    Column("raw", Text),  # NULL once its retention is over
    Index("ix_events_received_at", "received_at"),
    sqlite_autoincrement=True,
)
UNTRIAGED = events.c.triaged_at.is_(None)
partial("ix_events_untriaged", events.c.id, where=UNTRIAGED, unique=False)

quarantine = Table(
    "quarantine",
    metadata,
    id_(),
    text("source"),
    at("received_at"),
    text("why"),
    Column("body", LargeBinary, nullable=False),
    Column("headers", JSON, nullable=False),
    maybe_at("replayed_at"),
    Index("ix_quarantine_received_at", "received_at"),
    sqlite_autoincrement=True,
)

replays = Table(
    "replays",
    metadata,
    key(),  # source, token
    text("event_key"),  # hashed, as all that is only compared
    Column("until", Moment, nullable=False, index=True),
)

arrivals = Table(
    "arrivals",
    metadata,
    key(),  # source, event id, recipient
    Column("delivery_key", Text, nullable=False, index=True),  # what arrived
    Column("at", Moment, nullable=False, index=True),  # when we heard of it
    at("occurred_at"),
)

seen = Table("seen", metadata, key(), Column("until", Moment, nullable=False, index=True))

# From events to alerts

deliveries = Table(
    "deliveries",
    metadata,
    id_(),
    Column("key", Text, nullable=False, unique=True),  # source, message, recipient
    Column("alert_id", BigInteger, nullable=False),
    Column("contact_id", BigInteger, nullable=False),
    text("source"),
    text("state"),
    text("kind"),
    text("reason"),
    text("variant"),
    text("permanence"),
    text("confidence"),
    flag("final"),  # it may flag the address
    text("campaign"),
    text("operator"),
    text("domain"),
    at("occurred_at"),
    maybe_at("waiting_since"),
    Column("evidence", Text),  # JSON; NULL in rows of the first release, whose body has words
    Column("body", JSON, nullable=False),  # what is only shown: reply, subject, ids ...
    Index("ix_deliveries_alert_id_id", "alert_id", "id"),
    Index("ix_deliveries_alert_id_contact_id", "alert_id", "contact_id"),
    Index("ix_deliveries_contact_id_occurred_at", "contact_id", "occurred_at"),
    Index("ix_deliveries_occurred_at_reason", "occurred_at", "reason"),
    sqlite_autoincrement=True,
)
DELIVERY_WAITS = is_one_of(deliveries.c.state, "waiting")
partial(
    "ix_deliveries_waiting",
    deliveries.c.alert_id,
    deliveries.c.waiting_since,
    where=DELIVERY_WAITS,
    unique=False,
)

alerts = Table(
    "alerts",
    metadata,
    id_(),
    Column("key", Text, nullable=False, index=True),  # the AlertKey
    flag("complaint"),
    text("family"),
    text("subject"),
    text("topic"),
    text("reason"),
    text("variant"),
    text("severity"),
    text("operator_name"),
    at("opened_at"),
    at("last_event_at"),  # when we heard of it, not when it happened
    count("waiting"),
    count("bounced"),
    count("delivered"),
    count("expired"),
    maybe_at("closed_at"),
    text("channel"),  # where it is posted, or will be
    text("ts"),
    maybe_at("flush_at"),  # due then
    count("version"),  # grows with every change
    count("acted_version"),  # the version that a person made
    count("posted_version"),
    maybe_at("posted_at"),
    Column("shown", JSON(none_as_null=True)),  # the counts in the message as it stands
    count("update_step"),
    text("post_key"),
    maybe_at("post_begun_at"),
    count("begun_version"),
    flag("uncertain"),
    count("failures"),
    text("ticket_reference"),
    text("ticket_url"),
    Column("previous_id", BigInteger),
    Index("ix_alerts_channel_ts", "channel", "ts"),
    sqlite_autoincrement=True,
)
OPEN = alerts.c.closed_at.is_(None)
FLUSHING = alerts.c.flush_at.is_not(None)
partial("uq_alerts_open_key", alerts.c.key, where=OPEN, unique=True)
partial("ix_alerts_open_last_event_at", alerts.c.last_event_at, where=OPEN, unique=False)
partial("ix_alerts_due", alerts.c.channel, alerts.c.flush_at, where=FLUSHING, unique=False)

tallies = Table(
    "tallies",
    metadata,
    Column("alert_id", BigInteger, primary_key=True, autoincrement=False),
    Column("dimension", Text, primary_key=True),
    Column("word_key", Text, primary_key=True),
    text("word"),
    count("waiting"),
    count("bounced"),
    count("delivered"),
    count("expired"),
)

contacts = Table(
    "contacts",
    metadata,
    id_(),
    Column("key", Text, nullable=False, unique=True),  # source, recipient
    text("source"),
    text("recipient"),
    Column("address_key", Text, nullable=False, index=True),  # recipient, at any source
    text("domain"),
    flag("inactive"),
    flag("complained"),
    flag("unsubscribed"),
    text("flagged_by"),
    maybe_at("flagged_at"),
    Column("flagged_alert", BigInteger, index=True),
    Column("before", JSON(none_as_null=True)),
    Column("added", JSON(none_as_null=True)),
    maybe_at("last_bounced_at"),
    maybe_at("last_delivered_at"),
    text("last_reason"),
    sqlite_autoincrement=True,
)

hours = Table(
    "hours",
    metadata,
    key(),  # source, campaign, operator, hour
    text("source"),
    text("campaign"),
    text("campaign_key"),
    text("operator"),
    text("operator_key"),
    at("hour"),  # of hearing about it
    count("delivered"),
    count("bounced"),
    count("deferred"),
    Index("ix_hours_source_campaign_key_hour", "source", "campaign_key", "hour"),
    Index("ix_hours_operator_key_hour", "operator_key", "hour"),
)

sources = Table(
    "sources", metadata, Column("source", Text, primary_key=True), maybe_at("last_event_at")
)

source_hours = Table(
    "source_hours",
    metadata,
    Column("source", Text, primary_key=True),
    Column("hour", Moment, primary_key=True),
    count("events"),
    count("delivered"),
    count("quarantined"),
)

# From alerts to Slack messages

notes = Table(
    "notes",
    metadata,
    id_(),
    Column("key", Text, nullable=False, unique=True),
    Column("alert_id", BigInteger, index=True),
    text("channel"),
    text("text"),
    Column("blocks", JSON, nullable=False),
    flag("broadcast"),
    text("file_name"),
    text("file"),
    flag("renewable"),
    text("ts"),
    maybe_at("created_at"),
    maybe_at("due_at"),
    count("version"),
    text("post_key"),
    maybe_at("post_begun_at"),
    count("begun_version"),
    flag("uncertain"),
    count("failures"),
    Index("ix_notes_channel_ts", "channel", "ts"),
    sqlite_autoincrement=True,
)
NOTE_DUE = notes.c.due_at.is_not(None)
partial("ix_notes_due", notes.c.channel, notes.c.due_at, where=NOTE_DUE, unique=False)

leases = Table(
    "leases", metadata, Column("name", Text, primary_key=True), text("holder"), at("until")
)

turns = Table("turns", metadata, Column("name", Text, primary_key=True), at("next_at"))

# From a click to an effect

jobs = Table(
    "jobs",
    metadata,
    id_(),
    Column("key", Text, nullable=False, unique=True),  # name:subject:generation
    text("name"),
    text("subject"),  # see subject_of
    Column("alert_id", BigInteger),
    text("by"),
    Column("arguments", JSON, nullable=False),
    at("run_at"),
    text("state"),
    count("attempts"),
    maybe_at("lease_until"),
    text("token"),
    text("cursor"),
    count("done"),
    flag("stop_asked"),
    text("result"),
    at("created_at"),
    maybe_at("finished_at"),
    Index("ix_jobs_alert_id_id", "alert_id", "id"),
    Index("ix_jobs_name_subject_id", "name", "subject", "id"),
    sqlite_autoincrement=True,
)
JOB_WAITS = is_one_of(jobs.c.state, "waiting")
JOB_RUNS = is_one_of(jobs.c.state, "running")
JOB_UNFINISHED = is_one_of(jobs.c.state, "waiting", "running")
partial("uq_jobs_unfinished", jobs.c.name, jobs.c.subject, where=JOB_UNFINISHED, unique=True)
partial("ix_jobs_waiting", jobs.c.run_at, where=JOB_WAITS, unique=False)
partial("ix_jobs_running", jobs.c.lease_until, where=JOB_RUNS, unique=False)

resends = Table(
    "resends",
    metadata,
    Column("delivery_id", BigInteger, primary_key=True, autoincrement=False),
    Column("job_id", BigInteger, nullable=False),
    text("line"),
    at("at"),
)

audit = Table(
    "audit",
    metadata,
    id_(),
    Column("at", Moment, nullable=False, index=True),
    text("action"),
    text("by"),
    text("what"),
    text("result"),
    Column("alert_id", BigInteger, index=True),
    sqlite_autoincrement=True,
)
