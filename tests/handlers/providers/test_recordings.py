"""Every recorded request of every provider gives the events written beside it."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from handlers.errors import SignatureError
from handlers.provider import Parsed
from handlers.webhooks import read
from resolutions.bounce import BounceEvent
from resolutions.diagnosis.diagnose import diagnose

FOLDER = Path(__file__).parent
RECORDINGS = sorted(path.with_suffix("") for path in FOLDER.glob("*/*.http"))
ANY_KIND = {"bounce", "rejected"}
"""An address on a provider's list may be called either."""


@pytest.fixture(params=RECORDINGS, ids=lambda path: f"{path.parent.name}/{path.name}")
def recording(request):
    return request.param


@pytest.fixture
def expected(recording) -> dict[str, Any]:
    return json.loads(recording.with_suffix(".events.json").read_text())


async def test_recorded_request_gives_its_events(bench, recording, expected, rulebook):
    provider = bench.provider(recording.parent.name)
    request = bench.request(recording.parent.name, recording.name)

    if expected["outcome"] == "rejected":
        with pytest.raises(SignatureError):
            await provider.authenticate(request)
        assert provider.refused in expected["statuses"]
        return
    await provider.authenticate(request)
    parsed = read(provider, request)

    assert not parsed.unusable
    assert bool(parsed.confirmation) is (expected["outcome"] == "confirm-subscription")
    assert len(parsed.events) == len(expected["events"])
    for event, wanted in zip(parsed.events, expected["events"], strict=True):
        assert problems(event, wanted) == []
        assert judgement(event, wanted, rulebook) == []


async def test_recorded_request_names_its_source_in_every_event(bench, recording, expected):
    if expected["outcome"] == "rejected":
        return
    provider = bench.provider(recording.parent.name)

    parsed = read(provider, bench.request(recording.parent.name, recording.name))

    for event in parsed.events:
        assert event.source == event.provider == recording.parent.name
        assert event.event_id
        assert event.raw
    assert all(delivered.source == recording.parent.name for delivered in parsed.delivered)


async def test_same_request_gives_the_same_ids(bench, recording):
    provider = bench.provider(recording.parent.name)
    request = bench.request(recording.parent.name, recording.name)

    assert ids(read(provider, request)) == ids(read(provider, request))


async def test_request_without_headers_is_refused(bench, recording):
    if recording.parent.name in {"mailgun", "ses"}:
        return  # their signatures stand in the body
    provider = bench.provider(recording.parent.name)

    with pytest.raises(SignatureError):
        await provider.authenticate(
            bench.request(recording.parent.name, recording.name, headers={})
        )


def ids(parsed: Parsed) -> list[tuple[str, str]]:
    return [(event.event_id, event.recipient) for event in parsed.events]


def problems(event: BounceEvent, wanted: dict[str, Any]) -> Sequence[str]:
    """Return the fields in which an event is not what is written beside its recording."""
    found = [
        f"{name}: {getattr(event, name)!r} is not {wanted[name]!r}"
        for name in ("recipient", "remote_host", "campaign", "subject", "message_id")
        if name in wanted and getattr(event, name) != wanted[name]
    ]
    if wanted.get("diagnostic_contains", "") not in event.reply.text:
        found.append(f"reply: {event.reply.text!r}")
    if "event_ids" in wanted and event.event_id not in wanted["event_ids"]:
        found.append(f"event_id: {event.event_id!r}")
    if "can_reactivate" in wanted:
        said = event.metadata.get("can_reactivate")
        if said != str(wanted["can_reactivate"]).lower():
            found.append(f"metadata.can_reactivate: {said!r}")
    return found


def judgement(event: BounceEvent, wanted: dict[str, Any], rulebook) -> Sequence[str]:
    """Return where the diagnosis of an event is not an acceptable one."""
    found = []
    diagnosis = diagnose(event, rulebook)
    kinds = ANY_KIND if wanted["kind"] == "any" else {wanted["kind"]}
    if diagnosis.kind not in kinds:
        found.append(f"kind: {diagnosis.kind}")
    if wanted["permanence"] not in {"any", diagnosis.permanence}:
        found.append(f"permanence: {diagnosis.permanence}")
    if diagnosis.reason not in wanted["reasons"]:
        found.append(f"reason: {diagnosis.reason}")
    return found
