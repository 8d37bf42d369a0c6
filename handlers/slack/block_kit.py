"""The pieces of Slack messages, each within Slack's limits; pure.

Outside words are escaped and texts are sent verbatim, so that nothing in them mentions or links.
https://docs.slack.dev/reference/block-kit
"""

import json
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

Block = dict[str, Any]

TEXT_LIMIT = 3_000
HEADER_LIMIT = 150
BUTTON_LIMIT = 75
CONTEXT_LIMIT = 10
OVERFLOW_LIMIT = 5
SELECT_LIMIT = 100
SPOKEN_LIMIT = 900
"""Characters of the text beside the blocks: chat.update takes 4,000 bytes after escaping."""

TOGETHER = 11_900
"""Characters of all blocks of a message, written as JSON; Slack refuses 13,200."""


@dataclass(frozen=True, slots=True)
class Message:
    """A Slack message: the text is what notifications and screen readers give."""

    text: str
    blocks: Sequence[Block] = field(default_factory=list)


def escape(text: str) -> str:
    """Return outside text so that it cannot mention or link in mrkdwn.

    >>> escape("<!channel> & co")
    '&lt;!channel&gt; &amp; co'
    """
    text = visible(text)
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def unescape(text: str) -> str:
    """Return what a person typed or pasted, of the text that Slack makes of it.

    >>> unescape("&lt;<mailto:ana@b.example|ana@b.example>&gt;: see <http://b.example>")
    '<ana@b.example>: see http://b.example'
    """
    text = _LINKED.sub(lambda link: link["label"] or link["target"], text)
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def tame(text: str) -> str:
    """Return mrkdwn of our own making, without mentions of whole channels or groups.

    >>> tame("<!channel> done by <@U1> at <!date^1^{time}|1>")
    '&lt;!channel> done by <@U1> at <!date^1^{time}|1>'
    """
    return _LOUD.sub("&lt;!", visible(text))


def visible(text: str) -> str:
    """Return text without control characters and without marks that turn its direction."""
    return text.replace("\r\n", "\n").translate(_HIDDEN)


def cut(text: str, limit: int, note: str = " …") -> str:
    """Return text of at most `limit` characters that says so when it was cut.

    Nothing is cut inside an escaped character, a link or a composed character.

    >>> cut("salt &amp; pepper", 10, "…")
    'salt …'
    """
    if len(text) <= limit:
        return text
    return text[: _boundary(text, limit - len(note))] + note


PERSON = re.compile(r"[UW][A-Z0-9]{1,20}")
"""A Slack user's id."""


def mention(by: str) -> str:
    """Return who did something as Slack shows people; the command line is none of them.

    >>> mention("U03GRACE"), mention("command line")
    ('<@U03GRACE>', 'command line')
    """
    return f"<@{by}>" if PERSON.fullmatch(by) else escape(by)


def moment(at: datetime) -> str:
    """Return a time as each reader's own clock shows it."""
    return f"<!date^{int(at.timestamp())}^{{date_short_pretty}} {{time}}|{utc(at)}>"


def utc(at: datetime) -> str:
    """Return a time for where Slack does not translate it."""
    return f"{at:%Y-%m-%d %H:%M} UTC"


def mrkdwn(text: str, limit: int = TEXT_LIMIT) -> Block:
    """Return a text object whose addresses and names stay text unless they are marked."""
    return {"type": "mrkdwn", "text": cut(text, limit) or "—", "verbatim": True}


def plain_text(text: str, limit: int) -> Block:
    """Return a text object in which nothing is marked up."""
    return {"type": "plain_text", "text": cut(visible(text), limit, "…") or "—", "emoji": False}


def header(text: str) -> Block:
    """Return a heading."""
    return {"type": "header", "text": plain_text(text, HEADER_LIMIT)}


def section(text: str) -> Block:
    """Return a paragraph of mrkdwn."""
    return {"type": "section", "text": mrkdwn(text)}


def section_with(text: str, accessory: Block, block_id: str = "") -> Block:
    """Return a paragraph with an element at its side."""
    named = {"block_id": block_id[:255]} if block_id else {}
    return {**section(text), "accessory": accessory, **named}


def context(*lines: str, limit: int = TEXT_LIMIT) -> Block:
    """Return small print of mrkdwn."""
    elements = [mrkdwn(line, limit) for line in lines[:CONTEXT_LIMIT]]
    return {"type": "context", "elements": elements}


def fine_print(text: str, limit: int) -> Block:
    """Return small print in which nothing is marked up."""
    return {"type": "context", "elements": [plain_text(text, limit)]}


def divider() -> Block:
    """Return a line between parts."""
    return {"type": "divider"}


def actions(elements: Iterable[Block], block_id: str) -> Block:
    """Return a row of buttons and menus."""
    return {"type": "actions", "block_id": block_id[:255], "elements": list(elements)}


def button(
    label: str,
    action_id: str,
    value: str,
    *,
    about: str = "",
    style: str = "",
    confirm: Block | None = None,
) -> Block:
    """Return a button; `about` tells it from others of its label when it is read aloud."""
    element: Block = {
        "type": "button",
        "text": plain_text(label, BUTTON_LIMIT),
        "action_id": action_id[:255],
        "value": value[:2_000],
    }
    if about:
        element["accessibility_label"] = cut(visible(f"{label}: {about}"), BUTTON_LIMIT, "…")
    if style:
        element["style"] = style
    if confirm:
        element["confirm"] = confirm
    return element


def confirm(title: str, text: str, yes: str, no: str) -> Block:
    """Return the question that a button asks before it tells the bot."""
    return {
        "title": plain_text(title, 100),
        "text": plain_text(text, 300),
        "confirm": plain_text(yes, 30),
        "deny": plain_text(no, 30),
    }


def menu(options: Mapping[str, str], action_id: str) -> Block:
    """Return what offers labels by their values: an overflow, or a select for more than five."""
    offered = [
        {"text": plain_text(label, BUTTON_LIMIT), "value": value[:150]}
        for value, label in list(options.items())[:SELECT_LIMIT]
    ]
    if len(offered) <= OVERFLOW_LIMIT:
        return {"type": "overflow", "action_id": action_id, "options": offered}
    return {
        "type": "static_select",
        "action_id": action_id,
        "placeholder": plain_text("More", 150),
        "options": offered,
    }


def preformatted(text: str) -> Block:
    """Return outside text as it is, unable to mention or link."""
    return {
        "type": "rich_text",
        "elements": [
            {
                "type": "rich_text_preformatted",
                "elements": [{"type": "text", "text": visible(text).strip("\n") or "—"}],
            }
        ],
    }


def plain(text: str) -> list[Block]:
    """Return blocks that show a text of any length, cut to what one message holds."""
    rest, sections = fitted(text, TOGETHER - 600, " … (cut)"), []
    while rest:
        end = len(rest) if len(rest) <= TEXT_LIMIT else _break(rest, TEXT_LIMIT)
        sections.append(section(rest[:end]))
        rest = rest[end:].lstrip("\n")
    return sections or [section(text)]


def fitted(text: str, room: int, note: str) -> str:
    """Return a raw text cut so that it takes no more than `room` characters written as JSON."""
    text = visible(text)
    over = size([{"": text}]) - 7 - max(room, 60)
    while over > 0:
        text = cut(text, max(len(text) - over - len(note), 40), note)
        over = size([{"": text}]) - 7 - max(room, 60) if len(text) > 40 else 0
    return text


def size(blocks: Sequence[Mapping[str, Any]]) -> int:
    """Return how many characters blocks take as JSON, the way Slack is thought to count."""
    return len(json.dumps(list(blocks), ensure_ascii=False, separators=(",", ":")))


_LOUD = re.compile(r"<!(?!date\^)")
_LINKED = re.compile(r"<(?:mailto:)?(?P<target>[^<>|\s]+)(?:\|(?P<label>[^<>]*))?>")
_ENTITY = re.compile(r"&(?:amp|lt|gt);")
_MARK = re.compile(r"<(?:[@#!]|https?:|mailto:)[^<>]*>")
_JOINER = "\N{ZERO WIDTH JOINER}"
_CONTROLS = (*range(9), *range(11, 32), *range(127, 160))
_TURNS = (*range(0x202A, 0x202F), *range(0x2066, 0x206A))
_HIDDEN = dict.fromkeys((*_CONTROLS, *_TURNS))


def _boundary(text: str, limit: int) -> int:
    """Return the last place up to `limit` where a text may be cut."""
    end = max(limit, 0)
    for opener, whole in (("<", _MARK), ("&", _ENTITY)):
        start = text.rfind(opener, 0, end)
        if start >= 0 and (match := whole.match(text, start)) and match.end() > end:
            end = start
    while 0 < end < len(text) and (_joins(text[end]) or text[end - 1] == _JOINER):
        end -= 1
    return end


def _break(text: str, limit: int) -> int:
    """Return where to go on in a new paragraph: after a line if one ends in the second half."""
    end = _boundary(text, limit)
    line = text.rfind("\n", limit // 2, end)
    return line if line > 0 else end or limit


def _joins(character: str) -> bool:
    return (
        bool(unicodedata.combining(character))
        or character == _JOINER
        or "\ufe00" <= character <= "\ufe0f"
        or "\U0001f3fb" <= character <= "\U0001f3ff"
    )
