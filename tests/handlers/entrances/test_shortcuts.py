"""What the two shortcuts show in their modals."""

import pytest

from handlers.entrances.shortcuts import quoted
from tests.handlers.room import read

from_here = "C01DELIV"
ADA = "U01ADA"


async def choose(room, callback_id, ts=""):
    answer = await room.slack.shortcut(ADA, callback_id, from_here if ts else "", ts)
    assert answer.status == 200
    await room.settle()


async def test_a_message_that_quotes_a_reply_is_diagnosed(room):
    ts = room.slack.say(ADA, from_here, "why? `552 5.2.2 &lt;ana@b.example&gt; mailbox full`")

    await choose(room, "diagnose_bounce", ts)

    view = room.slack.views(ADA)[-1]
    assert view["title"]["text"] == "Diagnose this bounce"
    assert "quota-issues" in read(view)
    assert "<ana@b.example>" in read(view)


async def test_our_own_alert_can_be_diagnosed_by_its_raw_reply(room):
    alert = await room.posted("ana@gmail.com")

    await choose(room, "diagnose_bounce", alert.ts)

    assert "452 4.2.2 The recipient's inbox" in read(room.slack.views(ADA)[-1])


async def test_a_message_without_text_says_so(room):
    assert quoted({"text": " ", "blocks": [], "attachments": [{"text": ""}]}) == ""
    assert quoted({"text": "", "attachments": [{"text": "550 no"}]}) == "550 no"


async def test_a_contact_is_looked_up(room):
    await room.posted("ana@gmail.com")

    await choose(room, "look_up_contact")
    await room.slack.submit(ADA, {"address": "ana@gmail.com"})
    await room.settle()

    view = room.slack.views(ADA)[-1]
    assert "newsletter: active" in read(view)
    assert "bounced, soft, quota-issues — newsletter · Spring launch" in read(view)


async def test_an_unknown_contact_is_no_error(room):
    await choose(room, "look_up_contact")
    await room.slack.submit(ADA, {"address": "nobody@b.example"})
    await room.settle()

    assert "Nothing is known of nobody@b.example" in read(room.slack.views(ADA)[-1])


@pytest.mark.parametrize("typed", ["ana", "@", "ana@", "a na@b.example"])
async def test_what_is_no_address_is_asked_again(room, typed):
    await choose(room, "look_up_contact")
    await room.slack.submit(ADA, {"address": typed})
    await room.settle()

    view = room.slack.views(ADA)[-1]
    assert "needs a name, an @ and a domain" in view["errors"]["address"]
