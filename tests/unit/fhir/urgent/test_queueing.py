# SPDX-License-Identifier: Apache-2.0
"""A place in a queue and what a call came to, as FHIR and back."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from wardkeep.fhir.model.person import Person
from wardkeep.fhir.model.resource import Resource, parse
from wardkeep.fhir.store.draft import draft_of
from wardkeep.fhir.urgent.disposition import DISPOSITIONS, SKILLS
from wardkeep.fhir.urgent.moving import advance
from wardkeep.fhir.urgent.outcome import COMPLETED, outcome_content, outcome_in
from wardkeep.fhir.urgent.queueing import (
    Did,
    Entry,
    entry_content,
    entry_in,
    place_of,
    queued,
    skills_at,
)
from wardkeep.fhir.urgent.steps import State, Step
from wardkeep.fhir.work.ties import ties_of

NOW = datetime(2026, 11, 29, 4, 0, tzinfo=UTC)
TAKER, ANN = Person("Practitioner/tess", "Tess"), Person("Practitioner/ann", "Ann")
Json = dict[str, Any]


def made(code: str = "clinician-1h") -> list[Json]:
    return queued("c1", "p1", DISPOSITIONS[code], given=NOW, author=TAKER, why="Worse")


def entry_of(code: str = "clinician-1h") -> Entry:
    found = entry_in(made(code)[1])
    assert found is not None
    return found


def parsed(content: Json) -> Resource:
    found = parse(msgspec.json.encode(content))
    assert isinstance(found, Resource), found
    return found


@pytest.mark.parametrize("code", [one for one, it in DISPOSITIONS.items() if it.waits])
def test_what_a_call_came_to_waits_for_its_skill_until_its_time(code: str) -> None:
    came_to, place = made(code)
    said, entry = outcome_in(came_to), entry_in(place)
    assert said is not None
    assert entry is not None
    disposition = DISPOSITIONS[code]
    assert (said.code, said.case, said.patient) == (code, "c1", "p1")
    assert (entry.skill, entry.priority) == (disposition.skill, disposition.priority)
    assert entry.due == said.due == NOW + timedelta(minutes=disposition.minutes)
    assert entry.outcome == said.id
    assert entry.place == f"Location/urgent-care-{disposition.skill}"
    assert outcome_content(said) == came_to
    assert entry_content(entry) == place
    for content in (came_to, place):
        assert draft_of(parsed(content), content["id"]).patients == ("p1",)


def test_where_nobody_here_has_to_do_anything_nothing_waits() -> None:
    [came_to] = made("self-care")
    said = outcome_in(came_to)
    assert said is not None
    assert (said.status, said.due) == (COMPLETED, None)


def test_every_step_comes_back_as_it_was_taken() -> None:
    entry = entry_of()
    for step, words in (
        (Step.TAKE, ""),
        (Step.NO_ANSWER, "Rang out"),
        (Step.REACH, ""),
    ):
        after = advance(entry, Did(step=step, at=NOW, by=ANN, words=words))
        assert isinstance(after, Entry)
        entry = after
    lead = Did(step=Step.PIN, at=NOW, by=TAKER, words="Rang twice")
    pinned = advance(entry, lead, leads=True)
    assert isinstance(pinned, Entry)
    content = entry_content(pinned)
    assert entry_in(content) == pinned
    assert content["status"] == "in-progress"
    assert content["owner"]["reference"] == ANN.reference
    parsed(content)


def test_what_other_software_wrote_of_it_stays_and_its_status_counts() -> None:
    label = {"system": "urn:x", "code": "R"}
    content = entry_content(entry_of()) | {"meta": {"security": [label]}}
    again = entry_content(entry_of(), content)
    assert again["meta"] == {"security": [label]}
    done = entry_in(content | {"status": "completed"})
    assert done is not None
    assert done.state is State.DONE
    # A status that nobody knows waits: it is better looked at twice than never.
    odd = entry_in(content | {"status": "entered-in-errror"})
    assert odd is not None
    assert odd.is_open


def test_an_owner_who_is_gone_is_not_kept_from_what_is_stored() -> None:
    entry = entry_of()
    taken = advance(entry, Did(step=Step.TAKE, at=NOW, by=ANN))
    assert isinstance(taken, Entry)
    back = advance(taken, Did(step=Step.HAND_BACK, at=NOW, by=ANN, words="Off home"))
    assert isinstance(back, Entry)
    assert "owner" not in entry_content(back, entry_content(taken))


@pytest.mark.parametrize(
    "change",
    [
        {"code": {"text": "Something else"}},
        {"authoredOn": "2026-11-29"},
        {"for": {"reference": "Group/x"}},
    ],
)
def test_what_is_no_entry_is_none(change: Json) -> None:
    assert entry_in(made()[1] | change) is None


def test_only_places_of_queues_give_a_skill_and_nothing_that_is_written_does() -> None:
    assert skills_at(map(place_of, SKILLS)) == SKILLS
    forged = ["Location/heron", "Location/urgent-care-", "urgent-care-dental"]
    assert skills_at([*forged, "HealthcareService/urgent-care-dental"]) == ()


def test_a_queue_explains_its_people_for_days_and_the_outcome_explains_nobody() -> None:
    came_to, place = made()
    micro = int(NOW.timestamp()) * 1_000_000
    assert list(ties_of(parsed(came_to), came_to["id"], now=micro)) == []
    [tie] = ties_of(parsed(place), place["id"], now=micro)
    assert (tie.who, tie.kind) == ("Location/urgent-care-clinician", "queue")
    days = (tie.until - tie.since) / 86_400_000_000
    assert days == 3
    # Whoever takes it later makes nothing of it longer.
    taken = advance(entry_of(), Did(step=Step.TAKE, at=NOW, by=ANN))
    assert isinstance(taken, Entry)
    content = entry_content(taken) | {"id": place["id"]}
    later = ties_of(parsed(content), place["id"], now=micro + 3_600_000_000)
    assert {one.until for one in later} == {tie.until}
    assert {one.who for one in later} == {tie.who, ANN.reference}
