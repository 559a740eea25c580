# SPDX-License-Identifier: Apache-2.0
"""The demo's wards: everybody who is there lies in a bed of their own."""

from collections import Counter
from datetime import UTC, datetime
from typing import Any

from wardkeep.assembly.demo.organisations import FERNHILL, LARKSPUR
from wardkeep.assembly.demo.ward_day import BEDS_A_WARD, Beds, bed_id
from wardkeep.fhir.wards.bed import read_bed
from wardkeep.fhir.wards.checks import is_sheet, read_sheet
from wardkeep.fhir.wards.leave import is_leave, read_leave
from wardkeep.fhir.wards.level import is_level, read_level
from wardkeep.fhir.wards.stay import read_stay

NOW = datetime(2026, 11, 29, 9, 30, tzinfo=UTC)
Json = dict[str, Any]


def bundle(nth: int, ward: str = "kestrel") -> Json:
    place = {"reference": f"Location/{FERNHILL.place_id(ward)}"}
    stay = {
        "resourceType": "Encounter",
        "status": "in-progress",
        "class": {"code": "IMP"},
        "period": {"start": "2026-11-27T08:00:00Z"},
        "location": [{"location": place, "status": "active"}],
    }
    person = {"resourceType": "Patient", "id": f"p{nth}"}
    return {"entry": [{"resource": person}, {"resource": stay}]}


def test_every_ward_of_the_hospital_has_beds_and_no_home_care_has() -> None:
    made = [one["resource"] for one in Beds(FERNHILL, NOW).entries()]
    beds = [one for it in made if (one := read_bed(it)) is not None]
    assert len(beds) == 4 * BEDS_A_WARD
    states = Counter(one.state for one in beds)
    assert (states["closed"], states["cleaning"]) == (4, 4)
    assert Beds(LARKSPUR, NOW).entries() == []
    assert Beds(LARKSPUR, NOW).put(bundle(0)) == []


def test_people_lie_in_beds_of_their_own_and_whoever_is_left_over_in_none() -> None:
    beds = Beds(FERNHILL, NOW)
    lain: list[str] = []
    for nth in range(BEDS_A_WARD):
        one = bundle(nth)
        beds.put(one)
        said = read_stay(one["entry"][1]["resource"])
        assert said is not None
        lain += said.places[1:]
    usable = BEDS_A_WARD - 2
    assert lain == [bed_id(FERNHILL, "kestrel", n + 1) for n in range(usable)]


def test_some_are_observed_and_two_have_leave() -> None:
    beds = Beds(FERNHILL, NOW)
    told = [one["resource"] for nth in range(9) for one in beds.put(bundle(nth))]
    levels = [read_level(one) for one in told if is_level(one)]
    assert [one.code for one in levels if one is not None] == [
        "eyesight",
        "intermittent",
        "intermittent",
        "general",
        "general",
        "general",
    ]
    sheets = [read_sheet(one) for one in told if is_sheet(one)]
    assert all(one is not None and one.last is not None for one in sheets)
    leaves = [read_leave(one) for one in told if is_leave(one)]
    assert [one.state.value for one in leaves if one is not None] == ["out", "planned"]
    assert beds.put(bundle(10, "heron")) == []
