"""`bounce diagnose`: one reply, JSON lines in and out, raw mails; nothing stops the rest."""

import json
import os
import threading
from collections.abc import Generator
from pathlib import Path
from typing import Any, cast

import pytest

from bot.cli.bulk.json_lines import ALONE, PIECE, diagnose_lines
from bot.cli.bulk.mails import diagnose_mails
from bot.cli.own_files import OwnFiles
from bot.cli.question import Question, fields_of
from bot.settings.source import SettingsError

OWN = OwnFiles()
REPORT = """\
From: Mail Delivery System <MAILER-DAEMON@mx.example.net>
To: sender@example.com
Subject: Undelivered Mail Returned to Sender
Date: Mon, 15 Jun 2026 09:12:00 +0000
Message-ID: <{id}@mx.example.net>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

Your message could not be delivered.

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.net

{recipients}
--b--
"""
FAILED = """\
Final-Recipient: rfc822; {address}
Action: {action}
Status: {status}
Remote-MTA: dns; mx.example.org
Diagnostic-Code: smtp; {text}
"""


def answer_to(own=OWN, **known):
    return fields_of(Question(**known).diagnosis(own.rulebook()))


def asked(*records):
    lines = [
        each if isinstance(each, bytes) else json.dumps(each).encode() + b"\n" for each in records
    ]
    return [json.loads(line) for line in "".join(diagnose_lines(lines, OWN)).splitlines()]


def failed(
    address="ana@example.org", action="failed", status="5.1.1", text="550 5.1.1 user unknown"
):
    return FAILED.format(address=address, action=action, status=status, text=text)


def mail(*recipients, number=1):
    return REPORT.format(id=number, recipients="\n".join(recipients or [failed()])).encode()


def mails(*paths):
    return [json.loads(line) for line in "".join(diagnose_mails(paths, OWN)).splitlines()]


# One reply


def test_one_reply_is_answered_with_its_evidence():
    fields = answer_to(text="550 5.1.1 mailbox full")

    decided, against = fields.pop("evidence")
    assert fields == {
        "reason": "quota-issues",
        "confidence": "likely",
        "permanence": "permanent",
        "also": ["bad-mailbox"],
    }
    assert (decided["kind"], decided["matched"]) == ("wording", "mailbox full")
    assert against == {
        "kind": "against-status",
        "rule": "status/bad-mailbox",
        "matched": "5.1.1",
    }


def test_code_and_status_beside_the_text_count():
    answer = answer_to(text="no", code="552", status="5.2.2")

    assert answer["reason"] == "quota-issues"


def test_an_unknown_provider_is_refused_with_the_known_ones():
    with pytest.raises(ValueError, match="provider sess is not known; known are: "):
        answer_to(text="", provider="sess", verdict="Permanent/General")


def test_a_verdict_needs_its_provider():
    with pytest.raises(ValueError, match="a verdict needs its provider"):
        answer_to(text="", verdict="Permanent/General")


def test_the_providers_class_decides_where_the_reply_is_silent():
    answer = answer_to(text="", provider="ses", verdict="Transient/MailboxFull")

    assert answer["reason"] == "quota-issues"
    assert answer["permanence"] == "transient"


# JSON lines


def test_one_object_comes_out_for_each_that_goes_in_and_in_its_order():
    answers = asked(
        {"id": "a", "text": "552 5.2.2 mailbox full"},
        {"id": 2, "text": "550 5.1.1 user unknown", "remote_host": "mx.example.org"},
        {"id": None, "text": "I am out of the office"},
        {"text": "This is an email abuse report for an email message received from IP 192.0.2.1"},
    )

    assert [answer["id"] for answer in answers] == ["a", 2, None, None]
    assert [answer["reason"] for answer in answers] == [
        "quota-issues",
        "bad-mailbox",
        "auto-reply",
        "complaint",
    ]
    assert list(answers[0]) == ["id", "reason", "confidence", "permanence", "evidence", "also"]


def test_a_line_says_the_same_as_one_reply():
    for text in ["550 5.1.1 mailbox full", '550 5.1.1 "müll" \ud800 \x1b[2J user unknown', ""]:
        (line,) = asked({"id": 1, "text": text})
        line.pop("id")

        assert line == answer_to(text=text)


@pytest.mark.parametrize(
    ("line", "known", "error"),
    [
        (b"{broken\n", None, "not valid JSON"),
        (b"[1]\n", None, "not a JSON object"),
        (b"7\n", None, "not a JSON object"),
        ({"id": 7}, 7, "text is missing"),
        ({"id": 7, "text": ["x"]}, 7, "text must be text"),
        ({"id": 7, "text": 550}, 7, "text must be text"),
        ({"id": 7, "text": False}, 7, "text must be text"),
        ({"id": 7, "text": "x", "code": {}}, 7, "code must be text"),
        ({"id": 7, "text": "x", "provider": "sess", "verdict": "y"}, 7, "known are: "),
        ({"id": 7, "text": "x", "verdict": "y"}, 7, "a verdict needs its provider"),
        (b'{"id": 7, "text": ' + b"[" * 100_000 + b"\n", None, ""),
    ],
)
def test_a_bad_line_is_answered_with_its_error_and_the_rest_goes_on(line, known, error):
    before, bad, after = asked({"id": 1, "text": "user unknown"}, line, {"id": 3, "text": "x"})

    assert (before["id"], after["id"]) == (1, 3)
    assert bad.get("id") == known
    assert bad["line"] == 2
    assert error in bad["error"]


@pytest.mark.parametrize(
    "line",
    [
        {"text": None, "code": 552, "status": "5.2.2"},
        {"text": "mailbox full", "code": None, "recipient": "a@b.example", "expected": ["x"]},
        {"text": "mailbox full", "provider": "ses"},
        b'\xef\xbb\xbf{"text": "mailbox full"}\r\n',
        b'{"text": "mailbox full \xff\xfe"}\n',
        b'{"text": "mailbox full"}',
        {"text": "mailbox full " + "x" * 1_000_000},
    ],
)
def test_lines_are_taken_as_people_write_them(line):
    (answer,) = asked(line)

    assert answer["reason"] == "quota-issues"


def test_blank_lines_say_nothing():
    assert asked(b"\n", b"  \r\n", {"text": "mailbox full"}, b"\n") == asked(
        {"text": "mailbox full"}
    )
    assert asked() == []


@pytest.mark.process
def test_big_inputs_are_answered_in_order_with_the_number_of_a_bad_line():
    count = 20 * ALONE * PIECE // 1_000
    records: list[Any] = [{"id": n, "text": f"user{n} unknown " + "x" * 950} for n in range(count)]
    records[count - 5] = b"broken\n"

    answers = asked(*records)

    assert len(answers) == count
    assert answers[count - 5]["line"] == count - 4
    del answers[count - 5], records[count - 5]
    assert [answer["id"] for answer in answers] == [record["id"] for record in records]


@pytest.mark.process
def test_reading_ahead_is_bounded():
    taken = 0

    def lines():
        nonlocal taken
        while True:
            taken += 1
            yield json.dumps({"id": taken, "text": "x" * 1_000}).encode() + b"\n"

    answers = cast("Generator[str]", diagnose_lines(lines(), OWN))
    for _ in range(ALONE + 4):
        next(answers)
    answers.close()

    assert taken < 200 * (os.cpu_count() or 1) * 3 + 2_000
    assert threading.active_count() < 10


# Raw mails


def test_every_recipient_of_a_mail_has_an_object(tmp_path):
    file = tmp_path / "report.eml"
    file.write_bytes(
        mail(
            failed(),
            failed("bo@example.org", "delayed", "4.2.2", "452 4.2.2 mailbox full"),
        )
    )

    first, second = mails(file)

    assert list(first) == [
        "file",
        "index",
        "kind",
        "recipient",
        "text",
        "code",
        "status",
        "remote_host",
        "reason",
        "confidence",
        "permanence",
        "evidence",
        "also",
    ]
    assert first["file"] == str(file)
    assert (first["index"], second["index"]) == (1, 2)
    assert (first["kind"], second["kind"]) == ("bounce", "delay")
    assert (first["recipient"], second["recipient"]) == ("ana@example.org", "bo@example.org")
    assert (first["reason"], second["reason"]) == ("bad-mailbox", "quota-issues")
    assert (first["code"], first["status"]) == ("550", "5.1.1")
    assert first["remote_host"] == "mx.example.org"
    assert second["permanence"] == "transient"


def test_a_mail_that_reports_nothing_is_said_to_be_no_bounce(tmp_path):
    file = tmp_path / "hello.eml"
    file.write_bytes(b"From: a@b.example\nSubject: Hello\n\n550 5.1.1 user unknown\n")

    (answer,) = mails(file)

    assert (answer["kind"], answer["reason"]) == ("not-a-bounce", "not-a-bounce")


def test_folders_are_read_with_all_that_is_in_them_in_the_order_of_names(tmp_path):
    (tmp_path / "b" / "new").mkdir(parents=True)
    for name in ["z.eml", "a.eml", "b/new/1.M2:2,S", ".hidden"]:
        (tmp_path / name).write_bytes(mail())
    os.mkfifo(tmp_path / "pipe")

    answers = mails(tmp_path)

    names = [str(Path(answer["file"]).relative_to(tmp_path)) for answer in answers]
    assert names == ["a.eml", "z.eml", "b/new/1.M2:2,S"]


def test_a_file_that_cannot_be_read_is_answered_with_its_error(tmp_path):
    good, missing = tmp_path / "good.eml", tmp_path / "missing.eml"
    good.write_bytes(mail())
    (tmp_path / "dead.eml").symlink_to(missing)

    first, *inside = mails(missing, tmp_path)

    assert first == {
        "file": str(missing),
        "index": 1,
        "error": "cannot be read: No such file or directory",
    }
    assert "cannot be read" in inside[0]["error"]
    assert inside[1]["reason"] == "bad-mailbox"


@pytest.mark.process
def test_an_mbox_file_is_read_mail_by_mail(tmp_path):
    file = tmp_path / "mbox"
    separator = b"From MAILER-DAEMON Mon Jun 15 09:12:00 2026\n"
    file.write_bytes(b"\n".join(separator + mail(number=number) for number in range(150)))

    answers = mails(file)

    assert [answer["index"] for answer in answers] == list(range(1, 151))
    assert {answer["reason"] for answer in answers} == {"bad-mailbox"}


@pytest.mark.process
def test_many_mails_are_answered_in_order(tmp_path):
    for number in range(300):
        path = tmp_path / f"{number:03}.eml"
        path.write_bytes(mail(failed(f"user{number}@example.org")))

    answers = mails(tmp_path)

    assert [answer["recipient"] for answer in answers] == [
        f"user{number}@example.org" for number in range(300)
    ]
    assert {answer["index"] for answer in answers} == {1}


@pytest.mark.parametrize("content", [b"", b"\0" * 1_000, b"\xff" * 1_000, b"From \n\n", b"--b\n--"])
def test_any_bytes_are_answered(tmp_path, content):
    file = tmp_path / "x.eml"
    file.write_bytes(content)

    (answer,) = mails(file)

    assert answer["kind"] == "not-a-bounce"


# The own files


def test_the_configuration_names_own_rules_and_an_own_catalogue(tmp_path):
    rules, catalogue = tmp_path / "own.toml", tmp_path / "catalogue.toml"
    rules.write_text(
        '[[rule]]\nid = "own-moon"\nreason = "rate-limited"\ntext = "moon is full"\n'
        'example = "450 the moon is full"\n'
    )
    catalogue.write_text('[rate-limited]\ntitle = "Slower, please"\n')
    config = tmp_path / "bounce.toml"
    config.write_text(f'[rules]\nfiles = ["{rules}"]\ncatalogue = "{catalogue}"\n')

    own = OwnFiles.of(config)

    answer = answer_to(own, text="450 the moon is full")
    assert answer["evidence"][0] == {
        "kind": "operator",
        "rule": "own-moon",
        "matched": "moon is full",
    }
    assert own.resolutions()["rate-limited"].title == "Slower, please"


def test_own_files_that_cannot_be_used_are_named(tmp_path):
    config = tmp_path / "bounce.toml"
    config.write_text('[rules]\nfiles = "own.toml"\n')

    with pytest.raises(SettingsError, match=r"rules\.files"):
        OwnFiles.of(config)
    with pytest.raises(SettingsError, match=r"missing\.toml"):
        OwnFiles(rules=(tmp_path / "missing.toml",)).rulebook()
    with pytest.raises(SettingsError, match=r"missing\.toml"):
        OwnFiles(catalogue=tmp_path / "missing.toml").resolutions()
