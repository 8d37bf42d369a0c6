"""Whole mails: each of `mails/` must report what `mails/expected.toml` says of it."""

import tomllib
from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from resolutions.bounce import Kind
from resolutions.diagnosis.diagnose import PastedReply, diagnose
from resolutions.mail.read import MailReport, read

MAILS = Path(__file__).parent / "mails"


def expected() -> dict[str, list[dict[str, str]]]:
    rows = defaultdict(list)
    for row in tomllib.loads((MAILS / "expected.toml").read_text())["mail"]:
        rows[row["file"]].append(row)
    return dict(rows)


EXPECTED = expected()


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


@pytest.mark.parametrize(
    ("charset", "words"),
    [
        ("iso8859_2", "wiadomość nie została dostarczona, skrzynka pocztowa jest pełna"),
        ("cp1250", "zprávu se nepodařilo doručit, schránka je plná, uživatel neexistuje"),
        ("cp1252", "die Nachricht an den Empfänger konnte nicht zugestellt werden: überfüllt"),
        ("cp1254", "ileti gönderilemedi: adres geçersiz, böyle bir düğüm şu an yok"),
        ("cp1257", "vēstuli nevarēja piegādāt saņēmējam, pastkastīte ir pilna"),
        ("iso8859_7", "το μήνυμά σας δεν παραδόθηκε στον παραλήπτη"),
        ("cp1255", "הודעתך לא נמסרה לנמען, תיבת הדואר מלאה"),
        ("cp1256", "لم يتم تسليم رسالتك إلى المستلم، صندوق البريد ممتلئ"),
        ("cp874", "ไม่สามารถส่งข้อความของคุณไปยังผู้รับได้ กล่องจดหมายเต็ม"),
        ("cp1251", "ваше письмо не доставлено, почтовый ящик переполнен"),
        ("koi8_r", "ваше письмо не доставлено, почтовый ящик переполнен"),
        ("iso8859_5", "ваше письмо не доставлено, почтовый ящик переполнен"),
        ("gb18030", "您的邮件无法投递、收件人不存在、邮箱已满"),
        ("euc_jp", "お客様のメールは配信できませんでした。宛先が存在しません"),
        ("cp949", "메일이 전달되지 못했습니다. 존재하지 않는 사용자입니다"),
    ],
)
def test_words_are_read_though_no_charset_is_named(charset, words):
    mail = mail_of("From: MAILER-DAEMON@x.example", "Subject: failure notice")
    mail += f"<ana@x.example>:\n{words}\n".encode(charset)

    assert read(mail)[0].reply.text == words


LISTS = [
    "  {0}: {1}",
    "{0}\n    {1}",
    "- {0} => {1}",
    "  {0} ({1})",
    "{1}: <{0}>",
    "* {1}\n    {0}",
    "Ana, the first <{0}>\n    {1}",
    "Recipient: {0}\nReason: {1}\n",
    "Could not deliver to {0}.\nThe server said: {1}\n",
    "| {0} | {1} |",
    "收件人\uff1a{0}\n原因\uff1a{1}\n",
]


@pytest.mark.parametrize("line", LISTS)
def test_each_of_a_list_has_words_of_its_own_whatever_the_shape(line):
    told = {"ana@x.example": "user unknown", "ben@x.example": "mailbox full"}
    rows = "\n".join(line.format(address, words) for address, words in told.items())
    text = f"We are sorry, but your mail was returned.\n\n{rows}\n\nKind regards\n"

    reports = read(mail_of("From: postmaster@y.example", "Subject: Undelivered mail", body=text))

    assert {report.recipient: True for report in reports} == dict.fromkeys(told, True)
    for report in reports:
        (other,) = told.keys() - {report.recipient}
        assert told[report.recipient] in report.reply.text
        assert told[other] not in report.reply.text


@pytest.mark.parametrize(
    "closing",
    [
        "Questions? Contact help@y.example.",
        "Please write to staff@y.example if you need help.",
        "This mail is confidential. If it is not for you, tell security@y.example.",
        "Sender: offers@shop.example",
    ],
)
def test_address_to_write_to_is_no_recipient(closing):
    text = f"There is no mailbox for ana@x.example.\n\n{'-' * 20}\n{closing}\n"

    reports = read(mail_of("From: postmaster@y.example", "Subject: Undelivered mail", body=text))

    assert [report.recipient for report in reports] == ["ana@x.example"]


@pytest.mark.parametrize(
    "headers",
    [
        ("Return-Path: <ana@x.example>", "From: ana@x.example", "Subject: Re: failure notice"),
        ("Return-Path: <b@x.example>", "List-Unsubscribe: <x>", "Subject: Mail delivery failed"),
        ("Return-Path: <ana@x.example>", "User-Agent: Mutt", "Subject: Mail delivery failed?"),
        ("Return-Path: <ana@x.example>", "From: ana@x.example", "Subject: Fwd: our meeting"),
    ],
)
def test_mail_of_a_person_or_a_letter_to_many_is_no_bounce(headers):
    text = "Ben told me:\n\n<ben@x.example>: 550 5.1.1 user unknown\n"

    kinds = {report.kind for report in read(mail_of(*headers, body=text))}

    assert kinds <= {Kind.NOT_A_BOUNCE, Kind.AUTO_REPLY}


@pytest.mark.parametrize(
    "words",
    [
        "My address has changed.\n\n  ben@x.example\n\nBest regards",
        "Until Monday write to:\n\nben@x.example:\n  from nine to five",
        "Recipient: ben@x.example\nReason: I am on holiday, call 550 511",
        "<ben@x.example>: for invoices\n<cem@x.example>: for all else",
    ],
)
def test_absence_note_with_an_empty_sender_condemns_nobody(words):
    mail = mail_of("Return-Path: <>", "From: ana@x.example", "Subject: Thank you", body=words)

    assert [(report.kind, report.recipient) for report in read(mail)] == [
        (Kind.AUTO_REPLY, "ana@x.example")
    ]
