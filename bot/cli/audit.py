"""`bounce audit`: what was done to the outside, by whom, and how it went."""

import argparse
import asyncio

from bot.cli.output import tell
from bot.cli.store_access import LIMIT, limited, opened, store_settings, time_text
from bot.settings.storage import StoreSettings
from handlers.store import Audited


def add_to(parser: argparse.ArgumentParser) -> None:
    """Add the words of the command."""
    parser.add_argument(
        "about",
        nargs="?",
        default="",
        metavar="ADDRESS|ALERT",
        help="of all, only what is about it",
    )
    parser.set_defaults(run=_run)


async def list_audited(settings: StoreSettings, about: str) -> list[str]:
    """Return a line for each entry, the newest first; a number is that of an alert."""
    async with opened(settings) as store:
        entries = await store.audit.newest(LIMIT, about)
    return limited([_line(entry) for entry in entries])


def _run(chosen: argparse.Namespace) -> int:
    lines = asyncio.run(list_audited(store_settings(chosen), chosen.about))
    tell("\n".join(lines) or "Nothing of it was done.")
    return 0


def _line(entry: Audited) -> str:
    alert = f"alert {entry.alert_id}" if entry.alert_id is not None else ""
    deed = f"{entry.action} by {entry.by}"
    return "  ".join(filter(None, (time_text(entry.at), deed, entry.what, entry.result, alert)))
