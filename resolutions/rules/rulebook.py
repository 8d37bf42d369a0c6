"""The wordings of receiving servers, and how they are found in a reply."""

import re
from collections.abc import Mapping, Sequence, Set
from pathlib import Path
from typing import Any, NamedTuple

from resolutions.memo import Memo
from resolutions.reason import Reason
from resolutions.rules.index import Candidates, Phrase, PhraseIndex, PhraseParts
from resolutions.rules.reply import Reply, masked
from resolutions.rules.rule import PlainRule, Precedence, Rule, Scope, restored
from resolutions.rules.statuses import KNOWLEDGE, PlainStatuses, Statuses
from resolutions.rules.vocabulary import Vocabulary, Words

VENDOR_WEIGHT, CONFIRMED_WEIGHT = 12, 12
"""Letters that the words of one vendor, and those that a precise status confirms, count more."""

PLAIN_WORDS = 3
"""Words and fewer, without a code among them, that do not reveal who says them."""


class Hit(NamedTuple):
    """A rule that holds, how strongly, and the words it saw."""

    precedence: Precedence
    rule: Rule
    matched: str


class Compiled(NamedTuple):
    """What a Rulebook is made of, worked out once: plain values that can be kept, bare tuples.

    A phrase belongs to the rule at the place `owner` or, where that is negative, to a scope.
    `literals` tells which phrases hang on each literal; those from the number `late` on are only
    looked for where the others do not decide. `denials` are what speaks against each rule.
    """

    rules: Sequence[PlainRule]
    scopes: Sequence[tuple[Any, ...]]
    phrases: Sequence[tuple[Any, ...]]
    literals: Mapping[str, tuple[int, ...]]
    late: int
    denials: Sequence[Sequence[tuple[Any, ...]]]
    words: tuple[Any, ...]
    statuses: PlainStatuses


class Rulebook:
    """Every rule that is known, in the order in which they are tried.

    `statuses` maps the last two numbers of an enhanced status code to what it means.
    """

    def __init__(self, source: Compiled) -> None:
        """Take compiled rules, which may be a bare tuple."""
        rules, scopes, phrases, literals, late, denials, words, statuses = source
        self.rules = tuple(map(restored, rules))
        self.statuses = Statuses.restored(statuses)
        self._scopes = tuple(map(Scope._make, scopes))
        self._hosts = {host: scope for scope in self._scopes for host in scope.hosts}
        self._operators = {scope.name: scope.operator for scope in self._scopes}
        self._vague = frozenset(r.order for r in self.rules if r.precedence is Precedence.VAGUE)
        self._facts = frozenset(r.order for r in self.rules if r.precedence is Precedence.FACT)
        self._silent: dict[str, list[Rule]] = {}
        for rule in self.rules:
            if not rule.text:
                self._silent.setdefault(rule.receiver, []).append(rule)
        self._receivers = Memo(self._look_up_receiver)
        self._index = PhraseIndex(phrases, literals, late)
        self._denials = Memo[int, list[Phrase]](
            lambda order: [Phrase(PhraseParts(*parts)) for parts in denials[order]]
        )
        self._vocabulary = Vocabulary(Words(*words))

    @classmethod
    def load(cls, extra: Sequence[Path] = ()) -> "Rulebook":
        """Return the shipped rules after those of the operator's own files.

        Raises ValueError naming the file and the entry that cannot be used.
        """
        from resolutions.rules.compiled import compiled_files  # kept rules need no TOML

        return cls(compiled_files(extra))

    @staticmethod
    def sources(extra: Sequence[Path] = ()) -> list[Path]:
        """Return the files that the compiled rules depend on, the modules of this folder too."""
        shipped = [*(KNOWLEDGE / "rules").iterdir(), *KNOWLEDGE.glob("*.toml")]
        return [*extra, *sorted([*shipped, *Path(__file__).parent.glob("*.py")])]

    def words_of(self, text: str) -> str:
        """Return a text masked, and without names and numbers that no rule asks for."""
        return masked(text, self._vocabulary)

    def find(self, reply: Reply, receiver: str) -> list[Hit]:
        """Return the rules that hold for a reply, the most telling first.

        Of the same precedence, the longest words tell most; those of one vendor, and those that a
        precise status confirms, count as longer than they are. What the whole report says of the
        sending provider counts; everything else is looked for in the innermost reply, and around
        it only if nothing is found there.
        """
        receivers = {receiver} if receiver else set()
        hits = self._find(reply, reply.text, receivers)
        if reply.whole is not reply.text:
            hits += self._around(reply, receivers, hits)
        if len(hits) > 1:
            meaning = self.statuses.of_status(reply.status)
            confirmed = meaning.reason if meaning and meaning.precise else None
            hits.sort(key=lambda hit: _rank(hit, confirmed))
        return hits

    def _around(self, reply: Reply, receivers: set[str], inside: list[Hit]) -> list[Hit]:
        """Return what counts of the words that stand around the innermost reply."""
        telling = any(hit.precedence <= Precedence.GENERAL for hit in inside)
        only = self._facts if telling else None
        around = self._find(reply, reply.whole, receivers, only)
        return [hit for hit in around if not inside or hit.precedence <= Precedence.GENERAL]

    def receiver_of(self, remote_host: str) -> str:
        """Return the name of the rule file that speaks for a host, empty if none does."""
        return self._receivers[remote_host] if remote_host else ""

    def operator_of(self, receiver: str) -> str:
        """Return the id of the operator for whom a rule file speaks, empty for many or nobody."""
        return self._operators.get(receiver, "")

    def _find(
        self, reply: Reply, text: str, receivers: set[str], only: frozenset[int] | None = None
    ) -> list[Hit]:
        """Return what holds; words that say little are looked for where nothing else does."""
        soon, late = self._index.candidates(text)
        if only is not None:
            soon, late = self._among(only, soon), self._among(only, late)
        matched = self._longest(soon, text)
        for owner in matched:
            if owner < 0:
                receivers.add(self._scopes[owner].name)
        if receivers and late:
            at_home = {order for order in self._owners(late) if self._at_home(order, receivers)}
            matched |= self._longest(self._among(at_home, late), text)
        hits = self._held(matched, reply, text, receivers)
        if hits or not late:
            return hits
        vague = self._among(self._vague, late)
        return self._held(self._longest(vague, text), reply, text, receivers)

    def _owners(self, candidates: Candidates) -> set[int]:
        return {self._index.phrases[number].owner for number in candidates}

    def _among(self, owners: Set[int], candidates: Candidates) -> Candidates:
        phrases = self._index.phrases
        return {
            number: end for number, end in candidates.items() if phrases[number].owner in owners
        }

    def _at_home(self, owner: int, receivers: set[str]) -> bool:
        rule = self.rules[owner]
        return rule.here and rule.receiver in receivers

    def _longest(self, candidates: Candidates, text: str) -> dict[int, str]:
        """Return the longest words that the phrases of each owner match."""
        phrases = self._index.phrases
        matched: dict[int, str] = {}
        for number, end in candidates.items():
            phrase = phrases[number]
            words = phrase.find(text, end)
            if words:
                longest = matched.get(phrase.owner, "")
                if len(words) > len(longest) or (len(words) == len(longest) and words < longest):
                    matched[phrase.owner] = words
        return matched

    def _held(
        self,
        matched: Mapping[int, str],
        reply: Reply,
        text: str,
        receivers: set[str],
    ) -> list[Hit]:
        holding = self._once_a_group(matched)
        for receiver in receivers:
            silent = self._silent.get(receiver, ())
            holding += [(rule, reply.status or reply.code) for rule in silent]
        hits = []
        for rule, words in holding:
            if _holds(rule, reply, receivers) and not self._is_denied(rule, text):
                hits.append(Hit(_precedence(rule, receivers, words), rule, words))
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

    def _is_denied(self, rule: Rule, text: str) -> bool:
        if not rule.unless:
            return False
        for phrase in self._denials[rule.order]:
            if phrase.literal in text and phrase.find(text):
                return True
        return False

    def _look_up_receiver(self, remote_host: str) -> str:
        host = remote_host.lower().strip(" .[]")
        while host:
            scope = self._hosts.get(host)
            if scope is not None:
                return scope.name
            host = host.partition(".")[2]
        return ""


def _holds(rule: Rule, reply: Reply, receivers: set[str]) -> bool:
    if rule.here and rule.receiver not in receivers:
        return False
    if rule.status and not _has_status(rule.status, reply.status):
        return False
    return not rule.code or reply.code.startswith(rule.code)


def _has_status(wanted: tuple[str, ...], status: str) -> bool:
    return bool(status) and (status in wanted or f"x{status[1:]}" in wanted)


def _precedence(rule: Rule, receivers: set[str], matched: str) -> Precedence:
    """Return how far a rule is trusted; few plain words, and no vendor seen, are anybody's."""
    if rule.precedence is not Precedence.SPECIFIC:
        return rule.precedence
    if rule.receiver in receivers:
        return Precedence.RECEIVER
    return Precedence.GENERAL if rule.of_vendor and _is_plain(matched) else rule.precedence


_CODED = re.compile(r"[\d=_#:/\[(]|\w\.\w")


def _is_plain(words: str) -> bool:
    return words.count(" ") < PLAIN_WORDS and not _CODED.search(words)


def _rank(hit: Hit, confirmed: Reason | None) -> tuple[Precedence, bool, int, int]:
    """Return what hits are sorted by: trust, a reason that is known, telling words, the order."""
    precedence, rule, matched = hit
    weight = len(matched)
    if rule.of_vendor:
        weight += VENDOR_WEIGHT
    if rule.reason is confirmed:
        weight += CONFIRMED_WEIGHT
    return precedence, rule.reason is Reason.UNKNOWN and rule.kind is None, -weight, rule.order
