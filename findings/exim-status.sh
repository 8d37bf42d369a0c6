#!/usr/bin/env bash
# Exim writes "Status: 5.0.0" into every bounce, whatever the other server said: "552 5.2.2 mailbox full"
# comes back with the right Diagnostic-Code and a Status that knows nothing.
# Needs root: it runs with mounts, processes and a network of its own, and leaves nothing behind.
set -euo pipefail
place=$(mktemp -d)
chmod 755 "$place"
trap 'rm -rf "$place"' EXIT
cd "$place"
apt-get download -qq 'exim4-daemon-light=4.96-*' 'exim4-base=4.96-*' libidn12 2>/dev/null
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
echo 'Debian-exim:x:8101:8101::/var/lib/Debian-exim:/bin/false' >>passwd
echo 'Debian-exim:x:8101:' >>group
mount --bind passwd /etc/passwd
mount --bind group /etc/group
ip link set lo up
install -d -o Debian-exim spool log.d
cat >exim.conf <<END
primary_hostname = mx.sender.example
spool_directory = $PWD/spool
log_file_path = $PWD/log.d/%slog
keep_environment =
tls_advertise_hosts =
never_users =
begin routers
any:
  driver = manualroute
  route_list = * 127.0.0.1 byname
  self = send
  transport = smtp
begin transports
smtp:
  driver = smtp
  port = 8025
  allow_localhost
END
chown Debian-exim .
python3 server.py "552 5.2.2 mailbox full" &
sleep 1
printf 'From: ada@sender.example\nTo: bob@receiver.example\nSubject: Orchard\n\nhello\n' |
  exim4 -C "$PWD/exim.conf" -odi -f ada@sender.example bob@receiver.example
exim4 --version | sed -n '1s/ #.*//p' >version
for _ in $(seq 60); do
  [[ -s bounce.eml ]] && sleep 0.5 && break
  sleep 0.5
done
APART
unshare --mount --pid --fork --mount-proc --net bash -eu apart.sh >log 2>&1 || { cat log; exit 2; }

echo "version:  $(cat version)"
echo "expected: Status: 5.2.2"
echo "seen:     $(grep -E '^(Status|Diagnostic-Code):' bounce.eml | tr -d '\r' | paste -sd' ')"
grep -q '^Status: 5.0.0' bounce.eml
grep -q '^Diagnostic-Code: smtp; 552 5.2.2 mailbox full' bounce.eml
