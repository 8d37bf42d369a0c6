"""What `bounce explain` and `bounce diagnose` say on a terminal."""

from bot.cli.own_files import OwnFiles
from bot.cli.question import Question
from bot.cli.text.diagnosis import diagnosed
from bot.cli.text.explanation import explained
from bot.cli.text.layout import WIDTH

OWN = OwnFiles()


def diagnosis(text, **known):
    question = Question(text=text, **known)
    return diagnosed(question.diagnosis(OWN.rulebook()), OWN.resolutions())


def test_an_explanation_says_what_it_means_who_acts_and_what_to_do():
    text = explained("quota", OWN)

    assert text.startswith("Full mailboxes · quota-issues (also: full mailbox, ")
    assert "What it means: Their inboxes have no room left." in text
    assert "Who can act: recipient" in text
    assert "Is the address lost? No: " in text
    assert "  1. Look for another address of theirs" in text
    assert "  452 4.2.2 The recipient's inbox is out of storage space." in text
    assert 'Why this one: "quota" is another word for it.' in text


def test_a_variant_is_explained_in_its_own_words():
    text = explained("greylisted", OWN)

    assert text.startswith("Greylisted · rate-limited")
    assert "1. Do nothing" in text


def test_a_reason_names_its_special_cases():
    assert "\n  greylisted: the receiver asked your server" in explained("rate-limited", OWN)
    assert "greylisted: " not in explained("greylisted", OWN)


def test_what_else_a_code_may_mean_is_named():
    assert "It may also be: message-too-large (Messages too large)." in explained("552", OWN)


def test_a_near_miss_is_suggested():
    assert "Did you mean quota-issues (Full mailboxes)?" in explained("qota isues", OWN)


def test_an_unknown_word_leads_to_the_list_of_all():
    text = explained("banana", OWN)

    assert text.startswith('"banana": nobody says it so.')
    assert "\n  bad-mailbox             the address does not exist" in text
    assert len(text.splitlines()) == 28


def test_a_diagnosis_says_what_speaks_for_it_and_against_it():
    lines = diagnosis("550 5.1.1 mailbox full").splitlines()

    assert lines[0] == "quota-issues (likely, not retried) — the inbox is full"
    because = " ".join(lines[1:3])
    assert because.startswith('because: the words "mailbox full" · against: status 5.1.1 says: ')
    assert "also possible: bad-mailbox" in lines
    assert "who can act: recipient" in lines
    assert lines[lines.index("do:") + 1].startswith("  1. Look for another address of theirs")


def test_a_variant_is_diagnosed_with_its_own_steps():
    assert "a rule of your own provider" in diagnosis("Administrator bounced with reason: purge")


def test_what_did_not_bounce_asks_for_nothing():
    assert diagnosis("I am out of the office") == (
        "auto-reply (certain) — a machine answered for a person: the mail arrived"
    )


def test_a_complaint_is_explained_by_its_own_entry():
    text = diagnosis(
        "This is an email abuse report for an email message received from IP 192.0.2.1"
    )

    assert text.startswith("complaint (certain) — the recipient marked the mail as spam")


def test_a_reply_that_says_nothing_leads_to_the_generic_checks():
    text = diagnosis("554 delivery error: dd")

    assert text.startswith("unknown (nothing decides, hard) — the reply does not say why")
    assert "Check the spelling of the address." in text


def test_lines_fit_the_terminal():
    for words in ["quota", "routing-errors", "550", "banana", "550 5.7.1 blocked"]:
        assert max(map(len, explained(words, OWN).splitlines())) <= WIDTH
