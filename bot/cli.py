"""The command line; the only module that prints. stdout is for results, stderr for the rest.

Each command imports what it needs when it runs, so that `explain` and `diagnose` start at once.
"""

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bot.settings import Settings

USAGE = 2


class UsageError(Exception):
    """Words of the command line that do not go together; the text says what to do."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code: 0, 1 something failed, 2 usage or configuration."""
    from bot.config_file import SettingsError

    chosen = _parser().parse_args(arguments)
    try:
        return int(chosen.run(chosen))
    except (SettingsError, UsageError) as error:
        return _complain(str(error), USAGE)
    except BrokenPipeError:  # the reader has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        return 130


def _complain(text: str, code: int = 1) -> int:
    print(f"bounce: {text}", file=sys.stderr)
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="bounce", description="Explains why email bounced, in Slack and here."
    )
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument(
        "--config", type=Path, metavar="FILE", help="bounce.toml of another name or place"
    )

    def command(name: str, run: Any, about: str) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=about, description=about, parents=[shared])
        added.set_defaults(run=run)
        return added

    command("serve", _serve, "run the bot")
    demo = command("demo", _demo, "run the bot against a local stand-in of Slack")
    demo.add_argument("--once", action="store_true", help="replay, print what is shown, exit")
    demo.add_argument("--port", type=_port, default=3100, help="of the page; 0: any free one")
    demo.add_argument("--database", default="", metavar="URL", help="instead of a new SQLite file")
    demo.add_argument("--json", action="store_true", help="with --once: one JSON object")
    command("doctor", _doctor, "look at all that a running bot needs")
    manifest = command("manifest", _manifest, "print the manifest of the Slack app")
    manifest.add_argument(
        "--url", default="", help="public address of the bot; without: Socket Mode"
    )
    command("migrate", _migrate, "bring the database up to date")
    explain = command("explain", _explain, "what a reason, code or reply means, and what to do")
    explain.add_argument("words", nargs="+")
    _add_diagnose(command("diagnose", _diagnose, "find the reason of a reply, of lines, of mails"))
    evaluate = command("evaluate", _evaluate, "measure the diagnosis on labelled replies")
    evaluate.add_argument("file", type=Path, metavar="FILE.jsonl")
    _add_quarantine(command("quarantine", _quarantine, "what was verified but not understood"))
    _add_jobs(command("jobs", _jobs, "what is to be done, is being done, could not be done"))
    return parser


def _add_diagnose(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("text", nargs="*", help="the reply, as the server gave it")
    parser.add_argument("--code", default="", help="SMTP reply code")
    parser.add_argument("--status", default="", help="enhanced status code")
    parser.add_argument("--remote-host", default="", metavar="HOST")
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


def _add_quarantine(parser: argparse.ArgumentParser) -> None:
    deeds = parser.add_subparsers(dest="deed", metavar="list|show|replay", required=True)
    deeds.add_parser("list", help="a line each").add_argument("--source", default="")
    deeds.add_parser("show", help="one, whole").add_argument("number", type=int)
    replay = deeds.add_parser("replay", help="read again; without numbers: all")
    replay.add_argument("numbers", type=int, nargs="*")


def _add_jobs(parser: argparse.ArgumentParser) -> None:
    deeds = parser.add_subparsers(dest="deed", metavar="list|retry|cancel", required=True)
    listed = deeds.add_parser("list", help="a line each")
    listed.add_argument("--all", action="store_true", help="those that ended too")
    deeds.add_parser("retry", help="a dead one").add_argument("number", type=int)
    deeds.add_parser("cancel", help="a waiting one").add_argument("number", type=int)


def _port(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) > 65_535:
        raise argparse.ArgumentTypeError("a port is a number from 0 to 65535")
    return int(text)


# The bot


def _settings(chosen: argparse.Namespace) -> "Settings":
    from bot.settings import load_settings

    return load_settings(chosen.config)


def _serve(chosen: argparse.Namespace) -> int:
    from bot.logs import set_up_logs
    from bot.serving import run, serve

    settings = _settings(chosen)
    set_up_logs()
    run(serve(settings))
    return 0


def _demo(chosen: argparse.Namespace) -> int:
    from bot.logs import set_up_logs
    from bot.sandbox.demo import DemoError, Options, run_once
    from bot.serving import run

    if chosen.json and not chosen.once:
        raise UsageError("--json goes with --once: bounce demo --once --json")
    set_up_logs(level=30)
    options = Options(port=chosen.port, database=chosen.database)
    if not chosen.once:
        run(_stay(options))
        return 0
    try:
        report = run(run_once(options))
    except DemoError as error:
        return _complain(str(error))
    print(_json(report.as_dict()) if chosen.json else report.as_text())
    return 0 if report.is_good else 1


async def _stay(options: Any) -> None:
    from bot.sandbox.demo import run
    from bot.serving import stop_signal

    def opened(url: str) -> None:
        print(f"Open {url} in a browser: #deliverability, with samples of six sources.")
        print(
            "Everything there works; try /bounce explain quota. Ctrl+C ends the demo.", flush=True
        )

    await run(options, opened, stop_signal())


def _doctor(chosen: argparse.Namespace) -> int:
    import asyncio

    return asyncio.run(_examine(_settings(chosen)))


async def _examine(settings: "Settings") -> int:
    from bot.doctor import State, examine
    from bot.manifest import bot_scopes

    code = 0
    async for finding in examine(settings, bot_scopes()):
        print(f"{finding.state:<8} {finding.part}: {finding.text}", flush=True)
        if finding.state is State.FAULT:
            code = 1
    return code


def _manifest(chosen: argparse.Namespace) -> int:
    from bot.manifest import manifest

    try:
        print(manifest(chosen.url), end="")
    except ValueError as error:
        raise UsageError(f"--url: {error}") from error
    return 0


def _migrate(chosen: argparse.Namespace) -> int:
    import asyncio

    from bot.config_file import SettingsError
    from bot.store.migration import migrate

    url = _settings(chosen).database.url.get_secret_value()
    try:
        print(asyncio.run(migrate(url)))
    except (OSError, ValueError) as error:
        raise SettingsError(f"database.url: {error}") from error
    return 0


# What is known


def _explain(chosen: argparse.Namespace) -> int:
    from bot.terminal import explained

    print(explained(" ".join(chosen.words), _rules(chosen)))
    return 0


def _diagnose(chosen: argparse.Namespace) -> int:
    from bot.diagnosing import Question, diagnose_lines, diagnose_mails, diagnose_one
    from bot.terminal import diagnosed

    text = " ".join(chosen.text)
    asked = bool(text or chosen.code or chosen.status or (chosen.provider and chosen.verdict))
    ways = [asked, chosen.jsonl is not None, chosen.mail is not None]
    if ways.count(True) != 1:
        raise UsageError("give a reply, or --jsonl [FILE], or --mail PATH: bounce diagnose --help")
    rules = _rules(chosen)
    if chosen.mail is not None:
        return _write(diagnose_mails(chosen.mail, rules))
    if chosen.jsonl is not None:
        return _write(diagnose_lines(_lines(chosen.jsonl), rules))
    question = Question(
        text=text,
        code=chosen.code,
        status=chosen.status,
        remote_host=chosen.remote_host,
        provider=chosen.provider,
        verdict=chosen.verdict,
    )
    try:
        answer = diagnose_one(question, rules)
    except ValueError as error:
        raise UsageError(str(error)) from error
    print(_json(answer.as_dict()) if chosen.json else diagnosed(answer, rules))
    return 0


def _evaluate(chosen: argparse.Namespace) -> int:
    from bot.evaluation import evaluate

    evaluation = evaluate(_lines(str(chosen.file)), _rules(chosen))
    print(evaluation.as_text())
    return 0


def _rules(chosen: argparse.Namespace) -> Any:
    from bot.diagnosing import OwnFiles

    return OwnFiles.of(chosen.config)


def _lines(name: str) -> Iterator[bytes]:
    if name == "-":
        yield from sys.stdin.buffer
        return
    try:
        with Path(name).open("rb") as file:
            yield from file
    except OSError as error:
        raise UsageError(f"{name}: cannot be read ({error.strerror})") from error


def _write(pieces: Iterator[str]) -> int:
    """Write answers as they come; a terminal beside is told how many there are."""
    watched = sys.stderr.isatty() and not sys.stdout.isatty()
    written = 0
    for piece in pieces:
        sys.stdout.write(piece)
        sys.stdout.flush()
        written += piece.count("\n")
        if watched:
            print(f"\r{written:,} answers", end="", file=sys.stderr, flush=True)
    if watched:
        print(file=sys.stderr)
    return 0


def _json(value: Any) -> str:
    import json

    return json.dumps(value, ensure_ascii=False)


# The store


def _quarantine(chosen: argparse.Namespace) -> int:
    from bot import upkeep

    settings = _settings(chosen)
    if chosen.deed == "show":
        return _kept(chosen, settings)
    try:
        if chosen.deed == "list":
            lines = _asked(upkeep.list_quarantine(settings, chosen.source))
        else:
            lines = _asked(upkeep.replay_quarantine(settings, chosen.numbers))
    except upkeep.UpkeepError as error:
        return _complain(str(error))
    print("\n".join(lines) or "The quarantine is empty.")
    return 0


def _kept(chosen: argparse.Namespace, settings: "Settings") -> int:
    from bot import upkeep

    try:
        one = _asked(upkeep.show_quarantine(settings, chosen.number))
    except upkeep.UpkeepError as error:
        return _complain(str(error))
    for name, value in one.headers.items():
        print(f"{name}: {value}")
    print(f"\n{one.why}\n", flush=True)
    sys.stdout.buffer.write(one.body + b"\n")
    return 0


def _jobs(chosen: argparse.Namespace) -> int:
    from bot import upkeep
    from handlers.store import JobState

    settings = _settings(chosen)
    try:
        if chosen.deed == "list":
            states = [] if chosen.all else [JobState.WAITING, JobState.RUNNING, JobState.DEAD]
            print("\n".join(_asked(upkeep.list_jobs(settings, states))) or "There are no jobs.")
        elif chosen.deed == "retry":
            print(_asked(upkeep.retry_job(settings, chosen.number)))
        else:
            print(_asked(upkeep.cancel_job(settings, chosen.number)))
    except upkeep.UpkeepError as error:
        return _complain(str(error))
    return 0


def _asked(work: Any) -> Any:
    import asyncio

    return asyncio.run(work)


if __name__ == "__main__":
    sys.exit(main())
