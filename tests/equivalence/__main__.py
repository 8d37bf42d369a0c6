"""Whether two checkouts answer alike: every field of every answer, evidence included.

    python -m tests.equivalence CHECKOUT [--corpus PATH …] [--generated N]

Each checkout is asked through its own `bounce diagnose`, in slices, over all known replies, all
examples of rules, all mails of the tests, what a corpus folder holds beside, and replies made up by
rule. CHECKOUT is the older one. Rules of one `group` were one rule: all are read as the first.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from tests.equivalence.replies import corpus_replies, known_replies, rule_files
from tests.equivalence.variations import variations

ROOT = Path(__file__).parents[2]
MAILS = ROOT / "tests" / "resolutions" / "mail" / "mails"

GENERATED = 50_000
SLICE = 10_000
"""Replies that one process is asked for: differences show early, memory stays small."""

SHOWN = 10


class Difference(NamedTuple):
    """What was asked, and two answers that are not the same."""

    question: str
    old: str
    new: str


def main() -> int:
    """Compare, print counts and the first differences; 1 if there are any."""
    parser = argparse.ArgumentParser(prog="python -m tests.equivalence")
    parser.add_argument("checkout", type=Path, help="the older one, with its own .venv")
    parser.add_argument("--corpus", type=Path, nargs="*", default=[], help="folders, JSON lines")
    parser.add_argument("--generated", type=int, default=GENERATED, metavar="N")
    chosen = parser.parse_args()
    checkouts, old_ids = (chosen.checkout, ROOT), _old_ids()
    known = [*known_replies(checkouts), *corpus_replies(chosen.corpus)]
    made = list(variations(known, checkouts, chosen.generated))
    mails = [MAILS, *(folder / "mail" for folder in chosen.corpus if (folder / "mail").is_dir())]
    compared = {
        "known replies": (len(known), _of_replies(known, checkouts, old_ids)),
        "generated replies": (len(made), _of_replies(made, checkouts, old_ids)),
        "mails": (sum(len([*folder.iterdir()]) for folder in mails), []),
    }
    compared["mails"][1].extend(_of_mails(mails, checkouts, old_ids))
    for name, (count, differences) in compared.items():
        sys.stdout.write(f"{name}: {count:,}, of them answered differently: {len(differences):,}\n")
        for each in differences[:SHOWN]:
            sys.stdout.write(f"  asked {each.question}\n    old {each.old}\n    new {each.new}\n")
    return int(any(differences for _, differences in compared.values()))


def _old_ids() -> dict[str, str]:
    rules = [rule for table in rule_files(ROOT) for rule in table["rule"]]
    return {rule["id"]: rule["group"] for rule in rules if "group" in rule}


def _of_replies(
    replies: Sequence[dict[str, str]], checkouts: tuple[Path, Path], old_ids: dict[str, str]
) -> list[Difference]:
    differences: list[Difference] = []
    for start in range(0, len(replies), SLICE):
        lines = [
            json.dumps(reply | {"id": str(number)})
            for number, reply in enumerate(replies[start : start + SLICE], start)
        ]
        asked = "\n".join(lines)
        old, new = (_answers(checkout, ["--jsonl", "-"], asked) for checkout in checkouts)
        differences += _differences(lines, old, new, old_ids)
    return differences


def _of_mails(
    folders: Sequence[Path], checkouts: tuple[Path, Path], old_ids: dict[str, str]
) -> list[Difference]:
    old, new = (_answers(checkout, ["--mail", *map(str, folders)]) for checkout in checkouts)
    return _differences(old, old, new, old_ids)


def _answers(checkout: Path, arguments: Sequence[str], asked: str = "") -> list[str]:
    command = [str(checkout.resolve() / ".venv" / "bin" / "bounce"), "diagnose", *arguments]
    ran = subprocess.run(command, input=asked, capture_output=True, text=True, cwd=checkout)
    if not ran.stdout:
        raise SystemExit(f"{command[0]} answers nothing: {ran.stderr.strip()}")
    return ran.stdout.splitlines()


def _differences(
    questions: Sequence[str], old: Sequence[str], new: Sequence[str], old_ids: dict[str, str]
) -> list[Difference]:
    if len(old) != len(new):
        return [Difference("all", f"{len(old)} answers", f"{len(new)} answers")]
    return [
        Difference(question, one, two)
        for question, one, two in zip(questions, old, new, strict=True)
        if one != two
        and _with_old_ids(json.loads(one), old_ids) != _with_old_ids(json.loads(two), old_ids)
    ]


def _with_old_ids(answer: dict[str, Any], old_ids: dict[str, str]) -> dict[str, Any]:
    pieces: Iterator[dict[str, str]] = iter(answer.get("evidence", ()))
    renamed = [piece | {"rule": old_ids.get(piece["rule"], piece["rule"])} for piece in pieces]
    return answer | {"evidence": renamed} if renamed else answer


if __name__ == "__main__":
    sys.exit(main())
