"""Whom a text for people names, and what it says of each, where its format is not known."""

import re
from collections.abc import Iterable, Mapping
from itertools import islice, pairwise
from typing import NamedTuple

from resolutions.mail.failure import Failure
from resolutions.mail.text.addresses import address_matches, addresses, first_address
from resolutions.mail.text.paragraphs import is_silent, paragraph_about, to_stop, without_disclaimer
from resolutions.mail.text.smtp import code_in, host_in

MENTIONS_LIMIT = 200
"""Addresses of a text that are looked at."""

NEXT_LINE = 6
"""Characters between the end of an address and the begin of the next line, at most."""

LEAD_LIMIT = 200
"""Characters before and behind an address that tell what it stands for."""


class _Mention(NamedTuple):
    """An address in a text, the words before it on its line, and the line that it stands in.

    `last`: nothing but closing brackets and the like follows it on its line; `refused`: a server's
    refusal does; `joined`: only a comma or an "and" parts it from the address before it.
    """

    address: str
    lead: str
    line: int
    end: int
    last: bool
    refused: bool
    joined: bool


def failures_named(
    words: str, headers: Mapping[str, str], original: Mapping[str, str]
) -> list[Failure]:
    """Return the failure of each recipient that a text names, or of the original's recipient.

    Addresses of the sender, and those a reader may write to, are no recipients.
    """
    named = _recipients(_mentions(without_disclaimer(words)), headers, original)
    if len(named) > 1:
        return _each(named, words)
    recipient = named[0].address if named else first_address(original.get("to", ""))
    if not recipient:
        return []
    why = paragraph_about(words)
    behind = _behind(named[0], words) if named else ""
    if behind and (code_in(behind) or not code_in(why)):
        why = behind
    return [Failure(recipient=recipient, text=why, remote_host=host_in(words))]


def _mentions(words: str) -> list[_Mention]:
    mentions: list[_Mention] = []
    end = 0
    for address, start, after in islice(address_matches(words), MENTIONS_LIMIT):
        line = words.rfind("\n", 0, start) + 1
        between = words[max(end, line, start - LEAD_LIMIT) : start]
        joined = bool(mentions) and bool(_JOINT.fullmatch(words[end:start]))
        lead = mentions[-1].lead if joined else _plain(_without_name(between))
        last = bool(_LINE_END.match(words, after))
        refused = bool(_REFUSAL.search(words[after : after + LEAD_LIMIT].partition("\n")[0]))
        mentions.append(_Mention(address, lead, line, after, last, refused, joined))
        end = after
    return mentions


def _without_name(lead: str) -> str:
    """Return what introduces an address with a mark in the place of the name before it.

    >>> _without_name('Recipient: "Smith, Ana" <')
    'Recipient: name'
    """
    return _NAME.sub(r"\1name", lead) if lead.rstrip().endswith(("<", "(", "[")) else lead


def _plain(lead: str) -> str:
    """Return the words before an address without numbers, bullets, brackets.

    >>> _plain("  2) Recipient: <")
    'recipient'
    >>> _plain("550 no such user <") == _plain("- 552 over quota <")
    True
    """
    if code := _CODE.match(lead):
        return code[1][0]
    return " ".join(_NO_WORD.sub(" ", lead.lower()).split())


def _recipients(
    mentions: list[_Mention], headers: Mapping[str, str], original: Mapping[str, str]
) -> list[_Mention]:
    """Return those mentions, one an address, that are meant as recipients of one list."""
    ours = _those(headers, _ENVELOPE) | _those(original, _AUTHOR)
    sent_to = _those(original, _SENT)
    strange = [
        mention
        for mention in mentions
        if (address := mention.address.lower()) in sent_to
        or not (address in ours or address.startswith("mailer-daemon@"))
    ]
    usable = [mention for mention in strange if not _is_contact(mention)] or strange
    usable = [mention for mention in usable if mention.lead not in _DESCRIBED] or usable
    written_to = [mention for mention in usable if mention.address.lower() in sent_to]
    refused = [mention for mention in usable if mention.refused and mention.lead != usable[0].lead]
    pattern = (written_to or (refused if len(refused) > 1 else usable))[:1]
    leads = {mention.lead for mention in written_to or pattern}
    first: dict[str, _Mention] = {}
    for mention in usable:
        if mention.lead in leads or _goes_on(pattern[0], mention, usable):
            first.setdefault(mention.address.lower(), mention)
    return list(first.values())


def _those(headers: Mapping[str, str], names: Iterable[str]) -> set[str]:
    return {address.lower() for name in names for address in addresses(headers.get(name, ""))}


def _goes_on(pattern: _Mention, mention: _Mention, usable: list[_Mention]) -> bool:
    """Tell whether a mention ends its line, and so did all before it: reasons, then addresses."""
    between = usable[usable.index(pattern) : usable.index(mention) + 1]
    return (
        bool(between)
        and all(inside.last and inside.lead for inside in between)
        and all(behind.line - before.end < NEXT_LINE for before, behind in pairwise(between))
    )


def _is_contact(mention: _Mention) -> bool:
    return bool(_CONTACT.search(mention.lead)) or mention.address.lower().startswith(_OFFICES)


def _each(named: list[_Mention], words: str) -> list[Failure]:
    """Give each recipient the words about it alone, or, where there are none, those of all."""
    stretches = []
    for mention, behind in pairwise(named):
        begin = mention.end if mention.joined or behind.joined else mention.line
        stretches.append(words[begin : behind.line if behind.line > begin else mention.end])
    last = named[-1]
    stretches.append(_to_gap(words[last.end if last.joined else last.line :]))
    own = [" ".join(stretch.split()) for stretch in stretches]
    above = _above(named[0], words)
    if above and _GAP.match(words, last.end):  # each stands below its reason
        own = [above, *own[:-1]]
    elif all(map(is_silent, own[:-1])):  # a list, then what is said of all
        own = [paragraph_about(words)] * len(named)
    for index in reversed(range(len(own) - 1)):
        if is_silent(own[index]):
            own[index] = own[index + 1]
    host = host_in(words)
    return [
        Failure(recipient=mention.address, text=text, remote_host=host_in(text) or host)
        for mention, text in zip(named, own, strict=True)
    ]


def _behind(mention: _Mention, words: str) -> str:
    """Return what stands behind a colon, a dash, a bracket after an address, down to a gap."""
    match = _BEHIND.match(words, mention.end)
    return " ".join(match[1].split()) if match and not is_silent(match[1]) else ""


def _above(mention: _Mention, words: str) -> str:
    """Return the line right above an address that stands alone, if it does not introduce it."""
    before = words[: max(mention.line - 1, 0)].rpartition("\n")[2].strip()
    alone = not mention.lead and mention.last
    return before if alone and not before.endswith((":", "\uff1a")) and len(before) > 3 else ""


def _to_gap(stretch: str) -> str:
    """Return the words of the last recipient: what follows a gap is said of the mail."""
    stretch = to_stop(stretch)
    head, _, rest = stretch.partition("\n\n")
    return head if not is_silent(head) else f"{head}\n{rest}"


_ENVELOPE = ("to", "from", "return-path", "delivered-to", "reply-to")
_AUTHOR = ("from", "sender", "reply-to", "return-path")
_SENT = ("to", "cc", "bcc", "x-original-to")
_DESCRIBED = frozenset(
    {"to", "cc", "from", "sender", "an", "von", "para", "de", "your message to", "subject"}
)
"""What introduces an address where a mail is described, and not what became of it."""

_OFFICES = ("postmaster@", "abuse@", "helpdesk@", "noc@", "hostmaster@")
_CONTACT = re.compile(
    r"\b(?:contact|write to|reply to|e-?mail us|message-id|message id|assistance|help|"
    r"notify|inform|questions?|support|report|"
    r"kontakt\w*|wenden sie sich|schreiben sie|contact\w{1,5}|[ée]cri\w{2,5}|from|sender|"
    r"originator|return address|von|absender|message from|mail from|exp[ée]diteur|"
    r"de la part de|proveniente|remitente|mittente|address of|your address)\b"
    r"(?!.*\b(?:recipients?|empf\w+|destinat\w+)\b)"
)
_JOINT = re.compile(
    r"[\s<>\"'()\[\],;|&/+-]{1,80}|[\s<>\"',;]{0,20}\b(?:and|und|et|y|e|en)\b[\s<]+"
)
_BEHIND = re.compile(
    r"[>\])\"' \t]{0,5}(?:[:\u2013(]|-{1,2}[ \t]|\.{3})[ \t]{0,8}(?!expanded)"
    r"(\S[^\n]{7,500}(?:\n[ \t]{2,}\S[^\n]{0,500}){0,6})"
)
_GAP = re.compile(r"[>)\]\"']{0,3}[ \t]{0,80}(?:\n[ \t]{0,80}(?:\n|\Z)|\Z)")
_NAME = re.compile(
    r"(\A|: {1,9})[ \t]{0,40}(?:[*#-] |\d{1,3}[.):] ?)?[ \t]{0,9}"
    r"(?:\"[^\"]{1,80}\"|'[^']{1,80}'|(?!.*(?i:\b(?:to|for|user|an|f[üu]r|[àa]|para)\b))"
    r"\w[\w.'-]{0,40},?(?: [\w.'-]{1,40}){0,3})[ \t]{0,9}[<(\[]\Z"
)
_REFUSAL = re.compile(r"[45](?<![\d.][45])\d\d[ -](?:#?[45]\.\d|[A-Za-z<])")
_LINE_END = re.compile(r"[>)\]\"'.,;]{0,3}[ \t]{0,80}(?:\n|\Z)")
_NO_WORD = re.compile(r"[\W\d_]+")
_CODE = re.compile(r"[\s*-]{0,20}([45]\d\d)\b")
