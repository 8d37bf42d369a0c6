"""What `bounce evaluate` says."""

from collections.abc import Iterator, Sequence
from itertools import groupby

from bot.cli.bulk.evaluation import Case, Confusion, Evaluation, FileUse, Score
from resolutions.rules.alternatives import Alternative

SHOWN = 20
"""Confusions, wrong answers and unusable lines that are printed."""

NAMED = 3
"""Cases that are named beside a confusion."""

WIDTH = 100
"""Columns of the list of rules."""


def evaluation_text(evaluation: Evaluation) -> str:
    """Return everything, in columns."""
    return "\n".join(_lines(evaluation))


def alternatives_text(alternatives: Sequence[Alternative]) -> str:
    """Return the alternatives, a line each, below the id of their rule."""
    lines: list[str] = []
    for rule, several in groupby(alternatives, key=lambda alternative: alternative.rule):
        lines += [rule, *(f"    {alternative.text}" for alternative in several)]
    return "\n".join(lines)


def _lines(evaluation: Evaluation) -> Iterator[str]:
    yield from _table("expected", [*evaluation.scores, evaluation.total])
    yield ""
    yield from _table("answered as", evaluation.bands)
    sure = evaluation.sure_and_wrong
    share = _percent(len(sure), len(evaluation.cases))
    yield ""
    yield f"wrong, given as certain or likely: {len(sure)} ({share})"
    yield from _some([_wrong(case) for case in sure])
    yield from _titled("confusions", [_confusion(confusion) for confusion in evaluation.confusions])
    yield ""
    yield f"rules never used: {len(evaluation.unused)} of {evaluation.rules}, by file"
    yield from (_unused(file) for file in evaluation.files if file.unused)
    unmatched = len(evaluation.unmatched)
    yield ""
    yield (
        f"alternatives in no reply: {unmatched:,} of {evaluation.alternatives:,}"
        " (--alternatives lists them)"
    )
    strange = [_flat(word) for word in evaluation.strange]
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
    text = _flat(case.text)
    text = text if len(text) <= 90 else f"{text[:89]}…"
    return (
        f"{_flat(case.id)}: {case.answer} ({case.confidence}, {case.rule}), "
        f"expected {' or '.join(map(_flat, case.expected))}\n      {text}"
    )


def _confusion(confusion: Confusion) -> str:
    ids = ", ".join(map(_flat, confusion.ids[:NAMED]))
    more = ", …" if len(confusion.ids) > NAMED else ""
    expected = f"{confusion.count:>5}  {_flat(confusion.expected):<24}"
    return f"{expected}answered {confusion.answer:<24}{ids}{more}".rstrip()


def _unused(file: FileUse) -> str:
    line = f"  {file.name:<18}{len(file.unused):>3} of {file.rules:<4}{', '.join(file.unused)}"
    return line if len(line) <= WIDTH else f"{line[:WIDTH].rpartition(', ')[0] or line[:WIDTH]}, …"


def _flat(text: str) -> str:
    """Return the words of a text that came from outside, on one line."""
    return " ".join(text.split())


def _titled(title: str, lines: Sequence[str]) -> Iterator[str]:
    if lines:
        yield ""
        yield title
        yield from _some(lines)


def _some(lines: Sequence[str]) -> Iterator[str]:
    yield from (f"  {line}" for line in lines[:SHOWN])
    if len(lines) > SHOWN:
        yield f"  … and {len(lines) - SHOWN} more"
