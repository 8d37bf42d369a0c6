"""JSON lines in, JSON lines out: one object for each question, whatever the others hold."""

import json
from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any

from bot.cli.bulk.parallel import in_order
from bot.cli.own_files import OwnFiles
from bot.cli.question import Question, complaint_of, fields_of
from resolutions.rules.rulebook import Rulebook

PIECE = 64 * 1024
"""Bytes of lines that are worked on at a time."""

ALONE = 2
"""Pieces that are not worth other processes."""

_encode = json.JSONEncoder(check_circular=False).encode
_decode = json.JSONDecoder().decode


def diagnose_lines(lines: Iterable[bytes], own: OwnFiles) -> Iterator[str]:
    """Yield text that holds one JSON object for each JSON line, in the same order.

    A line that cannot be used gives an object with `error`; blank lines give none. Big inputs are
    worked on by all cores.
    """
    yield from in_order(partial(_answers, own.rulebook()), _pieces(lines), alone=ALONE)


def _pieces(lines: Iterable[bytes]) -> Iterator[tuple[int, bytes]]:
    """Yield lines put together, each piece with the number of its first line."""
    number, first, size = 1, 1, 0
    held: list[bytes] = []
    for line in lines:
        held.append(line)
        number += 1
        size += len(line)
        if size >= PIECE:
            yield first, b"".join(held)
            first, size = number, 0
            held = []
    if held:
        yield first, b"".join(held)


def _answers(rulebook: Rulebook, piece: tuple[int, bytes]) -> str:
    first, lines = piece
    answers = []
    for number, line in enumerate(lines.decode("utf-8", "replace").split("\n"), first):
        line = line.strip(" \t\r\ufeff")
        if line:
            answers.append(f"{_answer(rulebook, line, number)}\n")
    return "".join(answers)


def _answer(rulebook: Rulebook, line: str, number: int) -> str:
    record: Any = None
    try:
        record = _decode(line)
        diagnosis = Question.of(record).diagnosis(rulebook)
        return _encode({"id": record.get("id"), **fields_of(diagnosis)})
    except Exception as error:  # whatever one line holds, the others are answered
        given = {"id": record["id"]} if isinstance(record, dict) and "id" in record else {}
        return _encode({**given, "line": number, "error": _why(error)})


def _why(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"not valid JSON: {error.msg} at character {error.pos + 1}"
    return complaint_of(error)
