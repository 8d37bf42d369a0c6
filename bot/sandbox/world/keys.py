"""The keys of the demo: made anew at each start, good for nothing outside it."""

import base64
import secrets
from datetime import UTC, datetime, timedelta
from functools import cached_property

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import NameOID

API_KEY = "demo-api-key"
MAILGUN_DOMAIN = "mg.shop.example"
TOPIC = "arn:aws:sns:eu-west-1:123456789012:bounces"
CERTIFICATE_URL = "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-demo.pem"


class Keys:
    """One secret a source, and the pairs of keys of SNS and SendGrid, made when they are needed."""

    def __init__(self) -> None:
        self.slack_signing = secrets.token_hex(16)
        self.slack_token = f"xoxb-{secrets.token_hex(12)}"
        self.mailgun = secrets.token_hex(16)
        self.postmark = secrets.token_hex(12)
        self.dsn = secrets.token_hex(12)
        self.crm = secrets.token_hex(12)
        self.resend = f"whsec_{base64.b64encode(secrets.token_bytes(24)).decode()}"

    @cached_property
    def _sns(self) -> rsa.RSAPrivateKey:
        return rsa.generate_private_key(public_exponent=65537, key_size=2048)

    @cached_property
    def _sendgrid(self) -> ec.EllipticCurvePrivateKey:
        return ec.generate_private_key(ec.SECP256R1())

    def sign_sns(self, text: bytes) -> str:
        """Return the signature of an SNS message, version 2 (RSA, SHA-256)."""
        signature = self._sns.sign(text, padding.PKCS1v15(), hashes.SHA256())
        return base64.b64encode(signature).decode()

    def sign_sendgrid(self, text: bytes) -> str:
        """Return the signature of a SendGrid event webhook (ECDSA P-256, SHA-256)."""
        return base64.b64encode(self._sendgrid.sign(text, ec.ECDSA(hashes.SHA256()))).decode()

    @cached_property
    def sendgrid_public(self) -> str:
        """The public key as SendGrid shows it: base64 of its DER form."""
        public = self._sendgrid.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        return base64.b64encode(public).decode()

    @cached_property
    def sns_certificate(self) -> bytes:
        """The certificate of the SNS key, in PEM, good for two days."""
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.demo.example")])
        now = datetime.now(UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(self._sns.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=365))
            .sign(self._sns, hashes.SHA256())
            .public_bytes(serialization.Encoding.PEM)
        )
