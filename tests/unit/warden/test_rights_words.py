# SPDX-License-Identifier: Apache-2.0
"""Why a change of somebody's rights is refused before anybody is asked about it."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from wardkeep.base.clock import microseconds_since_epoch
from wardkeep.disclosure.people import MOST_PEOPLE, NewPerson
from wardkeep.identity.people import Person
from wardkeep.identity.roles import Role
from wardkeep.warden.service.rights_words import (
    LONGEST_NAME,
    LONGEST_WORK,
    fault_in_change,
    fault_in_people,
    fault_in_vouching,
)

NOW = datetime(2026, 11, 23, 9, 41, tzinfo=UTC)
ROWAN = NewPerson("Rowan Ash", "doctor")
PERSON = Person(
    account="a",
    display_name="Rowan Ash",
    role=Role.WARD_NURSE,
    since=NOW,
    until=None,
    ended_at=None,
    passkeys=1,
    device_bound=0,
    last_signed_in=None,
    has_link=False,
    granted_by="",
    works_elsewhere=False,
    teams=(),
)


def at(after: timedelta) -> int:
    return microseconds_since_epoch(NOW + after)


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        ([], "between 1 and"),
        ([ROWAN] * (MOST_PEOPLE + 1), "between 1 and"),
        ([ROWAN, NewPerson("  ", "doctor")], "letters"),
        ([NewPerson("a" * (LONGEST_NAME + 1), "doctor")], "letters"),
        ([NewPerson("Rowan\x07Ash", "doctor")], "letters"),
        ([NewPerson("Rowan Ash", "wizard")], "role"),
        ([NewPerson("Rowan Ash", "doctor", at(timedelta(0)))], "day to come"),
        (
            [NewPerson("Rowan Ash", "doctor", at(LONGEST_WORK + timedelta(seconds=1)))],
            "day to come",
        ),
    ],
)
def test_nobody_is_added_who_has_no_name_no_role_or_no_day_to_come(
    asked: list[NewPerson], why: str
) -> None:
    refused = fault_in_people(asked, NOW)
    assert refused is not None
    assert why in refused.why
    assert refused.code == "bad-rights"


def test_people_with_names_roles_and_days_to_come_are_added() -> None:
    asked = [ROWAN, NewPerson("Sam Dale", "ward_nurse", at(LONGEST_WORK))]
    assert fault_in_people(asked, NOW) is None


@pytest.mark.parametrize(
    ("person", "role", "until", "code"),
    [
        ({"account": "me"}, Role.DOCTOR, 0, "not-yourself"),
        ({"role": Role.SUPPORT}, Role.DOCTOR, 0, "operators-person"),
        ({}, Role.WARD_NURSE, 0, "no-change"),
        ({}, Role.PRIVACY_OFFICER, 0, "device-bound"),
        ({"device_bound": 1}, Role.PRIVACY_OFFICER, 0, ""),
        ({}, Role.WARD_NURSE, at(timedelta(days=1)), ""),
        ({}, Role.DOCTOR, 0, ""),
    ],
)
def test_a_role_is_changed_by_a_colleague_who_changes_something(
    person: dict[str, object], role: Role, until: int, code: str
) -> None:
    who = msgspec.structs.replace(PERSON, **person)
    refused = fault_in_change(who, role, until, by="me")
    assert (refused.code if refused else "") == code


@pytest.mark.parametrize(
    ("person", "code"),
    [
        ({"account": "me"}, "not-yourself"),
        ({"role": Role.SUPPORT}, "operators-person"),
        ({"works_elsewhere": True}, "works-elsewhere"),
        ({}, ""),
    ],
)
def test_a_link_is_vouched_for_by_a_colleague_where_one_works_alone(
    person: dict[str, object], code: str
) -> None:
    refused = fault_in_vouching(msgspec.structs.replace(PERSON, **person), by="me")
    assert (refused.code if refused else "") == code
