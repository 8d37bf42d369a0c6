"""Explanations that are kept ready say what is worked out anew."""

import pytest

from bot.cli.own_files import OwnFiles
from bot.cli.text import ready as module
from bot.cli.text.explanation import explained
from bot.cli.text.ready import ready
from resolutions.catalogue.names import names_of

OWN = OwnFiles()


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def test_names_are_explained_as_if_nothing_were_kept():
    names = names_of(tuple(OWN.resolutions().values()))
    asked = [*list(names.whole)[::60], "What does Quota_Issues mean?", "mailboxfull", "MTA-STS"]

    assert [ready(words, OWN) for words in asked] == [explained(words, OWN) for words in asked]


@pytest.mark.parametrize("words", ["", "552", "550 5.1.1 user unknown", "qouta", "soft bounce"])
def test_what_is_no_name_is_not_ready(words):
    assert ready(words, OWN) is None


def test_what_is_kept_is_not_worked_out_again(monkeypatch):
    before = ready("quota", OWN)
    monkeypatch.setattr(module, "_worked_out", lambda _: pytest.fail("worked out again"))

    assert ready("quota", OWN) == before


def test_a_changed_catalogue_changes_the_answer(tmp_path):
    own = OwnFiles(catalogue=tmp_path / "own.toml")
    own.catalogue.write_text('[quota-issues]\ntitle = "Inboxes that are full"\n')
    before = ready("quota", own)
    own.catalogue.write_text('[quota-issues]\ntitle = "Overflowing inboxes"\n')

    assert before.startswith("Inboxes that are full · quota-issues")
    assert ready("quota", own).startswith("Overflowing inboxes · quota-issues")
    assert ready("quota", OWN).startswith("Full mailboxes · quota-issues")
