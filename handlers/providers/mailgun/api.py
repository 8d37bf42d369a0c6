"""The API of one Mailgun domain: its suppression lists and the messages it still keeps.

https://documentation.mailgun.com/docs/mailgun/api-reference/send/mailgun/bounces
"""

import base64
import re
from typing import Any
from urllib.parse import quote

from pydantic import Field

from handlers.errors import PermanentError, UncertainError
from handlers.http.authentication import Secret
from handlers.http.outgoing import Answer, Call, Outgoing
from handlers.http.payload import look_up, text_at, text_in
from handlers.provider import ApiAccess, StoredCopy, Suppression

SAFE_ADDRESS = re.compile(r"[^\s/@,]{1,255}@[^\s/@,]{1,255}")
"""Exactly one address, which may stand at the end of a path."""

SAFE_KEY = re.compile(r"[A-Za-z0-9_=-]{8,998}")
"""The key of a stored copy: base64, made for a URL."""

FORM = "multipart/form-data; boundary=a-field"
FIELD = '--a-field\r\nContent-Disposition: form-data; name="to"\r\n\r\n{}\r\n--a-field--\r\n'
"""The form by which a copy is sent (RFC 7578); Mailgun takes no other."""

COMPLAINTS, UNSUBSCRIBES, BOUNCES = "complaints", "unsubscribes", "bounces"
"""The lists of a domain, what people wish before what servers say."""

NOTE = "Flagged as inactive in Bounce Desk"


class MailgunApi(ApiAccess):
    """`[sources.X.api]`: the API of one sending domain, in the region of `base_url`."""

    key: Secret
    domain: str = Field("", pattern=r"^[A-Za-z0-9.-]*$")
    base_url: str = "https://api.mailgun.net"


class MailgunDomain:
    """The API of one domain: its suppression lists and the messages it still keeps."""

    def __init__(self, api: MailgunApi, outgoing: Outgoing) -> None:
        self.suppression_list = f"the Mailgun suppression lists of {api.domain}"
        self.stops = f"all mail that {api.domain} sends through Mailgun"
        self._api = api
        self._outgoing = outgoing
        token = base64.b64encode(f"api:{api.key.get_secret_value()}".encode()).decode()
        self._headers = {"Authorization": f"Basic {token}"}

    async def suppression_of(self, recipient: str) -> Suppression | None:
        """Look at complaints and unsubscribes first: they are the person's own wish."""
        for name in (COMPLAINTS, UNSUBSCRIBES, BOUNCES):
            entry = await self._entry(name, recipient)
            if entry is not None:
                return entry
        return None

    async def suppress(self, recipient: str, *, complaint: bool = False) -> Suppression:
        """Add the address to the bounces, with a note that tells who did it, or to the complaints.

        A complaint has no room for a note.
        """
        name = COMPLAINTS if complaint else BOUNCES
        note = {} if complaint else {"code": "550", "error": NOTE}
        form = {"address": _address(recipient), **note}
        await self._send("POST", f"{self._api.domain}/{name}", form=form)
        entry = await self._entry(name, recipient)
        cause = COMPLAINTS if complaint else f"550 {NOTE}"
        return entry or Suppression(
            recipient=recipient, list=name, cause=cause, by_person=complaint
        )

    async def unsuppress(self, recipient: str) -> None:
        """Remove the address from the bounce list; a complaint or an unsubscribe stays."""
        await self._send("DELETE", self._path(BOUNCES, recipient), expected=(404,))

    async def resend(self, copy: StoredCopy) -> str:
        """Send a stored copy again at once; Mailgun has no key that would stop a second one."""
        if not SAFE_KEY.fullmatch(copy.stored_copy):
            raise PermanentError("the key of the stored copy is none of Mailgun's")
        answer = await self._send(
            "POST",
            f"domains/{self._api.domain}/messages/{copy.stored_copy}",
            headers={"Content-Type": FORM},
            body=FIELD.format(_address(copy.recipient)).encode(),
            expected=(400, 404, 500),
            repeatable=False,
        )
        if answer.status in {400, 404, 500}:
            raise _not_sent(answer)
        return text_in(answer.body, "id")

    async def _entry(self, name: str, recipient: str) -> Suppression | None:
        answer = await self._send("GET", self._path(name, recipient), expected=(404,))
        if answer.status == 404:
            return None
        entry = answer.json()
        tags = look_up(entry, "tags")
        if name == UNSUBSCRIBES and isinstance(tags, list) and tags and "*" not in tags:
            return None  # from some tags only: other mail still goes there
        return Suppression(
            recipient=recipient,
            list=name,
            cause=f"{text_at(entry, 'code')} {text_at(entry, 'error')}".strip() or name,
            since=text_at(entry, "created_at"),
            by_person=name != BOUNCES,
        )

    def _path(self, name: str, recipient: str) -> str:
        return f"{self._api.domain}/{name}/{quote(_address(recipient), safe='@')}"

    async def _send(self, method: str, path: str, **options: Any) -> Answer:
        """Send a call; a domain that Mailgun does not know is an error, not an absence."""
        if not self._api.domain:
            raise PermanentError(
                "Mailgun's lists belong to a domain: set domain in the [api] table"
            )
        call = Call(
            method=method,
            url=f"{self._api.base_url}/v3/{path}",
            headers=self._headers | options.pop("headers", {}),
            allow_private=self._api.allow_private,
            **options,
        )
        answer = await self._outgoing.send(call)
        if answer.status == 404 and text_in(answer.body, "message").startswith("Domain"):
            raise PermanentError(
                f"Mailgun does not know the domain {self._api.domain}: check domain and base_url"
                " (its US or its EU region) in the [api] table of the source"
            )
        return answer


def _address(recipient: str) -> str:
    """Return one address that may end a path; DELETE without one would empty the whole list."""
    if not SAFE_ADDRESS.fullmatch(recipient):
        raise PermanentError("Mailgun's API cannot name this address: use its control panel")
    return recipient


def _not_sent(answer: Answer) -> Exception:
    if answer.status == 404:
        return PermanentError(
            "Mailgun keeps no copy of this message any more (the retention of the domain is over);"
            " send it again from your own system"
        )
    if answer.status == 400:
        reason = text_in(answer.body, "message")
        return PermanentError(f"Mailgun refused to send its copy again: {reason}")
    return UncertainError("Mailgun failed half way: look into its logs before trying again")
