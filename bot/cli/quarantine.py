"""`bounce quarantine`: what was verified but not understood."""

import argparse
import asyncio

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
    return limited([_line(entry) for entry in kept])


async def show_quarantine(settings: StoreSettings, number: int) -> Quarantined:
    """Return one body in quarantine; raises FailedError if it is not there."""
    async with opened(settings) as store:
        return await kept_one(store, number)


async def kept_one(store: SqlStore, number: int) -> Quarantined:
    """Return one body of an open store; raises FailedError if it is not there."""
    entry = await store.quarantine.get(number)
    if entry is None:
        raise FailedError(f"nothing in quarantine has the number {number}: bounce quarantine list")
    return entry


def _list(chosen: argparse.Namespace) -> int:
    lines = asyncio.run(list_quarantine(store_settings(chosen), chosen.source))
    tell("\n".join(lines) or EMPTY)
    return 0


def _line(entry: Quarantined) -> str:
    size = f"{len(entry.body):,} bytes"
    about = (time_text(entry.received_at), entry.source, size, plain(entry.why))
    return "  ".join((f"{entry.id:>6}", *about))


def _show(chosen: argparse.Namespace) -> int:
    entry = asyncio.run(show_quarantine(store_settings(chosen), chosen.number))
    headers = [f"{name}: {value}" for name, value in entry.headers.items()]
    tell("\n".join([*headers, "", plain(entry.why), ""]))
    write_bytes(entry.body)
    return 0


def _replay(chosen: argparse.Namespace) -> int:
    from bot.cli.bulk.replay import replay_quarantine  # loads every provider
    from bot.settings.model import ReplaySettings

    settings = some_settings(ReplaySettings, chosen)
    done = asyncio.run(replay_quarantine(settings, chosen.numbers))
    tell("\n".join(replayed.line for replayed in done) or EMPTY)
    failed = sum(not replayed.understood for replayed in done)
    return complain(f"{failed} of {len(done)} stay in quarantine") if failed else 0


WHY_LIMIT = 200


def plain(why: str) -> str:
    """Return on one line what was wrong with a body."""
    line = " ".join(why.split())
    return line if len(line) <= WHY_LIMIT else f"{line[: WHY_LIMIT - 1]}…"
