"""Tickets as GitHub issues.

Authenticated by a token that may read and write the repository's issues. An issue carries its
ticket's key in a comment of its text and is looked for by it before one is opened.
https://docs.github.com/en/rest/issues/issues
"""

import re
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from handlers.errors import PermanentError, TemporaryError, UncertainError
from handlers.http.outgoing import Answer, Call
from handlers.ticket import Opened, Ticket, TicketSystem

PAGES = 3
PER_PAGE = 100
TITLE_LIMIT = 240
BODY_LIMIT = 60_000
"""GitHub takes 65,536 characters."""

SAMPLE_LIMIT = 8_000
LOOK_AGAIN_SECONDS = 30.0


class GitHubSettings(BaseModel):
    """The repository as owner/name, a token, and the API's address of a GitHub of one's own."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    repository: str = Field(pattern=r"^[\w.-]+/[\w.-]+$")
    token: SecretStr
    base_url: str = Field("https://api.github.com", pattern=r"^https?://[^\s/]+(/\S*)?$")
    allow_private: bool = False


class GitHub(TicketSystem):
    """Opens each ticket as one issue."""

    name = "github"
    Settings = GitHubSettings

    settings: GitHubSettings

    async def open(self, ticket: Ticket) -> Opened:
        """Open an issue, or return the one with the ticket's key."""
        there = await self._find(marker(ticket.key))
        if there is not None:
            return _opened(there)
        try:
            answer = await self._call("POST", "issues", issue(ticket))
        except UncertainError as error:  # the next attempt looks for it first
            raise TemporaryError(str(error), LOOK_AGAIN_SECONDS) from error
        return _opened(_object(answer))

    async def check(self) -> str:
        """Read the repository."""
        try:
            repository = _object(await self._call("GET"))
        except PermanentError as error:
            raise PermanentError(
                f"{error}; check repository and token in tickets.github: the token needs read and"
                " write access to issues"
            ) from error
        if not repository.get("has_issues", True):
            raise PermanentError(f"{self.settings.repository} has its issues switched off")
        return f"issues are opened in {self.settings.repository}"

    async def _find(self, mark: str) -> dict[str, Any] | None:
        """Return the issue that carries a mark, among the newest ones."""
        for page in range(1, PAGES + 1):
            query = f"state=all&sort=created&direction=desc&per_page={PER_PAGE}&page={page}"
            issues = (await self._call("GET", f"issues?{query}")).json()
            if not isinstance(issues, list):
                raise TemporaryError("GitHub's answer is not a list of issues")
            for one in issues:
                if isinstance(one, dict) and mark in str(one.get("body") or ""):
                    return one
            if len(issues) < PER_PAGE:
                return None
        return None

    async def _call(self, method: str, path: str = "", body: Any = None) -> Answer:
        settings = self.settings
        url = f"{settings.base_url.rstrip('/')}/repos/{settings.repository}"
        return await self.outgoing.send(
            Call(
                method=method,
                url=f"{url}/{path}" if path else url,
                headers={
                    "Accept": "application/vnd.github+json",
                    "Authorization": f"Bearer {settings.token.get_secret_value()}",
                    "X-GitHub-Api-Version": "2022-11-28",
                },
                json=body,
                repeatable=method == "GET",
                allow_private=settings.allow_private,
            )
        )


def marker(key: str) -> str:
    """Return the comment that names a ticket in an issue's text; it cannot be closed early.

    >>> marker("bounce-7")
    '<!-- bounce desk: bounce-7 -->'
    """
    return f"<!-- bounce desk: {re.sub(r'[^A-Za-z0-9.]+', '-', key).strip('-')} -->"


def issue(ticket: Ticket) -> dict[str, Any]:
    """Return an issue; what strangers wrote stands in code blocks that it cannot leave."""
    parts = [marker(ticket.key), fenced(ticket.body)]
    if ticket.link:
        parts.append(f"[The alert in Slack](<{_address(ticket.link)}>)")
    if ticket.checks:
        parts.append("### What to check\n\n" + "\n".join(f"- {quiet(c)}" for c in ticket.checks))
    parts += [
        f"### Sample {number}\n\n{fenced(sample[:SAMPLE_LIMIT])}"
        for number, sample in enumerate(ticket.samples, 1)
    ]
    kept, room = [], BODY_LIMIT
    for part in parts:
        room -= len(part) + 2
        if room < 0:
            break
        kept.append(part)
    return {"title": quiet_title(ticket.title)[:TITLE_LIMIT], "body": "\n\n".join(kept)}


def fenced(text: str) -> str:
    """Return text in a code block whose fence is longer than any inside.

    >>> print(fenced("a ``` b"))
    ````text
    a ``` b
    ````
    """
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}text\n{_VISIBLE.sub('', text)}\n{fence}"


def quiet(text: str) -> str:
    """Return one line of Markdown that mentions nobody, links to nothing and marks nothing up.

    >>> quiet("ask @octocat about #12 *now*")
    'ask @\\u2060octocat about \\\\#\\u206012 \\\\*now\\\\*'
    """
    line = " ".join(_VISIBLE.sub("", text).split())
    line = _MARKUP.sub(r"\\\1", line)
    return _LINKING.sub(lambda match: match[0] + "\N{WORD JOINER}", line)


def quiet_title(text: str) -> str:
    """Return a title that mentions nobody; GitHub shows titles without markup."""
    line = " ".join(_VISIBLE.sub("", text).split())
    return re.sub(r"[@#](?=\w)", lambda match: match[0] + "\N{WORD JOINER}", line)


_VISIBLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_MARKUP = re.compile(r"([\\`*_\[\]<>#|~!&])")
_LINKING = re.compile(r"[@#](?=\w)|(?<=\w):(?=//)|\bwww(?=\.)|\bGH(?=-\d)")


def _address(link: str) -> str:
    return re.sub(r"[<>\s\\]", "", link)


def _object(answer: Answer) -> dict[str, Any]:
    value = answer.json()
    if not isinstance(value, dict):
        raise TemporaryError("GitHub's answer is not an object")
    return value


def _opened(issue: dict[str, Any]) -> Opened:
    return Opened(reference=f"#{issue.get('number')}", url=str(issue.get("html_url") or ""))
