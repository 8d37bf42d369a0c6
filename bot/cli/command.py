"""What the commands share: their words, and the errors that end one with a line for people.

A command is a module of its name. Its `add_to` gives a parser the command's words, and `run`, the
function that does the work and returns the exit code.
"""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

USAGE = 2
"""The exit code of wrong usage or configuration."""

Run = Callable[[argparse.Namespace], int]


class UsageError(Exception):
    """Words of the command line that do not go together; the text says what to do."""


class FailedError(Exception):
    """What was asked for cannot be done; the text says why."""


class Command(Protocol):
    """What `bot.cli.main` asks of the module of a command."""

    def add_to(self, parser: argparse.ArgumentParser) -> None:
        """Add the words of the command, and `run`."""


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
