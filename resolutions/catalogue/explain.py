"""From the words of a person to the resolution they mean."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from resolutions.bounce import Kind, SmtpReply
from resolutions.catalogue.evidence_text import NOTHING, because
from resolutions.catalogue.names import Name, Names, names_of
from resolutions.catalogue.resolution import Catalogue, Resolution
from resolutions.catalogue.texts import NOT_BOUNCED
from resolutions.catalogue.words import WORDS_LIMIT, plain, telling, without_filler
from resolutions.diagnosis.diagnose import diagnose
from resolutions.diagnosis.result import Confidence, PastedReply
from resolutions.reason import Reason
from resolutions.rules.rulebook import Rulebook

NEAR_LIMIT = 4
"""Resolutions that are suggested."""

SENTENCE = 5
"""Words from which on a question may be the text of a reply."""


@dataclass(frozen=True, slots=True)
class Explained:
    """What a question means: the resolution, why it is that one, and what else may be meant.

    `resolution` is None where nothing fits well enough; `near` then holds suggestions.
    """

    resolution: Resolution | None
    because: str
    near: tuple[Resolution, ...] = ()


def explain(words: str, catalogue: Catalogue, rulebook: Callable[[], Rulebook]) -> Explained:
    """Return what the words mean: a reason, how people call it, a code, a status, or a reply.

    The rulebook is asked for only if the words look like a code or a reply.
    """
    words = words[:WORDS_LIMIT]
    names = names_of(tuple(catalogue.values()))
    name = names.exact(words)
    if name is not None:
        return named(name, catalogue)
    if (kind := _KINDS.get(telling(plain(words)))) is not None:
        return Explained(None, kind[0], _of(kind[1], catalogue))
    code = _CODE_ALONE.fullmatch(without_filler(words))
    if code is not None:
        return _by_code(code["code"] or "", code["status"] or "", catalogue, rulebook())
    if _HOLDS_CODE.search(words):
        return _by_reply(words, names, catalogue, rulebook())
    return _by_some_words(words, names, catalogue, rulebook)


def named(name: Name, catalogue: Catalogue) -> Explained:
    """Return what a name means."""
    own = {name.word, name.variant, catalogue[name.word].title}
    naming = "that is its name" if name.spoken in own else f'"{name.spoken}" is another word for it'
    return Explained(_resolution(name, catalogue), naming)


# What is no reason, but asked for

_SOFT = ("rate-limited", "quota-issues", "no-answer-from-host", "message-expired")
_HARD = ("bad-mailbox", "domain-not-found", "inactive-mailbox")
_NO_REASONS: dict[str, tuple[str, tuple[str, ...]]] = {
    "soft bounce|soft|transient|temporary failure|temporary error|4xx": (
        "soft says only that it may pass by itself; the reply names the cause",
        _SOFT,
    ),
    "hard bounce|hard|permanent failure|permanent|permanent error|5xx": (
        "hard says only that the refusal is final; the reply names the cause",
        _HARD,
    ),
    "delay|delayed|deferral|deferred|delivery delay": (
        "a delay is no bounce: the server still tries",
        ("rate-limited", "message-expired"),
    ),
    "auto reply|automatic reply|autoresponder|out of office|vacation|abwesenheit": (
        f"an auto-reply is no bounce; {NOT_BOUNCED[Kind.AUTO_REPLY]}",
        (),
    ),
    "delivered|success|accepted|2xx": (
        f"mail that was delivered did not bounce: {NOT_BOUNCED[Kind.DELIVERED]}",
        (),
    ),
    "not a bounce|no bounce": ("then there is nothing to do", ()),
}
_KINDS = {
    telling(plain(word)): meaning
    for words, meaning in _NO_REASONS.items()
    for word in words.split("|")
}


# Names


def _resolution(name: Name, catalogue: Catalogue) -> Resolution:
    return catalogue[name.word].special(name.variant)


def _of(words: Iterable[str], catalogue: Catalogue) -> tuple[Resolution, ...]:
    return tuple(catalogue[word] for word in words)


# Codes

_CODE_ALONE = re.compile(
    r"(?=.)(?:(?P<code>[245]\d\d)(?: |\Z))?(?P<status>[245x]\.\d{1,3}\.\d{1,3})?"
)
_HOLDS_CODE = re.compile(r"(?<![\w.])(?:[245]\d\d|[245]\.\d{1,3}\.\d{1,3})(?![\w.])")
_CLASSES = {
    "2": "the mail was accepted",
    "4": "try again later",
    "5": "the refusal is final",
    "x": "nothing",
}
_BARE = {
    "421": ("rate-limited", "no-answer-from-host", "bad-connection"),
    "450": ("rate-limited", "quota-issues", "bad-configuration"),
    "451": ("rate-limited", "bad-configuration", "routing-errors"),
    "452": ("quota-issues", "rate-limited"),
    "550": ("bad-mailbox", "policy-related", "spam-related", "blocked-ip"),
    "552": ("quota-issues", "message-too-large"),
    "554": ("policy-related", "spam-related", "blocked-ip", "relaying-issues"),
    "571": ("policy-related", "blocked-ip", "spam-related"),
}
"""Reply codes that servers use for many things: what each means most often, then what else."""


def _by_code(code: str, status: str, catalogue: Catalogue, rulebook: Rulebook) -> Explained:
    by_status = rulebook.statuses.of_status(status)
    by_code = rulebook.statuses.of_code(code)
    others = _BARE.get(code, (by_code.reason.value,) if by_code else ())
    if by_status is not None:
        word = by_status.reason.value
        verb = "means" if by_status.precise else "is used for many things, most often"
        near = [other for other in others if other != word] if not by_status.precise else []
        why = f"status {status} {verb}: {catalogue[word].summary}"
        return Explained(catalogue[word], why, _of(near, catalogue))
    if others:
        why = f"reply code {code} is used for many things, most often: "
        why += catalogue[others[0]].summary
        return Explained(catalogue[others[0]], why, _of(others[1:], catalogue))
    unknown = catalogue.of(Reason.UNKNOWN)
    why = f"{status or code} says only: {_CLASSES[(status or code)[0]]}; the words behind it decide"
    if status.endswith(".0.0"):
        return Explained(unknown, why)
    return Explained(None, why, (unknown,))


# Replies and other words


def _by_reply(words: str, names: Names, catalogue: Catalogue, rulebook: Rulebook) -> Explained:
    """Diagnose a pasted reply; where it says nothing, what its words are called is suggested."""
    diagnosis = diagnose(PastedReply(SmtpReply(words)), rulebook)
    if diagnosis.kind in NOT_BOUNCED:
        what = f"{diagnosis.kind.value}; {NOT_BOUNCED[diagnosis.kind]}"
        return Explained(None, f"this is no bounce: {what}")
    complaint = diagnosis.kind is Kind.COMPLAINT
    resolution = catalogue.of(diagnosis.reason, complaint=complaint).special(diagnosis.variant)
    near = [catalogue.of(reason) for reason in diagnosis.also]
    if diagnosis.reason is Reason.UNKNOWN:
        near += [_resolution(name, catalogue) for name in names.inside(words)]
    return Explained(resolution, because(diagnosis), _distinct(near, resolution))


def _by_some_words(
    words: str, names: Names, catalogue: Catalogue, rulebook: Callable[[], Rulebook]
) -> Explained:
    """Take the longest name that makes up most of the words, else a reply's text, else suggest."""
    inside = names.inside(words)
    if inside and inside[0].decides:
        return named(inside[0], catalogue)
    if len(words.split()) >= SENTENCE:
        diagnosis = diagnose(PastedReply(SmtpReply(words)), rulebook())
        if diagnosis.confidence in {Confidence.CERTAIN, Confidence.LIKELY}:
            return _by_reply(words, names, catalogue, rulebook())
    near = [_resolution(name, catalogue) for name in inside or names.like(words)]
    if not near:
        return Explained(None, NOTHING if len(words.split()) >= SENTENCE else "nobody says it so")
    return Explained(None, "nothing is called exactly so", _distinct(near, None))


def _distinct(near: Iterable[Resolution], chosen: Resolution | None) -> tuple[Resolution, ...]:
    others = {
        resolution.title: resolution
        for resolution in near
        if chosen is None or resolution.title != chosen.title
    }
    return tuple(others.values())[:NEAR_LIMIT]
