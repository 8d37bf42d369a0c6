"""Who runs the receiving servers: Google, Microsoft, a company."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

KNOWN = Path(__file__).with_name("knowledge") / "operators.toml"


@dataclass(frozen=True, slots=True)
class Operator:
    """`id` is the key of alerts ("google"; a domain where nobody better is known), `name` is shown.

    Both are empty where neither host nor domain is known.
    """

    id: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Operators:
    """The operators by the hosts and domains they run; made by `load`.

    `ids` are all of them; `wide_hosts` have a label that may be anything, `wide_domains` end in
    any country's domain.
    """

    ids: Mapping[str, Operator]
    hosts: Mapping[str, Operator]
    domains: Mapping[str, Operator]
    wide_hosts: tuple[tuple[re.Pattern[str], Operator], ...]
    wide_domains: Mapping[str, Operator]
    free: frozenset[str]

    @classmethod
    def load(cls, path: Path = KNOWN) -> Self:
        """Return the operators of a TOML file.

        Raises ValueError where the file has unknown or missing keys, or names a host or a domain
        twice.
        """
        tables = tomllib.loads(path.read_text("utf-8"))
        if set(tables) != {"operator"}:
            raise ValueError(f"{path.name}: expected [[operator]] tables only")
        ids: dict[str, Operator] = {}
        hosts: dict[str, Operator] = {}
        domains: dict[str, Operator] = {}
        free: set[str] = set()
        for table in tables["operator"]:
            operator = _operator(table, path)
            ids[operator.id] = operator
            _add(hosts, table.get("hosts", []), operator, path)
            _add(domains, table.get("domains", []), operator, path)
            if table.get("free"):
                free.update(table.get("domains", []))
        return cls(
            ids=ids,
            hosts={name: operator for name, operator in hosts.items() if "*" not in name},
            domains={name: operator for name, operator in domains.items() if "*" not in name},
            wide_hosts=tuple(
                (_pattern(name), operator) for name, operator in hosts.items() if "*" in name
            ),
            wide_domains={name[:-2]: operator for name, operator in domains.items() if "*" in name},
            free=frozenset(free),
        )

    def operator_of(self, remote_host: str, domain: str, receiver: str = "") -> Operator:
        """Return who refused: by the server that answered, else by the recipient's domain.

        Where neither is known, `receiver` decides: the id of the operator whose own words the
        reply holds. A host that is not known says less than the domain: the domain is then its
        own operator.

        >>> Operators.load().operator_of("", "hosted.example", "microsoft").name
        'Microsoft'
        >>> Operators.load().operator_of("mx.hosted.example", "hosted.example").id
        'hosted.example'
        """
        host, domain = _plain(remote_host), _plain(domain)
        operator = self._by_host(host) or self._by_domain(domain) or self._by_host(domain)
        operator = operator or self.ids.get(receiver)
        if operator is not None:
            return operator
        name = domain or _registered(host)
        return Operator(name, name)

    def is_free_mail(self, domain: str) -> bool:
        """Tell whether anybody may open a mailbox there: no company behind it to ask."""
        domain = _plain(domain)
        if domain in self.domains:
            return domain in self.free
        name = _wide_name(domain)
        return f"{name}.*" in self.free if name else False

    def _by_host(self, host: str) -> Operator | None:
        name = host
        while name:
            if name in self.hosts:
                return self.hosts[name]
            name = name.partition(".")[2]
        return next(
            (operator for pattern, operator in self.wide_hosts if pattern.search(host)), None
        )

    def _by_domain(self, domain: str) -> Operator | None:
        return self.domains.get(domain) or self.wide_domains.get(_wide_name(domain))


_KEYS = frozenset({"id", "name", "hosts", "domains", "free"})
_COUNTRY = re.compile(r"([a-z0-9-]{1,63})\.(?:[a-z]{2,3}|(?:com?|net|org|ne)\.[a-z]{2})\Z")
_SHARED = re.compile(r"\.(?:ac|com?|edu|gov|net?|org?)\.[a-z]{2}\Z")
"""Ends under which countries let others register."""

_ADDRESS = re.compile(r"\[?[0-9a-f.:]+\]?\Z")


def _operator(table: dict[str, Any], path: Path) -> Operator:
    if unknown := set(table) - _KEYS:
        raise ValueError(f"{path.name}: unknown key {min(unknown)!r} in {table.get('id', '?')!r}")
    if not table.get("id") or not table.get("name"):
        raise ValueError(f"{path.name}: an operator without id or name")
    return Operator(table["id"], table["name"])


def _add(index: dict[str, Operator], names: list[str], operator: Operator, path: Path) -> None:
    for name in names:
        if index.setdefault(name, operator) != operator or name != name.lower():
            raise ValueError(f"{path.name}: {name!r} is not lower case, or named twice")


def _pattern(name: str) -> re.Pattern[str]:
    labels = name.split(".")
    inside = r"\.".join("[a-z0-9-]{1,63}" if label == "*" else re.escape(label) for label in labels)
    return re.compile(rf"(?:\A|\.){inside}\Z")


def _plain(name: str) -> str:
    """Return a host or domain in lower case, without the dot of the root and stray brackets."""
    return name.strip().strip("<>").rstrip(".").lower()[:255]


def _wide_name(domain: str) -> str:
    """Return "yahoo" of "yahoo.co.uk", nothing of longer or unusual names."""
    match = _COUNTRY.match(domain)
    return match[1] if match else ""


def _registered(host: str) -> str:
    """Return the domain that somebody registered, as far as a name tells; an address is nobody's.

    >>> _registered("mx1.company.example"), _registered("mx1.company.co.uk")
    ('company.example', 'company.co.uk')
    """
    if not host or _ADDRESS.match(host):
        return ""
    labels = 3 if _SHARED.search(host) else 2
    return ".".join(host.split(".")[-labels:])
