#!/usr/bin/env bash
# mail-parser leaves a bounce without its report: message/delivery-status is neither text, attachment
# nor defect, while the text and the attachments of the returned mail are given as the bounce's own.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet --disable-pip-version-check mail-parser==4.8.0

"$place/venv/bin/python" - <<'END'
import sys
from importlib.metadata import version

import mailparser

BOUNCE = b"""\
From: MAILER-DAEMON@mx.example
To: news@news.example
Subject: Undelivered Mail Returned to Sender
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b1"

--b1
Content-Type: text/plain

It could not be delivered.
--b1
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example

Final-Recipient: rfc822; ada@b.example
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 no such user
--b1
Content-Type: message/rfc822

From: news@news.example
To: ada@b.example
Subject: Your invoice
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary="b2"

--b2
Content-Type: text/plain

Dear Ada
--b2
Content-Type: application/pdf
Content-Disposition: attachment; filename="invoice.pdf"
Content-Transfer-Encoding: base64

JVBERi0=
--b2--
--b1--
"""

mail = mailparser.parse_from_bytes(BOUNCE)
texts = [text.strip() for text in mail.text_plain]
files = [each["filename"] for each in mail.attachments]
report = "5.1.1" in f"{mail.body} {mail.attachments} {mail.text_not_managed} {mail.headers}"
seen = (texts, files, report, mail.has_defects)
print("version:  mail-parser", version("mail-parser"))
print("expected: the report is somewhere; text and attachments are those of the bounce")
print("seen:     texts", texts, "attachments", files, "the report:", report, "defects:", mail.has_defects)
sys.exit(seen != (["It could not be delivered.", "Dear Ada"], ["invoice.pdf"], False, False))
END
