"""Stored wordings that no rule decides, each with a rule to start from."""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Self

from bot.cli.output import printable
from bot.cli.store_access import opened
from bot.kept_knowledge import rulebook
from bot.settings.source import rules_read
from bot.settings.storage import StoreSettings
from resolutions.alert import Delivery
from resolutions.bounce import SmtpReply
from resolutions.diagnosis.diagnose import diagnose
from resolutions.diagnosis.result import PastedReply
from resolutions.masking import HIDDEN, mask, mask_all
from resolutions.reason import Reason
from resolutions.rules.pattern import wordings, words
from resolutions.rules.reply import ADDRESS, read_words
from resolutions.rules.rulebook import Rulebook

GROUPS = 20_000
"""Wordings that are counted at a time; beyond, the rarest half is let go."""

SHOWN = 20
"""Wordings that are shown on a terminal."""

SAMPLE_LIMIT = 400
WORDING_LIMIT = 300
RULE_LIMIT = 80
"""Characters of the wording that a suggested rule asks for."""

NAMED = 3
"""Operators of a wording that are named on a terminal."""

OPERATORS = 50
"""Operators of a wording that are counted by name, the others together."""

OTHERS = "others"

NO_RULE = frozenset({"likeness", "status", "code", "provider"})
"""Kinds of evidence behind which there is no rule."""

CLOSING = """
Copy a rule into a file of your own, choose its reason (bounce explain lists them), and name the
file in bounce.toml: [rules] files = ["ours.toml"]. This list is judged by your rules at once; the
bot uses them from its next start, for what comes then."""


@dataclass(slots=True, kw_only=True)
class WordingGroup:
    """What servers said in the same words, names and numbers aside. `sample` is masked."""

    wording: str
    code: str
    status: str
    sample: str
    first: datetime
    last: datetime
    count: int = 0
    operators: Counter[str] = field(default_factory=Counter)
    answers: Counter[str] = field(default_factory=Counter)

    def take(self, delivery: Delivery) -> None:
        """Count one more."""
        self.count += 1
        by_name = delivery.operator in self.operators or len(self.operators) < OPERATORS
        self.operators[delivery.operator if by_name else OTHERS] += 1
        self.answers[delivery.reason.value] += 1
        self.first = min(self.first, delivery.occurred_at)
        self.last = max(self.last, delivery.occurred_at)

    @property
    def answer(self) -> str:
        """The reason that was given most often so far."""
        return self.answers.most_common(1)[0][0]


@dataclass(slots=True)
class Collection:
    """Wordings as they are found; it holds at most GROUPS, the frequent ones."""

    rulebook: Rulebook
    groups: dict[tuple[str, str, str], WordingGroup] = field(default_factory=dict)
    silent: int = 0  # bounces without any text
    let_go: int = 0  # bounces of rare wordings that are not held any more

    def take(self, delivery: Delivery) -> None:
        """Count a delivery if no rule decides about it today."""
        if not delivery.reply.strip():
            self.silent += 1
            return
        if _is_decided(delivery, self.rulebook):
            return
        reply = read_words(
            self.rulebook.words_of(_nameless(delivery.reply, delivery.recipient, ADDRESS)),
            delivery.code,
            delivery.status,
        )
        key = (_alike(reply.text)[:WORDING_LIMIT], reply.code, reply.status)
        if key not in self.groups:
            self.groups[key] = _wording(key, delivery)
        self.groups[key].take(delivery)
        if len(self.groups) > GROUPS:
            self._make_room()

    def _make_room(self) -> None:
        order = sorted(self.groups, key=lambda key: -self.groups[key].count)
        for key in order[GROUPS // 2 :]:
            self.let_go += self.groups.pop(key).count

    def sorted(self) -> list[WordingGroup]:
        """Return the wordings, the most frequent first."""
        return sorted(self.groups.values(), key=lambda group: (-group.count, group.wording))


@dataclass(frozen=True, slots=True)
class Unmatched:
    """Wordings that no rule decides, the most frequent first, each with a rule to start from."""

    wordings: tuple[WordingGroup, ...]
    rules: tuple[str, ...]
    silent: int = 0
    let_go: int = 0

    @classmethod
    def of(cls, collection: Collection) -> Self:
        """Return what was collected."""
        listed = collection.sorted()
        return cls(tuple(listed), tuple(_rules(listed)), collection.silent, collection.let_go)

    def as_lines(self) -> Iterator[str]:
        """Yield one JSON object for each wording, a line each."""
        for group, rule in zip(self.wordings, self.rules, strict=True):
            yield json.dumps(_fields(group) | {"rule": rule}, ensure_ascii=False) + "\n"

    def as_text(self) -> str:
        """Return the most frequent ones for a terminal."""
        return "\n".join(self._text())

    def _text(self) -> Iterator[str]:
        total = sum(group.count for group in self.wordings)
        if not self.wordings:
            yield "Every wording in the database is decided by a rule."
        else:
            wordings = _several(len(self.wordings), "wording")
            yield f"{_several(total, 'bounce')} in {wordings} that no rule decides"
        for number, group in enumerate(self.wordings[:SHOWN], 1):
            yield from ("", *_shown(number, group, self.rules[number - 1]))
        if len(self.wordings) > SHOWN:
            yield f"\n… and {len(self.wordings) - SHOWN:,} more: --json writes all of them"
        if self.silent:
            came = _several(self.silent, "bounce")
            yield f"\n{came} came without any text; no rule can tell the reason"
        if self.let_go:
            yield f"\nnot among these: {_several(self.let_go, 'bounce')} of rare wordings"
        if self.wordings:
            yield CLOSING


async def find_unmatched(
    settings: StoreSettings, tell: Callable[[int], None] = lambda _: None
) -> Unmatched:
    """Read the store, a page at a time, and return the wordings that no rule decides today.

    `tell` is told now and then how many bounces were looked at.
    """
    looked_at = 0
    with rules_read():
        collection = Collection(rulebook(settings.rules.files))
    async with opened(settings) as store:
        async for page in store.deliveries.undecided():
            for delivery in page:
                collection.take(delivery)
            looked_at += len(page)
            tell(looked_at)
    return Unmatched.of(collection)


def _is_decided(delivery: Delivery, rulebook: Rulebook) -> bool:
    symptoms = PastedReply(
        SmtpReply(delivery.reply, delivery.code, delivery.status),
        delivery.remote_host,
        kind=delivery.kind,
    )
    diagnosis = diagnose(symptoms, rulebook)
    if diagnosis.reason is Reason.UNKNOWN or not diagnosis.evidence:
        return False
    return diagnosis.evidence[0].kind not in NO_RULE


def _wording(key: tuple[str, str, str], delivery: Delivery) -> WordingGroup:
    name = mask(delivery.recipient.partition("@")[0])
    reply = _nameless(" ".join(delivery.reply.split()), delivery.recipient, name)
    sample = printable(mask_all(reply), " ")
    sample = sample if len(sample) <= SAMPLE_LIMIT else f"{sample[: SAMPLE_LIMIT - 1]}…"
    wording, code, status = key
    at = delivery.occurred_at
    return WordingGroup(
        wording=printable(" ".join(wording.split()), " "),
        code=code,
        status=status,
        sample=sample,
        first=at,
        last=at,
    )


_HEAD = re.compile(r"(?:[245]\d\d[ -]?)?(?:#?[245]\.\d{1,3}\.\d{1,3})?")
_PLACE = re.compile(r"[^\s<>()\[\]\"']*<h>(?:<[h#~@]>|[^\s<>()\[\]\"',;])*")
_NUMBER = re.compile(r"(?<![\w.])(?:<~>|\d+)(?![\w.])")


def _alike(text: str) -> str:
    """Return a masked text in which every host name and, behind the code, every number is alike."""
    head = _HEAD.match(text)
    start = head.end() if head else 0
    return text[:start] + _NUMBER.sub("<~>", _PLACE.sub("<h>", text[start:]))


def _nameless(text: str, recipient: str, sign: str) -> str:
    """Return a text in which the recipient's name alone, without its domain, is masked too."""
    name = recipient.partition("@")[0]
    if len(name) < 3 or name.isdigit() or name.lower() not in text.lower():
        return text
    alone = rf"(?<![\w.+@-]){re.escape(name)}(?![\w+@-]|\.\w)"
    return re.sub(alone, lambda _: sign, text, flags=re.IGNORECASE)


# For people and programs


def _several(number: int, what: str) -> str:
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"


def _fields(group: WordingGroup) -> dict[str, Any]:
    return {
        "count": group.count,
        "wording": group.wording,
        "code": group.code,
        "status": group.status,
        "operators": dict(group.operators.most_common()),
        "first": group.first.isoformat(),
        "last": group.last.isoformat(),
        "sample": group.sample,
        "answers": dict(group.answers.most_common()),
    }


def _shown(number: int, group: WordingGroup, rule: str) -> Iterator[str]:
    operators = [f"{name} {count:,}" for name, count in group.operators.most_common(NAMED)]
    if len(group.operators) > NAMED:
        operators.append("…")
    days = " to ".join(sorted({str(group.first.date()), str(group.last.date())}))
    yield f"{number}. {_several(group.count, 'time')} · {', '.join(operators)} · {days}"
    yield f"   answered so far: {group.answer}"
    yield f"   {group.wording}"
    yield ""
    yield from rule.splitlines()


def _rules(listed: Sequence[WordingGroup]) -> Iterator[str]:
    """Yield a rule to start from for each wording, no two with one id."""
    used: Counter[str] = Counter()
    for group in listed:
        text = _telling(group.wording)
        id_ = "-".join(["own", *re.findall("[a-z0-9]+", text)[:4]])
        used[id_] += 1
        if used[id_] > 1:
            id_ = f"{id_}-{used[id_]}"
        yield _rule(id_, text, group)


def _rule(id_: str, text: str, group: WordingGroup) -> str:
    example = re.sub(rf"\w?{HIDDEN}", "someone", group.sample).rstrip("…").replace("\x7f", " ")
    lines = [
        "[[rule]]",
        f'id = "{id_}"',
        f'reason = "{group.answer}"  # choose: this is what was answered without a rule',
        f"examples = [{json.dumps(example, ensure_ascii=False)}]",
        f"text = '{text}'" if text else "text = ''  # write the words that tell the reason",
    ]
    return "\n".join(lines)


_SIGNS = re.compile(r"<[@#~h]>|[<>(){}\[\]\"]|https?:\S*|\S*(?:<h>|9999)\S*|\d[\d.:,-]*")
_SPECIAL = re.compile(r"[\\.(|)\[\]?+*{}]")


def _telling(wording: str) -> str:
    """Return the longest run of words without a name or number, as a rule asks for it."""
    runs = [run.strip(" -:;,.!?'#=/") for run in _SIGNS.split(wording)]
    for run in sorted(runs, key=len, reverse=True):
        text = _SPECIAL.sub(r"\\\g<0>", _cut(run)).replace("'", ".")
        if text and words(text) and _is_sound(text):
            return text
    return ""


def _cut(run: str) -> str:
    return (
        run if len(run) <= RULE_LIMIT else run[:RULE_LIMIT].rpartition(" ")[0] or run[:RULE_LIMIT]
    )


def _is_sound(text: str) -> bool:
    try:
        found = wordings(text)
        return all(words(group.literal) for group in found)
    except ValueError:
        return False
