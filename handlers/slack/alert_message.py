"""Alerts and answers as Slack messages; pure.

By construction no message breaks a limit of Slack: every piece is cut to its share, and the raw
reply gets what the others leave.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from handlers.slack.alert_history import deed_blocks, tells_of_ticket
from handlers.slack.alert_text import (
    address,
    addresses,
    blocked_ips,
    breadth,
    counts,
    facts,
    headline,
    is_quiet,
    lead,
    link,
    origin,
    receivers,
    spoken,
    ticket,
    title,
)
from handlers.slack.block_kit import (
    SPOKEN_LIMIT,
    TOGETHER,
    Block,
    Message,
    actions,
    button,
    context,
    cut,
    escape,
    fine_print,
    fitted,
    menu,
    moment,
    plain,
    preformatted,
    section,
    size,
    unescape,
    utc,
    visible,
)
from handlers.slack.labels import Labels
from handlers.slack.shown import Shown
from resolutions.alert import Alert, Delivery
from resolutions.catalogue.evidence_text import because, phrase
from resolutions.catalogue.resolution import Family, Resolution
from resolutions.catalogue.texts import hardness
from resolutions.diagnosis.result import Confidence

THREAD_LIMIT = 10
"""Deliveries that are shown one by one in the thread; beyond, they are a file."""

BUTTONS = 3
RESERVE = 200
"""What the frame of the reply takes, beside its text."""

RECIPIENT_LIMIT = 254
"""Characters of an address that are shown: no longer one can be sent to (RFC 5321, 4.5.3.1.3)."""

REPLY_LIMIT = 3_000
EXPLANATION_LIMIT, STEP_LIMIT, STEPS_LIMIT, EVIDENCE_LIMIT = 700, 400, 1_800, 300
NEEDS_A_BOUNCE = frozenset({"resend", "deactivate"})
"""Buttons that an alert has only when something bounced: what waits is still being retried."""

ONLY_SHOWS = frozenset({"list_recipients", "show_addresses"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """What a message shows that neither alert nor catalogue holds.

    `questions` are what the buttons of these names ask before they tell the bot.
    """

    link_of_previous: str = ""
    questions: Mapping[str, Block] = field(default_factory=dict)


NOTHING_BESIDE = Beside()


def alert(
    alert: Alert,
    resolution: Resolution,
    *,
    labels: Labels,
    shown: Shown,
    now: datetime,
    beside: Beside = NOTHING_BESIDE,
) -> Message:
    """Return the message of an alert, with the registered buttons."""
    resolution, alert = fitting(alert, resolution), shown.alert(alert)
    about = title(alert, resolution)
    first = section(f"*{about}* — {facts(alert)}\n{_explanation(alert, resolution)}")
    concerned = [*_concerned(alert, labels, now)]
    below = [
        *_evidence(alert),
        *_buttons(
            alert,
            _offered(alert, resolution, labels.buttons, shown),
            unescape(about),
            beside,
        ),
        context(*_small_print(alert, beside.link_of_previous)),
        *deed_blocks(alert, labels),
    ]
    room = TOGETHER - RESERVE - size([first, *concerned, *below])
    limit = max(min(STEPS_LIMIT, room // 2 - 400), 100)
    steps = [] if _arrived(alert) else [section(steps_of(resolution, limit))]
    reply = [*_reply(alert, room - size(steps))]
    of_list = alert.key.family is Family.LIST
    top = [first, *steps, *concerned] if of_list else [first, *concerned, *steps]
    return Message(_spoken(alert, resolution), [*top, *reply, *below])


def fitting(alert: Alert, resolution: Resolution) -> Resolution:
    """Return what is to be done about an alert: of its special case, and of what was replied."""
    replies = [one.reply for one in alert.sample if one.reply and one.reason is alert.reason]
    return resolution.special(alert.variant).hinted(*replies)


def steps_of(resolution: Resolution, limit: int = STEPS_LIMIT, *, owned: bool = True) -> str:
    """Return what to do, numbered, and who can do it where that is not said elsewhere."""
    head = f"*What to do* (who can act: {owner(resolution)})" if owned else "*What to do*"
    steps = [
        f"{number}. {cut(escape(step), STEP_LIMIT)}"
        for number, step in enumerate(resolution.steps, 1)
    ]
    return cut("\n".join([head, *steps]), limit)


def owner(resolution: Resolution) -> str:
    """Return who can act: "the recipient", "nobody yet"."""
    who = escape(cut(resolution.owner, 100)).replace(", then ", ", then the ")
    return who if who.startswith(("nobody", "whoever")) else f"the {who}"


def thread(alert: Alert, deliveries: Sequence[Delivery], shown: Shown) -> Message:
    """Return each recipient of an alert with the reply, for its thread."""
    room = (TOGETHER - 500) // max(min(len(deliveries), THREAD_LIMIT), 1)
    parts: list[Block] = []
    for delivery in deliveries[:THREAD_LIMIT]:
        parts += _recipient(shown.delivery(delivery), room)
    text = f"{len(deliveries)} emails that did not arrive, each with the reply of its server"
    if not parts:
        return Message(text, plain(text))
    block: Block = {"type": "rich_text", "block_id": f"details:{alert.id}", "elements": parts}
    return Message(text, [block])


def _explanation(alert: Alert, resolution: Resolution) -> str:
    text = escape(resolution.explanation)
    if is_quiet(alert):
        retried = "The receiving servers still retry: nothing is lost yet."
        so_far = (
            retried if alert.waiting else "All of it has arrived since: there is nothing to do."
        )
        text = f"{so_far} {text}"
    return cut(text, EXPLANATION_LIMIT)


def _first_step(alert: Alert, resolution: Resolution) -> list[str]:
    if _arrived(alert) or not resolution.steps:
        return []
    return [f"What to do: {cut(escape(resolution.steps[0]), 200)}"]


def _arrived(alert: Alert) -> bool:
    return is_quiet(alert) and not alert.waiting


def _concerned(alert: Alert, labels: Labels, now: datetime) -> Iterator[Block]:
    """Give who and how many are concerned."""
    lines = []
    wide = alert.key.family is not Family.LIST
    if alert.bounced != alert.recipients or alert.waiting or alert.delivered or alert.expired:
        lines.append(counts(alert, now))
    if wide:
        lines += [blocked_ips(alert)[:1].upper() + blocked_ips(alert)[1:], breadth(alert)]
    recipients = addresses(alert)
    at = receivers(alert, labels)
    who = ["" if alert.recipients == 1 and at and recipients.endswith(f"@{at}") else at, recipients]
    lines.append(" — ".join(part for part in who if part))
    if text := "\n".join(line for line in lines if line):
        yield section(cut(text, 1_200))


def _reply(alert: Alert, room: int) -> Iterator[Block]:
    delivery = lead(alert.sample, alert.reason)
    if delivery is None or not delivery.reply:
        return
    note = " … (cut)" if alert.recipients < 2 else " … (cut; more in the thread)"
    yield preformatted(fitted(spoken(delivery.reply), min(REPLY_LIMIT, room), note))


def _evidence(alert: Alert) -> Iterator[Block]:
    delivery = lead(alert.sample, alert.reason)
    if delivery is not None and (why := phrase(delivery)):
        sure = "" if delivery.confidence is Confidence.NONE else f"{delivery.confidence}: "
        yield fine_print(sure + why, EVIDENCE_LIMIT)


def _offered(
    alert: Alert, resolution: Resolution, labels: Mapping[str, str], shown: Shown
) -> dict[str, str]:
    """Return the labels of what can be done, the best first."""
    quiet = NEEDS_A_BOUNCE if is_quiet(alert) else frozenset()
    names = [word for word in resolution.actions if word not in quiet]
    if alert.recipients > THREAD_LIMIT:
        names.append("list_recipients")
    if shown.masked and alert.sample:
        names.append("show_addresses")
    return {word: labels[word] for word in names if word in labels}


def _buttons(
    alert: Alert, offered: Mapping[str, str], about: str, beside: Beside
) -> Iterator[Block]:
    """Give a row of the best, and a menu of the others: what only shows stands in there."""
    deeds = [word for word in offered if word not in ONLY_SHOWS]
    first = deeds[:BUTTONS]
    elements = [
        button(offered[word], word, str(alert.id), about=about, confirm=beside.questions.get(word))
        for word in first
    ]
    more = {f"{word}|{alert.id}": offered[word] for word in offered if word not in first}
    if more:
        elements.append(menu(more, "more"))
    if elements:
        yield actions(elements, f"buttons:{alert.id}")


def _small_print(alert: Alert, link_of_previous: str) -> list[str]:
    lines = [origin(alert)]
    if alert.ticket and not tells_of_ticket(alert):
        lines.append(f"Ticket: {ticket(alert)}")
    if link_of_previous:
        lines.append(f"Continues {link(link_of_previous, 'an earlier alert')}, which was closed.")
    if alert.closed_at is not None:
        lines.append(f"Closed {moment(alert.closed_at)}: new bounces start a new message.")
    return lines


def _recipient(delivery: Delivery, room: int) -> Iterator[Block]:
    """Give a recipient with the reply, in no more than `room` characters of JSON."""
    recipient, why = cut(visible(address(delivery.recipient)), RECIPIENT_LIMIT), because(delivery)
    words = [
        delivery.state.value,
        hardness(delivery.permanence, delivery.reason),
        delivery.reason.value,
        f"{delivery.confidence}: {cut(why, 300)}" if why else "",
        utc(delivery.occurred_at),
    ]
    rest = ", ".join(word for word in words if word)
    head = {
        "type": "rich_text_section",
        "elements": [
            {"type": "text", "text": recipient, "style": {"bold": True}},
            {"type": "text", "text": f" — {visible(rest)}"},
        ],
    }
    yield head
    if delivery.reply:
        left = room - size([head]) - RESERVE
        reply = fitted(spoken(delivery.reply), left, " … (cut)")
        yield {
            "type": "rich_text_preformatted",
            "elements": [{"type": "text", "text": reply or "—"}],
        }


def _spoken(alert: Alert, resolution: Resolution) -> str:
    """Return the message for those who hear it: what, whom, why, and the first thing to do."""
    parts = [
        headline(alert, resolution),
        addresses(alert),
        cut(_explanation(alert, resolution), 350),
        *_first_step(alert, resolution),
    ]
    sentences = [part if part.endswith(tuple(".…?:")) else f"{part}." for part in parts if part]
    return cut(" ".join(sentences), SPOKEN_LIMIT)
