"""The parts of a mail, however its lines end and its parts nest."""

import pytest

from resolutions.mail.mime.message import PART_LIMIT, parse

MAIL = b"""\
Subject: x
Content-Type: multipart/mixed; boundary=a

--a
Content-Type: multipart/alternative; boundary="b"

--b

first
--b
Content-Type: text/html

second
--b--
--a
Content-Type: message/rfc822

Subject: inside
--a--
"""


@pytest.mark.parametrize("ending", [b"\n", b"\r\n", b"\r", b"\r\r\n"])
def test_parts_come_in_order_whatever_ends_the_lines(ending):
    parts = parse(MAIL.replace(b"\n", ending))

    assert [part.kind for part in parts] == [
        "multipart/mixed",
        "multipart/alternative",
        "text/plain",
        "text/html",
        "message/rfc822",
    ]
    assert [part.body for part in parts[2:]] == ["first", "second", "Subject: inside"]


def test_lines_may_end_in_two_ways():
    parts = parse(MAIL.replace(b"--b\n", b"--b\r\n").replace(b"first\n", b"first\r"))

    assert [part.body for part in parts[2:4]] == ["first", "second"]


def test_multipart_without_parts_is_read_as_a_text():
    _, only = parse(b"Content-Type: multipart/mixed; boundary=a\n\nhello")

    assert (only.kind, only.body) == ("text/plain", "hello")


def test_only_so_many_parts_are_opened():
    many = b"Content-Type: multipart/mixed; boundary=b\n\n" + b"--b\n\nx\n" * 500

    assert len(parse(many)) == PART_LIMIT + 1
