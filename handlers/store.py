"""What handlers ask of the storage below them, and the job: a durable intent.

Every method is one transaction unless it says otherwise. What `record` and `schedule` returned
from is durable.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum, auto
from typing import Any, Protocol

from handlers.provider import Confirmation, Parsed, Suppression, WebhookRequest
from resolutions.alert import Alert, Deed, Delivery, JobState, Triaged
from resolutions.bounce import BounceEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """The durable execution of an action.

    `by` is a Slack user id, or `US`. `run_at` None means now. `key` is made by
    the store: name:alert:generation, so that two clicks of two people are one job. `cursor` is
    how far it got, `token` fences the acknowledgement of one attempt.
    """

    name: str
    by: str
    alert_id: int | None = None
    arguments: Mapping[str, Any] = field(default_factory=dict)
    run_at: datetime | None = None
    id: int = 0
    key: str = ""
    attempts: int = 0
    token: str = ""
    cursor: str = ""
    state: JobState = JobState.WAITING
    created_at: datetime | None = None
    result: str = ""


@dataclass(frozen=True, slots=True)
class Scheduled:
    """The job that now stands for the wish; `created` is False if there was one already."""

    job: Job
    created: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """An address at one source, with what its mail did.

    `flagged_*` say who flagged it as inactive, when, and from which alert; `before` is the entry
    the provider's list had then, `added` the one that we added (None: nothing was added).
    """

    id: int
    source: str
    recipient: str
    inactive: bool = False
    complained: bool = False
    unsubscribed: bool = False
    flagged_by: str = ""
    flagged_at: datetime | None = None
    flagged_alert: int | None = None
    before: Suppression | None = None
    added: Suppression | None = None
    last_bounced_at: datetime | None = None
    last_delivered_at: datetime | None = None
    last_reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """A Slack message to be posted under an alert: a line, or a file of recipients.

    `blocks` may be empty (the text is shown then). `broadcast` sends a thread reply to the
    channel too. `key` makes it once only, but for a `renewable` note: queued again under its
    key with other content it replaces what was said, by chat.update if it was posted. The store
    fills in `id`, `ts` (once posted), and `channel` and `thread_ts` from the alert.
    """

    key: str
    alert_id: int | None
    text: str
    blocks: Sequence[Mapping[str, Any]] = ()
    broadcast: bool = False
    channel: str = ""  # for notes without an alert; else the alert's
    file_name: str = ""
    file: str = ""
    renewable: bool = False
    id: int = 0
    ts: str = ""
    thread_ts: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quarantined:
    """A verified body, or a part of one, that was not understood."""

    id: int
    source: str
    received_at: datetime
    why: str
    body: bytes
    headers: Mapping[str, str]
    replayed_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Audited:
    """An entry of the audit log."""

    at: datetime
    action: str
    by: str
    what: str
    result: str
    alert_id: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceHealth:
    """What a source sent lately. `rejected` counts forged requests."""

    source: str
    last_event_at: datetime | None
    events: int
    delivered: int
    quarantined: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """What is to be posted next in a channel: an alert (new or changed) or a note."""

    alert: Alert | None = None
    note: Note | None = None
    uncertain: bool = False  # an earlier post's outcome is unknown: look before posting again
    post_key: str = ""  # the id carried in the post's metadata
    version: int = 0  # hand it back to `posted`: changes since then stay due


class NotPosted(Enum):
    """Why a post did not go out, and so who waits."""

    UNANSWERED = auto()  # it may be out: the channel waits, and the post is looked for first
    LIMITED = auto()  # Slack takes nothing now: the channel waits
    REFUSED = auto()  # Slack, or a bug of ours, refuses this one: it waits alone


class Events(Protocol):
    """From requests to events, and from events to alerts."""

    async def record(self, request: WebhookRequest, parsed: Parsed) -> int:
        """Store all a request said in one transaction and return how many events were new.

        Raises BusyError when the queue is full or the database cannot be written, and
        ReplayedError when a replay guard knows the token with another event id.
        """

    async def untriaged(self, limit: int, after: int = 0) -> list[tuple[int, BounceEvent]]:
        """Return events not yet triaged with an id above `after`, oldest first."""

    async def fold(self, triaged: Sequence[Triaged]) -> int:
        """Claim the events, fold those it got into deliveries and alerts; return how many."""


class Alerts(Protocol):
    """What people act on together; one Slack message each."""

    async def get(self, alert_id: int) -> Alert | None:
        """Return an alert with its tallies, sample and deeds."""

    async def at(self, channel: str, ts: str) -> Alert | None:
        """Return the alert whose message this is, or in whose thread."""

    async def newest(self, limit: int = 50, reason: str = "") -> list[Alert]:
        """Return open alerts, the newest first, without samples."""

    async def worst(self, limit: int) -> tuple[list[Alert], int]:
        """Return the loudest open alerts, the largest and newest of those, and how many are open.

        Without samples.
        """

    async def touch(self, alert_id: int) -> None:
        """Make an alert due at once: a person acted."""

    async def set_ticket(self, alert_id: int, reference: str, url: str) -> None:
        """Note the ticket of an alert."""


class Deliveries(Protocol):
    """Messages to recipients, and which of them were sent again."""

    async def of_alert(self, alert_id: int, limit: int, after: int = 0) -> list[Delivery]:
        """Return deliveries of an alert by id, in pages."""

    async def to_resend(self, alert_id: int, limit: int) -> list[Delivery]:
        """Return deliveries of an alert that were not resent yet, the newest of each recipient."""

    async def with_contact(self, delivery_id: int) -> tuple[Delivery, Contact] | None:
        """Return a delivery and its contact as they stand now (judged again before a resend)."""

    async def mark_resent(self, delivery: Delivery, job: Job, line: str) -> None:
        """Note that a delivery was sent again, so that no later job repeats it."""

    async def was_resent(self, delivery_id: int) -> bool:
        """Return whether a delivery was sent again already."""

    async def count_by_reason(self, since: datetime) -> dict[str, int]:
        """Return deliveries by reason since a time (for App Home and `explain`)."""

    async def of_address(self, recipient: str, limit: int = 20) -> list[Delivery]:
        """Return the newest deliveries of an address over all sources."""


class Posts(Protocol):
    """What is due in a channel: alerts and notes."""

    async def next_due(self, channel: str) -> Due | None:
        """Return what to post next in a channel and mark it as begun; None if nothing is due."""

    async def posted(self, due: Due, channel: str, ts: str) -> None:
        """Note that a post or update went out; what changed meanwhile stays due."""

    async def not_posted(self, due: Due, why: NotPosted, retry_after: float) -> None:
        """Note that a post failed: due again later."""


class Leases(Protocol):
    """Who posts in a channel, and when it is its turn."""

    async def lease_channel(self, channel: str, holder: str, seconds: float) -> bool:
        """Take or renew the lease of a channel (on the database's clock)."""

    async def take_turn(self, method: str, channel: str) -> float:
        """Reserve the next Slack call of a method in a channel; return the seconds to wait for it.

        Keeps 1 s between posts of a channel and 50 a minute of chat.update in the workspace.
        """


class Notes(Protocol):
    """Slack messages beside the alerts."""

    async def queue(self, note: Note) -> None:
        """Queue a Slack message; one with a known key is ignored, or renewed if it is renewable."""


class Jobs(Protocol):
    """What people asked for, and when it is done."""

    async def schedule(self, job: Job) -> Scheduled:
        """Write an intent down, unless an unfinished job of that name and alert stands for it."""

    async def get(self, job_id: int) -> Job | None:
        """Return a job."""

    async def in_states(self, states: Sequence[JobState] = (), limit: int = 100) -> list[Job]:
        """Return jobs, the next to run first."""

    async def last(self, name: str, alert_id: int) -> Job | None:
        """Return the newest job of that name for an alert."""

    async def cancel(self, job_id: int, by: str) -> bool:
        """Cancel a waiting job; False if it already runs or ended."""

    async def move(self, job_id: int, run_at: datetime, by: str) -> bool:
        """Move a waiting job; False if it already runs or ended."""

    async def stop(self, job_id: int, by: str) -> bool:
        """Ask a running job to stop at its next step; False if it does not run."""

    async def retry(self, job_id: int, by: str) -> bool:
        """Make a dead job wait again, from its cursor; False if it is not dead."""


class Contacts(Protocol):
    """Addresses, and who of them is flagged as inactive."""

    def to_flag(self, job: Job) -> AsyncIterator[list[Contact]]:
        """Yield pages of at most 500 contacts of a job's alert that may be flagged.

        From its cursor on: permanent and final for the address (or a complaint), likely or
        certain, not flagged yet.
        """

    async def count_to_flag(self, alert_id: int) -> int:
        """Return how many contacts `to_flag` would yield."""

    def flagged_from(self, alert_id: int) -> AsyncIterator[list[Contact]]:
        """Yield pages of contacts that were flagged from an alert and still are."""

    async def get(self, source: str, recipient: str) -> Contact | None:
        """Return a contact of a source."""

    async def of_address(self, recipient: str) -> list[Contact]:
        """Return an address at all sources."""

    async def flag(
        self, contact: Contact, job: Job, before: Suppression | None, added: Suppression | None
    ) -> None:
        """Flag a contact as inactive, with what the provider's list had and what we added."""

    async def unflag(self, contact: Contact, job: Job) -> None:
        """Take a flag back."""


class AuditLog(Protocol):
    """What was done to the outside, by whom."""

    async def newest(self, limit: int = 100, about: str = "") -> list[Audited]:
        """Return entries, the newest first: of an alert (its number), about an address, or all."""

    async def add(self, action: str, by: str, what: str, result: str, alert_id: int | None) -> None:
        """Append to the audit log."""


class Quarantine(Protocol):
    """What was verified but not understood."""

    async def newest(self, limit: int = 50, source: str = "") -> list[Quarantined]:
        """Return what is in quarantine, newest first, without replayed ones."""


class Repeats(Protocol):
    """What must not be done twice, over all replicas."""

    async def seen(self, key: str, keep: timedelta) -> bool:
        """Return whether a key was seen before, and remember it for `keep` (Slack's repeats)."""

    async def forget(self, key: str) -> None:
        """Let a key come again: what it stood for failed."""


class Health(Protocol):
    """How the sources are."""

    async def sources(self) -> list[SourceHealth]:
        """Return what each source sent in the last 24 hours."""


class Store(Protocol):
    """The storage, as handlers see it: each asks for the parts that it needs."""

    alerts: Alerts
    audit: AuditLog
    contacts: Contacts
    deliveries: Deliveries
    events: Events
    health: Health
    jobs: Jobs
    leases: Leases
    notes: Notes
    posts: Posts
    quarantine: Quarantine
    repeats: Repeats


__all__ = [
    "Audited",
    "Confirmation",
    "Contact",
    "Deed",
    "Due",
    "Job",
    "JobState",
    "NotPosted",
    "Note",
    "Quarantined",
    "Scheduled",
    "SourceHealth",
    "Store",
]
