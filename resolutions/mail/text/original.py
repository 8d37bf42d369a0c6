"""Where in a text for people the returned mail begins."""

import re
from functools import partial

from resolutions.mail.text.quoting import is_quoted_from_a_server


def cut_original(text: str) -> tuple[str, str]:
    """Return the report and the returned mail (or its headers) behind it, which may be empty."""
    match = _ORIGINAL.search(text)
    bare = _BARE_HEADERS.search(text, 1, match.start() if match else len(text))
    if bare is not None and _is_returned(text, bare):
        return text[: bare.start()], text[bare.start() :].lstrip("\n")
    if match is None:
        return text, ""
    begin = _ORIGINAL_FIELD.search(text, match.start())
    return text[: match.start()], text[begin.start() :] if begin else ""


def _is_returned(text: str, fields: re.Match[str]) -> bool:
    """Tell whether fields are those of a returned mail, and not a description of it."""
    if "@" not in text[: fields.start()] or is_quoted_from_a_server(fields[0]):
        return False
    return not _GOES_ON.match(text, fields.end())


_compile = partial(re.compile, flags=re.MULTILINE | re.IGNORECASE)
_ORIGINAL = _compile(
    r"^[ \t]{0,8}(?:-{2,}+|={3,}+|\|-{3,}+|[*]{3,}+)?[ \t]{0,8}"
    r"(?:Below this line is a copy|Below is the original|Enclosed is a copy|"
    r"(?:This|Here) is a copy of|Included is a copy|Below is a copy|"
    r"Begin (?:original|returned) message|"
    r"Start of (?:returned|original) message|(?:The )?(?:original|returned|unsent|undelivered) "
    r"message(?: follows| header| body|[ \t]{0,8}-{2,}|[ \t]{0,8}$|s?:$|s? headers?)|"
    r"The header of the original|Message (?:headers?|text|body) follows?|"
    r"(?:Original|Returned|Your) (?:e?-?mail|message|headers?)(?: headers?)? (?:follows?|below)|"
    r"Original mail (?:as follows|info)|Message header follow|Unsent message follows|"
    r"En-t\S{1,3}tes de message d'origine|Intestazioni originali del messaggio|"
    r"Ursprungliga meddelandehuvuden|Ursprüngliche Nachrichtenköpfe|"
    r"Encabezados de mensajes? original)|^(?:Received:[ \t]?(?:from|by)\b|Return-Path:[ \t]?<)|"
    r"^>[ ]{0,2}(?:Received|Return-Path|From|To|Subject|Date|Message-ID|MIME-Version): \S"
)
_BARE_HEADERS = re.compile(
    r"\n(?:[!-9;-~]{1,60}:[^\n]*\n(?:[ \t][^\n]*\n){0,8}){2,40}?"
    r"(?:MIME-Version:[ \t]?1\.0|DKIM-Signature:|User-Agent:|Message-ID:[ ]?<)"
)
"""A message that was returned without a word of introduction: fields that only machines write."""
_GOES_ON = _compile(
    r"[^\n]*\n(?:[!-9;-~]{1,60}:[^\n]*\n){0,9}\s{0,40}(?:reason|error|diagnos|grund|motif|motivo|"
    r"raison|(?:could|was|has|did) not|failed|konnte|wurde|n'a pas|no se|\S{1,80}@)"
)
"""How a text goes on behind fields that describe a returned mail."""
_ORIGINAL_FIELD = _compile(
    r"^[> \t]{0,3}(?:Received|Return-Path|From|To|Subject|Date|Message-ID|MIME-Version|"
    r"X-[\w-]{1,60}|DKIM-Signature|ARC-[\w-]{1,60}|Content-Type):"
)
