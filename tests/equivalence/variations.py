"""Replies nobody has seen, made by dice that always fall alike."""

import random
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from tests.equivalence.replies import rule_files
from tests.equivalence.wordings import Alternative, alternatives

HEADS = (
    "", "550 ", "550 5.1.1 ", "550 5.7.1 ", "554 5.7.0 ", "450 4.2.0 ", "421 4.7.0 ", "451 ",
    "552 5.2.2 ", "553 ", "5.4.4 ", "4.4.7 ", "#5.5.0 ", "250 ", "554-",
    "host mx.example said: 550 ", "smtp; 550 5.2.1 ", "<<< 550 ",
    "(in reply to end of DATA command) 554 ",
)  # fmt: skip
TAILS = (
    "", "", ".", " (#5.1.1)", " - gsmtp", " [192.0.2.17]", " <anna@shop.example>", " https://a.example/b",
    " (in reply to RCPT TO command)", " id 4f8a1c2b9d", " Please try again later",
)  # fmt: skip
FOREIGN = (
    "adresse inconnue", "postfach voll", "buzón lleno", "casella piena", "caixa cheia",
    "konto zablokowane", "ящик переполнен", "пользователь не найден", "用户不存在",
    "メールボックスがいっぱいです", "사용자를 찾을 수 없습니다",
    "bericht geweigerd", "mottagaren finns inte", "vastaanottajaa ei löydy", "uživatel neexistuje",
)  # fmt: skip
IDS = ("4ABC1234DEF", "x7si123456wrb.12", "<someone@mail.example>", "203.0.113.9", "2001:db8::1")
STATUSES = ("", "", "", "5.1.1", "5.7.1", "4.2.2", "5.0.0", "4.7.1", "5.4.1")


def variations(
    known: Sequence[dict[str, str]], checkouts: Sequence[Path], count: int
) -> Iterator[dict[str, str]]:
    """Yield so many replies: wordings of rules said anew, known replies changed."""
    dice = random.Random(20_261_201)
    texts = [reply["text"] for reply in known]
    asked, hosts = _asked(checkouts), _hosts(checkouts)
    ways: list[Callable[[], str]] = [
        lambda: dice.choice(asked).sample(dice),
        lambda: f"{dice.choice(asked).sample(dice)} {dice.choice(asked).sample(dice)}",
        lambda: _dropped(dice.choice(texts), dice),
        lambda: _swapped(dice.choice(texts), dice),
        lambda: _spliced(dice.choice(texts), dice.choice(texts), dice),
        lambda: _with_ids(dice.choice(texts), dice),
        lambda: f"{dice.choice(FOREIGN)} {dice.choice(texts)}",
    ]
    for number in range(count):
        text = ways[number % len(ways)]()
        yield {
            "text": f"{dice.choice(HEADS)}{text}{dice.choice(TAILS)}",
            "code": "",
            "status": dice.choice(STATUSES),
            "remote_host": dice.choice(hosts) if number % 4 == 0 else "",
        }


def _asked(checkouts: Sequence[Path]) -> list[Alternative]:
    return [
        wording
        for checkout in checkouts
        for table in rule_files(checkout)
        for rule in table.get("rule", ())
        for wording in alternatives(rule, table["words"])
    ]


def _hosts(checkouts: Sequence[Path]) -> list[str]:
    tables = [table for checkout in checkouts for table in rule_files(checkout)]
    return sorted({f"mx1.{host}" for table in tables for host in table.get("hosts", ())})


def _dropped(text: str, dice: random.Random) -> str:
    return " ".join(word for word in text.split(" ") if dice.random() > 0.15)


def _swapped(text: str, dice: random.Random) -> str:
    words = text.split(" ")
    for _ in range(min(2, len(words) - 1)):
        at = dice.randrange(len(words) - 1)
        words[at], words[at + 1] = words[at + 1], words[at]
    return " ".join(words)


def _spliced(one: str, two: str, dice: random.Random) -> str:
    words, others = one.split(" "), two.split(" ")
    return " ".join([*words[: dice.randint(1, len(words))], *others[dice.randrange(len(others)) :]])


def _with_ids(text: str, dice: random.Random) -> str:
    words = text.split(" ")
    words.insert(dice.randint(0, len(words)), dice.choice(IDS))
    return " ".join(words)
