"""What the commands share: their words, and the errors that end one with a line for people.

A command is a module of its name. Its `add_to` gives a parser the command's words, and `run`, the
function that does the work and returns the exit code.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:  # it takes long to load, and a question of words alone needs none
    import argparse

USAGE = 2
"""The exit code of wrong usage or configuration."""

Run = Callable[["argparse.Namespace"], int]


class UsageError(Exception):
    """Words of the command line that do not go together; the text says what to do."""


class FailedError(Exception):
    """What was asked for cannot be done; the text says why."""


class Command(Protocol):
    """What `bot.cli.parser` asks of the module of a command."""

    def add_to(self, parser: "argparse.ArgumentParser") -> None:
        """Add the words of the command, and `run`."""


class InWords(Protocol):
    """What `bot.cli.main` asks of the module of a command that answers words alone."""

    def answer(self, words: str) -> int:
        """Answer the words."""
