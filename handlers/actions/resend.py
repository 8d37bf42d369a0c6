"""Send email again, at a time of the person's choice, to those who may still get it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from slack_bolt.context.ack.async_ack import AsyncAck

from handlers.button import Click, ModalButton
from handlers.permission import Allowed
from handlers.resending.run import Resending
from handlers.slack import modal
from handlers.slack.alert_text import title
from handlers.slack.block_kit import Block, escape, moment, section
from handlers.slack.job_text import counted
from handlers.slack.modal import Option
from handlers.slack.time_zone import Zone, fault_of, zone_of
from handlers.store import Job, JobState
from handlers.task import AuditedTask, Outcome, Progress
from resolutions.alert import Alert, Delivery, DeliveryState
from resolutions.bounce import Kind, Permanence
from resolutions.catalogue.resolution import FinalFor, Resolution

CHOICE_LIMIT = 100
"""More recipients than Slack's menu holds are chosen by how they bounced."""

BULK_LIMIT = 10_000
"""Deliveries of one job; what is more needs another click."""

NO_WAY = (
    "There is no way to send again yet. Set `url` and `secret` in `[resend.webhook]` of bounce.toml"
    " (or BOUNCE_RESEND__WEBHOOK__URL and BOUNCE_RESEND__WEBHOOK__SECRET): your own sender is then"
    " asked by a signed call. Mailgun can send its stored copies with `key` in `[sources.X.api]`."
)
COMPLAINED = (
    "These people complained about the email. It is never sent to them again, and the complaint is"
    " not undone from here."
)
NOBODY = (
    "There is nobody to send to: everybody was sent to again already, got the email since, or is"
    " still being tried by the servers."
)
WARNINGS = {
    FinalFor.ADDRESS: "The address itself is at fault: sending again will most likely fail again.",
    FinalFor.MESSAGE: "The message itself was refused: it will be again unless it is changed.",
    FinalFor.UNTIL_MENDED: "It will be refused again until the cause is mended.",
}
GONE = "This alert is not known any more."


class Resend(ModalButton, AuditedTask):
    """Schedule a resend: a modal asks whom, when and how."""

    name = "resend"
    label = "Schedule a resend"
    may = "schedule a resend"
    title = label
    called = "Resend"

    async def submitted(self, ack: AsyncAck, body: dict[str, Any], view: dict[str, Any]) -> None:
        """Validate the modal, schedule the job, ack."""
        by, alert_id = body["user"]["id"], int(modal.metadata_of(view)["alert"])
        wrong = self._wrong(view)
        if not wrong and await self.desk.permissions.ask(by, self.name) is not Allowed.YES:
            wrong = {"when": "You may not schedule a resend, or that cannot be checked now."}
        if wrong:
            await ack(**modal.errors(**wrong))
            return
        asked = _job(view, by, alert_id, self.desk.clock())
        scheduled = await self.desk.store.jobs.schedule(asked)
        if not scheduled.created:
            await ack(**modal.errors(when=_taken(scheduled.job)))
            return
        await ack()
        await self.note(scheduled.job, f"resend:{scheduled.job.id}", _announced(asked))

    async def work(self, job: Job, progress: Progress) -> Outcome:
        """Send again to everybody chosen, judged anew one by one."""
        return await Resending(self.desk, job, progress).run(await self._chosen(job))

    async def form(self, click: Click) -> dict[str, Any]:
        """Ask whom, when and how; say so where nobody can be sent to."""
        store = self.desk.store
        alert = await store.alerts.get(click.number)
        if alert is None:
            return modal.notice(self.title, GONE)
        if alert.key.complaint:
            return modal.notice(self.title, COMPLAINED)
        last = await store.jobs.last(self.name, alert.id)
        if last and last.state in {JobState.WAITING, JobState.RUNNING}:
            return modal.notice(self.title, _standing(last))
        candidates = await store.deliveries.to_resend(alert.id, CHOICE_LIMIT + 1)
        open_ones = [one for one in candidates if _may_go(one)]
        if not open_ones:
            return modal.notice(self.title, NOBODY)
        ways = self._channels(open_ones)
        if not ways:
            return modal.notice(self.title, NO_WAY)
        zone = await zone_of(self.desk.slack, click.by)
        return self._filled(alert, open_ones, ways, zone)

    def _filled(
        self, alert: Alert, deliveries: Sequence[Delivery], ways: Sequence[Option], zone: Zone
    ) -> dict[str, Any]:
        resolution = self.desk.catalogue.of(alert.reason, complaint=alert.key.complaint)
        blocks = [
            section(f"*{title(alert, resolution)}*"),
            *_warning(resolution),
            self._whom(deliveries, alert),
            _when(zone, self.desk.clock()),
            modal.ask("way", "How", modal.one_of(ways)),
            *self._lift(deliveries),
        ]
        few = [one.id for one in deliveries] if len(deliveries) <= CHOICE_LIMIT else []
        metadata = {"alert": alert.id, "all": few}
        return modal.modal(
            self.title, blocks, callback_id=self.name, submit="Schedule", metadata=metadata
        )

    def _whom(self, deliveries: Sequence[Delivery], alert: Alert) -> Block:
        if len(deliveries) > CHOICE_LIMIT:
            return modal.ask("recipients", "Whom", modal.one_of(_by_permanence(alert)))
        shown = self.desk.shown.delivery
        choices = [
            Option(str(one.id), one.recipient, _note(one))
            for one in map(shown, sorted(deliveries, key=lambda one: one.recipient.lower()))
        ]
        everybody = "everybody" if len(deliveries) > 1 else choices[0].label
        hint = f"Leave it empty to send to {everybody} ({counted(len(deliveries), 'email')})."
        element = modal.some_of(
            choices, f"All {len(deliveries)}" if len(deliveries) > 1 else everybody
        )
        return modal.ask("recipients", "Whom", element, hint=hint, optional=True)

    def _channels(self, deliveries: Sequence[Delivery]) -> list[Option]:
        ways, stored = [], [one for one in deliveries if self._has_copy(one)]
        if stored:
            note = (
                f"{len(stored)} of {len(deliveries)} have one"
                if len(stored) < len(deliveries)
                else ""
            )
            ways.append(Option("stored", "The copy that the provider keeps", note))
        if self.desk.resend is not None:
            note = "It is asked by a signed call and sends again itself"
            ways.append(Option("webhook", "Your own sender", note))
        return ways

    def _has_copy(self, delivery: Delivery) -> bool:
        source = self.desk.sources.get(delivery.source)
        return bool(delivery.stored_copy and source and source.resending)

    def _lift(self, deliveries: Sequence[Delivery]) -> list[Block]:
        """Ask whether suppressions may be lifted, where a source has a list that can be changed."""
        names = {one.source for one in deliveries}
        lists = {
            source.suppressing.suppression_list
            for name, source in self.desk.sources.items()
            if name in names and source.suppressing is not None
        }
        if not lists:
            return []
        choice = Option("lift", "Take them off the provider's list first")
        named = " and ".join(sorted(lists))
        hint = (
            f"This is about {named}. Nobody who complained or unsubscribed is taken off."
            " Unticked, who is on it is left out."
        )
        label = "If an address is suppressed"
        return [modal.ask("lift", label, modal.tick(choice), hint=hint, optional=True)]

    def _wrong(self, view: dict[str, Any]) -> dict[str, str]:
        fault = fault_of(modal.moment_in(view, "when"), self.desk.clock())
        wrong = {"when": fault} if fault else {}
        way = "".join(modal.chosen(view, "way"))
        if way not in {"stored", "webhook"} or (way == "webhook" and self.desk.resend is None):
            wrong["way"] = "Choose a way that is configured."
        return wrong

    async def _chosen(self, job: Job) -> list[int]:
        """Return the deliveries of a job by id: those named, or those of a kind as of now."""
        if named := job.arguments.get("deliveries"):
            return sorted(int(one) for one in named)
        if job.alert_id is None:
            return []
        deliveries = await self.desk.store.deliveries.to_resend(job.alert_id, BULK_LIMIT)
        kind, asked = job.arguments.get("permanence", ""), job.created_at
        return sorted(
            one.id
            for one in deliveries
            if _may_go(one)
            and kind in {"", one.permanence.value}
            and (asked is None or one.occurred_at <= asked)
        )


def _job(view: dict[str, Any], by: str, alert_id: int, now: datetime) -> Job:
    """Return the job of a modal: everybody is those whom the modal offered, not who came later."""
    picked = modal.chosen(view, "recipients") or modal.metadata_of(view)["all"]
    arguments: dict[str, Any] = {
        "way": modal.chosen(view, "way")[0],
        "lift": bool(modal.chosen(view, "lift")),
    }
    if str(picked[0]).isdigit():
        arguments["deliveries"] = [int(one) for one in picked]
    elif picked[0] != "all":
        arguments["permanence"] = picked[0]
    when = modal.moment_in(view, "when") or now
    return Job(name="resend", alert_id=alert_id, by=by, arguments=arguments, run_at=max(when, now))


def _announced(job: Job) -> str:
    """Return what the thread is told of a resend that was just scheduled."""
    named = job.arguments.get("deliveries")
    whom = f" of {counted(len(named), 'email')}" if named else ""
    when = f" for {moment(job.run_at)}" if job.run_at else ""
    return f"Resend{whom} scheduled by <@{job.by}>{when}."


def _may_go(delivery: Delivery) -> bool:
    return delivery.kind is not Kind.COMPLAINT and delivery.state in {
        DeliveryState.BOUNCED,
        DeliveryState.EXPIRED,
    }


def _by_permanence(alert: Alert) -> list[Option]:
    counts = {tally.word: tally.bounced + tally.expired for tally in alert.words("permanence")}
    choices = [Option("all", f"All ({alert.bounced + alert.expired:,})")]
    for word, label in ((Permanence.TRANSIENT, "soft"), (Permanence.PERMANENT, "hard")):
        if count := counts.get(word, 0):
            choices.append(Option(word.value, f"Only the {label} bounces ({count:,})"))
    return choices


def _note(delivery: Delivery) -> str:
    day, subject = f"{delivery.occurred_at:%d %b %H:%M} UTC", " ".join(delivery.subject.split())
    return f"{day} · {subject}" if subject else day


def _warning(resolution: Resolution) -> list[Block]:
    warning = WARNINGS.get(resolution.final_for)
    return [section(f"*Careful.* {warning}")] if warning else []


def _when(zone: Zone, now: datetime) -> Block:
    first = zone.early_morning(now)
    hint = f"In your time zone ({zone.name}). It can be moved or cancelled until it runs."
    return modal.ask("when", "When", modal.date_and_time(first), hint=hint)


def _standing(job: Job) -> str:
    when = f" for {moment(job.run_at)}" if job.run_at else ""
    doing = "is running" if job.state is JobState.RUNNING else f"is scheduled{when}"
    return f"A resend asked for by <@{escape(job.by)}> {doing}. It can be changed in the message."


def _taken(job: Job) -> str:
    when = f" for {job.run_at:%Y-%m-%d %H:%M} UTC" if job.run_at else ""
    return f"Another resend of this alert stands already{when}. Cancel or move that one."
