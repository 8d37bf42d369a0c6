"""The words of the command line: which commands there are, and what each takes."""

import argparse
import gc
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, cast

from bot.cli.command import USAGE, Command, Run
from bot.cli.output import tell

COMMANDS = {
    "serve": "run the bot",
    "demo": "run the bot against a local stand-in of Slack",
    "doctor": "look at all that a running bot needs",
    "manifest": "print the manifest of the Slack app",
    "migrate": "bring the database up to date",
    "explain": "what a reason, code or reply means, and what to do",
    "diagnose": "find the reason of a reply, of lines, of mails",
    "evaluate": "measure the diagnosis on labelled replies",
    "quarantine": "what was verified but not understood",
    "jobs": "what is to be done, is being done, could not be done",
    "audit": "what was done to the outside, by whom, and how it went",
}
"""Each is the module of its name."""

DESCRIPTION = "Explains why email bounced, in Slack and here."
START = """\
to see it at work:      bounce demo
to ask about a bounce:  bounce explain quota
                        bounce diagnose "550 5.1.1 mailbox full"
to check a set-up:      bounce doctor

Settings are read from ./bounce.toml, or from the file that --config or BOUNCE_CONFIG names, and
from variables: BOUNCE_SLACK__CHANNEL is channel in [slack].
"""


def parse(words: Sequence[str]) -> argparse.Namespace:
    """Return what was asked for.

    Where a command stands first, its own parser reads the rest: to make those of all commands
    takes longer than an answer. What it cannot read is left to the whole one, to complain.
    """
    if words and words[0] in COMMANDS:
        alone = _with_words(argparse.ArgumentParser(**_title(words[0])), words[0])
        chosen, strange = alone.parse_known_args(words[1:], argparse.Namespace(config=None))
        if not strange:
            return chosen
    return _whole(words).parse_args(words)


def add_config(parser: argparse.ArgumentParser, default: Any = argparse.SUPPRESS) -> None:
    """Let a parser take --config; by default one that stands before the command holds."""
    about = "bounce.toml of another name or place"
    parser.add_argument("--config", type=Path, metavar="FILE", default=default, help=about)


def add_verb(verbs: Any, name: str, about: str, run: Run) -> argparse.ArgumentParser:
    """Return the parser of a command's verb (`bounce jobs list`), done by a function of its own."""
    parser: argparse.ArgumentParser = verbs.add_parser(name, help=about, description=about)
    add_config(parser)
    parser.set_defaults(run=run)
    return parser


def _whole(words: Sequence[str]) -> argparse.ArgumentParser:
    """Return the parser of all commands; one that is not among the words is known by name only."""
    whole = argparse.ArgumentParser(
        prog="bounce",
        description=DESCRIPTION,
        epilog=START,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    whole.add_argument("--version", action=_Version, nargs=0, help="show the version and exit")
    add_config(whole, default=None)
    added = whole.add_subparsers(metavar="COMMAND", title="commands")
    for name, about in COMMANDS.items():
        parser = added.add_parser(name, help=about, **_title(name))
        if name in words:
            _with_words(parser, name)

    def show_help(_: argparse.Namespace) -> int:
        whole.print_help(sys.stderr)
        return USAGE

    whole.set_defaults(run=show_help)
    return whole


def _title(name: str) -> dict[str, Any]:
    return {
        "prog": f"bounce {name}",
        "description": COMMANDS[name],
        "formatter_class": argparse.RawDescriptionHelpFormatter,
    }


def _with_words(parser: argparse.ArgumentParser, name: str) -> argparse.ArgumentParser:
    add_config(parser)
    gc.disable()  # what is imported is no garbage: to look for some takes a tenth of the time
    command = cast("Command", import_module(f"bot.cli.{name}"))
    gc.freeze()
    gc.enable()
    command.add_to(parser)
    return parser


class _Version(argparse.Action):
    """Tells the version, whatever else is asked."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from importlib.metadata import PackageNotFoundError, version

        try:
            release = version("bounce-desk")
        except PackageNotFoundError:
            release = "run from its sources"
        tell(f"bounce-desk {release} (Python {sys.version.partition(' ')[0]})")
        parser.exit()
