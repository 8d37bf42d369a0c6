"""What a button asks before it tells the bot: what it would stop, and for how many; pure."""

from collections.abc import Sequence

from handlers.provider import Suppresses
from handlers.slack.block_kit import Block, confirm

STOPS_LIMIT = 190
"""Characters of what is stopped, of the 300 that Slack shows of a question."""


def flag_question(
    lists: Sequence[Suppresses | None], count: int, *, complaint: bool = False
) -> Block:
    """Return the question before contacts are flagged, of sources with these lists."""
    people = "1 contact" if count == 1 else f"{count:,} contacts"
    back = "A complaint is not taken back." if complaint else "It can be taken back."
    text = f"For {people} this {_effect(lists)} {back}"
    return confirm(f"Flag {people} as inactive?", text, "Flag as inactive", "Not now")


def _effect(lists: Sequence[Suppresses | None]) -> str:
    """Return what nobody of them gets any more, in the words of the providers."""
    stops = list(dict.fromkeys(one.stops for one in lists if one is not None))
    if not stops:
        return (
            "changes nothing but the flag here: no provider's list is reached, your senders go on."
        )
    effect = f"stops {' and '.join(stops)}."
    if len(effect) > STOPS_LIMIT:
        effect = f"stops {stops[0]}, and the like at each other source ({len(stops) - 1} more)."
    return effect if None not in lists else f"{effect} At other sources they are flagged here only."
