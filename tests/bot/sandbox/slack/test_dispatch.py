"""How people's deeds reach the bot: signed, once, in time; events again."""

import asyncio

import pytest
import pytest_asyncio
from aiohttp import web
from slack_sdk.signature import Clock, SignatureVerifier

CHANNEL, ADA, LINUS = "C01DELIV", "U01ADA", "U02LINUS"
SECRET = "8f742231b10e8888abcd99yyyzzz85a5"


class At(Clock):
    """The clock of Slack's own verifier, set to a moment."""

    def __init__(self, moment):
        self.moment = moment

    def now(self):
        return self.moment


async def test_what_is_sent_is_signed_as_slacks_own_library_checks_it(slack, listener, clock):
    await slack.command(ADA, CHANNEL, "explain quota")
    heard = listener.heard[-1]

    verifier = SignatureVerifier(SECRET, At(clock.now.timestamp()))
    assert verifier.is_valid_request(heard.raw, heard.headers)
    assert not verifier.is_valid_request(heard.raw + b"x", heard.headers)
    late = SignatureVerifier(SECRET, At(clock.now.timestamp() + 301))
    assert not late.is_valid_request(heard.raw, heard.headers)


async def test_a_command_says_who_where_and_what(slack, listener):
    await slack.command(ADA, CHANNEL, "explain quota")

    assert listener.last["command"] == "/bounce"
    assert listener.last["text"] == "explain quota"
    assert listener.last["user_id"] == ADA
    assert listener.last["channel_id"] == CHANNEL
    assert listener.last["trigger_id"]


async def test_the_answer_to_a_command_is_shown_to_who_typed_it(slack, listener):
    listener.answer({"text": "Quota issues"})

    await slack.command(ADA, CHANNEL, "explain quota")

    assert [message["text"] for message in slack.ephemeral(CHANNEL, ADA)] == ["Quota issues"]
    assert slack.messages(CHANNEL, LINUS) == []


async def test_an_answer_may_be_for_the_channel(slack, listener):
    listener.answer({"text": "Quota issues", "response_type": "in_channel"})

    await slack.command(ADA, CHANNEL, "explain quota")

    assert [message["text"] for message in slack.messages(CHANNEL, LINUS)] == ["Quota issues"]


@pytest.fixture
def hang(slack, listener):
    """Let the next request wait for an ack that does not come."""
    slack.dispatcher.ack_seconds = 0.05

    async def wait(_):
        await asyncio.Event().wait()
        return web.Response()

    return lambda times=1: listener.answers.extend([wait] * times)


async def test_a_click_without_an_ack_is_told_and_not_repeated(slack, client, listener, hang, kit):
    blocks = [kit.actions(kit.button("Go", "go", "7"))]
    ts = (await client.chat_postMessage(channel=CHANNEL, text="x", blocks=blocks))["ts"]
    hang()

    answer = await slack.click(ADA, CHANNEL, ts, "go")

    assert answer.shown == "operation_timeout"
    assert len(listener.heard) == 1
    assert [violation.error for violation in slack.violations] == ["operation_timeout"]
    assert "three seconds" in slack.workspace.notices[-1]["text"]


async def test_a_refused_command_is_told(slack, listener):
    listener.answer(status=500)

    answer = await slack.command(ADA, CHANNEL, "help")

    assert answer.shown == "dispatch_failed"
    assert "dispatch_failed" in slack.workspace.notices[-1]["text"]


async def test_a_click_carries_the_message_and_what_was_chosen_in_it(slack, client, listener, kit):
    menu = {
        "type": "static_select",
        "action_id": "pace",
        "options": [kit.option("slow"), kit.option("fast")],
        "initial_option": kit.option("slow"),
    }
    blocks = [kit.actions(menu, kit.button("Go", "go", "7"), block_id="b")]
    ts = (await client.chat_postMessage(channel=CHANNEL, text="x", blocks=blocks))["ts"]

    await slack.click(ADA, CHANNEL, ts, "go")
    first = listener.last["state"]["values"]["b"]["pace"]["selected_option"]["value"]
    await slack.choose(ADA, CHANNEL, ts, "pace", "fast")

    assert first == "slow"
    assert listener.last["message"]["ts"] == ts
    assert listener.last["actions"][0]["selected_option"]["value"] == "fast"
    assert listener.last["state"]["values"]["b"]["pace"]["selected_option"]["value"] == "fast"


async def test_what_is_not_offered_cannot_be_chosen(slack, client, kit):
    more = {"type": "overflow", "action_id": "more", "options": [kit.option("list|7")]}
    hidden = kit.button("Go", "go", "7", visible_to_user_ids=[LINUS])
    blocks = [kit.actions(more, hidden)]
    ts = (await client.chat_postMessage(channel=CHANNEL, text="x", blocks=blocks))["ts"]

    with pytest.raises(ValueError, match="not in the menu"):
        await slack.choose(ADA, CHANNEL, ts, "more", "delete|7")
    with pytest.raises(LookupError, match="does not see go"):
        await slack.click(ADA, CHANNEL, ts, "go")
    with pytest.raises(LookupError, match="no element"):
        await slack.click(ADA, CHANNEL, ts, "other")


async def test_a_button_of_an_attachment_works(slack, client, listener, kit):
    attachments = [{"blocks": [kit.actions(kit.button("Go", "go", "7"))]}]
    posted = await client.chat_postMessage(channel=CHANNEL, text="x", attachments=attachments)

    await slack.click(ADA, CHANNEL, posted["ts"], "go")

    assert listener.last["actions"][0]["value"] == "7"


async def test_an_ephemeral_click_leaves_the_message_out(slack, client, listener, kit):
    blocks = [kit.actions(kit.button("Go", "go", "7"))]
    sent = await client.chat_postEphemeral(channel=CHANNEL, user=ADA, text="x", blocks=blocks)

    await slack.click(ADA, CHANNEL, sent["message_ts"], "go")

    assert "message" not in listener.last
    assert listener.last["container"]["is_ephemeral"] is True


async def test_an_event_is_sent_again_at_once_then_after_one_and_five_minutes(
    slack, listener, clock
):
    for _ in range(4):
        listener.answer(status=500)

    await slack.open_home(ADA)
    seen = [len(listener.heard)]
    for seconds in (59, 1, 299, 1, 3600):
        clock.advance(seconds)
        await slack.send_due()
        seen.append(len(listener.heard))

    assert seen == [2, 2, 3, 3, 4, 4]
    numbers = [heard.headers.get("X-Slack-Retry-Num") for heard in listener.heard]
    assert numbers == [None, "1", "2", "3"]
    assert listener.heard[1].headers["X-Slack-Retry-Reason"] == "http_error"
    assert len({heard.body["event_id"] for heard in listener.heard}) == 1


async def test_an_event_that_is_not_acked_in_time_is_sent_again(slack, listener, hang):
    hang()

    answer = await slack.open_home(ADA)

    assert answer.status == 200
    assert listener.heard[1].headers["X-Slack-Retry-Reason"] == "http_timeout"


async def test_a_bot_may_ask_for_no_retry(slack, listener):
    listener.answer(None, 500, **{"X-Slack-No-Retry": "1"})

    await slack.open_home(ADA)

    assert len(listener.heard) == 1
    assert slack.dispatcher.pending == []


async def test_a_message_shortcut_carries_the_message(slack, listener):
    ts = slack.say(LINUS, CHANNEL, "550 5.1.1 no such user")

    await slack.shortcut(ADA, "diagnose_bounce", CHANNEL, ts)

    assert listener.last["type"] == "message_action"
    assert listener.last["message"]["text"] == "550 5.1.1 no such user"


class TestResponseUrl:
    """The addresses that answers are posted to."""

    @pytest_asyncio.fixture(loop_scope="session")
    async def address(self, slack, listener):
        await slack.command(ADA, CHANNEL, "help")
        return listener.last["response_url"]

    @pytest.fixture
    def respond(self, session, address):
        async def respond(**body):
            async with session.post(address, json=body or {"text": "x"}) as response:
                return response.status, await response.text()

        return respond

    async def test_it_serves_five_times(self, slack, respond):
        statuses = [(await respond())[0] for _ in range(6)]

        assert statuses == [200] * 5 + [404]
        assert len(slack.ephemeral(CHANNEL, ADA)) == 5
        assert slack.violations[-1].error == "used_url"

    async def test_it_serves_for_half_an_hour(self, respond, clock):
        clock.advance(1800)
        assert (await respond())[0] == 200

        clock.advance(1)
        status, body = await respond()
        assert status == 404
        assert "expired_url" in body

    async def test_what_it_takes_is_held_to_the_limits(self, slack, respond, kit):
        status, body = await respond(text="x", blocks=[kit.section("x" * 3001)])

        assert status == 400
        assert "invalid_blocks" in body
        assert slack.ephemeral(CHANNEL, ADA) == []

    async def test_it_replaces_and_deletes_the_message_that_was_clicked(
        self, slack, client, session, listener, kit
    ):
        blocks = [kit.actions(kit.button("Go", "go"))]
        ts = (await client.chat_postMessage(channel=CHANNEL, text="x", blocks=blocks))["ts"]
        await slack.click(ADA, CHANNEL, ts, "go")
        address = listener.last["response_url"]

        await (await session.post(address, json={"text": "y", "replace_original": True})).read()
        assert [message["text"] for message in slack.messages(CHANNEL)] == ["y"]
        await (await session.post(address, json={"text": "", "delete_original": True})).read()
        assert slack.messages(CHANNEL) == []
