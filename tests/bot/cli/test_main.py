"""The command line: what it prints, where, and with which exit code."""

import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest

from bot.cli.main import main
from bot.cli.parser import COMMANDS
from resolutions.catalogue.resolution import Catalogue

SLACK = '[slack]\nchannel = "C01DELIV"\nbot_token = "xoxb-1"\nsigning_secret = "s"\n'


@pytest.fixture
def bounce(capsys, tmp_path, monkeypatch):
    """Run a command in an empty folder; return exit code, stdout, stderr."""
    monkeypatch.chdir(tmp_path)
    for name in ("BOUNCE_CONFIG", "BOUNCE_SLACK__CHANNEL", "BOUNCE_SLACK__BOT_TOKEN"):
        monkeypatch.delenv(name, raising=False)

    def run(*arguments: str) -> tuple[int, str, str]:
        try:
            code = main(arguments)
        except SystemExit as ended:
            code = int(ended.code or 0)
        return code, *capsys.readouterr()

    return run


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_tells_its_words(bounce, command):
    code, out, _ = bounce(command, "--help")

    assert code == 0
    assert out.startswith(f"usage: bounce {command} ")
    assert COMMANDS[command] in out


def test_every_command_is_named_before_any_is_loaded(bounce):
    out = bounce("--help")[1]

    assert all(f"\n    {name} " in out for name in COMMANDS)


@pytest.mark.parametrize("words", [["quota"], ["552", "5.2.2"], ["mailbox", "full"]])
def test_explain_finds_the_reason(bounce, words):
    code, out, err = bounce("explain", *words)

    assert (code, err) == (0, "")
    assert "quota-issues" in out.splitlines()[0]


def test_diagnose_answers_people(bounce):
    code, out, _ = bounce("diagnose", "550 5.1.1 mailbox full")

    assert code == 0
    assert out.startswith("quota-issues (likely")
    assert "bad-mailbox" in out


def test_diagnose_answers_programs(bounce):
    code, out, _ = bounce("diagnose", "550 5.1.1 mailbox full", "--json")

    answer = json.loads(out)
    assert code == 0
    assert answer["reason"] == "quota-issues"
    assert answer["also"] == ["bad-mailbox"]
    assert {"kind", "rule", "matched"} == set(answer["evidence"][0])


def test_a_provider_s_verdict_alone_is_diagnosed(bounce):
    code, out, _ = bounce(
        "diagnose", "--provider", "ses", "--verdict", "Transient/MailboxFull", "--json"
    )

    assert code == 0
    assert json.loads(out)["reason"] == "quota-issues"


def test_lines_are_answered_in_order_and_a_bad_one_harms_no_other(bounce, tmp_path):
    lines = ['{"id": 1, "text": "550 5.1.1 user unknown"}', "{broken", '{"id": 3, "text": "x"}']
    (tmp_path / "replies.jsonl").write_text("\n".join(lines))

    code, out, _ = bounce("diagnose", "--jsonl", "replies.jsonl")

    answers = [json.loads(line) for line in out.splitlines()]
    assert code == 0
    assert answers[0]["id"] == 1
    assert answers[0]["reason"] == "bad-mailbox"
    assert "error" in answers[1]
    assert answers[2]["id"] == 3


@pytest.mark.process
def test_a_reader_that_leaves_early_is_no_fault(tmp_path):
    (tmp_path / "replies.jsonl").write_text('{"text": "550 5.1.1 user unknown"}\n' * 20_000)
    command = [sys.executable, "-m", "bot.cli.main", "diagnose", "--jsonl", "replies.jsonl"]

    with subprocess.Popen(
        command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        line = process.stdout.readline()
        process.stdout.close()
        complaints = process.stderr.read()

    assert json.loads(line)["reason"] == "bad-mailbox"
    assert complaints == b""


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["quarantine"],
        ["jobs"],
        ["expalin", "quota"],
        ["diagnose"],
        ["diagnose", "550 x", "--jsonl", "-"],
        ["diagnose", "550 x", "--provider", "sess", "--verdict", "x"],
        ["diagnose", "--jsonl", "missing.jsonl"],
        ["demo", "--json"],
        ["demo", "--port", "many"],
        ["manifest", "--url", "http://bounce.example.com"],
        ["serve"],
        ["doctor"],
        ["serve", "--config", "missing.toml"],
        ["diagnose", "550 x", "--unmatched"],
        ["diagnose", "--code", "abc"],
        ["diagnose", "--status", "9.9.9", "user unknown"],
        ["diagnose", "--unmatched"],
        ["jobs", "list"],
        ["quarantine", "list"],
        ["quarantine", "list", "--config", "missing.toml"],
        ["evaluate", "missing.jsonl"],
    ],
)
def test_wrong_use_says_what_to_do_and_ends_with_2(bounce, arguments):
    code, out, err = bounce(*arguments)

    assert code == 2
    assert out == ""
    assert err.strip()


def test_a_missing_token_is_one_line_with_key_and_remedy(bounce, tmp_path):
    (tmp_path / "bounce.toml").write_text('[slack]\nchannel = "C01DELIV"\nsigning_secret = "s"\n')

    code, _, err = bounce("serve")

    assert code == 2
    assert err.count("\n") == 1
    assert "slack.bot_token" in err
    assert "BOUNCE_SLACK__BOT_TOKEN" in err


def test_migrate_says_what_it_did_and_may_run_again(bounce, tmp_path):
    (tmp_path / "bounce.toml").write_text(SLACK)

    first = bounce("migrate")
    second = bounce("migrate")

    assert first[0] == second[0] == 0
    assert first[1] != second[1]


def test_an_empty_quarantine_and_no_jobs_are_said_so(bounce, tmp_path):
    (tmp_path / "bounce.toml").write_text(SLACK)

    bounce("migrate")

    assert bounce("quarantine", "list")[:2] == (0, "The quarantine is empty.\n")
    assert bounce("jobs", "list")[:2] == (0, "There are no jobs.\n")
    assert bounce("jobs", "retry", "7")[0] == 1
    assert bounce("quarantine", "show", "7")[0] == 1


def test_the_manifest_is_for_socket_mode_or_an_address(bounce):
    socket = bounce("manifest")[1]
    http = bounce("manifest", "--url", "https://bounce.example.com")[1]

    assert "socket_mode_enabled: true" in socket
    assert "https://bounce.example.com/slack/events" in http


def test_what_looks_at_the_store_needs_no_token_and_says_where_it_looks(bounce, tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "bounce.toml").write_text('[database]\nurl = "sqlite:///b.db"\n')
    file = ("--config", "data/bounce.toml")
    bounce("migrate", *file)

    for words in (["jobs", "list"], ["quarantine", "list"], ["diagnose", "--unmatched"]):
        code, out, err = bounce(*words, *file)
        assert code == 0
        assert out
        assert err == f"database: sqlite:///{tmp_path}/data/b.db\n"


def test_a_missing_database_is_said_and_not_made(bounce, tmp_path):
    code, _, err = bounce("jobs", "list")

    assert code == 2
    assert f"there is no file {tmp_path}/bounce.db" in err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "words",
    [
        ["--config", "data.toml", "quarantine", "list"],
        ["quarantine", "--config", "data.toml", "list"],
        ["quarantine", "list", "--config", "data.toml"],
    ],
)
def test_the_file_is_named_before_or_after_the_command(bounce, tmp_path, words):
    (tmp_path / "data.toml").write_text('[database]\nurl = "sqlite:///other.db"\n')
    bounce("migrate", "--config", "data.toml")

    code, _, err = bounce(*words)

    assert code == 0
    assert "other.db" in err


def test_the_doctor_names_every_fault_and_the_missing_file(bounce, tmp_path):
    code, out, err = bounce("doctor")

    assert (code, out) == (2, "")
    assert f"there is no bounce.toml in {tmp_path}" in err
    for key in ("slack.channel", "slack.bot_token", "slack.signing_secret"):
        assert f"bounce: {key}: missing" in err


def test_the_version_is_said(bounce):
    code, out, _ = bounce("--version")

    assert code == 0
    assert out.startswith("bounce-desk ")


def test_explain_alone_lists_all_reasons(bounce):
    code, out, _ = bounce("explain")

    lines = out.splitlines()
    assert code == 0
    assert {line.split()[0] for line in lines[1:]} == set(Catalogue.load())


def test_a_mail_that_is_not_there_is_a_failure(bounce):
    code, out, err = bounce("diagnose", "--mail", "none.eml")

    assert code == 1
    assert "cannot be read" in json.loads(out)["error"]
    assert "none.eml: there is no such file or folder" in err


def test_a_folder_without_mails_is_no_failure_and_said(bounce, tmp_path):
    (tmp_path / "mails").mkdir()

    code, out, err = bounce("diagnose", "--mail", "mails")

    assert (code, out, err) == (0, "", "no mail in mails\n")


def test_nothing_that_is_pasted_moves_the_cursor_or_turns_the_text(bounce):
    text = bounce("explain", "\x1b[2J\u202equota\ud800")[1]
    text += bounce("diagnose", "5.7.1 \x1b[2J\u202e user unknown")[1]

    text.encode()
    assert not {"\x1b", "\u202e", "\r", "\b"} & set(text)


def test_an_evaluation_without_a_usable_line_is_a_failure(bounce, tmp_path):
    (tmp_path / "odd.jsonl").write_text('{"text": "550 no"}\n')

    code, out, err = bounce("evaluate", "odd.jsonl")

    assert (code, out) == (1, "")
    assert "line 1: expected must be" in err


def test_what_an_evaluated_reply_holds_does_not_reach_the_terminal_as_control(bounce, tmp_path):
    record = {"id": "\x1b[1m\n", "text": "550 user unknown \x1b[2J", "expected": ["unknown"]}
    (tmp_path / "odd.jsonl").write_text(json.dumps(record))

    code, out, _ = bounce("evaluate", "odd.jsonl")

    assert code == 0
    assert "550 user unknown" in out
    assert "\x1b" not in out


def test_a_replay_that_fails_is_a_failure(bounce, tmp_path):
    (tmp_path / "bounce.toml").write_text(SLACK)
    bounce("migrate")
    row = ("gone", 1, "the field Type is missing", b"{}", "{}")
    with closing(sqlite3.connect(tmp_path / "bounce.db")) as database, database:
        database.execute(
            "INSERT INTO quarantine (source, received_at, why, body, headers)"
            " VALUES (?, ?, ?, ?, ?)",
            row,
        )

    code, out, err = bounce("quarantine", "replay")

    assert code == 1
    assert out == "1: there is no source gone any more; kept\n"
    assert "bounce: 1 of 1 stay in quarantine" in err
    assert "the field Type is missing" in bounce("quarantine", "list")[1]


@pytest.mark.process
@pytest.mark.parametrize("missing", ["aiosmtpd", "standardwebhooks"])
def test_a_demo_without_its_extra_says_what_to_install(missing):
    code = f"import sys; sys.modules[{missing!r}] = None; from bot.cli.main import main;"
    command = [sys.executable, "-c", f"{code} sys.exit(main(['demo', '--once']))"]

    ran = subprocess.run(command, capture_output=True, text=True, check=False)

    assert (ran.returncode, ran.stdout) == (2, "")
    assert missing in ran.stderr
    assert "pip install 'bounce-desk[demo]'" in ran.stderr


@pytest.mark.parametrize("words", [["quota"], ["552 5.2.2"], ["no", "such", "words"], [""]])
@pytest.mark.parametrize("command", ["explain", "diagnose"])
def test_words_alone_are_answered_as_with_a_parser(bounce, command, words):
    assert bounce(command, *words) == bounce(command, *words, "--config", os.devnull)
