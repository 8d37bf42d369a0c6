"""Addresses inside other text."""

import pytest

from resolutions.mail.text.addresses import addresses, first_address


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("News <news@help.example>", ["news@help.example"]),
        ("a@x.example,b@x.example; c@x.example", ["a@x.example", "b@x.example", "c@x.example"]),
        ('"old mail @ home"@x.example said', ['"old mail @ home"@x.example']),
        ("@ @ me@ @x.example ana@x.example.", ["ana@x.example"]),
        ("word " * 100 + "ana@x.example", ["ana@x.example"]),
        ("nobody", []),
        ("x" * 300 + "@x.example", []),
    ],
)
def test_addresses_are_told_from_what_is_around_them(text, expected):
    assert addresses(text) == expected
    assert first_address(text) == "".join(expected[:1])
