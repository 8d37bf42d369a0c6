"""Which part of a mail says what: the report, the text for people, the returned message."""

from dataclasses import replace

from resolutions.mail.failure import address_matches
from resolutions.mail.mime.message import Part, content_of, message_in, parse, parse_fields, text_of

STATUS = (
    "message/delivery-status",
    "message/global-delivery-status",
    "message/xdelivery-status",
)

RETURNED = (
    "message/rfc822",
    "text/rfc822-headers",
    "text/rfc822-header",
    "message/global",
    "message/global-headers",
    "message/rfc822-headers",
    "message/partial",
)

HEADERS_LENGTH = 65_536
"""Characters of a returned message in which its headers are looked for."""

TEXT_LENGTH = 65_536
"""Characters of the text for people that are read."""


def first(root: Part, *kinds: str) -> Part | None:
    """Return the first part of one of the kinds."""
    return next((part for part in root.walk() if part.kind in kinds), None)


def status_part(root: Part) -> Part | None:
    """Return the part with the fields of a delivery report, even if it is called a mere text."""
    found = first(root, *STATUS)
    return found or next(
        (part for part in root.walk() if part.kind in _MERE_FILES and _is_status(part)), None
    )


def _is_status(part: Part) -> bool:
    if not _is_attached(part):
        return False
    return content_of(part)[:400].lstrip().lower().startswith(_FIRST_FIELDS)


def fields_text(part: Part) -> str:
    """Return the text of a part that holds fields; what is not ASCII in it is UTF-8."""
    if "content-transfer-encoding" in part.headers or not part.body.isascii():
        return text_of(replace(part, parameters={"charset": "utf-8"}))
    return part.body


def human_text(root: Part) -> str:
    """Return the text that the mail shows: its plain parts before any returned message."""
    texts = []
    html = None
    for part in root.walk():
        if part.kind in RETURNED:
            break
        if part.kind == "text/plain" and not _is_attached(part):
            texts.append(text_of(part))
        elif part.kind == "text/html" and html is None:
            html = part
        elif not part.parts and not part.kind.startswith(_NO_TEXT):
            texts.append(text_of(part))
    if not any(text.strip() for text in texts) and html is not None:
        return text_of(html)[:TEXT_LENGTH]
    return "\n".join(texts)[:TEXT_LENGTH]


def original_headers(root: Part) -> dict[str, str]:
    """Return the headers of the message that failed, as far as it was returned."""
    part = first(root, *RETURNED)
    if part is None:
        return {}
    block = message_in(part).lstrip().partition("\n\n")[0]
    return parse_fields(block[:HEADERS_LENGTH])


def forwarded(root: Part) -> Part | None:
    """Return the mail that this one carries as an attachment, if there is one."""
    part = first(root, "message/rfc822")
    if part is not None:
        return parse(message_in(part).encode("latin-1", "replace"))
    files = (part for part in root.walk() if part.kind in _MERE_FILES)
    attached = next((part for part in files if _name_of(part).endswith(".eml")), None)
    return parse(content_of(attached)) if attached is not None else None


def _name_of(part: Part) -> str:
    disposition = part.headers.get("content-disposition", "")
    return (part.parameters.get("name", "") or disposition.rstrip('"; ')).lower()


def addresses(value: str) -> list[str]:
    """Return the addresses in a header or a text, in order."""
    return [address for address, _, _ in address_matches(value)]


def address(value: str) -> str:
    """Return the first address in a header or a text, empty if there is none."""
    return next((address for address, _, _ in address_matches(value)), "")


_MERE_FILES = ("text/plain", "application/octet-stream", "text/x-mail", "application/x-mail")
_FIRST_FIELDS = (b"reporting-mta:", b"original-envelope-id:", b"final-recipient:")
_NO_TEXT = ("multipart", "text", "message", "image", "audio", "video", "font")


def _is_attached(part: Part) -> bool:
    return "filename" in part.headers.get("content-disposition", "")
