"""Whom a text of no known format names, and what it says of each."""

import pytest

from resolutions.mail.read import read
from tests.resolutions.mail.made import mail_of

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
    wanted = {"ana@x.example": "user unknown", "ben@x.example": "mailbox full"}
    rows = "\n".join(line.format(address, words) for address, words in wanted.items())
    text = f"We are sorry, but your mail was returned.\n\n{rows}\n\nKind regards\n"

    reports = read(mail_of("From: postmaster@y.example", "Subject: Undelivered mail", body=text))

    assert {report.recipient: True for report in reports} == dict.fromkeys(wanted, True)
    for report in reports:
        (other,) = wanted.keys() - {report.recipient}
        assert wanted[report.recipient] in report.reply.text
        assert wanted[other] not in report.reply.text


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
