"""What Slack refuses in blocks, and by which name."""

from typing import Any

import pytest

from bot.sandbox.block_kit.limits import (
    check_message,
    check_metadata,
    check_updated_text,
    check_view,
)
from bot.sandbox.slack.api_error import ApiError


def plain(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text}


def mrkdwn(text: str) -> dict[str, Any]:
    return {"type": "mrkdwn", "text": text}


def section(length: int = 1, **more: Any) -> dict[str, Any]:
    return {"type": "section", "text": mrkdwn("x" * length), **more}


def button(**more: Any) -> dict[str, Any]:
    return {"type": "button", "text": plain("Go"), **more}


def acting(*elements: dict[str, Any]) -> dict[str, Any]:
    return {"type": "actions", "elements": list(elements)}


def options(count: int, text: str = "x") -> list[dict[str, Any]]:
    return [{"text": plain(text), "value": str(number)} for number in range(count)]


def select(kind: str, count: int, **more: Any) -> dict[str, Any]:
    return {"type": kind, "action_id": "chosen", "options": options(count), **more}


def asking(element: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": "input", "label": plain("When"), "element": element, **more}


def view(*blocks: dict[str, Any], **more: Any) -> dict[str, Any]:
    parts = {"title": plain("Resend"), "submit": plain("Send"), "blocks": list(blocks)}
    return {"type": "modal", **parts, **more}


CONFIRM = {
    "title": plain("Sure?"),
    "text": mrkdwn("It goes out."),
    "confirm": plain("Yes"),
    "deny": plain("No"),
}
LONG = {"type": "rich_text_preformatted", "elements": [{"type": "text", "text": "x" * 11_000}]}
TABLE: dict[str, Any] = {"type": "table", "rows": [[{"type": "raw_text", "text": "a"}]]}

ACCEPTED = {
    "a section at its limit": [section(3000)],
    "ten fields": [{"type": "section", "fields": [mrkdwn("x" * 100)] * 10}],
    "fifty blocks": [section()] * 50,
    "a header at its limit": [{"type": "header", "text": plain("x" * 150)}],
    "twenty-five buttons": [acting(*[button(action_id=str(n)) for n in range(25)])],
    "an overflow of five": [acting(select("overflow", 5))],
    "a select of a hundred": [acting(select("static_select", 100))],
    "a confirm dialog": [acting(button(confirm=CONFIRM, style="danger"))],
    "a button for one person": [acting(button(visible_to_user_ids=["U01ADA"]))],
    "preformatted text": [{"type": "rich_text", "elements": [LONG]}],
    "a table": [TABLE],
    "an image": [{"type": "image", "image_url": "https://x.example/a.png", "alt_text": "A"}],
}

REFUSED = {
    "51 blocks": ([section()] * 51, "no more than 50 items allowed"),
    "a long section": ([section(3001)], "must be less than 3001 characters"),
    "an empty section": ([section(0)], "must be more than 0 characters"),
    "a section without text": ([{"type": "section"}], "missing required field: text"),
    "eleven fields": (
        [{"type": "section", "fields": [mrkdwn("x")] * 11}],
        "no more than 10 items allowed",
    ),
    "a long field": (
        [{"type": "section", "fields": [mrkdwn("x" * 2001)]}],
        "must be less than 2001 characters",
    ),
    "a long header": (
        [{"type": "header", "text": plain("x" * 151)}],
        "must be less than 151 characters",
    ),
    "a header in mrkdwn": ([{"type": "header", "text": mrkdwn("x")}], "unsupported type: mrkdwn"),
    "26 buttons": ([acting(*[button()] * 26)], "no more than 25 items allowed"),
    "no buttons": ([acting()], "must provide at least 1 items"),
    "eleven context elements": (
        [{"type": "context", "elements": [mrkdwn("x")] * 11}],
        "no more than 10 items allowed",
    ),
    "a button in a context": (
        [{"type": "context", "elements": [button()]}],
        "unsupported type: button",
    ),
    "a long button text": (
        [acting(button(text=plain("x" * 76)))],
        "must be less than 76 characters",
    ),
    "a long button value": (
        [acting(button(value="x" * 2001))],
        "must be less than 2001 characters",
    ),
    "a long action_id": (
        [acting(button(action_id="x" * 256))],
        "must be less than 256 characters",
    ),
    "a strange style": ([acting(button(style="warning"))], "must be one of: primary, danger"),
    "a long accessibility label": (
        [acting(button(accessibility_label="x" * 76))],
        "must be less than 76 characters",
    ),
    "an overflow of six": ([acting(select("overflow", 6))], "no more than 5 items allowed"),
    "eleven checkboxes": ([acting(select("checkboxes", 11))], "no more than 10 items allowed"),
    "101 options": ([acting(select("static_select", 101))], "no more than 100 items allowed"),
    "a long option": (
        [acting({**select("static_select", 1), "options": options(1, "x" * 76)})],
        "must be less than 76 characters",
    ),
    "a first choice that is not offered": (
        [acting(select("static_select", 1, initial_option=options(2)[1]))],
        "initial_option must be among the options",
    ),
    "a long confirm title": (
        [acting(button(confirm={**CONFIRM, "title": plain("x" * 101)}))],
        "must be less than 101 characters",
    ),
    "a long confirm button": (
        [acting(button(confirm={**CONFIRM, "deny": plain("x" * 31)}))],
        "must be less than 31 characters",
    ),
    "an image without its text": (
        [{"type": "image", "image_url": "https://x.example/a.png"}],
        "missing required field: alt_text",
    ),
    "a key of no meaning": ([section(colour="red")], "invalid additional property: colour"),
    "an unknown block": ([{"type": "marquee"}], "unsupported type: marquee"),
    "a modal's alert in a message": (
        [{"type": "alert", "text": plain("x")}],
        "unsupported type: alert",
    ),
    "two blocks of one id": (
        [section(block_id="a"), section(block_id="a")],
        "block_id already exists: a",
    ),
    "two buttons of one id": (
        [acting(button(action_id="a"), button(action_id="a"))],
        "action_id already exists: a",
    ),
    "101 table rows": (
        [{**TABLE, "rows": TABLE["rows"] * 101}],
        "no more than 100 items allowed",
    ),
    "two tables": ([TABLE, TABLE], "only_one_table_allowed"),
    "a boolean as a word": (
        [{"type": "header", "text": {**plain("x"), "emoji": "true"}}],
        "must be a boolean",
    ),
}


@pytest.mark.parametrize("blocks", ACCEPTED.values(), ids=ACCEPTED)
def test_blocks_within_the_limits_pass(blocks):
    check_message(blocks, [])


@pytest.mark.parametrize(("blocks", "complaint"), REFUSED.values(), ids=REFUSED)
def test_blocks_beyond_a_limit_are_refused_as_a_whole(blocks, complaint):
    with pytest.raises(ApiError) as refusal:
        check_message(blocks, [])

    assert refusal.value.error == "invalid_blocks"
    assert complaint in refusal.value.messages[0]
    assert "[json-pointer:/blocks" in refusal.value.messages[0]


def test_blocks_that_are_too_long_together_have_a_name_of_their_own():
    with pytest.raises(ApiError, match="msg_blocks_too_long"):
        check_message([section(2900) for _ in range(5)], [])


def test_the_pointer_leads_to_the_fault():
    with pytest.raises(ApiError) as refusal:
        check_message([section(), acting(button(), button(text=plain("x" * 76)))], [])

    assert refusal.value.messages == [
        "[ERROR] must be less than 76 characters [json-pointer:/blocks/1/elements/1/text/text]"
    ]


def test_blocks_of_attachments_are_held_to_the_same():
    with pytest.raises(ApiError, match="invalid_attachments"):
        check_message([], [{"blocks": [section(3001)]}])


VIEWS = {
    "a long title": (view(title=plain("x" * 25)), "must be less than 25 characters"),
    "a long submit": (view(submit=plain("x" * 25)), "must be less than 25 characters"),
    "101 blocks": (view(*[section()] * 101), "no more than 100 items allowed"),
    "long private metadata": (
        view(private_metadata="x" * 3001),
        "must be less than 3001 characters",
    ),
    "a table in a modal": (view(TABLE), "unsupported type: table"),
    "a long label": (
        view(asking({"type": "datepicker"}, label=plain("x" * 2001))),
        "must be less than 2001 characters",
    ),
    "a long placeholder": (
        view(asking({"type": "plain_text_input", "placeholder": plain("x" * 151)})),
        "must be less than 151 characters",
    ),
    "a button as an input": (view(asking(button())), "unsupported type: button"),
    "a moment in milliseconds": (
        view(asking({"type": "datetimepicker", "initial_date_time": 1_700_000_000_000})),
        "must be between",
    ),
    "a home instead of a modal": (
        {"type": "home", "blocks": []},
        "unsupported type: home",
    ),
}


@pytest.mark.parametrize(("shown", "complaint"), VIEWS.values(), ids=VIEWS)
def test_a_modal_beyond_a_limit_is_refused(shown, complaint):
    with pytest.raises(ApiError) as refusal:
        check_view(shown, "modal")

    assert refusal.value.error == "invalid_arguments"
    assert complaint in refusal.value.messages[0]


def test_a_modal_that_asks_needs_a_submit_button():
    asked = view(asking({"type": "datepicker"}))
    del asked["submit"]

    with pytest.raises(ApiError) as refusal:
        check_view(asked, "modal")

    assert refusal.value.messages == ["[ERROR] missing required field: submit [json-pointer:/view]"]


def test_a_view_of_a_quarter_megabyte_is_too_large():
    with pytest.raises(ApiError, match="view_too_large"):
        check_view(view(*[section(3000) for _ in range(90)]), "modal")


def test_updated_text_is_counted_after_escaping():
    check_updated_text("&" * 800)

    with pytest.raises(ApiError, match="msg_too_long"):
        check_updated_text("&" * 801)


@pytest.mark.parametrize(
    ("metadata", "error"),
    [
        ("text", "invalid_metadata_format"),
        ({"event_payload": {}}, "invalid_metadata_schema"),
        ({"event_type": "post"}, "invalid_metadata_schema"),
        ({"event_type": "post", "event_payload": {"k": "x" * 9000}}, "metadata_too_large"),
    ],
)
def test_metadata_needs_a_type_and_a_payload(metadata, error):
    with pytest.raises(ApiError, match=error):
        check_metadata(metadata)
