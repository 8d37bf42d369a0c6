"""Delivery reports whose fields are written as servers write them."""

import pytest

from resolutions.bounce import Kind
from resolutions.mail.read import read
from tests.resolutions.mail.made import MAILS, mail_of


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
