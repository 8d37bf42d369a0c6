"""What Slack accepts in rich_text and table blocks.

https://docs.slack.dev/reference/block-kit/blocks/rich-text-block and
https://docs.slack.dev/reference/block-kit/blocks/table-block
"""

from collections.abc import Iterator
from typing import Any

from bot.sandbox.block_kit.validators import (
    Check,
    boolean,
    by_type,
    choice,
    items,
    number,
    shape,
    string,
)

STYLE = shape(
    {}, dict.fromkeys(("bold", "italic", "strike", "code", "underline", "highlight",
                       "client_highlight", "unlink"), boolean)
)  # fmt: skip
TEXT = shape({"text": string(12_000)}, {"style": STYLE})
LINK = shape({"url": string(3000)}, {"text": string(12_000), "style": STYLE, "unsafe": boolean})

INLINE: dict[str, Check] = {
    "text": TEXT,
    "link": LINK,
    "user": shape({"user_id": string(20)}, {"style": STYLE}),
    "usergroup": shape({"usergroup_id": string(20)}, {"style": STYLE}),
    "channel": shape({"channel_id": string(20)}, {"style": STYLE}),
    "emoji": shape(
        {"name": string(100)},
        {"unicode": string(100), "skin_tone": number(1, 6), "style": STYLE, "url": string(3000)},
    ),
    "broadcast": shape({"range": choice("here", "channel", "everyone")}, {"style": STYLE}),
    "color": shape({"value": string(7, pattern="#[0-9A-Fa-f]{6}")}, {}),
    "date": shape(
        {"timestamp": number(0, 10**11), "format": string(255)},
        {"url": string(3000), "fallback": string(255), "style": STYLE},
    ),
}

ANY_INLINE = items(by_type(INLINE), 1000, 0)
SECTION = shape({"elements": ANY_INLINE}, {})
BORDER = number(0, 1)

PARTS: dict[str, Check] = {
    "rich_text_section": SECTION,
    "rich_text_list": shape(
        {
            "style": choice("bullet", "ordered"),
            "elements": items(by_type({"rich_text_section": SECTION}), 1000),
        },
        {"indent": number(0, 8), "offset": number(0, 10**6), "border": BORDER},
    ),
    "rich_text_preformatted": shape(
        {"elements": items(by_type({"text": TEXT, "link": LINK}), 1000)},
        {"border": BORDER, "language": string(50)},
    ),
    "rich_text_quote": shape({"elements": ANY_INLINE}, {"border": BORDER}),
}

RICH_TEXT = shape({"elements": items(by_type(PARTS), 1000)}, {"block_id": string(255)})


def _even(table: dict[str, Any]) -> Iterator[str]:
    if len({len(row) for row in table["rows"]}) > 1:
        yield "all rows must have the same number of cells"


CELL = by_type(
    {
        "raw_text": shape({"text": string(12_000)}, {}),
        "raw_number": shape({"value": lambda *_: None}, {"text": string(100)}),
        "rich_text": RICH_TEXT,
    }
)


def _column(value: Any, where: str, out: list[str]) -> None:
    """Accept settings of a column; null leaves it as it is."""
    if value is not None:
        shape({}, {"align": choice("left", "center", "right"), "is_wrapped": boolean})(
            value, where, out
        )


TABLE = shape(
    {"rows": items(items(CELL, 20), 100)},
    {"column_settings": items(_column, 20), "block_id": string(255)},
    _even,
)
