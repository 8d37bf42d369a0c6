"""Which batches SendGrid sent, and which it did not."""

from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from pydantic import ValidationError

from handlers.errors import SignatureError
from tests.handlers.providers.sendgrid.conftest import SECONDS, key_text

AT = "x-twilio-email-event-webhook-timestamp"
SIGNATURE = "x-twilio-email-event-webhook-signature"


def with_header(request, name, value):
    headers = {key: kept for key, kept in request.headers.items() if key != name}
    return replace(request, headers=headers if value is None else headers | {name: value})


def test_refusal_ends_the_repeats(sendgrid):
    assert (sendgrid.refused, sendgrid.busy) == (403, 503)


async def test_signed_batch_is_accepted(sendgrid, sender):
    await sendgrid.authenticate(sender.request([]))


async def test_key_may_be_pem(make, sender):
    pem = sender.key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)

    await make(public_key=pem.decode()).authenticate(sender.request([]))


async def test_either_key_is_accepted_while_it_is_changed(make, sender):
    old = key_text(ec.generate_private_key(ec.SECP256R1()))

    await make(public_key=[old, key_text(sender.key)]).authenticate(sender.request([]))


async def test_foreign_key_is_refused(make, sender):
    foreign = key_text(ec.generate_private_key(ec.SECP256R1()))

    with pytest.raises(SignatureError, match="does not fit"):
        await make(public_key=foreign).authenticate(sender.request([]))


async def test_altered_body_is_refused(sendgrid, sender):
    request = sender.request([{"email": "ana@receiver.example"}])

    with pytest.raises(SignatureError, match="does not fit"):
        await sendgrid.authenticate(replace(request, body=request.body + b" "))


async def test_altered_time_is_refused(sendgrid, sender):
    request = with_header(sender.request([]), AT, str(SECONDS + 1))

    with pytest.raises(SignatureError, match="does not fit"):
        await sendgrid.authenticate(request)


@pytest.mark.parametrize("age", [0, 24 * 3600, 25 * 3600, -600])
async def test_repeats_of_a_day_are_accepted(sendgrid, sender, age):
    await sendgrid.authenticate(sender.request([], at=str(SECONDS - age)))


@pytest.mark.parametrize("age", [25 * 3600 + 1, -3601, SECONDS])
async def test_older_signature_is_refused(sendgrid, sender, age):
    with pytest.raises(SignatureError, match="old"):
        await sendgrid.authenticate(sender.request([], at=str(SECONDS - age)))


@pytest.mark.parametrize("at", [None, "", "soon", "-1", "1e9", "9" * 20, "١٢٣", " 1781524800"])
async def test_time_that_is_none_is_refused(sendgrid, sender, at):
    with pytest.raises(SignatureError, match="no time"):
        await sendgrid.authenticate(with_header(sender.request([]), AT, at))


@pytest.mark.parametrize("signature", [None, "", "no base64!", "ä", "\udcff", "AAAA", "MEUCIQ=="])
async def test_signature_that_is_none_is_refused(sendgrid, sender, signature):
    with pytest.raises(SignatureError):
        await sendgrid.authenticate(with_header(sender.request([]), SIGNATURE, signature))


@pytest.mark.parametrize("key", ["", [], "no key", "AAAA", "-----BEGIN PUBLIC KEY-----\nAAAA"])
def test_key_that_is_none_is_refused_at_the_start(make, key):
    with pytest.raises(ValidationError):
        make(public_key=key)


def test_rsa_key_is_refused_at_the_start(make):
    key = rsa.generate_private_key(65537, 2048).public_key()
    pem = key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)

    with pytest.raises(ValidationError, match="no ECDSA public key"):
        make(public_key=pem.decode())
