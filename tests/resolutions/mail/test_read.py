"""Whole mails: each of `mails/` must report what `mails/expected.toml` says of it."""

import tomllib
from collections import defaultdict
from datetime import UTC, datetime
from typing import Any

import pytest

from resolutions.bounce import Kind
from resolutions.diagnosis.diagnose import diagnose
from resolutions.diagnosis.result import PastedReply
from resolutions.mail.read import MailReport, read
from tests.resolutions.mail.made import MAILS, mail_of


def expected() -> dict[str, list[dict[str, str]]]:
    rows = defaultdict(list)
    for row in tomllib.loads((MAILS / "expected.toml").read_text())["mail"]:
        rows[row["file"]].append(row)
    return dict(rows)


EXPECTED = expected()


def fields_of(report: MailReport) -> dict[str, Any]:
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


def test_every_mail_is_expected_to_report_something():
    assert {path.name for path in MAILS.glob("*.eml")} == set(EXPECTED)


@pytest.mark.parametrize("file", EXPECTED)
def test_mail_reports_its_recipients_and_what_the_server_said(file):
    reports = read((MAILS / file).read_bytes())

    assert len(reports) == len(EXPECTED[file])
    for report, row in zip(reports, EXPECTED[file], strict=True):
        fields = fields_of(report)
        wanted = {name: row[name] for name in fields if name in row}
        assert {name: fields[name] for name in wanted} == wanted
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
