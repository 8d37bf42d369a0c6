"""The Bolt application of all listeners."""

import logging

import aiohttp
from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult

from bot.settings.model import SlackSettings
from bot.slack.clients import anonymous_client
from bot.slack.deduplicate import Deduplicate
from handlers.store import Repeats


def make_app(settings: SlackSettings, session: aiohttp.ClientSession, repeats: Repeats) -> AsyncApp:
    """Return a Bolt application without listeners, whose client answers people.

    `authorize` answers from the configuration: with a bare token Bolt would ask auth.test at the
    first click, and lose the click when Slack is slow. Every listener runs before the answer, so
    it may only check, record and ack, and hands the rest to the Background.
    """
    token = settings.bot_token.get_secret_value()

    async def authorize() -> AuthorizeResult:
        return AuthorizeResult(enterprise_id=None, team_id=None, bot_token=token)

    app = AsyncApp(
        name="bounce",  # else it reads the sources of all that is loaded, to find its caller's
        logger=logging.getLogger("slack_bolt"),
        signing_secret=settings.signing_secret.get_secret_value() or "unused in Socket Mode",
        client=anonymous_client(settings, session),
        authorize=authorize,
        process_before_response=True,
        request_verification_enabled=False,  # done by HttpEndpoint, on the raw bytes
        ignoring_self_events_enabled=False,  # needs the bot's own id; we listen to no messages
    )
    deduplicate = Deduplicate(repeats)
    app.use(deduplicate)
    app.error(deduplicate.failed)
    return app
