"""The catalogue is complete, keeps the promises of the product, and takes an operator's changes."""

import re
from pathlib import Path

import pytest

from resolutions.bounce import SmtpReply
from resolutions.catalogue.override import ReasonTable, VariantTable
from resolutions.catalogue.resolution import KNOWN, Catalogue, Family, FinalFor, Severity
from resolutions.diagnosis.diagnose import diagnose
from resolutions.diagnosis.result import PastedReply
from resolutions.reason import Reason
from resolutions.rules.statuses import read
from tests.once import shipped_rules

CATALOGUE = Catalogue.load()
RULEBOOK = shipped_rules()
ENTRIES = sorted(CATALOGUE)
VARIANTS = {
    "greylisted": "rate-limited",
    "forwarded": "authentication-failure",
    "shared-pool": "blocked-ip",
    "free-mail-from": "invalid-sender",
    "relay-denied-by-recipient": "relaying-issues",
    "null-mx": "domain-not-found",
}
NOTICE = {
    "authentication-failure",
    "bad-domain",
    "blocked-ip",
    "complaint",
    "invalid-sender",
    "protocol-errors",
    "relaying-issues",
    "routing-errors",
    "spam-related",
    "tls-required",
    "virus-related",
}
ADDRESS = {"bad-mailbox", "complaint", "domain-not-found", "inactive-mailbox", "suppressed"}
FAMILIES = {
    Family.LIST: {
        "bad-mailbox",
        "challenge-response",
        "complaint",
        "domain-not-found",
        "inactive-mailbox",
        "quota-issues",
        "suppressed",
    },
    Family.OURS: {
        "authentication-failure",
        "content-related",
        "invalid-sender",
        "message-too-large",
        "tls-required",
        "virus-related",
    },
}


def test_every_reason_and_complaints_have_an_entry():
    assert set(CATALOGUE) == {reason.value for reason in Reason} | {"complaint"}


def test_a_complaint_has_a_reason_but_an_entry_of_its_own():
    complaint = CATALOGUE.of(Reason.SPAM_RELATED, complaint=True)

    assert complaint.word == "complaint"
    assert complaint.reason is Reason.SPAM_RELATED
    assert CATALOGUE.of(Reason.SPAM_RELATED).word == "spam-related"


@pytest.mark.parametrize("word", ENTRIES)
def test_entry_holds_to_the_shape_that_an_operators_file_must_have(word):
    table = read(KNOWN)[word]

    ReasonTable.model_validate(table)
    for variant in table.get("variants", {}).values():
        VariantTable.model_validate(variant)


@pytest.mark.parametrize("word", ENTRIES)
def test_entry_says_all_that_people_are_shown(word):
    entry = CATALOGUE[word]

    assert 1 <= len(entry.steps) <= 6
    assert len(entry.aliases) >= 10
    assert entry.samples
    assert entry.checks
    assert entry.actions
    assert len(entry.explanation) + sum(map(len, entry.steps)) < 2_000


@pytest.mark.parametrize("word", ENTRIES)
def test_entry_is_written_in_the_tone_of_the_product(word):
    entry = CATALOGUE[word]
    told = [entry.explanation, *entry.steps, *entry.checks, *(hint.step for hint in entry.hints)]
    for variant in entry.variants:
        told += [variant.explanation, *variant.steps]

    assert all(text.strip() == text and text[-1] in '.?"' for text in told)
    assert not any("!" in text or "\n" in text or "  " in text for text in told)
    assert not entry.summary.endswith(".")
    assert not entry.title.endswith(".")


def test_nothing_is_said_to_mean_two_things():
    said: dict[str, str] = {}
    for word, entry in CATALOGUE.items():
        names = [(alias, word) for alias in entry.aliases]
        names += [(alias, each.name) for each in entry.variants for alias in each.aliases]
        for alias, meant in names:
            assert said.setdefault(alias.casefold(), meant) == meant, alias
            assert alias == alias.strip()


def test_reasons_are_as_loud_as_agreed():
    loud = {word for word, entry in CATALOGUE.items() if entry.severity is Severity.NOTICE}

    assert loud == NOTICE
    assert not any(entry.severity is Severity.URGENT for entry in CATALOGUE.values())


def test_families_say_who_must_act():
    for family, words in FAMILIES.items():
        assert {word for word, each in CATALOGUE.items() if each.family is family} == words


def test_variants_have_steps_of_their_own():
    for name, word in VARIANTS.items():
        special = CATALOGUE[word].special(name)

        assert special.word == word
        assert special.steps != CATALOGUE[word].steps
        assert special.title != CATALOGUE[word].title
    assert CATALOGUE["quota-issues"].special("greylisted") is CATALOGUE["quota-issues"]


# What the product promises


def test_only_what_is_the_addresss_fault_condemns_an_address():
    condemned = {word for word, entry in CATALOGUE.items() if entry.final_for is FinalFor.ADDRESS}

    assert condemned == ADDRESS
    for word in set(CATALOGUE) - ADDRESS:
        assert "deactivate" not in CATALOGUE[word].actions


@pytest.mark.parametrize(
    "word", [each for each in ENTRIES if CATALOGUE[each].family is not Family.LIST]
)
def test_nobody_is_told_to_remove_addresses_for_what_the_receiver_or_we_have_to_mend(word):
    entry = CATALOGUE[word]
    steps = [*entry.steps, *entry.checks]
    for variant in entry.variants:
        steps += variant.steps

    telling = re.compile(
        r"\b(remove|delete|flag|deactivate|suppress|unsubscribe|drop)\b.{0,40}"
        r"\b(address|addresses|contact|contacts|recipient|recipients|people)\b",
        re.IGNORECASE,
    )
    assert not [step for step in steps if telling.search(step)]


def test_a_complaint_is_never_undone():
    assert not {"resend", "reactivate"} & set(CATALOGUE["complaint"].actions)
    assert CATALOGUE["complaint"].actions[0] == "deactivate"


def test_a_suppression_is_not_lifted_by_a_button():
    assert "reactivate" not in CATALOGUE["suppressed"].actions
    assert "resend" not in CATALOGUE["suppressed"].actions
    assert any("Never after a complaint" in step for step in CATALOGUE["suppressed"].steps)


def test_the_servers_of_routing_errors_are_asked_about_in_two_drafts():
    entry = CATALOGUE["routing-errors"]

    assert any("internet provider" in step and '"' in step for step in entry.steps)
    assert any("internet provider" in check and '"' in check for check in entry.checks)


@pytest.mark.parametrize(
    ("reply", "way"),
    [
        ("550 5.7.1 messages from [192.0.2.1] weren't sent. (S3140)", "olcsupport.office.com"),
        ("550 5.7.1 messages from [192.0.2.1] weren't sent. (AS3150)", "JMRP"),
        ("550 5.7.511 Access denied, banned sender", "delist@messaging.microsoft.com"),
        ("550 5.7.606 Access denied, banned sending IP [192.0.2.1]", "sender.office.com"),
        ("554 5.7.1 blocked using zen.spamhaus.org", "check.spamhaus.org"),
        (
            "421 4.7.0 [TSS04] Messages from 192.0.2.1 temporarily deferred due to unexpected"
            " volume or user complaints - 4.16.55.1",
            "complaint rate",
        ),
        (
            "421 4.7.28 Gmail has detected an unusual rate of unsolicited mail originating from"
            " your IP address. mail sent from your IP address has been temporarily rate limited.",
            "report as spam",
        ),
    ],
)
def test_the_way_of_a_receiver_is_named_where_its_reply_calls_for_it(reply, way):
    found = diagnose(PastedReply(SmtpReply(reply)), RULEBOOK)
    known = CATALOGUE.of(found.reason)

    assert way in known.hinted(reply).steps[0]
    assert known.hinted(reply).steps[1:] == known.steps
    assert known.hinted("550 5.7.1 blocked") is known


def test_no_step_promises_what_nobody_does():
    promised = re.compile(
        r"\bis shown beside\b|\bquietest hour\b|\bwe (?:look|check|watch)\b", re.I
    )

    for entry in CATALOGUE.values():
        steps = [*entry.steps, *(step for each in entry.variants for step in each.steps)]
        assert not [step for step in steps if promised.search(step)]


# An operator's own file


def own(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "own.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_single_keys_of_single_tables_are_replaced(tmp_path):
    path = own(
        tmp_path,
        """
        [quota-issues]
        title = "Inbox voll"
        steps = ["Wait a week."]
        severity = "notice"

        [rate-limited.variants.greylisted]
        steps = ["Wait."]
        """,
    )

    changed = Catalogue.load(path)

    assert changed["quota-issues"].title == "Inbox voll"
    assert changed["quota-issues"].steps == ("Wait a week.",)
    assert changed["quota-issues"].severity is Severity.NOTICE
    assert changed["quota-issues"].summary == CATALOGUE["quota-issues"].summary
    assert changed["rate-limited"].special("greylisted").steps == ("Wait.",)
    assert changed["rate-limited"].special("greylisted").title == "Greylisted"
    assert changed["rate-limited"].steps == CATALOGUE["rate-limited"].steps
    assert changed["bad-mailbox"] == CATALOGUE["bad-mailbox"]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('[quota-isues]\ntitle = "x"', "[quota-isues] is no table of the catalogue; did you mean"),
        ('title = "x"', "[title] is no table of the catalogue"),
        ('[quota-issues]\nstepps = ["x"]', "stepps: there is no such key; did you mean steps?"),
        ("[quota-issues]\nsteps = []", "[quota-issues] steps"),
        ('[quota-issues]\nsteps = "Wait."', "[quota-issues] steps"),
        ('[quota-issues]\ntitle = " "', "[quota-issues] title"),
        ('[quota-issues]\ntitle = """a\nb"""', "[quota-issues] title"),
        ("[quota-issues]\ntitle = 7", "[quota-issues] title"),
        ('[quota-issues]\nseverity = "loud"', "[quota-issues] severity"),
        ('[quota-issues]\nactions = ["rsend"]', "rsend is no action; did you mean resend?"),
        ('[quota-issues]\nreason = "unknown"', "reason: there is no such key"),
        ("quota-issues = 7", "[quota-issues]"),
        ('[quota-issues.variants.x]\ntitle = "x"', "[quota-issues] has no variant x"),
        (
            '[rate-limited.variants.greylistd]\ntitle = "x"',
            "has no variant greylistd; did you mean greylisted?",
        ),
        (
            '[rate-limited.variants.greylisted]\nstep = ["x"]',
            "variants.greylisted step: there is no such key; did you mean steps?",
        ),
        ("[rate-limited]\nvariants = 7", "[rate-limited] variants"),
        ("[quota-issues", "own.toml"),
        (
            '[blocked-ip]\nhints = [{ reply = "a(", step = "Ask." }]',
            "[blocked-ip] hints.0.reply: Value error, not an expression",
        ),
        (
            '[blocked-ip]\nhints = [{ reply = "(a+)+b", step = "Ask." }]',
            "[blocked-ip] hints.0.reply: Value error, an expression that repeats what repeats",
        ),
        ('[blocked-ip]\nfinal_for = "address"', "blocked-ip is not the address's fault"),
        ('[policy-related]\nfinal_for = "address"', "policy-related is not the address's fault"),
        ('[complaint]\nactions = ["resend"]', "a complaint is never undone"),
    ],
)
def test_what_cannot_be_used_is_named_with_file_table_and_key(tmp_path, text, why):
    path = own(tmp_path, text)

    with pytest.raises(ValueError, match=re.escape(why)) as refused:
        Catalogue.load(path)

    assert str(path) in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ValueError, match=r"own\.toml"):
        Catalogue.load(tmp_path / "own.toml")
