"""`bounce evaluate`: measures the diagnosis on labelled replies."""

import argparse
import json
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from pathlib import Path
from typing import Any

from bot.cli.bulk.evaluation import Case, Evaluation, FileUse
from bot.cli.diagnose import lines_of
from bot.cli.output import complain, tell
from bot.cli.own_files import OwnFiles
from bot.cli.question import Question, complaint_of
from bot.cli.text.evaluation import alternatives_text, evaluation_text
from resolutions.diagnosis.result import Diagnosis
from resolutions.rules.alternatives import Alternatives
from resolutions.rules.rulebook import Rulebook

LABELLED = """\
FILE.jsonl holds one JSON object a line ('-': stdin):

  {"text": "554 5.7.1 on our suppression list", "expected": ["suppressed", "unknown"]}

  text         the reply of the receiving server; needed
  expected     a reason, or a list of those that are acceptable, the best first; needed. Where
               nothing bounced: auto-reply, complaint, delivered or not-a-bounce
  id           names the line in the report
  code, status, remote_host, provider, verdict    what else is known, as for `bounce diagnose`

`bounce explain` lists the reasons. The report shows for each reason how many answers were
acceptable and how many the best one (exact), which reasons were taken for which, wrong answers
that were given as sure, rules that no line needed, and the speed.
"""


def add_to(parser: argparse.ArgumentParser) -> None:
    """Add the words of the command."""
    parser.epilog = LABELLED
    parser.add_argument("file", type=Path, metavar="FILE.jsonl")
    about = "list the alternatives of rules that are in no line"
    parser.add_argument("--alternatives", action="store_true", help=about)
    parser.set_defaults(run=run)


def run(chosen: argparse.Namespace) -> int:
    """Diagnose the replies of a file and compare with what is expected."""
    evaluation = evaluate(lines_of(str(chosen.file)), OwnFiles.of(chosen.config))
    if not evaluation.cases:
        why = f", {evaluation.unusable[0]}" if evaluation.unusable else ""
        return complain(
            f"{chosen.file}: no line can be used{why}; what a line holds: bounce evaluate --help"
        )
    if chosen.alternatives:
        tell(alternatives_text(evaluation.unmatched))
    else:
        tell(evaluation_text(evaluation))
    return 0


def evaluate(
    lines: Iterable[bytes], own: OwnFiles, clock: Callable[[], float] = time.perf_counter
) -> Evaluation:
    """Diagnose labelled replies, JSON lines with `expected`, and compare.

    `expected` is a word or a list of words, the best first: reasons, or kinds that are no bounce.
    A line that cannot be used is listed and does not count.
    """
    rulebook = own.rulebook()
    alternatives = Alternatives(rulebook)
    cases: list[Case] = []
    unusable: list[str] = []
    used: set[str] = set()
    seconds = 0.0
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
            question, expected = Question.of(record), _expected(record)
            started = clock()
            diagnosis = question.diagnosis(rulebook)
            seconds += clock() - started
        except Exception as error:  # one line must not end the measurement
            unusable.append(f"line {number}: {_why(error)}")
            continue
        used.update(piece.rule for piece in diagnosis.evidence)
        alternatives.match(question.text)
        cases.append(_case(record, question, expected, diagnosis))
    return Evaluation(
        cases=tuple(cases),
        unusable=tuple(unusable),
        files=tuple(_files(rulebook, used)),
        alternatives=len(alternatives.all),
        unmatched=tuple(alternatives.unmatched),
        seconds=seconds,
    )


def _why(error: Exception) -> str:
    return "not valid JSON" if isinstance(error, json.JSONDecodeError) else complaint_of(error)


def _expected(record: dict[str, Any]) -> tuple[str, ...]:
    expected = record.get("expected")
    words = [expected] if isinstance(expected, str) else expected
    if not isinstance(words, list) or not words or not all(isinstance(one, str) for one in words):
        raise ValueError("expected must be a word or a list of words")
    return tuple(words)


def _case(
    record: dict[str, Any], question: Question, expected: tuple[str, ...], diagnosis: Diagnosis
) -> Case:
    return Case(
        id=str(record.get("id", "")),
        text=question.text,
        expected=expected,
        answer=diagnosis.word,
        confidence=diagnosis.confidence,
        rule=diagnosis.evidence[0].rule if diagnosis.evidence else "",
    )


def _files(rulebook: Rulebook, used: Collection[str]) -> Iterator[FileUse]:
    """Yield the rule files in the order in which they are tried."""
    rules: dict[str, list[str]] = {}
    for rule in rulebook.rules:
        rules.setdefault(rule.receiver, []).append(rule.id)
    for name, ids in rules.items():
        unused = tuple(sorted(set(ids).difference(used)))
        yield FileUse(name=name, rules=len(ids), unused=unused)
