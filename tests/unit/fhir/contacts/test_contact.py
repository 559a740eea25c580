# SPDX-License-Identifier: Apache-2.0
"""A contact is read as it was written, and named for the data set."""

from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given, strategies as st

from wardkeep.care.writing import drafted
from wardkeep.disclosure.purpose import Tier
from wardkeep.fhir.contacts.codes import (
    ACTIVITIES,
    ATTENDED,
    MECHANISM,
    PLACES,
    SUBJECT,
    TOOK_PLACE,
)
from wardkeep.fhir.contacts.contact import (
    Contact,
    encounter_of,
    next_id,
    note_id,
    read_contact,
)
from wardkeep.fhir.contacts.data_set import fields_of
from wardkeep.fhir.model.person import Person
from wardkeep.fhir.store.outcomes import OpenedResource

ID = "0b3d8a52-7b1c-4c0e-9c53-0d0a3a0a0001"
BEGINS = datetime(2026, 7, 3, 9, 30, tzinfo=UTC)
CORA = Person("Practitioner/cora", "Cora Finch")
words = st.text(st.characters(codec="utf-8", categories=("L", "Nd", "Zs")), max_size=40)
lines = words.map(str.strip)
contacts = st.builds(
    Contact,
    id=st.just(ID),
    patient=st.just("ann"),
    attended=st.sampled_from(sorted(ATTENDED)),
    mechanism=st.sampled_from(sorted(MECHANISM)),
    begins=st.just(BEGINS),
    minutes=st.integers(0, 1440),
    place=st.sampled_from(["", *PLACES]),
    subject=st.sampled_from(["", *SUBJECT]),
    others=lines,
    activities=st.lists(st.sampled_from(sorted(ACTIVITIES)), unique=True).map(tuple),
    done=lines,
    why=lines,
    author=st.sampled_from([CORA, Person("", "Bank nurse")]),
    colleague=st.sampled_from([Person(), Person("Practitioner/ida", "Ida Wren")]),
    appointment=st.sampled_from(["", "booked-1"]),
    was=st.sampled_from(["", "booked", "pending"]),
    note=st.sampled_from(["", note_id(ID)]),
    next=st.sampled_from(["", next_id(ID)]),
    is_wrong=st.booleans(),
    wrong_why=lines,
)


def stored(text: bytes) -> OpenedResource:
    return OpenedResource(
        type="Encounter",
        id=ID,
        version=1,
        patient="ann",
        tier=Tier.RECORD,
        last_updated=BEGINS,
        clinical_at=None,
        text=text,
    )


@given(contacts)
def test_what_is_written_is_read_as_it_was(one: Contact) -> None:
    made = drafted(encounter_of(one))
    read = read_contact(stored(msgspec.json.encode(made.resource.content)))
    assert read == msgspec.structs.replace(one, version=1)


def contact(**unlike: object) -> Contact:
    said = Contact(
        id=ID,
        patient="ann",
        attended="5",
        mechanism="01",
        begins=BEGINS,
        minutes=40,
        place="A01",
        subject="01",
        author=CORA,
    )
    return msgspec.structs.replace(said, **unlike)


@pytest.mark.parametrize(
    ("unlike", "class_", "title"),
    [
        ({}, "HH", "Home visit"),
        ({"place": "B01"}, "AMB", "Contact face to face"),
        ({"mechanism": "02", "place": ""}, "VR", "Contact by telephone"),
        ({"mechanism": "11", "place": ""}, "VR", "Contact by video"),
        (
            {"attended": "3", "minutes": 0},
            "HH",
            "Home visit: did not come, and gave no warning",
        ),
    ],
)
def test_it_is_called_and_classed_by_how_and_where_it_was(
    unlike: dict[str, object], class_: str, title: str
) -> None:
    one = contact(**unlike)
    made = encounter_of(one)
    assert one.title == title
    assert made["class"] == {
        "system": "http://terminology.hl7.org/CodeSystem/v3-ActCode",
        "code": class_,
        "display": {"HH": "home health", "AMB": "ambulatory", "VR": "virtual"}[class_],
    }


@pytest.mark.parametrize("attended", sorted(ATTENDED))
def test_only_what_took_place_is_finished(attended: str) -> None:
    made = encounter_of(contact(attended=attended))
    took_place = attended in TOOK_PLACE
    assert made["status"] == ("finished" if took_place else "cancelled")


@pytest.mark.parametrize(
    "text",
    [
        b'{"resourceType":"Encounter","status":"finished"}',
        b'{"resourceType":"Encounter","period":{"start":"2026-07-03"}}',
        b'{"resourceType":"Encounter","period":{"start":"2026-07-03T09:30:00Z"}}',
        b'{"period":{"start":7}}',
        b"not JSON",
    ],
)
def test_another_encounter_is_no_contact(text: bytes) -> None:
    assert read_contact(stored(text)) is None


def test_the_data_set_has_its_own_names_and_londons_time() -> None:
    fields = fields_of(contact(activities=("386053000", "182836005")))
    by_name = {one.name: one.value for one in fields if one.table == "MHS201"}
    assert by_name == {
        "CARE CONTACT IDENTIFIER": ID,
        "CARE CONTACT DATE": "2026-07-03",
        "CARE CONTACT TIME": "10:30:00",
        "CLINICAL CONTACT DURATION OF CARE CONTACT": "40",
        "ATTENDANCE STATUS": "5",
        "CONSULTATION MECHANISM (MENTAL HEALTH)": "01",
        "ACTIVITY LOCATION TYPE CODE": "A01",
        "CARE CONTACT SUBJECT": "01",
    }
    assert [one.value for one in fields if one.table == "MHS202"] == [
        f"{ID}-1",
        "386053000 |Evaluation procedure|",
        f"{ID}-2",
        "182836005 |Review of medication|",
    ]


def test_why_it_was_cancelled_is_told_of_what_was_cancelled_alone() -> None:
    names = [one.name for one in fields_of(contact(attended="4", why="Snow"))]
    assert "CARE CONTACT CANCELLATION REASON" in names
    assert "CARE CONTACT CANCELLATION REASON" not in [
        one.name for one in fields_of(contact(attended="5", why="Snow"))
    ]
