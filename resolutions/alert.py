"""What belongs together: the key of an alert, what it counts, and how it stands."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from resolutions.bounce import BounceEvent, Kind, Permanence
from resolutions.catalogue.resolution import Family, Severity
from resolutions.diagnosis.result import Confidence, Diagnosis, Evidence
from resolutions.reason import Reason

AHEAD = timedelta(minutes=5)
BEHIND = timedelta(days=30)
"""How far the time of an event may be from when it was heard of, and be believed."""

REFUSED = "refused"
"""The topic of all refusals of one operator."""

US = "bounce"
"""Who does what nobody asked for; people are Slack user ids."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertKey:
    """Events with the same key are one alert.

    `subject` is what the family is about: "source/campaign" (or "source/2026-06-15" without a
    campaign) for *list*, the operator's id for *receiver*, the From domain (else the source) for
    *ours*. `topic` is the reason's word, or `REFUSED` for the refusals of one operator.
    """

    complaint: bool
    family: Family
    subject: str
    topic: str


class DeliveryState(StrEnum):
    """Where a delivery (a message to a recipient) stands."""

    WAITING = "waiting"  # deferred; the server still retries
    BOUNCED = "bounced"  # includes rejected and complained
    DELIVERED = "delivered"  # was deferred, then arrived
    EXPIRED = "expired"  # bounced because the time for retries was over


@dataclass(frozen=True, slots=True, kw_only=True)
class Triaged:
    """An event with all that triage found out about it; what the store folds into alerts.

    `state` is how the delivery stands by it, None where it says nothing of one. A `final` failure
    condemns the address.
    """

    id: int
    event: BounceEvent
    diagnosis: Diagnosis
    operator: str
    operator_name: str
    key: AlertKey
    severity: Severity
    state: DeliveryState | None
    final: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """Deliveries of an alert by one word of one dimension.

    Dimensions: `reason`, `variant`, `source`, `campaign`, `domain`, `operator`, `permanence`.
    """

    dimension: str
    word: str
    waiting: int = 0
    bounced: int = 0
    delivered: int = 0
    expired: int = 0

    @property
    def total(self) -> int:
        """All of them, however they ended."""
        return self.waiting + self.bounced + self.delivered + self.expired


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One message to one recipient, as an alert shows it.

    `occurred_at` is the newest event's; `evidence` is put into words where it is shown.
    """

    id: int
    alert_id: int
    source: str
    recipient: str
    state: DeliveryState
    kind: Kind
    reason: Reason
    variant: str
    permanence: Permanence
    confidence: Confidence
    evidence: tuple[Evidence, ...]
    campaign: str
    operator: str
    subject: str
    reply: str
    code: str
    status: str
    remote_host: str
    message_id: str
    provider_message_id: str
    stored_copy: str
    occurred_at: datetime
    waiting_since: datetime | None = None
    tags: tuple[str, ...] = ()
    metadata: Mapping[str, str] = field(default_factory=dict)
    provider: str = ""


class JobState(StrEnum):
    """Where a job stands. The last four are final, but `dead` can be retried by a person."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    CANCELLED = "cancelled"
    STOPPED = "stopped"  # by a person, half way
    DEAD = "dead"  # a permanent error, or too many attempts


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """What a person did with an alert, for its context line.

    `at` is when it was asked for, `ended_at` when it was done, cancelled or given up.

    `state` is the job's: one that waits can still be cancelled or moved. `done` counts the
    recipients handled so far. `line` is the outcome.
    """

    action: str
    by: str
    line: str
    at: datetime
    job_id: int
    run_at: datetime | None = None
    state: JobState = JobState.DONE
    done: int = 0
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class OpenedTicket:
    """A ticket that was opened for an alert; not every system gives an address to it."""

    reference: str
    url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """One alert as it stands now: everything its Slack message shows.

    `opened_at` and `last_event_at` are when it was heard of; `first_at` and `last_at` are what
    people are shown. Counts are deliveries, not events. `attempts` is delivered + bounced of the
    same subject in the alert's time, None where no delivered feed is known ("rate unknown").
    `sample` holds the newest deliveries (at most 10), `recipients` how many distinct recipients
    there are in all.
    `previous` is (channel, ts) of the alert that this one continues.
    """

    id: int
    key: AlertKey
    reason: Reason
    variant: str
    severity: Severity
    opened_at: datetime
    last_event_at: datetime
    recipients: int
    waiting: int
    bounced: int
    delivered: int
    expired: int
    operator_name: str = ""
    closed_at: datetime | None = None
    channel: str = ""
    ts: str = ""
    attempts: int | None = None
    oldest_waiting: datetime | None = None
    tallies: tuple[Tally, ...] = ()
    sample: tuple[Delivery, ...] = ()
    deeds: tuple[Deed, ...] = ()
    ticket: OpenedTicket | None = None
    previous: tuple[str, str] | None = None

    @property
    def first_at(self) -> datetime:
        """When the first of it happened, as the events in the sample say."""
        return min([self.opened_at, *self._told()])

    @property
    def last_at(self) -> datetime:
        """When the newest of it happened; without a time to be believed, when it was heard of."""
        return max(self._told(), default=self.last_event_at)

    def _told(self) -> list[datetime]:
        """Return the times that the sample's events tell, without those that cannot be."""
        times = [
            moment
            for delivery in self.sample
            for moment in (delivery.occurred_at, delivery.waiting_since)
            if moment is not None
        ]
        earliest, latest = self.opened_at - BEHIND, self.last_event_at + AHEAD
        return [moment for moment in times if earliest <= moment <= latest]

    def words(self, dimension: str) -> list[Tally]:
        """Return the tallies of one dimension, the largest first."""
        chosen = [tally for tally in self.tallies if tally.dimension == dimension]
        return sorted(chosen, key=lambda tally: (-tally.total, tally.word))


REFUSALS = (
    Reason.BLOCKED_IP,
    Reason.BAD_DOMAIN,
    Reason.SPAM_RELATED,
    Reason.RATE_LIMITED,
    Reason.POLICY_RELATED,
)
"""The reasons that are one topic of an operator, the most specific first."""


def key_of(event: BounceEvent, diagnosis: Diagnosis, operator: str, family: Family) -> AlertKey:
    """Return which alert an event belongs to (the family is the reason's, of the catalogue).

    A complaint is about the list, whatever its reason, and never joins the bounces.
    """
    complaint = diagnosis.kind is Kind.COMPLAINT
    if complaint or family is Family.LIST:
        part = event.campaign or event.occurred_at.date().isoformat()
        topic = "complaint" if complaint else diagnosis.reason.value
        return AlertKey(
            complaint=complaint,
            family=Family.LIST,
            subject=f"{event.source}/{part}",
            topic=topic,
        )
    if family is Family.RECEIVER:
        topic = REFUSED if diagnosis.reason in REFUSALS else diagnosis.reason.value
        subject = operator or event.domain or event.source
        return AlertKey(complaint=False, family=family, subject=subject, topic=topic)
    subject = event.from_domain or event.source
    return AlertKey(complaint=False, family=family, subject=subject, topic=diagnosis.reason.value)


def head_of(tallies: Mapping[Reason, int], fallback: Reason) -> Reason:
    """Return the reason that heads an alert: of the refusals the most specific one present."""
    present = {reason for reason, count in tallies.items() if count > 0}
    for reason in REFUSALS:
        if reason in present:
            return reason
    return max(sorted(present), key=lambda reason: tallies[reason], default=fallback)


def variant_of(tallies: Mapping[str, int]) -> str:
    """Return the variant that more than half of an alert's deliveries have, "" if none has."""
    total = sum(tallies.values())
    return next((word for word, number in tallies.items() if 2 * number > total), "")


MOVED = 0.1
"""The share by which a number must move to be worth an update of the message."""


def has_moved(shown: Sequence[int] | None, counts: Sequence[int]) -> bool:
    """Tell whether a number that is shown has moved by a tenth."""
    if shown is None:
        return True
    return any(
        before != after and abs(after - before) >= MOVED * before
        for before, after in zip(shown, counts, strict=True)
    )


CAMPAIGN_LEAD = timedelta(days=1)
"""How long before its first bounce a campaign may have begun."""


@dataclass(frozen=True, slots=True)
class RateScope:
    """Whose deliveries an alert's are set against: those with one word of each dimension."""

    words: Mapping[str, Sequence[str]]
    since: datetime


def rate_scope(family: Family, opened_at: datetime, tallies: Iterable[Tally]) -> RateScope:
    """Return what an alert is about, from the whole hour on in which it was opened.

    A receiver refuses whatever we send there; a list is compared with its campaign, which began
    before its first bounce; what is our own fault concerns all that a source sends.
    """
    words: dict[str, list[str]] = defaultdict(list)
    for tally in tallies:
        words[tally.dimension].append(tally.word)
    since = opened_at.replace(minute=0, second=0, microsecond=0)
    if family is Family.RECEIVER:
        return RateScope({"operator": words["operator"]}, since)
    if family is not Family.LIST:
        return RateScope({"source": words["source"]}, since)
    if any(words["campaign"]):
        since -= CAMPAIGN_LEAD
    return RateScope({"source": words["source"], "campaign": words["campaign"]}, since)
