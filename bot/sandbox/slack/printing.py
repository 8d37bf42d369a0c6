"""A Slack message as a person sees it, in plain lines for a terminal."""

import re
import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

WIDTH = 92
"""Columns of a line."""

Block = Mapping[str, Any]


def printed(message: Mapping[str, Any], names: Mapping[str, str]) -> str:
    """Return the lines of a message; `names` are those of people by their id."""
    lines = [
        line
        for block in message.get("blocks") or ()
        for line in _BLOCKS.get(block["type"], _nothing)(block)
    ]
    files = [f"[file] {file.get('name', '')}" for file in message.get("files") or ()]
    text = "\n".join(lines) if lines else "\n".join(_wrapped(plain(message.get("text", ""))))
    return _named("\n".join([text, *files]), names)


def plain(mrkdwn: str) -> str:
    """Return mrkdwn as it reads: without its marks, links as their words, times as UTC.

    >>> plain("*Full mailboxes* — <https://a.example|ticket> &amp; <!date^1^{time}|09:12 UTC>")
    'Full mailboxes — ticket & 09:12 UTC'
    """
    text = _TIME.sub(lambda found: found["fallback"], mrkdwn)
    text = _LINK.sub(lambda found: found["label"] or found["url"], text)
    text = _STRONG.sub(lambda found: found["text"], text)
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


_TIME = re.compile(r"<!date\^[^<>|]*\|(?P<fallback>[^<>]*)>")
_LINK = re.compile(r"<(?P<url>(?:https?|mailto):[^<>|]*)(?:\|(?P<label>[^<>]*))?>")
_STRONG = re.compile(r"(?<![\w*])\*(?P<text>[^*\n]+)\*(?![\w*])")
_PERSON = re.compile(r"<@(?P<id>[A-Z0-9]+)>")


def _named(text: str, names: Mapping[str, str]) -> str:
    return _PERSON.sub(lambda found: "@" + names.get(found["id"], found["id"]), text)


def _wrapped(text: str, before: str = "") -> Iterator[str]:
    for line in text.split("\n"):
        hang = "   " if re.match(r"\d\. ", line) else ""
        yield from textwrap.wrap(
            line,
            WIDTH,
            initial_indent=before,
            subsequent_indent=before + hang,
            break_long_words=False,
            break_on_hyphens=False,
        ) or [""]


def _nothing(_: Block) -> Iterator[str]:
    yield from ()


def _section(block: Block) -> Iterator[str]:
    texts = [block["text"]] if block.get("text") else []
    for text in [*texts, *block.get("fields", ())]:
        yield from _wrapped(_text(text))


def _context(block: Block) -> Iterator[str]:
    for element in block["elements"]:
        if "text" in element:
            yield from _wrapped(_text(element))


def _actions(block: Block) -> Iterator[str]:
    labels = [element.get("text", {}).get("text", "⋯") for element in block["elements"]]
    yield " ".join(f"[ {label} ]" for label in labels)


def _rich_text(block: Block) -> Iterator[str]:
    for part in block["elements"]:
        text = "".join(_inline(element) for element in part.get("elements", ()))
        yield from _wrapped(text, "| " if part["type"] == "rich_text_preformatted" else "")


def _inline(element: Block) -> str:
    return str(element.get("text") or element.get("url") or element.get("fallback") or "")


def _text(text: Mapping[str, str]) -> str:
    return plain(text["text"]) if text["type"] == "mrkdwn" else text["text"]


_BLOCKS: Mapping[str, Callable[[Block], Iterator[str]]] = {
    "section": _section,
    "header": _section,
    "context": _context,
    "actions": _actions,
    "rich_text": _rich_text,
    "divider": lambda _: iter(["—" * 3]),
}


def thread(replies: Sequence[Mapping[str, Any]], names: Mapping[str, str]) -> str:
    """Return what stands in the thread of a message, "" where nobody replied."""
    shown = [printed(reply, names) for reply in replies]
    return "\n".join(
        ["In the thread:", *(textwrap.indent(one, "  ") for one in shown)] if shown else []
    )
