"""Bounce mails as servers send them (RFC 3464 and its kin), posted to us over HTTP.

Anyone can forge such a mail, so the way it comes is guarded by a password or a secret. The body is
the mail itself, or a form or JSON in which the inbound route of a provider holds it.
https://www.rfc-editor.org/rfc/rfc3464
"""

import base64
import binascii
from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import parse_qsl

from pydantic import field_validator

from handlers.http.authentication import check_access
from handlers.http.payload import look_up, text_of
from handlers.provider import (
    AccessSettings,
    Parsed,
    Provider,
    Unusable,
    WebhookRequest,
    campaign_of,
)
from resolutions.bounce import BounceEvent, Kind, Permanence, Verdict
from resolutions.mail.mail import FEEDBACK, Mail, mails_in
from resolutions.mail.mime.header import header_text
from resolutions.mail.mime.message import Part, parse
from resolutions.mail.read import MailReport, reports_of
from resolutions.mail.readers.dsn_fields import ACTIONS
from resolutions.mail.text.original import cut_original

VERDICTS = {
    Kind.BOUNCE: Verdict(word="failed"),
    Kind.DEFERRAL: Verdict(word="delayed", kind=Kind.DEFERRAL, permanence=Permanence.TRANSIENT),
    Kind.COMPLAINT: Verdict(word="abuse", kind=Kind.COMPLAINT, permanence=Permanence.PERMANENT),
}
"""What a report says of a recipient that is of interest; all else is ignored."""

NO_REPORT = frozenset({Kind.NOT_A_BOUNCE, Kind.AUTO_REPLY})
STATUS_PARTS = frozenset({"message/delivery-status", "message/global-delivery-status"})

MAIL_HEADERS = frozenset(
    {"content-type", "date", "from", "message-id", "received", "return-path", "subject", "to"}
)
"""What cannot be told from other text has none of these."""

RAW_LIMIT = 65_536
"""Characters of a mail that are kept, shared by the recipients it names."""

RAW_LEAST = 2_048
TEXT_KEPT = 16_384
FORM_FIELDS = 1_000
METADATA_LIMIT = 20


class Dsn(Provider):
    """One address at which bounce mails arrive."""

    name = "dsn"

    class Settings(AccessSettings):
        """`user` and `password`, or `secrets`.

        `field` names the form field, or leads by a dotted path to the JSON string, in which an
        inbound route holds the mail: "RawEmail" (Postmark), "body-mime" (Mailgun), "email"
        (SendGrid), "content" (Amazon SES). `campaign` names a header of the original message.
        """

        field: str = ""

        @field_validator("campaign")
        @classmethod
        def _in_lower_case(cls, value: str) -> str:
            return value.lower()

    settings: Settings

    async def authenticate(self, request: WebhookRequest) -> None:
        """Check the password or the secret; the mail itself proves nothing."""
        check_access(request.headers, self.settings)

    def parse(self, request: WebhookRequest) -> Parsed:
        """Return one event a recipient; replies of people and machines are ignored."""
        mails = mails_in(_mail_in(request, self.settings.field))
        if all(MAIL_HEADERS.isdisjoint(mail.headers) for mail in mails):
            raise ValueError("the body is not a mail")
        reports = reports_of(mails)
        kept = "\n\n".join(map(_kept, mails))
        if all(report.kind in NO_REPORT for report in reports):
            unread = any(map(_claims_to_report, mails))
            why = "a report in which no recipient was found"
            return Parsed(unusable=[Unusable(kept.encode("utf-8", "replace"), why)] * unread)
        return self._parsed(
            request, [report for report in reports if report.kind in VERDICTS], kept
        )

    @classmethod
    def verdict_of(cls, word: str) -> Verdict:
        """Return what an `Action` (failed, delayed) or a `Feedback-Type` (abuse) means."""
        action = word.strip().lower()
        kind = Kind.COMPLAINT if action == "abuse" else ACTIONS.get(action)
        if kind is None:
            return Verdict.unknown(word)
        return replace(VERDICTS.get(kind, Verdict(kind=kind)), word=action)

    def _parsed(self, request: WebhookRequest, reports: list[MailReport], kept: str) -> Parsed:
        parsed = Parsed()
        raw = kept[: max(RAW_LIMIT // max(len(reports), 1), RAW_LEAST)]
        for report in reports:
            if report.recipient:
                parsed.events.append(self._event(request, report, raw))
            else:
                why = f"recipient {report.index} of the report has no address"
                parsed.unusable.append(Unusable(kept.encode("utf-8", "replace"), why))
        return parsed

    def _event(self, request: WebhookRequest, report: MailReport, raw: str) -> BounceEvent:
        verdict = VERDICTS[report.kind]
        return BounceEvent(
            source=request.source,
            provider=self.name,
            event_id=f"{report.report_id} {report.reply.status}".strip(),
            kind=report.kind,
            permanence=verdict.permanence,
            recipient=report.recipient,
            occurred_at=report.reported_at or request.received_at,
            reply=report.reply,
            remote_host=report.remote_host,
            message_id=report.message_id,
            provider_message_id="" if report.message_id else report.envelope_id,
            from_domain=report.from_domain,
            subject=report.subject,
            campaign=campaign_of(self.settings, dict(report.headers), report.campaign),
            metadata=dict(_metadata(report)),
            verdict=verdict,
            raw=raw,
        )


def _mail_in(request: WebhookRequest, field: str) -> bytes:
    """Return the mail that a request brings, wherever the field says it is."""
    if not field:
        return request.body
    kind = request.headers.get("content-type", "").lower()
    if kind.startswith("multipart/form-data"):
        return _part_named(request, field)
    if kind.startswith("application/x-www-form-urlencoded"):
        pairs = parse_qsl(request.body.decode("latin-1"), max_num_fields=FORM_FIELDS)
        mail = dict(reversed(pairs)).get(field)
    else:
        mail = look_up(request.json(), field)
    if not isinstance(mail, str) or not mail:
        raise ValueError(f"the field {field!r} holds no mail")
    return _unwrapped(mail)


def _part_named(request: WebhookRequest, field: str) -> bytes:
    head = f"Content-Type: {request.headers['content-type']}\r\n\r\n"
    for part in parse(head.encode("latin-1", "replace") + request.body)[1:]:
        if f'name="{field}"' in part.headers.get("content-disposition", ""):
            return part.body.encode("latin-1", "replace")
    raise ValueError(f"the form has no field {field!r}")


def _unwrapped(mail: str) -> bytes:
    """Return the bytes of a mail in a string; one without any colon is base64."""
    if ":" not in mail:
        try:
            return base64.b64decode(mail, validate=True)
        except (binascii.Error, ValueError) as error:
            raise ValueError("the field holds neither a mail nor base64") from error
    return mail.encode("utf-8", "replace")


def _claims_to_report(mail: Mail) -> bool:
    """Tell whether a mail calls itself a report of failures, though none was found in it."""
    claimed = mail.root.parameters.get("report-type", "").lower()
    if mail.first(*STATUS_PARTS) or claimed in {"delivery-status", "global-delivery-status"}:
        return True
    return claimed == "feedback-report" and mail.first(FEEDBACK) is None


def _metadata(report: MailReport) -> Iterator[tuple[str, str]]:
    """Yield what the details show: where it was forwarded to, and the sender's own headers."""
    if report.final_recipient:
        yield "final_recipient", report.final_recipient
    if report.envelope_id:
        yield "envelope_id", report.envelope_id
    own = [name for name in report.headers if name.startswith("x-") and name != "x-campaign-id"]
    for name in own[:METADATA_LIMIT]:
        yield name, text_of(report.headers[name])


def _kept(mail: Mail) -> str:
    """Return a mail that may be kept: the report and its words, of the original its headers."""
    head = [
        f"{name}: {header_text(value)}"
        for name, value in mail.headers.items()
        if name not in {"content-type", "content-transfer-encoding"}
    ]
    pieces = [piece for part in mail.parts for piece in _kept_part(part)]
    root = mail.root
    if len(mail.parts) == 1:
        kind, text = pieces[0] if pieces else ("text/plain", "")
        return "\n".join([*head, f"content-type: {kind}; charset=utf-8", "", text])
    report_type = root.parameters.get("report-type", "")
    about = f"; report-type={report_type}" if report_type else ""
    head.append(f"content-type: {root.kind}{about}; boundary=kept")
    body = [f"--kept\ncontent-type: {kind}; charset=utf-8\n\n{text}" for kind, text in pieces]
    return "\n".join([*head, "", *body, "--kept--"])


def _kept_part(part: Part) -> Iterator[tuple[str, str]]:
    if part.kind in STATUS_PARTS or part.kind == FEEDBACK:
        yield part.kind, part.text[:TEXT_KEPT]
    elif part.kind.startswith("message/") or part.kind.startswith("text/rfc822-header"):
        headers = part.message.partition("\n\n")[0][:TEXT_KEPT]
        yield "text/rfc822-headers", header_text(headers)
    elif part.kind.startswith("text/"):
        yield "text/plain", cut_original(part.text)[0][:TEXT_KEPT]
