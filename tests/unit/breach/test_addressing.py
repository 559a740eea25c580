# SPDX-License-Identifier: Apache-2.0
"""To whom a letter goes: the record decides, and what it leaves open a person does."""

import json
from datetime import date

import pytest

from wardkeep.breach.addressing import Addressee, addressee_of, unknown

TODAY = date(2026, 11, 29)
HOME = {
    "use": "home",
    "line": ["2 Reed Lane", "Upper  Town"],
    "city": "Fernhill",
    "postalCode": "ZZ1 1ZZ",
}
ANNA: dict[str, object] = {
    "resourceType": "Patient",
    "name": [{"family": "ASHDOWN", "given": ["Anna", "May"], "prefix": ["Ms"]}],
    "birthDate": "1950-02-03",
    "address": [HOME],
}


def to(
    *, is_sealed: bool = False, has_sealed: bool = False, **changed: object
) -> Addressee:
    text = json.dumps({**ANNA, **changed}).encode()
    return addressee_of(
        "anna", text, today=TODAY, is_sealed=is_sealed, has_sealed=has_sealed
    )


def test_a_grown_person_with_a_home_gets_a_letter() -> None:
    found = to()
    assert found.decide == ()
    assert found.name == "Ms Anna May ASHDOWN"
    assert found.lines == ("2 Reed Lane", "Upper Town", "Fernhill", "ZZ1 1ZZ")


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"deceasedBoolean": True}, "has died"),
        ({"deceasedDateTime": "2026-01-02"}, "has died"),
        ({"birthDate": "2008-11-30"}, "is a child, 17 years old"),
        ({"birthDate": "2008"}, "is a child, 17 years old"),
        ({"birthDate": "2008-11"}, ""),
        ({"birthDate": "2008-12"}, "is a child, 17 years old"),
        ({"birthDate": "2008-11-29"}, ""),
        ({"birthDate": ""}, "may be a child"),
        ({"birthDate": "unknown"}, "may be a child"),
        ({"active": False}, "not in use"),
        ({"link": [{"type": "replaced-by", "other": {}}]}, "replaced by"),
        ({"link": [{"type": "seealso", "other": {}}]}, ""),
        ({"address": []}, "no address"),
        ({"address": [{**HOME, "use": "temp"}]}, "no address"),
        ({"address": [{**HOME, "period": {"end": "2026-11-28"}}]}, "no address"),
        ({"address": [{**HOME, "period": {"end": "2026-11-29"}}]}, ""),
        ({"address": [{"use": "home"}]}, "no address"),
        ({"name": []}, "no name"),
        ({"name": [{"use": "old", "text": "Anna Wren"}]}, "no name"),
        ({"is_sealed": True}, "talk with them first"),
        ({"has_sealed": True}, "protected address"),
    ],
)
def test_what_the_record_leaves_open_goes_to_a_person_without_name_and_address(
    changed: dict[str, bool], why: str
) -> None:
    found = to(**changed)
    assert bool(found.decide) is bool(why)
    assert why in "; ".join(found.decide)
    if why:
        assert (found.name, found.lines) == ("", ())


def test_an_address_in_one_text_is_cut_into_lines() -> None:
    found = to(address=[{"text": "2 Reed Lane,\nFernhill, ZZ1 1ZZ"}])
    assert found.lines == ("2 Reed Lane", "Fernhill", "ZZ1 1ZZ")


def test_the_home_goes_before_what_stands_first() -> None:
    other = {"use": "work", "line": ["9 Mill Yard"]}
    assert to(address=[other, HOME]).lines[0] == "2 Reed Lane"
    assert to(address=[other]).lines == ("9 Mill Yard",)
    official = {"use": "official", "text": "Anna Maria Ashdown"}
    assert to(name=[{"text": "Anna"}, official]).name == "Anna Maria Ashdown"


def test_what_cannot_be_read_or_is_gone_goes_to_a_person() -> None:
    assert unknown("anna").decide
    broken = addressee_of("anna", b"[", today=TODAY, is_sealed=False, has_sealed=False)
    assert broken.decide == ("the record cannot be read",)
