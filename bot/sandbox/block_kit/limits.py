"""What Slack accepts in messages, modals and Home tabs, and how it refuses the rest.

Numbers are those of https://docs.slack.dev/reference/block-kit/blocks; "unofficial" marks what
users report and Slack does not document.
"""

import json
from collections.abc import Iterator
from typing import Any

from bot.sandbox.block_kit.elements import (
    ELEMENTS,
    IDENTIFIER,
    IN_ACTIONS,
    IN_INPUT,
    IN_SECTION,
    SLACK_FILE,
    WEB,
    any_text,
    context_element,
    plain,
)
from bot.sandbox.block_kit.rich_text import RICH_TEXT, TABLE
from bot.sandbox.block_kit.validators import (
    Check,
    Complaints,
    boolean,
    by_type,
    choice,
    complain,
    duplicates,
    items,
    one_of_keys,
    shape,
    some_of_keys,
    string,
)
from bot.sandbox.slack.api_error import ApiError

MESSAGE_BLOCKS = 50
VIEW_BLOCKS = 100
POSTED_TEXT = 40_000
UPDATED_TEXT_BYTES = 4_000  # unofficial
BLOCKS_TOGETHER = 13_200  # unofficial
TABLE_CHARACTERS = 10_000
ATTACHMENTS = 100
VIEW_BYTES = 250_000
METADATA_BYTES = 8_000
NOT_TEXT = {"type", "block_id", "action_id", "style", "emoji"}

NAMED: dict[str, Check] = {"block_id": IDENTIFIER}

BLOCKS: dict[str, Check] = {
    "section": shape(
        {},
        {
            "text": any_text(3000),
            "fields": items(any_text(2000), 10),
            "accessory": by_type(ELEMENTS, IN_SECTION),
            "expand": boolean,
            **NAMED,
        },
        some_of_keys("text", "fields"),
    ),
    "header": shape({"text": plain(150)}, {"level": lambda *_: None, **NAMED}),
    "divider": shape({}, NAMED),
    "image": shape(
        {"alt_text": string(2000)},
        {
            "image_url": string(3000, pattern=WEB),
            "slack_file": SLACK_FILE,
            "title": plain(2000),
            **NAMED,
        },
        one_of_keys("image_url", "slack_file"),
    ),
    "context": shape({"elements": items(context_element, 10)}, NAMED),
    "actions": shape({"elements": items(by_type(ELEMENTS, IN_ACTIONS), 25)}, NAMED),
    "input": shape(
        {"label": plain(2000), "element": by_type(ELEMENTS, IN_INPUT)},
        {"hint": plain(2000), "optional": boolean, "dispatch_action": boolean, **NAMED},
    ),
    "rich_text": RICH_TEXT,
    "table": TABLE,
    "markdown": shape({"text": string(12_000)}, NAMED),
    "alert": shape(
        {"text": any_text(200)},
        {"level": choice("default", "info", "warning", "error", "success"), **NAMED},
    ),
}

IN_MESSAGE = set(BLOCKS) - {"alert"}
IN_MODAL = {
    "section",
    "header",
    "divider",
    "image",
    "context",
    "actions",
    "input",
    "rich_text",
    "alert",
}
IN_HOME = IN_MODAL - {"alert"}

VIEW_KEYS: dict[str, Check] = {
    "callback_id": string(255, 0),
    "external_id": string(255, 0),
    "private_metadata": string(3000, 0),
    "clear_on_close": boolean,
    "notify_on_close": boolean,
}
VIEWS: dict[str, Check] = {
    "modal": shape(
        {"title": plain(24), "blocks": items(by_type(BLOCKS, IN_MODAL), VIEW_BLOCKS, 0)},
        {"submit": plain(24), "close": plain(24), "submit_disabled": boolean, **VIEW_KEYS},
    ),
    "home": shape({"blocks": items(by_type(BLOCKS, IN_HOME), VIEW_BLOCKS, 0)}, VIEW_KEYS),
}


def check_message(blocks: list[Any], attachments: list[Any]) -> None:
    """Raise ApiError with the complaints about the blocks of one message."""
    out: Complaints = []
    items(by_type(BLOCKS, IN_MESSAGE), MESSAGE_BLOCKS, 0)(blocks, "/blocks", out)
    if out:
        raise ApiError("invalid_blocks", out)
    out.extend(_ids(blocks, "/blocks"))
    if out:
        raise ApiError("invalid_blocks", out)
    _check_attachments(attachments)
    if sum(block["type"] == "table" for block in blocks) > 1:
        raise ApiError("invalid_blocks", [complain("only_one_table_allowed", "/blocks")])
    if table_characters(blocks) > TABLE_CHARACTERS:
        raise ApiError("invalid_blocks", [complain("table has too many characters", "/blocks")])
    if characters(blocks) > BLOCKS_TOGETHER:
        raise ApiError("msg_blocks_too_long")


def check_view(view: Any, kind: str) -> None:
    """Raise ApiError with the complaints about a modal or a Home tab."""
    out: Complaints = []
    by_type(VIEWS, {kind})(view, "/view", out)
    if not out:
        out.extend(_ids(view["blocks"], "/view/blocks"))
        out.extend(_needs_submit(view))
    if out:
        raise ApiError("invalid_arguments", out)
    if len(json.dumps(view)) > VIEW_BYTES:
        raise ApiError("view_too_large")


def check_updated_text(text: str) -> None:
    """Raise msg_too_long for text that chat.update would refuse; counted after escaping."""
    if len(escaped(text).encode()) > UPDATED_TEXT_BYTES:
        raise ApiError("msg_too_long")


def check_metadata(metadata: Any) -> None:
    """Raise ApiError for metadata that is not an event type with a payload."""
    if not isinstance(metadata, dict):
        raise ApiError("invalid_metadata_format")
    if not isinstance(metadata.get("event_type"), str) or not metadata["event_type"]:
        raise ApiError("invalid_metadata_schema", ["[ERROR] missing required field: event_type"])
    if not isinstance(metadata.get("event_payload"), dict):
        raise ApiError("invalid_metadata_schema", ["[ERROR] missing required field: event_payload"])
    if len(json.dumps(metadata)) > METADATA_BYTES:
        raise ApiError("metadata_too_large")


def escaped(text: str) -> str:
    """Return text with &, < and > escaped; what is escaped already stays so.

    >>> escaped("a & b &lt; c <x>")
    'a &amp; b &lt; c &lt;x&gt;'
    """
    plain_text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    return plain_text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def characters(value: Any) -> int:
    """Return how many characters people and listeners get of a message's blocks.

    >>> characters([{"type": "header", "text": {"type": "plain_text", "text": "abc"}}])
    3
    """
    if isinstance(value, str):
        return len(value)
    if isinstance(value, list):
        return sum(map(characters, value))
    if isinstance(value, dict):
        return sum(characters(part) for key, part in value.items() if key not in NOT_TEXT)
    return 0


def table_characters(blocks: list[dict[str, Any]]) -> int:
    """Return how many characters the tables of a message hold together."""
    return sum(characters(block["rows"]) for block in blocks if block["type"] == "table")


def elements_of(block: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Give the interactive elements of a block: accessory, input, or those of an actions block."""
    for name in ("accessory", "element"):
        if isinstance(block.get(name), dict):
            yield block[name]
    if block.get("type") == "actions":
        yield from block.get("elements", [])


def _ids(blocks: list[dict[str, Any]], where: str) -> Iterator[str]:
    named = [block["block_id"] for block in blocks if "block_id" in block]
    for name in duplicates(named):
        yield complain(f"block_id already exists: {name}", where)
    for position, block in enumerate(blocks):
        actions = [e["action_id"] for e in elements_of(block) if "action_id" in e]
        for name in duplicates(actions):
            yield complain(f"action_id already exists: {name}", f"{where}/{position}")
    focused = [e for block in blocks for e in elements_of(block) if e.get("focus_on_load")]
    if len(focused) > 1:
        yield complain("only one element may have focus_on_load", where)


def _needs_submit(view: dict[str, Any]) -> Iterator[str]:
    asks = any(block["type"] == "input" for block in view["blocks"])
    if view["type"] == "modal" and asks and "submit" not in view:
        yield complain("missing required field: submit", "/view")


def _check_attachments(attachments: list[Any]) -> None:
    if len(attachments) > ATTACHMENTS:
        raise ApiError("too_many_attachments")
    for position, attachment in enumerate(attachments):
        if not isinstance(attachment, dict):
            raise ApiError("invalid_attachments")
        out: Complaints = []
        inside = attachment.get("blocks", [])
        where = f"/attachments/{position}/blocks"
        items(by_type(BLOCKS, IN_MESSAGE), MESSAGE_BLOCKS, 0)(inside, where, out)
        if out:
            raise ApiError("invalid_attachments", out)
