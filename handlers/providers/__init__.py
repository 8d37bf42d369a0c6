"""The registry of providers: one line for each."""

from handlers.provider import Provider
from handlers.providers.dsn import Dsn
from handlers.providers.generic import Generic
from handlers.providers.mailgun.webhook import Mailgun
from handlers.providers.postmark.webhook import Postmark
from handlers.providers.sendgrid.webhook import SendGrid
from handlers.providers.ses.webhook import Ses

PROVIDERS: dict[str, type[Provider]] = {
    "dsn": Dsn,
    "generic": Generic,
    "mailgun": Mailgun,
    "postmark": Postmark,
    "sendgrid": SendGrid,
    "ses": Ses,
}
