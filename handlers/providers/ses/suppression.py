"""The suppression list of an SES account, in one region.

https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_PutSuppressedDestination.html
"""

import json
from typing import Any
from urllib.parse import quote

from handlers.errors import PermanentError
from handlers.http.outgoing import Answer, Call, Outgoing
from handlers.http.payload import SAFE_ADDRESS, text_at
from handlers.provider import Suppression
from handlers.providers.ses.aws import AwsAccess, signed

ADDRESSES = "/v2/email/suppression/addresses"
LIST = "account"
BOUNCE, COMPLAINT = "BOUNCE", "COMPLAINT"
ABSENT = 404


class SuppressionList:
    """The addresses to which SES sends nothing, whoever of the account mails them."""

    def __init__(self, access: AwsAccess, region: str, outgoing: Outgoing) -> None:
        self.suppression_list = "the SES account suppression list"
        self.stops = f"all mail of this SES account in {region}"
        self._access = access
        self._region = region
        self._outgoing = outgoing

    async def suppression_of(self, recipient: str) -> Suppression | None:
        """Return the entry of an address, None if it is not on the list."""
        answer = await self._send("GET", _path(recipient), expected=(ABSENT,))
        return None if answer.status == ABSENT else _entry(recipient, answer.json())

    async def suppress(self, recipient: str, *, complaint: bool = False) -> Suppression:
        """Add an address as bounced, or as complained, and return the entry as it now stands.

        One that is there already stays as it is: a complaint must not turn into a bounce.
        """
        if present := await self.suppression_of(recipient):
            return present
        cause = COMPLAINT if complaint else BOUNCE
        body = json.dumps({"EmailAddress": recipient, "Reason": cause}).encode()
        await self._send("PUT", ADDRESSES, body)
        added = await self.suppression_of(recipient)
        return added or Suppression(
            recipient=recipient, list=LIST, cause=cause, by_person=complaint
        )

    async def unsuppress(self, recipient: str) -> None:
        """Remove an address; one that is not there is no error."""
        await self._send("DELETE", _path(recipient), expected=(ABSENT,))

    async def _send(
        self, method: str, path: str, body: bytes | None = None, expected: tuple[int, ...] = ()
    ) -> Answer:
        call = Call(
            method=method,
            url=self._access.ses_url(self._region) + path,
            headers={"Content-Type": "application/json"} if body else {},
            body=body,
            expected=expected,
        )
        return await self._outgoing.send(signed(call, self._access, "ses", self._region))


def _path(recipient: str) -> str:
    if not SAFE_ADDRESS.fullmatch(recipient):
        raise PermanentError("not an address that SES could have on its list")
    return f"{ADDRESSES}/{quote(recipient, safe='')}"


def _entry(recipient: str, answer: Any) -> Suppression:
    cause = text_at(answer, "SuppressedDestination.Reason")
    return Suppression(
        recipient=recipient,
        list=LIST,
        cause=cause,
        since=text_at(answer, "SuppressedDestination.LastUpdateTime"),
        by_person=cause == COMPLAINT,
    )
