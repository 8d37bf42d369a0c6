"""The suppression lists of a SendGrid account: what stops mail to an address, and our flag.

A bounce cannot be added by hand: what marks an address as inactive is an unsubscribe.
https://www.twilio.com/docs/sendgrid/api-reference/suppressions-global-suppressions
"""

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from pydantic import Field

from handlers.errors import PermanentError
from handlers.http.authentication import Secret
from handlers.http.outgoing import Answer, Call, Outgoing
from handlers.http.payload import SAFE_ADDRESS, text_at
from handlers.provider import ApiAccess, Suppression

ABSENT = 404
UNSUBSCRIBED = "unsubscribed"


class SendGridApi(ApiAccess):
    """`[sources.X.api]`. `inactive` is where a flagged address is noted.

    `store`: only in Bounce Desk. `group:ID`: in an unsubscribe group. `global`: among the global
    unsubscribes, which stop receipts and passwords too.
    """

    key: Secret
    inactive: str = Field("store", pattern=r"^(store|global|group:[0-9]{1,12})$")
    base_url: str = "https://api.sendgrid.com"


@dataclass(frozen=True, slots=True)
class Place:
    """One of the lists: how people call it, its path, and the wish of people that it holds."""

    name: str
    path: str
    wish: str = ""


SPAM_REPORTS = Place("spam reports", "suppression/spam_reports", "spam report")
BOUNCES = Place("bounces", "suppression/bounces")
INVALID = Place("invalid emails", "suppression/invalid_emails")


class SuppressionLists:
    """The lists of one account. Blocks are not looked at, for they stop nothing.

    SendGrid does not tell whether an unsubscribe is the person's or ours, so that each counts as
    the person's, but for the one that equals what we noted when we added it.
    """

    def __init__(self, api: SendGridApi, outgoing: Outgoing) -> None:
        group = api.inactive.partition(":")[2]
        if group:
            self._own = Place(
                f"unsubscribe group {group}", f"asm/groups/{group}/suppressions", UNSUBSCRIBED
            )
            self.suppression_list = f"the SendGrid unsubscribe group {group}"
            self.stops = f"mail of SendGrid's unsubscribe group {group} only"
        else:
            self._own = Place("global unsubscribes", "asm/suppressions/global", UNSUBSCRIBED)
            self.suppression_list = "the SendGrid global unsubscribes"
            self.stops = "all mail of this SendGrid account, receipts and passwords too"
        self._group = group
        self._api = api
        self._outgoing = outgoing

    async def suppression_of(self, recipient: str) -> Suppression | None:
        """Return the first entry that stops the address, people's own wishes before all others."""
        for place in (SPAM_REPORTS, self._own, BOUNCES, INVALID):
            entry = await self._entry(place, recipient)
            if entry is not None:
                return entry
        return None

    async def suppress(self, recipient: str, *, complaint: bool = False) -> Suppression:
        """Unsubscribe an address and return the entry as it now stands.

        A complaint is unsubscribed too: SendGrid alone adds to its spam reports, by itself.
        """
        quoted(recipient)
        await self._send("POST", self._own.path, json={"recipient_emails": [recipient]})
        entry = await self._entry(self._own, recipient)
        return entry or Suppression(
            recipient=recipient, list=self._own.name, cause=UNSUBSCRIBED, by_person=True
        )

    async def unsuppress(self, recipient: str) -> None:
        """Remove the entry that `suppression_of` returns; a spam report stays."""
        entry = await self.suppression_of(recipient)
        if entry is None:
            return
        if entry.list == SPAM_REPORTS.name:
            raise PermanentError("the person reported our mail as spam, which is not undone")
        place = next(one for one in (self._own, BOUNCES, INVALID) if one.name == entry.list)
        await self._send("DELETE", f"{place.path}/{quoted(recipient)}", expected=(ABSENT,))

    async def _entry(self, place: Place, recipient: str) -> Suppression | None:
        path = "asm/suppressions" if place is self._own and self._group else place.path
        answer = await self._send("GET", f"{path}/{quoted(recipient)}", expected=(ABSENT,))
        entry = None if answer.status == ABSENT else self._said(place, answer.json())
        if entry is None:
            return None
        return Suppression(
            recipient=recipient,
            list=place.name,
            cause=place.wish or text_at(entry, "reason"),
            since=text_at(entry, "created"),
            by_person=bool(place.wish),
        )

    def _said(self, place: Place, answer: Any) -> Any:
        """Return what an answer says of the address, None if it is not on the list.

        The lists answer with an array, the global one with an object, empty if the address is
        not on it, and the groups with all groups there are.
        """
        if place is not self._own:
            return answer[0] if isinstance(answer, list) and answer else None
        if not self._group:
            return answer if text_at(answer, "recipient_email") else None
        groups = answer.get("suppressions") if isinstance(answer, dict) else None
        return next(
            (
                group
                for group in (groups if isinstance(groups, list) else ())
                if text_at(group, "id") == self._group and text_at(group, "suppressed") == "true"
            ),
            None,
        )

    async def _send(
        self, method: str, path: str, json: Any = None, expected: tuple[int, ...] = ()
    ) -> Answer:
        call = Call(
            method=method,
            url=f"{self._api.base_url}/v3/{path}",
            headers={"Authorization": f"Bearer {self._api.key.get_secret_value()}"},
            json=json,
            expected=expected,
            allow_private=self._api.allow_private,
        )
        return await self._outgoing.send(call)


def quoted(recipient: str) -> str:
    """Return an address as the end of a path; without one, a path would name the whole list."""
    if not SAFE_ADDRESS.fullmatch(recipient):
        raise PermanentError("not an address that SendGrid could have on its lists")
    return quote(recipient, safe="")
