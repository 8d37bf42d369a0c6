"""How fast it knows: diagnoses alone, whole mails, and the command line start to end."""

import json
import os
import re
import shlex
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from resolutions.bounce import SmtpReply
from resolutions.diagnosis.diagnose import diagnose
from resolutions.diagnosis.result import PastedReply
from resolutions.mail.read import read
from resolutions.rules.rulebook import Rulebook
from tests.benchmarks.against import lines_of_product
from tests.benchmarks.replies import mails, questions, replies, reworded
from tests.benchmarks.sisimai import sisimai_rate
from tests.benchmarks.table import Row

TEXTS, MAILS, LINES = 30_000, 3_000, 50_000
WARM = 2_000
"""Texts before the clock starts: what is learnt once is part of the whole command's time."""

SISIMAI, STARTS = 8_000, 7

ROOT = Path(__file__).parents[2]


def diagnoses() -> list[Row]:
    """Diagnose texts that differ in names only, and texts no two of which are worded the same."""
    return [
        _diagnosed("diagnose, other names and ids, one core", list(replies(TEXTS)), 30_000),
        _diagnosed("diagnose, other words too, one core", list(reworded(TEXTS)), 10_000),
    ]


def _diagnosed(what: str, texts: Sequence[str], wanted: float) -> Row:
    rulebook = Rulebook.load()
    replied = [PastedReply(SmtpReply(text)) for text in texts]
    _rate(lambda symptoms: diagnose(symptoms, rulebook), replied[:WARM])
    rate = _rate(lambda symptoms: diagnose(symptoms, rulebook), replied[WARM:])
    row = Row(what=what, measured=rate, unit="texts/s")
    return _wanted(row, wanted, _yardstick(replied))


def whole_mails() -> list[Row]:
    """Read and diagnose whole delivery reports on one core."""
    rulebook = Rulebook.load()

    def judge(mail: bytes) -> None:
        for report in read(mail):
            diagnose(PastedReply(report.reply, report.remote_host, kind=report.kind), rulebook)

    made = mails(MAILS)
    _rate(judge, made[:300])
    size = sum(map(len, made)) / len(made) / 1_000
    rate = _rate(judge, made[300:])
    row = Row(what=f"whole DSN mails of {size:.1f} kB, one core", measured=rate, unit="mails/s")
    return [_wanted(row, 2_000, None)]


def lines() -> list[Row]:
    """Answer 50,000 lines as a command, start to end, on all cores."""
    what = "bounce diagnose --jsonl, 50,000 lines, whole command"
    return [
        _answered(f"{what}, other names", replies(LINES)),
        _answered(f"{what}, other words too", reworded(LINES)),
    ]


def _answered(what: str, texts: Iterable[str]) -> Row:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "replies.jsonl"
        file.write_text("".join(f"{json.dumps(each)}\n" for each in questions(texts)))
        begun = _processor_time()
        seconds, out = _run("-m", "bot.cli.main", "diagnose", "--jsonl", str(file))
        spent = _processor_time() - begun
    assert out.count(b"\n") == LINES
    row = Row(what=what, measured=LINES / seconds, unit="lines/s")
    row = _wanted(row, 20_000, None)
    return replace(row, note=f"{seconds:.2f} s, {spent:.2f} s of processor time")


def _processor_time() -> float:
    """Return what the programs that were run have spent, on all cores together."""
    spent = os.times()
    return spent.children_user + spent.children_system


def beside_sisimai() -> list[Row]:
    """Diagnose texts no two of which are worded the same, beside Sisimai's `Reason->match`."""
    texts = list(reworded(SISIMAI))
    what = "diagnose, other words too, beside the Perl library Sisimai"
    row = replace(_diagnosed(what, texts, 0), baseline=sisimai_rate(texts[WARM:]), wanted=3)
    missing = "" if row.baseline else "Sisimai is not there: apt install libsisimai-perl"
    return [replace(row, of_baseline=True, note=missing)]


def explain() -> list[Row]:
    """Explain one word and diagnose one reply, start to end, beside a Python that does nothing."""
    empty = _median("-c", "pass")
    asked = {"explain quota": 5, "diagnose '550 5.1.1 no such user'": 8}
    return [
        Row(
            what=f"bounce {words}, start to end",
            measured=_median("-m", "bot.cli.main", *shlex.split(words)),
            unit="ms",
            baseline=empty,
            wanted=most,
            most=True,
            of_baseline=True,
        )
        for words, most in asked.items()
    ]


def size() -> list[Row]:
    """Count the lines of the product."""
    lines = lines_of_product(ROOT)
    return [Row(what="lines of product Python", measured=lines, unit="lines")]


def _median(*words: str) -> float:
    """Return how many milliseconds a program takes."""
    return statistics.median(_run(*words)[0] for _ in range(STARTS)) * 1_000


def _run(*words: str) -> tuple[float, bytes]:
    begun = time.perf_counter()
    done = subprocess.run([sys.executable, *words], cwd=ROOT, check=True, capture_output=True)
    return time.perf_counter() - begun, done.stdout


def _rate(work: Callable[[Any], object], pieces: Sequence[Any]) -> float:
    """Return how many pieces are done in a second of processor time."""
    begun = time.process_time()
    for piece in pieces:
        work(piece)
    return len(pieces) / (time.process_time() - begun)


def _yardstick(texts: Sequence[PastedReply]) -> float:
    """Return how many texts a second are only lowered and searched for twenty words."""
    words = [re.compile(word) for word in ("full", "quota", "unknown", "blocked") * 5]
    return _rate(lambda symptoms: [w.search(symptoms.reply.text.lower()) for w in words], texts)


def _wanted(row: Row, wanted: float, baseline: float | None) -> Row:
    return Row(
        what=row.what, measured=row.measured, unit=row.unit, wanted=wanted, baseline=baseline
    )
