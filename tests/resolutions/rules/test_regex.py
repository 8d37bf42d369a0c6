"""Regular expressions made of wordings: shorter than these, and the same in what they find."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resolutions.rules.pattern import wordings
from resolutions.rules.regex import expression_of

PIECES = ["", "a", "ab", "abc", "b", "ba", "a b", "ab+", "[ab]c", "b?a", "(a|ab|b)c", "a(bc|b)"]


def expression(text: str) -> str:
    [wording] = wordings(text)
    return expression_of(wording.nodes)


@pytest.mark.parametrize(
    ("text", "made"),
    [
        (
            "(mailbox|inbox|mail box|mail|user) full",
            "(?:mail(?:box| box|)|inbox|user) full",
        ),
        ("(full|over|filled|up|on) now", "(?:f(?:ull|illed)|o(?:ver|n)|up) now"),
        ("(box|box(es)?|b|c|d) 5.2", "(?:b(?:ox|ox(?:es)?|)|c|d) 5.2"),
        (r"(a|b)\.c", r"(?:a|b)\.c"),
        ("(not|never).{0,9}(found|here)", r"(?:not|never).{0,9}\b(?:found|here)"),
    ],
)
def test_alternatives_share_their_beginnings(text: str, made: str) -> None:
    assert expression(text) == made


@given(
    st.lists(st.sampled_from(PIECES), min_size=2, max_size=9),
    st.text("abc ", max_size=12),
)
def test_what_is_preferred_stays_preferred(alternatives: list[str], text: str) -> None:
    plain = re.compile(f"x(?:{'|'.join(alternatives)})c?")

    made = re.compile(expression(f"x({'|'.join(alternatives)})c?"))

    found, expected = made.search(f"x{text}"), plain.search(f"x{text}")
    assert (found and found[0]) == (expected and expected[0])
