# SPDX-License-Identifier: Apache-2.0
"""A stay: admitted, moved, out, back, discharged; beds and their order."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from wardkeep.fhir.model.person import Person
from wardkeep.fhir.wards.bed import (
    CLEANING,
    CLOSED,
    FREE,
    GONE,
    become,
    in_order,
    new_bed,
    read_bed,
)
from wardkeep.fhir.wards.stay import (
    MOST_PLACES,
    admission,
    come_back,
    destination_in,
    discharge,
    expect,
    go_on_leave,
    move,
    read_stay,
)

NOW = datetime(2026, 11, 29, 14, 0, tzinfo=UTC)
HERON, KESTREL = Person("Location/heron", "Heron"), Person("Location/kestrel", "Kes")
Json = dict[str, Any]


def bed(number: int) -> Person:
    return Person(f"Location/bed-{number}", f"Bed {number}")


def admitted() -> Json:
    return admission(
        "s",
        patient="p",
        ward=HERON,
        bed=bed(1),
        at=NOW,
        reason="Low mood",
        expected=date(2026, 12, 4),
    )


def test_an_admission_says_ward_bed_reason_and_expected_day() -> None:
    said = read_stay(admitted())
    assert said is not None
    assert said.is_open
    assert said.places == ("heron", "bed-1")
    assert said.began == NOW
    assert said.expected == date(2026, 12, 4)
    assert said.reason == "Low mood"
    assert "participant" not in admitted()


def test_a_move_ends_the_bed_and_keeps_the_ward() -> None:
    content, later = admitted(), NOW + timedelta(hours=2)
    move(content, ward=HERON, bed=bed(2), at=later)
    said = read_stay(content)
    assert said is not None
    assert set(said.places) == {"heron", "bed-2"}
    [left] = [one for one in content["location"] if one["status"] == "completed"]
    assert left["location"]["reference"] == "Location/bed-1"
    assert left["period"]["end"] == "2026-11-29T16:00:00Z"
    [ward] = [one for one in content["location"] if "heron" in str(one["location"])]
    assert ward["period"] == {"start": "2026-11-29T14:00:00Z"}


def test_a_move_to_another_ward_ends_the_ward_as_well() -> None:
    content = admitted()
    move(content, ward=KESTREL, bed=bed(9), at=NOW + timedelta(days=1))
    said = read_stay(content)
    assert said is not None
    assert said.places == ("kestrel", "bed-9")


def test_of_many_moves_the_newest_are_told() -> None:
    content = admitted()
    for nth in range(40):
        ward = (HERON, KESTREL)[nth % 2]
        move(content, ward=ward, bed=bed(nth), at=NOW + timedelta(hours=nth))
    said = read_stay(content)
    assert said is not None
    assert len(content["location"]) == MOST_PLACES
    assert said.places == ("kestrel", "bed-39")


def test_leave_is_a_status_and_what_was_before_is_kept() -> None:
    content = admitted()
    go_on_leave(content, NOW + timedelta(hours=1))
    go_on_leave(content, NOW + timedelta(hours=2))
    said = read_stay(content)
    assert said is not None
    assert said.is_away
    assert said.is_open
    come_back(content, NOW + timedelta(hours=3))
    assert content["status"] == "in-progress"
    assert content["statusHistory"] == [
        {
            "status": "in-progress",
            "period": {"start": "2026-11-29T14:00:00Z", "end": "2026-11-29T15:00:00Z"},
        },
        {
            "status": "onleave",
            "period": {"start": "2026-11-29T15:00:00Z", "end": "2026-11-29T17:00:00Z"},
        },
    ]


def test_a_discharge_ends_everything_and_says_where_to() -> None:
    content = admitted()
    expect(content, None)
    discharge(
        content, at=NOW + timedelta(days=2), destination="hospice", words="St Anne’s"
    )
    said = read_stay(content)
    assert said is not None
    assert not said.is_open
    assert said.places == ()
    assert said.expected is None
    assert destination_in(content) == "hospice"
    assert content["period"]["end"] == "2026-12-01T14:00:00Z"


@pytest.mark.parametrize(
    "content",
    [
        {"resourceType": "Encounter", "class": {"code": "AMB"}},
        {"resourceType": "Encounter", "status": "in-progress"},
        {"resourceType": "Encounter", "class": "IMP"},
    ],
)
def test_what_is_no_stay_is_none(content: Json) -> None:
    assert read_stay(content) is None


def test_a_stay_with_an_end_is_over_whatever_its_status() -> None:
    content = admitted()
    content["period"]["end"] = "2026-11-30T10:00:00Z"
    said = read_stay(content)
    assert said is not None
    assert not said.is_open


def test_odd_content_of_other_software_is_read_without_a_fault() -> None:
    said = read_stay(
        {
            "class": {"code": "IMP"},
            "status": "in-progress",
            "period": {"start": "2026"},
            "location": [
                {"location": {"reference": "Location/w", "display": "W"}},
                {"location": {"reference": "https://elsewhere/Location/x"}},
                {"location": {"reference": "Location/old"}, "status": "completed"},
                {"location": {"display": "Only words"}},
                "nothing",
            ],
            "extension": [
                {"url": "urn:wardkeep:ward:expected-discharge", "valueDate": "soon"}
            ],
            "reasonCode": [{"text": 7}],
        }
    )
    assert said is not None
    assert said.places == ("w",)
    assert said.began is None
    assert said.expected is None
    assert said.reason == ""


def test_a_bed_is_free_cleaned_closed_or_gone() -> None:
    content = new_bed("b", ward="heron", name="Bed 3")
    for state in (CLEANING, CLOSED, FREE, GONE):
        become(content, state)
        said = read_bed(content)
        assert said is not None
        assert (said.ward, said.name, said.state) == ("heron", "Bed 3", state)


@pytest.mark.parametrize(
    ("more", "state"),
    [
        ({"operationalStatus": {"code": "O"}}, FREE),
        ({"operationalStatus": {"code": "K"}}, CLEANING),
        ({"operationalStatus": {"code": "U"}, "status": "suspended"}, CLOSED),
        ({"operationalStatus": "odd"}, FREE),
    ],
)
def test_a_bed_of_other_software(more: Json, state: str) -> None:
    content = {**new_bed("b", ward="heron", name="Bed 3"), **more}
    said = read_bed(content)
    assert said is not None
    assert said.state == state


def test_a_place_that_is_no_bed_is_none() -> None:
    content = new_bed("b", ward="heron", name="Bed 3")
    assert read_bed({**content, "physicalType": {"text": "Ward"}}) is None
    del content["partOf"]
    assert read_bed(content) is None


def test_beds_stand_in_the_order_of_their_numbers() -> None:
    names = ["Bed 10", "Bed 2", "bay 1 bed 2", "Bed 1", "Side room"]
    assert sorted(names, key=in_order) == [
        "bay 1 bed 2",
        "Bed 1",
        "Bed 2",
        "Bed 10",
        "Side room",
    ]
