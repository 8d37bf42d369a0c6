"""Replies freed of what relays put around them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resolutions.bounce import SmtpReply
from resolutions.rules.reply import LIMIT, masked, read_reply


@pytest.mark.parametrize(
    ("text", "innermost"),
    [
        ("smtp; 550 5.1.1 User unknown", "550 5.1.1 user unknown"),
        ("smtp;550 User unknown", "550 user unknown"),
        (
            "host mx.shop.example[192.0.2.7] said: 550 5.1.1 <a@b.example>: unknown "
            "(in reply to RCPT TO command)",
            "550 5.1.1 <@>: unknown",
        ),
        (
            "SMTP error from remote mail server after RCPT TO:<a@b.example>: "
            "host mx.b.example [192.0.2.7]: 550 No such user",
            "550 no such user",
        ),
        (
            "550-5.1.1 The account does not exist.\n550-5.1.1 Please check.\n550 5.1.1 gsmtp",
            "550 5.1.1 the account does not exist. please check. gsmtp",
        ),
        (
            "192.0.2.7 does not like recipient. Remote host said: 550 no mailbox here "
            "Giving up on 192.0.2.7.",
            "550 no mailbox here",
        ),
        ("550 user unknown 503 need RCPT 550 user unknown", "550 user unknown"),
        (
            "553-Message filtered. Refer to 553-http://shop.example/help for 553 more.",
            "553 message filtered. refer to http://shop.example/help for 553 more.",
        ),
        ("Remote Server returned '550 5.1.1 not found'", "550 5.1.1 not found'"),
        (
            "550 5.1.0 <a@b.example>: Sender address rejected: undeliverable address: "
            "host mx.b.example said: 550 User unknown",
            "550 5.1.0 <@>: sender address rejected: undeliverable address: "
            "host mx.b.example said: 550 user unknown",
        ),
        ("mailbox is full", "mailbox is full"),
    ],
)
def test_innermost_reply_is_found_in_what_relays_report(text: str, innermost: str) -> None:
    assert read_reply(SmtpReply(text)).text == innermost


@pytest.mark.parametrize(
    ("reply", "code", "status"),
    [
        (SmtpReply("550 5.1.1 unknown"), "550", "5.1.1"),
        (SmtpReply("550 unknown", status="5.1.1"), "550", "5.1.1"),
        (SmtpReply("550 5.0.0 unknown", status="5.1.1"), "550", "5.1.1"),
        (SmtpReply("552 5.2.2 full", status="5.1.1"), "552", "5.2.2"),
        (SmtpReply("mailbox full (#5.2.2)"), "", "5.2.2"),
        (SmtpReply("unknown", code="550"), "550", ""),
        (SmtpReply("unknown", code="nonsense"), "", ""),
        (SmtpReply("see 192.0.2.7 and version 4.16.55.1"), "", ""),
        (SmtpReply("#550 5.1.1 not found"), "550", "5.1.1"),
        (SmtpReply("max emails per hour (250/250 (100%)) exceeded"), "", ""),
        (SmtpReply("status=sent (250 2.0.0 Ok: queued)"), "250", "2.0.0"),
    ],
)
def test_code_and_status_are_those_of_the_innermost_reply(
    reply: SmtpReply, code: str, status: str
) -> None:
    found = read_reply(reply)

    assert (found.code, found.status) == (code, status)


@pytest.mark.parametrize(
    ("text", "mask"),
    [
        ("<Jo.Doe+x@Shop.Example>", "<@>"),
        ("from [192.0.2.7]", "from [<#>]"),
        ("from 2001:db8::7", "from <#>"),
        ("id 4f2ab119cc01", "id <~>"),
        ("5.1.1 of 550", "5.1.1 of 550"),
        ("TSS04 S3140 OFR_416", "tss04 s3140 ofr_416"),
    ],
)
def test_addresses_and_ids_are_masked_but_vendors_words_stay(text: str, mask: str) -> None:
    assert masked(text) == mask


@given(st.text(max_size=2_000), st.text(max_size=10), st.text(max_size=20))
def test_any_text_can_be_read(text: str, code: str, status: str) -> None:
    found = read_reply(SmtpReply(text, code, status))

    assert "\n" not in found.text
    assert found.text in {found.whole, found.text}
    assert found.code == "" or len(found.code) == 3


def test_long_texts_are_cut_before_anything_else() -> None:
    text = "mailbox full " * 100_000

    assert len(masked(text)) <= LIMIT
