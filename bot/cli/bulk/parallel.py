"""Work spread over the processor's cores, its results in the order of the pieces."""

import gc
import os
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, islice
from typing import Any, TypeVar

Piece = TypeVar("Piece")
Result = TypeVar("Result")

AHEAD = 3
"""Pieces a core may have waiting: enough never to idle, few enough to keep memory flat."""

ORPHAN_CHECK = 2.0
"""Seconds after which a worker notices that its parent was killed."""

GARBAGE = (50_000, 20, 50)
"""How many new objects, and how many rounds, before a worker looks for garbage in cycles."""


def in_order(
    work: Callable[[Piece], Result], pieces: Iterable[Piece], *, alone: int
) -> Iterator[Result]:
    """Yield the result of each piece, in order.

    The first `alone` pieces are worked on here: small inputs do not pay for other processes. The
    others are worked on by one process a core, forked when they come, so that whatever was loaded
    and learnt until then (the rulebook, its expressions) is there at once and once only.
    """
    pieces = iter(pieces)
    for piece in islice(pieces, alone):
        yield work(piece)
    for more in pieces:
        rest = chain([more], pieces)
        yield from map(work, rest) if _cores() < 2 else _spread(work, rest, _cores())


def _cores() -> int:
    if not hasattr(os, "fork"):
        return 1
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _spread(
    work: Callable[[Piece], Result], pieces: Iterable[Piece], cores: int
) -> Iterator[Result]:
    from concurrent.futures import Future, ProcessPoolExecutor
    from multiprocessing import get_context

    pool = ProcessPoolExecutor(cores, get_context("fork"), _begin, (work, os.getpid()))
    waiting: deque[Future[Any]] = deque()
    try:
        for piece in pieces:
            waiting.append(pool.submit(_perform, piece))
            if len(waiting) >= AHEAD * cores:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


_work: Callable[[Any], Any]


def _begin(work: Callable[[Any], Any], parent: int) -> None:
    """Prepare a worker: Ctrl+C is the parent's business, and without a parent it ends.

    What it shares with its parent is no garbage, and what it remembers hardly ever is: looking
    through both again and again would take a seventh of its time.
    """
    global _work
    _work = work
    gc.freeze()
    gc.set_threshold(*GARBAGE)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_watch, args=(parent,), daemon=True).start()


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(ORPHAN_CHECK)
    os._exit(1)


def _perform(piece: Any) -> Any:
    return _work(piece)
