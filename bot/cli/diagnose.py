"""`bounce diagnose`: the reason of one reply, of lines, of mails, or what no rule decides."""

import re
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from bot.cli.command import UsageError
from bot.cli.output import complain, count, remark, tell, write_all, write_json
from bot.cli.own_files import OwnFiles
from bot.cli.question import Question, fields_of

if TYPE_CHECKING:
    import argparse

LINES = """\
With --jsonl each line holds {"text": "...", "id", "code", "status", "remote_host", "provider",
"verdict"}, all but text optional. With --mail: raw mails, folders of them, mbox files. Both answer
with one JSON object a line; what cannot be read gives one with "error".

--unmatched lists the wordings in the database that no rule decides, the most frequent first, each
with a rule to start from; with --json as JSON lines.
"""
USE = "give one of a reply, --jsonl [FILE], --mail PATH or --unmatched: bounce diagnose --help"


def add_to(parser: "argparse.ArgumentParser") -> None:
    """Add the words of the command."""
    parser.epilog = LINES
    parser.set_defaults(run=run)
    add = parser.add_argument
    add("text", nargs="*", help="the reply, as the server gave it")
    add("--code", type=_code, default="", help="SMTP reply code")
    add("--status", type=_status, default="", help="enhanced status code")
    add("--remote-host", default="", metavar="HOST", help="who gave the reply")
    add("--provider", default="", help="who reported it")
    add("--verdict", default="", help="the provider's own word")
    add("--json", action="store_true", help="one JSON object")
    lines = "JSON objects, one a line ('-': stdin)"
    add("--jsonl", nargs="?", const="-", metavar="FILE", help=lines)
    add("--mail", nargs="+", type=Path, metavar="PATH", help="raw mails or folders")
    add("--unmatched", action="store_true", help="stored wordings that no rule decides")


def run(chosen: "argparse.Namespace") -> int:
    """Answer what was given, by exactly one of the four ways to ask."""
    reported = chosen.code or chosen.status or (chosen.provider and chosen.verdict)
    ways: dict[Callable[[argparse.Namespace], int], bool] = {
        _one: bool(" ".join(chosen.text) or reported),
        _lines: chosen.jsonl is not None and not chosen.unmatched,
        _mails: chosen.mail is not None,
        _unmatched: chosen.unmatched,
    }
    asked = [way for way, is_asked in ways.items() if is_asked]
    if len(asked) != 1:
        raise UsageError(USE)
    return asked[0](chosen)


def answer(words: str) -> int:
    """Diagnose a reply of which nothing else is known."""
    if not words:
        raise UsageError(USE)
    return _answer(Question(words), OwnFiles.of(None), as_json=False)


def lines_of(name: str) -> Iterator[bytes]:
    """Yield the lines of a file, of stdin for `-`; raises UsageError if it cannot be read."""
    if name == "-":
        yield from sys.stdin.buffer
        return
    try:
        with Path(name).open("rb") as file:
            yield from file
    except OSError as error:
        raise UsageError(f"{name}: cannot be read ({error.strerror})") from error


def _one(chosen: "argparse.Namespace") -> int:
    words = {name: getattr(chosen, name) for name in Question._fields}
    question = Question(**words | {"text": " ".join(chosen.text)})
    return _answer(question, OwnFiles.of(chosen.config), as_json=chosen.json)


def _answer(question: Question, own: OwnFiles, *, as_json: bool) -> int:
    try:
        diagnosis = question.diagnosis(own.rulebook())
    except ValueError as error:
        raise UsageError(str(error)) from error
    if as_json:
        write_json(fields_of(diagnosis))
        return 0
    from bot.cli.text.diagnosis import diagnosed

    tell(diagnosed(diagnosis, own.resolutions()))
    return 0


def _lines(chosen: "argparse.Namespace") -> int:
    from bot.cli.bulk.json_lines import diagnose_lines

    write_all(diagnose_lines(lines_of(chosen.jsonl), OwnFiles.of(chosen.config)))
    return 0


def _mails(chosen: "argparse.Namespace") -> int:
    from bot.cli.bulk.mails import diagnose_mails

    paths: Sequence[Path] = chosen.mail
    if not write_all(diagnose_mails(paths, OwnFiles.of(chosen.config))):
        remark(f"no mail in {', '.join(map(str, paths))}")
    code = 0
    for path in paths:
        if not path.exists():
            code = complain(f"{path}: there is no such file or folder")
    return code


def _unmatched(chosen: "argparse.Namespace") -> int:
    import asyncio

    from bot.cli.bulk.unmatched import find_unmatched
    from bot.cli.store_access import store_settings

    watched = sys.stderr.isatty()

    def progress(number: int) -> None:
        if watched:
            count(number, "bounces looked at")

    unmatched = asyncio.run(find_unmatched(store_settings(chosen), progress))
    if watched:
        remark("")
    if chosen.json or chosen.jsonl is not None:
        write_all(unmatched.as_lines())
    else:
        tell(unmatched.as_text())
    return 0


def _code(text: str) -> str:
    if text.strip() and not re.match(r"[245][0-9]{2}(?![0-9])", text.strip()):
        raise _not_taken(f"{text!r} is no reply code, such as 550")
    return text


def _status(text: str) -> str:
    if text.strip() and not re.match(r"[245]\.[0-9]{1,3}\.[0-9]{1,3}(?![0-9])", text.strip()):
        raise _not_taken(f"{text!r} is no enhanced status code, such as 5.1.1")
    return text


def _not_taken(text: str) -> Exception:
    from argparse import ArgumentTypeError

    return ArgumentTypeError(text)
