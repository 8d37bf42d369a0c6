"""Replies and mails to measure with: none twice, some alike but for names, some in no word."""

import tomllib
from collections.abc import Iterable, Iterator
from importlib.resources import files
from typing import Any

OPERATORS = (
    "aspmx.l.google.com",
    "outlook-com.olc.protection.outlook.com",
    "mta7.am0.yahoodns.net",
)
HOSTS = ("aspmx.l.google.com", "outlook-com.olc.protection.outlook.com", "mx.receiver.example", "")

SPREAD = 2_654_435_761
SYLLABLES = ("ka", "lo", "mi", "ru", "ve", "zo", "pa", "ne", "ti", "gu")

MAIL = """\
Return-Path: <>
Received: from mx{n}.help.example (mx{n}.help.example [192.0.2.{small}])
 by in.help.example with ESMTP id {n:x}; Mon, 15 Jun 2026 10:00:00 +0000
From: Mail Delivery System <MAILER-DAEMON@help.example>
To: news+{n}@help.example
Subject: Undelivered Mail Returned to Sender
Date: Mon, 15 Jun 2026 10:00:00 +0000
Message-ID: <{n}@help.example>
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b{n}"

--b{n}
Content-Type: text/plain; charset=us-ascii

This is the mail system at host mx{n}.help.example.

I'm sorry to have to inform you that your message could not be delivered to one or more
recipients. It's attached below. For further assistance, please send mail to postmaster.

<person{n}@receiver{small}.example>: host {host}[192.0.2.7] said: {reply} (in reply to
 RCPT TO command)

--b{n}
Content-Type: message/delivery-status

Reporting-MTA: dns; mx{n}.help.example
X-Postfix-Queue-ID: {n:x}
X-Postfix-Sender: rfc822; news+{n}@help.example
Arrival-Date: Mon, 15 Jun 2026 09:59:00 +0000 (UTC)

Final-Recipient: rfc822; person{n}@receiver{small}.example
Original-Recipient: rfc822;person{n}@receiver{small}.example
Action: failed
Status: 5.0.0
Remote-MTA: dns; {host}
Diagnostic-Code: smtp; {reply}

--b{n}
Content-Type: message/rfc822

Return-Path: <news+{n}@help.example>
From: News <news@help.example>
To: person{n}@receiver{small}.example
Subject: What is new, number {n}
Message-ID: <letter-{n}@help.example>
Date: Mon, 15 Jun 2026 09:59:00 +0000
Content-Type: text/plain; charset=utf-8

Good morning,

{filling}

--b{n}--
"""
FILLING = "\n".join(["A line of a letter, about as long as such lines are in most letters."] * 30)


def examples() -> list[str]:
    """Return the first of the replies that each rule of ours must win."""
    folder = files("resolutions") / "knowledge" / "rules"
    loaded: list[dict[str, Any]] = [
        tomllib.loads(file.read_text("utf-8"))
        for file in sorted(folder.iterdir(), key=str)
        if file.name.endswith(".toml")
    ]
    return [" ".join(rule["examples"][0].split()) for table in loaded for rule in table["rule"]]


def replies(count: int) -> Iterator[str]:
    """Yield replies that differ as those of a storm do: in addresses, queue ids, IP addresses."""
    known = examples()
    for number in range(count):
        mixed = number * SPREAD % 2**48
        ip = f"198.51.{mixed % 251}.{mixed % 241}"
        tail = f"person{number}@receiver{number % 5_000}.example [{ip}]"
        yield f"{known[mixed % len(known)]} <{tail}> id={mixed:012x} - smtp"


def reworded(count: int) -> Iterator[str]:
    """Yield replies, no two worded the same: each with words of others and one of nobody's."""
    known = examples()
    words = sorted({word for text in known for word in text.split() if word.isalpha()})
    for number, text in enumerate(replies(count)):
        mixed = number * SPREAD % 2**48
        spoken = text.split(" ")
        for word in (words[mixed % len(words)], _made_up(number), words[mixed // 7 % len(words)]):
            spoken.insert(2 + mixed % max(1, len(spoken) - 2), word)
            mixed //= 3
        yield " ".join(spoken)


def _made_up(number: int) -> str:
    """Return a word that no server says, another one for each number."""
    letters = ""
    while number or not letters:
        number, place = divmod(number, len(SYLLABLES))
        letters += SYLLABLES[place]
    return f"q{letters}"


def questions(texts: Iterable[str]) -> Iterator[dict[str, str]]:
    """Yield replies as `bounce diagnose --jsonl` reads them."""
    for number, text in enumerate(texts):
        yield {"id": str(number), "text": text, "remote_host": HOSTS[number % len(HOSTS)]}


def mails(count: int) -> list[bytes]:
    """Return whole delivery reports, each with a letter behind."""
    return [
        MAIL.format(
            n=number,
            small=number % 250,
            host=HOSTS[number % 3],
            reply=reply,
            filling=FILLING,
        )
        .replace("\n", "\r\n")
        .encode()
        for number, reply in enumerate(replies(count))
    ]
