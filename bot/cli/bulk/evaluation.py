"""How right the diagnosis is on labelled replies, and how fast."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from resolutions.diagnosis.result import NO_BOUNCE, Confidence
from resolutions.reason import Reason
from resolutions.rules.alternatives import Alternative

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
class FileUse:
    """How many rules a file has, and those that no case needed."""

    name: str
    rules: int
    unused: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """All that was measured. `seconds` is the time of the diagnoses alone, on one core.

    Of the `alternatives` of rules, those `unmatched` are in no reply.
    """

    cases: tuple[Case, ...]
    unusable: tuple[str, ...]
    files: tuple[FileUse, ...]
    alternatives: int
    unmatched: tuple[Alternative, ...]
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
            Confusion(expected=word, answer=answer, count=len(ids), ids=tuple(filter(None, ids)))
            for (word, answer), ids in ordered
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


def _score(word: str, cases: Sequence[Case]) -> Score:
    return Score(
        word=word,
        cases=len(cases),
        acceptable=sum(case.is_acceptable for case in cases),
        exact=sum(case.is_exact for case in cases),
    )
