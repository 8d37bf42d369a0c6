"""Runs one case of the benchmarks of the checkout it is started in, and prints its rows as JSON.

A program of its own, because that checkout has its own environment and perhaps another tree; only
the names in `tests/benchmarks` have to be the same. What the replies are made of is given, so that
two checkouts are measured with the same texts.
"""

import asyncio
import json
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from tests.benchmarks import keeping, knowing, replies, running
from tests.benchmarks.databases import databases

ALONE = {"diagnose": "diagnoses", "mails": "whole_mails", "lines": "lines", "explain": "explain"}
STORED = {"triage": keeping, "singles": keeping, "batches": keeping, "storm": running}
STORED |= {"quiet": running, "start": running}

TRIAGED = 100_000


def main() -> None:
    """Read what is wanted from standard input; write the rows to standard output."""
    wanted: dict[str, Any] = json.load(sys.stdin)
    replies.examples = lambda: list(wanted["examples"])
    keeping.TRIAGED = TRIAGED
    knowing._rate = rate
    case: str = wanted["case"]
    if case in ALONE:
        rows = getattr(knowing, ALONE[case])()
    else:
        rows = asyncio.run(_stored(getattr(STORED[case], case), postgres=wanted["postgres"]))
    json.dump([[row.what, row.measured, row.unit] for row in rows], sys.stdout)


def rate(work: Callable[[Any], object], pieces: Sequence[Any]) -> float:
    """Return how many pieces are done in a second of processor time, whatever else runs."""
    begun = time.process_time()
    for piece in pieces:
        work(piece)
    return len(pieces) / (time.process_time() - begun)


async def _stored(case: Callable[[Any], Awaitable[Any]], *, postgres: bool) -> Any:
    with databases(postgres=postgres) as made:
        return await case(made)


if __name__ == "__main__":
    main()
