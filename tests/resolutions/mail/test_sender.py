"""Who wrote a mail: a machine that answers and a person report no bounce."""

import pytest

from resolutions.bounce import Kind
from resolutions.mail.read import read
from tests.resolutions.mail.made import mail_of


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
