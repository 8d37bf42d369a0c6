"""Who may act: checked on the server at every click, by people and by user groups."""

from datetime import UTC, datetime, timedelta
from typing import Any

from slack_sdk.web.async_client import AsyncWebClient

from handlers.permission import NO_FOR, YES_FOR, Allowed, Permissions, UserGroup, named
from handlers.store import JobState
from resolutions.bounce import Permanence, SmtpReply
from tests.handlers.room import Room

ADA, LINUS, GRACE = "U01ADA", "U02LINUS", "U03GRACE"
ADMINS = "S01ADMINS"
ANA = "ana@gmail.com"
NOW = datetime(2026, 6, 15, 12, tzinfo=UTC)
FULL: dict[str, Any] = {
    "permanence": Permanence.TRANSIENT,
    "reply": SmtpReply("452 4.2.2 The recipient's inbox is out of storage space.", "452", "4.2.2"),
}


async def test_a_stranger_is_told_who_may(room: Room) -> None:
    room.with_desk(permissions={"deactivate": [ADA, ADMINS]})
    await room.posted(ANA)

    await room.click(LINUS, "deactivate")

    assert f"Only <@{ADA}> or <!subteam^{ADMINS}> may flag contacts" in room.told(LINUS)
    assert await room.store.jobs.in_states([JobState.WAITING]) == []
    (entry,) = [one for one in await room.store.audit.newest() if one.action == "deactivate"]
    assert (entry.by, entry.result) == (LINUS, "refused: not permitted")


async def test_a_named_person_may_without_asking_slack(room: Room) -> None:
    room.with_desk(permissions={"deactivate": [ADA]})
    await room.posted(ANA)

    await room.click(ADA, "deactivate")

    assert (await room.last("deactivate")).by == ADA
    assert room.slack.calls["usergroups.users.list"] == 0


async def test_a_member_of_a_group_may_from_the_first_click_on(room: Room) -> None:
    room.with_desk(permissions={"deactivate": [ADMINS]})
    await room.posted(ANA)

    await room.click(GRACE, "deactivate")

    assert (await room.last("deactivate")).by == GRACE
    assert room.slack.calls["usergroups.users.list"] == 1


async def test_a_group_is_asked_for_once_in_some_minutes(room: Room) -> None:
    room.with_desk(permissions={"show_addresses": [ADMINS]})
    await room.posted(ANA)

    for _ in range(3):
        await room.press(GRACE, "show_addresses")

    assert room.slack.calls["usergroups.users.list"] == 1


async def test_where_slack_does_not_tell_nothing_is_done_and_it_is_said(room: Room) -> None:
    room.with_desk(permissions={"deactivate": [ADMINS]})
    await room.posted(ANA)
    room.slack.fail("usergroups.users.list", "error:internal_error", times=5)

    await room.click(GRACE, "deactivate")

    assert "Slack does not tell now who is in it" in room.told(GRACE)
    assert await room.store.jobs.in_states([JobState.WAITING]) == []


async def test_a_job_is_cancelled_only_by_who_may_do_it(room: Room) -> None:
    room.with_desk(permissions={"resend": [ADA]})
    await room.posted(ANA, **FULL)
    await room.click(ADA, "resend")
    await room.submit(ADA, when=room.in_hours(5))
    await room.post()
    job = await room.last("resend")

    await room.click(LINUS, "cancel", str(job.id))
    assert (await room.store.jobs.get(job.id)).state is JobState.WAITING
    assert f"Only <@{ADA}>" in room.told(LINUS)

    await room.click(ADA, "cancel", str(job.id))
    assert (await room.store.jobs.get(job.id)).state is JobState.CANCELLED


async def test_a_modal_is_checked_again_when_it_is_sent(room: Room) -> None:
    await room.posted(ANA, **FULL)
    await room.click(LINUS, "resend")
    room.with_desk(permissions={"resend": [ADA]})

    await room.submit(LINUS, when=room.in_hours(5))

    (view,) = room.slack.views(LINUS)
    assert "You may not schedule a resend" in view["errors"]["when"]
    assert await room.store.jobs.in_states([JobState.WAITING]) == []


async def test_a_group_that_changed_is_heard_of(room: Room) -> None:
    room.with_desk(permissions={"deactivate": [ADMINS]})
    await room.posted(ANA)
    await room.click(LINUS, "deactivate")
    assert "Only" in room.told(LINUS)

    room.slack.workspace.usergroups[ADMINS].append(LINUS)
    room.clock.advance(61)
    await room.click(LINUS, "deactivate")

    assert (await room.last("deactivate")).by == LINUS


def test_what_is_known_of_a_group_grows_old() -> None:
    groups = {ADMINS: UserGroup(frozenset({GRACE}), NOW)}

    def allows(user: str, now: datetime) -> Allowed:
        permissions = Permissions(
            slack=AsyncWebClient(),
            clock=lambda: now,
            by_action={"resend": [ADMINS]},
            groups=groups,
        )
        return permissions.allows(user, "resend")

    assert allows(GRACE, NOW + YES_FOR) is Allowed.YES
    assert allows(GRACE, NOW + YES_FOR + timedelta(seconds=1)) is Allowed.UNKNOWN
    assert allows(LINUS, NOW + NO_FOR) is Allowed.NO
    assert allows(LINUS, NOW + NO_FOR + timedelta(seconds=1)) is Allowed.UNKNOWN


def test_nobody_is_among_nobody() -> None:
    nobody = Permissions(slack=AsyncWebClient(), clock=lambda: NOW, by_action={"resend": []})
    assert nobody.allows(ADA, "resend") is Allowed.NO
    assert named([]) == "nobody"
