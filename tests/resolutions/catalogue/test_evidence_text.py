"""Evidence in words: one phrase for a message, all of it for the thread."""

from dataclasses import replace

from resolutions.bounce import Kind, Permanence
from resolutions.catalogue.evidence_text import because, phrase
from resolutions.diagnosis.result import Confidence, Diagnosis, Evidence
from resolutions.reason import Reason

WORDS = Evidence("wording", "mailbox-full", "mailbox full")
MORE = Evidence("wording", "over-quota", "over quota")
STATUS = Evidence("status", "status/quota-issues", "5.2.2")
AGAINST = Evidence("status", "status/bad-mailbox", "5.1.1", opposes=True)


def diagnosis(*evidence: Evidence) -> Diagnosis:
    return Diagnosis(
        kind=Kind.BOUNCE,
        reason=Reason.QUOTA_ISSUES,
        permanence=Permanence.PERMANENT,
        confidence=Confidence.CERTAIN,
        evidence=evidence,
    )


def test_a_phrase_names_what_decided_and_a_status_that_agrees():
    assert phrase(diagnosis(WORDS, MORE, STATUS)) == 'the words "mailbox full", status 5.2.2 agrees'


def test_a_phrase_shows_no_signs_of_ours():
    seen = WORDS._replace(matched="messages from <#> deferred")

    assert phrase(diagnosis(seen)) == 'the words "messages from … deferred"'


def test_a_phrase_does_not_hide_what_contradicts():
    assert phrase(diagnosis(WORDS, AGAINST)) == 'the words "mailbox full", against status 5.1.1'


def test_a_status_alone_needs_no_agreement():
    assert phrase(diagnosis(STATUS)) == "status 5.2.2"


def test_all_of_it_is_kept_for_the_thread():
    said = because(diagnosis(WORDS, MORE, STATUS))

    assert said == 'the words "mailbox full"; the words "over quota"; status 5.2.2'


def test_a_complaint_needs_no_reply_to_be_certain():
    complaint = replace(diagnosis(), kind=Kind.COMPLAINT)

    said = "the recipient reported it as spam, as the provider's feedback says"
    assert phrase(complaint) == because(complaint) == said


def test_the_same_words_are_not_told_twice():
    longer = Evidence("wording", "mailbox-full-now", "mailbox full now")

    assert because(diagnosis(WORDS, longer, STATUS)) == 'the words "mailbox full"; status 5.2.2'


def test_hosts_that_were_compared_are_left_out():
    seen = WORDS._replace(matched="connect to <h>.<h>-centre.<h>[<#>]:25: connection timed out")

    assert phrase(diagnosis(seen)) == 'the words "connect to …[…]:25: connection timed out"'


def test_nothing_is_said_to_decide_where_there_is_no_evidence():
    assert phrase(diagnosis()) == because(diagnosis()) == "nothing in the reply decides"
