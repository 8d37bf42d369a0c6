"""The sample mail of the demo, and the signed webhooks in which its providers tell of it."""

import base64
import hashlib
import hmac
import json
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from typing import Any

from bot.sandbox.world.keys import CERTIFICATE_URL, MAILGUN_DOMAIN, TOPIC, Keys

OUR_DOMAIN = "help.example"
OUR_IP = "198.51.100.23"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One email that bounced, was deferred, delivered or complained of.

    `key` is shared by events of the same email; without one the recipient stands for it. `klass`
    is the provider's own word, where the table has one.
    """

    source: str
    recipient: str
    minutes: float
    event: str = "bounce"
    campaign: str = ""
    subject: str = ""
    reply: str = ""
    status: str = ""
    code: int = 0
    host: str = ""
    klass: str = ""
    key: str = ""
    later: bool = False

    @property
    def number(self) -> str:
        """What the provider calls the email."""
        return hashlib.sha256((self.key or self.recipient).encode()).hexdigest()[:24]

    @property
    def event_number(self) -> str:
        """What the provider calls the event."""
        return hashlib.sha256(f"{self.number} {self.event}".encode()).hexdigest()[:24]

    @property
    def is_permanent(self) -> bool:
        """Whether the reply is of class 5, as far as it has a code."""
        return not self.reply.startswith("4")


@dataclass(frozen=True, slots=True)
class Hook:
    """A request as a provider sends it."""

    source: str
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


def load_samples() -> list[Sample]:
    """Return the samples of the demo."""
    text = (files("bot.sandbox.world") / "samples.toml").read_text("utf-8")
    entries = tomllib.loads(text)["sample"]
    return [Sample(**{_NAMES.get(key, key): value for key, value in e.items()}) for e in entries]


_NAMES = {"class": "klass"}


class SampleHooks:
    """The six sources of the demo: each makes its provider's webhook of samples, signed."""

    def __init__(self, keys: Keys, now: Callable[[], datetime]) -> None:
        self._keys = keys
        self._now = now

    def of(self, samples: Sequence[Sample]) -> list[Hook]:
        """Return the requests that tell of the samples; what SendGrid says comes in one batch."""
        hooks = [self._hook(sample) for sample in samples if sample.source != "shop"]
        batch = [self._sendgrid_event(sample) for sample in samples if sample.source == "shop"]
        return [*hooks, self.sendgrid(json.dumps(batch).encode())] if batch else hooks

    def _hook(self, sample: Sample) -> Hook:
        make = {
            "newsletter": self._ses,
            "receipts": self._mailgun,
            "support": self._postmark,
            "mailserver": self._dsn,
            "crm": self._crm,
        }[sample.source]
        return make(sample)

    def _at(self, sample: Sample) -> datetime:
        return self._now() - timedelta(minutes=sample.minutes)

    # Amazon SES, through SNS

    def _ses(self, sample: Sample) -> Hook:
        message = json.dumps(self._ses_event(sample))
        envelope = {
            "Type": "Notification",
            "MessageId": sample.event_number,
            "TopicArn": TOPIC,
            "Message": message,
            "Timestamp": _iso(self._now()),
            "SignatureVersion": "2",
            "SigningCertURL": CERTIFICATE_URL,
        }
        signed = ("Message", "MessageId", "Timestamp", "TopicArn", "Type")
        text = "".join(f"{key}\n{envelope[key]}\n" for key in signed)
        envelope["Signature"] = self._keys.sign_sns(text.encode())
        headers = {
            "Content-Type": "text/plain; charset=UTF-8",
            "x-amz-sns-message-type": "Notification",
        }
        return Hook("newsletter", json.dumps(envelope).encode(), headers)

    def _ses_event(self, sample: Sample) -> dict[str, Any]:
        at = _iso(self._at(sample))
        mail = {
            "messageId": sample.number,
            "timestamp": at,
            "source": f"news@{OUR_DOMAIN}",
            "destination": [sample.recipient],
            "commonHeaders": {"subject": sample.subject, "from": [f"news@{OUR_DOMAIN}"]},
            "tags": {"campaign": [sample.campaign], "ses:configuration-set": ["news"]},
        }
        if sample.event == "complaint":
            complaint = {
                "complainedRecipients": [{"emailAddress": sample.recipient}],
                "timestamp": at,
                "feedbackId": sample.event_number,
                "complaintFeedbackType": "abuse",
            }
            return {"eventType": "Complaint", "mail": mail, "complaint": complaint}
        otherwise = "Permanent/General" if sample.is_permanent else "Transient/General"
        bounce_type, _, subtype = (sample.klass or otherwise).partition("/")
        status = sample.reply.split(" ")[1]
        recipient = {
            "emailAddress": sample.recipient,
            "action": "failed",
            "status": status,
            "diagnosticCode": f"smtp; {sample.reply}",
        }
        bounce = {
            "bounceType": bounce_type,
            "bounceSubType": subtype,
            "bouncedRecipients": [recipient],
            "timestamp": at,
            "feedbackId": sample.event_number,
            "reportingMTA": f"dns; {sample.host}",
        }
        return {"eventType": "Bounce", "mail": mail, "bounce": bounce}

    # SendGrid

    def _sendgrid_event(self, sample: Sample) -> dict[str, Any]:
        event: dict[str, Any] = {
            "email": sample.recipient,
            "timestamp": int(self._at(sample).timestamp()),
            "sg_event_id": sample.event_number,
            "sg_message_id": f"{sample.number}.recvd-demo",
            "category": [sample.campaign],
            "ip": OUR_IP,
        }
        if sample.event == "suppressed":
            return {**event, "event": "dropped", "reason": sample.reply}
        if sample.event == "deferral":
            return {**event, "event": "deferred", "response": sample.reply, "attempt": "3"}
        if sample.event == "delivered":
            return {**event, "event": "delivered", "response": "250 2.0.0 OK"}
        status = sample.reply.split(" ")[1]
        return {
            **event,
            "event": "bounce",
            "type": "blocked" if "block list" in sample.reply else "bounce",
            "reason": sample.reply,
            "status": status,
        }

    def sendgrid(self, body: bytes) -> Hook:
        """Return a request of SendGrid with any body, its signature good."""
        stamp = str(int(self._now().timestamp()))
        headers = {
            "Content-Type": "application/json",
            "X-Twilio-Email-Event-Webhook-Signature": self._keys.sign_sendgrid(
                stamp.encode() + body
            ),
            "X-Twilio-Email-Event-Webhook-Timestamp": stamp,
        }
        return Hook("shop", body, headers)

    # Mailgun

    def _mailgun(self, sample: Sample) -> Hook:
        stamp = str(int(self._now().timestamp()))
        token = hashlib.sha256(f"{stamp}{sample.event_number}".encode()).hexdigest()[:50]
        code = sample.code or int(sample.reply.split(" ")[0])
        signature = hmac.new(
            self._keys.mailgun.encode(), f"{stamp}{token}".encode(), hashlib.sha256
        )
        event = {
            "id": sample.event_number,
            "event": "failed",
            "severity": "permanent" if sample.is_permanent else "temporary",
            "reason": "bounce",
            "timestamp": self._at(sample).timestamp(),
            "recipient": sample.recipient,
            "delivery-status": {"code": code, "message": sample.reply, "mx-host": sample.host},
            "message": {
                "headers": {
                    "message-id": f"{sample.number}@{MAILGUN_DOMAIN}",
                    "subject": sample.subject,
                    "from": f"Receipts <receipts@{OUR_DOMAIN}>",
                    "to": sample.recipient,
                }
            },
            "storage": {"key": f"copy-{sample.number}"},
            "tags": [sample.campaign],
        }
        signed = {"timestamp": stamp, "token": token, "signature": signature.hexdigest()}
        body = json.dumps({"signature": signed, "event-data": event}).encode()
        return Hook("receipts", body, {"Content-Type": "application/json"})

    # Postmark

    def _postmark(self, sample: Sample) -> Hook:
        body = {
            "RecordType": "Bounce",
            "ID": int(sample.event_number[:14], 16),
            "Type": sample.klass,
            "MessageID": sample.number,
            "Email": sample.recipient,
            "From": f"support@{OUR_DOMAIN}",
            "Subject": sample.subject,
            "Tag": sample.campaign,
            "Details": sample.reply,
            "BouncedAt": _iso(self._at(sample)),
            "MessageStream": "outbound",
        }
        headers = {"Content-Type": "application/json", **_basic("postmark", self._keys.postmark)}
        return Hook("support", json.dumps(body).encode(), headers)

    # The user's own mail server: a delivery report (RFC 3464)

    def _dsn(self, sample: Sample) -> Hook:
        at = self._at(sample).strftime("%a, %d %b %Y %H:%M:%S +0000")
        lines = REPORT.format(sample=sample, at=at, domain=OUR_DOMAIN).splitlines()
        headers = {"Content-Type": "message/rfc822", **_basic("dsn", self._keys.dsn)}
        return Hook("mailserver", "\r\n".join([*lines, ""]).encode(), headers)

    # A system of the user's own, through the generic source

    def _crm(self, sample: Sample) -> Hook:
        item = {
            "id": sample.event_number,
            "type": sample.event,
            "to": sample.recipient,
            "mail": sample.number,
            "subject": sample.subject,
            "campaign": sample.campaign,
            "answer": sample.reply,
            "server": sample.host,
            "at": self._at(sample).timestamp(),
        }
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {self._keys.crm}"}
        return Hook("crm", json.dumps({"bounces": [item]}).encode(), headers)


REPORT = """\
Return-Path: <>
From: Mail Dispatcher System <MAILER-DAEMON@{domain}>
To: reports@{domain}
Subject: Undelivered Mail Returned to Sender
Date: {at}
Message-ID: <{sample.event_number}@{domain}>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="report"

--report
Content-Type: text/plain; charset=us-ascii

This is the mail system at host mail.{domain}.

<{sample.recipient}>: {sample.reply}

--report
Content-Type: message/delivery-status

Reporting-MTA: dns; mail.{domain}
Arrival-Date: {at}

Final-Recipient: rfc822; {sample.recipient}
Action: failed
Status: {sample.status}
Remote-MTA: dns; {sample.host}
Diagnostic-Code: smtp; {sample.reply}

--report
Content-Type: text/rfc822-headers

From: Reports <reports@{domain}>
To: {sample.recipient}
Subject: {sample.subject}
Message-ID: <{sample.number}@{domain}>

--report--
"""


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _basic(user: str, password: str) -> dict[str, str]:
    credentials = base64.b64encode(f"{user}:{password}".encode()).decode()
    return {"Authorization": f"Basic {credentials}"}
