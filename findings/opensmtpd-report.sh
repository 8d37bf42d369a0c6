#!/usr/bin/env bash
# OpenSMTPD's bounce holds a message/delivery-status, but in multipart/mixed, not multipart/report; the
# report has neither the other server's words nor its status, which stand in the text alone; and the
# part of type text/rfc822-headers holds the returned body too.
# Needs root: it runs with mounts, processes and a network of its own, and leaves nothing behind.
set -euo pipefail
place=$(mktemp -d)
chmod 755 "$place"
trap 'rm -rf "$place"' EXIT
cd "$place"
apt-get download -qq 'opensmtpd=6.8.0*' 2>/dev/null
for deb in *.deb; do dpkg -x "$deb" root; done
cat >server.py <<'END'
"""Refuse mail to receiver.example as told; keep what comes for sender.example."""
import asyncio
import sys


async def talk(reader, writer):
    writer.write(b"220 mx.receiver.example ESMTP\r\n")
    while line := await reader.readline():
        verb, answer = line[:4].upper(), b"250 ok"
        if verb == b"RCPT" and b"@receiver.example" in line:
            answer = sys.argv[1].encode()
        elif verb == b"DATA":
            writer.write(b"354 go on\r\n")
            with open("bounce.eml", "wb") as bounce:
                while (line := await reader.readline()) != b".\r\n":
                    bounce.write(line)
        writer.write(answer + b"\r\n")
        if verb == b"QUIT":
            break
    writer.close()


async def main():
    async with await asyncio.start_server(talk, "127.0.0.1", 8025):
        await asyncio.sleep(120)


asyncio.run(main())
END
cat >apart.sh <<'APART'
mount -t overlay -o "lowerdir=$PWD/root/usr:/usr" overlay /usr
cp /etc/passwd /etc/group .
echo 'opensmtpd:x:8101:8101::/var/lib/opensmtpd:/bin/false' >>passwd
echo 'opensmtpd:x:8101:' >>group
echo 'opensmtpq:x:8102:8102::/var/lib/opensmtpq:/bin/false' >>passwd
echo 'opensmtpq:x:8102:' >>group
mount --bind passwd /etc/passwd
mount --bind group /etc/group
ip link set lo up
mount -t tmpfs tmpfs /var/spool
mount -t tmpfs tmpfs /var/lib
mkdir -p /var/lib/opensmtpd/empty
cat >smtpd.conf <<END
listen on 127.0.0.1 port 2525
action out relay host smtp://127.0.0.1:8025
match from any for any action out
END
python3 server.py "550 5.2.2 mailbox full" &
smtpd -d -f smtpd.conf >smtpd.log 2>&1 &
sleep 2
python3 - <<'END'
import smtplib

MAIL = b"From: ada@sender.example\r\nTo: bob@receiver.example\r\nSubject: Orchard\r\n\r\nhello\r\n"
with smtplib.SMTP("127.0.0.1", 2525) as client:
    client.sendmail("ada@sender.example", ["bob@receiver.example"], MAIL)
END
for _ in $(seq 60); do
  [[ -s bounce.eml ]] && sleep 0.5 && break
  sleep 0.5
done
sed -n 's/.*\(OpenSMTPD [^ ]*\) starting/\1/p' smtpd.log >version
APART
unshare --mount --pid --fork --mount-proc --net bash -eu apart.sh >log 2>&1 || { cat log; exit 2; }

python3 - <<'END'
import email
import email.policy
import sys
from pathlib import Path

mail = email.message_from_bytes(Path("bounce.eml").read_bytes(), policy=email.policy.default)
text, report, headers = mail.iter_parts()
fields = dict(report.get_payload()[1])
seen = (
    mail.get_content_type(),
    fields.get("Status"),
    fields.get("Diagnostic-Code"),
    "550 5.2.2 mailbox full" in text.get_content(),
    headers.get_content_type(),
    "hello" in headers.get_content(),
)
print("version: ", Path("version").read_text().strip())
print("expected: multipart/report; Status 5.2.2; Diagnostic-Code smtp; 550 5.2.2 mailbox full; headers alone")
print("seen:    ", *seen[:3], "- said in the text:", seen[3], "-", seen[4], "with the body:", seen[5])
sys.exit(seen != ("multipart/mixed", "5.0.0", None, True, "text/rfc822-headers", True))
END
