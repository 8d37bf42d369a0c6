#!/usr/bin/env bash
# Postfix names an Original-Recipient in every bounce, also where the client knew no DSN and gave no
# ORCPT. RFC 3464 (2.3.1) keeps that field for an address that the sender gave; here it is no sign of one.
# Needs root: it runs with mounts, processes and a network of its own, and leaves nothing behind.
set -euo pipefail
place=$(mktemp -d)
chmod 755 "$place"
trap 'rm -rf "$place"' EXIT
cd "$place"
apt-get download -qq 'postfix=3.7.*' 2>/dev/null
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
echo 'postfix:x:8101:8101::/var/lib/postfix:/bin/false' >>passwd
echo 'postfix:x:8101:' >>group
echo 'postdrop:x:8102:8102::/var/lib/postdrop:/bin/false' >>passwd
echo 'postdrop:x:8102:' >>group
mount --bind passwd /etc/passwd
mount --bind group /etc/group
ip link set lo up
mkdir etc data queue
chown postfix data
cp -r root/etc/postfix/post* root/usr/share/postfix/dynamicmaps.cf root/usr/share/postfix/makedefs.out etc
sed -E 's/^smtp +inet/2525 inet/; s/^(\S+\s+\S+\s+\S+\s+\S+\s+)y(\s)/\1n\2/' root/usr/share/postfix/master.cf.dist >etc/master.cf
cat >etc/main.cf <<END
compatibility_level = 3.6
queue_directory = $PWD/queue
data_directory = $PWD/data
meta_directory = $PWD/etc
daemon_directory = /usr/lib/postfix/sbin
shlib_directory = /usr/lib/postfix
command_directory = /usr/sbin
mail_owner = postfix
setgid_group = postdrop
myhostname = mx.sender.example
mydestination =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
relayhost = [127.0.0.1]:8025
alias_maps =
maillog_file_prefixes = $PWD
maillog_file = $PWD/maillog
END
python3 server.py "550 5.1.1 no such user" &
postfix -c "$PWD/etc" start
sleep 3
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
postconf -c "$PWD/etc" -h mail_version >version
APART
unshare --mount --pid --fork --mount-proc --net bash -eu apart.sh >log 2>&1 || { cat log; exit 2; }

echo "version:  Postfix $(cat version)"
echo "expected: no Original-Recipient: the client gave no ORCPT"
echo "seen:     $(grep -iE '^(Original|Final)-Recipient:' bounce.eml | tr -d '\r' | paste -sd' ')"
grep -q '^Original-Recipient: rfc822;bob@receiver.example' bounce.eml
