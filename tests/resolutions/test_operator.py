"""Who refused: told by the host, by the recipient's domain, by the words of the reply."""

import pytest

from resolutions.operator import Operators
from resolutions.rules.rulebook import Rulebook
from resolutions.rules.statuses import KNOWLEDGE, read

FILES = [(path.stem, read(path)) for path in sorted((KNOWLEDGE / "rules").glob("*.toml"), key=str)]
RECEIVERS = [(name, data) for name, data in FILES if "hosts" in data or "tokens" in data]


@pytest.mark.parametrize(
    ("host", "domain", "receiver", "operator"),
    [
        ("mx1.shop.mail.protection.outlook.com", "shop.example", "", "microsoft"),
        ("", "gmail.com", "", "google"),
        ("", "yahoo.co.uk", "", "yahoo"),
        ("mx.shop.example", "shop.example", "", "shop.example"),
        ("", "shop.example", "microsoft", "microsoft"),
        ("mx.shop.example", "shop.example", "microsoft", "microsoft"),
        ("aspmx.l.google.com", "shop.example", "microsoft", "google"),
        ("", "gmail.com", "microsoft", "google"),
        ("", "shop.example", "nobody-known", "shop.example"),
        ("", "", "", ""),
    ],
)
def test_host_decides_then_the_domain_then_the_words_of_the_reply(
    operators: Operators, host: str, domain: str, receiver: str, operator: str
) -> None:
    assert operators.operator_of(host, domain, receiver).id == operator


@pytest.mark.parametrize(("name", "data"), RECEIVERS, ids=[name for name, _ in RECEIVERS])
def test_rule_file_of_a_receiver_names_a_known_operator_or_none(
    operators: Operators, rulebook: Rulebook, name: str, data: dict[str, object]
) -> None:
    operator = rulebook.operator_of(name)

    assert operator == data.get("operator", name)
    assert operator == "" or operator in operators.ids
