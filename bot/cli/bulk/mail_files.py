"""Raw mails on disk: files, folders, and mbox files of any size."""

import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from bot.cli.question import complaint_of
from resolutions.mail.mime.message import MAIL_LIMIT
from resolutions.mail.read import MailReport, read

FILES = 32
"""Mails that are worked on at a time."""

MBOX = b"From "


@dataclass(frozen=True, slots=True)
class MailFile:
    """A file to be read; or, where `content` is set, one mail of a file; or why there is none."""

    file: str
    content: bytes | None = None
    error: str = ""


def pieces_of(paths: Iterable[Path]) -> Iterator[list[MailFile]]:
    """Yield the mails of files and folders, some at a time, in order."""
    held: list[MailFile] = []
    size = 0
    for mail in _all(paths):
        held.append(mail)
        size += len(mail.content or b"")
        if len(held) >= FILES or size >= MAIL_LIMIT:
            yield held
            held, size = [], 0
    if held:
        yield held


def reports_of(piece: Iterable[MailFile]) -> Iterator[tuple[str, MailReport | str]]:
    """Yield file and report of each recipient; a text says why a file could not be read."""
    for mail in piece:
        if mail.error:
            yield mail.file, mail.error
            continue
        try:
            reports = read(_content(mail.file) if mail.content is None else mail.content)
        except Exception as error:  # one mail must not stop the others
            yield mail.file, complaint_of(error)
            continue
        yield from ((mail.file, report) for report in reports)


_SEPARATOR = re.compile(rb"From [^\n ]{1,200} {1,3}[A-Z][a-z]{2} [A-Z][a-z]{2} ")


def _all(paths: Iterable[Path]) -> Iterator[MailFile]:
    for path in paths:
        if path.is_dir():
            for file in _inside(path):
                yield from _mails(file)
        else:
            yield from _mails(path)


def _inside(folder: Path) -> Iterator[Path]:
    """Yield the plain files of a folder and those below, in the order of names, hidden ones not."""
    for place, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            path = Path(place, name)
            if not name.startswith(".") and (path.is_file() or path.is_symlink()):
                yield path


def _mails(path: Path) -> Iterator[MailFile]:
    """Yield a file as it is, an mbox file (RFC 4155) mail by mail."""
    file = str(path)
    try:
        with path.open("rb") as opened:
            if opened.peek(len(MBOX)).startswith(MBOX):
                yield from (MailFile(file, mail) for mail in _of_mbox(opened))
            elif path.is_file():
                yield MailFile(file)  # to be read where it is worked on
            else:
                yield MailFile(file, opened.read(MAIL_LIMIT))
    except (OSError, ValueError) as error:
        yield MailFile(file, error=complaint_of(error))


def _of_mbox(lines: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the mails of an mbox file; of each only as many bytes as are looked at."""
    held: list[bytes] = []
    size, blank = 0, True
    for line in lines:
        if blank and held and _SEPARATOR.match(line):
            yield b"".join(held)
            held, size = [], 0
        blank = not line.strip(b"\r\n") or line.rstrip().endswith(b"--")  # or a mail's last line
        if size < MAIL_LIMIT:
            held.append(line)
            size += len(line)
    if held:
        yield b"".join(held)


def _content(file: str) -> bytes:
    with Path(file).open("rb") as opened:
        return opened.read(MAIL_LIMIT)
