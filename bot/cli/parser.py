"""The words of the command line: which commands there are, and what each takes."""

import argparse
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

Command = Callable[[argparse.Namespace], int]

DESCRIPTION = "Explains why email bounced, in Slack and here."
START = """\
to see it at work:      bounce demo
to ask about a bounce:  bounce explain quota
                        bounce diagnose "550 5.1.1 mailbox full"
to check a set-up:      bounce doctor

Settings are read from ./bounce.toml, or from the file that --config or BOUNCE_CONFIG names, and
from variables: BOUNCE_SLACK__CHANNEL is channel in [slack].
"""
LABELLED = """\
FILE.jsonl holds one JSON object a line ('-': stdin):

  {"text": "554 5.7.1 on our suppression list", "expected": ["suppressed", "unknown"]}

  text         the reply of the receiving server; needed
  expected     a reason, or a list of those that are acceptable, the best first; needed. Where
               nothing bounced: auto-reply, complaint, delivered or not-a-bounce
  id           names the line in the report
  code, status, remote_host, provider, verdict    what else is known, as for `bounce diagnose`

`bounce explain` lists the reasons. The report shows for each reason how many answers were
acceptable and how many the best one (exact), which reasons were taken for which, wrong answers
that were given as sure, rules that no line needed, and the speed.
"""
LINES = """\
With --jsonl each line holds {"text": "...", "id", "code", "status", "remote_host", "provider",
"verdict"}, all but text optional. With --mail: raw mails, folders of them, mbox files. Both answer
with one JSON object a line; what cannot be read gives one with "error".

--unmatched lists the wordings in the database that no rule decides, the most frequent first, each
with a rule to start from; with --json as JSON lines.
"""


def parser(commands: Mapping[str, Command]) -> argparse.ArgumentParser:
    """Return the parser of all commands; each is run by the function of its name."""
    whole = argparse.ArgumentParser(
        prog="bounce",
        description=DESCRIPTION,
        epilog=START,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    whole.add_argument("--version", action="store_true", help="show the version and exit")
    _add_config(whole, default=None)
    added = whole.add_subparsers(metavar="COMMAND", title="commands")

    def command(name: str, about: str, more: str = "") -> argparse.ArgumentParser:
        one = _with_config(added, name, about, more)
        one.set_defaults(run=commands[name])
        return one

    _add_bot(command)
    _add_knowledge(command)
    _add_quarantine(command("quarantine", "what was verified but not understood"))
    _add_jobs(command("jobs", "what is to be done, is being done, could not be done"))
    return whole


def _add_config(parser: argparse.ArgumentParser, default: Any) -> None:
    about = "bounce.toml of another name or place"
    parser.add_argument("--config", type=Path, metavar="FILE", default=default, help=about)


def _with_config(added: Any, name: str, about: str, more: str = "") -> argparse.ArgumentParser:
    """Return the parser of a command or deed, which takes --config too, wherever it stands."""
    raw = argparse.RawDescriptionHelpFormatter
    one: argparse.ArgumentParser = added.add_parser(
        name, help=about, description=about, epilog=more, formatter_class=raw
    )
    _add_config(one, default=argparse.SUPPRESS)
    return one


def _add_bot(command: Callable[..., argparse.ArgumentParser]) -> None:
    command("serve", "run the bot")
    demo = command("demo", "run the bot against a local stand-in of Slack")
    demo.add_argument("--once", action="store_true", help="replay, print what is shown, exit")
    demo.add_argument("--port", type=_port, default=3100, help="of the page; 0: any free one")
    demo.add_argument("--database", default="", metavar="URL", help="instead of a new SQLite file")
    demo.add_argument("--json", action="store_true", help="with --once: one JSON object")
    command("doctor", "look at all that a running bot needs")
    manifest = command("manifest", "print the manifest of the Slack app")
    manifest.add_argument(
        "--url", default="", help="public address of the bot; without: Socket Mode"
    )
    command("migrate", "bring the database up to date")


def _add_knowledge(command: Callable[..., argparse.ArgumentParser]) -> None:
    explain = command("explain", "what a reason, code or reply means, and what to do")
    explain.add_argument("words", nargs="*", help="without: all reasons, a line each")
    _add_diagnose(command("diagnose", "find the reason of a reply, of lines, of mails", LINES))
    evaluate = command("evaluate", "measure the diagnosis on labelled replies", LABELLED)
    evaluate.add_argument("file", type=Path, metavar="FILE.jsonl")


def _add_diagnose(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("text", nargs="*", help="the reply, as the server gave it")
    parser.add_argument("--code", type=_code, default="", help="SMTP reply code")
    parser.add_argument("--status", type=_status, default="", help="enhanced status code")
    parser.add_argument("--remote-host", default="", metavar="HOST", help="who gave the reply")
    parser.add_argument("--provider", default="", help="who reported it")
    parser.add_argument("--verdict", default="", help="the provider's own word")
    parser.add_argument("--json", action="store_true", help="one JSON object")
    parser.add_argument(
        "--jsonl",
        nargs="?",
        const="-",
        metavar="FILE",
        help="JSON objects, one a line ('-': stdin)",
    )
    parser.add_argument("--mail", nargs="+", type=Path, metavar="PATH", help="raw mails or folders")
    about = "stored wordings that no rule decides"
    parser.add_argument("--unmatched", action="store_true", help=about)


def _add_quarantine(parser: argparse.ArgumentParser) -> None:
    deeds = parser.add_subparsers(dest="deed", metavar="list|show|replay", required=True)
    _with_config(deeds, "list", "a line each").add_argument("--source", default="")
    _with_config(deeds, "show", "one, whole").add_argument("number", type=int)
    replay = _with_config(deeds, "replay", "read again; without numbers: all")
    replay.add_argument("numbers", type=int, nargs="*")


def _add_jobs(parser: argparse.ArgumentParser) -> None:
    deeds = parser.add_subparsers(dest="deed", metavar="list|retry|cancel", required=True)
    listed = _with_config(deeds, "list", "a line each")
    listed.add_argument("--all", action="store_true", help="those that ended too")
    _with_config(deeds, "retry", "a dead one").add_argument("number", type=int)
    _with_config(deeds, "cancel", "a waiting one").add_argument("number", type=int)


def _code(text: str) -> str:
    if text.strip() and not re.match(r"[245][0-9]{2}(?![0-9])", text.strip()):
        raise argparse.ArgumentTypeError(f"{text!r} is no reply code, such as 550")
    return text


def _status(text: str) -> str:
    if text.strip() and not re.match(r"[245]\.[0-9]{1,3}\.[0-9]{1,3}(?![0-9])", text.strip()):
        raise argparse.ArgumentTypeError(f"{text!r} is no enhanced status code, such as 5.1.1")
    return text


def _port(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) > 65_535:
        raise argparse.ArgumentTypeError("a port is a number from 0 to 65535")
    return int(text)
