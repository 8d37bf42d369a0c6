#!/usr/bin/env bash
# A signed mail whose List-Unsubscribe is longer than a line is parsed and sent on by aiosmtplib as it
# is: Python's email package writes the URL anew as encoded words, which no mailer decodes there, and
# the DKIM signature (relaxed, checked with dkimpy) no longer holds. Short headers pass unharmed.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet --disable-pip-version-check aiosmtplib==5.1.3 dkimpy==1.1.8 cryptography==50.0.2

"$place/venv/bin/python" - <<'END'
import asyncio
import base64
import email
import email.policy
import platform
import sys
from importlib.metadata import version

import aiosmtplib
import dkim
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
private = key.private_bytes(
    serialization.Encoding.PEM,
    serialization.PrivateFormat.TraditionalOpenSSL,
    serialization.NoEncryption(),
)
public = key.public_key().public_bytes(
    serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
)
record = b"v=DKIM1; k=rsa; p=" + base64.b64encode(public)


def holds(mail):
    return dkim.verify(mail, dnsfunc=lambda name, timeout=5: record)


def signed(url):
    mail = (
        b"From: News <news@news.example>\r\nTo: ada@b.example\r\nSubject: Orchard\r\n"
        b"List-Unsubscribe: <" + url + b">\r\nMIME-Version: 1.0\r\n"
        b"Content-Type: text/plain; charset=utf-8\r\n\r\nhello\r\n"
    )
    canon = (b"relaxed", b"relaxed")
    signature = dkim.sign(
        mail, b"s", b"news.example", private, canonicalize=canon,
        include_headers=[b"From", b"To", b"Subject", b"List-Unsubscribe"],
    )
    return signature + mail


async def sent(mail):
    """Send a mail with aiosmtplib to a server on loopback, and return what arrives there."""
    arrived = []

    async def talk(reader, writer):
        writer.write(b"220 mx.b.example\r\n")
        while line := await reader.readline():
            if line[:4].upper() == b"DATA":
                writer.write(b"354 go on\r\n")
                while (line := await reader.readline()) != b".\r\n":
                    arrived.append(line)
            writer.write(b"250 ok\r\n")
            if line[:4].upper() == b"QUIT":
                break
        writer.close()

    async with await asyncio.start_server(talk, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        message = email.message_from_bytes(mail, policy=email.policy.default)
        await aiosmtplib.send(message, hostname="127.0.0.1", port=port, start_tls=False)
    return b"".join(arrived)


def seen(url):
    mail = signed(url)
    assert holds(mail)
    after = asyncio.run(sent(mail))
    return url in after, holds(after)


short = seen(b"https://news.example/u/7")
long = seen(b"https://news.example/unsubscribe/" + b"4f2a" * 24)

print("version:  aiosmtplib", version("aiosmtplib"), "dkimpy", version("dkimpy"), "Python", platform.python_version())
print("expected: the URL still stands there, the signature still holds: (True, True) for any length")
print("seen:     a short URL", short, "a long one", long)
sys.exit((short, long) != ((True, True), (False, False)))
END
