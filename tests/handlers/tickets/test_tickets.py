"""Ticket systems against a real mail server and a GitHub on loopback."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field, replace
from email.message import EmailMessage
from typing import Any

import pytest
from aiohttp import web
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from pydantic import ValidationError

from bot.sandbox.world.neighbours import Mailbox
from handlers.errors import PermanentError, TemporaryError, UncertainError
from handlers.http.outgoing import Outgoing
from handlers.ticket import Ticket
from handlers.tickets import TICKETS
from handlers.tickets.email import Email, compose
from handlers.tickets.github import GitHub, issue

TICKET = Ticket(
    key="bounce-7-20260615T120000",
    title="Bounces: Sending IP blocked (Microsoft)",
    body="Sending IP blocked (blocked-ip)\n\nReceivers:    Microsoft 2,911",
    link="https://slack.example/archives/C01/p1",
    checks=("Is the address on a list?", "Who else sends from it?"),
    samples=("To: m•••@contoso.example\n\n550 5.7.606 Access denied, banned sending IP",),
)
FROM, ADMIN = "desk@example.com", "admin@example.com"


class Strict(Mailbox):
    """A mailbox that refuses as a test lays down: by code at RCPT, or by hanging up at the end."""

    def __init__(self, code: int = 0, *, hangs_up: bool = False) -> None:
        super().__init__()
        self.code = code
        self.hangs_up = hangs_up

    async def handle_RCPT(
        self,
        server: SMTP,
        session: Session,
        envelope: Envelope,
        address: str,
        options: list[str],
    ) -> str:
        if self.code:
            return f"{self.code} not now\r\nX-Injected: no"[:300].replace("\r\n", " ")
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        answer = await super().handle_DATA(server, session, envelope)
        if self.hangs_up:
            server.transport.abort()
        return answer


@dataclass
class Servers:
    """Starts mail servers and gives ticket systems that use them."""

    outgoing: Outgoing
    running: list[asyncio.Server] = field(default_factory=list)

    async def email(self, mailbox: Mailbox, **changes: Any) -> Email:
        return await self.served(mailbox.protocol, **changes)

    async def served(self, protocol: Callable[[], SMTP], **changes: Any) -> Email:
        server = await asyncio.get_running_loop().create_server(protocol, "127.0.0.1", 0)
        self.running.append(server)
        return self.at(server.sockets[0].getsockname()[1], **changes)

    def at(self, port: int, **changes: Any) -> Email:
        table = {"host": "127.0.0.1", "port": port, "tls": "none", "from": FROM, "to": ADMIN}
        return Email(Email.Settings.model_validate(table | changes), self.outgoing)


@pytest.fixture
async def servers(outgoing: Outgoing) -> AsyncIterator[Servers]:
    made = Servers(outgoing)
    yield made
    for server in made.running:
        server.close()
        await server.wait_closed()


def test_every_ticket_system_is_registered_by_its_word() -> None:
    assert {word: system.name for word, system in TICKETS.items()} == {
        "email": "email",
        "github": "github",
    }


async def test_a_ticket_is_one_mail_with_all_that_is_known(servers: Servers) -> None:
    mailbox = Mailbox()
    email = await servers.email(mailbox)

    opened = await email.open(TICKET)

    (mail,) = mailbox.mails
    assert mail["Subject"] == TICKET.title
    assert (mail["From"], mail["To"]) == (FROM, ADMIN)
    assert mail["Message-ID"] == "<bounce-7-20260615T120000@example.com>"
    assert mail["Auto-Submitted"] == "auto-generated"
    text = content(mail)
    for part in (TICKET.body, "* Is the address on a list?", TICKET.link, "550 5.7.606"):
        assert part in text
    assert opened.reference == "email to admin@example.com"
    assert opened.url == ""


async def test_a_ticket_sent_twice_is_the_same_mail(servers: Servers) -> None:
    mailbox = Mailbox()
    email = await servers.email(mailbox)

    await email.open(TICKET)
    await email.open(replace(TICKET, title="Another title"))

    assert len(mailbox.mails) == 1


def test_nothing_in_a_ticket_becomes_a_header() -> None:
    hostile = replace(
        TICKET,
        key="7>\r\nBcc: everybody@example.com",
        title="Bounces\r\nBcc: everybody@example.com\u2028X: y\x00",
        body="Bcc: everybody@example.com\r\n\r\n.\r\nMAIL FROM:<x@example.com>\x00",
    )

    mail = compose(hostile, Email.Settings.model_validate(email_table()))

    raw = mail.as_bytes()
    assert mail["Bcc"] is None
    assert b"\nBcc:" not in raw.partition(b"\r\n\r\n")[0]
    assert b"\x00" not in raw
    assert mail["Subject"] == "Bounces Bcc: everybody@example.com X: y"


async def test_a_dot_on_its_own_line_does_not_end_the_mail(servers: Servers) -> None:
    mailbox = Mailbox()
    email = await servers.email(mailbox)

    await email.open(replace(TICKET, body="before\n.\nafter", samples=()))

    (mail,) = mailbox.mails
    assert "before\n.\nafter" in content(mail)


async def test_words_of_any_language_arrive(servers: Servers) -> None:
    mailbox = Mailbox()
    email = await servers.email(mailbox)

    await email.open(replace(TICKET, title="Postfächer voll: 満杯", body="Grüße, 満杯"))

    (mail,) = mailbox.mails
    assert mail["Subject"] == "Postfächer voll: 満杯"
    assert "Grüße, 満杯" in content(mail)


async def test_a_mail_server_that_refuses_for_now_is_tried_again(servers: Servers) -> None:
    email = await servers.email(Strict(451))

    with pytest.raises(TemporaryError, match="answered 451"):
        await email.open(TICKET)


async def test_a_mail_server_that_refuses_for_good_is_not_tried_again(servers: Servers) -> None:
    email = await servers.email(Strict(550))

    with pytest.raises(PermanentError, match="answered 550"):
        await email.open(TICKET)


async def test_a_mail_whose_answer_is_lost_is_told_to_a_person(servers: Servers) -> None:
    email = await servers.email(Strict(hangs_up=True))

    with pytest.raises(UncertainError, match=r"<bounce-7-20260615T120000@example\.com>"):
        await email.open(TICKET)


async def test_a_mail_server_that_is_away_is_tried_again(servers: Servers) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        email = servers.at(closed.getsockname()[1])

        with pytest.raises(TemporaryError, match="no connection"):
            await email.open(TICKET)


async def test_a_wrong_password_says_what_to_check(servers: Servers) -> None:
    def check(
        server: SMTP, session: Session, envelope: Envelope, mechanism: str, given: Any
    ) -> AuthResult:
        right = isinstance(given, LoginPassword) and given.password == b"right"
        return AuthResult(success=right, handled=False)

    mailbox = Mailbox()

    def protocol() -> SMTP:
        return SMTP(mailbox, authenticator=check, auth_require_tls=False)

    email = await servers.served(protocol, user="desk", password="wrong")
    with pytest.raises(PermanentError, match="check user and password"):
        await email.open(TICKET)

    email = await servers.served(protocol, user="desk", password="right")
    await email.open(TICKET)
    assert len(mailbox.mails) == 1


async def test_a_server_without_starttls_is_refused_where_tls_is_asked_for(
    servers: Servers,
) -> None:
    mailbox = Mailbox()
    email = await servers.email(mailbox, tls="starttls")

    with pytest.raises(PermanentError, match="tls"):
        await email.open(TICKET)
    assert not mailbox.mails


async def test_the_doctor_hears_that_the_mail_server_answers(servers: Servers) -> None:
    mailbox = Mailbox()
    email = await servers.email(mailbox)

    assert "tickets go to admin@example.com" in await email.check()
    assert not mailbox.mails


@pytest.mark.parametrize(
    "change",
    [
        {"to": "admin@example.com\nBcc: all@example.com"},
        {"from": "desk"},
        {"to": ""},
        {"tls": "perhaps"},
        {"port": 0},
        {"colour": "red"},
    ],
)
def test_settings_that_cannot_be_are_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Email.Settings.model_validate(email_table() | change)


def test_several_receivers_are_given_as_a_list_or_with_commas() -> None:
    both = ("a@example.com", "b@example.com")

    assert Email.Settings.model_validate(email_table() | {"to": list(both)}).to == both
    assert Email.Settings.model_validate(email_table() | {"to": ", ".join(both)}).to == both


@dataclass
class Hub:
    """GitHub's issues, in memory. `lost` calls are done and not answered."""

    issues: list[dict[str, Any]] = field(default_factory=list)
    lost: int = 0
    status: int = 0
    has_issues: bool = True

    async def answer(self, request: web.Request) -> web.StreamResponse:
        if request.headers["Authorization"] != "Bearer token":
            return web.json_response({"message": "Bad credentials"}, status=401)
        if self.status:
            return web.json_response({"message": "not now"}, status=self.status)
        if request.path == "/repos/acme/mail":
            return web.json_response({"has_issues": self.has_issues})
        if request.method == "GET":
            page = int(request.query["page"])
            newest = list(reversed(self.issues))
            return web.json_response(newest[(page - 1) * 100 : page * 100])
        given = await request.json()
        number = len(self.issues) + 1
        url = f"https://github.example/acme/mail/issues/{number}"
        self.issues.append({**given, "number": number, "html_url": url})
        if self.lost:
            self.lost -= 1
            assert request.transport is not None
            request.transport.close()
        return web.json_response(self.issues[-1], status=201)


Serve = Callable[[Callable[[web.Request], Awaitable[web.StreamResponse]]], Awaitable[str]]


@pytest.fixture
def hub() -> Hub:
    return Hub()


@pytest.fixture
async def github(hub: Hub, serve: Serve, outgoing: Outgoing) -> GitHub:
    return github_at(await serve(hub.answer), outgoing)


def github_at(address: str, outgoing: Outgoing, token: str = "token") -> GitHub:
    table = {
        "repository": "acme/mail",
        "token": token,
        "base_url": address,
        "allow_private": True,
    }
    return GitHub(GitHub.Settings.model_validate(table), outgoing)


async def test_a_ticket_is_one_issue(github: GitHub, hub: Hub) -> None:
    opened = await github.open(TICKET)

    (made,) = hub.issues
    assert made["title"] == TICKET.title
    assert "Receivers:    Microsoft 2,911" in made["body"]
    assert (opened.reference, opened.url) == ("#1", "https://github.example/acme/mail/issues/1")


async def test_an_issue_that_is_there_is_not_opened_again(github: GitHub, hub: Hub) -> None:
    await github.open(TICKET)
    hub.issues += [{"number": number, "body": None} for number in range(2, 180)]

    opened = await github.open(replace(TICKET, title="Another title"))

    assert opened.reference == "#1"
    assert len(hub.issues) == 179


async def test_another_alert_is_another_issue(github: GitHub, hub: Hub) -> None:
    await github.open(TICKET)

    await github.open(replace(TICKET, key="bounce-70-20260615T120000"))

    assert len(hub.issues) == 2


async def test_an_issue_whose_answer_was_lost_is_found_next_time(github: GitHub, hub: Hub) -> None:
    hub.lost = 1

    with pytest.raises(TemporaryError):
        await github.open(TICKET)
    opened = await github.open(TICKET)

    assert opened.reference == "#1"
    assert len(hub.issues) == 1


async def test_a_github_that_is_away_is_tried_again(github: GitHub, hub: Hub) -> None:
    hub.status = 503

    with pytest.raises(TemporaryError):
        await github.open(TICKET)


async def test_a_wrong_token_says_what_to_check(hub: Hub, serve: Serve, outgoing: Outgoing) -> None:
    github = github_at(await serve(hub.answer), outgoing, token="wrong")

    with pytest.raises(PermanentError, match="Bad credentials"):
        await github.open(TICKET)
    with pytest.raises(PermanentError, match="needs read and write access to issues"):
        await github.check()


async def test_the_doctor_hears_where_issues_are_opened(github: GitHub, hub: Hub) -> None:
    assert await github.check() == "issues are opened in acme/mail"

    hub.has_issues = False
    with pytest.raises(PermanentError, match="switched off"):
        await github.check()


def test_hostile_text_does_not_leave_its_code_block_nor_mention_anybody() -> None:
    hostile = replace(
        TICKET,
        title="@octocat #1 <b>",
        body="```\n# Out\n@octocat\n`````\n<!-- bounce desk: other -->",
        samples=("````\n@octocat",),
        checks=("ask @octocat, see https://evil.example and #1",),
    )

    made = issue(hostile)

    assert made["body"].count("``````text\n") == 1
    assert made["body"].count("`````text\n@") == 0
    assert "@octocat" not in made["title"]
    outside = outside_of_code(made["body"])
    assert "@octocat" not in outside
    assert "https://evil" not in outside
    assert "# Out" not in outside


def test_an_issue_is_no_longer_than_github_takes() -> None:
    made = issue(replace(TICKET, samples=("x" * 70_000,) * 20, title="y" * 1_000))

    assert len(made["body"]) < 65_536
    assert len(made["title"]) <= 256
    assert outside_of_code(made["body"]).count("```") == 0


def outside_of_code(markdown: str) -> str:
    """Return the lines of Markdown that stand in no code block."""
    kept, fence = [], ""
    for line in markdown.splitlines():
        ticks = line[: len(line) - len(line.lstrip("`"))]
        if fence:
            fence = "" if line.strip("`") == "" and len(ticks) >= len(fence) else fence
        elif len(ticks) >= 3:
            fence = ticks
        else:
            kept.append(line)
    return "\n".join(kept)


def email_table() -> dict[str, Any]:
    return {"host": "127.0.0.1", "port": 25, "tls": "none", "from": FROM, "to": ADMIN}


def content(mail: EmailMessage) -> str:
    return str(mail.get_content()).replace("\r\n", "\n")
