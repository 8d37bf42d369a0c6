"""What people enter: the state of elements, as Slack sends it, and what it asks of them first."""

import re
from collections.abc import Callable
from typing import Any

from bot.sandbox.block_kit.elements import DATE, DECIMAL_NUMBER, STATEFUL, TIME, options_of
from bot.sandbox.block_kit.limits import elements_of

Element = dict[str, Any]
Values = dict[str, dict[str, Any]]

KEYS = {
    "plain_text_input": ("value", "initial_value"),
    "number_input": ("value", "initial_value"),
    "email_text_input": ("value", "initial_value"),
    "url_text_input": ("value", "initial_value"),
    "static_select": ("selected_option", "initial_option"),
    "multi_static_select": ("selected_options", "initial_options"),
    "users_select": ("selected_user", "initial_user"),
    "multi_users_select": ("selected_users", "initial_users"),
    "datepicker": ("selected_date", "initial_date"),
    "timepicker": ("selected_time", "initial_time"),
    "datetimepicker": ("selected_date_time", "initial_date_time"),
    "checkboxes": ("selected_options", "initial_options"),
    "radio_buttons": ("selected_option", "initial_option"),
}
"""Per element: the key of its state, and the key that gives its first value."""

LISTS = {"multi_static_select", "multi_users_select", "checkboxes"}


class EntryError(ValueError):
    """Something that the element does not let a person enter; the text is what the person reads."""


def initial_values(blocks: list[dict[str, Any]]) -> Values:
    """Return the state of blocks before anybody entered anything."""
    values: Values = {}
    for block in blocks:
        for element in elements_of(block):
            if element["type"] in STATEFUL:
                key, first = KEYS[element["type"]]
                empty: Any = [] if element["type"] in LISTS else None
                state = {"type": element["type"], key: element.get(first, empty)}
                values.setdefault(block["block_id"], {})[element["action_id"]] = state
    return values


def entered(element: Element, value: Any) -> dict[str, Any]:
    """Return the state of an element after a person entered `value`.

    An option is given by its value, several by a list of values; raises EntryError for what the
    element does not offer.
    """
    kind = element["type"]
    key, _ = KEYS[kind]
    return {"type": kind, key: READ[kind](element, value)}


def missing(block: dict[str, Any], element: Element, state: dict[str, Any]) -> str:
    """Return what keeps a modal from being sent: "" or the complaint below the field."""
    value = state[KEYS[element["type"]][0]]
    if value in (None, "", []):
        return "" if block.get("optional") else "Please complete this required field."
    if element["type"] == "plain_text_input":
        return _length(element, str(value))
    return ""


def _length(element: Element, value: str) -> str:
    if len(value) < element.get("min_length", 0):
        return f"Please enter at least {element['min_length']} characters."
    if len(value) > element.get("max_length", 3000):
        return f"Please enter at most {element.get('max_length', 3000)} characters."
    return ""


def _option(element: Element, value: Any) -> Any:
    if value is None:
        return None
    for option in options_of(element):
        if option["value"] == value:
            return option
    offered = ", ".join(option["value"] for option in options_of(element))
    raise EntryError(f"{value!r} is not offered; there are {offered}")


def _options(element: Element, value: Any) -> Any:
    return [_option(element, one) for one in value or []]


def _text(_: Element, value: Any) -> Any:
    return str(value) if value else None


def _matching(pattern: str, what: str) -> Callable[[Element, Any], Any]:
    def read(_: Element, value: Any) -> Any:
        if value in (None, ""):
            return None
        if not re.fullmatch(pattern, str(value)):
            raise EntryError(f"Please enter {what}.")
        return str(value)

    return read


def _number(element: Element, value: Any) -> Any:
    read = _matching(DECIMAL_NUMBER, "a number")(element, value)
    if read is None:
        return None
    if not element["is_decimal_allowed"] and "." in read:
        raise EntryError("Please enter a whole number.")
    low, high = element.get("min_value"), element.get("max_value")
    if low is not None and float(read) < float(low):
        raise EntryError(f"Please enter {low} or more.")
    if high is not None and float(read) > float(high):
        raise EntryError(f"Please enter {high} or less.")
    return read


def _moment(_: Element, value: Any) -> Any:
    try:
        return int(value) if value not in (None, "") else None
    except (TypeError, ValueError):
        raise EntryError("Please choose a date and a time.") from None


def _names(_: Element, value: Any) -> Any:
    return [str(one) for one in value or []]


READ: dict[str, Callable[[Element, Any], Any]] = {
    "plain_text_input": _text,
    "number_input": _number,
    "email_text_input": _matching(r"[^@\s]+@[^@\s]+\.[^@\s]+", "an email address"),
    "url_text_input": _matching(r"https?://\S+", "a web address"),
    "static_select": _option,
    "multi_static_select": _options,
    "users_select": _text,
    "multi_users_select": _names,
    "datepicker": _matching(DATE, "a date"),
    "timepicker": _matching(TIME, "a time"),
    "datetimepicker": _moment,
    "checkboxes": _options,
    "radio_buttons": _option,
}
