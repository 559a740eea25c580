# SPDX-License-Identifier: Apache-2.0
"""The board of a treatment centre's day: who is late, by the organisation's number."""

from datetime import UTC, datetime, timedelta

import pytest

from wardkeep.apps.bases.today import centre_of, late_in
from wardkeep.fhir.clinics.outcomes import Line

NOW = datetime(2026, 11, 29, 14, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def expected(minutes_ago: int) -> Line:
    starts = NOW - minutes_ago * MINUTE
    return Line(
        appointment=f"a{minutes_ago}",
        patient="p",
        place="moor",
        day=NOW.date(),
        starts_at=starts,
        ends_at=starts + 15 * MINUTE,
        status="booked",
    )


@pytest.mark.parametrize(("minutes", "late"), [(20, 1), (21, 0), (12, 2), (5, 3)])
def test_who_is_late_is_late_by_the_organisations_number(
    minutes: int, late: int
) -> None:
    lines = [expected(one) for one in (20, 12, 5, -10)]
    found = centre_of("moor", lines, NOW, late_minutes=minutes)
    assert (found.late, found.expected) == (late, 4)
    assert [one.minutes for one in found.rows if one.is_late] == [20, 12, 5][:late]


@pytest.mark.parametrize(
    ("said", "minutes"),
    [("33", 33), ("5", 5), ("4", 20), ("121", 20), ("", 20), ("-7", 20), ("½", 20)],
)
def test_an_address_moves_the_number_within_its_bounds_alone(
    said: str, minutes: int
) -> None:
    assert late_in(said) == minutes
