"""Behind `bounce diagnose`: one reply, JSON lines, raw mails; without Slack, database, network."""

import gc
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache, lru_cache, partial
from pathlib import Path
from typing import Any, NamedTuple, Self, TypeVar

from bot.cli.parallel import in_order
from resolutions.bounce import Kind, Permanence, SmtpReply, Verdict
from resolutions.catalogue.resolution import Catalogue
from resolutions.diagnosis.diagnose import Diagnosis, PastedReply, diagnose
from resolutions.rules.rulebook import Rulebook

PIECE = 64 * 1024
"""Bytes of lines that are worked on at a time."""

ALONE = 2
"""Pieces, of lines or of mails, that are not worth other processes."""

Loaded = TypeVar("Loaded")


@dataclass(frozen=True, slots=True)
class OwnFiles:
    """What the people who run this installation know: rule files, and a catalogue over ours."""

    rules: tuple[Path, ...] = ()
    catalogue: Path | None = None

    @classmethod
    def of(cls, config: Path | None) -> Self:
        """Return the files that [rules] of the configuration names; raises SettingsError."""
        from bot.settings.source import SettingsError, read_configuration

        table = read_configuration(config, only=("rules",)).get("rules", {})
        files = table.get("files", []) if isinstance(table, dict) else None
        if not isinstance(files, list):
            raise SettingsError('rules.files: must be a list of files, e.g. files = ["own.toml"]')
        catalogue = table.get("catalogue")
        return cls(
            tuple(Path(str(name)) for name in files), Path(str(catalogue)) if catalogue else None
        )

    def rulebook(self) -> Rulebook:
        """Return the own rules and the shipped ones behind them, read once a process.

        Raises SettingsError.
        """
        return _rulebook(self.rules)

    def resolutions(self) -> Catalogue:
        """Return the shipped catalogue with the own changes; raises SettingsError."""
        return _usable(partial(Catalogue.load, self.catalogue))


class Question(NamedTuple):
    """What is known of a bounce: the reply's text, and what was reported beside it."""

    text: str
    code: str = ""
    status: str = ""
    remote_host: str = ""
    provider: str = ""
    verdict: str = ""

    @classmethod
    def of(cls, record: Any) -> Self:
        """Return the question of a JSON object; what it holds beside is ignored.

        Raises ValueError for a missing text and for values that are no text (numbers are).
        """
        if type(record) is not dict:
            raise ValueError("not a JSON object")
        if "text" not in record:
            raise ValueError("text is missing")
        values = [record.get(key, "") for key in _KEYS]
        for value in values:
            if type(value) is not str:
                values = [_word(key, value) for key, value in zip(_KEYS, values, strict=True)]
                break
        return cls._make(values)

    def symptoms(self) -> PastedReply:
        """Return what a diagnosis looks at; raises ValueError for an unknown provider."""
        reply = SmtpReply(self.text, self.code, self.status)
        if not self.verdict:
            return PastedReply(reply, self.remote_host)
        verdict = _verdict_of(self.provider, self.verdict)
        return PastedReply(reply, self.remote_host, verdict, permanence=verdict.permanence)


@cache
def _rulebook(files: tuple[Path, ...]) -> Rulebook:
    """Read a rulebook; meanwhile nothing becomes garbage in cycles, so nobody looks for it."""
    looking = gc.isenabled()
    gc.disable()
    try:
        return _usable(partial(Rulebook.load, files))
    finally:
        if looking:
            gc.enable()


@dataclass(frozen=True, slots=True)
class Answer:
    """A diagnosis, as it is written."""

    diagnosis: Diagnosis

    def as_dict(self) -> dict[str, Any]:
        """Return reason, confidence, permanence, evidence and what else is possible."""
        return _fields(self.diagnosis)


def diagnose_one(question: Question, own: OwnFiles) -> Answer:
    """Return why one reply was given; raises ValueError for an unknown provider."""
    return Answer(diagnose(question.symptoms(), own.rulebook()))


def diagnose_lines(lines: Iterable[bytes], own: OwnFiles) -> Iterator[str]:
    """Yield text that holds one JSON object for each JSON line, in the same order.

    A line that cannot be used gives an object with `error`; blank lines give none. Big inputs are
    worked on by all cores.
    """
    yield from in_order(partial(_answer_lines, own.rulebook()), _pieces(lines), alone=ALONE)


def diagnose_mails(paths: Iterable[Path], own: OwnFiles) -> Iterator[str]:
    """Yield text that holds one JSON object for each recipient of the mails, a line each.

    Folders are read with all that is in them, in the order of the names; a file may hold several
    mails (mbox). One that cannot be read gives an object with `error`.
    """
    from bot.cli.mail_files import pieces_of, reports_of

    work = partial(_answer_mails, own.rulebook(), reports_of)
    index, last = 0, ""
    for answers in in_order(work, pieces_of(paths), alone=ALONE):
        written = []
        for file, rest in answers:
            index = index + 1 if file == last else 1
            last = file
            written.append(f'{{"file": {_encode(file)}, "index": {index}, {rest}\n')
        yield "".join(written)


KIND_WORDS = {Kind.DEFERRAL: "delay", Kind.REJECTED: "bounce"}
"""Kinds that are printed by another word; every other by its own."""

_KEYS = Question._fields
_encode = json.JSONEncoder().encode
_decode = json.JSONDecoder().decode
_quoted = json.encoder.encode_basestring_ascii


def _usable(load: Callable[[], Loaded]) -> Loaded:
    try:
        return load()
    except (OSError, ValueError) as error:
        from bot.settings.source import SettingsError

        raise SettingsError(f"rules: {error}; mend the file or leave it out") from error


def _word(key: str, value: Any) -> str:
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, int | float) and not isinstance(value, bool) and key != "text":
        return str(value)
    raise ValueError(f"{key} must be text")


@lru_cache(1_000)
def _verdict_of(provider: str, word: str) -> Verdict:
    from handlers.providers import PROVIDERS

    if provider not in PROVIDERS:
        known = ", ".join(sorted(PROVIDERS))
        named = f"provider {provider} is not known" if provider else "a verdict needs its provider"
        raise ValueError(f"{named}; known are: {known}")
    return PROVIDERS[provider].verdict_of(word)


def _fields(diagnosis: Diagnosis) -> dict[str, Any]:
    return {
        "reason": diagnosis.word,
        "confidence": diagnosis.confidence,
        "permanence": diagnosis.permanence,
        "evidence": [
            {"kind": piece.kind, "rule": piece.rule, "matched": piece.matched}
            for piece in diagnosis.evidence
        ],
        "also": list(diagnosis.also),
    }


def _written(diagnosis: Diagnosis) -> str:
    """Return the same fields as JSON without its first bracket: half of the encoder's time."""
    evidence = ", ".join(
        [
            f'{{"kind": "{piece.kind}", "rule": {_quoted(piece.rule)}, '
            f'"matched": {_quoted(piece.matched)}}}'
            for piece in diagnosis.evidence
        ]
    )
    also = '", "'.join(diagnosis.also)
    quoted = f'"{also}"' if also else ""
    return (
        f'"reason": "{diagnosis.word}", "confidence": "{diagnosis.confidence}", '
        f'"permanence": "{diagnosis.permanence}", "evidence": [{evidence}], '
        f'"also": [{quoted}]}}'
    )


# JSON lines


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


def _answer_lines(rulebook: Rulebook, piece: tuple[int, bytes]) -> str:
    first, lines = piece
    answers = []
    for number, line in enumerate(lines.decode("utf-8", "replace").split("\n"), first):
        line = line.strip(" \t\r\ufeff")
        if line:
            answers.append(_answer_line(rulebook, line, number))
    return "".join(answers)


def _answer_line(rulebook: Rulebook, line: str, number: int) -> str:
    record: Any = None
    try:
        record = _decode(line)
        diagnosis = diagnose(Question.of(record).symptoms(), rulebook)
        return f'{{"id": {_identity(record.get("id"))}, {_written(diagnosis)}\n'
    except Exception as error:  # whatever one line holds, the others are answered
        given = {"id": record["id"]} if isinstance(record, dict) and "id" in record else {}
        return _encode(given | {"line": number, "error": _what(error)}) + "\n"


def _identity(given: Any) -> str:
    return _quoted(given) if type(given) is str else _encode(given)


def _what(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"not valid JSON: {error.msg} at character {error.pos + 1}"
    return str(error) if isinstance(error, ValueError) else f"{type(error).__name__}: {error}"


# Mails


def _answer_mails(
    rulebook: Rulebook, reports_of: Callable[[Any], Iterator[Any]], piece: Any
) -> list[tuple[str, str]]:
    """Return for each recipient its file and its object without `file` and `index`."""
    return [(file, _answer_mail(rulebook, found)) for file, found in reports_of(piece)]


def _answer_mail(rulebook: Rulebook, found: Any) -> str:
    if isinstance(found, str):
        return _encode({"error": found})[1:]
    try:
        symptoms = PastedReply(
            found.reply, found.remote_host, kind=found.kind, permanence=Permanence.UNKNOWN
        )
        diagnosis = diagnose(symptoms, rulebook)
    except Exception as error:
        return _encode({"error": _what(error)})[1:]
    kind = KIND_WORDS.get(diagnosis.kind, diagnosis.kind)
    fields = {
        "kind": kind,
        "recipient": found.recipient,
        "text": found.reply.text,
        "code": found.reply.code,
        "status": found.reply.status,
        "remote_host": found.remote_host,
    }
    return f"{_encode(fields)[1:-1]}, {_written(diagnosis)}"
