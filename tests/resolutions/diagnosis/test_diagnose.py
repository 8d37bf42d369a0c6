"""From evidence to a reason: its order, the confidence, what else it could be."""

import pytest

from resolutions.bounce import Kind, Permanence, SmtpReply, Verdict
from resolutions.diagnosis.diagnose import diagnose
from resolutions.diagnosis.result import OWN_REFUSAL, Confidence, Diagnosis, PastedReply
from resolutions.reason import Reason
from resolutions.rules.compiled import compiled
from resolutions.rules.reply import Reply
from resolutions.rules.rulebook import Hit, Rulebook


@pytest.fixture
def ask(rulebook: Rulebook):
    def ask(text: str, **given) -> Diagnosis:
        reply = SmtpReply(text, given.pop("code", ""), given.pop("status", ""))
        return diagnose(PastedReply(reply, **given), rulebook)

    return ask


# The order of evidence


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("550 5.1.1 mailbox full", Reason.QUOTA_ISSUES),
        ("550 5.2.1 The user is receiving mail too quickly", Reason.RATE_LIMITED),
        ("550 5.1.10 RESOLVER.ADR.RecipientNotFound; not found", Reason.BAD_MAILBOX),
        ("556 5.1.10 Domain does not accept mail (nullMX)", Reason.DOMAIN_NOT_FOUND),
        (
            "550 5.4.1 [a@b.example]: Recipient address rejected: Access denied "
            "[x.prod.protection.outlook.com]",
            Reason.BAD_MAILBOX,
        ),
        ("450 4.7.1 Greylisted", Reason.RATE_LIMITED),
        ("550 5.7.28 unusual rate of unsolicited mail", Reason.SPAM_RELATED),
        ("552 5.3.4 message too large", Reason.MESSAGE_TOO_LARGE),
        ("550 5.7.1 user unknown", Reason.BAD_MAILBOX),
        ("550 5.2.1 User unknown", Reason.BAD_MAILBOX),
    ],
)
def test_specific_words_beat_a_vague_or_false_status(ask, text: str, reason: Reason) -> None:
    assert ask(text).reason is reason


def test_own_daily_quota_is_no_full_mailbox(ask) -> None:
    assert ask("554 Daily message quota exceeded").reason is Reason.RATE_LIMITED


def test_status_decides_where_the_words_say_nothing(ask) -> None:
    found = ask("552 5.2.2 sorry")

    assert found.reason is Reason.QUOTA_ISSUES
    assert found.confidence is Confidence.LIKELY
    assert found.evidence[0].kind == "status"


def test_571_alone_is_a_policy_and_weak(ask) -> None:
    found = ask("550 5.7.1")

    assert (found.reason, found.confidence) == (Reason.POLICY_RELATED, Confidence.WEAK)


def test_reply_code_is_the_last_resort(ask) -> None:
    assert ask("552").evidence[0].kind == "code"


def test_providers_fact_outranks_the_reply(ask) -> None:
    fact = Verdict(word="Suppressed", reason=Reason.SUPPRESSED, authoritative=True)

    found = ask("550 5.1.1 user unknown", verdict=fact)

    assert found.reason is Reason.SUPPRESSED
    assert found.confidence is Confidence.CERTAIN


def test_providers_class_decides_only_where_all_else_is_silent(ask) -> None:
    coarse = Verdict(word="Permanent/NoEmail", reason=Reason.BAD_MAILBOX)

    assert ask("552 5.2.2 mailbox full", verdict=coarse).reason is Reason.QUOTA_ISSUES
    assert ask("", verdict=coarse).reason is Reason.BAD_MAILBOX


def test_reply_inside_the_wrapper_of_a_relay_decides(ask) -> None:
    found = ask(
        "** Address not found ** Your message wasn't delivered. The response from the remote "
        "server was: 501 5.1.8 Sender address rejected"
    )

    assert found.reason is Reason.INVALID_SENDER


def test_aftermath_of_a_refused_recipient_says_nothing(ask) -> None:
    found = ask("550 5.1.1 user unknown 503 5.5.1 Error: need RCPT command")

    assert found.reason is Reason.BAD_MAILBOX


# Confidence


def test_nothing_known_is_unknown_without_confidence(ask) -> None:
    found = ask("zzz qqq")

    assert (found.reason, found.confidence, found.evidence) == (
        Reason.UNKNOWN,
        Confidence.NONE,
        (),
    )


def test_agreement_is_certain(ask) -> None:
    assert ask("550 5.1.1 User unknown").confidence is Confidence.CERTAIN


def test_contradiction_lowers_the_confidence_and_is_named(ask) -> None:
    found = ask("552 5.2.2 User unknown")

    assert found.reason is Reason.BAD_MAILBOX
    assert found.confidence is Confidence.LIKELY
    assert Reason.QUOTA_ISSUES in found.also
    assert any(piece.opposes for piece in found.evidence)


def test_equally_strong_words_that_contradict_leave_it_weak(ask) -> None:
    found = ask("550 no such user; relay access denied")

    assert found.confidence is Confidence.WEAK
    assert found.also


def test_kin_is_no_contradiction(ask) -> None:
    assert ask("550 5.2.1 User unknown").confidence is Confidence.CERTAIN


def test_coarse_class_that_agrees_makes_weak_evidence_likely(ask) -> None:
    coarse = Verdict(word="policy", reason=Reason.POLICY_RELATED)

    assert ask("550 5.7.1", verdict=coarse).confidence is Confidence.LIKELY


# Evidence and variants


def test_evidence_names_kind_rule_and_words(ask) -> None:
    found = ask("550 5.7.1 Client host [192.0.2.7] blocked using zen.spamhaus.org").evidence[0]

    assert found.kind in {"wording", "receiver"}
    assert found.rule
    assert "blocked" in found.matched or "spamhaus" in found.matched


@pytest.mark.parametrize(
    ("text", "variant"),
    [
        ("450 4.2.0 Greylisted, please try again", "greylisted"),
        ("Domain shop.example does not accept mail (nullMX)", "null-mx"),
        ("550 5.7.1 domain shop.example is not hosted here", "relay-denied-by-recipient"),
    ],
)
def test_special_cases_carry_their_variant(ask, text: str, variant: str) -> None:
    assert ask(text).variant == variant


def test_our_own_provider_never_makes_the_recipient_act(ask) -> None:
    found = ask("451 4.3.0 Internal error", kind=Kind.REJECTED)

    assert found.variant == OWN_REFUSAL


# Kinds and permanence


@pytest.mark.parametrize("kind", [Kind.COMPLAINT, Kind.AUTO_REPLY, Kind.DELIVERED])
def test_kinds_that_are_no_bounce_keep_their_word(ask, kind: Kind) -> None:
    assert ask("550 user unknown", kind=kind).word == kind.value


def test_words_of_a_report_tell_a_complaint_where_nobody_else_did(ask) -> None:
    found = ask("This is an email abuse report for an email message received from IP 192.0.2.1")

    assert (found.kind, found.reason) == (Kind.COMPLAINT, Reason.SPAM_RELATED)


def test_soft_5xx_of_a_passing_cause_is_not_final(ask) -> None:
    found = ask("552 5.2.2 mailbox full", permanence=Permanence.TRANSIENT)

    assert found.permanence is Permanence.TRANSIENT


def test_soft_label_on_a_5xx_without_a_passing_cause_is_not_believed(ask) -> None:
    found = ask("550 5.3.0 access denied", permanence=Permanence.TRANSIENT)

    assert found.permanence is Permanence.PERMANENT


def test_rate_limit_is_never_permanent(ask) -> None:
    assert ask("550 too many connections").permanence is Permanence.TRANSIENT


def test_deferral_stays_transient(ask) -> None:
    found = ask("550 user unknown", kind=Kind.DEFERRAL)

    assert found.permanence is Permanence.TRANSIENT


def test_replies_that_differ_in_names_and_numbers_are_looked_at_once(monkeypatch) -> None:
    rulebook = Rulebook(compiled((), (), ({}, {})))
    looked_at: list[Reply] = []

    def find(reply: Reply, _: str) -> list[Hit]:
        looked_at.append(reply)
        return []

    monkeypatch.setattr(rulebook, "find", find)

    for number in range(50):
        host, address = f"mx{number}.h{number}.example", f"u{number}@d{number}.example"
        text = f"550 5.1.1 <{address}>: User unknown; id {number:08x}a ({host}, {9000 + number})"
        diagnose(PastedReply(SmtpReply(text)), rulebook)

    assert len(looked_at) == 1


def test_a_positive_answer_is_a_delivery_unless_its_own_words_deny_it(ask) -> None:
    assert ask("250 zzz yyy").kind is Kind.DELIVERED
    assert ask("250 zzz discarded yyy").kind is Kind.BOUNCE


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("451 4.7.1 zzz", Reason.RATE_LIMITED),
        ("550 5.7.1 zzz", Reason.POLICY_RELATED),
        ("550 5.4.1 zzz", Reason.BAD_MAILBOX),
        ("450 4.2.1 zzz", Reason.INACTIVE_MAILBOX),
    ],
)
def test_status_whose_class_matters_is_weak(ask, text: str, reason: Reason) -> None:
    found = ask(text)

    assert (found.reason, found.confidence) == (reason, Confidence.WEAK)


# Who speaks


@pytest.mark.parametrize(
    ("text", "host", "receiver"),
    [
        ("421 4.7.32 try later - gsmtp", "", "gmail"),
        ("550 5.7.1 part of their network is on our block list (S3140)", "", "microsoft"),
        ("550 5.2.1 The email account that you tried to reach is disabled", "", ""),
        (
            "550 5.2.1 The email account that you tried to reach is disabled",
            "gmail-smtp-in.l.google.com",
            "gmail",
        ),
        ("550 5.1.1 user unknown", "", ""),
    ],
)
def test_receiver_is_named_where_its_host_or_its_own_words_are_seen(ask, text, host, receiver):
    assert ask(text, remote_host=host).receiver == receiver
