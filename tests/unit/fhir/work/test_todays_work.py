# SPDX-License-Identifier: Apache-2.0
"""Today's work, told from the ties of real resources: their windows are undone."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from wardkeep.base.clock import LONDON, from_microseconds
from wardkeep.fhir.model.primitives import span_of
from wardkeep.fhir.model.resource import Resource, parse
from wardkeep.fhir.work.ties import ties_of
from wardkeep.fhir.work.today import begins_at, is_for_today

WARD = {"reference": "Location/w"}
HOME = {
    "coding": [
        {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "HH"}
    ]
}


def at(text: str) -> int:
    span = span_of(text)
    assert span is not None
    return span.low


NOW = at("2026-11-23T10:00:00Z")


def is_today(type_: str, **fields: Any) -> list[bool]:
    content = {"resourceType": type_, "id": "r", **fields}
    resource = parse(msgspec.json.encode(content))
    assert isinstance(resource, Resource)
    return [
        is_for_today(one.kind, since=one.since, until=one.until, now=NOW)
        for one in ties_of(resource, "r", now=NOW)
    ]


def appointment(start: str, status: str = "booked", **more: Any) -> list[bool]:
    actor = [{"actor": WARD, "status": "accepted"}]
    return is_today(
        "Appointment", status=status, start=start, participant=actor, **more
    )


def test_what_was_cancelled_is_no_work_any_more() -> None:
    """It explains openings for some days yet: somebody has to ring."""
    for start in ("2026-11-23T09:00:00Z", "2026-11-23T17:00:00Z"):
        assert appointment(start, "cancelled") == [False]
        assert appointment(start, "fulfilled") == [True]


@pytest.mark.parametrize(
    ("start", "is_of_today"),
    [
        ("2026-11-23T09:00:00Z", True),
        ("2026-11-23T17:00:00Z", True),
        ("2026-11-22T17:00:00Z", False),
        ("2026-11-24T09:00:00Z", False),
    ],
)
def test_an_appointment_is_work_of_its_own_day(
    *, start: str, is_of_today: bool
) -> None:
    assert appointment(start) == [is_of_today]
    assert appointment(start, serviceCategory=[HOME]) in ([is_of_today], [])


def test_the_time_of_an_appointment_is_told_from_its_tie() -> None:
    start = at("2026-11-23T11:20:00Z")
    shift = start - int(timedelta(days=3) / timedelta(microseconds=1))
    assert begins_at("appointment", shift) == start
    assert f"{from_microseconds(start).astimezone(LONDON):%H:%M}" == "11:20"


def stay(**period: str) -> list[bool]:
    return is_today(
        "Encounter",
        status="finished" if "end" in period else "in-progress",
        **{"class": {"code": "IMP"}},
        period=period,
        location=[{"location": WARD}],
    )


def test_who_left_the_ward_is_no_work_of_today() -> None:
    assert stay(start="2026-11-20T10:00:00Z") == [True]
    assert stay(start="2026-11-20T10:00:00Z", end="2026-11-23T09:00:00Z") == [False]


def test_an_episode_is_work_until_it_ends() -> None:
    team = [{"reference": "CareTeam/t"}]
    for status, period, expected in (
        ("active", {"start": "2025-01-01"}, True),
        ("finished", {"start": "2025-01-01", "end": "2026-11-22"}, False),
    ):
        found = is_today("EpisodeOfCare", status=status, team=team, period=period)
        assert found == [expected]


def test_orders_put_nobody_on_the_list_and_results_do() -> None:
    order = is_today(
        "ServiceRequest",
        status="active",
        requester={"reference": "Practitioner/d"},
        authoredOn="2026-11-20T10:00:00Z",
    )
    assert True not in order
    assert is_today(
        "DiagnosticReport",
        status="final",
        issued="2026-11-22T10:00:00Z",
        performer=[{"reference": "Practitioner/d"}],
    ) == [True]


def test_what_was_set_up_by_hand_without_an_end_holds_today() -> None:
    assert is_for_today("ward", since=0, until=0, now=NOW)
    assert is_for_today("caseload", since=0, until=0, now=NOW)
