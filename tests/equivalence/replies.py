"""Replies that are known: those of the tests, those to learn from, those of the rules."""

import json
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from tests.equivalence.wordings import alternatives, examples

TESTED = Path("tests/resolutions/diagnosis/replies")
LEARNT = Path("training/replies")
RULES = Path("resolutions/knowledge/rules")
KEYS = ("text", "code", "status", "remote_host")


def known_replies(checkouts: Iterable[Path]) -> Iterator[dict[str, str]]:
    """Yield the replies of several checkouts, each once."""
    seen: set[tuple[str, ...]] = set()
    for checkout in checkouts:
        for reply in (*_tested(checkout), *_learnt(checkout), *_of_rules(checkout)):
            key = tuple(reply.values())
            if key not in seen:
                seen.add(key)
                yield reply


def corpus_replies(paths: Iterable[Path]) -> Iterator[dict[str, str]]:
    """Yield the replies in files of JSON lines, and in all such files of folders."""
    for path in paths:
        files = sorted(path.rglob("*.jsonl")) if path.is_dir() else [path]
        for line in (line for file in files for line in file.read_text("utf-8").splitlines()):
            record = json.loads(line) if line.strip() else {}
            if isinstance(record, dict) and "text" in record:
                yield {key: str(record.get(key) or "") for key in KEYS}


def rule_files(checkout: Path) -> Iterator[dict[str, Any]]:
    """Yield the tables of each rule file; [words] hold those shared by all, too."""
    shared = checkout / RULES.parent / "words.toml"
    words = tomllib.loads(shared.read_text("utf-8")) if shared.exists() else {}
    for path in sorted((checkout / RULES).glob("*.toml")):
        table = tomllib.loads(path.read_text("utf-8"))
        yield table | {"words": words.get("words", {}) | table.get("words", {})}


def _reply(text: str, host: str = "") -> dict[str, str]:
    return {"text": text, "code": "", "status": "", "remote_host": host}


def _tested(checkout: Path) -> Iterator[dict[str, str]]:
    for path in sorted((checkout / TESTED).glob("*.toml")):
        for case in tomllib.loads(path.read_text("utf-8"))["case"]:
            yield from (_reply(text, case.get("host", "")) for text in case["replies"])


def _learnt(checkout: Path) -> Iterator[dict[str, str]]:
    for path in sorted((checkout / LEARNT).glob("*.txt")):
        lines: Sequence[str] = path.read_text("utf-8").splitlines()
        yield from (_reply(line.partition(" | ")[2]) for line in lines)


def _of_rules(checkout: Path) -> Iterator[dict[str, str]]:
    """Yield each example, at the host it is of and anywhere, and each alternative said plainly."""
    for table in rule_files(checkout):
        host = next(iter(table.get("hosts", ())), "")
        for rule in table.get("rule", ()):
            for example in examples(rule):
                yield _reply(example, rule.get("host", ""))
                yield _reply(example, host)
            for wording in alternatives(rule, table["words"]):
                yield _reply(wording.shortest(), host if rule.get("here") else "")
