"""Raw mails in, JSON lines out: one object for each recipient that a mail tells of."""

import json
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from bot.cli.bulk.mail_files import MailFile, pieces_of, reports_of
from bot.cli.bulk.parallel import in_order
from bot.cli.own_files import OwnFiles
from bot.cli.question import complaint_of, fields_of
from resolutions.bounce import Kind, Permanence
from resolutions.diagnosis.diagnose import diagnose
from resolutions.diagnosis.result import PastedReply
from resolutions.mail.read import MailReport
from resolutions.rules.rulebook import Rulebook

ALONE = 2
"""Pieces that are not worth other processes."""

KIND_WORDS = {Kind.DEFERRAL: "delay", Kind.REJECTED: "bounce"}
"""Kinds that are printed by another word; every other by its own."""


def diagnose_mails(paths: Iterable[Path], own: OwnFiles) -> Iterator[str]:
    """Yield text that holds one JSON object for each recipient of the mails, a line each.

    Folders are read with all that is in them, in the order of the names; a file may hold several
    mails (mbox). One that cannot be read gives an object with `error`.
    """
    encode = json.JSONEncoder(check_circular=False).encode
    work = partial(_answers, own.rulebook())
    index, last = 0, ""
    for answers in in_order(work, pieces_of(paths), alone=ALONE):
        written = []
        for file, answer in answers:
            index = index + 1 if file == last else 1
            last = file
            written.append(encode({"file": file, "index": index, **answer}) + "\n")
        yield "".join(written)


def _answers(rulebook: Rulebook, piece: Iterable[MailFile]) -> list[tuple[str, dict[str, Any]]]:
    """Return for each recipient its file and its object without `file` and `index`."""
    return [(file, _answer(rulebook, report)) for file, report in reports_of(piece)]


def _answer(rulebook: Rulebook, report: MailReport | str) -> dict[str, Any]:
    if isinstance(report, str):
        return {"error": report}
    try:
        symptoms = PastedReply(
            report.reply, report.remote_host, kind=report.kind, permanence=Permanence.UNKNOWN
        )
        diagnosis = diagnose(symptoms, rulebook)
    except Exception as error:  # one mail must not stop the others
        return {"error": complaint_of(error)}
    return {
        "kind": KIND_WORDS.get(diagnosis.kind, diagnosis.kind),
        "recipient": report.recipient,
        "text": report.reply.text,
        "code": report.reply.code,
        "status": report.reply.status,
        "remote_host": report.remote_host,
        **fields_of(diagnosis),
    }
