"""The registry of providers: one line for each."""

from handlers.provider import Provider
from handlers.providers.mailgun import Mailgun
from handlers.providers.postmark import Postmark
from handlers.providers.ses import Ses

PROVIDERS: dict[str, type[Provider]] = {
    "mailgun": Mailgun,
    "postmark": Postmark,
    "ses": Ses,
}
