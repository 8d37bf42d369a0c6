"""The configuration of a bot among its stand-ins: one source of each provider, all on loopback."""

from pathlib import Path
from typing import Any

from bot.sandbox.world.keys import API_KEY, CERTIFICATE_URL, MAILGUN_DOMAIN, TOPIC, Keys
from bot.sandbox.world.samples import OUR_DOMAIN

CHANNEL = "C01DELIV"
HOST = "127.0.0.1"


def configuration(
    keys: Keys, slack_url: str, address: str, smtp_port: int, folder: Path
) -> dict[str, Any]:
    """Return the tables as a bounce.toml would say them, secrets included.

    Slack is at `slack_url`, the providers' APIs and the sender below `address`; the certificate of
    SNS is written into `folder`.
    """
    certificate = folder / "sns.pem"
    certificate.write_bytes(keys.sns_certificate)
    return {
        "slack": {
            "channel": CHANNEL,
            "base_url": slack_url,
            "bot_token": keys.slack_token,
            "signing_secret": keys.slack_signing,
        },
        "server": {"host": HOST, "port": 0},
        "alerts": {"group_wait": 1.0, "update_steps": [5, 15, 60]},
        "resend": {
            "webhook": {"url": f"{address}/sender", "secret": keys.resend, "allow_private": True}
        },
        "tickets": {
            "system": "email",
            "email": {
                "host": HOST,
                "port": smtp_port,
                "tls": "none",
                "from": f"bounce-desk@{OUR_DOMAIN}",
                "to": f"server-admin@{OUR_DOMAIN}",
            },
        },
        "sources": _sources(keys, address, certificate),
    }


def _sources(keys: Keys, address: str, certificate: Path) -> dict[str, Any]:
    api = {"key": API_KEY, "allow_private": True}
    return {
        "newsletter": {
            "provider": "ses",
            "topic_arns": [TOPIC],
            "certificates": {CERTIFICATE_URL: str(certificate)},
            "api": {
                "region": "eu-west-1",
                "access_key_id": API_KEY,
                "secret_access_key": API_KEY,
                "base_url": f"{address}/ses",
                "allow_private": True,
            },
        },
        "shop": {
            "provider": "sendgrid",
            "public_key": keys.sendgrid_public,
            "api": {**api, "inactive": "global", "base_url": f"{address}/sendgrid"},
        },
        "receipts": {
            "provider": "mailgun",
            "secrets": [keys.mailgun],
            "api": {**api, "domain": MAILGUN_DOMAIN, "base_url": f"{address}/mailgun"},
        },
        "support": {
            "provider": "postmark",
            "user": "postmark",
            "password": keys.postmark,
            "api": {
                "token": API_KEY,
                "stream": "outbound",
                "base_url": f"{address}/postmark",
                "allow_private": True,
            },
        },
        "mailserver": {"provider": "dsn", "user": "dsn", "password": keys.dsn},
        "crm": {
            "provider": "generic",
            "secrets": [keys.crm],
            "fields": {
                "items": "bounces",
                "event_id": "id",
                "kind": "type",
                "recipient": "to",
                "message_id": "mail",
                "subject": "subject",
                "campaign": "campaign",
                "text": "answer",
                "remote_host": "server",
                "occurred_at": "at",
            },
        },
    }
