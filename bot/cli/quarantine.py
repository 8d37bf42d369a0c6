"""`bounce quarantine`: what was verified but not understood."""

import argparse
import asyncio
import re

from bot.cli.command import FailedError
from bot.cli.output import complain, tell, write_bytes
from bot.cli.parser import add_verb
from bot.cli.store_access import LIMIT, limited, opened, some_settings, store_settings, time_text
from bot.settings.storage import StoreSettings
from bot.store.store import SqlStore
from handlers.store import Quarantined

EMPTY = "The quarantine is empty."


def add_to(parser: argparse.ArgumentParser) -> None:
    """Add the words of the command."""
    verbs = parser.add_subparsers(metavar="list|show|replay", required=True)
    add_verb(verbs, "list", "a line each", _list).add_argument("--source", default="")
    add_verb(verbs, "show", "one, whole", _show).add_argument("number", type=int)
    replay = add_verb(verbs, "replay", "read again; without numbers: all", _replay)
    replay.add_argument("numbers", type=int, nargs="*")


async def list_quarantine(settings: StoreSettings, source: str) -> list[str]:
    """Return a line for each body in quarantine, the newest first."""
    async with opened(settings) as store:
        kept = await store.quarantine.newest(LIMIT, source)
    return limited(
        [
            f"{one.id:>6}  {time_text(one.received_at)}  {one.source}  {len(one.body):,} bytes  "
            f"{plain(one.why)}"
            for one in kept
        ]
    )


async def show_quarantine(settings: StoreSettings, number: int) -> Quarantined:
    """Return one body in quarantine; raises FailedError if it is not there."""
    async with opened(settings) as store:
        return await kept_one(store, number)


async def kept_one(store: SqlStore, number: int) -> Quarantined:
    """Return one body of an open store; raises FailedError if it is not there."""
    one = await store.quarantine.get(number)
    if one is None:
        raise FailedError(f"nothing in quarantine has the number {number}: bounce quarantine list")
    return one


def _list(chosen: argparse.Namespace) -> int:
    lines = asyncio.run(list_quarantine(store_settings(chosen), chosen.source))
    tell("\n".join(lines) or EMPTY)
    return 0


def _show(chosen: argparse.Namespace) -> int:
    one = asyncio.run(show_quarantine(store_settings(chosen), chosen.number))
    headers = [f"{name}: {value}" for name, value in one.headers.items()]
    tell("\n".join([*headers, "", plain(one.why), ""]))
    write_bytes(one.body)
    return 0


def _replay(chosen: argparse.Namespace) -> int:
    from bot.cli.bulk.replay import replay_quarantine  # loads every provider
    from bot.settings.model import ReplaySettings

    settings = some_settings(ReplaySettings, chosen)
    done = asyncio.run(replay_quarantine(settings, chosen.numbers))
    tell("\n".join(one.line for one in done) or EMPTY)
    failed = sum(not one.understood for one in done)
    return complain(f"{failed} of {len(done)} stay in quarantine") if failed else 0


_INVALID = re.compile(
    r"\d+ validation errors? for [^\n]*\n(?P<field>\S[^\n]*)?\s*(?P<said>.+?) \[type=(?P<kind>\w+)",
    re.DOTALL,
)
_NAMED = re.compile(
    r"(?:[a-z]+\.)*(?P<name>[A-Z][A-Za-z]*(?:Error|Exception)): (?P<said>.*)", re.DOTALL
)
_SHAPE = re.compile(r"indices must be|object (?:is|has|does|cannot)|not supported between")
"""What Python says of a value that is of another kind than its reader takes it for."""

WHY_LIMIT = 200


def plain(why: str) -> str:
    """Return in a sentence what was wrong with a body, whatever words an error was kept in.

    >>> plain("KeyError: 'Type'")
    'the field Type is missing'
    """
    invalid, named = _INVALID.search(why), _NAMED.match(why)
    if invalid is not None:
        what = f"the field {invalid['field']}" if invalid["field"] else "the body"
        missing = invalid["kind"] == "missing"
        text = f"{what} is missing" if missing else f"{what} is not usable: {invalid['said']}"
    elif named is not None and named["name"] == "KeyError":
        text = f"the field {named['said'].strip(chr(39))} is missing"
    elif named is not None and _SHAPE.search(named["said"]):
        text = f"a field holds another kind of value than expected ({named['said']})"
    else:
        text = named["said"] if named is not None else why
    line = " ".join(text.split())
    return line if len(line) <= WHY_LIMIT else f"{line[: WHY_LIMIT - 1]}…"
