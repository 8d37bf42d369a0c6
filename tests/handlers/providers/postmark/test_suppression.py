"""Postmark's suppressions, against a server that answers as Postmark's does."""

from typing import Any

import pytest
from aiohttp import web

from handlers.errors import PermanentError, TemporaryError

ANA = "Ana@receiver.example"


class PostmarkApi:
    """The suppressions of one server's streams; changes are seen at once, or much later."""

    def __init__(self) -> None:
        self.streams: dict[str, dict[str, dict[str, Any]]] = {"outbound": {}, "news": {}}
        self.slow = False
        self.calls: list[tuple[str, str]] = []
        self.answers: list[web.Response] = []

    async def answer(self, request: web.Request) -> web.Response:
        """Answer one call; `answers` come before what is right."""
        self.calls.append((request.method, request.path))
        if request.headers.get("X-Postmark-Server-Token") != "token-1":
            said = {"ErrorCode": 10, "Message": "The Server Token you provided was invalid."}
            return web.json_response(said, status=401)
        if self.answers:
            return self.answers.pop(0)
        _, first, stream, *rest = request.path.split("/")
        if first != "message-streams" or stream not in self.streams:
            said = {"ErrorCode": 1226, "Message": "The message stream was not found."}
            return web.json_response(said, status=422)
        entries = self.streams[stream]
        if request.method == "GET":
            wanted = request.query["EmailAddress"].lower()
            found = [entry for address, entry in entries.items() if address == wanted]
            return web.json_response({"Suppressions": found})
        items = (await request.json())["Suppressions"]
        change = self._delete if rest[-1] == "delete" else self._add
        return web.json_response(
            {"Suppressions": [change(entries, item["EmailAddress"]) for item in items]}
        )

    def _add(self, entries: dict[str, dict[str, Any]], address: str) -> dict[str, Any]:
        if "@" not in address:
            text = "An invalid email address was provided."
            return {"EmailAddress": address, "Status": "Failed", "Message": text}
        if not self.slow:
            self.put(entries, address, "ManualSuppression", "Customer")
        return {"EmailAddress": address, "Status": "Suppressed", "Message": None}

    def _delete(self, entries: dict[str, dict[str, Any]], address: str) -> dict[str, Any]:
        entry = entries.get(address.lower(), {})
        if entry.get("SuppressionReason") == "SpamComplaint":
            text = "You do not have the required authority to change this suppression."
            return {"EmailAddress": address, "Status": "Failed", "Message": text}
        entries.pop(address.lower(), None)
        return {"EmailAddress": address, "Status": "Deleted", "Message": None}

    def put(
        self, entries: dict[str, dict[str, Any]], address: str, cause: str, origin: str
    ) -> None:
        """Put an entry on a list."""
        entries[address.lower()] = {
            "EmailAddress": address,
            "SuppressionReason": cause,
            "Origin": origin,
            "CreatedAt": "2026-06-15T08:00:00-04:00",
        }


@pytest.fixture
def api() -> PostmarkApi:
    return PostmarkApi()


@pytest.fixture
async def stream(api, bench, serve):
    base_url = await serve(api.answer)
    table = {"token": "token-1", "base_url": base_url, "allow_private": True}
    return bench.provider("postmark", api=table).suppressing


def test_without_a_token_there_is_nothing_to_press(bench):
    assert bench.provider("postmark").suppressing is None


async def test_unknown_address_is_not_suppressed(stream):
    assert await stream.suppression_of(ANA) is None


@pytest.mark.parametrize("slow", [False, True])
async def test_added_address_is_the_one_found_a_minute_later(stream, api, slow):
    api.slow = slow
    added = await stream.suppress(ANA)
    api.put(api.streams["outbound"], ANA, "ManualSuppression", "Customer")

    assert added == await stream.suppression_of(ANA)
    assert not added.by_person


@pytest.mark.parametrize(
    ("cause", "origin", "by_person"),
    [
        ("HardBounce", "Recipient", False),
        ("ManualSuppression", "Admin", False),
        ("ManualSuppression", "Recipient", True),
        ("SpamComplaint", "Recipient", True),
    ],
)
async def test_entry_of_another_origin_is_not_ours(stream, api, cause, origin, by_person):
    added = await stream.suppress(ANA)
    api.put(api.streams["outbound"], ANA, cause, origin)

    entry = await stream.suppression_of(ANA)

    assert entry != added
    assert (entry.cause, entry.by_person) == (cause, by_person)
    assert entry.since == "2026-06-15T08:00:00-04:00"


async def test_removed_address_is_gone_and_removing_it_again_is_no_error(stream, api):
    await stream.suppress(ANA)

    await stream.unsuppress(ANA)
    await stream.unsuppress(ANA)

    assert api.streams["outbound"] == {}


async def test_spam_complaint_cannot_be_removed_in_the_words_of_postmark(stream, api):
    api.put(api.streams["outbound"], ANA, "SpamComplaint", "Recipient")

    with pytest.raises(PermanentError, match="do not have the required authority"):
        await stream.unsuppress(ANA)


async def test_address_that_postmark_refuses_is_named_with_its_words(stream):
    with pytest.raises(PermanentError, match="invalid email address"):
        await stream.suppress("nobody")


async def test_only_the_configured_stream_is_changed(bench, api, serve):
    base_url = await serve(api.answer)
    table = {"token": "token-1", "stream": "news", "base_url": base_url, "allow_private": True}
    stream = bench.provider("postmark", api=table).suppressing

    added = await stream.suppress(ANA)

    assert added.list == "news"
    assert api.streams["outbound"] == {}
    assert "news" in stream.suppression_list
    assert "news" in stream.stops


async def test_unknown_stream_and_wrong_token_are_for_a_person_to_mend(bench, api, serve):
    base_url = await serve(api.answer)
    table = {"token": "token-1", "base_url": base_url, "allow_private": True}

    with pytest.raises(PermanentError, match="stream was not found"):
        await bench.provider("postmark", api=table | {"stream": "x"}).suppressing.suppress(ANA)
    with pytest.raises(PermanentError, match="Token"):
        await bench.provider("postmark", api=table | {"token": "t"}).suppressing.suppress(ANA)


async def test_address_with_odd_characters_is_one_parameter(stream, api):
    odd = "a+b&EmailAddress=x#ü@receiver.example"
    await stream.suppress(odd)

    assert (await stream.suppression_of(odd)).recipient == odd


async def test_too_many_calls_wait_as_long_as_asked(stream, api):
    api.answers.append(web.Response(status=429, headers={"Retry-After": "30"}))

    with pytest.raises(TemporaryError) as caught:
        await stream.suppress(ANA)

    assert caught.value.retry_after == 30


@pytest.mark.parametrize(
    "answer",
    [
        {"status": 500},
        {"status": 503},
        {"status": 200, "text": "<html>"},
    ],
)
async def test_broken_server_is_tried_again_later(stream, api, answer):
    api.answers.append(web.Response(**answer))

    with pytest.raises(TemporaryError):
        await stream.unsuppress(ANA)


@pytest.mark.parametrize("answer", [{}, [], {"Suppressions": None}, {"Suppressions": ["x"]}])
async def test_answer_that_says_nothing_of_the_address_is_no_success(stream, api, answer):
    api.answers.append(web.json_response(answer))

    with pytest.raises(PermanentError):
        await stream.suppress(ANA)
