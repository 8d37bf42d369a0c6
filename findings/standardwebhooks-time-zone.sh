#!/usr/bin/env bash
# standardwebhooks signs with a datetime whose zone it replaces by UTC instead of converting it: a
# signature made at 12:00+02:00 is one for 12:00 UTC, and its own verify refuses it.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet --disable-pip-version-check standardwebhooks==1.1.0

"$place/venv/bin/python" - <<'END'
import sys
from datetime import UTC, datetime, timedelta, timezone
from importlib.metadata import version

from standardwebhooks import Webhook, WebhookVerificationError

webhook = Webhook("whsec_Ym91bmNlIGRlc2sgZXhhbXBsZQ==")
now = datetime.now(UTC)


def verified(moment):
    headers = {
        "webhook-id": "m1",
        "webhook-timestamp": str(int(moment.timestamp())),
        "webhook-signature": webhook.sign("m1", moment, "{}"),
    }
    try:
        webhook.verify("{}", headers)
    except WebhookVerificationError as error:
        return str(error)
    return "verified"


seen = [verified(now), verified(now.astimezone(timezone(timedelta(hours=2))))]
print("version:  standardwebhooks", version("standardwebhooks"))
print("expected: one moment, in UTC and in +02:00, gives one signature:", ["verified", "verified"])
print("seen:    ", seen)
sys.exit(seen != ["verified", "No matching signature found"])
END
