"""Cancel, move, stop, try again: they race honestly with the job they change."""

from typing import Any

from handlers.store import Job, JobState
from resolutions.bounce import Permanence, SmtpReply
from tests.handlers.room import Room, read

ADA, LINUS, GRACE = "U01ADA", "U02LINUS", "U03GRACE"
ANA, BEN = "ana@gmail.com", "ben@gmail.com"
FULL: dict[str, Any] = {
    "permanence": Permanence.TRANSIENT,
    "reply": SmtpReply("452 4.2.2 The recipient's inbox is out of storage space.", "452", "4.2.2"),
}


async def scheduled(room: Room, *recipients: str) -> Job:
    await room.posted(*recipients, **FULL)
    await room.click(ADA, "resend")
    await room.submit(ADA, when=room.in_hours(5))
    await room.post()
    job: Job = await room.last("resend")
    return job


async def test_what_is_cancelled_does_not_run(room: Room) -> None:
    job = await scheduled(room, ANA)

    await room.click(LINUS, "cancel", str(job.id))
    room.clock.advance(6 * 3600)
    await room.work()

    assert (await room.store.jobs.get(job.id)).state is JobState.CANCELLED
    assert room.sender.asked == []
    assert room.told(LINUS) == "Cancelled: nothing is done."
    assert "cancelled" in await room.shown()


async def test_what_already_runs_cannot_be_cancelled(room: Room) -> None:
    job = await scheduled(room, ANA)
    ts = (await room.alert()).ts
    room.clock.advance(6 * 3600)
    await room.store.jobs.claim(1, 60.0)

    await room.click(LINUS, "cancel", str(job.id), ts=ts)

    assert room.told(LINUS) == "It is running already."


async def test_what_was_done_is_told_to_who_cancels_too_late(room: Room) -> None:
    job = await scheduled(room, ANA)
    room.clock.advance(6 * 3600)
    await room.runner.settle()

    await room.click(LINUS, "cancel", str(job.id))  # the message is not redrawn yet

    assert "Already done" in room.told(LINUS)
    assert "1 email passed to your sender" in room.told(LINUS)


async def test_a_job_is_moved_to_another_time(room: Room) -> None:
    job = await scheduled(room, ANA)

    await room.click(LINUS, "move", str(job.id))
    (view,) = room.slack.views(LINUS)
    when = view["blocks"][0]
    assert when["element"]["initial_date_time"] == int(job.run_at.timestamp())
    assert "Europe/Helsinki" in when["hint"]["text"]
    await room.submit(LINUS, when=room.in_hours(1))

    room.clock.advance(3600)
    await room.work()
    assert room.sender.recipients == [ANA]


async def test_a_job_cannot_be_moved_into_the_past(room: Room) -> None:
    job = await scheduled(room, ANA)
    await room.click(LINUS, "move", str(job.id))

    await room.submit(LINUS, when=room.in_hours(-1))

    (view,) = room.slack.views(LINUS)
    assert "still to come" in view["errors"]["when"]
    assert (await room.store.jobs.get(job.id)).run_at == job.run_at


async def test_a_job_that_began_meanwhile_is_not_moved(room: Room) -> None:
    job = await scheduled(room, ANA)
    await room.click(LINUS, "move", str(job.id))
    room.clock.advance(6 * 3600)
    await room.runner.settle()

    await room.submit(LINUS, when=room.in_hours(9))

    (view,) = room.slack.views(LINUS)
    assert "cannot be moved any more" in view["errors"]["when"]


async def test_who_opens_the_modal_too_late_is_told_how_it_stands(room: Room) -> None:
    job = await scheduled(room, ANA)
    ts = (await room.alert()).ts
    room.clock.advance(6 * 3600)
    await room.runner.settle()

    await room.click(LINUS, "move", str(job.id), ts=ts)

    (view,) = room.slack.views(LINUS)
    assert "Already done" in read(view["blocks"])
    assert view.get("submit") is None


async def test_a_failed_job_is_tried_again_from_its_thread(room: Room) -> None:
    room.sender.refused = {ANA: 403}
    job = await scheduled(room, ANA)
    room.clock.advance(6 * 3600)
    await room.work()
    assert (await room.store.jobs.get(job.id)).state is JobState.DEAD
    failed = room.replies((await room.alert()).ts)[-1]
    room.sender.refused = {}

    await room.click(LINUS, "retry", str(job.id), ts=failed["ts"])
    await room.work()

    assert room.sender.recipients == [ANA]
    assert (await room.store.jobs.get(job.id)).state is JobState.DONE
    assert "tried again" in room.told(LINUS)

    await room.click(LINUS, "retry", str(job.id), ts=failed["ts"])
    assert "Already done" in read(room.slack.ephemeral("C01DELIV", LINUS)[-1])


async def test_a_running_job_stops_at_its_next_step(room: Room) -> None:
    people = [f"user{number}@gmail.com" for number in range(6)]
    job = await scheduled(room, *people)
    ts = (await room.alert()).ts
    room.clock.advance(6 * 3600)

    async def stop_at_the_second() -> None:
        if len(room.sender.asked) == 2:
            await room.press(LINUS, "stop", job.id)

    room.sender.hook = stop_at_the_second
    await room.work()

    assert len(room.sender.asked) == 2
    assert (await room.store.jobs.get(job.id)).state is JobState.STOPPED
    said = [one["text"] for one in room.replies(ts)]
    assert "2 sent again before; nothing more is sent" in "\n".join(said)


async def test_what_does_not_run_cannot_be_stopped(room: Room) -> None:
    job = await scheduled(room, ANA)

    await room.press(LINUS, "stop", job.id)

    assert room.told(LINUS) == "It waits for its time."


async def test_an_answer_to_a_click_in_app_home_is_a_modal(room: Room) -> None:
    job = await scheduled(room, ANA)

    await room.press(LINUS, "retry", job.id, channel="")

    (view,) = room.slack.views(LINUS)
    assert "It waits for its time." in read(view["blocks"])


async def test_changes_are_in_the_audit_log(room: Room) -> None:
    job = await scheduled(room, ANA)

    await room.click(LINUS, "cancel", str(job.id))

    entry = next(one for one in await room.store.audit.newest() if one.action == "cancel")
    assert (entry.by, entry.what) == (LINUS, f"job {job.id} (resend)")
