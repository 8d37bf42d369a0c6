"""The same cases in this checkout and in another one, by turns: what differs is the code."""

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.benchmarks.replies import examples
from tests.benchmarks.table import Row

ROOT = Path(__file__).parents[2]

ROUNDS = 3
"""Times that each checkout is measured, one after the other; the best of each counts."""

ONCE = frozenset({"storm", "triage", "lines"})
"""Cases that take minutes: once is enough."""

AT_LEAST = {"diagnose, other words too": 5.0, "whole DSN mails": 2.0, "triage": 2.5}
AT_MOST = {"start of bounce serve to ready": 0.5, "peak memory": 1.0, "lines of product": 1.0}
"""What the ratio to the other checkout shall be, by words in the name of a row."""

PRODUCT = ("bot", "handlers", "resolutions")

Measured = tuple[float, str]


def compared(case: str, checkout: Path, *, postgres: bool = False) -> list[Row]:
    """Return a row for each number that both checkouts measure, with the other's beside it."""
    if case == "size":
        return [
            _row(
                "lines of product Python",
                (lines_of_product(ROOT), "lines"),
                lines_of_product(checkout),
            )
        ]
    ours: dict[str, Measured] = {}
    theirs: dict[str, Measured] = {}
    for _ in range(1 if case in ONCE else ROUNDS):
        for root, best in ((ROOT, ours), (checkout, theirs)):
            for what, measured, unit in _run(root, case, postgres):
                best[what] = _better((measured, unit), best.get(what, (measured, unit)))
    return [_row(what, measured, theirs[what][0]) for what, measured in _shared(ours, theirs)]


def _shared(
    ours: Mapping[str, Measured], theirs: Mapping[str, Measured]
) -> Sequence[tuple[str, Measured]]:
    return [(what, measured) for what, measured in ours.items() if what in theirs]


def _run(root: Path, case: str, postgres: bool) -> list[tuple[str, float, str]]:
    program = Path(__file__).with_name("elsewhere.py")
    done = subprocess.run(
        [root / ".venv" / "bin" / "python", program],
        cwd=root,
        env=os.environ | {"PYTHONPATH": str(root)},
        input=json.dumps({"case": case, "postgres": postgres, "examples": examples()}).encode(),
        stdout=subprocess.PIPE,
        check=True,
    )
    return [(what, measured, unit) for what, measured, unit in json.loads(done.stdout)]


def _better(one: Measured, other: Measured) -> Measured:
    """Return the better of two: the more a second, the less of anything else."""
    return max(one, other) if one[1].endswith("/s") else min(one, other)


def _row(what: str, measured: Measured, baseline: float) -> Row:
    least = next((ratio for words, ratio in AT_LEAST.items() if words in what), None)
    most = next((ratio for words, ratio in AT_MOST.items() if words in what), None)
    return Row(
        what=what,
        measured=measured[0],
        unit=measured[1],
        baseline=baseline,
        wanted=most or least,
        most=most is not None,
        of_baseline=True,
    )


def lines_of_product(root: Path) -> int:
    """Return the lines of a checkout's Python, without the stand-in of Slack."""
    files = [file for name in PRODUCT for file in (root / name).rglob("*.py")]
    return sum(len(file.read_bytes().splitlines()) for file in files if "sandbox" not in file.parts)
