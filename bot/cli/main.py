"""The command line: what is asked is done, and ends with an exit code.

A command is loaded when it is called, so that `explain` and `diagnose` answer at once.
"""

import gc
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import cast

from bot.cli.command import USAGE, FailedError, InWords, UsageError
from bot.cli.output import complain
from bot.settings.source import SettingsError

QUESTIONS = ("explain", "diagnose")
"""Commands that answer words alone: to make a parser for them would take as long as to answer."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code: 0, 1 something failed, 2 usage or configuration."""
    try:
        return _run(sys.argv[1:] if arguments is None else arguments)
    except (SettingsError, UsageError) as error:
        return complain(str(error), USAGE)
    except FailedError as error:
        return complain(str(error))
    except BrokenPipeError:  # the reader has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        return 130


def _run(words: Sequence[str]) -> int:
    if len(words) > 1 and words[0] in QUESTIONS and not any(map(_is_option, words)):
        gc.disable()  # there is an end before there is garbage
        try:
            command = cast("InWords", import_module(f"bot.cli.{words[0]}"))
            return command.answer(" ".join(words[1:]))
        finally:
            gc.enable()
    from bot.cli.parser import parse

    chosen = parse(words)
    return int(chosen.run(chosen))


def _is_option(word: str) -> bool:
    return word.startswith("-")


if __name__ == "__main__":
    sys.exit(main())
