"""Bounces that are no report: finding recipients and words in a text meant for people."""

import re
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from itertools import islice, zip_longest

from resolutions.bounce import Kind
from resolutions.mail.failure import ADDRESS, Failure, host_in
from resolutions.mail.formats import carriers, exchange, gateways, servers, services
from resolutions.mail.formats.format import Shape

SHAPES: tuple[Shape, ...] = (
    *exchange.SHAPES,
    *gateways.SHAPES,
    *carriers.SHAPES,
    *services.SHAPES,
    *servers.SHAPES,
)
"""Tried in this order, the telling ones first; the first that finds a recipient is taken."""

TEXT_LIMIT = 32_768
"""Characters of the human text that are looked at."""

RECIPIENTS_LIMIT = 1_000

APART_LIMIT = 50
"""Recipients that are looked for one by one where all of them share the same words."""


def failures_in(text: str) -> list[Failure]:
    """Return the failures that a text for people tells of, if it has one of the known shapes."""
    text = text[:TEXT_LIMIT]
    lower = text.lower()
    for cue, shape in _CUES:
        if cue in lower and (failures := _read(shape, text)):
            return failures
    return []


def kind_of(text: str) -> Kind:
    """Tell whether a text for people tells of a delivery, warns of a delay, or gave up."""
    lower = text.lower()
    if _DELIVERED.search(lower):
        return Kind.DELIVERED
    return Kind.DEFERRAL if _DELAY.search(lower) else Kind.BOUNCE


def paragraph_about(text: str) -> str:
    """Return what a text of no known shape says, without greeting and signature.

    Where a server's refusal is quoted, that alone.
    """
    if refusals := [match[1] or match[2] for match in islice(_REFUSAL.finditer(text), 8)]:
        return "\n".join(refusals)[:2_000]
    lines = [line.strip() for line in without_disclaimer(text).splitlines()]
    kept = [line for line in lines if line and not _NOISE.match(line)]
    return "\n".join(kept)[:2_000]


def without_disclaimer(text: str) -> str:
    """Return a text without what an office writes under each of its mails."""
    foot = _DISCLAIMER.search(text, 80)
    return text[: foot.start()] if foot else text


def to_stop(stretch: str) -> str:
    """Return the words up to a rule of dashes or a closing phrase, at most three paragraphs."""
    stretch = stretch.lstrip("\n")
    stop = _STOP.search(stretch, 1)
    if stop:
        stretch = stretch[: stop.start()]
    return "\n".join(_PARAGRAPH.split(stretch, 3)[:3])


_CUES = tuple((cue, shape) for shape in SHAPES for cue in shape.cues)
_compile = partial(re.compile, flags=re.MULTILINE | re.IGNORECASE)

_DELIVERED = re.compile(
    r"^[ \t]*(?:your (?:e-?mail )?message|this message|the message you sent|delivery)\b[^.:]{0,60}"
    r"(?:(?:was|has been) successfully (?:delivered|relayed)|was successful\b)",
    re.MULTILINE,
)
_DELAY = re.compile(
    r"do(?:es)? not need to resend|no need to resend|this is a warning|has been delayed|"
    r"will be retried|delivery attempts will continue|will continue (?:trying|to try)|"
    r"no action is required on your part|not yet (?:been )?(?:delivered|received)|"
    r"still trying to deliver|do(?:es)? not need to re-send|"
    r"only a temporary failure|message is delayed|will keep trying|"
    r"delivery .{0,30}(?:is|was) delayed|a delay (?:in )?(?:the )?deliver|"
    r"delay in (?:the )?(?:message )?deliver"
)
_REFUSAL = _compile(
    r"^[ \t]{0,20}(?:<<<|<--|>>>)?[ \t]{0,4}([45]\d\d[ -].+)$|"
    r"(?:: |\bsaid:? |\breturned )['\"(]?([45]\d\d[ -](?:#?[45]\.\d\.\d|[A-Za-z<]).+)$"
)
_NOISE = _compile(
    r"(?:dear\b|hello\b|hi[.!,]|thank you|sincerely|regards|[-=*_#|~ ]+$|"
    r"this (?:is an automat|message was (?:created|generated) automat)|please do not reply)"
)
_STOP = _compile(
    r"^[ \t]{0,20}(?:-{3,}|={5,}|\*{5,}|this has been a permanent failure|"
    r"the (?:attachment|following text was generated)|please verify recipient|"
    r"message headers follow|please note that|if you (?:do so|require|sent)|"
    r"for further assistance|no further delivery|reporting-mta:)"
)
_BESIDE = re.compile(
    rf"[>)'\"]{{0,2}}[ \t]{{0,3}}(?:[,;&]|\b(?:and|und|et|y|e|en|og|och)\b)"
    rf"\s{{0,20}}[<(\"']{{0,2}}({ADDRESS})"
)
_DISCLAIMER = _compile(
    r"^.{0,200}(?:confidential|intended (?:only|solely) for|not the intended|vertraulich|"
    r"confidentiel|confidenci|riservat[eo] |disclaimer|vertrouwelijk).*"
)
"""What offices write under every mail, which has nothing to do with the bounce."""
_CLOSING = " '\u2019\u201d\u00bb#"
_PARAGRAPH = re.compile(r"\n[ \t]*\n")


def _read(shape: Shape, text: str) -> list[Failure]:
    found = list(islice(shape.to.finditer(text), RECIPIENTS_LIMIT))
    failures: list[Failure] = []
    seen: set[str] = set()
    for match, behind in zip_longest(found, found[1:]):
        if (recipient := _recipient(match).lower()) in seen:
            continue
        seen.add(recipient)
        stretch = text[match.end() : behind.start() if behind else len(text)]
        failures.append(_failure(shape, match, stretch, text))
        for other in _named_beside(match, text):
            if other.lower() not in seen:
                seen.add(other.lower())
                failures.append(replace(failures[-1], recipient=other, other=""))
    if len(failures) == 1:
        return [_alone(failures[0], text)]
    return _told_apart(_shared(failures), text)


def _told_apart(failures: list[Failure], text: str) -> list[Failure]:
    """Give recipients who share all words the refusals among them that name each."""
    if len({failure.text for failure in failures}) > 1 or len(failures) > APART_LIMIT:
        return failures
    return [replace(each, text=_naming(each.recipient, text) or each.text) for each in failures]


def _naming(recipient: str, text: str) -> str:
    """Return the refusal that names a recipient, or that answers the command that did."""
    address = re.escape(recipient)
    match = re.search(
        rf"^(?!.*RCPT TO:)[^\n]{{0,200}}?(?:(?<!\d)(?P<a>[45]\d\d[ -][^\n]{{0,200}}?{address}.*)|"
        rf"{address}[^\n]{{0,20}}(?<!\d)(?P<b>[45]\d\d[ -].+))$|"
        rf"RCPT TO:[ \t]?<?{address}[^\n]*\n[^\n]{{0,60}}?(?<![\d:.-])(?P<c>[45]\d\d[ -].+)$",
        text,
        re.MULTILINE | re.IGNORECASE,
    )
    return match[match.lastgroup or 0] if match else ""


def _shared(failures: list[Failure]) -> list[Failure]:
    """Give those of whom nothing is said the words of the next: a list, then what is said of it."""
    for index in range(len(failures) - 2, -1, -1):
        if not failures[index].text:
            behind = failures[index + 1]
            host = failures[index].remote_host or behind.remote_host
            failures[index] = replace(failures[index], text=behind.text, remote_host=host)
    return failures


def _alone(failure: Failure, text: str) -> Failure:
    """Return the only failure of a mail: all of the mail is about it."""
    if failure.text and failure.remote_host:
        return failure
    return replace(
        failure,
        text=failure.text or paragraph_about(text),
        remote_host=failure.remote_host or host_in(text),
    )


def _failure(shape: Shape, match: re.Match[str], stretch: str, text: str) -> Failure:
    named = match.groupdict("")
    words = _joined(named.get("words", "")) or _why(shape, stretch, text)
    return Failure(
        recipient=_recipient(match),
        text=words,
        remote_host=host_in(words) or named.get("host", "").lower() or host_in(stretch),
        other=named.get("alias", ""),
    )


def _named_beside(match: re.Match[str], text: str) -> Iterator[str]:
    """Yield the addresses that a comma or an "and" joins to the one found."""
    if not _recipient(match):
        return
    at = match.end(_group(match))
    for _ in range(RECIPIENTS_LIMIT):
        more = _BESIDE.match(text, at)
        if more is None:
            return
        yield more[1]
        at = more.end(1)


def _recipient(match: re.Match[str]) -> str:
    return match[_group(match)] or ""


def _group(match: re.Match[str]) -> int | str:
    return "named" if match.groupdict().get("named") else 1


def _why(shape: Shape, stretch: str, text: str) -> str:
    places = (stretch, text) if shape.anywhere else (stretch,)
    for place in places:
        for pattern in shape.why:
            if match := pattern.search(place):
                return _joined(match[1]).rstrip(_CLOSING)
    return _joined(to_stop(stretch))


def _joined(words: str) -> str:
    return " ".join(words.split())
