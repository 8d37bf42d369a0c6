"""The list of recipients in the thread, and whole addresses for one person."""

from tests.handlers.room import Room, read

ADA, LINUS = "U01ADA", "U02LINUS"
ANA, BEN = "ana@gmail.com", "ben@gmail.com"


async def test_the_list_is_put_into_the_thread_and_renewed_at_each_click(room: Room) -> None:
    await room.posted(ANA, BEN)

    await room.press(ADA, "list_recipients")
    await room.work()
    await room.posted("cleo@gmail.com")
    await room.press(LINUS, "list_recipients")
    await room.work()

    first, second = (text for text in files(room, (await room.alert()).ts))
    assert first.count("gmail.com,bounced") == 2
    assert second.count("gmail.com,bounced") == 3


async def test_addresses_in_the_list_are_masked(room: Room) -> None:
    await room.posted(ANA, BEN)

    await room.press(ADA, "list_recipients")
    await room.work()

    (text,) = files(room, (await room.alert()).ts)
    assert "a•••@gmail.com" in text
    assert ANA not in text


async def test_whole_addresses_are_shown_to_one_person_and_noted(room: Room) -> None:
    alert = await room.posted(ANA, BEN)

    await room.press(ADA, "show_addresses")

    assert ANA in room.told(ADA)
    assert ANA in read(room.slack.ephemeral("C01DELIV", ADA)[-1]["blocks"])
    assert room.told(LINUS) == ""
    assert ANA not in await room.shown()
    (entry,) = [one for one in await room.store.audit.newest() if one.action == "show_addresses"]
    assert (entry.by, entry.what) == (ADA, f"alert {alert.id}: 2 addresses")


async def test_hostile_addresses_mention_nobody(room: Room) -> None:
    await room.posted('"<!channel>"@gmail.com')

    await room.press(ADA, "show_addresses")

    assert "<!channel>" not in read(room.slack.ephemeral("C01DELIV", ADA)[-1])


async def test_more_than_fit_are_counted(room: Room) -> None:
    await room.posted(*(f"user{number}@gmail.com" for number in range(130)))

    await room.press(ADA, "show_addresses")

    told = read(room.slack.ephemeral("C01DELIV", ADA)[-1]["blocks"])
    assert "user99@gmail.com" in told
    assert "and 30 more" in told
    assert room.slack.violations == []


def files(room: Room, ts: str) -> list[str]:
    """Return the texts of the files in a thread."""
    names = [file["id"] for one in room.replies(ts) for file in one.get("files", [])]
    return [room.slack.file(name).decode() for name in names]
