"""The wordings that no rule decides are found, grouped, masked, and lead to rules that hold."""

import json
import tomllib
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.cli.bulk import unmatched
from bot.cli.bulk.unmatched import Collection, Unmatched, find_unmatched
from bot.settings.faults import check
from bot.settings.source import SettingsError
from bot.settings.storage import StoreSettings
from bot.store.rows.delivery import SHOWN, body_of
from handlers.provider import Parsed
from handlers.triage import Triage
from resolutions.alert import Delivery, DeliveryState
from resolutions.bounce import BounceEvent, Kind, Permanence, SmtpReply
from resolutions.diagnosis.diagnose import diagnose
from resolutions.diagnosis.result import Confidence, PastedReply
from resolutions.reason import Reason
from resolutions.rules.rulebook import Rulebook
from tests.bot.store.samples import request

ODD = "550 5.7.1 <{}>: the gnome at the gate frowns on parcels from [198.51.100.7]"
ODD_WORDS = ["alpha", "beta", "gamma", "delta"]
DAY = datetime(2026, 6, 15, 9, 0, tzinfo=UTC)


def event(number, recipient, text, host=""):
    return BounceEvent(
        source="shop",
        provider="postmark",
        event_id=str(number),
        kind=Kind.BOUNCE,
        permanence=Permanence.UNKNOWN,
        recipient=recipient,
        occurred_at=DAY + timedelta(days=number),
        reply=SmtpReply(text),
        remote_host=host,
        provider_message_id=str(number),
    )


def delivery(recipient, text, code="", operator="first.example", number=0):
    told = event(number, recipient, text)
    body = dict.fromkeys(SHOWN, "") | body_of(told) | {"code": code}
    return Delivery(
        id=number,
        alert_id=1,
        source="shop",
        state=DeliveryState.BOUNCED,
        kind=Kind.BOUNCE,
        reason=Reason.POLICY_RELATED,
        variant="",
        permanence=Permanence.PERMANENT,
        confidence=Confidence.WEAK,
        evidence=(),
        campaign="",
        operator=operator,
        occurred_at=told.occurred_at,
        **body,
    )


@pytest.fixture
def collected(rulebook):
    """Return what is found among some deliveries."""

    def collected(*deliveries):
        collection = Collection(rulebook)
        for each in deliveries:
            collection.take(each)
        return Unmatched.of(collection)

    return collected


@pytest.fixture
def stored(store, rulebook, operators, catalogue, clock):
    """Take bounces in as the bot does."""

    async def stored(*events):
        heard = replace(request("shop"), received_at=clock())
        await store.events.record(heard, Parsed(events=list(events)))
        while await Triage(store.events, rulebook, operators, catalogue).triage():
            pass

    return stored


async def test_what_no_rule_decides_is_listed_most_frequent_first(stored, database_url):
    await stored(
        event(1, "ana@first.example", ODD.format("ana@first.example")),
        event(2, "bo@second.example", ODD.format("bo@second.example")),
        event(3, "eve@gmail.com", "550 the hamster is tired"),
        event(4, "joe@gmail.com", "550 5.1.1 user unknown"),
        event(5, "kim@gmail.com", "552 5.2.2 mailbox full"),
    )
    settings = check(StoreSettings, {"database": {"url": database_url}}, ())

    found = await find_unmatched(settings)

    gnome, hamster = found.wordings
    assert (gnome.count, hamster.count) == (2, 1)
    assert gnome.wording == "550 5.7.1 <@>: the gnome at the gate frowns on parcels from [<#>]"
    assert (gnome.code, gnome.status) == ("550", "5.7.1")
    assert set(gnome.operators) == {"first.example", "second.example"}
    assert (gnome.first, gnome.last) == (DAY + timedelta(days=1), DAY + timedelta(days=2))
    assert dict(hamster.operators) == {"google": 1}


async def test_a_rule_of_one_s_own_takes_its_wording_from_the_list(stored, database_url, tmp_path):
    await stored(event(1, "ana@first.example", ODD.format("ana@first.example")))
    own = tmp_path / "ours.toml"
    tables = {"database": {"url": database_url}, "rules": {"files": [str(own)]}}
    own.write_text("")
    (rule,) = (await find_unmatched(check(StoreSettings, tables, ()))).rules

    own.write_text(rule)

    assert (await find_unmatched(check(StoreSettings, tables, ()))).wordings == ()


async def test_own_rules_that_cannot_be_read_are_a_fault_of_the_settings(database_url):
    tables = {"database": {"url": database_url}, "rules": {"files": ["none.toml"]}}

    with pytest.raises(SettingsError, match=r"rules: .*none\.toml.*; mend the file"):
        await find_unmatched(check(StoreSettings, tables, ()))


async def test_pages_of_any_size_find_the_same(stored, store):
    await stored(*(event(number, f"a{number}@x.example", "550 odd") for number in range(7)))

    pages = [page async for page in store.deliveries.undecided(span=3)]

    assert [len(page) for page in pages] == [3, 3, 1]


def test_samples_hold_no_address_and_no_name(collected):
    text = "550 ana.smith is odd to us, says ana.smith@first.example of ana.smith.example"

    (found,) = collected(delivery("ana.smith@first.example", text)).wordings

    assert "ana.smith@" not in found.sample
    assert "ana.smith is" not in found.sample
    assert "ana.smith.example" in found.sample


def test_names_alone_do_not_keep_wordings_apart(collected):
    texts = [(name, f"550 {name} is odd to us") for name in ("anna", "boris", "k7")]

    found = collected(*(delivery(f"{name}@x.example", text) for name, text in texts[:2]))

    assert [each.count for each in found.wordings] == [2]


def test_numbers_and_hosts_do_not_keep_wordings_apart(collected):
    text = (
        "554 5.7.1 the gnome at gate {0} of mx{0}.zebra.example (see https://z{0}.example/{0}) no"
    )

    found = collected(*(delivery("a@x.example", text.format(number)) for number in (7, 12, 4404)))

    (gnome,) = found.wordings
    assert gnome.count == 3
    assert gnome.wording == "554 5.7.1 the gnome at gate <~> of <h> (see <h>) no"


@pytest.mark.parametrize(
    "text",
    [
        ODD.format("ana@first.example"),
        "554 it's a \"strange\" day (really) for C:\\mail, isn't it? [x+y]*{2}|z",
        "550 5.7.1 https://odd.example/gate/198.51.100.7 says: no parcels on mondays",
        "550 5.7.1 謎の手紙は受け取れません",
        "550 " + "very long odd words " * 60,
        "550 gremlin\x1b[2J\x7f at work",
    ],
)
def test_a_suggested_rule_can_be_used_as_it_is(collected, tmp_path, text):
    found = collected(delivery("ana@first.example", text))
    file = tmp_path / "ours.toml"
    file.write_text(found.rules[0])

    own = Rulebook.load([file])

    (rule,) = tomllib.loads(found.rules[0])["rule"]
    won = diagnose(PastedReply(SmtpReply(rule["examples"][0])), own)
    assert won.evidence[0].rule == rule["id"]
    assert "ana@" not in found.rules[0]
    assert all(one.isprintable() or one == "\n" for one in found.rules[0])


def test_two_rules_have_two_ids(collected):
    found = collected(
        delivery("a@x.example", "550 the gnome says no"),
        delivery("a@x.example", "450 the gnome says no"),
    )

    assert len({tomllib.loads(rule)["rule"][0]["id"] for rule in found.rules}) == 2


def test_bounces_without_a_text_are_only_counted(collected):
    found = collected(delivery("a@x.example", " "))

    assert (found.wordings, found.silent) == ((), 1)
    assert "1 bounce came without any text" in found.as_text()


def test_rare_wordings_give_way_before_the_memory_is_full(collected, monkeypatch):
    monkeypatch.setattr(unmatched, "GROUPS", 4)
    often = [delivery("a@x.example", "550 gnome gnome")] * 3
    rare = [delivery("a@x.example", f"550 {word} odd") for word in ODD_WORDS]

    found = collected(*often, *rare)

    assert found.wordings[0].count == 3
    assert found.let_go == 3
    assert "not among these: 3 bounces of rare wordings" in found.as_text()


def test_operators_beyond_some_are_counted_together(collected):
    found = collected(
        *(delivery("a@x.example", "550 gnome", operator=f"{n}.example") for n in range(60))
    )

    (gnome,) = found.wordings
    assert len(gnome.operators) == unmatched.OPERATORS + 1
    assert gnome.operators["others"] == 10


def test_programs_get_a_json_object_a_line(collected):
    found = collected(delivery("a@x.example", "550 the gnome says no", "550"))

    (line,) = found.as_lines()
    assert json.loads(line) == {
        "count": 1,
        "wording": "550 the gnome says no",
        "code": "550",
        "status": "",
        "operators": {"first.example": 1},
        "first": "2026-06-15T09:00:00+00:00",
        "last": "2026-06-15T09:00:00+00:00",
        "sample": "550 the gnome says no",
        "answers": {"policy-related": 1},
        "rule": found.rules[0],
    }


def test_people_get_the_rule_and_what_to_do_with_it(collected):
    text = collected(delivery("a@x.example", "550 the gnome says no")).as_text()

    assert text.startswith("1 bounce in 1 wording that no rule decides")
    assert "[[rule]]" in text
    assert 'files = ["ours.toml"]' in text
