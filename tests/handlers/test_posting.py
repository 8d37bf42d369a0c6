"""What is due is posted once, in turn, whatever Slack does meanwhile."""

import csv
import io
import itertools
from dataclasses import replace

import pytest

from handlers.posting import Poster
from handlers.store import Note
from resolutions.bounce import Kind, SmtpReply
from resolutions.catalogue.resolution import Catalogue
from tests.handlers.room import read

CHANNEL = "C01DELIV"
ANA, MIA = "ana@gmail.com", "mia@gmail.com"


def many(count):
    return [f"person{number}@gmail.com" for number in range(count)]


def files_in(room, ts):
    return [file for reply in room.replies(ts) for file in reply.get("files", [])]


def another(room, holder="other", **changes):
    """Return the poster of another process."""
    desk = replace(room.posting, **changes)

    async def sleep(seconds):
        room.clock.advance(seconds)

    return Poster(desk, CHANNEL, holder, sleep)


async def test_an_alert_of_one_person_needs_no_thread(room):
    alert = await room.posted(ANA)

    [message] = room.messages()
    assert message["text"].startswith("Full mailboxes · Spring launch — 1 person, soft")
    assert "452 4.2.2" in read(message["blocks"])
    assert room.replies(alert.ts) == []


async def test_a_few_people_are_in_the_thread_one_by_one(room):
    alert = await room.posted(ANA, MIA)

    [reply] = room.replies(alert.ts)
    assert read(reply["blocks"]).count("452 4.2.2") == 2
    assert len(room.messages()) == 1


async def test_the_thread_is_renewed_when_more_bounce(room):
    alert = await room.posted(ANA, MIA)

    await room.hear("zoe@gmail.com")
    await room.post(after=120)

    [reply] = room.replies(alert.ts)
    assert read(reply["blocks"]).count("452 4.2.2") == 3
    assert "3 people" in room.messages()[0]["text"]


async def test_many_people_are_one_file_once(room):
    alert = await room.posted(*many(11))

    await room.hear(*[f"later{number}@gmail.com" for number in range(20)])
    await room.post(after=120)

    [file] = files_in(room, alert.ts)
    rows = list(csv.DictReader(io.StringIO(room.slack.file(file["id"]).decode())))
    assert len(rows) == 11
    assert {row["recipient"] for row in rows} == {"p•••@gmail.com"}
    assert room.replies(alert.ts)[0]["text"].startswith("All 11 recipients as of 2026-06-15")
    assert "31 people" in room.messages()[0]["text"]


async def test_no_cell_of_the_file_is_a_formula(room):
    reply = SmtpReply("=cmd|' /C calc'!A1\r\n\t+1", "550", "5.1.1")
    events = [room.event(one, reply=reply, campaign="@SUM(A1)") for one in many(11)]
    await room.take(events)
    await room.post()

    [file] = files_in(room, (await room.alert()).ts)

    rows = list(csv.reader(io.StringIO(room.slack.file(file["id"]).decode())))
    assert not [cell for row in rows for cell in row if cell.startswith(("=", "+", "-", "@"))]


async def test_a_post_whose_answer_is_lost_is_found_and_not_repeated(room):
    await room.hear(ANA, MIA)
    room.slack.fail("chat.postMessage", "lost")

    await room.post()
    await room.post()

    assert len(room.messages()) == 1
    alert = await room.alert()
    assert alert.ts == room.messages()[0]["ts"]
    assert len(room.replies(alert.ts)) == 1


async def test_a_reply_whose_answer_is_lost_is_found_in_the_thread(room):
    alert = await room.posted(ANA)
    await room.store.notes.queue(Note(key="job:1", alert_id=alert.id, text="3 contacts flagged"))
    room.slack.fail("chat.postMessage", "lost")

    await room.post()
    await room.post()

    assert [reply["text"] for reply in room.replies(alert.ts)] == ["3 contacts flagged"]


async def test_a_file_whose_answer_is_lost_is_not_uploaded_twice(room):
    await room.hear(*many(11))
    room.slack.fail("files.completeUploadExternal", "lost")

    await room.post()
    await room.post()

    assert len(files_in(room, (await room.alert()).ts)) == 1


@pytest.mark.parametrize("method", ["files.getUploadURLExternal", "upload"])
@pytest.mark.parametrize("how", ["500", "reset"])
async def test_a_file_that_did_not_arrive_is_sent_again(room, method, how):
    await room.hear(*many(11))
    room.slack.fail(method, how)

    await room.post()
    await room.post()

    assert len(files_in(room, (await room.alert()).ts)) == 1


@pytest.mark.parametrize("how", ["500", "502", "503", "reset", "429", "200-ratelimited"])
async def test_slack_failing_for_a_while_loses_nothing(room, how):
    await room.hear(ANA)
    room.slack.fail("chat.postMessage", how, times=3)

    for _ in range(5):
        await room.post()

    assert len(room.messages()) == 1


async def test_slack_says_when_to_come_back(room):
    await room.hear(ANA)
    room.slack.fail("chat.postMessage", "429", retry_after=30)

    await room.post()
    early = [await room.poster.post(), len(room.messages())]
    await room.post(after=31)

    assert early == [False, 0]
    assert len(room.messages()) == 1


async def test_without_the_right_to_read_a_late_duplicate_is_better_than_a_loss(room):
    await room.hear(ANA)
    room.slack.fail("chat.postMessage", "reset")
    room.slack.fail("conversations.history", "error:missing_scope")

    await room.post()
    await room.post()

    assert len(room.messages()) == 1


async def test_a_message_that_slack_refuses_is_posted_as_plain_text(room):
    await room.hear(ANA)
    room.slack.fail("chat.postMessage", "error:invalid_blocks")

    await room.post()

    [message] = room.messages()
    assert "Full mailboxes · Spring launch — 1 person, soft" in read(message["blocks"])
    assert {block["type"] for block in message["blocks"]} == {"section"}


async def test_a_channel_that_refuses_is_asked_again_later(room):
    await room.hear(ANA)
    room.slack.fail("chat.postMessage", "error:is_archived")

    await room.post()
    await room.post(after=70)

    assert len(room.messages()) == 1


async def test_a_message_that_is_refused_for_its_limits_does_not_stop_the_others(room):
    await room.hear(ANA)
    await room.store.notes.queue(
        Note(key="word", alert_id=None, text="for the admins", channel=CHANNEL)
    )
    room.slack.fail("chat.postMessage", "error:attachment_payload_limit_exceeded")

    await room.post()

    assert [message["text"] for message in room.messages()] == ["for the admins"]


async def test_an_alert_that_cannot_be_made_does_not_stop_the_others(room):
    await room.hear(ANA)
    await room.store.notes.queue(
        Note(key="word", alert_id=None, text="for the admins", channel=CHANNEL)
    )
    room.clock.advance(60)
    broken = another(room, "test", catalogue=Catalogue({}))

    while await broken.post():
        pass

    assert [message["text"] for message in room.messages()] == ["for the admins"]


async def test_a_deleted_message_is_posted_anew(room):
    alert = await room.posted(ANA)
    await room.desk.slack.chat_delete(channel=CHANNEL, ts=alert.ts)

    await room.store.alerts.touch(alert.id)
    await room.post()

    assert len(room.messages()) == 1
    assert (await room.alert()).ts != alert.ts


async def test_only_the_holder_of_the_lease_posts(room):
    await room.posted(ANA)
    await room.hear(MIA, campaign="Another")
    room.clock.advance(11)
    await room.store.leases.lease_channel(CHANNEL, "test", 30)

    assert await another(room).post() is False


async def test_posts_keep_a_second_between_them(room):
    for number in range(5):
        await room.hear(ANA, campaign=f"Campaign {number}")
    await room.post()

    times = [float(message["ts"]) for message in room.messages()]
    assert len(times) == 5
    assert min(later - sooner for sooner, later in itertools.pairwise(times)) >= 1


async def test_a_message_with_history_links_the_one_before(room):
    first = await room.posted(ANA)
    room.clock.advance(25 * 3_600)
    await room.store.alerts.close_quiet()

    await room.posted(MIA)
    await room.post()

    old, new = room.messages()
    assert "closed" in old["text"]
    assert f"p{first.ts.replace('.', '')}|an earlier alert>" in read(new["blocks"])


async def test_a_deferral_is_quiet_and_its_bounce_moves_it(room):
    late = room.event(ANA, kind=Kind.DEFERRAL)
    await room.take([late])
    await room.post()
    waiting = room.messages()[0]["text"]

    await room.take([replace(late, event_id="final", kind=Kind.BOUNCE)])
    await room.post(after=120)

    assert "1 person, waiting" in waiting
    assert "1 person, soft" in room.messages()[0]["text"]


async def test_a_long_note_is_shown_whole_as_far_as_slack_takes_it(room):
    alert = await room.posted(ANA)
    note = Note(key="long", alert_id=alert.id, text="line &amp; line\n" * 2_000, renewable=True)
    await room.store.notes.queue(note)
    await room.post()

    await room.store.notes.queue(replace(note, text="other & line\n" * 2_000))
    await room.post()

    [reply] = room.replies(alert.ts)
    assert "(cut)" in read(reply["blocks"])
    assert "other" in reply["text"]
