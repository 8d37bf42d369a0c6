"""What every click goes through: permission, intent, ack; the answer to the person comes after.

Nothing before the ack asks the outside. Who may act by a user group that is not known yet is
asked after the ack, and the intent is written down then.
"""

import logging
from abc import ABC, abstractmethod
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from slack_bolt.context.ack.async_ack import AsyncAck

from handlers.desk import Desk
from handlers.permission import NOT_TOLD, Allowed
from handlers.slack import modal
from handlers.slack.block_kit import Block, moment, section
from handlers.slack.job_text import done_line, standing
from handlers.store import Job, JobState, Note

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Click:
    """Who clicked what, and where; `channel` is empty in App Home and in modals.

    The value of a button is a number (of an alert or a job), and after a `|` the job that was
    already seen when the button was made.
    """

    by: str
    number: int
    seen: int = 0
    channel: str = ""
    thread_ts: str = ""
    trigger: str = ""

    @classmethod
    def read(cls, body: dict[str, Any], action: dict[str, Any]) -> Self:
        """Return the click of a payload; a value that is no number is 0, which nothing has."""
        number, _, seen = str(action.get("value", "")).partition("|")
        container = body.get("container") or {}
        return cls(
            by=body["user"]["id"],
            number=_number(number),
            seen=_number(seen),
            channel=(body.get("channel") or {}).get("id", ""),
            thread_ts=container.get("thread_ts", ""),
            trigger=body.get("trigger_id", ""),
        )


Rest = Coroutine[Any, Any, None]
"""What is left to do once the click is acked: mostly to answer the person."""


class Button(ABC):
    """A button whose click is checked, recorded, acked, and then answered.

    `name` is its word everywhere: module, action_id, callback_id, job, catalogue.
    """

    name: ClassVar[str]
    label: ClassVar[str]
    may: ClassVar[str] = "use this button"

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    async def clicked(self, ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
        """Check the permission, record the intent, ack; what is left runs in the background."""
        click = Click.read(body, action)
        concerned = await self.concerns(click)
        if self.desk.permissions.allows(click.by, *concerned) is Allowed.YES:
            rest = await self.intend(click)
        else:
            rest = self._ask_first(click, concerned)
        await ack()
        self.desk.background.start(self._follow(rest, concerned))

    @abstractmethod
    async def intend(self, click: Click) -> Rest | None:
        """Write the intent down; return what is left to do after the ack, None for nothing."""

    async def concerns(self, click: Click) -> tuple[str, ...]:
        """Return the actions whose permissions the click needs."""
        return (self.name,)

    async def tell(self, click: Click, text: str, blocks: Sequence[Block] = ()) -> None:
        """Say something to this person alone: below the message, else in a modal."""
        slack = self.desk.slack
        if not click.channel:
            view = modal.modal("Bounce Desk", blocks or [section(text)])
            await slack.views_open(trigger_id=click.trigger, view=view)
            return
        await slack.chat_postEphemeral(
            channel=click.channel,
            user=click.by,
            text=text,
            blocks=list(blocks) or [section(text)],
            thread_ts=click.thread_ts or None,
        )

    async def record(self, by: str, what: str, result: str, alert_id: int | None) -> None:
        """Append to the audit log."""
        await self.desk.store.audit.add(self.name, by, what, result, alert_id)

    async def note(self, job: Job, key: str, text: str) -> None:
        """Say in the alert's thread what was changed about a job; once for a key."""
        if job.alert_id is not None:
            await self.desk.store.notes.queue(Note(key=key, alert_id=job.alert_id, text=text))

    async def _follow(self, rest: Rest | None, concerned: Sequence[str]) -> None:
        """Do what is left; then keep the groups fresh, so that the next click need not wait."""
        if rest is not None:
            await rest
        await self.desk.permissions.renew(*concerned)

    async def _ask_first(self, click: Click, concerned: Sequence[str]) -> None:
        """Ask who may, after the ack: then do it, or say why not."""
        why = await self.desk.permissions.refusal(click.by, *concerned, to=self.may)
        if not why:
            if rest := await self.intend(click):
                await rest
            return
        if why != NOT_TOLD:
            await self.record(click.by, f"button {click.number}", "refused: not permitted", None)
        await self.tell(click, why)


class ModalButton(Button):
    """A button that asks in a modal, which the intent then comes with."""

    title: ClassVar[str]

    async def intend(self, click: Click) -> Rest:
        """Record nothing: the intent is what the modal brings."""
        return self._open(click)

    @abstractmethod
    async def form(self, click: Click) -> dict[str, Any]:
        """Return the modal that asks, or one that says why there is nothing to ask."""

    @abstractmethod
    async def submitted(self, ack: AsyncAck, body: dict[str, Any], view: dict[str, Any]) -> None:
        """Validate the modal, record the intent, ack."""

    async def _open(self, click: Click) -> None:
        """Open the modal within the trigger's three seconds, then fill it."""
        slack, loading = self.desk.slack, modal.notice(self.title, "Loading …")
        answer = await slack.views_open(trigger_id=click.trigger, view=loading)
        try:
            view = await self.form(click)
        except Exception:
            log.exception("a form could not be made", extra={"action": self.name})
            view = modal.notice(self.title, "It cannot be read now. Close this and try again.")
        await slack.views_update(view_id=answer["view"]["id"], view=view)


class JobButton(Button):
    """A button that schedules one job for its alert, at once.

    `undone_by` names the action that takes its effect back, after which it may be done again.
    """

    undone_by: ClassVar[str] = ""

    async def intend(self, click: Click) -> Rest | None:
        """Schedule the job, unless it was done already; the alert itself shows that it was."""
        store = self.desk.store
        last = await store.jobs.last(self.name, click.number)
        if last and last.id != click.seen and await self.settled(last):
            return self.already(click, last)
        if await store.alerts.get(click.number) is None:
            return self.tell(click, "This alert is not known any more.")
        job = Job(name=self.name, alert_id=click.number, by=click.by)
        scheduled = await store.jobs.schedule(job)
        return None if scheduled.created else self._under_way(click, scheduled.job)

    async def settled(self, last: Job) -> bool:
        """Tell whether the newest job did what a click would ask for again."""
        if last.state is not JobState.DONE:
            return False
        if not self.undone_by or last.alert_id is None:
            return True
        undone = await self.desk.store.jobs.last(self.undone_by, last.alert_id)
        return undone is None or undone.id < last.id

    async def already(self, click: Click, last: Job) -> None:
        """Tell that it was done already, by whom and when."""
        await self.tell(click, done_line(last))

    async def _under_way(self, click: Click, job: Job) -> None:
        asked = f" at {moment(job.created_at)}" if job.created_at else ""
        await self.tell(click, f"<@{job.by}> asked for this{asked} already; it is being done.")


class JobControl(Button):
    """A button that changes a job; it needs the permission for the job's own action, too."""

    async def concerns(self, click: Click) -> tuple[str, ...]:
        """Return this action and the job's."""
        job = await self.desk.store.jobs.get(click.number)
        return (self.name, job.name) if job else (self.name,)

    async def changed(self, click: Click, job: Job, text: str) -> None:
        """Write the change down and tell the person."""
        await self.record(click.by, f"job {job.id} ({job.name})", text, job.alert_id)
        await self.tell(click, text)

    async def too_late(self, click: Click) -> None:
        """Tell how the job stands instead."""
        await self.tell(click, standing(await self.desk.store.jobs.get(click.number)))


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0
