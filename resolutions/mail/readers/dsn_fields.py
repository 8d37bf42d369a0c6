"""The machine-readable part of a delivery status notification (RFC 3464, RFC 6533)."""

import re
from collections.abc import Mapping

from resolutions.bounce import TEXT_LIMIT, Kind
from resolutions.mail.failure import Failure
from resolutions.mail.text.addresses import ADDRESS
from resolutions.mail.text.smtp import host_in, refuser_in

ACTIONS = {
    **dict.fromkeys(("failed", "failure", "fail"), Kind.BOUNCE),
    **dict.fromkeys(("delayed", "delay"), Kind.DEFERRAL),
    **dict.fromkeys(("delivered", "deliverable", "relayed", "expanded"), Kind.DELIVERED),
}
"""What `Action` means (RFC 3464, 2.3.3), with the misspellings seen."""

RECIPIENTS_LIMIT = 1_000
"""Recipients of one report that are read."""

REPORT_LIMIT = 524_288
"""Characters of a report that are read."""


def parse_status(text: str) -> tuple[dict[str, str], list[dict[str, str]]]:
    """Return the fields of a report: those of the message, and those of each recipient.

    Blocks that gateways tore apart are put together again.
    """
    message: dict[str, str] = {}
    recipients: list[dict[str, str]] = []
    for block in _BLANK_LINE.split(text[:REPORT_LIMIT]):
        fields: dict[str, str] = {}
        for name, value in _FIELD.findall(block):
            name = name.lower()
            if name in fields:
                if name not in _STARTS:
                    continue
                _place(fields, message, recipients)
                fields = {}
            fields[name] = value
        if fields:
            _place(fields, message, recipients)
        if len(recipients) >= RECIPIENTS_LIMIT:
            break
    return message, recipients


def failure_of(
    fields: Mapping[str, str], silent: Kind, original: Mapping[str, str], envelope_id: str
) -> Failure:
    """Return one recipient's failure; `silent` is its kind where the action is missing."""
    sent_to = address_in(value_of(fields, "original-recipient"))
    final = address_in(value_of(fields, "final-recipient"))
    final = final or address_in(value_of(fields, "x-actual-recipient"))
    text = value_of(fields, "diagnostic-code")
    kind, separator, words = text.partition(";")
    if separator and _TYPE.match(kind):
        text = words.strip()
    action = value_of(fields, "action").partition(" ")[0].lower().rstrip(".;,")
    status = value_of(fields, "status")
    recipient = _unquoted_alike(sent_to, final) or final
    return Failure(
        recipient=recipient,
        kind=ACTIONS.get(action, _kind_of(status, silent)),
        text=text,
        status=status,
        remote_host=refuser_in(text) or _host(value_of(fields, "remote-mta")) or host_in(text),
        other=final if final.lower() != recipient.lower() else "",
        original=original,
        envelope_id=envelope_id,
    )


def value_of(fields: Mapping[str, str], name: str) -> str:
    """Return the value of a field, unfolded and cut, empty if it is not there."""
    value = fields.get(name)
    return " ".join(value[:TEXT_LIMIT].split()) if value else ""


def address_in(value: str) -> str:
    """Return the address of a recipient field, decoded (RFC 3461 xtext, RFC 6533 utf-8).

    >>> address_in("rfc822; Jo+2BNews@example.com")
    'Jo+2BNews@example.com'
    >>> address_in("utf-8; j\\\\x{F6}rg@example.com")
    'jörg@example.com'
    """
    kind, separator, address = value.partition(";")
    address = (address if separator and "@" not in kind else value).strip()
    if "\\x{" in address:
        address = _UNICODE.sub(_unescaped, address)
    if "@" not in address and "+40" in address:
        address = _XTEXT.sub(lambda match: chr(int(match[1], 16)), address)
    match = _ADDRESS.search(address)
    return match[0] if match else ""


_BLANK_LINE = re.compile(r"\n[ \t]{0,80}\n")
_STARTS = frozenset({"final-recipient", "original-recipient"})
_PER_RECIPIENT = frozenset(
    {"final-recipient", "original-recipient", "action", "status", "diagnostic-code", "remote-mta"}
)
_OF_RECIPIENT = _PER_RECIPIENT - {"original-recipient"}
_FIELD = re.compile(
    r"^[ \t>]{0,4}([A-Za-z][A-Za-z0-9-]{1,60}+)[ \t]*+:[ \t]*+(.*+(?:\n[ \t].*+)*+)", re.MULTILINE
)
_TYPE = re.compile(r"[A-Za-z][\w. /-]{0,40}\Z")
_ADDRESS = re.compile(ADDRESS)
_UNICODE = re.compile(r"\\x\{([0-9A-Fa-f]{1,6})\}")
_XTEXT = re.compile(r"\+([2-7][0-9A-F])")
_HOST_NAME = re.compile(r"[\w.:-]+")


def _place(
    fields: dict[str, str], message: dict[str, str], recipients: list[dict[str, str]]
) -> None:
    """File a block: with its recipient, with the recipient before it, or with the message."""
    if "reporting-mta" in fields and _OF_RECIPIENT.isdisjoint(fields):
        message.update(fields)
    elif not _STARTS.isdisjoint(fields):
        before = recipients[-1] if recipients else {}
        if before and _STARTS.isdisjoint(before) and before.keys().isdisjoint(fields):
            before.update(fields)
        else:
            recipients.append(fields)
    elif _PER_RECIPIENT.isdisjoint(fields):
        message.update(fields)
    elif recipients and recipients[-1].keys().isdisjoint(fields):
        recipients[-1].update(fields)
    else:
        recipients.append(fields)


def _unquoted_alike(original: str, final: str) -> str:
    """Return the original recipient, or the final one if it is the same but quoted or encoded."""
    if original == final:
        return final
    decoded = _XTEXT.sub(lambda match: chr(int(match[1], 16)), original)
    alike = {original.replace('"', ""), decoded.replace('"', "")}
    return final if original and final.replace('"', "") in alike else original


def _kind_of(status: str, otherwise: Kind) -> Kind:
    return Kind.DELIVERED if status.lstrip().startswith("2.") else otherwise


def _host(value: str) -> str:
    """Return the host of `dns; mx.example. (192.0.2.1, the server for ...)`."""
    kind, separator, name = value.partition(";")
    match = _HOST_NAME.search(name if separator else kind)
    return match[0].rstrip(".").lower() if match else ""


def _unescaped(match: re.Match[str]) -> str:
    code = int(match[1], 16)
    return chr(code) if code < 0xD800 or 0xDFFF < code < 0x110000 else "\N{REPLACEMENT CHARACTER}"
