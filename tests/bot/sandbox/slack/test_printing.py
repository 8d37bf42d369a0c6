"""What a person sees in the channel, in plain lines."""

from bot.sandbox.report import Report
from bot.sandbox.slack.printing import plain, printed, thread

NAMES = {"U01ADA": "ada"}


def text(said, kind="mrkdwn"):
    return {"type": kind, "text": said}


def section(said):
    return {"type": "section", "text": text(said)}


def shown(*blocks, **more):
    return printed({"text": "fallback", "blocks": list(blocks), **more}, NAMES)


def test_marks_links_and_times_read_as_words():
    said = "*14 people* &lt;at&gt; <https://a.example/1|ticket 7>, <!date^1^{time}|09:12 UTC>"

    assert plain(said) == "14 people <at> ticket 7, 09:12 UTC"


def test_people_have_names():
    assert shown(section("flagged by <@U01ADA> and <@U02>")) == "flagged by @ada and @U02"


def test_steps_hang_under_their_number():
    first, second = shown(section("1. " + "look " * 25)).split("\n")

    assert first.startswith("1. look")
    assert second.startswith("   look")


def test_a_raw_reply_and_buttons_are_told_from_text():
    raw = {"type": "rich_text_preformatted", "elements": [{"type": "text", "text": "550 no"}]}
    row = [{"type": "button", "text": text("Flag as inactive", "plain_text")}, {"type": "overflow"}]

    said = shown(
        {"type": "rich_text", "elements": [raw]},
        {"type": "actions", "elements": row},
        {"type": "context", "elements": [text("certain: <b>", "plain_text")]},
        {"type": "a_block_of_tomorrow"},
    )

    assert said == "| 550 no\n[ Flag as inactive ] [ ⋯ ]\ncertain: <b>"


def test_without_blocks_the_text_is_shown_and_files_by_name():
    said = printed({"text": "All 20 recipients", "files": [{"name": "list.csv"}]}, NAMES)

    assert said == "All 20 recipients\n[file] list.csv"


def test_a_thread_stands_below_its_message():
    assert thread([], NAMES) == ""
    assert thread([{"text": "Done."}], NAMES) == "In the thread:\n  Done."


def test_a_report_shows_what_people_see_and_counts():
    alert = {"source": "shop", "text": "*raw*"}
    report = Report(
        alerts=[alert], events=2, slack_calls=3, violations=[], seconds=1.5, shown=["14 people"]
    )

    assert "  14 people\n" in report.as_text()
    assert "*raw*" not in report.as_text()
    assert "2 events of 1 sources are 1 alerts; 3 calls" in report.as_text()
    assert "shown" not in report.as_dict()
