#!/usr/bin/env bash
# A returned mail as message/global in base64, which RFC 6532 (3.7) allows, is an empty message for
# Python's email package, without a defect; and get_content gives the base64 text undecoded, though it
# decodes that of any other type.
set -euo pipefail

python3 - <<'END'
import base64
import email
import email.policy
import platform
import sys

INNER = b"From: news@news.example\r\nSubject: Orchard\r\n\r\nhello\r\n"


def part(kind):
    head = b"MIME-Version: 1.0\r\nContent-Type: %s\r\nContent-Transfer-Encoding: base64\r\n\r\n" % kind
    return email.message_from_bytes(head + base64.encodebytes(INNER), policy=email.policy.default)


returned, other = part(b"message/global"), part(b"application/octet-stream")
(nested,) = returned.get_payload()
seen = (
    nested["Subject"],
    len(returned.defects),
    INNER in returned.get_content(),
    INNER in other.get_content(),
)
print("version:  Python", platform.python_version())
print("expected: subject 'Orchard', or a defect; content decoded as for application/octet-stream")
print("seen:     subject", seen[0], "- defects", seen[1], "- decoded", seen[2], "- octet-stream decoded", seen[3])
sys.exit(seen != (None, 0, False, True))
END
