"""What the page is served with, and to whom."""

import json

import pytest

from bot.sandbox.page.routes import FILES
from bot.sandbox.stand_in import SlackStandIn

CHANNEL, ADA, LINUS = "C01DELIV", "U01ADA", "U02LINUS"


@pytest.fixture
def get(slack, session):
    async def get(path, **headers):
        async with session.get(f"{slack.page_url}{path}", headers=headers) as response:
            return response, await response.text()

    return get


@pytest.fixture
def do(slack, session):
    async def do(user=ADA, **wish):
        body = json.dumps({"user": user, **wish})
        headers = {"Content-Type": "application/json"}
        url = f"{slack.page_url}live/do"
        async with session.post(url, data=body, headers=headers) as response:
            return response.status, await response.json()

    return do


@pytest.mark.parametrize("name", ["", "archives/C01DELIV/p1700000000000100", "page/app.js"])
async def test_nothing_is_fetched_from_elsewhere(get, name):
    response, text = await get(name)

    policy = response.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "'unsafe" not in policy
    assert "https://" not in text


@pytest.mark.parametrize("name", [name for name in FILES if name.endswith(".js")])
async def test_no_script_writes_markup(get, name):
    _, text = await get(f"page/{name}")

    for way in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("):
        assert way not in text


@pytest.mark.parametrize("name", ["page/slack.py", "page/..%2fslack.py", "page/"])
async def test_only_the_files_of_the_page_are_served(get, name):
    response, _ = await get(name)

    assert response.status == 404


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "cors"},
    ],
)
@pytest.mark.parametrize("path", ["live/state", "live/outside", "live/stream"])
async def test_another_site_reads_nothing(get, path, headers):
    response, _ = await get(path, **headers)

    assert response.status == 403


async def test_a_form_of_another_site_does_nothing(slack, session):
    url = f"{slack.page_url}live/do"
    async with session.post(url, data={"do": "write"}) as response:
        assert response.status == 415


async def test_each_person_gets_what_they_see(slack, client, get, clock):
    await client.chat_postMessage(channel=CHANNEL, text="for all")
    await client.chat_postEphemeral(channel=CHANNEL, user=ADA, text="for Ada")
    await client.chat_postMessage(channel=ADA, text="to Ada")

    seen = {}
    for user in (ADA, LINUS):
        _, text = await get(f"live/state?user={user}")
        seen[user] = [message["text"] for message in json.loads(text)["messages"]]

    assert seen == {ADA: ["for all", "for Ada", "to Ada"], LINUS: ["for all"]}


async def test_only_what_changed_is_told(slack, client, get, clock):
    first = (await client.chat_postMessage(channel=CHANNEL, text="one"))["ts"]
    clock.advance(1)
    await client.chat_postMessage(channel=CHANNEL, text="two")
    version = json.loads((await get("live/state"))[1])["version"]

    await client.chat_delete(channel=CHANNEL, ts=first)

    body = json.loads((await get(f"live/state?since={version}"))[1])
    assert body["messages"] == [{"channel": CHANNEL, "ts": first, "deleted": True}]


async def test_the_stream_tells_of_each_change(slack, session):
    async with session.get(f"{slack.page_url}live/stream") as stream:
        first = await stream.content.readline()
        await stream.content.readline()
        slack.say(ADA, CHANNEL, "x")
        second = await stream.content.readline()

    assert int(second.split()[1]) > int(first.split()[1])


@pytest.mark.parametrize(
    "wish",
    [
        {"do": "fly"},
        {"do": "click", "channel": CHANNEL, "ts": "1.1", "action_id": "go"},
        {"do": "write", "channel": "C404", "text": "x"},
        {"do": "write", "channel": "D02LINUS", "text": "x"},
        {"do": "submit", "entries": {}},
        {"do": "submit", "entries": ["x"]},
        {"do": "click"},
        {"do": "home", "user": "U404"},
    ],
)
async def test_a_wish_that_makes_no_sense_is_refused_with_a_reason(do, wish):
    status, body = await do(**wish)

    assert status == 400
    assert body["error"]


async def test_only_commands_of_the_app_are_sent(slack, listener, do):
    told = await do(do="write", channel=CHANNEL, text="/giphy cats")

    assert told == (200, {"shown": "unknown_command"})
    assert listener.heard == []
    assert "not a valid command" in slack.workspace.notices[-1]["text"]


async def test_commands_do_not_work_in_threads(slack, listener, do):
    ts = slack.say(ADA, CHANNEL, "x")

    told = await do(do="write", channel=CHANNEL, text="/bounce help", thread_ts=ts)

    assert told == (200, {"shown": "not_in_threads"})
    assert listener.heard == []
    assert slack.replies(CHANNEL, ts) == []


async def test_a_file_is_downloaded_and_never_shown(slack, client, get):
    content = "<script>alert(1)</script>"
    answer = await client.files_upload_v2(channel=CHANNEL, filename="ü.html", content=content)
    (message,) = slack.messages(CHANNEL)

    response, text = await get(message["files"][0]["url_private"].lstrip("/"))

    assert text == content
    assert answer["ok"]
    assert response.headers["Content-Disposition"].startswith("attachment")
    assert response.headers["Content-Type"] == "application/octet-stream"


async def test_what_happens_outside_is_asked_for(session):
    async def outside():
        return {"tabs": [{"title": "Mailbox", "items": []}]}

    async with (
        SlackStandIn(signing_secret="s", bot_token="t", outside=outside) as slack,
        session.get(f"{slack.page_url}live/outside") as response,
    ):
        assert (await response.json())["tabs"][0]["title"] == "Mailbox"
