"""The tables of the first release."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make all tables."""
    _alerts()
    _arrivals()
    _audit()
    _contacts()
    _deliveries()
    _events()
    _hours()
    _jobs()
    _leases()
    _notes()
    _quarantine()
    _replays()
    _resends()
    _seen()
    _source_hours()
    _sources()
    _tallies()
    _turns()


def _alerts() -> None:
    op.create_table(
        "alerts",
        _id(),
        *_texts("key"),
        _flag("complaint"),
        *_texts("family", "subject", "topic", "reason", "variant", "severity", "operator_name"),
        *_numbers("opened_at", "last_event_at", "waiting", "bounced", "delivered", "expired"),
        _number("closed_at", nullable=True),
        *_texts("channel", "ts"),
        _number("flush_at", nullable=True),
        *_numbers("version", "acted_version", "posted_version"),
        _number("posted_at", nullable=True),
        _json("shown", nullable=True),
        *_numbers("update_step"),
        *_texts("post_key"),
        _number("post_begun_at", nullable=True),
        *_numbers("begun_version"),
        _flag("uncertain"),
        *_numbers("failures"),
        *_texts("ticket_reference", "ticket_url"),
        _number("previous_id", nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_alerts"),
        sqlite_autoincrement=True,
    )
    _index("ix_alerts_channel_ts", "alerts", ["channel", "ts"])
    _index("ix_alerts_due", "alerts", ["channel", "flush_at"], where="flush_at IS NOT NULL")
    _index("ix_alerts_key", "alerts", ["key"])
    _index("ix_alerts_open_last_event_at", "alerts", ["last_event_at"], where="closed_at IS NULL")
    _index("uq_alerts_open_key", "alerts", ["key"], where="closed_at IS NULL", unique=True)


def _arrivals() -> None:
    op.create_table(
        "arrivals",
        *_texts("key", "delivery_key"),
        *_numbers("at", "occurred_at"),
        sa.PrimaryKeyConstraint("key", name="pk_arrivals"),
    )
    _index("ix_arrivals_at", "arrivals", ["at"])
    _index("ix_arrivals_delivery_key", "arrivals", ["delivery_key"])


def _audit() -> None:
    op.create_table(
        "audit",
        _id(),
        *_numbers("at"),
        *_texts("action", "by", "what", "result"),
        _number("alert_id", nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_audit"),
        sqlite_autoincrement=True,
    )
    _index("ix_audit_alert_id", "audit", ["alert_id"])
    _index("ix_audit_at", "audit", ["at"])


def _contacts() -> None:
    op.create_table(
        "contacts",
        _id(),
        *_texts("key", "source", "recipient", "address_key", "domain"),
        _flag("inactive"),
        _flag("complained"),
        _flag("unsubscribed"),
        *_texts("flagged_by"),
        _number("flagged_at", nullable=True),
        _number("flagged_alert", nullable=True),
        _json("before", nullable=True),
        _json("added", nullable=True),
        _number("last_bounced_at", nullable=True),
        _number("last_delivered_at", nullable=True),
        *_texts("last_reason"),
        sa.PrimaryKeyConstraint("id", name="pk_contacts"),
        sa.UniqueConstraint("key", name="uq_contacts_key"),
        sqlite_autoincrement=True,
    )
    _index("ix_contacts_address_key", "contacts", ["address_key"])
    _index("ix_contacts_flagged_alert", "contacts", ["flagged_alert"])


def _deliveries() -> None:
    op.create_table(
        "deliveries",
        _id(),
        *_texts("key"),
        *_numbers("alert_id", "contact_id"),
        *_texts("source", "state", "kind", "reason", "variant", "permanence", "confidence"),
        _flag("final"),
        *_texts("campaign", "operator", "domain"),
        *_numbers("occurred_at"),
        _number("waiting_since", nullable=True),
        _json("body"),
        sa.PrimaryKeyConstraint("id", name="pk_deliveries"),
        sa.UniqueConstraint("key", name="uq_deliveries_key"),
        sqlite_autoincrement=True,
    )
    _index("ix_deliveries_alert_id_contact_id", "deliveries", ["alert_id", "contact_id"])
    _index("ix_deliveries_alert_id_id", "deliveries", ["alert_id", "id"])
    _index("ix_deliveries_contact_id_occurred_at", "deliveries", ["contact_id", "occurred_at"])
    _index("ix_deliveries_occurred_at_reason", "deliveries", ["occurred_at", "reason"])
    _index(
        "ix_deliveries_waiting",
        "deliveries",
        ["alert_id", "waiting_since"],
        where="state = 'waiting'",
    )


def _events() -> None:
    op.create_table(
        "events",
        _id(),
        *_texts("key", "source"),
        *_numbers("received_at"),
        _number("triaged_at", nullable=True),
        _json("body"),
        _text("raw", nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_events"),
        sa.UniqueConstraint("key", name="uq_events_key"),
        sqlite_autoincrement=True,
    )
    _index("ix_events_received_at", "events", ["received_at"])
    _index("ix_events_untriaged", "events", ["id"], where="triaged_at IS NULL")


def _hours() -> None:
    op.create_table(
        "hours",
        *_texts("key", "source", "campaign", "campaign_key", "operator", "operator_key"),
        *_numbers("hour", "delivered", "bounced", "deferred"),
        sa.PrimaryKeyConstraint("key", name="pk_hours"),
    )
    _index("ix_hours_operator_key_hour", "hours", ["operator_key", "hour"])
    _index("ix_hours_source_campaign_key_hour", "hours", ["source", "campaign_key", "hour"])


def _jobs() -> None:
    op.create_table(
        "jobs",
        _id(),
        *_texts("key", "name", "subject"),
        _number("alert_id", nullable=True),
        *_texts("by"),
        _json("arguments"),
        *_numbers("run_at"),
        *_texts("state"),
        *_numbers("attempts"),
        _number("lease_until", nullable=True),
        *_texts("token", "cursor"),
        *_numbers("done"),
        _flag("stop_asked"),
        *_texts("result"),
        *_numbers("created_at"),
        _number("finished_at", nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_jobs"),
        sa.UniqueConstraint("key", name="uq_jobs_key"),
        sqlite_autoincrement=True,
    )
    _index("ix_jobs_alert_id_id", "jobs", ["alert_id", "id"])
    _index("ix_jobs_name_subject_id", "jobs", ["name", "subject", "id"])
    _index("ix_jobs_running", "jobs", ["lease_until"], where="state = 'running'")
    _index("ix_jobs_waiting", "jobs", ["run_at"], where="state = 'waiting'")
    _index(
        "uq_jobs_unfinished",
        "jobs",
        ["name", "subject"],
        where="state IN ('waiting', 'running')",
        unique=True,
    )


def _leases() -> None:
    op.create_table(
        "leases",
        *_texts("name", "holder"),
        *_numbers("until"),
        sa.PrimaryKeyConstraint("name", name="pk_leases"),
    )


def _notes() -> None:
    op.create_table(
        "notes",
        _id(),
        *_texts("key"),
        _number("alert_id", nullable=True),
        *_texts("channel", "text"),
        _json("blocks"),
        _flag("broadcast"),
        *_texts("file_name", "file"),
        _flag("renewable"),
        *_texts("ts"),
        _number("created_at", nullable=True),
        _number("due_at", nullable=True),
        *_numbers("version"),
        *_texts("post_key"),
        _number("post_begun_at", nullable=True),
        *_numbers("begun_version"),
        _flag("uncertain"),
        *_numbers("failures"),
        sa.PrimaryKeyConstraint("id", name="pk_notes"),
        sa.UniqueConstraint("key", name="uq_notes_key"),
        sqlite_autoincrement=True,
    )
    _index("ix_notes_alert_id", "notes", ["alert_id"])
    _index("ix_notes_channel_ts", "notes", ["channel", "ts"])
    _index("ix_notes_due", "notes", ["channel", "due_at"], where="due_at IS NOT NULL")


def _quarantine() -> None:
    op.create_table(
        "quarantine",
        _id(),
        *_texts("source"),
        *_numbers("received_at"),
        *_texts("why"),
        _bytes("body"),
        _json("headers"),
        _number("replayed_at", nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_quarantine"),
        sqlite_autoincrement=True,
    )
    _index("ix_quarantine_received_at", "quarantine", ["received_at"])


def _replays() -> None:
    op.create_table(
        "replays",
        *_texts("key", "event_key"),
        *_numbers("until"),
        sa.PrimaryKeyConstraint("key", name="pk_replays"),
    )
    _index("ix_replays_until", "replays", ["until"])


def _resends() -> None:
    op.create_table(
        "resends",
        *_numbers("delivery_id", "job_id"),
        *_texts("line"),
        *_numbers("at"),
        sa.PrimaryKeyConstraint("delivery_id", name="pk_resends"),
    )


def _seen() -> None:
    op.create_table(
        "seen",
        *_texts("key"),
        *_numbers("until"),
        sa.PrimaryKeyConstraint("key", name="pk_seen"),
    )
    _index("ix_seen_until", "seen", ["until"])


def _source_hours() -> None:
    op.create_table(
        "source_hours",
        *_texts("source"),
        *_numbers("hour", "events", "delivered", "quarantined"),
        sa.PrimaryKeyConstraint("source", "hour", name="pk_source_hours"),
    )


def _sources() -> None:
    op.create_table(
        "sources",
        *_texts("source"),
        _number("last_event_at", nullable=True),
        sa.PrimaryKeyConstraint("source", name="pk_sources"),
    )


def _tallies() -> None:
    op.create_table(
        "tallies",
        *_numbers("alert_id"),
        *_texts("dimension", "word_key", "word"),
        *_numbers("waiting", "bounced", "delivered", "expired"),
        sa.PrimaryKeyConstraint("alert_id", "dimension", "word_key", name="pk_tallies"),
    )


def _turns() -> None:
    op.create_table(
        "turns",
        *_texts("name"),
        *_numbers("next_at"),
        sa.PrimaryKeyConstraint("name", name="pk_turns"),
    )


def _id() -> sa.Column[int]:
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    return sa.Column("id", number, autoincrement=True, nullable=False)


def _texts(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text(), nullable=False) for name in names]


def _text(name: str, nullable: bool) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=nullable)


def _numbers(*names: str) -> list[sa.Column[int]]:
    return [sa.Column(name, sa.BigInteger(), autoincrement=False, nullable=False) for name in names]


def _number(name: str, nullable: bool) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), autoincrement=False, nullable=nullable)


def _flag(name: str) -> sa.Column[bool]:
    return sa.Column(name, sa.Boolean(), nullable=False)


def _json(name: str, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.JSON(), nullable=nullable)


def _bytes(name: str) -> sa.Column[bytes]:
    return sa.Column(name, sa.LargeBinary(), nullable=False)


def _index(
    name: str, table: str, columns: list[str], where: str = "", unique: bool = False
) -> None:
    only = sa.text(where) if where else None
    op.create_index(name, table, columns, unique=unique, sqlite_where=only, postgresql_where=only)
