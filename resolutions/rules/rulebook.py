"""The wordings of receiving servers, and how they are found in a reply."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from resolutions.reason import Reason
from resolutions.rules.index import Phrase, PhraseIndex
from resolutions.rules.loader import load_rules
from resolutions.rules.pattern import Wording, wordings
from resolutions.rules.reply import Reply, masked
from resolutions.rules.rule import Rule, Scope, Strength
from resolutions.rules.statuses import Statuses
from resolutions.rules.vocabulary import Vocabulary

MEMORY = 20_000
"""Entries that each of the rulebook's memories may hold before it starts anew."""

VENDOR_WEIGHT, CONFIRMED_WEIGHT = 12, 12
"""Letters that the words of one vendor, and those that a precise status confirms, count more."""

PLAIN_WORDS = 3
"""Words and fewer, without a code among them, that do not reveal who says them."""


class Hit(NamedTuple):
    """A rule that holds, how strongly, and the words it saw."""

    strength: Strength
    rule: Rule
    matched: str


class Rulebook:
    """Every rule that is known, in the order in which they are tried.

    `statuses` maps the last two numbers of an enhanced status code to what it means.
    """

    def __init__(self, rules: Sequence[Rule], scopes: Sequence[Scope], statuses: Statuses) -> None:
        self.rules = tuple(rules)
        self.statuses = statuses
        self.memory: dict[object, Any] = {}
        self.findings: dict[object, Any] = {}
        self._hosts = {host: scope.name for scope in scopes for host in scope.hosts}
        self._silent: dict[str, list[Rule]] = {}
        self._scopes = [scope.name for scope in scopes]
        self._operators = {scope.name: scope.operator for scope in scopes}
        self._vague = frozenset(r.order for r in rules if r.strength is Strength.VAGUE)
        self._facts = frozenset(r.order for r in rules if r.strength is Strength.FACT)
        self._receiver_of = lru_cache(MEMORY)(self._look_up_receiver)
        for rule in self.rules:
            if not rule.text:
                self._silent.setdefault(rule.receiver, []).append(rule)
        late = self._vague | {rule.order for rule in rules if rule.here}
        self._index = PhraseIndex([*self._phrases(scopes)], late)
        self._denials = [
            self._index.denial(_open_ended(rule)) if rule.unless else None for rule in self.rules
        ]
        self._vocabulary = Vocabulary(
            [
                *(rule.text for rule in self.rules),
                *(rule.unless for rule in self.rules),
                *(token for scope in scopes for token in scope.tokens),
            ]
        )

    @classmethod
    def load(cls, extra: Sequence[Path] = ()) -> "Rulebook":
        """Return the shipped rules after those of the operator's own files.

        Raises ValueError naming the file and the entry that cannot be used.
        """
        return cls(*load_rules(extra), Statuses.load())

    def words_of(self, text: str) -> str:
        """Return a text masked, and without names and numbers that no rule asks for."""
        return masked(text, self._vocabulary)

    def find(self, reply: Reply, receiver: str) -> list[Hit]:
        """Return the rules that hold for a reply, the most telling first.

        Of equal strength, the longest words tell most; those of one vendor, and those that a
        precise status confirms, count as longer than they are. What the whole report says of the
        sending provider counts; everything else is looked for in the innermost reply, and around
        it only if nothing is found there.
        """
        receivers = {receiver} if receiver else set()
        hits = self._find(reply, reply.text, receivers)
        if reply.whole is not reply.text:
            hits += self._around(reply, receivers, hits)
        meaning = self.statuses.of_status(reply.status)
        confirmed = meaning.reason if meaning and meaning.precise else None
        hits.sort(key=lambda hit: _rank(hit, confirmed))
        return hits

    def _around(self, reply: Reply, receivers: set[str], inside: list[Hit]) -> list[Hit]:
        """Return what counts of the words that stand around the innermost reply."""
        telling = any(hit.strength <= Strength.GENERAL for hit in inside)
        only = self._facts if telling else None
        around = self._find(reply, reply.whole, receivers, only)
        return [
            hit
            for hit in around
            if not inside or hit.strength is Strength.FACT or hit.strength <= Strength.GENERAL
        ]

    def receiver_of(self, remote_host: str) -> str:
        """Return the name of the rule file that speaks for a host, empty if none does."""
        return self._receiver_of(remote_host) if remote_host else ""

    def operator_of(self, receiver: str) -> str:
        """Return the id of the operator for whom a rule file speaks, empty for many or nobody."""
        return self._operators.get(receiver, "")

    def _find(
        self, reply: Reply, text: str, receivers: set[str], only: frozenset[int] | None = None
    ) -> list[Hit]:
        """Return what holds; words that say little are looked for where nothing else does."""
        soon, late, seen = self._index.candidates(text)
        if only is not None:
            soon, late = self._among(only, soon), self._among(only, late)
        matched = _longest(soon, text)
        for owner in matched:
            if owner < 0:
                receivers.add(self._scopes[owner])
        if receivers and late:
            matched |= _longest([each for each in late if self._at_home(each, receivers)], text)
        hits = self._held(matched, reply, text, receivers, seen)
        if hits or not late:
            return hits
        vague = self._among(self._vague, late)
        return self._held(_longest(vague, text), reply, text, receivers, seen)

    def _among(self, owners: Set[int], phrases: Iterable[Phrase]) -> tuple[Phrase, ...]:
        return tuple([each for each in phrases if each.owner in owners])

    def _at_home(self, phrase: Phrase, receivers: set[str]) -> bool:
        rule = self.rules[phrase.owner]
        return rule.here and rule.receiver in receivers

    def _held(
        self,
        matched: Mapping[int, str],
        reply: Reply,
        text: str,
        receivers: set[str],
        seen: int,
    ) -> list[Hit]:
        found = self._once_a_group(matched)
        for receiver in receivers:
            silent = self._silent.get(receiver, ())
            found += [(rule, reply.status or reply.code) for rule in silent]
        hits = []
        for rule, words in found:
            if _holds(rule, reply, receivers):
                denial = self._denials[rule.order]
                if denial is None or not denial.holds(text, seen):
                    hits.append(Hit(_strength(rule, receivers, words), rule, words))
        return hits

    def _once_a_group(self, matched: Mapping[int, str]) -> list[tuple[Rule, str]]:
        """Return the rules that matched, of each group the one with the longest words."""
        longest: dict[str, tuple[int, str, int]] = {}
        for order, words in matched.items():
            if order >= 0:
                rule, rank = self.rules[order], (-len(words), words, order)
                group = rule.group or rule.id
                longest[group] = min(rank, longest.get(group, rank))
        return [(self.rules[order], words) for _, words, order in longest.values()]

    def _look_up_receiver(self, remote_host: str) -> str:
        host = remote_host.lower().strip(" .[]")
        while host:
            name = self._hosts.get(host)
            if name is not None:
                return name
            host = host.partition(".")[2]
        return ""

    def _phrases(self, scopes: Sequence[Scope]) -> Iterator[Phrase]:
        """Yield the phrases of the rules, and (owned by negative numbers) those of scopes."""
        for order, rule in enumerate(self.rules):
            for wording in _parsed(rule.id, rule.text) if rule.text else ():
                yield Phrase(wording, order)
        for place, scope in enumerate(scopes):
            for token in scope.tokens:
                for wording in _parsed(scope.name, token):
                    yield Phrase(wording, place - len(scopes))


def _parsed(name: str, text: str) -> list[Wording]:
    try:
        return wordings(text)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from error


def _longest(phrases: Iterable[Phrase], text: str) -> dict[int, str]:
    """Return the longest words that the phrases of each owner match."""
    matched: dict[int, str] = {}
    for phrase in phrases:
        if phrase.literal in text and (words := phrase.find(text)):
            known = matched.get(phrase.owner, "")
            if len(words) > len(known) or (len(words) == len(known) and words < known):
                matched[phrase.owner] = words
    return matched


def _holds(rule: Rule, reply: Reply, receivers: set[str]) -> bool:
    if rule.here and rule.receiver not in receivers:
        return False
    if rule.status and not _has_status(rule.status, reply.status):
        return False
    return not rule.code or reply.code.startswith(rule.code)


def _has_status(wanted: tuple[str, ...], status: str) -> bool:
    return bool(status) and (status in wanted or f"x{status[1:]}" in wanted)


def _open_ended(rule: Rule) -> list[Wording]:
    try:
        return wordings(rule.unless, open_end=True)
    except ValueError as error:
        raise ValueError(f"{rule.id}: {error}") from error


def _strength(rule: Rule, receivers: set[str], matched: str) -> Strength:
    """Return a rule's strength; few plain words with no other sign of the vendor are anybody's."""
    if rule.strength is not Strength.SPECIFIC:
        return rule.strength
    if rule.receiver in receivers:
        return Strength.RECEIVER
    return Strength.GENERAL if rule.of_vendor and _is_plain(matched) else rule.strength


_CODED = re.compile(r"[\d=_#:/\[(]|\w\.\w")


def _is_plain(words: str) -> bool:
    return words.count(" ") < PLAIN_WORDS and not _CODED.search(words)


def _rank(hit: Hit, confirmed: Reason | None) -> tuple[Strength, bool, int, int]:
    strength, rule, matched = hit
    weight = len(matched)
    if rule.of_vendor:
        weight += VENDOR_WEIGHT
    if rule.reason is confirmed:
        weight += CONFIRMED_WEIGHT
    return strength, rule.reason is Reason.UNKNOWN and rule.kind is None, -weight, rule.order
