"""What App Home shows, and what old buttons answer."""

from dataclasses import replace

from handlers.provider import Parsed, Unusable
from handlers.store import Job
from resolutions.bounce import Kind, SmtpReply
from tests.bot.store.samples import request
from tests.handlers.room import read

ADA, CHANNEL = "U01ADA", "C01DELIV"


async def opened(room):
    answer = await room.slack.open_home(ADA)
    assert answer.status == 200
    await room.settle()
    home = room.slack.home(ADA)
    assert home is not None
    return read(home)


async def test_an_empty_desk_says_so(room):
    home = await opened(room)

    assert "No bounces." in home
    assert "No open alerts." in home
    assert "Nothing is scheduled." in home


async def test_open_alerts_are_linked(room):
    alert = await room.posted("ana@gmail.com", "mia@gmail.com")

    home = await opened(room)

    place = f"{CHANNEL}/p{alert.ts.replace('.', '')}"
    assert f"{place}|Full mailboxes · Spring launch — 2 people, soft>" in home
    assert "2  Full mailboxes" in home


async def test_a_link_is_asked_for_once(room):
    await room.posted("ana@gmail.com")

    await opened(room)
    await opened(room)

    assert room.slack.calls["chat.getPermalink"] == 1


async def test_what_is_scheduled_and_what_failed_is_shown(room):
    alert = await room.posted("ana@gmail.com")
    later = room.clock().replace(hour=23)
    await room.store.jobs.schedule(Job(name="resend", by=ADA, alert_id=alert.id, run_at=later))

    home = await opened(room)

    assert f"by <@{ADA}>" in home
    assert "Resend for <!date^" in home


async def test_quarantine_is_shown(room):
    heard = replace(request("newsletter"), received_at=room.clock())
    await room.store.events.record(
        heard, Parsed(unusable=[Unusable(b"<odd>", "ValueError: <odd>")])
    )

    home = await opened(room)

    assert "1 not understood" in home
    assert "ValueError: &lt;odd&gt;" in home


async def test_fifty_open_alerts_fit(room):
    events = [
        replace(room.event(f"a{n}@gmail.com"), campaign=f"{'<Long & name> ' * 30}{n}")
        for n in range(50)
    ]
    await room.take(events)
    await room.post()

    assert "Full mailboxes" in await opened(room)


async def test_the_worst_alerts_come_first_and_the_others_are_counted(room):
    newest = [room.event(f"a{n}@gmail.com", campaign=f"Campaign {n}") for n in range(12)]
    many = [room.event(f"b{n}@gmail.com", campaign="Large") for n in range(3)]
    loud = room.event("c@gmail.com", kind=Kind.COMPLAINT, campaign="Loud", reply=SmtpReply())
    await room.take([loud])
    await room.take(many)
    await room.take(newest)

    home = await opened(room)

    places = [home.index(word) for word in ("Spam complaints · Loud", "· Large", "· Campaign")]
    assert places == sorted(places)
    assert home.count("· Campaign") == 8
    assert "and 4 more open in the channel" in home


async def test_a_button_that_nobody_knows_says_where_the_alert_lives_on(room):
    alert = await room.posted("ana@gmail.com")
    old = {
        "type": "actions",
        "elements": [
            {
                "type": "button",
                "action_id": "gone",
                "value": "1",
                "text": {"type": "plain_text", "text": "Gone"},
            },
            {
                "type": "overflow",
                "action_id": "more",
                "options": [{"text": {"type": "plain_text", "text": "Gone"}, "value": "gone|1"}],
            },
        ],
    }
    await room.desk.slack.chat_update(
        channel=CHANNEL, ts=alert.ts, text="an older release", blocks=[old]
    )

    await room.slack.click(ADA, CHANNEL, alert.ts, "gone")
    await room.slack.click(ADA, CHANNEL, alert.ts, "more", "gone|1")
    await room.settle()

    told = [message["text"] for message in room.slack.ephemeral(CHANNEL, ADA)]
    assert len(told) == 2
    assert all("This button is from an older message." in text for text in told)
    assert all(alert.ts.replace(".", "") in text for text in told)
