"""`bounce demo`: runs the bot against a local stand-in of Slack."""

import argparse

from bot.cli.command import FailedError, UsageError
from bot.cli.output import tell, write_json
from bot.cli.serve import run_loop, stop_signal
from bot.logs import set_up_logs

try:
    from bot.sandbox.demo import DemoError, DemoOptions, run_once
    from bot.sandbox.demo import run as run_until
except ModuleNotFoundError as error:
    raise UsageError(
        f"the demo needs {error.name}, which is not installed; in a checkout `make demo`"
        " installs it, elsewhere pip install 'bounce-desk[demo]'"
    ) from error

WARNING = 30
"""The level of logging: what is told of the demo is told on stdout."""


def add_to(parser: argparse.ArgumentParser) -> None:
    """Add the words of the command."""
    add = parser.add_argument
    add("--once", action="store_true", help="replay, print what is shown, exit")
    add("--port", type=_port, default=3100, help="of the page; 0: any free one")
    add("--database", default="", metavar="URL", help="instead of a new SQLite file")
    add("--json", action="store_true", help="with --once: one JSON object")
    parser.set_defaults(run=run)


def run(chosen: argparse.Namespace) -> int:
    """Show everything in a page until it is stopped, or replay once and tell what was shown."""
    if chosen.json and not chosen.once:
        raise UsageError("--json goes with --once: bounce demo --once --json")
    set_up_logs(level=WARNING)
    options = DemoOptions(port=chosen.port, database=chosen.database)
    if not chosen.once:
        run_loop(_stay(options))
        return 0
    try:
        report = run_loop(run_once(options))
    except DemoError as error:
        raise FailedError(str(error)) from error
    if chosen.json:
        write_json(report.as_dict())
    else:
        tell(report.as_text())
    return 0 if report.is_good else 1


async def _stay(options: DemoOptions) -> None:
    def opened(url: str) -> None:
        tell(f"Open {url} in a browser: #deliverability, with samples of six sources.")
        tell("Everything there works; try /bounce explain quota. Ctrl+C ends the demo.")

    await run_until(options, opened, stop_signal())


def _port(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) > 65_535:
        raise argparse.ArgumentTypeError("a port is a number from 0 to 65535")
    return int(text)
