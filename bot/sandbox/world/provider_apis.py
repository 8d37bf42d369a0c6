"""The providers' APIs as the demo plays them: suppression lists that hold what was put there.

They answer as the vendors document it, and only to the keys of the demo. Everything is in memory.
"""

import base64
import hmac
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote

from aiohttp import web

from bot.sandbox.world.keys import API_KEY, MAILGUN_DOMAIN


@dataclass(frozen=True, slots=True)
class Entry:
    """An address on a list: when it was put there, and the vendor's word for why."""

    address: str
    cause: str
    since: datetime


@dataclass(slots=True)
class ProviderApis:
    """SES, SendGrid, Mailgun and Postmark, each with one suppression list and a log of calls."""

    lists: dict[str, dict[str, Entry]] = field(default_factory=dict)
    sent_again: list[tuple[datetime, str, str]] = field(default_factory=list)
    """Stored copies that were sent again at Mailgun: when, to whom, which."""

    failures: list[int] = field(default_factory=list)
    """What Mailgun answers to the next additions, instead of doing them."""

    def routes(self) -> list[web.RouteDef]:
        """Return the routes, to be served below one address."""
        ses = "/ses/v2/email/suppression/addresses"
        sendgrid = "/sendgrid/v3/asm/suppressions/global"
        mailgun = f"/mailgun/v3/{MAILGUN_DOMAIN}"
        streams = "/postmark/message-streams/{stream}/suppressions"
        return [
            web.put(ses, self._ses_add),
            web.get(ses + "/{address}", self._ses_find),
            web.delete(ses + "/{address}", self._ses_remove),
            web.post(sendgrid, self._sendgrid_add),
            web.get(sendgrid + "/{address}", self._sendgrid_find),
            web.delete(sendgrid + "/{address}", self._sendgrid_remove),
            web.get("/sendgrid/v3/suppression/{list}/{address}", self._sendgrid_other),
            web.get(mailgun + "/{list}/{address}", self._mailgun_find),
            web.delete(mailgun + "/bounces/{address}", self._mailgun_remove),
            web.post(mailgun + "/{list:bounces|complaints}", self._mailgun_add),
            web.post(
                f"/mailgun/v3/domains/{MAILGUN_DOMAIN}/messages/{{key}}", self._mailgun_resend
            ),
            web.get(streams + "/dump", self._postmark_find),
            web.post(streams, self._postmark_add),
            web.post(streams + "/delete", self._postmark_remove),
        ]

    def entries(self) -> Iterator[tuple[str, Entry]]:
        """Give every entry with the name of its vendor, the newest first."""
        both = ((name, entry) for name, found in self.lists.items() for entry in found.values())
        yield from sorted(both, key=lambda pair: pair[1].since, reverse=True)

    def add(self, vendor: str, address: str, cause: str) -> Entry:
        """Put an address on a vendor's list; the entry that is there already stays."""
        entry = Entry(address, cause, datetime.now(UTC).replace(microsecond=0))
        return self.lists.setdefault(vendor, {}).setdefault(address.lower(), entry)

    def find(self, vendor: str, address: str) -> Entry | None:
        """Return the entry of an address."""
        return self.lists.get(vendor, {}).get(unquote(address).lower())

    def remove(self, vendor: str, address: str) -> bool:
        """Take an address from a list; False if it was not there."""
        return self.lists.get(vendor, {}).pop(unquote(address).lower(), None) is not None

    # Amazon SES, API version 2

    async def _ses_add(self, request: web.Request) -> web.Response:
        if not request.headers.get("Authorization", "").startswith(
            f"AWS4-HMAC-SHA256 Credential={API_KEY}/"
        ):
            return web.json_response({"message": "not signed"}, status=403)
        wanted = await request.json()
        self.add("Amazon SES", wanted["EmailAddress"], wanted["Reason"])
        return web.json_response({})

    async def _ses_find(self, request: web.Request) -> web.Response:
        entry = self.find("Amazon SES", request.match_info["address"])
        if entry is None:
            return _ses_absent()
        body = {
            "EmailAddress": entry.address,
            "Reason": entry.cause,
            "LastUpdateTime": entry.since.timestamp(),
        }
        return web.json_response({"SuppressedDestination": body})

    async def _ses_remove(self, request: web.Request) -> web.Response:
        removed = self.remove("Amazon SES", request.match_info["address"])
        return web.json_response({}) if removed else _ses_absent()

    # SendGrid

    async def _sendgrid_add(self, request: web.Request) -> web.Response:
        if refused := _bearer(request):
            return refused
        addresses = (await request.json())["recipient_emails"]
        for address in addresses:
            self.add("SendGrid", address, "global unsubscribe")
        return web.json_response({"recipient_emails": addresses}, status=201)

    async def _sendgrid_find(self, request: web.Request) -> web.Response:
        if refused := _bearer(request):
            return refused
        entry = self.find("SendGrid", request.match_info["address"])
        return web.json_response({"recipient_email": entry.address} if entry else {})

    async def _sendgrid_remove(self, request: web.Request) -> web.Response:
        if refused := _bearer(request):
            return refused
        removed = self.remove("SendGrid", request.match_info["address"])
        return web.Response(status=204 if removed else 404)

    async def _sendgrid_other(self, request: web.Request) -> web.Response:
        return _bearer(request) or web.json_response([])

    # Mailgun

    async def _mailgun_find(self, request: web.Request) -> web.Response:
        if refused := _basic(request, f"api:{API_KEY}"):
            return refused
        name = request.match_info["list"]
        entry = self.find(_MAILGUN.get(name, name), request.match_info["address"])
        if entry is None:
            return web.json_response({"message": "Address not found"}, status=404)
        created = entry.since.strftime("%a, %d %b %Y %H:%M:%S UTC")
        said = {"address": entry.address, "created_at": created}
        if name == "bounces":
            said |= {"code": "550", "error": entry.cause}
        return web.json_response(said)

    async def _mailgun_add(self, request: web.Request) -> web.Response:
        if refused := _basic(request, f"api:{API_KEY}"):
            return refused
        if self.failures:
            return web.Response(status=self.failures.pop(0))
        wanted = await _fields(request)
        name = request.match_info["list"]
        cause = str(wanted.get("error", "")) if name == "bounces" else "complaint"
        self.add(_MAILGUN[name], str(wanted["address"]), cause)
        return web.json_response({"message": f"Address has been added to the {name} table"})

    async def _mailgun_remove(self, request: web.Request) -> web.Response:
        if refused := _basic(request, f"api:{API_KEY}"):
            return refused
        if not self.remove("Mailgun", request.match_info["address"]):
            return web.json_response({"message": "Address not found"}, status=404)
        return web.json_response({"message": "Bounced address has been removed"})

    async def _mailgun_resend(self, request: web.Request) -> web.Response:
        if refused := _basic(request, f"api:{API_KEY}"):
            return refused
        to, key = str((await _fields(request))["to"]), request.match_info["key"]
        if self.find("Mailgun", to):
            return web.json_response(
                {"message": "Not delivering to previously bounced address"}, status=400
            )
        self.sent_again.append((datetime.now(UTC), to, key))
        number = f"<again-{len(self.sent_again)}@{MAILGUN_DOMAIN}>"
        return web.json_response({"id": number, "message": "Queued. Thank you."})

    # Postmark

    async def _postmark_find(self, request: web.Request) -> web.Response:
        if refused := _server_token(request):
            return refused
        entry = self.find("Postmark", request.query.get("EmailAddress", ""))
        found = [] if entry is None else [_postmark_entry(entry)]
        return web.json_response({"Suppressions": found})

    async def _postmark_add(self, request: web.Request) -> web.Response:
        return await self._postmark_change(request, "Suppressed")

    async def _postmark_remove(self, request: web.Request) -> web.Response:
        return await self._postmark_change(request, "Deleted")

    async def _postmark_change(self, request: web.Request, status: str) -> web.Response:
        if refused := _server_token(request):
            return refused
        addresses = [item["EmailAddress"] for item in (await request.json())["Suppressions"]]
        for address in addresses:
            if status == "Suppressed":
                self.add("Postmark", address, "ManualSuppression")
            else:
                self.remove("Postmark", address)
        changed = [{"EmailAddress": each, "Status": status, "Message": None} for each in addresses]
        return web.json_response({"Suppressions": changed})


_MAILGUN = {"bounces": "Mailgun", "complaints": "Mailgun complaints"}


def _ses_absent() -> web.Response:
    return web.json_response(
        {"message": "Email address does not exist on your suppression list."},
        status=404,
        headers={"x-amzn-ErrorType": "NotFoundException"},
    )


def _postmark_entry(entry: Entry) -> dict[str, Any]:
    return {
        "EmailAddress": entry.address,
        "SuppressionReason": entry.cause,
        "Origin": "Customer",
        "CreatedAt": entry.since.isoformat(),
    }


async def _fields(request: web.Request) -> Any:
    return await (request.json() if request.content_type == "application/json" else request.post())


def _bearer(request: web.Request) -> web.Response | None:
    return _refused_unless(request.headers.get("Authorization", ""), f"Bearer {API_KEY}")


def _basic(request: web.Request, credentials: str) -> web.Response | None:
    wanted = f"Basic {base64.b64encode(credentials.encode()).decode()}"
    return _refused_unless(request.headers.get("Authorization", ""), wanted)


def _server_token(request: web.Request) -> web.Response | None:
    return _refused_unless(request.headers.get("X-Postmark-Server-Token", ""), API_KEY)


def _refused_unless(given: str, wanted: str) -> web.Response | None:
    if hmac.compare_digest(given.encode(), wanted.encode()):
        return None
    return web.json_response({"message": "unknown key"}, status=401)
