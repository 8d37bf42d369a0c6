"""What Slack accepts inside blocks: text objects, options, confirm dialogs, elements.

https://docs.slack.dev/reference/block-kit/block-elements and
https://docs.slack.dev/reference/block-kit/composition-objects
"""

from collections.abc import Iterator
from typing import Any

from bot.sandbox.block_kit.validators import (
    Check,
    Complaints,
    Rule,
    boolean,
    by_type,
    choice,
    complain,
    items,
    number,
    one_of_keys,
    shape,
    string,
)

DATE = r"\d{4}-\d{2}-\d{2}"
TIME = r"([01]\d|2[0-3]):[0-5]\d"
WEB = r"https?://.+"
LINK = r"(https?|mailto|slack|tel):.+"
IDENTIFIER = string(255)
USER = string(20, pattern=r"[UW][A-Z0-9]+")


def plain(limit: int, least: int = 1) -> Check:
    """Accept a plain_text object of at most `limit` characters."""
    text = shape({"text": string(limit, least)}, {"emoji": boolean})
    return by_type({"plain_text": text})


def any_text(limit: int) -> Check:
    """Accept a plain_text or mrkdwn object of at most `limit` characters."""
    return by_type(
        {
            "plain_text": shape({"text": string(limit)}, {"emoji": boolean}),
            "mrkdwn": shape({"text": string(limit)}, {"verbatim": boolean}),
        }
    )


CONFIRM = shape(
    {"title": plain(100), "text": any_text(300), "confirm": plain(30), "deny": plain(30)},
    {"style": choice("primary", "danger")},
)
PLACEHOLDER = plain(150)
SLACK_FILE = shape(
    {}, {"id": string(255), "url": string(3000, pattern=WEB)}, one_of_keys("id", "url")
)
DISPATCH = shape(
    {},
    {"trigger_actions_on": items(choice("on_enter_pressed", "on_character_entered"), 2)},
)


def option(text: Check, **more: Check) -> Check:
    """Accept an option object with this kind of text."""
    return shape({"text": text, "value": string(150)}, {"description": plain(75), **more})


OPTION = option(plain(75))
RICH_OPTION = shape({"text": any_text(75), "value": string(150)}, {"description": any_text(75)})
GROUPS = items(shape({"label": plain(75), "options": items(OPTION, 100)}, {}), 100)


def chosen(*, many: bool) -> Rule:
    """Ask that what is chosen at first is one of the options."""
    key = "initial_options" if many else "initial_option"

    def rule(element: dict[str, Any]) -> Iterator[str]:
        first = element.get(key)
        picked = [] if first is None else list(first) if many else [first]
        if any(one not in options_of(element) for one in picked):
            yield f"{key} must be among the options"

    return rule


def options_of(element: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the options of a select, grouped or not."""
    groups = element.get("option_groups", [])
    return [*element.get("options", []), *(o for group in groups for o in group["options"])]


def bounds(low: str, high: str) -> Rule:
    """Ask that one number is not above the other."""

    def rule(element: dict[str, Any]) -> Iterator[str]:
        try:
            if float(element[low]) > float(element[high]):
                yield f"{low} must not be greater than {high}"
        except (KeyError, ValueError):
            return

    return rule


def element(
    required: dict[str, Check], optional: dict[str, Check], *rules: Rule, acts: bool = True
) -> Check:
    """Accept an element; one that acts may have an action_id."""
    more = {"action_id": IDENTIFIER} if acts else {}
    return shape(required, {**more, **optional}, *rules)


ASK = {"confirm": CONFIRM, "focus_on_load": boolean}
PICK = {**ASK, "placeholder": PLACEHOLDER}
TYPED = {"dispatch_action_config": DISPATCH, "focus_on_load": boolean, "placeholder": PLACEHOLDER}
DECIMAL_NUMBER = r"-?\d+(\.\d+)?"
DECIMAL = string(100, pattern=DECIMAL_NUMBER)

IMAGE = shape(
    {"alt_text": string(2000)},
    {"image_url": string(3000, pattern=WEB), "slack_file": SLACK_FILE},
    one_of_keys("image_url", "slack_file"),
)
BUTTON = element(
    {"text": plain(75)},
    {
        "value": string(2000, 0),
        "url": string(3000, pattern=LINK),
        "style": choice("primary", "danger"),
        "confirm": CONFIRM,
        "accessibility_label": string(75),
        "visible_to_user_ids": items(USER, 100),
    },
)

ELEMENTS: dict[str, Check] = {
    "image": IMAGE,
    "button": BUTTON,
    "overflow": element(
        {"options": items(option(plain(75), url=string(3000, pattern=LINK)), 5)},
        {"confirm": CONFIRM},
    ),
    "static_select": element(
        {},
        {"options": items(OPTION, 100), "option_groups": GROUPS, "initial_option": OPTION, **PICK},
        one_of_keys("options", "option_groups"),
        chosen(many=False),
    ),
    "multi_static_select": element(
        {},
        {
            "options": items(OPTION, 100),
            "option_groups": GROUPS,
            "initial_options": items(OPTION, 100),
            "max_selected_items": number(1, 100),
            **PICK,
        },
        one_of_keys("options", "option_groups"),
        chosen(many=True),
    ),
    "users_select": element({}, {"initial_user": USER, **PICK}),
    "multi_users_select": element(
        {}, {"initial_users": items(USER, 100), "max_selected_items": number(1, 100), **PICK}
    ),
    "datepicker": element({}, {"initial_date": string(10, pattern=DATE), **PICK}),
    "timepicker": element(
        {}, {"initial_time": string(5, pattern=TIME), "timezone": string(100), **PICK}
    ),
    "datetimepicker": element({}, {"initial_date_time": number(10**9, 10**10 - 1), **ASK}),
    "checkboxes": element(
        {"options": items(RICH_OPTION, 10)},
        {"initial_options": items(RICH_OPTION, 10), **ASK},
        chosen(many=True),
    ),
    "radio_buttons": element(
        {"options": items(RICH_OPTION, 10)},
        {"initial_option": RICH_OPTION, **ASK},
        chosen(many=False),
    ),
    "plain_text_input": element(
        {},
        {
            "initial_value": string(3000, 0),
            "multiline": boolean,
            "min_length": number(0, 3000),
            "max_length": number(1, 3000),
            **TYPED,
        },
        bounds("min_length", "max_length"),
    ),
    "number_input": element(
        {"is_decimal_allowed": boolean},
        {"initial_value": DECIMAL, "min_value": DECIMAL, "max_value": DECIMAL, **TYPED},
        bounds("min_value", "max_value"),
    ),
    "email_text_input": element({}, {"initial_value": string(3000, 0), **TYPED}),
    "url_text_input": element({}, {"initial_value": string(3000, 0), **TYPED}),
}

SELECTS = {
    "static_select", "multi_static_select", "users_select", "multi_users_select",
    "datepicker", "timepicker", "checkboxes", "radio_buttons",
}  # fmt: skip
TEXT_INPUTS = {"plain_text_input", "number_input", "email_text_input", "url_text_input"}
IN_SECTION = SELECTS | {"button", "overflow", "image"}
MULTIPLE = {"multi_static_select", "multi_users_select"}
IN_ACTIONS = (SELECTS - MULTIPLE) | {"button", "overflow", "datetimepicker"}
IN_INPUT = SELECTS | TEXT_INPUTS | {"datetimepicker"}
STATEFUL = IN_INPUT


def context_element(value: Any, where: str, out: Complaints) -> None:
    """Accept an image or a text, the only things a context block holds."""
    if isinstance(value, dict) and value.get("type") == "image":
        IMAGE(value, where, out)
    elif isinstance(value, dict) and value.get("type") in {"plain_text", "mrkdwn"}:
        any_text(3000)(value, where, out)
    else:
        out.append(complain(f"unsupported type: {_kind(value)}", f"{where}/type"))


def _kind(value: Any) -> Any:
    return value.get("type") if isinstance(value, dict) else type(value).__name__
