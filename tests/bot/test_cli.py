"""The command line: what it prints, where, and with which exit code."""

import json
import subprocess
import sys

import pytest

from bot.cli import main

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


def test_a_reader_that_leaves_early_is_no_fault(tmp_path):
    (tmp_path / "replies.jsonl").write_text('{"text": "550 5.1.1 user unknown"}\n' * 20_000)
    command = [sys.executable, "-m", "bot.cli", "diagnose", "--jsonl", "replies.jsonl"]

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

    assert bounce("quarantine", "list")[:2] == (0, "The quarantine is empty.\n")
    assert bounce("jobs", "list")[:2] == (0, "There are no jobs.\n")
    assert bounce("jobs", "retry", "7")[0] == 1
    assert bounce("quarantine", "show", "7")[0] == 1


def test_the_manifest_is_for_socket_mode_or_an_address(bounce):
    socket = bounce("manifest")[1]
    http = bounce("manifest", "--url", "https://bounce.example.com")[1]

    assert "socket_mode_enabled: true" in socket
    assert "https://bounce.example.com/slack/events" in http
