#!/usr/bin/env bash
# Python's email package takes a delivery report apart recipient by recipient, but not its twin for
# addresses in UTF-8: of message/global-delivery-status (RFC 6533) only the first block is read as
# fields, the recipients stand in the "body" of a nested message.
set -euo pipefail

python3 - <<'END'
import email
import email.policy
import platform
import sys

REPORT = b"""\
MIME-Version: 1.0
Content-Type: multipart/report; report-type=%s; boundary="b1"

--b1
Content-Type: message/%s

Reporting-MTA: dns; mx.example

Final-Recipient: rfc822; ada@b.example
Action: failed
Status: 5.1.1

Final-Recipient: rfc822; bob@b.example
Action: failed
Status: 5.2.2
--b1--
"""


def statuses(kind):
    mail = email.message_from_bytes(REPORT % (kind, kind), policy=email.policy.default)
    (report,) = mail.iter_parts()
    return [block["Status"] for block in report.get_payload()]


seen = statuses(b"delivery-status"), statuses(b"global-delivery-status")
print("version:  Python", platform.python_version())
print("expected: three blocks in both:", ([None, "5.1.1", "5.2.2"],) * 2)
print("seen:     delivery-status", seen[0], "global-delivery-status", seen[1])
sys.exit(seen != ([None, "5.1.1", "5.2.2"], [None]))
END
