"""Raw mails on disk: files, folders, and mbox files."""

from pathlib import Path

from bot.cli.bulk.mail_files import pieces_of, reports_of
from resolutions.bounce import Kind

FROM = "From MAILER-DAEMON Mon Jun 15 11:58:30 2026\n"
REPORT = """Return-Path: <>
From: MAILER-DAEMON@mx.example
Subject: Undelivered Mail
Content-Type: multipart/report; report-type=delivery-status; boundary=b

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example

Final-Recipient: rfc822; {address}
Action: failed
Status: 5.1.1
--b--
"""


def found(*paths: Path) -> list[tuple[str, str]]:
    reports = [report for piece in pieces_of(paths) for report in reports_of(piece)]
    return [
        (Path(file).name, report if isinstance(report, str) else report.recipient)
        for file, report in reports
    ]


def test_mbox_file_is_read_mail_by_mail_with_or_without_blank_lines_between(tmp_path):
    mbox = tmp_path / "mbox"
    mails = [REPORT.format(address=f"{name}@x.example") for name in ("ana", "ben", "cleo")]
    mbox.write_text(FROM + mails[0] + FROM + mails[1] + "\n" + FROM + mails[2])

    assert found(mbox) == [
        ("mbox", "ana@x.example"),
        ("mbox", "ben@x.example"),
        ("mbox", "cleo@x.example"),
    ]


def test_line_that_begins_with_from_ends_no_mail(tmp_path):
    mbox = tmp_path / "mbox"
    text = "From: a@x.example\nSubject: hello\n\nDear reader,\n\nFrom here on all is well.\n"
    mbox.write_text(FROM + text)

    assert len(found(mbox)) == 1


def test_folders_are_read_in_the_order_of_names_without_what_is_hidden(tmp_path):
    for name in ("b/2.eml", "b/1.eml", "a.eml", ".hidden.eml", ".git/3.eml"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(REPORT.format(address=f"{path.stem}@x.example"))

    assert [name for name, _ in found(tmp_path)] == ["a.eml", "1.eml", "2.eml"]


def test_missing_file_says_why_and_the_others_are_read(tmp_path):
    mail = tmp_path / "mail.eml"
    mail.write_text(REPORT.format(address="ana@x.example"))

    (_, why), (_, recipient) = found(tmp_path / "missing.eml", mail)

    assert why.startswith("cannot be read")
    assert recipient == "ana@x.example"


def test_empty_file_is_a_mail_that_reports_nothing(tmp_path):
    empty = tmp_path / "empty.eml"
    empty.touch()

    [piece] = pieces_of([empty])

    assert [report.kind for _, report in reports_of(piece)] == [Kind.NOT_A_BOUNCE]
