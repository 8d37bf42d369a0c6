"""Alerts as Slack messages: what they say, what they offer, and that Slack takes them."""

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from bot.sandbox.block_kit.limits import check_message, check_updated_text
from handlers.actions.open_ticket import _body, _sample
from handlers.slack import alert_message
from handlers.slack.alert_text import headline
from handlers.slack.block_kit import TOGETHER, confirm, size
from handlers.slack.job_text import failure_note
from handlers.slack.labels import Labels
from handlers.slack.recipient_csv import _row
from handlers.slack.shown import WHOLE, Shown
from handlers.store import Job
from resolutions.alert import AlertKey, Deed, DeliveryState, JobState, OpenedTicket, Tally
from resolutions.bounce import Permanence
from resolutions.catalogue.evidence_text import WORDED
from resolutions.catalogue.resolution import Catalogue, Family, Severity
from resolutions.diagnosis.result import Confidence, Evidence
from resolutions.reason import Reason

FOLDER = Path(__file__).parent


def of_list(alert, resolution, delivery):
    return alert(), resolution()


def of_one_person(alert, resolution, delivery):
    found = delivery(1, permanence=Permanence.PERMANENT, reason=Reason.BAD_MAILBOX)
    one = alert(
        recipients=1,
        bounced=1,
        attempts=None,
        reason=Reason.BAD_MAILBOX,
        tallies=(Tally(dimension="operator", word="orange.fr", bounced=1),),
        sample=(found,),
    )
    return one, resolution(title="Addresses that do not exist")


def of_receiver(alert, resolution, delivery):
    key = AlertKey(complaint=False, family=Family.RECEIVER, subject="microsoft", topic="refused")
    refused = delivery(
        1,
        recipient="mia@outlook.com",
        reason=Reason.BLOCKED_IP,
        reply="550 5.7.1 Our IP 192.0.2.10 is on the block list (S3140).",
    )
    incident = alert(
        key=key,
        operator_name="Microsoft",
        reason=Reason.BLOCKED_IP,
        severity=Severity.URGENT,
        recipients=5_051,
        waiting=228,
        bounced=2_911,
        delivered=1_802,
        expired=110,
        attempts=12_300,
        oldest_waiting=alert().last_event_at - timedelta(hours=3),
        tallies=(
            Tally(dimension="operator", word="microsoft", bounced=2_911),
            Tally(dimension="campaign", word="Spring launch", bounced=2_000, waiting=28),
            Tally(dimension="campaign", word="Receipts", bounced=900),
            Tally(dimension="campaign", word="Welcome", bounced=8),
            Tally(dimension="campaign", word="", bounced=3),
            Tally(dimension="reason", word="blocked-ip", bounced=2_800),
            Tally(dimension="reason", word="rate-limited", bounced=111, waiting=228),
            Tally(dimension="source", word="newsletter", bounced=2_000),
            Tally(dimension="source", word="shop", bounced=911),
        ),
        sample=(refused,),
    )
    return incident, resolution(
        title="Sending IP blocked", family=Family.RECEIVER, owner="server admin"
    )


def of_ours(alert, resolution, delivery):
    key = AlertKey(
        complaint=False,
        family=Family.OURS,
        subject="news.acme.example",
        topic="authentication-failure",
    )
    failing = alert(
        key=key,
        reason=Reason.AUTHENTICATION_FAILURE,
        severity=Severity.NOTICE,
        attempts=None,
    )
    return failing, resolution(title="SPF, DKIM or DMARC failed", owner="server admin")


def of_complaint(alert, resolution, delivery):
    key = AlertKey(
        complaint=True,
        family=Family.LIST,
        subject="newsletter/Spring launch",
        topic="complaint",
    )
    complained = alert(
        key=key,
        reason=Reason.SPAM_RELATED,
        severity=Severity.NOTICE,
        recipients=3,
        bounced=3,
        sample=(delivery(1, reply="", evidence=""),),
    )
    return complained, resolution(title="Spam complaints", actions=("deactivate", "open_ticket"))


def of_unknown(alert, resolution, delivery):
    key = AlertKey(complaint=False, family=Family.RECEIVER, subject="orange.fr", topic="unknown")
    unclear = delivery(
        1,
        recipient="zoe@orange.fr",
        permanence=Permanence.PERMANENT,
        confidence=Confidence.NONE,
        evidence="nothing in the reply decides",
        reply="554 delivery error: dd",
    )
    unknown = alert(
        key=key,
        operator_name="orange.fr",
        reason=Reason.UNKNOWN,
        recipients=1,
        bounced=1,
        tallies=(
            Tally(dimension="campaign", word="Receipts", bounced=1),
            Tally(dimension="permanence", word="permanent", bounced=1),
            Tally(dimension="operator", word="orange.fr", bounced=1),
        ),
        sample=(unclear,),
    )
    return unknown, resolution(title="Cause unknown", owner="nobody yet", actions=("resend",))


def of_deferral(alert, resolution, delivery):
    later = delivery(1, state=DeliveryState.WAITING)
    quiet = alert(
        recipients=1,
        waiting=1,
        bounced=0,
        severity=Severity.NOTICE,
        oldest_waiting=alert().last_event_at,
        tallies=(Tally(dimension="operator", word="google", waiting=1),),
        sample=(later,),
    )
    return quiet, resolution()


def of_deeds(alert, resolution, delivery):
    at = alert().last_event_at
    acted = alert(
        ticket=OpenedTicket("#12", "https://tickets.example/12"),
        closed_at=at + timedelta(days=1),
        deeds=(
            Deed(
                action="deactivate",
                by="U1",
                line="3 contacts flagged as inactive by <@U1>",
                at=at,
                job_id=2,
            ),
            Deed(
                action="resend",
                by="U2",
                line="",
                at=at,
                job_id=3,
                run_at=at + timedelta(hours=20),
                state=JobState.WAITING,
            ),
            Deed(
                action="resend", by="U3", line="", at=at, job_id=4, state=JobState.RUNNING, done=7
            ),
            Deed(
                action="open_ticket",
                by="bounce",
                line="the mailbox is away",
                at=at,
                job_id=5,
                state=JobState.DEAD,
            ),
        ),
    )
    return acted, resolution()


CASES = {
    "list": of_list,
    "one_person": of_one_person,
    "receiver": of_receiver,
    "ours": of_ours,
    "complaint": of_complaint,
    "unknown": of_unknown,
    "deferral": of_deferral,
    "deeds": of_deeds,
}


def shown(message):
    return json.dumps(list(message.blocks), ensure_ascii=False)


def clicks(message):
    """Return the buttons as (action_id, value), and those in menus as ("more", value)."""
    found = []
    for block in message.blocks:
        for element in block["elements"] if block["type"] == "actions" else []:
            if element["type"] == "button":
                found.append((element["action_id"], element["value"]))
            else:
                found += [(element["action_id"], one["value"]) for one in element["options"]]
    return found


@pytest.fixture
def render(alert, resolution, delivery, labels, now):
    def render(case, **changes):
        about, meaning = CASES[case](alert, resolution, delivery)
        options = {"labels": labels, "shown": Shown(), "now": now, **changes}
        return alert_message.alert(about, meaning, **options)

    return render


@pytest.mark.parametrize("case", CASES)
def test_an_alert_reads_as_recorded(render, case):
    link = "https://acme.slack.com/archives/C1/p1" if case == "deeds" else ""

    message = render(case, beside=alert_message.Beside(link_of_previous=link))

    recorded = json.loads((FOLDER / f"{case}.json").read_text("utf-8"))
    assert {"text": message.text, "blocks": list(message.blocks)} == recorded


@pytest.mark.parametrize("case", CASES)
def test_slack_takes_each_message(render, case):
    message = render(case)

    check_message(list(message.blocks), [])
    check_updated_text(message.text)
    assert size(message.blocks) < TOGETHER


@pytest.mark.parametrize(
    ("case", "line"),
    [
        ("list", "Full mailboxes · Spring launch — 14 people, soft"),
        ("one_person", "Addresses that do not exist · Spring launch — 1 person, hard"),
        (
            "receiver",
            "Microsoft refuses your mail: sending IP blocked — urgent, 5,051 people,"
            " 25 % of 12,300 attempts in 28 min",
        ),
        ("ours", "From news.acme.example: SPF, DKIM or DMARC failed — 14 people, severity notice"),
        ("complaint", "Spam complaints · Spring launch — 3 people, severity notice"),
        ("unknown", "Cause unknown · Receipts · orange.fr — 1 person, hard"),
        ("deferral", "Full mailboxes · Spring launch — 1 person, waiting"),
    ],
)
def test_the_first_line_is_enough_to_decide(alert, resolution, delivery, case, line):
    about, meaning = CASES[case](alert, resolution, delivery)

    assert headline(about, meaning) == line


def test_the_ledger_says_what_became_of_deferred_mail(render):
    ledger = "2,140 deferred: 1,802 since delivered, 110 expired, 228 waiting, oldest 3 h"

    assert f"{ledger} · 2,911 bounced" in shown(render("receiver"))


def test_a_rate_is_missed_only_where_it_would_tell_something(alert, render):
    assert "rate unknown" in shown(render("ours"))
    assert "rate" not in shown(render("one_person"))


def test_hard_is_said_of_addresses_only(alert, delivery, resolution):
    final = Tally(dimension="permanence", word="permanent", bounced=1)
    full = alert(recipients=1, bounced=1, tallies=(final,))
    gone = replace(full, reason=Reason.BAD_MAILBOX)
    suppressed = replace(full, reason=Reason.SUPPRESSED)

    assert headline(full, resolution()).endswith("— 1 person, not retried")
    assert headline(gone, resolution()).endswith("— 1 person, hard")
    assert headline(suppressed, resolution()).endswith("— 1 person")


def test_times_are_those_of_the_events(alert, delivery, resolution, labels, now):
    early = delivery(1, occurred_at=now - timedelta(hours=4))
    late = delivery(2, occurred_at=now - timedelta(hours=2))
    absurd = delivery(3, occurred_at=now + timedelta(days=400))
    about = alert(sample=(early, late, absurd))

    message = alert_message.alert(about, resolution(), labels=labels, shown=Shown(), now=now)

    assert "first <!date^1781502300^" in shown(message)
    assert "last <!date^1781509500^" in shown(message)


def test_a_time_that_cannot_be_is_that_of_the_hearing(alert, delivery):
    about = alert(sample=(delivery(1, occurred_at=alert().opened_at - timedelta(days=20_000)),))

    assert (about.first_at, about.last_at) == (about.opened_at, about.last_event_at)


def test_the_way_of_the_receiver_comes_first(render, alert, resolution, delivery, labels, now):
    about, _ = of_receiver(alert, resolution, delivery)
    known = Catalogue.load().of(Reason.BLOCKED_IP)

    message = alert_message.alert(about, known, labels=labels, shown=Shown(), now=now)

    assert "1. S3140 and S3150 are the block list of Outlook.com" in shown(message)
    assert "Sending IP address 192.0.2.10" in shown(message)


def test_a_question_is_asked_before_the_deed(render):
    question = confirm("Flag 3 contacts?", "Stops all mail.", "Flag", "Not now")

    message = render("list", beside=alert_message.Beside(questions={"deactivate": question}))

    row = next(block for block in message.blocks if block["type"] == "actions")
    asked = {one["action_id"]: one["confirm"] for one in row["elements"] if "confirm" in one}
    assert asked == {"deactivate": question}
    check_message(list(message.blocks), [])


def test_a_ticket_is_named_once(alert, resolution, labels, now):
    opened = Deed(
        action="open_ticket", by="U1", line="Ticket opened by <@U1>: #12", at=now, job_id=2
    )
    about = alert(ticket=OpenedTicket("email to admin@acme.example"), deeds=(opened,))

    message = alert_message.alert(about, resolution(), labels=labels, shown=Shown(), now=now)
    later = alert_message.alert(
        replace(about, deeds=()), resolution(), labels=labels, shown=Shown(), now=now
    )

    assert "Ticket: " not in shown(message)
    assert "Ticket: email to admin@acme.example" in shown(later)


def test_a_deed_shows_when_it_was_done(alert, resolution, labels, now):
    at, done = now - timedelta(hours=9), now - timedelta(hours=1)
    deed = Deed(
        action="resend", by="U1", line="3 emails sent again", at=at, job_id=2, ended_at=done
    )

    message = alert_message.alert(
        alert(deeds=(deed,)), resolution(), labels=labels, shown=Shown(), now=now
    )

    assert f"3 emails sent again, by <@U1>, <!date^{int(done.timestamp())}^" in shown(message)


def test_a_deferral_offers_no_resend(render):
    offered = {action for action, _ in clicks(render("deferral"))}

    assert offered == {"open_ticket", "more"}


def test_a_deferral_is_not_loud(render):
    assert "notice" not in render("deferral").text


def test_what_has_arrived_since_asks_for_nothing(alert, resolution, labels, now):
    about = alert(recipients=2, bounced=0, delivered=2)

    message = alert_message.alert(about, resolution(), labels=labels, shown=Shown(), now=now)

    assert "2 people, all delivered since" in message.text
    assert "there is nothing to do" in message.text
    assert "What to do" not in shown(message) + message.text


def test_the_first_three_buttons_are_shown_and_the_rest_is_a_menu(render):
    assert clicks(render("list")) == [
        ("resend", "7"),
        ("deactivate", "7"),
        ("open_ticket", "7"),
        ("more", "list_recipients|7"),
        ("more", "show_addresses|7"),
    ]


def test_more_than_five_in_the_menu_become_a_select(alert, resolution, labels, now):
    words = [f"deed_{number}" for number in range(9)]
    labels = replace(labels, buttons=dict.fromkeys(words, "Do it"))

    message = alert_message.alert(
        alert(), resolution(actions=tuple(words)), labels=labels, shown=Shown(), now=now
    )

    row = next(block for block in message.blocks if block["type"] == "actions")
    assert [element["type"] for element in row["elements"]] == [*3 * ["button"], "static_select"]
    assert row["elements"][3]["action_id"] == "more"
    check_message(list(message.blocks), [])


def test_words_that_are_not_registered_are_no_buttons(render):
    message = render("deeds", labels=Labels())

    assert clicks(message) == []


def test_what_is_open_can_be_changed(render):
    offered = clicks(render("deeds"))

    assert {("move", "3"), ("cancel", "3"), ("stop", "4"), ("retry", "5")} <= set(offered)
    assert ("reactivate", "7") in offered


def test_what_was_taken_back_is_not_offered_again(alert, resolution, labels, now):
    at = now
    deeds = (
        Deed(action="deactivate", by="U1", line="3 flagged", at=at, job_id=2),
        Deed(
            action="reactivate",
            by="U1",
            line="3 taken back",
            at=at + timedelta(minutes=1),
            job_id=3,
        ),
    )

    message = alert_message.alert(
        alert(deeds=deeds), resolution(), labels=labels, shown=Shown(), now=at
    )

    assert "reactivate" not in {action for action, _ in clicks(message)}


def test_a_variant_has_words_of_its_own(alert, resolution, labels, now):
    message = alert_message.alert(
        alert(variant="greylisted"), resolution(), labels=labels, shown=Shown(), now=now
    )

    assert message.text.startswith("Greylisted · Spring launch")
    assert "Do nothing: the server retries." in shown(message)
    assert "Look for another address" not in shown(message)


def test_addresses_are_masked_everywhere_in_the_message(alert, resolution, delivery, labels, now):
    told = delivery(1, recipient="ana@gmail.com", reply="550 <ana@gmail.com>: no such user")
    about = alert(sample=(told,))

    message = alert_message.alert(about, resolution(), labels=labels, shown=Shown(), now=now)
    open_message = alert_message.alert(about, resolution(), labels=labels, shown=WHOLE, now=now)

    assert "ana@" not in shown(message) + message.text
    assert "550 <ana@gmail.com>" in shown(open_message)


ADDRESS = "whole.address@receiver.example"


@pytest.mark.parametrize("case", CASES)
def test_no_branch_shows_a_whole_address(case, alert, resolution, delivery, labels, now):
    """Put an address wherever strangers write: only a message without masks may show it."""
    about, meaning = CASES[case](alert, resolution, delivery)
    text = (
        f"550 <{ADDRESS}> {ADDRESS}; rfc822;{ADDRESS} “{ADDRESS}” whole.address%40receiver.example"
    )
    written = ("campaign", "subject", "reply", "remote_host")
    evidence = (Evidence(WORDED, "", text),)
    sample = tuple(
        replace(
            one,
            recipient=ADDRESS,
            metadata={"sending_ip": text},
            evidence=evidence,
            **dict.fromkeys(written, text),
        )
        for one in about.sample
    )
    about = replace(
        about,
        key=replace(about.key, subject=f"newsletter/{text}"),
        operator_name=text,
        tallies=tuple(replace(one, word=text) for one in about.tallies),
        sample=sample,
    )
    ways = {
        "message": lambda policy: alert_message.alert(
            about, meaning, labels=labels, shown=policy, now=now
        ),
        "thread": lambda policy: alert_message.thread(about, sample, policy),
        "file": lambda policy: [_row(policy.delivery(one)) for one in sample],
        "ticket": lambda policy: [
            *_body(policy.alert(about), meaning),
            *(_sample(one) for one in policy.alert(about).sample),
        ],
    }

    for way, render in ways.items():
        assert "whole.address" not in str(render(Shown())), way
        assert "whole.address" in str(render(WHOLE)), way


def test_outside_words_cannot_mention_or_link(alert, resolution, delivery, labels, now):
    evil = "<!channel> <https://evil.example|click> *x* `y` \u202e"
    key = replace(alert().key, subject=f"newsletter/{evil}")
    deed = Deed(action="resend", by="U1", line=evil, at=now, job_id=1)
    about = alert(
        key=key,
        operator_name=evil,
        deeds=(deed,),
        tallies=(
            Tally(dimension="operator", word=evil, bounced=1),
            Tally(dimension="source", word=evil, bounced=1),
        ),
        sample=(delivery(1, reply=evil, evidence=evil, recipient=f'"{evil}"@gmail.com'),),
    )

    message = alert_message.alert(about, resolution(), labels=labels, shown=WHOLE, now=now)

    marked = [
        element["text"]
        for block in message.blocks
        for element in [block.get("text"), *block.get("elements", [])]
        if isinstance(element, dict) and element.get("type") == "mrkdwn"
    ]
    assert "<!channel" not in "".join([*marked, message.text])
    assert "<https" not in "".join([*marked[:3], message.text])
    assert "\u202e" not in shown(message)


def test_each_recipient_of_a_small_alert_is_in_the_thread(alert, delivery):
    found = [delivery(number) for number in range(1, 4)]

    message = alert_message.thread(alert(recipients=3), found, shown=Shown())

    assert shown(message).count("a•••@gmail.com") == 3
    assert shown(message).count("452 4.2.2") == 3
    check_message(list(message.blocks), [])


def test_ten_long_replies_fit_into_one_thread_message(alert, delivery):
    found = [delivery(number, reply="551 no & <no> “" * 600) for number in range(10)]

    message = alert_message.thread(alert(), found, shown=Shown())

    check_message(list(message.blocks), [])
    assert size(message.blocks) < TOGETHER
    assert "… (cut)" in shown(message)


def test_a_failure_says_what_is_safe_and_offers_a_retry():
    job = Job(id=9, name="open_ticket", by="U1", alert_id=7)

    message = failure_note(job, "Open a ticket", "the server <x> refuses")

    assert "Open a ticket failed:* the server &lt;x&gt; refuses" in shown(message)
    assert clicks(message) == [("retry", "9")]
    check_message(list(message.blocks), [])


@pytest.mark.parametrize("word", list(Catalogue.load()))
def test_every_entry_of_the_catalogue_fits(alert, delivery, labels, now, word):
    meaning = Catalogue.load()[word]
    key = AlertKey(complaint=word == "complaint", family=meaning.family, subject="a/b", topic=word)
    long = delivery(1, reply="5.0.0 " + "reply <ana@gmail.com> & " * 400)
    for variant in ["", *(one.name for one in meaning.variants)]:
        about = alert(key=key, reason=meaning.reason, variant=variant, sample=(long,))

        message = alert_message.alert(about, meaning, labels=labels, shown=Shown(), now=now)

        check_message(list(message.blocks), [])
        assert size(message.blocks) < TOGETHER
        assert "(cut; more in the thread)" in shown(message)
        assert len(message.text) < 1_000


WORDS = st.text(st.characters(codec="utf-8"), max_size=30).map(lambda word: word * 400)


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(words=st.lists(WORDS, min_size=8, max_size=8), family=st.sampled_from(Family))
@example(words=["", "", "", "", "0" * 400, "", "", "&" * 400], family=Family.LIST)
def test_no_word_from_outside_breaks_a_limit(alert, delivery, resolution, words, family):
    subject, campaign, operator, source, reply, evidence, line, recipient = words
    now = alert().last_event_at
    names = (*resolution().actions, "move", "cancel", "more")
    labels = Labels(dict.fromkeys(names, "Label" * 20), dict.fromkeys(names, "Label" * 20))
    states = list(JobState)
    about = alert(
        key=AlertKey(complaint=False, family=family, subject=subject, topic="refused"),
        operator_name=operator,
        ticket=OpenedTicket(line, f"https://{line}"),
        closed_at=now,
        tallies=tuple(
            Tally(dimension=dimension, word=f"{number}{word}", bounced=number)
            for dimension, word in (
                ("operator", operator), ("source", source), ("campaign", campaign),
            )
            for number in range(5)
        ),
        sample=tuple(
            delivery(number, recipient=recipient or "a@b.example", reply=reply, evidence=evidence)
            for number in range(10)
        ),
        deeds=tuple(
            Deed(action="a", by="U1", line=line, at=now, job_id=number, run_at=now, state=state)
            for number, state in enumerate(states)
        ),
    )  # fmt: skip
    long = resolution(
        title=line, explanation=subject, steps=(reply, evidence, line, operator), owner=source
    )

    message = alert_message.alert(
        about,
        long,
        labels=labels,
        shown=WHOLE,
        now=now,
        beside=alert_message.Beside(link_of_previous=f"https://x/{line}"),
    )
    thread = alert_message.thread(about, about.sample, WHOLE)

    for one in (message, thread):
        check_message(list(one.blocks), [])
        check_updated_text(one.text)
        assert size(one.blocks) < TOGETHER
