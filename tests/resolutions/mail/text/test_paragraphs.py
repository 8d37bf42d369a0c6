"""Diagnostics that explain something, and those that do not."""

import pytest

from resolutions.mail.text.paragraphs import VAGUE, is_silent, is_vague


@pytest.mark.parametrize("words", VAGUE.split("|"))
def test_phrase_that_explains_nothing_is_vague_however_it_is_dressed(words):
    for text in (words, f"550 5.0.0 <ana@x.example> {words.capitalize()}.", f"smtp; 550 {words}"):
        assert is_vague(text)
        assert not is_silent(text)


@pytest.mark.parametrize(
    "text",
    ["", "550", "smtp; 550 5.1.1", "<ana@x.example>", 'smtp ; "my old mailbox"@x.example 5.1.1'],
)
def test_numbers_and_addresses_say_nothing(text):
    assert is_silent(text)
    assert is_vague(text)


@pytest.mark.parametrize(
    "text",
    [
        "550 user unknown",
        "mailbox full",
        "delivery failed: quota",
        "unknown mailbox",
        "Пользователь",
    ],
)
def test_any_other_word_explains_something(text):
    assert not is_vague(text)
    assert not is_silent(text)
