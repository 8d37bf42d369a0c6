"""The suppressions of one message stream of a Postmark server.

https://postmarkapp.com/developer/api/suppressions-api
"""

from typing import Any
from urllib.parse import quote, urlencode

from pydantic import Field

from handlers.errors import PermanentError
from handlers.http.authentication import Secret
from handlers.http.outgoing import Answer, Call, Outgoing
from handlers.http.payload import object_of, text_at, text_in
from handlers.provider import ApiAccess, Suppression

MANUAL = "ManualSuppression"


class PostmarkApi(ApiAccess):
    """`[sources.X.api]`: the API of one server, and the message stream whose list is changed."""

    token: Secret
    stream: str = Field("outbound", pattern=r"^[A-Za-z0-9_-]+$")
    base_url: str = "https://api.postmarkapp.com"


class StreamSuppressions:
    """The suppressions of one message stream.

    Postmark applies a change within about a minute, so what was just added is not read back. Its
    time is unknown then, and left out of entries of this kind for good, or they would differ.
    """

    def __init__(self, api: PostmarkApi, outgoing: Outgoing) -> None:
        self.suppression_list = f"the Postmark suppressions of the message stream {api.stream}"
        self.stops = f"all mail of the message stream {api.stream}"
        self._api = api
        self._outgoing = outgoing
        self._path = f"message-streams/{quote(api.stream, safe='')}/suppressions"

    async def suppression_of(self, recipient: str) -> Suppression | None:
        """Return the entry of an address; one that the person caused comes before others."""
        query = urlencode({"EmailAddress": recipient}, errors="replace")
        answer = await self._send("GET", f"{self._path}/dump?{query}")
        entries = [self._entry(recipient, item) for item in _items(answer, recipient)]
        return next(iter(sorted(entries, key=lambda entry: not entry.by_person)), None)

    async def suppress(self, recipient: str, *, complaint: bool = False) -> Suppression:
        """Add the address by hand, as Postmark calls it.

        A complaint too: Postmark alone notes one as such, by itself and before it tells of it.
        """
        await self._change("", recipient, "Suppressed")
        return Suppression(recipient=recipient, list=self._api.stream, cause=MANUAL)

    async def unsuppress(self, recipient: str) -> None:
        """Remove the address; Postmark refuses after a spam complaint.

        Removing a hard bounce activates the bounce too, so no second call is needed.
        """
        await self._change("/delete", recipient, "Deleted")

    async def _change(self, path: str, recipient: str, wanted: str) -> None:
        body = {"Suppressions": [{"EmailAddress": recipient}]}
        answer = await self._send("POST", self._path + path, json=body)
        for item in _items(answer, recipient):
            if text_at(item, "Status") == wanted:
                return
            raise PermanentError(f"Postmark: {text_at(item, 'Message') or 'the change failed'}")
        raise PermanentError("Postmark's answer does not say what became of the address")

    def _entry(self, recipient: str, item: Any) -> Suppression:
        cause, origin = text_at(item, "SuppressionReason"), text_at(item, "Origin")
        ours = cause == MANUAL and origin == "Customer"
        return Suppression(
            recipient=recipient,
            list=self._api.stream,
            cause=cause,
            since="" if ours else text_at(item, "CreatedAt"),
            by_person=cause == "SpamComplaint" or (cause == MANUAL and origin == "Recipient"),
        )

    async def _send(self, method: str, path: str, json: Any = None) -> Answer:
        call = Call(
            method=method,
            url=f"{self._api.base_url}/{path}",
            headers={
                "Accept": "application/json",
                "X-Postmark-Server-Token": self._api.token.get_secret_value(),
            },
            json=json,
            expected=(401, 404, 422),
            allow_private=self._api.allow_private,
        )
        answer = await self._outgoing.send(call)
        if answer.status >= 400:
            reason = text_in(answer.body, "Message") or f"answered {answer.status}"
            raise PermanentError(f"Postmark: {reason}")
        return answer


def _items(answer: Answer, recipient: str) -> list[Any]:
    """Return the parts of an answer that are about the address."""
    items = object_of(answer.json()).get("Suppressions")
    return [
        item
        for item in (items if isinstance(items, list) else [])
        if text_at(item, "EmailAddress").lower() == recipient.lower()
    ]
