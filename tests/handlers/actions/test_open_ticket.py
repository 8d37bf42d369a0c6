"""Open a ticket: once for each alert, with all that is known."""

from typing import Any

import pytest

from bot.sandbox.world.neighbours import Mailbox
from handlers.slack.shown import WHOLE
from handlers.store import JobState
from handlers.tickets.email import Email
from resolutions.bounce import Permanence, SmtpReply
from tests.handlers.room import Room

ADA, LINUS = "U01ADA", "U02LINUS"
BLOCKED: dict[str, Any] = {
    "permanence": Permanence.PERMANENT,
    "remote_host": "contoso-example.mail.protection.outlook.com",
    "reply": SmtpReply(
        "550 5.7.606 Access denied, banned sending IP [192.0.2.10] for ana@contoso.example",
        "550",
        "5.7.606",
    ),
}


@pytest.fixture
def mailbox(room: Room) -> Mailbox:
    return room.around.outside.mailbox


async def test_the_ticket_has_what_the_admin_needs(room: Room, mailbox: Mailbox) -> None:
    alert = await room.posted("ana@contoso.example", "ben@contoso.example", **BLOCKED)

    await room.press(ADA, "open_ticket")
    await room.work()

    (mail,) = mailbox.mails
    text = mail.get_content()
    assert "Microsoft" in mail["Subject"]
    assert "blocked-ip" in text
    assert "2 bounced" in text
    assert "banned sending IP [192.0.2.10]" in text
    assert "Receipts 2" in text
    assert "What to check:" in text
    assert f"p{alert.ts.replace('.', '')}" in text
    assert "2026-06-15" in text
    assert "Sending IP:   192.0.2.10" in text
    assert "sender.office.com" in text


async def test_the_ticket_names_the_sending_ip_that_the_provider_tells(
    room: Room, mailbox: Mailbox
) -> None:
    refused = {**BLOCKED, "reply": SmtpReply("550 5.7.606 Access denied, banned sending IP")}
    await room.posted("ana@contoso.example", metadata={"sending_ip": "198.51.100.7"}, **refused)

    await room.press(ADA, "open_ticket")
    await room.work()

    (mail,) = mailbox.mails
    assert "Sending IP:   198.51.100.7" in mail.get_content()


async def test_addresses_are_masked_in_tickets(room: Room, mailbox: Mailbox) -> None:
    await room.posted("ana@contoso.example", **BLOCKED)

    await room.press(ADA, "open_ticket")
    await room.work()

    text = mailbox.mails[0].get_content()
    assert "a•••@contoso.example" in text
    assert "ana@" not in text


async def test_addresses_are_whole_where_that_is_configured(room: Room, mailbox: Mailbox) -> None:
    room.with_desk(shown=WHOLE)
    await room.posted("ana@contoso.example", **BLOCKED)

    await room.press(ADA, "open_ticket")
    await room.work()

    assert "ana@contoso.example" in mailbox.mails[0].get_content()


async def test_later_clicks_show_the_ticket(room: Room, mailbox: Mailbox) -> None:
    await room.posted("ana@contoso.example", **BLOCKED)
    await room.press(ADA, "open_ticket")
    await room.work()

    await room.press(LINUS, "open_ticket")
    await room.work()

    assert len(mailbox.mails) == 1
    assert room.told(LINUS) == "The ticket is there: email to server-admin@help.example"
    assert (await room.alert()).ticket.reference.startswith("email to server-admin@help.example")
    assert f"Ticket opened by <@{ADA}>: email to server-admin@help.example" in await room.thread()


async def test_without_a_ticket_system_the_answer_says_which_key_to_set(room: Room) -> None:
    room.with_desk(tickets=None)
    await room.posted("ana@contoso.example", **BLOCKED)

    await room.press(ADA, "open_ticket")

    assert "[tickets]" in room.told(ADA)
    assert await room.store.jobs.in_states([JobState.WAITING]) == []


async def test_a_mail_server_that_is_away_is_told_once_it_is_hopeless(
    room: Room, mailbox: Mailbox
) -> None:
    table = {
        "host": "127.0.0.1",
        "port": 9,
        "tls": "none",
        "from": "desk@example.com",
        "to": "admin@example.com",
    }
    room.with_desk(tickets=Email(Email.Settings.model_validate(table), room.desk.outgoing))
    await room.posted("ana@contoso.example", **BLOCKED)

    await room.press(ADA, "open_ticket")
    await room.work()

    job = await room.last("open_ticket")
    assert job.state is JobState.WAITING
    assert "no connection to the mail server 127.0.0.1:9" in job.result
