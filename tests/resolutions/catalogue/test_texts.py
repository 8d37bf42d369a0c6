"""What Slack and the terminal say alike."""

import pytest

from bot.cli.text.diagnosis import diagnosed as on_a_terminal
from bot.cli.text.explanation import meaning
from handlers.slack.answers import diagnosed as in_slack
from handlers.slack.answers import explained
from resolutions.bounce import Kind, SmtpReply
from resolutions.catalogue.explain import Explained
from resolutions.catalogue.family import FinalFor
from resolutions.catalogue.resolution import Catalogue
from resolutions.catalogue.texts import LOST, NOT_BOUNCED
from resolutions.diagnosis.diagnose import diagnose
from resolutions.diagnosis.result import NO_BOUNCE, PastedReply
from resolutions.rules.rulebook import Rulebook

CATALOGUE = Catalogue.load()


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        ("552 5.2.2 mailbox full", "not retried"),
        ("550 5.1.1 user unknown", "hard"),
        ("452 4.2.2 mailbox full", "soft"),
        ("250 2.0.0 OK", NOT_BOUNCED[Kind.DELIVERED]),
    ],
)
def test_a_diagnosis_is_told_alike_in_slack_and_on_a_terminal(
    reply: str, words: str, rulebook: Rulebook
) -> None:
    diagnosis = diagnose(PastedReply(SmtpReply(reply)), rulebook)

    slack = in_slack(diagnosis, CATALOGUE.of(diagnosis.reason), CATALOGUE, reply).text

    assert words in on_a_terminal(diagnosis, CATALOGUE)
    assert words.casefold() in slack.casefold()


@pytest.mark.parametrize("word", ["bad-mailbox", "blocked-ip", "content-related", "quota-issues"])
def test_whether_an_address_is_lost_is_told_alike(word: str) -> None:
    resolution = CATALOGUE[word]

    slack = str(explained(Explained(resolution, ""), resolution).blocks)

    assert resolution.lost in "\n".join(meaning(resolution))
    assert resolution.lost in slack


def test_each_text_is_there() -> None:
    assert set(LOST) == set(FinalFor)
    assert set(NOT_BOUNCED) < NO_BOUNCE
