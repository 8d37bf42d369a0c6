"""What nobody signed, nobody can read or nobody asked for has no effect but a counter."""

import asyncio
import hashlib
import hmac
import json
from dataclasses import replace
from urllib.parse import urlencode

import pytest

from bot.sandbox.slack.events.dispatch import sign
from bot.sandbox.world.configuration import CHANNEL
from bot.sandbox.world.samples import Hook
from tests.acceptance.whole import FULL, bounced

pytestmark = pytest.mark.slow

ANA = "ana@receiver.example"
DEEP = b"[" * 10_000 + b"]" * 10_000
HUGE = 10 * 1024 * 1024
FORM, JSON = "application/x-www-form-urlencoded", "application/json"
SIGNED = ["newsletter", "shop", "receipts", "support", "mailserver", "crm"]
KLASS = {"support": "SoftBounce"}
REFUSED = {"newsletter": 403, "shop": 403, "receipts": 406, "support": 403}


@pytest.fixture
async def quiet(embedded):
    """Give the surroundings of a running bot that has shown nothing, and shows the next bounce."""
    async with embedded.bot():
        yield embedded
        await embedded.tell(bounced("good@receiver.example", "crm"))
        [message] = await embedded.shown()
        assert "1 person" in message["text"]


async def status(quiet, method, path, body=b"", headers=None):
    async with quiet.session.request(
        method, f"{quiet.url}{path}", data=body or None, headers=headers
    ) as answer:
        await answer.read()
        return answer.status


# Webhooks


async def test_forged_signatures_are_refused_as_each_provider_understands(quiet):
    for source in SIGNED:
        [hook] = quiet.hooks(bounced(ANA, source, klass=KLASS.get(source, "")))

        assert await quiet.post(forged(hook)) == REFUSED.get(source, 401), source
        assert await quiet.counted(source, "forged") == 1


def forged(hook: Hook) -> Hook:
    """Return a request with another signature or password."""
    headers = dict(hook.headers)
    if "Authorization" in headers:
        headers["Authorization"] = headers["Authorization"].split()[0] + " d3Jvbmc6d3Jvbmc="
    if "X-Twilio-Email-Event-Webhook-Signature" in headers:
        return Hook(hook.source, hook.body.replace(b"ana@", b"eve@"), headers)
    body = hook.body.replace(b'"signature": "', b'"signature": "0')
    return Hook(hook.source, body.replace(b'"Signature": "', b'"Signature": "A'), headers)


async def test_a_topic_that_is_not_ours_is_refused_although_sns_signed_it(quiet):
    [hook] = quiet.hooks(bounced(ANA, "newsletter"))
    envelope = json.loads(hook.body)
    envelope["TopicArn"] = "arn:aws:sns:eu-west-1:999999999999:bounces"
    signed = ("Message", "MessageId", "Timestamp", "TopicArn", "Type")
    text = "".join(f"{key}\n{envelope[key]}\n" for key in signed)
    envelope["Signature"] = quiet.around.keys.sign_sns(text.encode())

    assert await quiet.post(replace(hook, body=json.dumps(envelope).encode())) == 403
    assert await quiet.counted("newsletter", "forged") == 1


async def test_a_mailgun_token_that_comes_with_another_event_is_refused(quiet):
    good, other = quiet.hooks(
        bounced("good@receiver.example", "receipts"), bounced("eve@receiver.example", "receipts")
    )
    stolen = json.loads(other.body) | {"signature": json.loads(good.body)["signature"]}

    assert await quiet.post(replace(other, body=json.dumps(stolen).encode())) == 200
    assert await quiet.post(good) == 406
    assert await quiet.counted("receipts", "forged") == 1
    assert "1 person" in (await quiet.shown())[0]["text"]


@pytest.mark.parametrize("chunked", [False, True], ids=["with a length", "in chunks"])
async def test_a_body_of_ten_megabytes_is_refused_before_it_is_in(quiet, chunked):
    answer = await upload(quiet.url, chunked)

    assert answer.startswith(b"HTTP/1.1 413 ")
    assert await quiet.counted("crm", "too-large") == 1


async def upload(url: str, chunked: bool) -> bytes:
    """Send ten megabytes until the other side has heard enough; return what it answers."""
    host, port = url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    size = "Transfer-Encoding: chunked" if chunked else f"Content-Length: {HUGE}"
    writer.write(f"POST /hooks/crm HTTP/1.1\r\nHost: {host}\r\n{size}\r\n\r\n".encode())
    piece = b"x" * 65_536
    try:
        for _ in range(HUGE // len(piece)):
            writer.write(b"%x\r\n%s\r\n" % (len(piece), piece) if chunked else piece)
            await writer.drain()
    except ConnectionError:
        pass  # it has closed the connection
    async with asyncio.timeout(5):
        answer = await reader.read(1_000)
    writer.close()
    return answer


@pytest.mark.parametrize("source", ["newsletter", "shop", "receipts", "support", "crm"])
async def test_json_that_does_not_parse_is_malformed(quiet, source):
    bodies = [b"{broken", b"\xff\xfe{}", b"", DEEP]
    for body in bodies:
        [hook] = quiet.hooks(bounced(ANA, source, klass=KLASS.get(source, "")))
        hook = quiet.signed(body) if source == "shop" else replace(hook, body=body)

        assert await quiet.post(hook) == 400, body[:10]
    assert await quiet.counted(source, "malformed") == len(bodies)


async def test_what_is_verified_and_not_understood_is_kept_and_taken(quiet):
    [hook] = quiet.hooks(bounced(ANA, "crm"))

    assert await quiet.post(replace(hook, body=b'{"bounces": "none"}')) == 200
    assert await quiet.post(replace(hook, body=b"[7]")) == 200
    assert await quiet.counted("crm", "quarantined") == 2


async def test_a_nul_in_a_recipient_is_quarantined_and_harms_nobody(embedded):
    [hook] = embedded.hooks(bounced("nul\0l@receiver.example"), bounced(ANA))
    assert b"\\u0000" in hook.body
    async with embedded.bot() as bot:
        assert await embedded.post(hook) == 200

        await embedded.reads("1 person")
        [alert] = await bot.store.alerts.newest()
        listed = {each.recipient for each in await bot.store.deliveries.of_alert(alert.id, 10)}
        [kept] = await bot.store.quarantine.newest()
    assert listed == {ANA}
    assert b"nul" in kept.body


async def test_an_unknown_source_is_not_there_whatever_its_body(quiet):
    assert await status(quiet, "POST", "/hooks/nobody", b"x" * 100) == 404
    assert await status(quiet, "POST", "/hooks/..%2f..%2fetc", b"{}") == 404
    assert await quiet.counted("unknown", "unknown-source") == 2


@pytest.mark.parametrize("source", ["shop", "nobody"])
async def test_who_only_looks_is_told_that_there_is_something(quiet, source):
    assert await status(quiet, "HEAD", f"/hooks/{source}") == 200
    assert await status(quiet, "GET", f"/hooks/{source}") == 200
    assert await status(quiet, "GET", f"/hooks/{source}?to=x") == 405
    assert await status(quiet, "PUT", f"/hooks/{source}", b"{}") == 405


async def test_words_that_slack_would_obey_are_shown_as_they_came(embedded):
    reply = f"{FULL} <!channel> <@U01ADA> <https://evil.example|click> *bold* `x` &amp;"
    async with embedded.bot():
        await embedded.tell(bounced(ANA, reply=reply, campaign="<!here> <@U02LINUS>"))
        [message] = await embedded.shown()

    said = "\n".join([message["text"], *read_by_slack(message["blocks"])])
    assert "&lt;!here&gt;" in said
    assert not any(word in said for word in ("<!here>", "<!channel>", "<@U", "<https://evil"))


def read_by_slack(part) -> list[str]:
    """Return the texts in which Slack looks for mentions and links."""
    if isinstance(part, list):
        return [text for inner in part for text in read_by_slack(inner)]
    if not isinstance(part, dict):
        return []
    own = [part["text"]] if part.get("type") == "mrkdwn" else []
    return own + read_by_slack(list(part.values()))


# Slack's door


def command(text: str = "explain quota", **more: str) -> bytes:
    return urlencode({"command": "/bounce", "text": text, "user_id": "U01ADA", **more}).encode()


UNREADABLE = {
    "broken JSON in a form": (urlencode({"payload": "{broken"}).encode(), FORM),
    "deep JSON in a form": (urlencode({"payload": DEEP.decode()}).encode(), FORM),
    "no object": (urlencode({"payload": "[7]"}).encode(), FORM),
    "broken JSON": (b"{broken", JSON),
    "deep JSON": (DEEP, JSON),
    "no text": (b"\xff\xfe\xfd", FORM),
    "a foreign answer address": (command(response_url="https://evil.example/x"), FORM),
}
STRANGE = [
    {"type": "block_actions"},
    {"type": "block_actions", "user": None, "actions": [{}]},
    {"type": "block_actions", "user": {"id": "U01ADA"}, "actions": None},
    {"type": "block_actions", "user": {"id": "U01ADA"}, "actions": [7]},
    {"type": "block_actions", "user": {"id": "U01ADA"}, "actions": [{"action_id": "deactivate"}]},
    {"type": "block_actions", "user": {"id": "U01ADA"}, "actions": [{"action_id": "more"}]},
    {"type": "view_submission"},
    {"type": "view_submission", "view": {"callback_id": "resend"}},
    {"type": "view_submission", "view": {"type": "modal", "callback_id": "resend"}},
    {"type": "view_closed", "view": 7},
    {"type": "message_action"},
    {"type": "event_callback", "event": 7},
    {"type": ["event_callback"]},
    {"type": "unheard_of"},
    {},
]

UNSIGNED = [
    {"X-Slack-Signature": "v0=" + "0" * 64},
    {"X-Slack-Signature": "v0=ä"},
    {"X-Slack-Signature": "v1=" + "0" * 64},
    {"X-Slack-Signature": ""},
    {"X-Slack-Request-Timestamp": "now"},
    {"X-Slack-Request-Timestamp": "-1"},
    {"X-Slack-Request-Timestamp": "9" * 30},
    {"X-Slack-Request-Timestamp": "١٢٣"},
]


async def test_what_slack_signed_and_cannot_be_read_is_malformed(quiet):
    for case, (body, kind) in UNREADABLE.items():
        assert await ask(quiet, body, kind) == 400, case


@pytest.mark.parametrize("kind", [FORM, JSON])
async def test_what_slack_never_sends_is_no_error_of_the_server(quiet, kind):
    for payload in STRANGE:
        text = json.dumps(payload)
        body = urlencode({"payload": text}).encode() if kind == FORM else text.encode()

        assert await ask(quiet, body, kind) in {200, 400, 404}, payload
    quiet.slack.violations.clear()  # who clicks without a trigger cannot be answered


async def test_what_slack_did_not_sign_is_refused(quiet):
    good = quiet.slack.dispatcher.headers(command(), FORM)
    for headers in [{"Content-Type": FORM}, *(good | changed for changed in UNSIGNED)]:
        assert await status(quiet, "POST", "/slack/events", command(), headers) == 401, headers


@pytest.mark.parametrize("age", [-301, 302])
async def test_what_slack_signed_long_ago_or_for_later_is_refused(quiet, age):
    stamp, secret = str(int(quiet.clock().timestamp()) + age), quiet.around.keys.slack_signing
    headers = {
        "Content-Type": FORM,
        "X-Slack-Request-Timestamp": stamp,
        "X-Slack-Signature": sign(secret, stamp, command()),
    }

    assert await status(quiet, "POST", "/slack/events", command(), headers) == 401


async def test_an_altered_body_is_refused(quiet):
    headers = quiet.slack.dispatcher.headers(command(), FORM)

    assert await status(quiet, "POST", "/slack/events", command("help"), headers) == 401
    assert await status(quiet, "GET", "/slack/events") == 405
    assert quiet.slack.ephemeral(CHANNEL, "U01ADA") == []


async def test_another_secret_is_refused(quiet):
    stamp = str(int(quiet.clock().timestamp()))
    digest = hmac.new(b"", b"v0:%s:%s" % (stamp.encode(), command()), hashlib.sha256).hexdigest()
    headers = {"X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": f"v0={digest}"}

    assert await status(quiet, "POST", "/slack/events", command(), headers) == 401


async def ask(quiet, body: bytes, kind: str) -> int:
    """Send something to Slack's door, signed."""
    headers = quiet.slack.dispatcher.headers(body, kind)
    return await status(quiet, "POST", "/slack/events", body, headers)
