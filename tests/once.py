"""What takes long to make and may be shared: made once in a process, fixtures or not."""

from functools import cache

from bot.sandbox.world.keys import Keys
from resolutions.rules.rulebook import Rulebook


@cache
def shipped_rules() -> Rulebook:
    """Return the rules that ship."""
    return Rulebook.load()


@cache
def made_up_keys() -> Keys:
    """Return the keys of the stand-ins: to find a pair for RSA takes long."""
    return Keys()
