"""Messages of Amazon SNS: whether they are genuine, and how a subscription is confirmed.

A signature proves only that some AWS account sent a message, for anybody can subscribe our
address to a topic of theirs; so the topic is looked at first.
https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html
"""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from handlers.errors import BusyError, PermanentError, SignatureError, TemporaryError
from handlers.http.authentication import signature_of
from handlers.http.outgoing import Call, Outgoing
from handlers.provider import Clock, Confirmation, WebhookRequest
from handlers.providers.ses.aws import REGION, AwsAccess, signed

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
    from cryptography.x509 import Certificate

TOPIC = rf"^arn:aws[a-z-]{{0,20}}:sns:{REGION}:[0-9]{{12}}:[A-Za-z0-9_.-]{{1,256}}$"
CERTIFICATE_URL = re.compile(
    r"https://sns\.[a-z0-9-]{3,}\.amazonaws\.com(\.cn)?/SimpleNotificationService-[A-Za-z0-9]+\.pem"
)
CERTIFICATE_SECONDS = 5.0
CERTIFICATE_LIMIT = 16 * 1024
CERTIFICATES_KEPT = 16

NOTIFICATION = "Notification"
SUBSCRIPTION = "SubscriptionConfirmation"
_NOTIFIED = ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type")
_SUBSCRIBED = ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type")
SIGNED = {
    NOTIFICATION: _NOTIFIED,
    SUBSCRIPTION: _SUBSCRIBED,
    "UnsubscribeConfirmation": _SUBSCRIBED,
}
"""The parts of a message that its signature covers, in their order."""


class Certificates:
    """The certificates that SNS signs with, by their URL.

    Where the operator gave files, none is fetched. A fetched one is kept as long as it is valid.
    """

    def __init__(self, files: Mapping[str, Path], outgoing: Outgoing, clock: Clock) -> None:
        self._files_only = bool(files)
        self._known = {url: read_certificate(path.read_bytes()) for url, path in files.items()}
        self._outgoing = outgoing
        self._clock = clock

    async def key(self, url: str) -> "RSAPublicKey":
        """Return the key of the certificate at a URL that has been checked.

        Raises SignatureError if there is none, BusyError if it cannot be had now: SNS tries again.
        """
        certificate = self._known.get(url)
        if certificate is None:
            certificate = await self._fetched(url)
        if not certificate.not_valid_before_utc <= self._clock() <= certificate.not_valid_after_utc:
            raise SignatureError("the signing certificate is not valid at this time")
        return _rsa_key(certificate)

    async def _fetched(self, url: str) -> "Certificate":
        if self._files_only:
            raise SignatureError("the signing certificate is none of the configured ones")
        call = Call(method="GET", url=url, seconds=CERTIFICATE_SECONDS, limit=CERTIFICATE_LIMIT)
        try:
            certificate = read_certificate((await self._outgoing.send(call)).body)
        except TemporaryError as error:
            raise BusyError(f"the signing certificate cannot be fetched: {error}") from error
        except (PermanentError, ValueError) as error:
            raise SignatureError(f"no signing certificate: {error}") from error
        _rsa_key(certificate)
        if len(self._known) >= CERTIFICATES_KEPT:
            self._known.clear()
        self._known[url] = certificate
        return certificate


def read_certificate(pem: bytes) -> "Certificate":
    """Return the X.509 certificate of a PEM text; raise ValueError if it is none."""
    from cryptography.x509 import load_pem_x509_certificate

    return load_pem_x509_certificate(pem)


def _rsa_key(certificate: "Certificate") -> "RSAPublicKey":
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

    try:
        key = certificate.public_key()
    except (ValueError, UnsupportedAlgorithm) as error:
        raise SignatureError("the signing certificate holds no usable key") from error
    if not isinstance(key, RSAPublicKey):
        raise SignatureError("the signing certificate holds no RSA key")
    return key


async def verify(
    request: WebhookRequest, topics: Sequence[str], certificates: Certificates
) -> None:
    """Raise SignatureError unless SNS sent this request for one of the topics."""
    if request.headers.get("x-amz-sns-rawdelivery", "").lower() == "true":
        raise SignatureError("raw message delivery carries no signature: switch it off")
    envelope = request.json()
    if not isinstance(envelope, dict):
        raise SignatureError("not an SNS message")
    if envelope.get("TopicArn") not in topics:
        raise SignatureError("the topic is none of the configured ones")
    url = envelope.get("SigningCertURL")
    if not isinstance(url, str) or not CERTIFICATE_URL.fullmatch(url):
        raise SignatureError("the signing certificate is not at SNS")
    text, signature = _signed_text(envelope), signature_of(envelope.get("Signature"))
    _check(await certificates.key(url), signature, text, envelope.get("SignatureVersion"))


def _signed_text(envelope: Mapping[str, Any]) -> bytes:
    kind = envelope.get("Type")
    if not isinstance(kind, str) or kind not in SIGNED:
        raise SignatureError("an unknown type of SNS message")
    text = ""
    for name in SIGNED[kind]:
        value = envelope.get(name)
        if value is None:
            continue
        if not isinstance(value, str):
            raise SignatureError(f"{name} is no text")
        text += f"{name}\n{value}\n"
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise SignatureError("a text that cannot have been signed") from error


def _check(key: "RSAPublicKey", signature: bytes, text: bytes, version: Any) -> None:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
    from cryptography.hazmat.primitives.hashes import SHA1, SHA256

    if version not in ("1", "2"):
        raise SignatureError("an unknown version of signature")
    try:
        key.verify(signature, text, PKCS1v15(), SHA256() if version == "2" else SHA1())
    except InvalidSignature as error:
        raise SignatureError("the signature does not fit the message") from error


class Subscriptions:
    """Confirms subscriptions to the configured topics, through the API of SNS.

    The link that comes with the request is never followed: without credentials, or where the API
    refuses, the error tells a person what to do with it.
    """

    def __init__(self, topics: Sequence[str], access: AwsAccess | None, outgoing: Outgoing) -> None:
        self._topics = topics
        self._access = access
        self._outgoing = outgoing

    async def confirm(self, confirmation: Confirmation) -> str:
        """Confirm and return a line for people; PermanentError if a person has to do it."""
        if confirmation.topic not in self._topics:
            raise PermanentError(f"{confirmation.topic} is none of the source's topic_arns")
        if self._access is None:
            raise PermanentError(
                f"no AWS credentials are configured. {by_hand(confirmation.topic)}"
            )
        try:
            await self._outgoing.send(_confirming_call(confirmation, self._access))
        except PermanentError as error:
            raise PermanentError(f"{error}. {by_hand(confirmation.topic)}") from error
        return f"Subscription to {confirmation.topic} confirmed"


def _confirming_call(confirmation: Confirmation, access: AwsAccess) -> Call:
    region = region_of(confirmation.topic)
    form = {
        "Action": "ConfirmSubscription",
        "Version": "2010-03-31",
        "TopicArn": confirmation.topic,
        "Token": confirmation.token,
        "AuthenticateOnUnsubscribe": "true",
    }
    call = Call(
        method="POST",
        url=f"{access.sns_url(region)}/",
        headers={"Content-Type": "application/x-www-form-urlencoded"},
        body=urlencode(form).encode(),
    )
    return signed(call, access, "sns", region)


def region_of(arn: str) -> str:
    """Return the region of an ARN.

    >>> region_of("arn:aws:sns:eu-west-1:123456789012:bounces")
    'eu-west-1'
    """
    return arn.split(":")[3]


def by_hand(topic: str) -> str:
    """Return what a person does to confirm a subscription.

    The link is left out, for a link in a Slack message may be fetched by Slack itself; who shows
    it shows it as preformatted text.
    """
    return (
        f"Confirm it yourself within three days: in the SNS console of {region_of(topic)}, select "
        "the pending subscription, choose “Confirm subscription” and paste the link of the request"
    )
