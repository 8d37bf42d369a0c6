"""The contract of tasks: what a job does when it is due, whoever asked for it."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Protocol

from handlers.desk import Desk
from handlers.errors import PermanentError, UncertainError
from handlers.store import Job

IN_A_ROW = 5
"""Refusals in a row that end a job: what refuses so often refuses for all."""


class Stopped(Exception):
    """A person stopped the job half way; raised by `Progress.done`.

    A task that lets it pass on may raise it anew with a line on how far it got.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a job did, in a line for people, and what could not be done and why."""

    line: str
    failed: Sequence[str] = ()


class Progress(Protocol):
    """How a job tells how far it got."""

    async def done(self, count: int, cursor: str) -> None:
        """Make the progress durable, redraw at most every 5 s; may raise Stopped."""
        ...


class Task(ABC):
    """The work of a job. `name` is its word: module, job, catalogue; lines say `called`."""

    name: ClassVar[str]
    called: ClassVar[str]

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    @abstractmethod
    async def perform(self, job: Job, progress: Progress) -> Outcome:
        """Do it, in steps it can resume; raise Temporary-, Uncertain- or PermanentError."""


class AuditedTask(Task):
    """A task that a person asked for: what came of it stands in the audit log."""

    async def perform(self, job: Job, progress: Progress) -> Outcome:
        """Do the work and write down what came of it."""
        try:
            outcome = await self.work(job, progress)
        except (PermanentError, UncertainError) as error:
            await self._record(job, f"failed: {error}")
            raise
        except Stopped as stop:
            await self._record(job, f"stopped: {stop}")
            raise
        await self._record(job, outcome.line or "done")
        return outcome

    @abstractmethod
    async def work(self, job: Job, progress: Progress) -> Outcome:
        """Do it, in steps it can resume."""

    async def _record(self, job: Job, result: str) -> None:
        await self.desk.store.audit.add(self.name, job.by, f"job {job.id}", result, job.alert_id)
