"""Whatever people call a reason, `explain` finds it, and never something else."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resolutions.bounce import Kind, SmtpReply, Verdict
from resolutions.catalogue.evidence_text import against, because
from resolutions.catalogue.explain import explain
from resolutions.catalogue.resolution import Catalogue
from resolutions.catalogue.words import plain
from resolutions.diagnosis.diagnose import diagnose
from resolutions.diagnosis.result import PastedReply
from resolutions.reason import Reason
from tests.once import shipped_rules

CATALOGUE = Catalogue.load()
RULEBOOK = shipped_rules()


def asked(words):
    return explain(words, CATALOGUE, lambda: RULEBOOK)


def without_rules(words):
    """Ask where no rulebook can be had: a name decides by itself."""
    return explain(words, CATALOGUE, lambda: pytest.fail("the rulebook was asked for"))


def word_of(found):
    return found.resolution.word if found.resolution else None


@pytest.mark.parametrize(
    "words",
    [
        "quota",
        "full",
        "mailbox full",
        "over quota",
        "Quota Issues",
        "quota_issues",
        "QUOTA-ISSUES",
        "quotaissues",
        "is the mailbox full?",
        "Mailbox is full!",
        "MailboxFull",
        "quota problems at Gmail",
        "what does over-quota mean?",
        "Postfach voll",
        "boîte pleine",
        "boite pleine",
        "Full mailboxes",
        "Transient/MailboxFull",
    ],
)
def test_a_full_mailbox_is_known_by_all_its_names(words):
    assert word_of(without_rules(words)) == "quota-issues"


@pytest.mark.parametrize(
    "words",
    [
        "552 5.2.2",
        "5.2.2",
        "552",
        "x.2.2",
        "#5.2.2",
        "552-5.2.2",
        "SMTP error 552 5.2.2",
        "what is 552?",
        "550 5.1.1 mailbox full",
        "452 4.2.2 The recipient's inbox is out of storage space.",
        "host mx.example[192.0.2.1] said: 552 5.2.2 over quota (in reply to RCPT TO command)",
    ],
)
def test_a_full_mailbox_is_known_by_codes_and_replies(words):
    assert word_of(asked(words)) == "quota-issues"


@pytest.mark.parametrize("word", sorted(CATALOGUE))
def test_every_entry_is_known_by_word_title_and_aliases(word):
    entry = CATALOGUE[word]

    for name in [word, word.replace("-", "_"), word.upper(), entry.title, *entry.aliases]:
        assert word_of(without_rules(name)) == word, name
    for variant in entry.variants:
        for name in [variant.name, *variant.aliases]:
            if variant.name != "own-refusal":
                assert without_rules(name).resolution == entry.special(variant.name), name


@pytest.mark.parametrize(
    ("words", "title"),
    [
        ("complaint", "Spam complaints"),
        ("greylisted", "Greylisted"),
        ("null mx", "Domains that take no mail"),
        ("free-mail-from", "Free-mail address as sender"),
        ("relay denied by recipient", "Receiver's own server refuses to relay"),
        ("4.7.1", "Greylisted"),
        ("bad domain", "Sending domain blocked"),
        ("user unknown", "Addresses that do not exist"),
        ("spam-block", "Taken for spam"),
        ("InvalidRecipient", "Addresses that do not exist"),
        ("550 5.7.26", "Authentication failed"),
        ("5.0.0", "Cause unknown"),
        ("why was my mail blocked by spamhaus?", "Sending IP blocked"),
        ("our domain is on Spamhaus DBL", "Sending domain blocked"),
    ],
)
def test_other_words_reach_what_they_mean(words, title):
    found = asked(words)

    assert found.resolution is not None
    assert found.resolution.title == title


@pytest.mark.parametrize(
    ("words", "near"),
    [
        ("qota isues", "quota-issues"),
        ("mailbx full", "quota-issues"),
        ("grey-listd", "rate-limited"),
        ("authentication failur", "authentication-failure"),
        ("storage", "quota-issues"),
    ],
)
def test_a_near_miss_is_suggested(words, near):
    found = asked(words)

    assert found.resolution is None
    assert near in [each.word for each in found.near]


@pytest.mark.parametrize(
    "words", ["banana", "foo bar", "", "   ", "???", "hello", "999", "bounce", "\0", "x" * 5_000]
)
def test_words_that_nobody_uses_get_no_unrelated_answer(words):
    found = asked(words)

    assert found.resolution is None
    assert found.near == ()
    assert found.because


@pytest.mark.parametrize("words", ["full moon", "spam and quota"])
def test_words_that_are_not_clear_are_only_suggested(words):
    found = asked(words)

    assert found.resolution is None
    assert found.near


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ("soft bounce", "may pass by itself"),
        ("hard bounce", "final"),
        ("delay", "the server still tries"),
        ("out of office", "an auto-reply is no bounce"),
        ("delivered", "did not bounce"),
        ("250 2.0.0 OK", "no bounce: delivered"),
    ],
)
def test_what_is_no_reason_is_said_to_be_none(words, why):
    found = asked(words)

    assert found.resolution is None
    assert why in found.because


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ("quota", '"full mailbox"'),
        ("quota-issues", "that is its name"),
        ("5.2.2", "status 5.2.2 means: the inbox is full"),
        ("5.7.1", "status 5.7.1 is used for many things"),
        ("550", "reply code 550 is used for many things"),
        ("5.9.9", "5.9.9 says only: the refusal is final"),
        ("550 5.1.1 mailbox full", 'the words "mailbox full"'),
    ],
)
def test_the_answer_says_why(words, why):
    assert why.replace("full mailbox", words) in asked(words).because


def test_a_code_of_many_meanings_names_the_others():
    assert [each.word for each in asked("552").near] == ["message-too-large"]
    assert asked("550").resolution.word == "bad-mailbox"
    assert "policy-related" in [each.word for each in asked("550").near]


def test_a_reply_names_what_is_possible_too():
    assert [each.word for each in asked("550 5.1.1 mailbox full").near] == ["bad-mailbox"]


def test_a_reply_that_says_nothing_is_unknown():
    found = asked("554 delivery error: dd")

    assert word_of(found) == "unknown"
    assert found.because == "nothing in the reply decides"


def test_a_sentence_without_a_code_is_read_as_a_reply():
    found = asked("The email account that you tried to reach does not exist. Please try again.")

    assert word_of(found) == "bad-mailbox"


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=80))
def test_nothing_that_is_typed_makes_it_fail(words):
    found = asked(words)

    assert found.because
    assert len(found.near) <= 4


@pytest.mark.parametrize("piece", ["a ", "quota ", "5.2.2 ", "\u0301", "Aa", "550 "])
def test_a_megabyte_is_answered_at_once(piece, within):
    with within(2):
        asked(piece * (1_000_000 // len(piece)))


def test_words_are_compared_in_a_plain_form():
    assert plain("Quota_Issues") == plain("quota  issue") == plain("QuotaIssues")
    assert plain("É e\u0301 ß") == "e e ss"


# Phrases of evidence


def phrases(reply, verdict=None, kind=None):
    diagnosis = diagnose(PastedReply(SmtpReply(reply), verdict=verdict, kind=kind), RULEBOOK)
    return because(diagnosis), against(diagnosis, CATALOGUE)


def test_what_decides_and_what_contradicts_is_said_in_phrases():
    decided, contradicted = phrases("550 5.1.1 mailbox full")

    assert decided == 'the words "mailbox full"'
    assert contradicted == f"status 5.1.1 says: {CATALOGUE['bad-mailbox'].summary}"


def test_what_agrees_is_said_too():
    assert phrases("552 5.2.2")[0] == "status 5.2.2; reply code 552"


def test_a_providers_own_class_is_named():
    verdict = Verdict(word="Permanent/Suppressed", reason=Reason.SUPPRESSED, authoritative=True)

    decided, _ = phrases("", verdict)

    assert decided == 'the provider\'s class "Permanent/Suppressed"'


# What the product promises


@pytest.mark.parametrize(
    "reply",
    [
        "550 5.7.1 not allowed",
        "552 5.2.2 over quota",
        "451 4.3.5 server configuration error",
        "421 4.4.2 connection dropped",
        "451 4.4.1 no answer from host",
        "Administrator bounced with reason: purge",
        "Daily message quota exceeded",
        "rejected",
        "",
    ],
)
def test_a_refusal_by_our_own_provider_never_has_the_recipient_as_owner(reply):
    diagnosis = diagnose(PastedReply(SmtpReply(reply), kind=Kind.REJECTED), RULEBOOK)

    owner = CATALOGUE.of(diagnosis.reason).special(diagnosis.variant).owner

    assert "recipient" not in owner


def test_what_our_own_side_says_of_itself_never_has_the_recipient_as_owner():
    for rule in RULEBOOK.rules:
        if rule.receiver == "providers" and not rule.kind:
            diagnosis = diagnose(PastedReply(SmtpReply(rule.examples[0])), RULEBOOK)
            if diagnosis.evidence and diagnosis.evidence[0].kind == "fact":
                entry = CATALOGUE.of(diagnosis.reason).special(diagnosis.variant)
                assert "recipient" not in entry.owner, rule.id


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        ("Attribute 'name' is not present in the rendering data.", Reason.CONTENT_RELATED),
        ("Invalid SMTPAPI header", Reason.PROTOCOL_ERRORS),
        ("454 Throttling failure: Daily message quota exceeded.", Reason.RATE_LIMITED),
        ("554 Message rejected: Email address is not verified.", Reason.RELAYING_ISSUES),
        ("552 5.2.2 quota exceeded", Reason.RATE_LIMITED),
    ],
)
def test_our_own_refusals_mean_what_somebody_here_has_to_mend(reply, reason):
    found = diagnose(PastedReply(SmtpReply(reply), kind=Kind.REJECTED), RULEBOOK)

    assert found.reason is reason


def test_the_receivers_last_word_stays_the_receivers_when_our_own_server_gave_up():
    expired = "554 4.4.7 Message expired: unable to deliver in 840 minutes.<452 4.2.2 mailbox full>"

    found = diagnose(PastedReply(SmtpReply(expired)), RULEBOOK)

    assert Reason.RATE_LIMITED not in (found.reason, *found.also)


@pytest.mark.parametrize(
    "reply",
    [
        "550 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using zen.spamhaus.org",
        "550 5.7.606 Access denied, banned sending IP [192.0.2.1]",
        "450 4.7.1 Greylisted, please come back later",
        "421 4.7.28 rate limited",
        "550 5.7.1 Message rejected due to local policy",
        "554 5.7.1 Message rejected as spam",
    ],
)
def test_a_block_a_delay_or_a_policy_never_condemns_an_address(reply):
    diagnosis = diagnose(PastedReply(SmtpReply(reply)), RULEBOOK)

    assert CATALOGUE.of(diagnosis.reason).final_for.value != "address"
