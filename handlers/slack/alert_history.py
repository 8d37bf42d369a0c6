"""What people did with an alert: a line each, with buttons for what can still be changed; pure."""

from collections.abc import Iterator, Sequence

from handlers.slack.block_kit import Block, actions, button, context, cut, escape, moment, tame
from handlers.slack.labels import Labels
from resolutions.alert import US, Alert, Deed, JobState

DEEDS = 6
DEED_LIMIT = 400


def deed_blocks(alert: Alert, labels: Labels) -> Iterator[Block]:
    """Give a line for each deed, with the buttons of what can still be changed."""
    restorable = _restorable_of(alert)
    shown = _shown(alert)
    if len(alert.deeds) > len(shown):
        yield context(f"{len(alert.deeds) - len(shown)} earlier deeds are in the thread.")
    for deed in shown:
        yield context(cut(_deed(deed, labels.job(deed.action), alert.recipients), DEED_LIMIT))
        elements = list(_controls(deed, labels))
        if deed is restorable and "reactivate" in labels.buttons:
            elements.append(button(labels.buttons["reactivate"], "reactivate", str(alert.id)))
        if elements:
            yield actions(elements, f"deed:{deed.job_id}:{deed.state}")


def tells_of_ticket(alert: Alert) -> bool:
    """Tell whether a line that is shown says which ticket was opened."""
    return any(
        deed.action == "open_ticket" and deed.state is JobState.DONE for deed in _shown(alert)
    )


def _ordered(alert: Alert) -> list[Deed]:
    return sorted(alert.deeds, key=lambda deed: (deed.at, deed.job_id))


def _restorable_of(alert: Alert) -> Deed | None:
    return None if alert.key.complaint else _restorable(_ordered(alert))  # a complaint is final


def _shown(alert: Alert) -> list[Deed]:
    """Return the newest deeds, and of the others what can still be changed."""
    deeds, restorable = _ordered(alert), _restorable_of(alert)
    newest = {deed.job_id for deed in deeds[-DEEDS:]}
    return [deed for deed in deeds if deed.job_id in newest or _open(deed) or deed is restorable]


def _open(deed: Deed) -> bool:
    return deed.state in {JobState.WAITING, JobState.RUNNING}


def _deed(deed: Deed, called: str, total: int) -> str:
    what = tame(" ".join(deed.line.split()))
    who = "Bounce Desk" if deed.by == US else f"<@{escape(deed.by)}>"
    if deed.state is JobState.WAITING and deed.run_at is not None:
        tried = f" (last attempt: {cut(what, 100)})" if what else ""
        return f"{called} scheduled by {who} for {moment(deed.run_at)}{tried}"
    if deed.state is JobState.WAITING:
        return f"{called} asked for by {who}, {moment(deed.at)}; it runs next"
    if deed.state is JobState.RUNNING:
        return f"{called}: {_bar(deed.done, total)}, by {who} since {moment(deed.at)}"
    if deed.state is not JobState.DONE:
        words = {JobState.DEAD: "failed", JobState.STOPPED: f"stopped after {deed.done:,}"}
        ended = f"{called} {words.get(deed.state, deed.state)}"
        what = (
            f"{ended} {what}" if what.startswith("by ") else f"{ended}: {what}" if what else ended
        )
    what = cut(what or f"{called} done", DEED_LIMIT - 120)
    by = "" if who in what else f", by {who}"
    return f"{what}{by}, {moment(deed.ended_at or deed.run_at or deed.at)}"


def _bar(done: int, total: int) -> str:
    full = min(10, done * 10 // max(total, 1))
    return f"{'█' * full}{'░' * (10 - full)} {done:,} of at most {max(total, done):,}"


def _controls(deed: Deed, labels: Labels) -> Iterator[Block]:
    if deed.state is JobState.WAITING and deed.run_at is not None:
        names = ["move", "cancel"]
    else:
        names = {JobState.RUNNING: ["stop"], JobState.DEAD: ["retry"]}.get(deed.state, [])
    for word in names:
        if word in labels.buttons:
            yield button(
                labels.buttons[word], word, str(deed.job_id), about=labels.job(deed.action)
            )


def _restorable(deeds: Sequence[Deed]) -> Deed | None:
    """Return the newest deed that flagged contacts, unless they were taken back since."""
    done = [deed for deed in deeds if deed.state in {JobState.DONE, JobState.STOPPED}]
    for deed in reversed(done):
        if deed.action == "reactivate" and deed.state is JobState.DONE:
            return None
        if deed.action == "deactivate":
            return deed
    return None
