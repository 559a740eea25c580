# SPDX-License-Identifier: Apache-2.0
"""What an Appointment and a Slot say of when and where; and what lies in which tier."""

from datetime import UTC, datetime

import pytest

from wardkeep.disclosure.purpose import Tier
from wardkeep.fhir.clinics.resources import draft
from wardkeep.fhir.model.resource import Resource, from_content
from wardkeep.fhir.work.booking import booking_of, free_time_of

SUMMER = "2026-07-31T23:30:00Z"


def resource(type_: str, **fields: object) -> Resource:
    made = from_content({"resourceType": type_, "id": "r", **fields})
    assert isinstance(made, Resource)
    return made


def booked(**fields: object) -> Resource:
    actors = ("Patient/p", "Location/heart", "Location/other")
    usual: dict[str, object] = {
        "status": "booked",
        "start": SUMMER,
        "participant": [{"actor": {"reference": one}} for one in actors],
    }
    return resource("Appointment", **{**usual, **fields})


def test_the_day_is_londons_and_the_place_the_first() -> None:
    said = booking_of(booked())
    assert said is not None
    assert (said.day.isoformat(), said.place) == ("2026-08-01", "heart")
    assert said.ends_at == datetime(2026, 7, 31, 23, 45, tzinfo=UTC)


@pytest.mark.parametrize(
    "fields",
    [
        {"participant": [{"actor": {"reference": "Patient/p"}}]},
        {"start": "soon"},
        {"start": None},
        {"status": "maybe"},
        {"participant": "nobody"},
    ],
)
def test_what_says_no_time_or_place_is_in_no_clinic(fields: dict[str, object]) -> None:
    assert booking_of(booked(**fields)) is None


def test_a_slot_says_whose_time_it_is() -> None:
    fields = {"schedule": {"reference": "Schedule/s"}, "status": "free"}
    said = free_time_of(resource("Slot", start=SUMMER, **fields))
    assert said is not None
    assert (said.schedule, said.status) == ("s", "free")
    assert free_time_of(resource("Slot", status="free", start=SUMMER)) is None


def test_an_appointment_is_in_the_banner_tier_and_a_restricted_one_is_sealed() -> None:
    content = dict(booked().content)
    assert draft(content, "r").tier is Tier.BANNER
    label = {
        "system": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality",
        "code": "R",
    }
    restricted = {**content, "meta": {"security": [label]}}
    assert draft(restricted, "r").tier is Tier.SEALED
