"""Whole mails: each of `mails/` must report what `mails/expected.toml` says of it."""

import tomllib
from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from resolutions.bounce import Kind
from resolutions.diagnosis import PastedReply, diagnose
from resolutions.mail import MailReport, read
from resolutions.rules import Rulebook

MAILS = Path(__file__).parent / "mails"


def expected() -> dict[str, list[dict[str, str]]]:
    rows = defaultdict(list)
    for row in tomllib.loads((MAILS / "expected.toml").read_text())["mail"]:
        rows[row["file"]].append(row)
    return dict(rows)


EXPECTED = expected()


@pytest.fixture(scope="module")
def rulebook() -> Rulebook:
    return Rulebook.load(())


def said(report: MailReport) -> dict[str, Any]:
    return {
        "kind": report.kind.value,
        "recipient": report.recipient,
        "code": report.reply.code,
        "status": report.reply.status,
        "command": report.reply.command,
        "remote_host": report.remote_host,
        "final_recipient": report.final_recipient,
        "envelope_id": report.envelope_id,
    }


def mail_of(*headers: str, body: str = "") -> bytes:
    return ("\n".join(headers) + "\n\n" + body).encode()


def test_every_mail_is_expected_to_report_something():
    assert {path.name for path in MAILS.glob("*.eml")} == set(EXPECTED)


@pytest.mark.parametrize("file", EXPECTED)
def test_mail_reports_its_recipients_and_what_the_server_said(file):
    reports = read((MAILS / file).read_bytes())

    assert len(reports) == len(EXPECTED[file])
    for report, row in zip(reports, EXPECTED[file], strict=True):
        found = said(report)
        asked = {name: row[name] for name in found if name in row}
        assert {name: found[name] for name in asked} == asked
        assert row.get("words", "") in " ".join(report.reply.text.split())


@pytest.mark.parametrize("file", EXPECTED)
def test_mail_is_diagnosed(file, rulebook):
    reports = read((MAILS / file).read_bytes())

    for report, row in zip(reports, EXPECTED[file], strict=True):
        if "reason" in row:
            symptoms = PastedReply(report.reply, report.remote_host, kind=report.kind)
            assert diagnose(symptoms, rulebook).reason == row["reason"]


@pytest.mark.parametrize("file", ["postfix.eml", "qmail.eml", "exim.eml", "exchange-2007-ja.eml"])
def test_returned_message_is_recognised(file):
    report = read((MAILS / file).read_bytes())[0]

    assert report.subject == "Our summer offers"
    assert report.message_id == "<summer-7@shop.example>"
    assert report.from_domain == "shop.example"
    assert report.campaign == "<offers.shop.example>"
    assert report.reported_at == datetime(2026, 6, 15, 9, 58, 30, tzinfo=UTC)


def test_report_is_named_by_its_message_id_or_by_what_it_says():
    named = read(mail_of("Message-ID: <7@x.example>", body="hello"))[0]
    unnamed = read(mail_of("Subject: a", body="hello"))[0]
    same = read(mail_of("Subject: b", body="hello"))[0]
    other = read(mail_of("Subject: a", body="good-bye"))[0]

    assert named.report_id == "<7@x.example>"
    assert unnamed.report_id == same.report_id
    assert unnamed.report_id != other.report_id


def test_recipients_are_counted_over_all_mails_of_a_file():
    reports = read((MAILS / "mbox.eml").read_bytes() * 2)

    assert [report.index for report in reports] == [1, 2, 3, 4]


def test_mail_of_an_mbox_file_may_begin_right_behind_a_closing_boundary():
    first = (MAILS / "postfix.eml").read_bytes()
    file = b"From a@x.example Mon Jun 15 11:58:30 2026\n" + first
    file += b"From b@x.example Mon Jun 15 11:58:31 2026\n" + (MAILS / "qmail.eml").read_bytes()

    reports = read(file)

    assert [report.kind for report in reports] == [Kind.BOUNCE] * 4


@pytest.mark.parametrize(
    "word",
    ["failed", "Failed", "FAILED.", "failure", "failed (bad destination mailbox address)"],
)
def test_action_is_read_however_it_is_written(word):
    fields = f"Final-Recipient: rfc822; ana@x.example\nAction: {word}\nStatus: 5.1.1\n"

    report = read(mail_of("Content-Type: message/delivery-status", body=fields))[0]

    assert report.kind is Kind.BOUNCE


def test_recipient_without_an_action_is_judged_by_its_status():
    fields = "Final-Recipient: rfc822; ana@x.example\nStatus: 2.1.5\n"

    report = read(mail_of("Content-Type: message/delivery-status", body=fields))[0]

    assert report.kind is Kind.DELIVERED


@pytest.mark.parametrize("name", ["x-actual-recipient", "final-recipient", "original-recipient"])
def test_any_field_that_names_the_recipient_is_enough(name):
    fields = f"{name}: rfc822; ana@x.example\nAction: failed\nStatus: 5.1.1\n"

    assert read(mail_of("Content-Type: message/delivery-status", body=fields))[0].recipient == (
        "ana@x.example"
    )


def test_alias_is_not_condemned_with_its_member():
    report = read((MAILS / "postfix-alias.eml").read_bytes())[0]

    assert (report.recipient, report.final_recipient) == (
        "ana.new@else.example",
        "ana@receiver.example",
    )


@pytest.mark.parametrize(
    "header",
    [
        "Auto-Submitted: auto-replied",
        "X-Autoreply: yes",
        "Precedence: auto_reply",
        "Subject: Out of office: back on Monday",
        "Subject: [Auto-Reply] Our summer offers",
        "Subject: =?utf-8?B?6Ieq5YuV6L+U5L+h?=",
    ],
)
def test_machine_that_answers_for_a_person_reports_no_bounce(header):
    mail = mail_of(
        "From: Ana <ana@x.example>", header, body="<ben@x.example>:\n550 5.1.1 user unknown"
    )

    assert [(report.kind, report.recipient) for report in read(mail)] == [
        (Kind.AUTO_REPLY, "ana@x.example")
    ]


@pytest.mark.parametrize("answer", ["Re", "AW", "SV", "Antw", "RE", "回复", "Odp"])
def test_person_who_answers_a_bounce_reports_none(answer):
    mail = mail_of(
        "From: Ana <ana@x.example>",
        f"Subject: {answer}: Undelivered Mail Returned to Sender",
        body="Why?\n> <ben@x.example>: host mx.x.example[192.0.2.1] said: 550 5.1.1 unknown",
    )

    assert read(mail)[0].kind is Kind.NOT_A_BOUNCE
