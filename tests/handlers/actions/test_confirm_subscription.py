"""Subscriptions that a provider asks to confirm: by its API, else by a person."""

from handlers.store import Job, JobState
from tests.handlers.room import Room, read

LINK = "https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&Token=abc"
ARGUMENTS = {
    "source": "letters",
    "topic": "arn:aws:sns:eu-west-1:123456789012:bounces",
    "token": "abc",
    "link": LINK,
}


async def test_what_cannot_be_confirmed_is_told_to_the_admins_with_the_link_as_text(
    room: Room,
) -> None:
    job = Job(name="confirm_subscription", by="bounce", arguments=ARGUMENTS)
    await room.store.jobs.schedule(job)

    await room.runner.settle()
    await room.post_in("C02ADMIN")

    (told,) = room.slack.messages("C02ADMIN")
    assert "letters" in told["text"]
    texts = [
        element["text"]
        for block in told["blocks"]
        if block["type"] == "rich_text"
        for part in block["elements"]
        for element in part["elements"]
    ]
    assert texts == [LINK]
    assert f"<{LINK}" not in read(told)
    assert "no API key" in told["text"]
    assert await room.store.jobs.in_states([JobState.DEAD]) == []


async def test_the_same_wish_is_told_once(room: Room) -> None:
    for _ in range(2):
        await room.store.jobs.schedule(
            Job(name="confirm_subscription", by="bounce", arguments=ARGUMENTS)
        )
        await room.runner.settle()
    await room.post_in("C02ADMIN")

    assert len(room.slack.messages("C02ADMIN")) == 1


async def test_a_source_that_is_gone_is_told(room: Room) -> None:
    arguments = ARGUMENTS | {"source": "gone"}
    await room.store.jobs.schedule(
        Job(name="confirm_subscription", by="bounce", arguments=arguments)
    )

    await room.runner.settle()
    await room.post_in("C02ADMIN")

    (told,) = room.slack.messages("C02ADMIN")
    assert "not configured any more" in told["text"]
