"""How jobs stand and what came of them, in words; pure."""

from collections.abc import Sequence

from handlers.slack.block_kit import (
    SPOKEN_LIMIT,
    Message,
    actions,
    button,
    cut,
    escape,
    moment,
    plain,
    section,
)
from handlers.store import Job, JobState, Note

FAILURES_SHOWN = 20
FAILURE_LIMIT = 1_500


def outcome_note(job: Job, line: str, failed: Sequence[str]) -> Note:
    """Return what a job did, and what could not be done, for its alert's thread."""
    shown = [f"• {one}" for one in failed[:FAILURES_SHOWN]]
    if len(failed) > FAILURES_SHOWN:
        shown.append(f"• and {len(failed) - FAILURES_SHOWN:,} more")
    text = "\n".join([line, *shown])
    return _note(job, Message(cut(text, SPOKEN_LIMIT), plain(text)))


def failure_note(job: Job, called: str, why: str) -> Note:
    """Return what failed, what is safe, and a button to try again."""
    reason = cut(escape(why), FAILURE_LIMIT)
    safe = "What was done before stays done; nothing is done twice."
    again = button("Try again", "retry", str(job.id), about=called)
    text = f"*{escape(called)} failed:* {reason}\n{safe}"
    message = Message(
        cut(f"{escape(called)} failed: {reason}", SPOKEN_LIMIT),
        [section(text), actions([again], f"retry:{job.id}")],
    )
    return _note(job, message)


def standing(job: Job | None) -> str:
    """Return how a job stands, for a person who wanted to change it."""
    if job is None:
        return "This is not known any more."
    words = {
        JobState.WAITING: "It waits for its time.",
        JobState.RUNNING: "It is running already.",
        JobState.CANCELLED: "It was cancelled before.",
        JobState.STOPPED: "It was stopped before.",
        JobState.DEAD: f"It failed: {escape(job.result)}",
    }
    return words.get(job.state) or done_line(job)


def done_line(job: Job) -> str:
    """Return that a job was done already, by whom, when, and what came of it."""
    when = f" at {moment(job.created_at)}" if job.created_at else ""
    return f"Already done, asked for by <@{job.by}>{when}: {job.result or 'without a word'}"


def counted(count: int, one: str, many: str = "") -> str:
    """Return a number with its word.

    >>> counted(1, "contact"), counted(1200, "contact")
    ('1 contact', '1,200 contacts')
    """
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def _note(job: Job, message: Message) -> Note:
    """Return a note for the thread of a job's alert; without one its operators are told."""
    return Note(
        key=f"job:{job.id}:{job.token}",
        alert_id=job.alert_id,
        text=message.text,
        blocks=message.blocks,
    )
