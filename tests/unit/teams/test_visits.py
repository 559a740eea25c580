# SPDX-License-Identifier: Apache-2.0
"""Visits that let somebody into a home: by whom they were planned, and for whom."""

from datetime import UTC, datetime, timedelta

import pytest

from wardkeep.base.clock import microseconds_since_epoch
from wardkeep.fhir.work import home
from wardkeep.teams.relationships import ExpectedSets, Relationship
from wardkeep.teams.rosters import Roster, Seat
from wardkeep.teams.ties import Source, Tie, Ties
from wardkeep.teams.visits import AFTER, BEFORE, KIND, Visit

STARTS = datetime(2026, 11, 23, 7, 0, tzinfo=UTC)
VISIT = Visit(starts=STARTS, ends=STARTS + timedelta(minutes=30))
CARER, PLANNER = "cara", "cora"


def expected(
    *, who: str = "Practitioner/cara", kind: str = KIND, made_by: str = PLANNER
) -> ExpectedSets:
    opens, closes = map(microseconds_since_epoch, (VISIT.opens, VISIT.closes))
    ties = Ties()
    source = Source(1, "Appointment", "a", "p-1")
    ties.put({source: [Tie(who, kind, opens, closes, made_by)]})
    found = ExpectedSets(ties)
    found.rosters[1] = Roster(
        practitioners={CARER: frozenset({"Practitioner/cara"})},
        places={"round": frozenset({"Location/round"})},
        seats={CARER: (Seat("round"),)},
    )
    return found


def visits(found: ExpectedSets, *, account: str = CARER) -> tuple[Visit, ...]:
    return found.visits(account=account, organisation=1, patient="p-1")


def test_a_visit_of_the_plan_lets_the_carer_in_whom_it_names() -> None:
    assert visits(expected()) == (VISIT,)
    assert visits(expected(), account="somebody") == ()


@pytest.mark.parametrize(
    ("who", "kind", "made_by"),
    [
        ("Practitioner/cara", KIND, CARER),
        ("Practitioner/cara", "caseload", PLANNER),
        ("Location/round", KIND, PLANNER),
    ],
)
def test_no_visit_that_she_wrote_herself_or_that_names_her_team(
    who: str, kind: str, made_by: str
) -> None:
    assert visits(expected(who=who, kind=kind, made_by=made_by)) == ()


def test_visits_that_were_set_by_hand_stand_beside_it() -> None:
    found = expected()
    later = Visit(
        starts=STARTS + timedelta(hours=5), ends=VISIT.ends + timedelta(hours=5)
    )
    found.add(
        Relationship(
            organisation=1,
            account=CARER,
            patient="p-1",
            kind=KIND,
            valid_from=later.opens,
            valid_until=later.closes,
        )
    )
    assert set(visits(found)) == {VISIT, later}


def test_the_plan_and_the_door_know_the_same_window() -> None:
    assert home.VISIT == KIND
    microsecond = timedelta(microseconds=1)
    assert (BEFORE / microsecond, AFTER / microsecond) == (home.BEFORE, home.AFTER)
