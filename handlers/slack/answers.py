"""What people get for their questions: an explanation, a diagnosis, what became of an address.

Pure; only the person who asked sees them.
"""

from collections.abc import Iterator, Sequence

from handlers.slack import alert_message
from handlers.slack import block_kit as blocks
from handlers.slack.block_kit import Block, cut, escape, mention, moment
from handlers.store import Audited, Contact
from resolutions.alert import US, Delivery
from resolutions.bounce import Kind, SmtpReply
from resolutions.catalogue.evidence_text import against, because
from resolutions.catalogue.explain import Explained
from resolutions.catalogue.resolution import Catalogue, Resolution
from resolutions.catalogue.texts import NOT_BOUNCED, hardness
from resolutions.diagnosis.diagnose import diagnose
from resolutions.diagnosis.result import NO_BOUNCE, Diagnosis, PastedReply
from resolutions.rules.rulebook import Rulebook

ALIASES = 8
SAMPLES = 3
SHOWN = 15

COMMANDS = {
    "help": "",
    "explain": "[reason, code or words]",
    "diagnose": "<pasted reply>",
    "audit": "[address or number of an alert]",
}
"""What `/bounce` knows, and what comes behind the word."""

_TELLS = {
    "help": "this list",
    "explain": "what a reason means, who can act, what to do: `/bounce explain mailbox full`",
    "diagnose": "why a server refused: `/bounce diagnose 550 5.1.1 mailbox full`",
    "audit": "what was done about it, and by whom: `/bounce audit ana@example.com`",
}


def helped(first: str = "") -> blocks.Message:
    """Return what `/bounce` can do, below a first line."""
    lines = [
        f"`/bounce {word}{' ' if usage else ''}{escape(usage)}` — {_TELLS[word]}"
        for word, usage in COMMANDS.items()
    ]
    more = (
        "On a message that quotes a reply: *More actions → Diagnose this bounce*."
        " For an address: the shortcut *Look up a contact*."
    )
    text = "\n".join([*([first] if first else []), *lines, more])
    return blocks.Message(cut(first or "What /bounce can do", 900), blocks.plain(text))


def reasons(catalogue: Catalogue) -> blocks.Message:
    """Return all reasons, each in a line."""
    lines = [
        f"`{one.word}` — {escape(one.title)}: {escape(one.summary)}" for one in catalogue.values()
    ]
    head = "*Why email bounces* — ask for more by `/bounce explain <word>`"
    text = f"{len(lines)} reasons for a bounce; explain one by /bounce explain and its word"
    return blocks.Message(text, blocks.plain("\n".join([head, *lines])))


def explained(answer: Explained, resolution: Resolution, seen: str = "") -> blocks.Message:
    """Return what a reason means and what to do about it; `seen` says what was seen here."""
    also = ", ".join(escape(alias) for alias in resolution.aliases[:ALIASES])
    title, explanation = escape(resolution.title), escape(resolution.explanation)
    head = f"*{title}* · {resolution.word}" + (f" (also: {also})" if also else "")
    shown: list[Block] = [
        blocks.section(head),
        blocks.section(
            f"*What it means:* {explanation}\n"
            f"*Who can act:* {alert_message.owner(resolution)}\n"
            f"*Is the address lost?* {resolution.lost}"
        ),
        blocks.section(alert_message.steps_of(resolution, owned=False)),
        *_special(resolution),
        *_samples(resolution),
    ]
    near = f"May also mean: {_named(answer.near)}." if answer.near else ""
    small = [line for line in (escape(answer.because), near, seen) if line]
    if small:
        shown.append(blocks.context(*small))
    text = f"{title} ({resolution.word}): {explanation}"
    return blocks.Message(cut(text, blocks.SPOKEN_LIMIT), shown)


def unexplained(words: str, answer: Explained) -> blocks.Message:
    """Return what was perhaps meant by words that name no reason."""
    asked = escape(cut(words, 100, "…"))
    first = f"No reason is called “{asked}”"
    first += f": {escape(answer.because)}." if answer.because else "."
    if answer.near:
        return helped(f"{first} Did you mean {_named(answer.near)}?")
    return helped(f"{first} `/bounce explain` alone lists all reasons.")


def diagnosis_of(pasted: str, rulebook: Rulebook, catalogue: Catalogue) -> blocks.Message:
    """Return why a pasted reply was given, as the rules see it."""
    diagnosis = diagnose(PastedReply(SmtpReply(pasted)), rulebook)
    resolution = catalogue.of(diagnosis.reason, complaint=diagnosis.kind is Kind.COMPLAINT)
    return diagnosed(diagnosis, resolution, catalogue, pasted)


def diagnosed(
    diagnosis: Diagnosis, resolution: Resolution, catalogue: Catalogue, reply: str
) -> blocks.Message:
    """Return why a reply was given, what speaks for it and against it, and what to do."""
    if diagnosis.kind in NO_BOUNCE and diagnosis.kind is not Kind.COMPLAINT:
        return _no_bounce(diagnosis, catalogue, reply)
    resolution = resolution.special(diagnosis.variant).hinted(reply)
    verdict = _verdict(diagnosis, resolution)
    title, explanation = escape(resolution.title), escape(resolution.explanation)
    lines = [f"*{title}* · {verdict}", explanation]
    if diagnosis.also:
        others = ", ".join(f"{escape(catalogue.of(one).title)} ({one})" for one in diagnosis.also)
        lines.append(f"Also possible: {others}.")
    return blocks.Message(
        cut(f"{title} ({verdict}): {explanation}", blocks.SPOKEN_LIMIT),
        [
            blocks.section("\n".join(lines)),
            blocks.fine_print(evidence(diagnosis, catalogue), 600),
            blocks.section(alert_message.steps_of(resolution)),
            blocks.preformatted(blocks.fitted(reply, 2_500, " … (cut)")),
        ],
    )


def evidence(diagnosis: Diagnosis, catalogue: Catalogue) -> str:
    """Return what speaks for a diagnosis and what against it, not marked up."""
    opposing = against(diagnosis, catalogue)
    return f"because: {because(diagnosis)}" + (f" · against: {opposing}" if opposing else "")


def contact(
    recipient: str, contacts: Sequence[Contact], history: Sequence[Delivery]
) -> blocks.Message:
    """Return how an address stands at each source, and what bounced lately."""
    if not contacts and not history:
        text = f"Nothing is known of {escape(cut(recipient, 200))}: no bounce of it was reported."
        return blocks.Message(text, blocks.plain(text))
    states = [_state(one) for one in contacts[:SHOWN]]
    lines = [_past(delivery) for delivery in history[:SHOWN]]
    shown = [
        blocks.section("\n".join([f"*{escape(cut(recipient, 200))}*", *states])),
        blocks.divider(),
        blocks.section("\n".join(["*What happened lately*", *(lines or ["Nothing bounced."])])),
    ]
    return blocks.Message(cut(f"{escape(recipient)}: {len(history)} bounces", 300), shown)


def _verdict(diagnosis: Diagnosis, resolution: Resolution) -> str:
    may_pass = hardness(diagnosis.permanence, diagnosis.reason)
    waits = "the server still retries" if diagnosis.kind is Kind.DEFERRAL else ""
    sure = "" if diagnosis.confidence.value == "none" else diagnosis.confidence.value
    return ", ".join(word for word in (resolution.word, sure, may_pass, waits) if word)


def _no_bounce(diagnosis: Diagnosis, catalogue: Catalogue, reply: str) -> blocks.Message:
    what = NOT_BOUNCED[diagnosis.kind]
    text = f"{what[0].upper()}{what[1:]}."
    shown = [
        blocks.section(f"*No bounce.* {text}"),
        blocks.fine_print(evidence(diagnosis, catalogue), 600),
        blocks.preformatted(blocks.fitted(reply, 2_500, " … (cut)")),
    ]
    return blocks.Message(f"No bounce. {text}", shown)


def _named(near: Sequence[Resolution]) -> str:
    return ", ".join(f"`/bounce explain {one.word}` ({escape(one.title)})" for one in near)


def _special(resolution: Resolution) -> Iterator[Block]:
    if resolution.variants:
        lines = [f"• {escape(one.title)}: {escape(one.summary)}" for one in resolution.variants]
        yield blocks.section("\n".join(["*Special cases*", *lines]))
    if resolution.hints:
        ways = [f"• {escape(hint.step)}" for hint in resolution.hints]
        yield blocks.section("\n".join(["*Where the reply says so*", *ways]))


def _samples(resolution: Resolution) -> Iterator[Block]:
    if resolution.samples:
        yield blocks.section("*What it looks like*")
        samples = [cut(sample, 300) for sample in resolution.samples[:SAMPLES]]
        yield blocks.preformatted("\n".join(samples))


def _state(one: Contact) -> str:
    parts = []
    if one.inactive:
        by = "Bounce Desk" if one.flagged_by == US else f"<@{escape(one.flagged_by)}>"
        when = f" on {moment(one.flagged_at)}" if one.flagged_at else ""
        parts.append(f"flagged as inactive by {by}{when}")
    if one.complained:
        parts.append("complained of spam")
    if one.unsubscribed:
        parts.append("unsubscribed")
    parts = parts or ["active"]
    if one.last_bounced_at:
        reason = f" ({escape(one.last_reason)})" if one.last_reason else ""
        parts.append(f"last bounced {moment(one.last_bounced_at)}{reason}")
    if one.last_delivered_at:
        parts.append(f"last delivered {moment(one.last_delivered_at)}")
    return f"{escape(one.source)}: {', '.join(parts)}"


def _past(delivery: Delivery) -> str:
    may_pass = hardness(delivery.permanence, delivery.reason)
    words = [delivery.state.value, may_pass, delivery.reason.value]
    outcome = ", ".join(word for word in words if word)
    where = escape(" · ".join(w for w in (delivery.source, cut(delivery.campaign, 60, "…")) if w))
    return f"{moment(delivery.occurred_at)} — {outcome} — {where}"


def audited(entries: Sequence[Audited], about: str) -> blocks.Message:
    """Return what was done to the outside, the newest first."""
    head = f"What was done about {escape(cut(about, 100, '…'))}" if about else "What was done"
    if not entries:
        head = f"{head}: nothing is known"
    lines = [_entry(entry) for entry in entries]
    return blocks.Message(head, blocks.plain("\n".join([f"{head}:" if lines else head, *lines])))


def _entry(entry: Audited) -> str:
    alert = f" (alert {entry.alert_id})" if entry.alert_id is not None else ""
    about = escape(cut(f"{entry.what}: {entry.result}", 200, "…"))
    return f"{moment(entry.at)} · {escape(entry.action)} by {mention(entry.by)}{alert} · {about}"
