#!/usr/bin/env bash
# Sisimai, the Perl parser of bounces, makes a permanent failure of OpenSMTPD's warning of a delay: the
# mail says "Action: delayed, Status: 4.0.0", Sisimai says nothing of an action and status "5.0.944",
# a code of its own (for "network error") that stands nowhere in the mail.
set -euo pipefail
place=$(mktemp -d)
chmod 755 "$place"
trap 'rm -rf "$place"' EXIT
cd "$place"
apt-get download -qq 'libsisimai-perl=4.25.*' libclass-accessor-lite-perl libjson-perl libtry-tiny-perl 2>/dev/null
for deb in *.deb; do dpkg -x "$deb" root; done

cat >opensmtpd.eml <<'END'
Received: from mx.sender.example (mx.sender.example [local])
	by mx.sender.example (OpenSMTPD) with ESMTPA id d762deab
	for <ada@sender.example>;
	Tue, 1 Dec 2026 00:31:33 +0000 (UTC)
Subject: Delivery status notification: delayed
From: Mailer Daemon <MAILER-DAEMON@mx.sender.example>
To: ada@sender.example
Date: Tue, 1 Dec 2026 00:31:33 +0000 (UTC)
MIME-Version: 1.0
Content-Type: multipart/mixed;boundary="15232278423923379890/mx.sender.example"
Message-ID: <bc3f8688bd7d3705@sender.example>

This is a MIME-encapsulated message.

--15232278423923379890/mx.sender.example
Content-Description: Notification
Content-Type: text/plain; charset=us-ascii

    Hi!

    This is the MAILER-DAEMON, please DO NOT REPLY to this email.

    A message is delayed for more than 20 seconds for the following
    list of recipients:

bob@receiver.example: Network error on destination MXs

    Please note that this is only a temporary failure report.
    The message is kept in the queue for up to 7 days.
    You DO NOT NEED to re-send the message to these recipients.

    Below is a copy of the original message:

--15232278423923379890/mx.sender.example
Content-Description: Delivery Report
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.sender.example

Final-Recipient: rfc822; bob@receiver.example
Action: delayed
Status: 4.0.0

--15232278423923379890/mx.sender.example
Content-Description: Message headers
Content-Type: text/rfc822-headers

From: ada@sender.example
To: bob@receiver.example
Subject: Orchard
Date: Tue, 01 Dec 2026 00:31:01 -0000
Message-ID: <301.1796085061@sender.example>

--15232278423923379890/mx.sender.example--
END
cat >read.pl <<'END'
use Sisimai;
my ($bounce) = @{ Sisimai->make('opensmtpd.eml') };
print "Sisimai ", Sisimai->version, "\n";
print join(' ', map { $bounce->$_ || 'none' } qw(action deliverystatus reason)), "\n";
END
PERL5LIB=root/usr/share/perl5 perl read.pl >answer

echo "version:  $(sed -n 1p answer)"
echo "expected: delayed 4.0.0, as the mail says, and a reason"
echo "seen:     $(sed -n 2p answer)"
[[ $(sed -n 2p answer) == "none 5.0.944 networkerror" ]]
