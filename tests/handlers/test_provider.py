"""What all providers share: how people are told what was wrong with a body."""

import pytest
from pydantic import BaseModel, ValidationError

from handlers.provider import Unusable, why_of


class Payload(BaseModel):
    """What a provider of this test sends."""

    mail: str
    at: int


def error_of(payload):
    try:
        Payload.model_validate(payload)
    except ValidationError as error:
        return error


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (error_of({"at": 1}), "the field mail is missing"),
        (
            error_of({"mail": "ana@receiver.example", "at": "soon"}),
            "the field at is not usable: Input should be a valid integer,"
            " unable to parse string as an integer",
        ),
        (
            error_of([]),
            "the body is not usable: Input should be a valid dictionary or instance of Payload",
        ),
        (
            TypeError("'NoneType' object is not subscriptable"),
            "a field holds another kind of value than expected"
            " ('NoneType' object is not subscriptable)",
        ),
        (KeyError("Type"), "the field Type is missing"),
        (ValueError("the time is no time"), "the time is no time"),
    ],
)
def test_what_was_wrong_is_a_sentence(error, why):
    assert why_of(error) == why


def test_what_is_kept_for_people_is_one_line_that_shows_no_address():
    kept = Unusable.of(b"{}", ValueError("no field\nfor ana@receiver.example " + "x" * 900))

    assert kept.why.startswith("no field for a•••@receiver.example xxx")
    assert len(kept.why) <= 500
