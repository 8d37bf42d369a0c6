"""What SES and SNS are asked to do: the suppression list, and subscriptions."""

import pytest

from handlers.errors import PermanentError, TemporaryError
from handlers.provider import Confirmation, Suppression
from tests.handlers.providers.ses.conftest import TOPIC

LINK = "https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&Token=abc"


@pytest.fixture
def listing(make, aws):
    return make(api=aws.api).suppressing


def asked(**changes):
    return Confirmation(
        **{"source": "ses", "topic": TOPIC, "token": "abc", "link": LINK, **changes}
    )


def test_without_credentials_there_is_no_list(ses):
    assert ses.suppressing is None


def test_list_says_what_it_is_and_what_it_stops(make, aws):
    listing = make(api={**aws.api, "region": "us-east-1"}).suppressing

    assert listing.suppression_list == "the SES account suppression list"
    assert listing.stops == "all mail of this SES account in us-east-1"


async def test_address_that_is_not_on_the_list(listing):
    assert await listing.suppression_of("ana@receiver.example") is None


async def test_address_is_added_and_removed_in_the_region_of_the_topic(listing, aws):
    added = await listing.suppress("ana+news@receiver.example")

    assert added == await listing.suppression_of("ana+news@receiver.example")
    assert added == Suppression(
        recipient="ana+news@receiver.example",
        list="account",
        cause="BOUNCE",
        since="1781524800.5",
    )
    await listing.unsuppress("ana+news@receiver.example")
    assert not aws.listed
    assert set(aws.scopes) == {"eu-west-1/ses"}


async def test_address_is_one_step_of_the_path_whatever_it_holds(listing, aws):
    await listing.suppression_of("o'ana&b=c?%#+news@receiver.example")

    step = "o%27ana%26b%3Dc%3F%25%23%2Bnews%40receiver.example"
    assert aws.calls == [f"GET /v2/email/suppression/addresses/{step}"]


@pytest.mark.parametrize("address", ["", "ana", "../ana@x", "a b@x.example", "a@x.example/", "@"])
async def test_what_is_no_address_reaches_nobody(listing, aws, address):
    for ask in (listing.suppression_of, listing.suppress, listing.unsuppress):
        with pytest.raises(PermanentError, match="not an address"):
            await ask(address)

    assert not aws.calls


async def test_complaint_is_added_as_one(listing, aws):
    added = await listing.suppress("ana@receiver.example", complaint=True)

    assert added == await listing.suppression_of("ana@receiver.example")
    assert (added.cause, added.by_person) == ("COMPLAINT", True)
    assert aws.listed["ana@receiver.example"]["Reason"] == "COMPLAINT"


async def test_complaint_stays_a_complaint(listing, aws):
    aws.listed["ana@receiver.example"] = {"Reason": "COMPLAINT", "LastUpdateTime": 1.0}

    entry = await listing.suppress("ana@receiver.example")

    assert entry.by_person
    assert aws.listed["ana@receiver.example"]["Reason"] == "COMPLAINT"


async def test_removing_an_absent_address_is_no_error(listing):
    await listing.unsuppress("ana@receiver.example")


async def test_session_token_is_sent_and_signed(make, aws):
    listing = make(api={**aws.api, "session_token": "temporary"}).suppressing

    assert await listing.suppression_of("ana@receiver.example") is None


async def test_wrong_secret_is_permanent_and_not_quoted(make, aws):
    listing = make(api={**aws.api, "secret_access_key": "another-secret"}).suppressing

    with pytest.raises(PermanentError, match="403") as caught:
        await listing.suppression_of("ana@receiver.example")
    assert "another-secret" not in str(caught.value)


async def test_too_many_calls_are_temporary(listing, aws):
    aws.failing = 429

    with pytest.raises(TemporaryError, match="Rate exceeded"):
        await listing.suppression_of("ana@receiver.example")


async def test_subscription_is_confirmed_in_the_region_of_its_topic(make, aws):
    ses = make(api={**aws.api, "region": "us-east-1"})

    line = await ses.confirming.confirm(asked())

    assert line == f"Subscription to {TOPIC} confirmed"
    assert aws.scopes == ["eu-west-1/sns"]
    assert aws.calls == ["POST /"]
    assert aws.confirmed == [
        {
            "Action": "ConfirmSubscription",
            "Version": "2010-03-31",
            "TopicArn": TOPIC,
            "Token": "abc",
            "AuthenticateOnUnsubscribe": "true",
        }
    ]


async def test_without_credentials_a_person_is_told_what_to_do(ses):
    with pytest.raises(PermanentError, match=r"no AWS credentials.*eu-west-1.*paste the link"):
        await ses.confirming.confirm(asked())


async def test_link_is_not_in_the_error_where_slack_might_fetch_it(ses):
    with pytest.raises(PermanentError) as caught:
        await ses.confirming.confirm(asked())

    assert "http" not in str(caught.value)


async def test_subscription_that_the_api_refuses_is_left_to_a_person(make, aws):
    with pytest.raises(PermanentError, match=r"InvalidParameter.*yourself"):
        await make(api=aws.api).confirming.confirm(asked(token="stale"))


async def test_foreign_topic_is_not_confirmed(make, aws):
    with pytest.raises(PermanentError, match="none of the source's topic_arns"):
        await make(api=aws.api).confirming.confirm(asked(topic=TOPIC.replace("bounces", "x")))

    assert not aws.calls
