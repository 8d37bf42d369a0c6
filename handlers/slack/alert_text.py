"""An alert in words: what it is about, how many, whose servers, since when; pure.

What comes back is mrkdwn with every outside word escaped.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from handlers.slack.block_kit import cut, escape, moment
from handlers.slack.labels import Labels
from resolutions.alert import REFUSED, Alert, Delivery, Tally
from resolutions.bounce import Permanence
from resolutions.catalogue.resolution import Family, Resolution, Severity
from resolutions.catalogue.texts import hardness
from resolutions.reason import Reason
from resolutions.sending_ip import sending_ips

NAME_LIMIT = 60
ADDRESS_LIMIT = 120
LINK_LIMIT = 500
RATED = 10
"""Failures from which on a share of the attempts would tell something."""

NAMES = 3
ADDRESSES = 2


def headline(alert: Alert, resolution: Resolution) -> str:
    """Return the line that is enough to decide whether to read on."""
    return f"{title(alert, resolution)} — {facts(alert)}"


def title(alert: Alert, resolution: Resolution) -> str:
    """Return what an alert is about: "Full mailboxes · Spring launch"."""
    what = name(resolution.special(alert.variant).title)
    subject = alert.key.subject
    if alert.key.family is Family.LIST:
        return f"{what} · {_list_name(subject)}"
    if alert.key.family is Family.OURS:
        owner = f"From {subject}" if "." in subject else subject
        return f"{name(owner)}: {_inside(what)}"
    operator = name(alert.operator_name or subject)
    if alert.key.topic == REFUSED:
        verb = "refuses"
        if is_quiet(alert):
            verb = "defers" if alert.waiting else "deferred"
        return f"{operator} {verb} your mail: {_inside(what)}"
    if alert.reason is Reason.UNKNOWN:
        return " · ".join([what, *_only_campaign(alert), operator])
    return f"{operator}: {_inside(what)}"


def facts(alert: Alert) -> str:
    """Return the numbers of the first line, before any adjective: "14 people, soft"."""
    parts = [people(alert.recipients)]
    if is_quiet(alert):
        parts.append("waiting" if alert.waiting else "all delivered since")
    else:
        parts += _how(alert)
        if alert.severity is Severity.URGENT:
            parts.insert(0, "urgent")
        elif alert.severity is Severity.NOTICE:
            parts.append("severity notice")
    if alert.closed_at is not None:
        parts.append("closed")
    return ", ".join(parts)


def is_quiet(alert: Alert) -> bool:
    """Tell whether nothing bounced: servers still retry, or have accepted since."""
    return not (alert.bounced or alert.expired)


def people(count: int) -> str:
    """Return how many people an alert is about.

    >>> people(1), people(2911)
    ('1 person', '2,911 people')
    """
    return "1 person" if count == 1 else f"{count:,} people"


def counts(alert: Alert, now: datetime) -> str:
    """Return what became of the emails: deferred (since delivered, waiting, expired), bounced."""
    deferred = alert.waiting + alert.delivered + alert.expired
    parts = []
    if deferred:
        fates = [
            f"{count:,} {word}"
            for count, word in (
                (alert.delivered, "since delivered"),
                (alert.expired, "expired"),
                (alert.waiting, _waiting(alert, now)),
            )
            if count
        ]
        head = f"{deferred:,} deferred: " if len(fates) > 1 else ""
        parts.append(head + ", ".join(fates))
    if alert.bounced:
        parts.append(f"{alert.bounced:,} bounced")
    return " · ".join(parts)


def rate(alert: Alert) -> str:
    """Return the share of the attempts that failed, "" where few failed of unknown attempts."""
    failed = alert.bounced + alert.expired
    if not alert.attempts:
        return "rate unknown" if failed >= RATED else ""
    return f"{percent(failed / max(alert.attempts, failed))} of {alert.attempts:,} attempts"


def percent(share: float) -> str:
    """Return a share as people read it.

    >>> percent(0.004), percent(0.412), percent(0.0001)
    ('0.4 %', '41 %', 'under 0.1 %')
    """
    if 0 < share < 0.001:
        return "under 0.1 %"
    return f"{share * 100:.0f} %" if share >= 0.1 else f"{share * 100:.1f} %"


def span(time: timedelta) -> str:
    """Return a length of time in its largest unit.

    >>> span(timedelta(minutes=185)), span(timedelta(seconds=20)), span(timedelta(days=3))
    ('3 h', '1 min', '3 d')
    """
    minutes = max(1, round(time.total_seconds() / 60))
    if minutes < 120:
        return f"{minutes} min"
    return f"{minutes // 60} h" if minutes < 48 * 60 else f"{minutes // 1440} d"


def receivers(alert: Alert, labels: Labels) -> str:
    """Return whose servers are concerned: "Google 9 · Microsoft 3 · orange.fr 2"."""
    tallies = alert.words("operator") or alert.words("domain")
    return _counted([replace(tally, word=labels.operator(tally.word)) for tally in tallies])


def most_at(alerts: Sequence[Alert], labels: Labels) -> str:
    """Return whose servers are concerned most by several alerts, "" if nobody stands out."""
    sums: Counter[str] = Counter()
    for alert in alerts:
        for tally in alert.words("operator"):
            if tally.word:
                sums[tally.word] += tally.total
    top = sums.most_common(2)
    if not top or (len(top) == 2 and top[0][1] == top[1][1]):
        return ""
    return name(labels.operator(top[0][0]))


def breadth(alert: Alert) -> str:
    """Return which campaigns and reasons are inside an alert that is not of one campaign."""
    parts = []
    campaigns = [tally for tally in alert.words("campaign") if tally.word]
    if len(campaigns) > 1 or alert.reason is not Reason.UNKNOWN:
        word = "campaigns:" if len(campaigns) > 1 else "campaign"
        parts += [f"{word} {_counted(campaigns)}"] if campaigns else []
    if len(reasons := alert.words("reason")) > 1:
        parts.append(f"reasons: {_counted(reasons)}")
    return " · ".join(parts)


def addresses(alert: Alert) -> str:
    """Return one or two recipients, and where the others are."""
    recipients = list(dict.fromkeys(delivery.recipient for delivery in alert.sample))
    shown = [address(one) for one in recipients[:ADDRESSES]]
    if not shown:
        return ""
    if alert.recipients <= len(shown):
        return " and ".join(shown)
    return f"{', '.join(shown)} and {alert.recipients - len(shown):,} more in the thread"


def address(recipient: str) -> str:
    """Return a recipient, as it may be shown, on a line of mrkdwn."""
    return escape(cut(recipient, ADDRESS_LIMIT, "…"))


def spoken(reply: str) -> str:
    """Return a reply without the word for its kind that reports put before it.

    >>> spoken("smtp; 550 5.1.1 User unknown")
    '550 5.1.1 User unknown'
    """
    return _KIND_OF_REPLY.sub("", reply)


def origin(alert: Alert) -> str:
    """Return the small print: sources, times, rate."""
    providers = {delivery.source: delivery.provider for delivery in alert.sample}
    sources = []
    for tally in alert.words("source")[:NAMES]:
        provider = providers.get(tally.word, "")
        sources.append(name(f"{tally.word} ({provider})" if provider else tally.word))
    if more := len(alert.words("source")) - len(sources):
        sources.append(f"{more} more sources")
    parts = [", ".join(sources), _when(alert)]
    if not is_quiet(alert):
        if alert.severity is Severity.INFO:
            parts.insert(1, "severity info")
        if alert.key.family is Family.LIST or not alert.attempts:
            parts.append(rate(alert))
    return " · ".join(part for part in parts if part)


def ticket(alert: Alert) -> str:
    """Return the ticket of an alert as mrkdwn: a link if there is an address to it."""
    opened = alert.ticket
    return "" if opened is None else link(opened.url, opened.reference)


def link(url: str, label: str) -> str:
    """Return a link as mrkdwn; the label alone where the address is none or too long."""
    return linked(url, cut(escape(label), 100))


def linked(url: str, line: str) -> str:
    """Return a line that is mrkdwn already as a link."""
    if len(url) > LINK_LIMIT or not _is_url(url):
        return line
    return f"<{escape(url).replace('|', '%7C')}|{line}>"


def blocked_ips(alert: Alert) -> str:
    """Return the IP addresses of ours that a receiver named when it refused, "" for none."""
    if alert.key.topic != REFUSED:
        return ""
    named = sending_ips(delivery.reply for delivery in alert.sample)
    if not named:
        return ""
    word = "sending IP address" if len(named) == 1 else "sending IP addresses"
    return f"{word} {', '.join(named)}"


def lead(sample: Sequence[Delivery], reason: Reason) -> Delivery | None:
    """Return the delivery whose reply tells most: of the reason that heads the alert, if any."""
    spoken = [delivery for delivery in sample if delivery.reply]
    of_reason = [delivery for delivery in spoken if delivery.reason is reason]
    return next(iter([*of_reason, *spoken, *sample]), None)


def name(word: str) -> str:
    """Return the name of a campaign, domain or operator: on one line, short, not marked up."""
    shown = cut(" ".join(word.split()), NAME_LIMIT, "…")
    return escape(shown.translate(_MARKS))


_KIND_OF_REPLY = re.compile(r"^\s*(?:smtp|x-[\w-]{1,40})\s?;\s*", re.IGNORECASE)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_MARKS = str.maketrans({"*": "\N{ASTERISK OPERATOR}", "`": "'", "~": "\N{TILDE OPERATOR}"})


def _list_name(subject: str) -> str:
    source, _, part = subject.partition("/")
    return name(f"{source} {part}" if _DATE.fullmatch(part) else part or source)


def _inside(text: str) -> str:
    """Return a title for the middle of a line; words like IP and TLS stay as they are.

    >>> _inside("Sending IP blocked"), _inside("TLS required")
    ('sending IP blocked', 'TLS required')
    """
    return text if text[1:2].isupper() else text[:1].lower() + text[1:]


def _only_campaign(alert: Alert) -> list[str]:
    campaigns = [tally.word for tally in alert.words("campaign")]
    return [name(campaigns[0])] if len(campaigns) == 1 and campaigns[0] else []


def _how(alert: Alert) -> list[str]:
    if alert.key.complaint:
        return []
    if alert.key.family is Family.LIST or alert.reason is Reason.UNKNOWN:
        waiting = [f"{alert.waiting:,} waiting"] if alert.waiting else []
        return [*_hardness(alert), *waiting]
    if not alert.attempts:
        return []
    time = alert.last_at - alert.first_at
    return [f"{rate(alert)} in {span(time)}"]


def _hardness(alert: Alert) -> list[str]:
    counts_of = {tally.word: tally.bounced + tally.expired for tally in alert.words("permanence")}
    if not counts_of:
        counts_of = {delivery.permanence.value: 1 for delivery in alert.sample}
    words = {
        hardness(permanence, alert.reason): counts_of[permanence]
        for permanence in (Permanence.TRANSIENT, Permanence.PERMANENT)
        if counts_of.get(permanence, 0) and hardness(permanence, alert.reason)
    }
    return list(words) if len(words) < 2 else [f"{count:,} {word}" for word, count in words.items()]


def _when(alert: Alert) -> str:
    """Return when it happened, by the time of the events."""
    if alert.first_at == alert.last_at:
        return moment(alert.first_at)
    return f"first {moment(alert.first_at)}, last {moment(alert.last_at)}"


def _is_url(text: str) -> bool:
    return text.startswith(("https://", "http://"))


def _waiting(alert: Alert, now: datetime) -> str:
    if alert.oldest_waiting is None:
        return "waiting"
    return f"waiting, oldest {span(now - alert.oldest_waiting)}"


def _counted(tallies: Sequence[Tally]) -> str:
    named = [(tally.word, tally.total) for tally in tallies if tally.word]
    if len(named) == 1:
        return name(named[0][0])
    shown = [f"{name(word)} {count:,}" for word, count in named[:NAMES]]
    if more := len(named) - len(shown):
        shown.append(f"{more:,} more")
    return " · ".join(shown)
