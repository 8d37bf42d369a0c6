#!/usr/bin/env bash
# aiosmtpd gives the null sender of a bounce as "<>", every other sender without its brackets: code
# that looks for bounces by `not envelope.mail_from`, or compares with "", never finds one.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet --disable-pip-version-check aiosmtpd==1.4.6

"$place/venv/bin/python" - <<'END'
import smtplib
import socket
import sys
from importlib.metadata import version

from aiosmtpd.controller import Controller

senders = []


class Handler:
    async def handle_DATA(self, server, session, envelope):
        senders.append(envelope.mail_from)
        return "250 taken"


with socket.create_server(("127.0.0.1", 0)) as free:
    port = free.getsockname()[1]
controller = Controller(Handler(), hostname="127.0.0.1", port=port)
controller.start()
with smtplib.SMTP("127.0.0.1", port) as client:
    for sender in ("ada@news.example", ""):
        client.sendmail(sender, ["bounce@news.example"], b"Subject: x\r\n\r\nhello\r\n")
controller.stop()

print("version:  aiosmtpd", version("aiosmtpd"))
print("expected: mail_from of MAIL FROM:<ada@news.example> and MAIL FROM:<> is", ["ada@news.example", ""])
print("seen:    ", senders)
sys.exit(senders != ["ada@news.example", "<>"])
END
