# SPDX-License-Identifier: Apache-2.0
"""Notes, co-signings and templates as FHIR resources, and back."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from wardkeep.base.clock import LONDON
from wardkeep.disclosure.purpose import Tier
from wardkeep.fhir.model.person import Person
from wardkeep.fhir.model.resource import Resource
from wardkeep.fhir.notes.cosigning import CoSigning, read_task, task_of
from wardkeep.fhir.notes.note import (
    LATE_AFTER,
    Attester,
    Note,
    read_note,
    resource_of,
)
from wardkeep.fhir.notes.templates import Template, questionnaire_of, read_template
from wardkeep.fhir.notes.words import Section
from wardkeep.fhir.store.draft import draft_of
from wardkeep.fhir.store.outcomes import OpenedResource
from wardkeep.fhir.validation import check

WRITTEN = datetime(2026, 11, 28, 12, 20, 31, tzinfo=UTC)
ROWAN = Person("Practitioner/rowan", "Dr Rowan Ash")
NOTE = Note(
    id="n",
    patient="p",
    title="Ward round",
    sections=(Section("How they are", "Well.\n\n  Ate <half>."), Section("", "x")),
    written=WRITTEN,
    about=WRITTEN - timedelta(hours=5),
    authors=(ROWAN, Person("", "Somebody")),
    attesters=(Attester("2026-11-28T12:20:31+00:00", ROWAN),),
    by=ROWAN,
    why="A word was missing.",
    begun_by="Ida Wren",
    version=2,
    changed=WRITTEN,
)


def opened(resource: Resource, *, version: int = 2) -> OpenedResource:
    return OpenedResource(
        type=resource.type,
        id=resource.id or "",
        version=version,
        patient="p",
        tier=Tier.RECORD,
        clinical_at=None,
        last_updated=WRITTEN,
        text=resource.compact,
    )


def as_stored(resource: Resource) -> OpenedResource:
    tier = draft_of(resource, "n").tier
    return msgspec.structs.replace(opened(resource), tier=tier)


@pytest.mark.parametrize("is_sealed", [False, True])
@pytest.mark.parametrize("status", ["final", "preliminary", "entered-in-error"])
def test_a_note_is_valid_fhir_and_comes_back_whole(
    status: str, *, is_sealed: bool
) -> None:
    note = msgspec.structs.replace(NOTE, status=status, is_sealed=is_sealed)
    made = resource_of(note)
    assert check(made) == ()
    assert read_note(as_stored(made)) == note


def test_a_sealed_note_goes_into_the_sealed_tier_and_is_found_by_nothing() -> None:
    sealed = draft_of(resource_of(msgspec.structs.replace(NOTE, is_sealed=True)), "n")
    assert sealed.tier is Tier.SEALED
    assert sealed.facts.terms == ()
    assert draft_of(resource_of(NOTE), "n").tier is Tier.RECORD


def test_both_times_are_kept_and_only_a_late_entry_is_called_so() -> None:
    assert NOTE.is_late
    on_the_dot = msgspec.structs.replace(NOTE, about=WRITTEN - LATE_AFTER)
    in_time = msgspec.structs.replace(
        NOTE, about=WRITTEN - LATE_AFTER + timedelta(seconds=1)
    )
    assert on_the_dot.is_late
    assert not in_time.is_late


@pytest.mark.parametrize(
    "text",
    [
        b"{}",
        b'{"resourceType":"Composition","section":[]}',
        b'{"section":[{"section":[{"title":"Inner","text":{"div":"<div>a</div>"}}]}]}',
    ],
)
def test_what_was_written_elsewhere_is_read_as_far_as_it_goes(text: bytes) -> None:
    found = read_note(msgspec.structs.replace(opened(resource_of(NOTE)), text=text))
    assert found is not None
    assert found.written == WRITTEN
    assert found.about == found.written


@pytest.mark.parametrize("date", ["2020", "2020-01", "2020-01-01"])
def test_an_older_note_of_others_is_never_shown_as_written_today(date: str) -> None:
    text = b'{"date":"%s"}' % date.encode()
    found = read_note(msgspec.structs.replace(opened(resource_of(NOTE)), text=text))
    assert found is not None
    assert found.written == datetime(2020, 1, 1, tzinfo=LONDON)


@pytest.mark.parametrize(
    ("tier", "is_sealed"), [(Tier.RECORD, False), (Tier.SEALED, True)]
)
def test_sealed_is_what_lies_in_the_sealed_tier_whatever_others_wrote(
    tier: Tier, *, is_sealed: bool
) -> None:
    text = b'{"confidentiality":"N"}'
    row = msgspec.structs.replace(opened(resource_of(NOTE)), text=text, tier=tier)
    found = read_note(row)
    assert found is not None
    assert found.is_sealed == is_sealed


@pytest.mark.parametrize("text", [b"[]", b'{"author": 5}', b'{"date": "T"}'])
def test_what_is_no_note_is_none(text: bytes) -> None:
    row = msgspec.structs.replace(opened(resource_of(NOTE)), text=text)
    assert read_note(row) is None


def test_the_question_to_a_colleague_is_valid_and_belongs_to_the_patient() -> None:
    asked = CoSigning(
        note="n",
        patient="p",
        asked_by=ROWAN,
        owner=Person("Practitioner/ida", "Dr Ida Wren"),
        asked=WRITTEN,
        changed=WRITTEN,
        status="rejected",
        why="The dose is missing.",
    )
    made = task_of(asked)
    assert check(made) == ()
    assert read_task(made.compact, note="n", patient="p") == asked
    assert read_task(b"{}", note="n", patient="p") is None
    day = made.compact.replace(
        WRITTEN.isoformat(timespec="seconds").encode(), b"2026-11-24"
    )
    assert day != made.compact
    assert read_task(day, note="n", patient="p") is None
    assert draft_of(made, "n").owner == "p"


def test_a_template_is_a_questionnaire_of_its_own_code() -> None:
    template = Template(
        id="t",
        title="Four questions",
        sections=(Section("What is it", "", "In one line"), Section("And now")),
        version=3,
    )
    made = questionnaire_of(template)
    assert check(made) == ()
    assert read_template(opened(made, version=3)) == template
    other = made.compact.replace(b"note-template", b"something-else")
    row = msgspec.structs.replace(opened(made), text=other)
    assert read_template(row) is None
    assert read_template(msgspec.structs.replace(row, text=b"[]")) is None
