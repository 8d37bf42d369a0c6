"""Open a ticket for the server admin: what happened, how much, what to check. Once per alert."""

from collections.abc import Iterator

from handlers.button import Click, JobButton, Rest
from handlers.errors import PermanentError
from handlers.slack.alert_message import fitting
from handlers.slack.alert_text import lead, link, spoken, ticket
from handlers.slack.block_kit import utc
from handlers.slack.permalinks import Links
from handlers.store import Job
from handlers.task import AuditedTask, Outcome, Progress
from handlers.ticket import Opened, Ticket
from resolutions.alert import REFUSED, Alert, Delivery, Tally
from resolutions.catalogue.evidence_text import because
from resolutions.catalogue.resolution import Resolution
from resolutions.reason import Reason
from resolutions.sending_ip import sending_ips

NO_SYSTEM = (
    "There is no ticket system yet. Set `system` in `[tickets]` of bounce.toml to `email` or"
    " `github` (or BOUNCE_TICKETS__SYSTEM), and fill in its table, `[tickets.email]` or"
    " `[tickets.github]`."
)
SAMPLES = 5
NAMES = 10
WORD_LIMIT = 300


class OpenTicket(JobButton, AuditedTask):
    """Open a ticket with all that is known."""

    name = "open_ticket"
    label = "Open a ticket"
    called = label
    may = "open a ticket"

    async def intend(self, click: Click) -> Rest | None:
        """Schedule the job; without a ticket system tell which key to set."""
        if self.desk.tickets is None:
            return self.tell(click, NO_SYSTEM)
        return await super().intend(click)

    async def already(self, click: Click, last: Job) -> None:
        """Show the ticket that is there."""
        alert = await self.desk.store.alerts.get(click.number)
        there = ticket(alert) if alert and alert.ticket else last.result
        await self.tell(click, f"The ticket is there: {there}")

    async def work(self, job: Job, progress: Progress) -> Outcome:
        """Open the ticket, or find the one that an earlier attempt opened."""
        store = self.desk.store
        alert = await store.alerts.get(job.alert_id) if job.alert_id is not None else None
        if alert is None:
            raise PermanentError("the alert is not known any more")
        if alert.ticket:
            return Outcome(line=f"The ticket is there: {ticket(alert)}")
        if self.desk.tickets is None:
            raise PermanentError("no ticket system is configured any more: set tickets.system")
        opened = await self.desk.tickets.open(await self._ticket(alert, job))
        await store.alerts.set_ticket(alert.id, opened.reference, opened.url)
        return Outcome(line=f"Ticket opened by <@{job.by}>: {_reference(opened)}")

    async def _ticket(self, alert: Alert, job: Job) -> Ticket:
        general = self.desk.catalogue.of(alert.reason, complaint=alert.key.complaint)
        resolution, alert = fitting(alert, general), self.desk.shown.alert(alert)
        return Ticket(
            key=f"bounce-{alert.id}-{alert.opened_at:%Y%m%dT%H%M%S}",
            title=_title(alert, resolution),
            body="\n".join(_body(alert, resolution)),
            link=await Links(self.desk.slack).of_message(alert.channel, alert.ts),
            checks=(*_hints(general, resolution), *(resolution.checks or resolution.steps)),
            samples=tuple(_sample(one) for one in _telling(alert)),
        )


def _hints(general: Resolution, resolution: Resolution) -> Iterator[str]:
    """Give the steps of the resolution that the replies alone call for."""
    hints = {hint.step for hint in general.hints}
    if resolution.checks:
        yield from (step for step in resolution.steps if step in hints)


def _reference(opened: Opened) -> str:
    return link(opened.url, opened.reference)


def _title(alert: Alert, resolution: Resolution) -> str:
    about = alert.operator_name or alert.key.subject
    return f"Bounces: {resolution.title} ({' '.join(about.split())[:80]})"


def _body(alert: Alert, resolution: Resolution) -> Iterator[str]:
    yield f"{resolution.title} ({alert.key.topic if alert.key.complaint else alert.reason})"
    yield ""
    yield resolution.explanation
    yield ""
    yield f"Concerns:     {_flat(alert.key.subject)}"
    if alert.operator_name:
        yield f"Receiver:     {_flat(alert.operator_name)}"
    yield f"Recipients:   {alert.recipients:,}"
    yield f"Emails:       {_counts(alert)}"
    for dimension, label in (
        ("operator", "Receivers"),
        ("domain", "Domains"),
        ("source", "Sources"),
        ("campaign", "Campaigns"),
        ("reason", "Reasons"),
    ):
        if words := [tally for tally in alert.words(dimension) if tally.word]:
            yield f"{label + ':':<13} {_names(words)}"
    if ours := _ours(alert):
        yield f"Sending IP:   {', '.join(ours)}"
    yield f"First:        {utc(alert.first_at)}"
    yield f"Last:         {utc(alert.last_at)}"
    telling = lead(alert.sample, alert.reason)
    if telling is not None and (why := because(telling)):
        evidence = _flat(why)
        yield f"Diagnosis:    {telling.confidence}: {evidence}"


def _ours(alert: Alert) -> list[str]:
    """Return our IP addresses that the replies name, and those that the providers tell."""
    reported = (one.metadata.get("sending_ip", "") for one in alert.sample)
    named = sending_ips(one.reply for one in alert.sample) if _is_refused(alert) else []
    return list(dict.fromkeys([*named, *(_flat(ip) for ip in reported if ip)]))[:NAMES]


def _is_refused(alert: Alert) -> bool:
    return alert.key.topic == REFUSED or alert.reason is Reason.AUTHENTICATION_FAILURE


def _counts(alert: Alert) -> str:
    counts = {
        "bounced": alert.bounced,
        "waiting": alert.waiting,
        "delivered since": alert.delivered,
        "expired": alert.expired,
    }
    shown = ", ".join(f"{count:,} {word}" for word, count in counts.items() if count)
    attempts = f" of {alert.attempts:,} attempts" if alert.attempts else ""
    return (shown or "none") + attempts


def _names(tallies: list[Tally]) -> str:
    shown = [f"{_flat(tally.word)} {tally.total:,}" for tally in tallies[:NAMES]]
    more = len(tallies) - NAMES
    return ", ".join([*shown, f"{more:,} more"] if more > 0 else shown)


def _flat(text: str) -> str:
    """Return an outside word on one line, of a length that leaves room for others."""
    return " ".join(text.split())[:WORD_LIMIT]


def _telling(alert: Alert) -> list[Delivery]:
    """Return deliveries with different replies."""
    by_reply = {one.reply: one for one in reversed(alert.sample) if one.reply}
    return list(reversed(by_reply.values()))[:SAMPLES]


def _sample(delivery: Delivery) -> str:
    source, provider = delivery.source, delivery.provider
    lines = {
        "To": delivery.recipient,
        "Time": utc(delivery.occurred_at),
        "Subject": _flat(delivery.subject),
        "Message-ID": delivery.message_id,
        "Provider's id": delivery.provider_message_id,
        "Source": f"{source} ({provider})" if provider else source,
        "Campaign": delivery.campaign,
        "Server": delivery.remote_host,
        "Code": " ".join(part for part in (delivery.code, delivery.status) if part),
    }
    head = [f"{name}: {' '.join(text.split())}" for name, text in lines.items() if text]
    return "\n".join([*head, "", spoken(delivery.reply)])
