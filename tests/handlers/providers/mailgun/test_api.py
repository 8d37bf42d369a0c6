"""Mailgun's bounce list and stored copies, against a server that answers as Mailgun's does."""

import base64
from dataclasses import replace
from typing import Any
from urllib.parse import unquote

import pytest
from aiohttp import web

from handlers.errors import PermanentError, TemporaryError, UncertainError
from handlers.provider import StoredCopy

DOMAIN = "mg.sender.example"
COPY = StoredCopy(
    recipient="ana@receiver.example",
    stored_copy="BAABAQZm9vYmFyLTAwMDQteHl6",
    provider_message_id="m-1@sender.example",
    message_id="<m-1@sender.example>",
    key="resend-1",
)


class MailgunApi:
    """The lists and the stored messages of one domain."""

    def __init__(self) -> None:
        self.lists: dict[str, dict[str, dict[str, Any]]] = {
            "bounces": {},
            "complaints": {},
            "unsubscribes": {},
        }
        self.copies = {COPY.stored_copy}
        self.calls: list[tuple[str, str]] = []
        self.forms: list[dict[str, Any]] = []
        self.answers: list[web.Response] = []

    async def answer(self, request: web.Request) -> web.Response:
        """Answer one call; `answers` come before what is right."""
        self.calls.append((request.method, request.rel_url.raw_path))
        expected = base64.b64encode(b"api:key-1").decode()
        if request.headers.get("Authorization") != f"Basic {expected}":
            return web.json_response({"message": "Forbidden"}, status=401)
        if self.answers:
            return self.answers.pop(0)
        steps = [unquote(step) for step in request.rel_url.raw_path.strip("/").split("/")]
        if steps[1] == "domains":
            return await self._resend(request, steps)
        if steps[1] != DOMAIN:
            return web.json_response({"message": f"Domain not found: {steps[1]}"}, status=404)
        return await self._list(request, steps)

    async def _list(self, request: web.Request, steps: list[str]) -> web.Response:
        entries = self.lists[steps[2]]
        if request.method == "POST":
            form: dict[str, Any] = dict(await request.post())
            self.forms.append(form)
            entries[str(form["address"]).lower()] = {
                **form,
                "created_at": "Mon, 15 Jun 2026 12:00:00 UTC",
            }
            return web.json_response({"message": "Address has been added to the bounces table"})
        if len(steps) < 4:
            entries.clear()
            return web.json_response({"message": "Bounced addresses have been removed"})
        entry = entries.get(steps[3].lower())
        if entry is None:
            text = f"Address not found in {steps[2]} table"
            return web.json_response({"message": text}, status=404)
        if request.method == "DELETE":
            del entries[steps[3].lower()]
            return web.json_response({"message": "Bounced address has been removed"})
        return web.json_response(entry)

    async def _resend(self, request: web.Request, steps: list[str]) -> web.Response:
        if request.content_type != "multipart/form-data":
            return web.json_response({"message": "to parameter is missing"}, status=400)
        self.forms.append(dict(await request.post()))
        if steps[4] not in self.copies:
            return web.json_response({"message": "Message not found"}, status=404)
        return web.json_response({"id": "<new@sender.example>", "message": "Queued. Thank you."})


@pytest.fixture
def api() -> MailgunApi:
    return MailgunApi()


@pytest.fixture
async def provider(api, bench, serve):
    base_url = await serve(api.answer)
    table = {"key": "key-1", "domain": DOMAIN, "base_url": base_url, "allow_private": True}
    return bench.provider("mailgun", api=table)


@pytest.fixture
def lists(provider):
    return provider.suppressing


@pytest.fixture
def copies(provider):
    return provider.resending


def test_without_a_key_there_is_nothing_to_press(bench):
    provider = bench.provider("mailgun")

    assert provider.suppressing is None
    assert provider.resending is None


async def test_unknown_address_is_on_no_list(lists):
    assert await lists.suppression_of("ana@receiver.example") is None


async def test_added_address_is_the_one_found_later(lists, api):
    added = await lists.suppress("ana@receiver.example")

    assert added == await lists.suppression_of("ana@receiver.example")
    assert added.list == "bounces"
    assert added.since == "Mon, 15 Jun 2026 12:00:00 UTC"
    assert not added.by_person
    assert api.forms[0]["code"] == "550"


async def test_entry_that_a_later_bounce_changed_is_another_one(lists, api):
    added = await lists.suppress("ana@receiver.example")

    api.lists["bounces"]["ana@receiver.example"]["error"] = "5.1.1 User unknown"

    assert added != await lists.suppression_of("ana@receiver.example")


async def test_removed_address_is_gone_and_removing_it_again_is_no_error(lists, api):
    await lists.suppress("ana@receiver.example")

    await lists.unsuppress("ana@receiver.example")
    await lists.unsuppress("ana@receiver.example")

    assert api.lists["bounces"] == {}


@pytest.mark.parametrize("name", ["complaints", "unsubscribes"])
async def test_wish_of_the_person_is_seen_first_and_never_removed(lists, api, name):
    api.lists[name]["ana@receiver.example"] = {"address": "ana@receiver.example", "tags": ["*"]}
    api.lists["bounces"]["ana@receiver.example"] = {"address": "ana@receiver.example"}

    entry = await lists.suppression_of("ana@receiver.example")
    await lists.unsuppress("ana@receiver.example")

    assert entry.by_person
    assert entry.list == name
    assert "ana@receiver.example" in api.lists[name]


async def test_unsubscribe_from_one_tag_stops_not_all_mail(lists, api):
    api.lists["unsubscribes"]["ana@receiver.example"] = {"tags": ["digest"]}

    assert await lists.suppression_of("ana@receiver.example") is None


@pytest.mark.parametrize(
    "recipient", ["", "..", "no-at-sign", "a/../@b", "a@b/..", "a@b,c@d", "a b@c"]
)
async def test_address_that_could_name_another_resource_is_never_sent(lists, api, recipient):
    api.lists["bounces"]["bea@receiver.example"] = {"address": "bea@receiver.example"}

    for call in (lists.unsuppress, lists.suppress, lists.suppression_of):
        with pytest.raises(PermanentError):
            await call(recipient)

    assert api.calls == []
    assert api.lists["bounces"]


async def test_address_with_odd_characters_stays_one_step_of_the_path(lists, api):
    odd = "a+b%2F?x=1#ü@receiver.example"

    added = await lists.suppress(odd)

    assert added == await lists.suppression_of(odd)
    await lists.unsuppress(odd)
    assert api.lists["bounces"] == {}


async def test_wrong_domain_or_region_is_not_taken_for_absence(bench, api, serve):
    base_url = await serve(api.answer)
    table = {"key": "key-1", "domain": "other.example", "base_url": base_url, "allow_private": True}

    with pytest.raises(PermanentError, match="does not know the domain"):
        await bench.provider("mailgun", api=table).suppressing.suppression_of("ana@one.example")


async def test_domain_is_asked_for_where_a_list_is_wanted(bench):
    provider = bench.provider("mailgun", api={"key": "key-1"})

    with pytest.raises(PermanentError, match="set domain"):
        await provider.suppressing.suppress("ana@one.example")


async def test_wrong_key_is_for_a_person_to_mend(bench, api, serve):
    base_url = await serve(api.answer)
    table = {"key": "old", "domain": DOMAIN, "base_url": base_url, "allow_private": True}

    with pytest.raises(PermanentError, match="401"):
        await bench.provider("mailgun", api=table).suppressing.suppress("ana@one.example")


async def test_too_many_calls_wait_as_long_as_asked(lists, api):
    api.answers.append(web.Response(status=429, headers={"Retry-After": "30"}))

    with pytest.raises(TemporaryError) as caught:
        await lists.suppress("ana@receiver.example")

    assert caught.value.retry_after == 30


async def test_broken_server_is_tried_again_later(lists, api):
    api.answers.append(web.Response(status=500))

    with pytest.raises(TemporaryError):
        await lists.unsuppress("ana@receiver.example")


async def test_stored_copy_goes_to_its_one_recipient(copies, api):
    assert await copies.resend(COPY) == "<new@sender.example>"

    assert api.calls == [("POST", f"/v3/domains/{DOMAIN}/messages/{COPY.stored_copy}")]
    assert api.forms == [{"to": "ana@receiver.example"}]


async def test_copy_that_is_no_longer_kept_says_so(copies, api):
    api.copies.clear()

    with pytest.raises(PermanentError, match="retention"):
        await copies.resend(COPY)


async def test_refused_copy_repeats_the_words_of_mailgun(copies, api):
    api.answers.append(web.json_response({"message": "'to' is not a valid address"}, status=400))

    with pytest.raises(PermanentError, match="not a valid address"):
        await copies.resend(COPY)


async def test_copy_is_not_sent_twice_because_an_answer_broke(copies, api):
    api.answers.append(web.Response(text="<html>sent</html>"))

    assert await copies.resend(COPY) == ""


@pytest.mark.parametrize("status", [500, 502, 504])
async def test_copy_with_an_unknown_outcome_is_left_to_a_person(copies, api, status):
    api.answers.append(web.Response(status=status))

    with pytest.raises(UncertainError):
        await copies.resend(COPY)


async def test_busy_mailgun_is_asked_again_for_nothing_was_sent(copies, api):
    api.answers.append(web.Response(status=429, headers={"Retry-After": "5"}))

    with pytest.raises(TemporaryError):
        await copies.resend(COPY)


@pytest.mark.parametrize(
    "key", ["", "..", "../../bounces", "a/b", "short", "x" * 2000, "kéykéykéy"]
)
async def test_key_that_is_none_is_never_sent(copies, api, key):
    with pytest.raises(PermanentError):
        await copies.resend(replace(COPY, stored_copy=key))

    assert api.calls == []


@pytest.mark.parametrize("recipient", ["a@b,c@d", "a@b\r\nX: y", "", "ana"])
async def test_copy_goes_to_nobody_else(copies, api, recipient):
    with pytest.raises(PermanentError):
        await copies.resend(replace(COPY, recipient=recipient))

    assert api.calls == []


async def test_complaint_is_added_to_the_complaints_and_found_there(lists, api):
    added = await lists.suppress("ana@receiver.example", complaint=True)

    assert added == await lists.suppression_of("ana@receiver.example")
    assert (added.list, added.cause, added.by_person) == ("complaints", "complaints", True)
    assert list(api.lists["complaints"]) == ["ana@receiver.example"]
    assert not api.lists["bounces"]


async def test_complaint_that_was_added_is_not_taken_back(lists, api):
    await lists.suppress("ana@receiver.example", complaint=True)

    await lists.unsuppress("ana@receiver.example")

    assert (await lists.suppression_of("ana@receiver.example")).by_person
