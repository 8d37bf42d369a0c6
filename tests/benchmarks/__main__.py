"""What it does in a second, as ratios in one run.

    python -m tests.benchmarks [--postgres] [--against CHECKOUT] [NAME …]

With another checkout that has an environment of its own (`.venv`), each number is measured there,
too, by turns, and stands beside ours.

Nothing here asserts a time: the table says where a number is short of what is wanted.
"""

import argparse
import asyncio
import platform
import sys
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from tests.benchmarks import keeping, knowing, running
from tests.benchmarks.against import compared
from tests.benchmarks.databases import Databases, databases
from tests.benchmarks.table import Row, show

ALONE: dict[str, Callable[[], list[Row]]] = {
    "diagnose": knowing.diagnoses,
    "mails": knowing.whole_mails,
    "lines": knowing.lines,
    "sisimai": knowing.beside_sisimai,
    "explain": knowing.explain,
    "size": knowing.size,
}
STORED: dict[str, Callable[[Databases], Awaitable[list[Row]]]] = {
    "singles": keeping.singles,
    "batches": keeping.batches,
    "triage": keeping.triage,
    "storm": running.storm,
    "quiet": running.quiet,
    "start": running.start,
}


def main() -> None:
    """Run the cases that are named, or all."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks")
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join([*ALONE, *STORED]))
    parser.add_argument("--postgres", action="store_true", help="on PostgreSQL, too")
    parser.add_argument("--against", type=Path, metavar="CHECKOUT", help="measure that one, too")
    chosen = parser.parse_args()
    names = chosen.names or [*ALONE, *STORED]
    if unknown := [name for name in names if name not in ALONE and name not in STORED]:
        parser.error(f"no case is called {unknown[0]}; there are {', '.join([*ALONE, *STORED])}")
    both = [False, True] if chosen.postgres else [False]
    rows = _compared(names, chosen.against, both) if chosen.against else _measured(names, both)
    sys.stdout.write(f"\nPython {platform.python_version()}, {platform.machine()}\n\n")
    show(rows)


def _measured(names: Sequence[str], both: Sequence[bool]) -> list[Row]:
    rows = [row for name in names if name in ALONE for row in _alone(name)]
    for postgres in both:
        with databases(postgres=postgres) as made:
            for name in names:
                if name in STORED:
                    rows += _stored(name, made)
    return rows


def _compared(names: Sequence[str], checkout: Path, both: Sequence[bool]) -> list[Row]:
    """Return the rows of cases that mean something in two checkouts; Sisimai is in neither."""
    rows: list[Row] = []
    for name in names:
        if name == "sisimai":
            rows += _alone(name)
            continue
        for postgres in both if name in STORED else [False]:
            _tell(f"{name} here and there")
            rows += compared(name, checkout.resolve(), postgres=postgres)
    return rows


def _alone(name: str) -> list[Row]:
    _tell(name)
    return ALONE[name]()


def _stored(name: str, made: Databases) -> list[Row]:
    _tell(f"{name} on {made.word}")
    return asyncio.run(_finished(STORED[name](made)))


async def _finished(case: Awaitable[list[Row]]) -> list[Row]:
    return await case


def _tell(name: str) -> None:
    sys.stderr.write(f"measuring {name}\n")


main()
