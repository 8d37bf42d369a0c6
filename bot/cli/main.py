"""The command line; the only module that prints. stdout is for results, stderr for the rest.

Each command imports what it needs when it runs, so that `explain` and `diagnose` start at once.
"""

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bot.cli.parser import parser
from bot.settings.source import SettingsError, configuration_file

if TYPE_CHECKING:
    from bot.settings.model import ReplaySettings, Settings, StoreSettings

USAGE = 2


class UsageError(Exception):
    """Words of the command line that do not go together; the text says what to do."""


class FailedError(Exception):
    """What was asked for cannot be done; the text says why."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code: 0, 1 something failed, 2 usage or configuration."""
    known = parser(COMMANDS)
    chosen = known.parse_args(arguments)
    if chosen.version:
        return _version()
    if "run" not in chosen:
        known.print_help(sys.stderr)
        return USAGE
    try:
        return int(chosen.run(chosen))
    except (SettingsError, UsageError) as error:
        return _complain(str(error), USAGE)
    except FailedError as error:
        return _complain(str(error))
    except BrokenPipeError:  # the reader has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        return 130


def _complain(text: str, code: int = 1) -> int:
    print(f"bounce: {text}", file=sys.stderr)
    return code


def _version() -> int:
    from importlib.metadata import PackageNotFoundError, version

    try:
        release = version("bounce-desk")
    except PackageNotFoundError:
        release = "run from its sources"
    print(f"bounce-desk {release} (Python {sys.version.partition(' ')[0]})")
    return 0


# The bot


def _settings(chosen: argparse.Namespace) -> "Settings":
    from bot.settings.model import load_settings

    return load_settings(chosen.config)


def _serve(chosen: argparse.Namespace) -> int:
    from bot.cli.serve import run, serve
    from bot.logs import set_up_logs

    settings = _settings(chosen)
    set_up_logs()
    run(serve(settings))
    return 0


def _demo(chosen: argparse.Namespace) -> int:
    from bot.cli.serve import run
    from bot.logs import set_up_logs
    from bot.sandbox.demo import DemoError, DemoOptions, run_once

    if chosen.json and not chosen.once:
        raise UsageError("--json goes with --once: bounce demo --once --json")
    set_up_logs(level=30)
    options = DemoOptions(port=chosen.port, database=chosen.database)
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
    from bot.cli.serve import stop_signal
    from bot.sandbox.demo import run

    def opened(url: str) -> None:
        print(f"Open {url} in a browser: #deliverability, with samples of six sources.")
        print(
            "Everything there works; try /bounce explain quota. Ctrl+C ends the demo.", flush=True
        )

    await run(options, opened, stop_signal())


def _doctor(chosen: argparse.Namespace) -> int:
    import asyncio

    try:
        settings = _settings(chosen)
    except SettingsError as error:
        for fault in [*filter(None, [error.note]), *error.faults]:
            _complain(fault)
        return USAGE
    file = configuration_file(chosen.config, os.environ)
    return asyncio.run(_examine(settings, f"from {file}" if file else "from variables alone"))


async def _examine(settings: "Settings", origin: str) -> int:
    from bot.cli.doctor import State, examine
    from bot.slack.manifest import bot_scopes

    code = 0
    async for finding in examine(settings, bot_scopes(), origin):
        print(f"{finding.state:<8} {finding.part}: {finding.text}", flush=True)
        if finding.state is State.FAULT:
            code = 1
    return code


def _manifest(chosen: argparse.Namespace) -> int:
    from bot.slack.manifest import manifest

    try:
        print(manifest(chosen.url), end="")
    except ValueError as error:
        raise UsageError(f"--url: {error}" if chosen.url else str(error)) from error
    return 0


def _migrate(chosen: argparse.Namespace) -> int:
    from bot.cli import admin as upkeep

    print(_asked(upkeep.migrate_database(_store_settings(chosen))))
    return 0


# What is known


def _explain(chosen: argparse.Namespace) -> int:
    from bot.cli.terminal import explained

    print(explained(" ".join(chosen.words), _rules(chosen)))
    return 0


def _diagnose(chosen: argparse.Namespace) -> int:
    from bot.cli.diagnose import Question, diagnose_lines, diagnose_one
    from bot.cli.terminal import diagnosed

    text = " ".join(chosen.text)
    asked = bool(text or chosen.code or chosen.status or (chosen.provider and chosen.verdict))
    lines = chosen.jsonl is not None and not chosen.unmatched
    if [asked, lines, chosen.mail is not None, chosen.unmatched].count(True) != 1:
        ways = "a reply, --jsonl [FILE], --mail PATH or --unmatched"
        raise UsageError(f"give one of {ways}: bounce diagnose --help")
    if chosen.unmatched:
        return _unmatched(chosen)
    rules = _rules(chosen)
    if chosen.mail is not None:
        return _mails(chosen.mail, rules)
    if lines:
        _write(diagnose_lines(_lines(chosen.jsonl), rules))
        return 0
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


def _mails(paths: Sequence[Path], rules: Any) -> int:
    from bot.cli.diagnose import diagnose_mails

    written = _write(diagnose_mails(paths, rules))
    if not written:
        print(f"no mail in {', '.join(map(str, paths))}", file=sys.stderr)
    code = 0
    for path in paths:
        if not path.exists():
            code = _complain(f"{path}: there is no such file or folder")
    return code


def _unmatched(chosen: argparse.Namespace) -> int:
    from bot.cli.unmatched import find_unmatched

    watched = sys.stderr.isatty()

    def tell(number: int) -> None:
        if watched:
            print(f"\r{number:,} bounces looked at", end="", file=sys.stderr, flush=True)

    found = _asked(find_unmatched(_store_settings(chosen), tell))
    if watched:
        print(file=sys.stderr)
    if chosen.json or chosen.jsonl is not None:
        _write(found.as_lines())
        return 0
    print(found.as_text())
    return 0


def _evaluate(chosen: argparse.Namespace) -> int:
    from bot.cli.evaluate import evaluate

    evaluation = evaluate(_lines(str(chosen.file)), _rules(chosen))
    if not evaluation.cases:
        why = f", {evaluation.unusable[0]}" if evaluation.unusable else ""
        return _complain(
            f"{chosen.file}: no line can be used{why}; what a line holds: bounce evaluate --help"
        )
    print(evaluation.as_text())
    return 0


def _rules(chosen: argparse.Namespace) -> Any:
    from bot.cli.diagnose import OwnFiles

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
    """Write answers as they come and return how many; a terminal beside is told meanwhile."""
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
    return written


def _json(value: Any) -> str:
    import json

    return json.dumps(value, ensure_ascii=False)


# The store


def _store_settings(chosen: argparse.Namespace) -> "StoreSettings":
    """Return what the store needs of the settings, and tell which database it is."""
    from bot.settings.model import StoreSettings, load_some

    return _told(load_some(StoreSettings, chosen.config))


def _replay_settings(chosen: argparse.Namespace) -> "ReplaySettings":
    from bot.settings.model import ReplaySettings, load_some

    settings = load_some(ReplaySettings, chosen.config)
    _told(settings)
    return settings


def _told(settings: "StoreSettings") -> "StoreSettings":
    from bot.cli.admin import shown_database

    print(f"database: {shown_database(settings)}", file=sys.stderr)
    return settings


def _quarantine(chosen: argparse.Namespace) -> int:
    from bot.cli import admin as upkeep

    if chosen.deed == "replay":
        return _replay(chosen)
    settings = _store_settings(chosen)
    if chosen.deed == "list":
        lines = _asked(upkeep.list_quarantine(settings, chosen.source))
        print("\n".join(lines) or "The quarantine is empty.")
        return 0
    one = _asked(upkeep.show_quarantine(settings, chosen.number))
    for name, value in one.headers.items():
        print(f"{name}: {value}")
    print(f"\n{upkeep.plain(one.why)}\n", flush=True)
    sys.stdout.buffer.write(one.body + b"\n")
    return 0


def _replay(chosen: argparse.Namespace) -> int:
    from bot.cli import admin as upkeep

    done = _asked(upkeep.replay_quarantine(_replay_settings(chosen), chosen.numbers))
    print("\n".join(one.line for one in done) or "The quarantine is empty.")
    failed = sum(not one.understood for one in done)
    return _complain(f"{failed} of {len(done)} stay in quarantine") if failed else 0


def _jobs(chosen: argparse.Namespace) -> int:
    from bot.cli import admin as upkeep
    from handlers.store import JobState

    settings = _store_settings(chosen)
    if chosen.deed == "list":
        states = [] if chosen.all else [JobState.WAITING, JobState.RUNNING, JobState.DEAD]
        print("\n".join(_asked(upkeep.list_jobs(settings, states))) or "There are no jobs.")
    elif chosen.deed == "retry":
        print(_asked(upkeep.retry_job(settings, chosen.number)))
    else:
        print(_asked(upkeep.cancel_job(settings, chosen.number)))
    return 0


def _asked(work: Any) -> Any:
    """Ask the store; what it cannot do is a failure with a line for people."""
    import asyncio

    from bot.cli.admin import UpkeepError

    try:
        return asyncio.run(work)
    except UpkeepError as error:
        raise FailedError(str(error)) from error


COMMANDS = {
    "serve": _serve,
    "demo": _demo,
    "doctor": _doctor,
    "manifest": _manifest,
    "migrate": _migrate,
    "explain": _explain,
    "diagnose": _diagnose,
    "evaluate": _evaluate,
    "quarantine": _quarantine,
    "jobs": _jobs,
}


if __name__ == "__main__":
    sys.exit(main())
