"""The labelled replies that the model is made from, and whether it was made from these."""

import tomllib
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

from resolutions.rules.rulebook import Rulebook

ROOT = Path(__file__).parents[1]
REPLIES = sorted((ROOT / "training" / "replies").glob("*.txt"))
TESTED = sorted((ROOT / "tests" / "resolutions" / "diagnosis" / "replies").glob("*.toml"))


def labelled() -> Iterator[tuple[str, str]]:
    """Yield each labelled reply with its first label."""
    for path in REPLIES:
        for line in path.read_text(encoding="utf-8").splitlines():
            label, _, reply = line.partition(" | ")
            yield label, reply
    for path in TESTED:
        for case in tomllib.loads(path.read_text(encoding="utf-8"))["case"]:
            for reply in case["replies"]:
                yield case["expected"][0], reply
    for rule in Rulebook.load().rules:
        for example in rule.examples:
            yield str(rule.kind or rule.reason), example


def fingerprint() -> str:
    """Return what tells whether the replies of this folder have changed since."""
    return sha256(b"".join(path.read_bytes() for path in REPLIES)).hexdigest()
