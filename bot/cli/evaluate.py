"""Behind `bounce evaluate`: how right the diagnosis is on labelled replies, and how fast."""

import json
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from bot.cli.diagnose import OwnFiles, Question
from resolutions.diagnosis.diagnose import NO_BOUNCE, Confidence, Diagnosis, diagnose
from resolutions.reason import Reason
from resolutions.rules.rulebook import Rulebook

SHOWN = 20
"""Confusions, wrong answers and unusable lines that are printed."""

NAMED = 3
"""Cases that are named beside a confusion."""

WIDTH = 100
"""Columns of the list of rules."""

WORDS = frozenset({*map(str, Reason), *map(str, NO_BOUNCE)})
"""All that a diagnosis can answer."""

SURE = frozenset({Confidence.CERTAIN, Confidence.LIKELY})


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One labelled reply and what was answered; `expected` is what is acceptable, best first."""

    id: str
    text: str
    expected: tuple[str, ...]
    answer: str
    confidence: Confidence
    rule: str  # what decided

    @property
    def is_acceptable(self) -> bool:
        """Tell whether the answer is one of those expected."""
        return self.answer in self.expected

    @property
    def is_exact(self) -> bool:
        """Tell whether the answer is the best one."""
        return self.answer == self.expected[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """How many cases of one reason there are, and how many were answered well."""

    word: str
    cases: int
    acceptable: int
    exact: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Confusion:
    """A reason that was taken for another, how often, and in which cases."""

    expected: str
    answer: str
    count: int
    ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleFile:
    """How many rules a file has, and those that no case needed."""

    name: str
    rules: int
    unused: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """All that was measured. `seconds` is the time of the diagnoses alone, on one core."""

    cases: tuple[Case, ...]
    unusable: tuple[str, ...]
    files: tuple[RuleFile, ...]
    seconds: float

    @property
    def total(self) -> Score:
        """All cases together."""
        return _score("all", self.cases)

    @property
    def scores(self) -> list[Score]:
        """The cases by the best answer, the most frequent first."""
        words = Counter(case.expected[0] for case in self.cases)
        return [
            _score(word, [case for case in self.cases if case.expected[0] == word])
            for word, _ in sorted(words.items(), key=lambda item: (-item[1], item[0]))
        ]

    @property
    def bands(self) -> list[Score]:
        """The cases by how sure the answer was, the surest first."""
        grouped = [
            (band.value, [case for case in self.cases if case.confidence is band])
            for band in Confidence
        ]
        return [_score(word, cases) for word, cases in grouped if cases]

    @property
    def confusions(self) -> list[Confusion]:
        """What was answered instead of what is acceptable, the most frequent first."""
        wrong: dict[tuple[str, str], list[str]] = {}
        for case in self.cases:
            if not case.is_acceptable:
                wrong.setdefault((case.expected[0], case.answer), []).append(case.id)
        ordered = sorted(wrong.items(), key=lambda item: (-len(item[1]), item[0]))
        return [
            Confusion(expected=one, answer=two, count=len(ids), ids=tuple(filter(None, ids)))
            for (one, two), ids in ordered
        ]

    @property
    def strange(self) -> list[str]:
        """The expected words that are no reason and no kind: nothing is ever answered so."""
        return sorted({word for case in self.cases for word in case.expected} - WORDS)

    @property
    def unused(self) -> list[str]:
        """The rules that no case needed."""
        return sorted(rule for file in self.files for rule in file.unused)

    @property
    def rules(self) -> int:
        """How many rules there are."""
        return sum(file.rules for file in self.files)

    @property
    def sure_and_wrong(self) -> list[Case]:
        """The wrong answers that were given as certain or likely: the ones that do harm."""
        return [case for case in self.cases if not case.is_acceptable and case.confidence in SURE]

    @property
    def rate(self) -> float:
        """Diagnoses a second, on one core."""
        return len(self.cases) / self.seconds if self.seconds else 0.0

    def as_text(self) -> str:
        """Return everything for a terminal, in columns."""
        return "\n".join(_text(self))


def evaluate(
    lines: Iterable[bytes], own: OwnFiles, clock: Callable[[], float] = time.perf_counter
) -> Evaluation:
    """Diagnose labelled replies, JSON lines with `expected`, and compare.

    `expected` is a word or a list of words, the best first: reasons, or kinds that are no bounce.
    A line that cannot be used is listed and does not count.
    """
    rulebook = own.rulebook()
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
            diagnosis = diagnose(question.symptoms(), rulebook)
            seconds += clock() - started
        except Exception as error:  # one line must not end the measurement
            unusable.append(f"line {number}: {_what(error)}")
            continue
        used.update(piece.rule for piece in diagnosis.evidence)
        cases.append(_case(record, question, expected, diagnosis))
    return Evaluation(
        cases=tuple(cases),
        unusable=tuple(unusable),
        files=tuple(_files(rulebook, used)),
        seconds=seconds,
    )


def _what(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return "not valid JSON"
    return str(error) if isinstance(error, ValueError) else f"{type(error).__name__}: {error}"


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


def _files(rulebook: Rulebook, used: Collection[str]) -> Iterator[RuleFile]:
    """Yield the rule files in the order in which they are tried."""
    rules: dict[str, list[str]] = {}
    for rule in rulebook.rules:
        rules.setdefault(rule.receiver, []).append(rule.id)
    for name, ids in rules.items():
        unused = tuple(sorted(set(ids).difference(used)))
        yield RuleFile(name=name, rules=len(ids), unused=unused)


def _score(word: str, cases: Sequence[Case]) -> Score:
    return Score(
        word=word,
        cases=len(cases),
        acceptable=sum(case.is_acceptable for case in cases),
        exact=sum(case.is_exact for case in cases),
    )


# For a terminal


def _text(evaluation: Evaluation) -> Iterator[str]:
    yield from _table("expected", [*evaluation.scores, evaluation.total])
    yield ""
    yield from _table("answered as", evaluation.bands)
    sure = evaluation.sure_and_wrong
    share = _percent(len(sure), len(evaluation.cases))
    yield ""
    yield f"wrong, given as certain or likely: {len(sure)} ({share})"
    yield from _some([_wrong(case) for case in sure])
    yield from _titled("confusions", [_confusion(each) for each in evaluation.confusions])
    yield ""
    yield f"rules never used: {len(evaluation.unused)} of {evaluation.rules}, by file"
    yield from (_unused(file) for file in evaluation.files if file.unused)
    strange = [_printable(word) for word in evaluation.strange]
    yield from _titled("expected words that are no reason (bounce explain lists them)", strange)
    yield from _titled("lines that cannot be used", list(evaluation.unusable))
    yield ""
    yield (
        f"speed: {evaluation.rate:,.0f} texts/s on one core"
        f" ({len(evaluation.cases):,} in {evaluation.seconds:.2f} s)"
    )


def _table(title: str, scores: Sequence[Score]) -> Iterator[str]:
    yield f"{title:<24}{'cases':>7}{'acceptable':>12}{'exact':>9}"
    for score in scores:
        yield (
            f"{score.word:<24}{score.cases:>7}"
            f"{_percent(score.acceptable, score.cases):>12}{_percent(score.exact, score.cases):>9}"
        )


def _percent(part: int, whole: int) -> str:
    return f"{part / whole:.1%}" if whole else "-"


def _wrong(case: Case) -> str:
    text = " ".join(case.text.split())
    text = text if len(text) <= 90 else f"{text[:89]}…"
    return (
        f"{_printable(case.id)}: {case.answer} ({case.confidence}, {case.rule}), "
        f"expected {' or '.join(map(_printable, case.expected))}\n      {_printable(text)}"
    )


def _confusion(each: Confusion) -> str:
    ids = ", ".join(map(_printable, each.ids[:NAMED]))
    more = ", …" if len(each.ids) > NAMED else ""
    return (
        f"{each.count:>5}  {_printable(each.expected):<24}answered {each.answer:<24}{ids}{more}"
    ).rstrip()


def _unused(file: RuleFile) -> str:
    line = f"  {file.name:<18}{len(file.unused):>3} of {file.rules:<4}{', '.join(file.unused)}"
    return line if len(line) <= WIDTH else f"{line[:WIDTH].rpartition(', ')[0] or line[:WIDTH]}, …"


def _printable(text: str) -> str:
    return "".join(one if one.isprintable() else "\N{REPLACEMENT CHARACTER}" for one in text)


def _titled(title: str, lines: Sequence[str]) -> Iterator[str]:
    if lines:
        yield ""
        yield title
        yield from _some(lines)


def _some(lines: Sequence[str]) -> Iterator[str]:
    yield from (f"  {line}" for line in lines[:SHOWN])
    if len(lines) > SHOWN:
        yield f"  … and {len(lines) - SHOWN} more"
