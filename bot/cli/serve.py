"""`bounce serve`: runs the bot until it is told to stop."""

import argparse
import asyncio
import gc
import importlib.util
import logging
import signal
from collections.abc import Coroutine
from typing import Any, TypeVar

from bot.app import Bot
from bot.logs import set_up_logs
from bot.settings.model import Settings, load_settings

Result = TypeVar("Result")

log = logging.getLogger(__name__)


def add_to(parser: argparse.ArgumentParser) -> None:
    """Add the words of the command: none."""
    parser.set_defaults(run=run)


def run(chosen: argparse.Namespace) -> int:
    """Serve until the process is told to stop."""
    settings = load_settings(chosen.config)
    set_up_logs()
    run_loop(serve(settings))
    return 0


def run_loop(work: Coroutine[Any, Any, Result]) -> Result:
    """Run something to its end, on uvloop where that is installed: it is worth 5 to 30 %."""
    factory = None
    if importlib.util.find_spec("uvloop") is not None:
        import uvloop

        factory = uvloop.new_event_loop
    with asyncio.Runner(loop_factory=factory) as runner:
        return runner.run(work)


async def serve(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT; what is under way then ends or is left to its lease."""
    stop = stop_signal()
    async with Bot(settings) as bot:
        log.info("ready", extra={"url": bot.url, "sources": ", ".join(settings.sources)})
        spare_collector()
        await stop.wait()
        log.info("stopping")


def spare_collector() -> None:
    """Let the garbage collector leave alone what is there for good, and come less often.

    Everything imported is half a million objects: to look through them stops all for 0.1 s.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


def stop_signal() -> asyncio.Event:
    """Return an event that SIGTERM and SIGINT set."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    return stop
