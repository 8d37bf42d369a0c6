"""What takes long to make and may be shared: made once in a process, fixtures or not."""

from functools import cache

from bot.sandbox.world.keys import Keys
from resolutions.rules.rulebook import Rulebook

KEYS = Keys()
"""The keys of all stand-ins: to find a pair for RSA takes long."""


@cache
def shipped_rules() -> Rulebook:
    """Return the rules that ship."""
    return Rulebook.load()
