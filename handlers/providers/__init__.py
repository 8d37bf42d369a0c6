"""The registry of providers: one line for each."""

from handlers.provider import Provider
from handlers.providers.dsn import Dsn
from handlers.providers.generic import Generic
from handlers.providers.mailgun import Mailgun
from handlers.providers.postmark import Postmark
from handlers.providers.sendgrid import SendGrid
from handlers.providers.ses import Ses

PROVIDERS: dict[str, type[Provider]] = {
    "dsn": Dsn,
    "generic": Generic,
    "mailgun": Mailgun,
    "postmark": Postmark,
    "sendgrid": SendGrid,
    "ses": Ses,
}
