"""What `/bounce …` answers to the person who typed it."""

from dataclasses import replace
from typing import cast

import pytest
from slack_bolt.async_app import AsyncAck, AsyncRespond
from slack_sdk.webhook import WebhookResponse
from sqlalchemy import text

from bot.store.sql.database import Database
from handlers.entrances.commands import Commands
from tests.handlers.room import read


@pytest.mark.parametrize("words", ["quota", "552 5.2.2", "mailbox full", "Quota Issues"])
async def test_explain_finds_the_reason_by_the_words_of_people(room, words):
    answer = await room.ask(f"explain {words}")

    assert "Full mailboxes" in read(answer)
    assert "*Who can act:* the recipient" in read(answer)
    assert "Is the address lost?* No" in read(answer)


async def test_explain_says_once_who_can_act_and_names_the_ways_of_receivers(room):
    answer = await room.ask("explain blocked ip")

    assert read(answer).lower().count("who can act") == 1
    assert "*Where the reply says so*" in read(answer)
    assert "sender.office.com" in read(answer)


async def test_explain_says_what_was_seen_here(room):
    await room.posted("ana@gmail.com", "mia@gmail.com")

    answer = await room.ask("explain quota")

    assert "Seen here in the last 7 days: 2, most at Google." in read(answer)
    assert "Full mailboxes · Spring launch — 2 people, soft>" in read(answer)


async def test_explain_answers_without_the_database(room, database_url, clock):
    await without_deliveries(database_url, clock)

    answer = await room.ask("explain quota")

    assert "Full mailboxes" in read(answer)
    assert "een here" not in read(answer)


async def test_explain_alone_lists_every_reason(room, catalogue):
    answer = await room.ask("explain")

    assert all(f"`{word}`" in read(answer) for word in catalogue)


async def test_a_near_miss_suggests(room):
    answer = await room.ask("explain quotta")

    assert "quota-issues" in read(answer)


@pytest.mark.parametrize("text", ["", "help", "  help  ", "?"])
async def test_help_lists_the_commands(room, text):
    answer = await room.ask(text)

    assert all(word in read(answer) for word in ("help", "explain", "diagnose"))


async def test_an_unknown_word_gets_the_nearest_command_and_help(room):
    answer = await room.ask("diagnos 550 5.1.1")

    assert "There is no command “diagnos”. Did you mean `/bounce diagnose`?" in answer["text"]
    assert "/bounce explain" in read(answer)


async def test_words_without_a_command_are_taken_for_a_question(room):
    answer = await room.ask("mailbox full")

    assert "Did you mean `/bounce explain mailbox full`?" in answer["text"]


async def test_an_unknown_command_gets_help(room):
    answer = await room.ask("whatever", command="/bounces")

    assert "/bounce help" in read(answer)


async def test_diagnose_names_the_reason_and_what_speaks_for_it(room):
    answer = await room.ask("diagnose 550 5.1.1 mailbox full")

    assert "quota-issues, likely" in read(answer)
    assert "because: the words" in read(answer)
    assert "against: status 5.1.1" in read(answer)
    assert "1. " in read(answer)


async def test_diagnose_without_a_reply_says_what_to_paste(room):
    answer = await room.ask("diagnose")

    assert "/bounce diagnose 550" in read(answer)


async def test_a_pasted_reply_can_neither_mention_nor_link(room):
    answer = await room.ask("diagnose 550 &lt;!channel&gt; <https://evil.example|x> *no*")

    marked = [b["text"]["text"] for b in answer["blocks"] if b["type"] == "section"]
    assert "<!channel>" not in "".join(marked) + answer["text"]
    assert "evil" not in "".join(marked)


@pytest.mark.parametrize("text", ["explain ", "diagnose 550 ", "x", "", "explain 5.2.2 "])
@pytest.mark.parametrize("tail", ["<@U1> & `*" * 700, "\u202e\u0000é" * 2_000, "5 " * 4_000])
async def test_no_words_are_too_many_for_an_answer(room, text, tail):
    answer = await room.ask(text + tail)

    assert len(answer["text"]) < 1_000


async def test_an_automatic_reply_is_no_bounce(room):
    answer = await room.ask("diagnose Out of office: I am on vacation until Monday")

    assert "No bounce" in read(answer)


async def test_the_ack_does_not_wait_for_the_database(room):
    order = []

    async def ack() -> None:
        order.append("acked")

    async def respond(**_: object) -> WebhookResponse:
        order.append("answered")
        return WebhookResponse(url="", status_code=200, body="ok", headers={})

    await Commands(room.desk).received(
        cast("AsyncAck", ack), {"text": "explain quota"}, cast("AsyncRespond", respond)
    )

    assert order == ["acked"]
    await room.settle()
    assert order == ["acked", "answered"]


async def without_deliveries(database_url, clock):
    """Break the database: a table is gone."""
    database = Database.at(database_url, clock, own_clock=True)
    async with database.writing() as connection:
        await connection.execute(text("DROP TABLE deliveries"))
    await database.close()


async def test_audit_tells_what_was_done_about_an_address_and_notes_who_asked(room):
    await room.store.audit.add("deactivate", "U03GRACE", "shop ana@gmail.com", "flagged <now>", 7)
    await room.store.audit.add("resend", "command line", "shop mia@gmail.com", "sent", 8)

    about = read(await room.ask("audit ana@gmail.com"))
    of_alert = read(await room.ask("audit 8"))
    nothing = await room.ask("audit eve@gmail.com")

    assert "deactivate by <@U03GRACE> (alert 7) · shop ana@gmail.com: flagged &lt;now" in about
    assert "mia@" not in about
    assert "resend by command line (alert 8)" in of_alert
    assert "nothing is known" in nothing["text"]
    assert (await room.store.audit.newest())[0].what == "eve@gmail.com"


async def test_only_who_may_see_addresses_reads_the_audit_log(room):
    permissions = replace(room.desk.permissions, by_action={"show_addresses": ("U03GRACE",)})
    desk = replace(room.desk, permissions=permissions)
    await room.store.audit.add("resend", "U1", "shop ana@gmail.com", "sent", 8)

    refused = await Commands(desk).answer("audit", "U01ADA")
    shown = await Commands(desk).answer("audit", "U03GRACE")

    assert "Only <@U03GRACE> may read the audit log" in refused.text
    assert "ana@gmail.com" not in read(refused.blocks)
    assert "ana@gmail.com" in read(shown.blocks)
