"""What `bounce demo --once` reports: the alerts of the channel, and what they took."""

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from bot.app import Bot
from bot.sandbox.slack.printing import printed, thread
from bot.sandbox.stand_in import SlackStandIn
from resolutions.alert import Alert

ALERTS_LIMIT = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What `bounce demo --once` tells; `violations` are limits of Slack that were broken.

    `shown` are the alerts with their threads as a person sees them, for the terminal.
    """

    alerts: list[dict[str, Any]]
    events: int
    slack_calls: int
    violations: list[str]
    seconds: float
    shown: Sequence[str] = ()

    @property
    def is_good(self) -> bool:
        """Whether everything was posted without breaking a limit."""
        return bool(self.alerts) and not self.violations

    def as_dict(self) -> dict[str, Any]:
        """Return the report for --json."""
        return {name: value for name, value in asdict(self).items() if name != "shown"}

    def as_text(self) -> str:
        """Return the report for people: what the channel shows, and a summary."""
        shown = "\n".join(textwrap.indent(one, "  ") + "\n" for one in self.shown)
        wrong = "".join(f"\nlimit broken: {violation}" for violation in self.violations)
        sources = len({alert["source"] for alert in self.alerts})
        return (
            f"#deliverability\n\n{shown}\n"
            f"{self.events} events of {sources} sources are {len(self.alerts)} alerts;"
            f" {self.slack_calls} calls to Slack, {len(self.violations)} limits broken,"
            f" {self.seconds:.1f} s{wrong}"
        )


async def report(
    slack: SlackStandIn, bot: Bot, channel: str, events: int, seconds: float
) -> Report:
    """Return what the channel shows now, and what it took to get there."""
    alerts = {alert.ts: alert for alert in await bot.store.alerts.newest(limit=ALERTS_LIMIT)}
    messages = [message for message in slack.messages(channel) if message["ts"] in alerts]
    names = {user.id: user.name for user in slack.workspace.users.values()}
    return Report(
        alerts=[_alert(alerts[message["ts"]], message["text"]) for message in messages],
        events=events,
        slack_calls=slack.calls.total(),
        violations=[str(violation) for violation in slack.violations],
        seconds=round(seconds, 2),
        shown=[_whole(slack, channel, message, names) for message in messages],
    )


def _whole(
    slack: SlackStandIn, channel: str, message: Mapping[str, Any], names: Mapping[str, str]
) -> str:
    """Return an alert and what its thread says."""
    replies = thread(slack.replies(channel, message["ts"]), names)
    return "\n".join(filter(None, (printed(message, names), replies)))


def _alert(alert: Alert, text: str) -> dict[str, Any]:
    return {
        "source": _first(alert, "source"),
        "campaign": _first(alert, "campaign"),
        "reason": "complaint" if alert.key.complaint else alert.reason.value,
        "recipients": alert.recipients,
        "text": text,
        "ts": alert.ts,
    }


def _first(alert: Alert, dimension: str) -> str:
    words = alert.words(dimension)
    return words[0].word if words else ""
