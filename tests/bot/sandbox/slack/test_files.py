"""Files: asked for, uploaded, shared, deleted."""

import pytest
from aiohttp import FormData
from slack_sdk.errors import SlackApiError

CHANNEL, ADA = "C01DELIV", "U01ADA"
CSV = b"address,reply\nana@example.com,452\n"


async def test_slacks_own_client_uploads_a_file_into_a_thread(slack, client):
    ts = slack.say(ADA, CHANNEL, "alert")

    answer = await client.files_upload_v2(
        channel=CHANNEL, thread_ts=ts, filename="list.csv", content=CSV, title="1 recipient"
    )

    (reply,) = slack.replies(CHANNEL, ts)
    assert reply["files"][0]["title"] == "1 recipient"
    assert slack.file(answer["files"][0]["id"]) == CSV
    assert slack.violations == []


async def test_a_file_of_a_form_is_taken_too(slack, client, session):
    asked = await client.files_getUploadURLExternal(filename="list.csv", length=len(CSV))
    form = FormData()
    form.add_field("filename", CSV, filename="list.csv")

    async with session.post(asked["upload_url"], data=form) as response:
        assert response.status == 200

    await client.files_completeUploadExternal(files=[{"id": asked["file_id"]}])
    assert slack.file(asked["file_id"]) == CSV


async def test_another_length_than_announced_is_refused(slack, client, session):
    asked = await client.files_getUploadURLExternal(filename="list.csv", length=3)

    async with session.post(asked["upload_url"], data=b"four") as response:
        assert response.status == 400

    with pytest.raises(SlackApiError, match="file_update_failed"):
        await client.files_completeUploadExternal(files=[{"id": asked["file_id"]}])
    with pytest.raises(LookupError):
        slack.file(asked["file_id"])


async def test_a_deleted_file_leaves_its_message(slack, client):
    answer = await client.files_upload_v2(channel=CHANNEL, filename="list.csv", content=CSV)
    name = answer["files"][0]["id"]

    await client.files_delete(file=name)

    assert slack.messages(CHANNEL) == []
    with pytest.raises(SlackApiError, match="file_not_found"):
        await client.files_delete(file=name)


async def test_an_upload_may_fail(slack, client, session):
    asked = await client.files_getUploadURLExternal(filename="list.csv", length=len(CSV))
    slack.fail("upload", "500")

    async with session.post(asked["upload_url"], data=CSV) as response:
        assert response.status == 500
