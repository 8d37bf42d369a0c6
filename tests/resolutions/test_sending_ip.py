"""Our own IP addresses in replies, told from the servers' and from what only looks like one."""

import pytest

from resolutions.sending_ip import sending_ips


@pytest.mark.parametrize(
    ("reply", "named"),
    [
        ("550 5.7.1 Unfortunately, messages from [192.0.2.1] weren't sent.", ["192.0.2.1"]),
        ("550 5.7.606 Access denied, banned sending IP [192.0.2.1]. To request", ["192.0.2.1"]),
        ("550-5.7.1 [192.0.2.1      12] Our system has detected that", ["192.0.2.1"]),
        ("550 5.7.25 [2001:db8::1] The IP address has no PTR record", ["2001:db8::1"]),
        ("554 5.7.1 Client host [192.0.2.1] blocked using zen.spamhaus.org", ["192.0.2.1"]),
        ("550 5.7.26 SPF [help.example] with ip: [192.0.2.1] = did not pass", ["192.0.2.1"]),
        ("421 [TSS04] Messages from 192.0.2.1 deferred - 4.16.55.1; see", ["192.0.2.1"]),
        ("connect to mx.example.com[192.0.2.77]:25: Connection timed out", []),
        ("host mx.example.com [192.0.2.77] said: 550 5.7.1 blocked", []),
        ("host mx.example.com[192.0.2.77] said: 550 IP 192.0.2.1 blocked", ["192.0.2.1"]),
        ("550 5.7.1 address 999.1.1.1 and version 1.2.3", []),
        ("550 5.1.1 user unknown", []),
    ],
)
def test_an_address_of_ours_is_found_where_the_receiver_means_it(reply, named):
    assert sending_ips([reply]) == named


def test_the_address_that_most_name_comes_first():
    replies = [f"messages from [192.0.2.{number}] weren't sent" for number in (1, 2, 2)]

    assert sending_ips(replies) == ["192.0.2.2", "192.0.2.1"]


def test_only_some_are_named():
    replies = [f"messages from [192.0.2.{number}] weren't sent" for number in range(1, 100)]

    assert len(sending_ips(replies)) == 5


@pytest.mark.parametrize("text", ["from [" * 300_000, "1:" * 500_000, "ip " + "1.1.1.1." * 200_000])
def test_a_hostile_text_takes_no_time(text, within):
    with within(2):
        sending_ips([text])
