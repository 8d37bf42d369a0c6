"""How often Slack may be called, and its bad days."""

import asyncio

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError

CHANNEL, OTHER = "C01DELIV", "D01ADA"


@pytest.fixture
def post(slack, session):
    async def post(channel=CHANNEL, text="x"):
        headers = {"Authorization": "Bearer xoxb-good"}
        given = {"channel": channel, "text": text}
        url = f"{slack.base_url}chat.postMessage"
        async with session.post(url, json=given, headers=headers) as response:
            return response.status, response.headers.get("Retry-After"), await response.text()

    return post


async def test_a_channel_takes_a_post_a_second(slack, post, clock):
    await post()

    status, wait, body = await post()
    assert (status, wait) == (429, "1")
    assert '"ratelimited"' in body
    assert (await post(OTHER))[0] == 200
    clock.advance(1)
    assert (await post())[0] == 200
    assert len(slack.messages(CHANNEL)) == 2


async def test_a_channel_has_one_rate_however_it_is_named(post):
    await post("#deliverability")

    assert (await post(CHANNEL))[0] == 429


async def test_a_burst_may_be_allowed(slack, post):
    slack.rates.burst = 3

    statuses = [(await post())[0] for _ in range(4)]

    assert statuses == [200, 200, 200, 429]


async def test_updates_are_counted_over_the_workspace(slack, client, clock):
    first = (await client.chat_postMessage(channel=CHANNEL, text="x"))["ts"]
    other = (await client.chat_postMessage(channel=OTHER, text="x"))["ts"]
    for _ in range(25):
        await client.chat_update(channel=CHANNEL, ts=first, text="y")
        await client.chat_update(channel=OTHER, ts=other, text="y")
    clock.advance(20)

    with pytest.raises(SlackApiError) as refusal:
        await client.chat_update(channel=CHANNEL, ts=first, text="z")

    assert refusal.value.response.status_code == 429
    assert refusal.value.response.headers["Retry-After"] == "40"
    clock.advance(40)
    await client.chat_update(channel=CHANNEL, ts=first, text="z")


async def test_whoever_breaks_a_limit_is_written_down(slack, post):
    await post()
    await post()

    (violation,) = slack.violations
    assert (violation.method, violation.error) == ("chat.postMessage", "ratelimited")
    assert slack.calls["chat.postMessage"] == 2
    assert [call.error for call in slack.call_log] == ["", "ratelimited"]


@pytest.mark.parametrize(
    ("how", "status", "header"),
    [
        ("500", 500, None),
        ("502", 502, None),
        ("429", 429, "1"),
        ("429-no-header", 429, None),
        ("200-ratelimited", 200, None),
        ("error:fatal_error", 200, None),
    ],
)
async def test_a_fault_fails_the_next_call_and_does_nothing(slack, post, how, status, header):
    slack.fail("chat.postMessage", how)

    assert (await post())[:2] == (status, header)
    assert slack.messages(CHANNEL) == []
    assert (await post())[0] == 200
    assert slack.violations == []


async def test_a_lost_answer_leaves_the_message_behind(slack, post):
    slack.fail("chat.postMessage", "lost")

    with pytest.raises(aiohttp.ClientError):
        await post()

    assert len(slack.messages(CHANNEL)) == 1


async def test_a_reset_does_nothing(slack, post):
    slack.fail("*", "reset")

    with pytest.raises(aiohttp.ClientError):
        await post()

    assert slack.messages(CHANNEL) == []


async def test_a_call_may_hang_until_its_caller_gives_up(slack, post):
    slack.fail("chat.postMessage", "hang", times=1)

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await post()

    assert (await post())[0] == 200


def test_a_fault_that_does_not_exist_is_refused(slack):
    with pytest.raises(ValueError, match="no such fault: rain"):
        slack.fail("chat.postMessage", "rain")
