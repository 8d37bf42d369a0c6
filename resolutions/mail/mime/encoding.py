"""Transfer encodings: base64 and quoted-printable as mails have them, broken or not."""

import binascii


def from_base64(raw: bytes) -> bytes:
    """Return what is readable of base64, whatever else stands between."""
    clean = raw.translate(None, _NOT_BASE64)
    if len(clean) % 4 == 1:
        clean = clean[:-1]
    return binascii.a2b_base64(clean + b"=" * (-len(clean) % 4))


_NOT_BASE64 = bytes(
    code
    for code in range(256)
    if code not in b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
)
