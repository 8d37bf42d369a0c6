"""What a reply is most like, and when that counts."""

import pytest

from resolutions.bounce import Kind, Permanence, SmtpReply
from resolutions.catalogue.evidence_text import phrase
from resolutions.diagnosis.classifier import Features, Likeness
from resolutions.diagnosis.diagnose import diagnose
from resolutions.diagnosis.result import Confidence, Diagnosis, PastedReply
from resolutions.reason import Reason
from resolutions.rules.compiled import compiled
from resolutions.rules.reply import read_reply
from resolutions.rules.rule import Rule
from resolutions.rules.rulebook import Rulebook
from resolutions.rules.statuses import read_statuses

KINDS = {kind.value for kind in Kind}


@pytest.fixture(scope="module")
def bare() -> Rulebook:
    """Give a rulebook without a rule: statuses, codes and likeness alone decide."""
    return Rulebook(compiled((), (), read_statuses()))


@pytest.fixture
def ask(bare: Rulebook):
    def ask(text: str, rulebook: Rulebook = bare, **more) -> Diagnosis:
        return diagnose(PastedReply(SmtpReply(text), **more), rulebook)

    return ask


def one_rule(text: str, reason: Reason) -> Rulebook:
    return Rulebook(compiled([Rule(id="ours", reason=reason, text=text)], (), read_statuses()))


def like(text: str):
    return Likeness.load().of(read_reply(SmtpReply(text)))


def test_every_class_is_a_reason_or_a_kind():
    assert set(Likeness.load().classes) <= KINDS | set(Reason)


def test_words_in_another_order_and_form_are_still_like_known_ones():
    found = like("the mailboxes of this user are full, storage is exceeded")

    assert found.word == "quota-issues"
    assert found.probability > 0.9
    assert "full" in " ".join(found.words)


@pytest.mark.parametrize("text", ["", "550 5.7.1", "550", "zzz qqq", "552 zzz"])
def test_codes_and_unheard_words_are_like_nothing(text: str):
    assert like(text) is None


def test_stems_make_inflected_words_alike():
    one = Features(read_reply(SmtpReply("Adresse deaktiviert"))).places
    other = Features(read_reply(SmtpReply("Adressen deaktivierten"))).places

    assert set(one) == set(other)


def test_likeness_decides_where_no_wording_does(ask):
    found = ask("the connection was lost while data was sent to the remote server")

    assert (found.evidence[0].kind, found.evidence[0].rule) == (
        "likeness",
        f"likeness/{found.reason}",
    )
    assert found.reason is Reason.BAD_CONNECTION
    assert found.permanence is Permanence.TRANSIENT


def test_likeness_in_words_beats_a_false_status(ask):
    found = ask(
        "550 5.1.1 the mailbox of this user was disabled by the administrator, inactive account"
    )

    assert found.reason is Reason.INACTIVE_MAILBOX
    assert Reason.BAD_MAILBOX in found.also


def test_likeness_never_outvotes_a_wording(ask):
    wording = one_rule("mailbox full", Reason.POLICY_RELATED)

    found = ask("552 5.2.2 mailbox full, over quota, no storage left", wording)

    assert found.reason is Reason.POLICY_RELATED


def test_an_unrelated_likeness_takes_the_sureness_of_a_lone_wording(ask):
    wording = one_rule("storage", Reason.TLS_REQUIRED)

    found = ask("the mailbox is full, over quota, no storage left", wording)

    assert (found.reason, found.confidence) == (Reason.TLS_REQUIRED, Confidence.WEAK)
    assert (found.evidence[-1].kind, found.evidence[-1].opposes) == ("likeness", True)
    assert found.also == (Reason.QUOTA_ISSUES,)


def test_a_likeness_that_agrees_or_is_kin_leaves_a_wording_as_sure_as_it_was(ask):
    agreeing = one_rule("storage", Reason.QUOTA_ISSUES)
    kin = one_rule("no such user", Reason.INACTIVE_MAILBOX)

    full = ask("the mailbox is full, over quota, no storage left", agreeing)
    gone = ask("no such user here, recipient unknown", kin)

    assert full.confidence is gone.confidence is Confidence.CERTAIN


def test_likeness_makes_no_absence_note_of_what_was_reported_as_a_bounce(ask):
    away = "I am out of the office on vacation until Monday and will answer your message then"

    assert ask(away).kind is Kind.AUTO_REPLY
    assert ask(away, kind=Kind.BOUNCE).kind is Kind.BOUNCE


def test_likeness_condemns_no_address(ask):
    found = ask("no such user here, the recipient is unknown, the address does not exist")

    assert found.reason is Reason.BAD_MAILBOX
    assert found.confidence is Confidence.WEAK


def test_our_own_refusal_is_never_the_recipients_by_likeness(ask):
    found = ask("the mailbox is full, over quota, no storage left", kind=Kind.REJECTED)

    assert found.reason is Reason.RATE_LIMITED


def test_what_decided_is_told_to_people(ask):
    found = ask("the mailbox is full, over quota, no storage left")

    assert phrase(found).startswith("likeness to known replies in the words")
