"""The one writer of what webhooks say: all requests that wait share a transaction.

A commit costs the same for one row and for a thousand; so requests that arrive while one is under
way are the next group. The queue is bounded: what does not fit is refused at once.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, Self, TypeVar

from bot.store.options import Limits
from handlers.errors import BusyError, ReplayedError

Answer = int | ReplayedError
"""How many events of a request were new, or why it is refused."""

log = logging.getLogger(__name__)


class Submission(Protocol):
    """A request with all its rows made."""

    @property
    def rows(self) -> int:
        """How many rows it takes."""

    @property
    def size(self) -> int:
        """How many bytes it takes."""


Request_contra = TypeVar("Request_contra", bound=Submission, contravariant=True)


class Writer(Protocol[Request_contra]):
    """What an intake writes with."""

    async def write(self, group: Sequence[Request_contra]) -> Sequence[Answer]:
        """Store a group in one transaction; return an answer for each request.

        Raises UnwritableError for what the data is to blame for, BusyError for what it is not.
        """

    async def give_up(self, request: Request_contra, why: str) -> int:
        """Store what can be stored of a request, keep the rest as bytes; return its new events."""


class UnwritableError(Exception):
    """The data of a group cannot be stored; nothing of it was."""


Request = TypeVar("Request", bound=Submission)


@dataclass(frozen=True, slots=True)
class _Waiting(Generic[Request]):
    request: Request
    answer: asyncio.Future[Answer]


class Intake(Generic[Request]):
    """Writes what is submitted, in groups."""

    def __init__(self, writer: Writer[Request], limits: Limits) -> None:
        self._writer = writer
        self._limits = limits
        self._queue: deque[_Waiting[Request]] = deque()
        self._bytes = 0
        self._filled = asyncio.Event()
        self._closed = False
        self._running: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        """Start the writer."""
        self._running = asyncio.create_task(self._run(), name="intake")
        return self

    async def __aexit__(self, *_: object) -> None:
        """Take nothing more, write what waits, and end."""
        self._closed = True
        self._filled.set()
        if self._running is not None:
            await self._running

    async def submit(self, request: Request) -> int:
        """Return how many events were new, once they are durable.

        Raises BusyError if the queue is full, the database cannot be written, or it takes too
        long; ReplayedError for a replayed request.
        """
        self._refuse_if_full(request)
        answer = asyncio.get_running_loop().create_future()
        self._queue.append(_Waiting(request, answer))
        self._bytes += request.size
        self._filled.set()
        try:
            async with asyncio.timeout(self._limits.seconds):
                result = await answer
        except TimeoutError as error:
            raise BusyError("the database is slow") from error
        if isinstance(result, ReplayedError):
            raise result
        return int(result)

    def _refuse_if_full(self, request: Request) -> None:
        if self._closed:
            raise BusyError("stopping")
        full = self._bytes + request.size > self._limits.waiting_bytes and self._queue
        if full or len(self._queue) >= self._limits.waiting_requests:
            raise BusyError("the queue of the intake is full")

    async def _run(self) -> None:
        while True:
            await self._filled.wait()
            group = self._next_group()
            if group:
                await self._store(group)
            elif self._closed:
                return
            else:
                self._filled.clear()

    def _next_group(self) -> list[_Waiting[Request]]:
        """Take what fits into one transaction; who gave up meanwhile is left out."""
        group: list[_Waiting[Request]] = []
        rows = size = 0
        while self._queue:
            request = self._queue[0].request
            rows, size = rows + request.rows, size + request.size
            if group and (rows > self._limits.group_rows or size > self._limits.group_bytes):
                break
            waiting = self._queue.popleft()
            self._bytes -= request.size
            if waiting.answer.done():
                rows, size = rows - request.rows, size - request.size
            else:
                group.append(waiting)
        return group

    async def _store(self, group: list[_Waiting[Request]]) -> None:
        try:
            answers = await self._writer.write([waiting.request for waiting in group])
        except UnwritableError as error:
            await self._store_alone(group, str(error))
        except Exception as error:
            if not isinstance(error, BusyError):
                log.exception("the intake failed")
            for waiting in group:
                _fail(waiting, BusyError(str(error)))
        else:
            for waiting, answer in zip(group, answers, strict=True):
                if not waiting.answer.done():
                    waiting.answer.set_result(answer)

    async def _store_alone(self, group: list[_Waiting[Request]], why: str) -> None:
        """Find the culprit of a group; the others are not punished for it."""
        if len(group) > 1:
            for waiting in group:
                await self._store([waiting])
            return
        log.error("a request cannot be stored", extra={"why": why})
        try:
            new = await self._writer.give_up(group[0].request, why)
        except Exception as error:
            log.exception("a request cannot be kept")
            _fail(group[0], BusyError(str(error)))
        else:
            if not group[0].answer.done():
                group[0].answer.set_result(new)


def _fail(waiting: _Waiting[Any], error: BusyError) -> None:
    if not waiting.answer.done():
        waiting.answer.set_exception(error)
