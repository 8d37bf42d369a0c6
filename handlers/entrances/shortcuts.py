"""The entrance of shortcuts: diagnose the reply in a message, look up a contact.

Both open a modal at once, for a trigger lives three seconds, and fill it when the answer is there.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Any

from slack_bolt.context.ack.async_ack import AsyncAck
from slack_sdk.errors import SlackApiError

from handlers.desk import Desk
from handlers.slack import answers, modal
from handlers.slack.block_kit import Block, Message, plain, unescape
from handlers.slack.permalinks import refusal
from resolutions.bounce import TEXT_LIMIT

DIAGNOSE, LOOK_UP = "diagnose_bounce", "look_up_contact"
TITLES = {DIAGNOSE: "Diagnose this bounce", LOOK_UP: "Look up a contact"}
ADDRESS = "address"
ADDRESS_LIMIT = 320
HISTORY = 15
TRIES = 6
TRY_SECONDS = 0.25
"""Slack shows the answer to a submission when it has read it, which may be after we are done."""

LOADING = "Loading…"

log = logging.getLogger(__name__)


class Shortcuts:
    """Answers both shortcuts; `sleep` waits for Slack to show what an ack answered."""

    def __init__(
        self, desk: Desk, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    ) -> None:
        self._desk = desk
        self._sleep = sleep

    async def diagnose_bounce(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        """Ack, and open a modal that says why the reply in a message was given."""
        await ack()
        self._desk.background.start(self._diagnose(body))

    async def look_up_contact(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        """Ack, and open a modal that asks for an address."""
        await ack()
        question = self._desk.slack.views_open(trigger_id=body["trigger_id"], view=_question())
        self._desk.background.start(question)

    async def _diagnose(self, body: dict[str, Any]) -> None:
        client = self._desk.slack
        opened = await client.views_open(
            trigger_id=body["trigger_id"], view=_modal(DIAGNOSE, plain(LOADING))
        )
        message = self._diagnosed(body.get("message") or {})
        view = _modal(DIAGNOSE, message.blocks)
        await client.views_update(view_id=opened["view"]["id"], view=view)

    async def asked(self, ack: AsyncAck, view: dict[str, Any]) -> None:
        """Say that the answer is on its way, or what is wrong with the address."""
        address = modal.typed(view, ADDRESS).strip().strip("<>")
        if not _is_address(address):
            wrong = "This is no email address: it needs a name, an @ and a domain."
            await ack(**modal.errors(**{ADDRESS: wrong}))
            return
        loading = {**_modal(LOOK_UP, plain(LOADING)), "external_id": _external(view)}
        await ack(response_action="update", view=loading)
        self._desk.background.start(self._show(address, _external(view)))

    async def _show(self, address: str, external_id: str) -> None:
        """Show how the address stands and what became of its mail."""
        message = await self._looked_up(address)
        await self._fill(external_id, _modal(LOOK_UP, message.blocks))

    def _diagnosed(self, message: dict[str, Any]) -> Message:
        text = quoted(message)
        if not text:
            nothing = "This message quotes no reply: its text is empty."
            return Message(nothing, plain(nothing))
        return answers.diagnosis_of(text, self._desk.rulebook, self._desk.catalogue)

    async def _looked_up(self, address: str) -> Message:
        store = self._desk.store
        try:
            contacts = await store.contacts.of_address(address)
            history = await store.deliveries.of_address(address, limit=HISTORY)
        except Exception:
            log.exception("look-up failed")
            wrong = "The database does not answer now. Nothing was changed; please try again."
            return Message(wrong, plain(wrong))
        return answers.contact(address, contacts, history)

    async def _fill(self, external_id: str, view: Block) -> None:
        """Fill the modal that the ack asked for, as soon as Slack shows it."""
        for attempt in range(1, TRIES + 1):
            try:
                await self._desk.slack.views_update(external_id=external_id, view=view)
            except SlackApiError as error:
                if refusal(error) != "not_found" or attempt == TRIES:
                    raise
                await self._sleep(TRY_SECONDS * attempt)
            else:
                return


def quoted(message: dict[str, Any]) -> str:
    """Return the reply that a message quotes: what is preformatted, else all it says."""
    preformatted = "\n".join(_preformatted(message.get("blocks")))
    text = preformatted or unescape(str(message.get("text") or ""))
    if "```" in text:
        text = text.split("```")[1]
    if not text.strip():
        attachments = message.get("attachments") or []
        text = "\n".join(unescape(str(one.get("text") or "")) for one in attachments)
    return text.strip("` \t\r\n")[:TEXT_LIMIT]


def _preformatted(part: Any) -> Iterator[str]:
    if isinstance(part, list):
        for one in part:
            yield from _preformatted(one)
    elif isinstance(part, dict):
        if part.get("type") == "rich_text_preformatted":
            pieces = part.get("elements") or []
            yield "".join(str(piece.get("text") or piece.get("url") or "") for piece in pieces)
        else:
            yield from _preformatted(part.get("elements"))


def _modal(word: str, blocks: Sequence[Block], submit: str = "") -> Block:
    return modal.modal(TITLES[word], blocks, callback_id=word, submit=submit)


def _question() -> Block:
    element = modal.text_input("ana@example.com", ADDRESS_LIMIT)
    hint = "Only you see the answer."
    return _modal(LOOK_UP, [modal.ask(ADDRESS, "Email address", element, hint=hint)], "Look up")


def _is_address(text: str) -> bool:
    local, at, domain = text.rpartition("@")
    return bool(local and at and domain) and not any(map(str.isspace, text))


def _external(view: dict[str, Any]) -> str:
    """Return what names the modal with the answer among all modals of the workspace."""
    return f"{LOOK_UP}:{view['id']}"
