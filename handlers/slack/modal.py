"""The pieces of modals, each within Slack's limits, and how to read what was entered; pure.

Every input has one element, whose action_id is the block's id.
https://docs.slack.dev/surfaces/modals
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from handlers.slack.block_kit import SELECT_LIMIT, Block, cut, plain_text, section, unescape

TITLE_LIMIT = 24
LABEL_LIMIT = 2_000
OPTION_LIMIT = 75


@dataclass(frozen=True, slots=True)
class Option:
    """One thing to choose; `note` stands below it in small print."""

    value: str
    label: str
    note: str = ""


def modal(
    title: str,
    blocks: Sequence[Block],
    *,
    callback_id: str = "",
    submit: str = "",
    metadata: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return a modal; one without `submit` can only be closed."""
    view: dict[str, Any] = {
        "type": "modal",
        "title": plain_text(title, TITLE_LIMIT),
        "close": plain_text("Cancel" if submit else "Close", TITLE_LIMIT),
        "blocks": list(blocks),
    }
    if callback_id:
        view["callback_id"] = callback_id
    if submit:
        view["submit"] = plain_text(submit, TITLE_LIMIT)
    if metadata is not None:
        view["private_metadata"] = json.dumps(metadata)
    return view


def notice(title: str, *paragraphs: str) -> dict[str, Any]:
    """Return a modal that only says something, in mrkdwn."""
    return modal(title, [section(text) for text in paragraphs])


def ask(
    block_id: str, label: str, element: Block, *, hint: str = "", optional: bool = False
) -> Block:
    """Return an input: a label, an element and a hint below it."""
    block: Block = {
        "type": "input",
        "block_id": block_id,
        "label": plain_text(label, LABEL_LIMIT),
        "element": {**element, "action_id": block_id},
        "optional": optional,
    }
    if hint:
        block["hint"] = plain_text(hint, LABEL_LIMIT)
    return block


def one_of(choices: Sequence[Option]) -> Block:
    """Return radio buttons, the first one chosen."""
    options = [_option(choice) for choice in choices[:10]]
    return {"type": "radio_buttons", "options": options, "initial_option": options[0]}


def some_of(choices: Sequence[Option], placeholder: str) -> Block:
    """Return a menu of which several may be chosen, at most 100."""
    return {
        "type": "multi_static_select",
        "options": [_option(choice) for choice in choices[:SELECT_LIMIT]],
        "placeholder": plain_text(placeholder, 150),
    }


def tick(choice: Option) -> Block:
    """Return a box to tick."""
    return {"type": "checkboxes", "options": [_option(choice)]}


def text_input(placeholder: str, limit: int) -> Block:
    """Return a line to type into, at which the cursor stands."""
    return {
        "type": "plain_text_input",
        "max_length": limit,
        "focus_on_load": True,
        "placeholder": plain_text(placeholder, 150),
    }


def date_and_time(first: datetime) -> Block:
    """Return a picker of date and time, in the reader's own time zone."""
    return {"type": "datetimepicker", "initial_date_time": int(first.timestamp())}


def metadata_of(view: Mapping[str, Any]) -> dict[str, Any]:
    """Return what `modal` was given as metadata."""
    value = json.loads(view.get("private_metadata") or "{}")
    return value if isinstance(value, dict) else {}


def chosen(view: Mapping[str, Any], block_id: str) -> list[str]:
    """Return the values chosen in an input, none if it was left empty or is not there."""
    state = _state(view, block_id)
    options = [state.get("selected_option"), *(state.get("selected_options") or [])]
    return [str(option["value"]) for option in options if option]


def typed(view: Mapping[str, Any], block_id: str) -> str:
    """Return what was typed into a line."""
    return unescape(str(_state(view, block_id).get("value") or ""))


def moment_in(view: Mapping[str, Any], block_id: str) -> datetime | None:
    """Return the date and time of a picker, None if it was left empty."""
    seconds = _state(view, block_id).get("selected_date_time")
    return datetime.fromtimestamp(int(seconds), UTC) if seconds else None


def errors(**by_block: str) -> dict[str, Any]:
    """Return the arguments of an ack that shows complaints below the inputs of these ids."""
    return {
        "response_action": "errors",
        "errors": {block: cut(text, 300) for block, text in by_block.items()},
    }


def _state(view: Mapping[str, Any], block_id: str) -> dict[str, Any]:
    values = (view.get("state") or {}).get("values") or {}
    state: dict[str, Any] = (values.get(block_id) or {}).get(block_id) or {}
    return state


def _option(choice: Option) -> Block:
    option: Block = {
        "text": plain_text(choice.label, OPTION_LIMIT),
        "value": choice.value,
    }
    if choice.note:
        option["description"] = plain_text(choice.note, OPTION_LIMIT)
    return option
