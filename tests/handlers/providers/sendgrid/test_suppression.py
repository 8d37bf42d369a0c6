"""What SendGrid's lists say of an address, and what is asked of them."""

import pytest
from pydantic import ValidationError

from handlers.errors import PermanentError
from handlers.provider import Suppression

ANA = "ana+news@receiver.example"


@pytest.fixture
def lists(make, api):
    """The lists of an account whose flag is the global unsubscribe."""
    return make(api=api.settings("global")).suppressing


@pytest.fixture
def group(make, api):
    """The lists of an account whose flag is an unsubscribe group."""
    return make(api=api.settings("group:7")).suppressing


def test_flags_stay_in_bounce_desk_unless_the_settings_say_otherwise(make, api):
    assert make().suppressing is None
    assert make(api={"key": "SG.key"}).suppressing is None
    assert make(api=api.settings("store")).suppressing is None


@pytest.mark.parametrize("inactive", ["", "all", "group", "group:", "group:x", "group:7/../8"])
def test_other_words_for_inactive_are_refused(make, api, inactive):
    with pytest.raises(ValidationError):
        make(api=api.settings(inactive))


def test_lists_say_what_they_stop(lists, group):
    assert lists.stops == "all mail of this SendGrid account, receipts and passwords too"
    assert group.stops == "mail of SendGrid's unsubscribe group 7 only"


async def test_address_that_is_on_no_list(lists, group):
    assert await lists.suppression_of(ANA) is None
    assert await group.suppression_of(ANA) is None


async def test_address_is_unsubscribed_and_that_is_taken_back(lists, api):
    added = await lists.suppress(ANA)

    assert added == await lists.suppression_of(ANA)
    assert (added.list, api.unsubscribed) == ("global unsubscribes", {ANA})
    await lists.unsuppress(ANA)
    assert not api.unsubscribed


async def test_group_is_the_only_one_touched(group, api):
    api.groups["8"].add(ANA)
    assert await group.suppression_of(ANA) is None

    added = await group.suppress(ANA)

    assert added == await group.suppression_of(ANA)
    assert (added.list, added.by_person) == ("unsubscribe group 7", True)
    await group.unsuppress(ANA)
    assert api.groups == {"7": set(), "8": {ANA}}


@pytest.mark.parametrize(
    ("name", "shown"), [("bounces", "bounces"), ("invalid_emails", "invalid emails")]
)
async def test_entry_of_sendgrid_itself(lists, api, name, shown):
    getattr(api, name)[ANA] = {"created": 1781524800, "email": ANA, "reason": "550 unknown"}

    entry = await lists.suppression_of(ANA)

    assert entry == Suppression(recipient=ANA, list=shown, cause="550 unknown", since="1781524800")
    await lists.unsuppress(ANA)
    assert not getattr(api, name)


async def test_wish_of_the_person_comes_before_a_bounce(lists, api):
    api.bounces[ANA] = {"created": 1, "email": ANA}
    api.unsubscribed.add(ANA)

    entry = await lists.suppression_of(ANA)

    assert entry.by_person


async def test_taking_ours_back_leaves_the_bounce(lists, api):
    await lists.suppress(ANA)
    api.bounces[ANA] = {"created": 1, "email": ANA}

    await lists.unsuppress(ANA)

    assert not api.unsubscribed
    assert ANA in api.bounces


async def test_spam_report_is_never_removed(lists, api):
    api.spam_reports[ANA] = {"created": 1, "email": ANA, "ip": "192.0.2.1"}

    assert (await lists.suppression_of(ANA)).by_person
    with pytest.raises(PermanentError, match="reported our mail as spam"):
        await lists.unsuppress(ANA)
    assert ANA in api.spam_reports


async def test_removing_an_absent_address_is_no_error(lists, api):
    await lists.unsuppress(ANA)

    assert not [call for call in api.calls if call.startswith("DELETE")]


async def test_address_is_one_step_of_the_path(lists, api):
    await lists.suppression_of("a?b#c%+news@receiver.example")

    step = "a%3Fb%23c%25%2Bnews%40receiver.example"
    assert api.calls[0] == f"GET /v3/suppression/spam_reports/{step}"


@pytest.mark.parametrize("address", ["", "ana", "../../x@y", "a b@x.example", "@"])
async def test_what_is_no_address_reaches_nobody(lists, api, address):
    for ask in (lists.suppression_of, lists.suppress, lists.unsuppress):
        with pytest.raises(PermanentError, match="not an address"):
            await ask(address)

    assert not api.calls


async def test_wrong_key_is_permanent_and_not_quoted(make, api):
    lists = make(api={**api.settings("global"), "key": "SG.other"}).suppressing

    with pytest.raises(PermanentError, match="access forbidden") as caught:
        await lists.suppression_of(ANA)
    assert "SG.other" not in str(caught.value)
