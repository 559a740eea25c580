# SPDX-License-Identifier: Apache-2.0
"""What a list of people says of a ward's checks and leave: what is near, what late."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from wardkeep.care.ward_due import CHECK, LEAVE, overdue_in, ward_lines
from wardkeep.fhir.wards.rows import StayRow

NOW = datetime(2026, 11, 29, 4, 0, tzinfo=UTC)


def stay(last: int | None = 10, **unlike: Any) -> StayRow:
    """At a level of 30 minutes, looked at so many minutes ago."""
    said: dict[str, Any] = {
        "patient": "p",
        "stay": "s",
        "ward": "w",
        "bed": "b",
        "bed_name": "B1",
        "began_at": NOW - timedelta(days=2),
        "expected_on": None,
        "is_away": False,
        "is_sealed": False,
        "level": "l",
        "code": "intermittent",
        "every": 30,
        "turn": 1,
        "set_at": NOW - timedelta(days=1),
        "review_at": None,
        "last_at": None if last is None else NOW - timedelta(minutes=last),
        "is_alarm": False,
        "out": "",
        "went_at": None,
        "until_at": None,
        "escort": "",
        "next_leave": None,
        "back_at": None,
        "sections": (),
        **unlike,
    }
    return StayRow(**said)


@pytest.mark.parametrize(
    ("last", "said"),
    [
        (0, None),
        (14, None),
        (15, False),
        (30, False),
        (31, True),
        (600, True),
        (None, True),
    ],
)
def test_a_check_is_told_a_quarter_of_an_hour_before_and_late_after(
    last: int | None,
    said: bool | None,  # noqa: FBT001 - a case of the table
) -> None:
    found = ward_lines(stay(last), NOW)
    assert [one.is_late for one in found] == ([] if said is None else [said])
    assert {one.words for one in found} <= {CHECK}


def test_who_is_out_owes_no_check_and_is_late_where_they_are_not_back() -> None:
    out = {"is_away": True, "out": "leave"}
    late = stay(600, **out, until_at=NOW - timedelta(minutes=1))
    [line] = ward_lines(late, NOW)
    assert (line.words, line.is_late) == (LEAVE, True)
    assert ward_lines(stay(600, **out, until_at=NOW + timedelta(hours=1)), NOW) == ()
    assert ward_lines(stay(600, **out), NOW) == ()
    assert ward_lines(None, NOW) == ()
    assert ward_lines(stay(600, level=""), NOW) == ()


def test_overdue_checks_are_counted_without_those_whom_no_list_names() -> None:
    stays = [stay(31), stay(30), stay(600), stay(600, is_sealed=True)]
    assert overdue_in(stays, NOW) == 2
