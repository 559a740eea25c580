# SPDX-License-Identifier: Apache-2.0
"""Whom somebody may expect, told to themselves alone, as ids and reasons."""

from datetime import UTC, datetime, timedelta

from support.warden import RunningWarden
from wardkeep.disclosure.answers import Done, Refusal
from wardkeep.disclosure.questions import SetWork
from wardkeep.disclosure.who_i_am import AskWhomIExpect, WhomIExpect
from wardkeep.teams.relationships import ExpectedSets, Relationship
from wardkeep.teams.rosters import Roster, Seat
from wardkeep.teams.ties import Source, Tie, Ties

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
AT = int(NOW.timestamp()) * 1_000_000
HOUR = 3_600_000_000
STAY = Source(1, "Encounter", "stay", "otto")


def tie(who: str, *, made_by: str = "desk", hours: int = 1) -> Tie:
    return Tie(who, "ward", AT - HOUR, AT + hours * HOUR, made_by)


def expected(ties: Ties) -> ExpectedSets:
    made = ExpectedSets(ties)
    made.rosters[1] = Roster(
        {"ash": frozenset({"Practitioner/ash"})},
        {"team": frozenset({"Location/heron"})},
        {"ash": (Seat("team", 0, AT + HOUR),)},
    )
    return made


def patients(of: ExpectedSets, at: datetime = NOW) -> list[tuple[str, str]]:
    found = of.expected_by(account="ash", organisation=1, at=at)
    return sorted((one.patient, one.source) for one in found)


def test_people_of_ones_places_are_expected_while_one_is_in_the_team() -> None:
    ties = Ties()
    ties.put({STAY: [tie("Location/heron", hours=9)]})
    known = expected(ties)
    assert patients(known) == [("otto", "Encounter/stay")]
    assert patients(known, NOW + timedelta(hours=2)) == []


def test_a_newer_version_of_the_work_takes_the_place_of_the_older_one() -> None:
    ties = Ties()
    known = expected(ties)
    ties.put({STAY: [tie("Location/heron")]})
    ties.put({STAY: [tie("Location/kestrel")]})
    assert patients(known) == []
    ties.put({STAY: [tie("Practitioner/ash")]})
    assert patients(known) == [("otto", "Encounter/stay")]
    ties.put({STAY: []})
    assert patients(known) == []


def test_nobody_is_expected_by_what_is_over_or_was_erased() -> None:
    ties = Ties()
    known = expected(ties)
    ties.put({STAY: [tie("Practitioner/ash")]})
    ties.forget_over(AT + 2 * HOUR)
    assert patients(known) == []
    ties.put({STAY: [tie("Practitioner/ash")]})
    known.forget_patient(1, "otto")
    assert patients(known) == []


def test_what_was_set_up_by_hand_is_told_until_it_is_forgotten() -> None:
    known = expected(Ties())
    known.add(
        Relationship(
            organisation=1,
            account="ash",
            patient="ada",
            kind="caseload",
            valid_from=NOW - timedelta(days=1),
        )
    )
    [one] = known.expected_by(account="ash", organisation=1, at=NOW)
    assert (one.patient, one.until, one.source) == ("ada", 0, "")
    known.end_account("ash")
    assert patients(known) == []


def test_what_somebody_wrote_for_themselves_is_marked() -> None:
    ties = Ties()
    ties.put({STAY: [tie("Practitioner/ash", made_by="ash")]})
    [one] = expected(ties).expected_by(account="ash", organisation=1, at=NOW)
    assert one.is_self_made


async def test_each_is_told_their_own_and_nobody_elses(warden: RunningWarden) -> None:
    nurse = await warden.account("ward_nurse")
    other = await warden.account("ward_nurse")
    token, _ = await warden.enrol(nurse)
    stranger, _ = await warden.enrol(other)
    asked = SetWork(warden.home, ((nurse, ("Practitioner/ash",)),), ())
    assert await warden.operator.ask(asked, Done) == Done()
    await warden.relate(nurse, "otto", organisation=warden.home)
    told = await warden.door.ask(AskWhomIExpect(token), WhomIExpect)
    assert isinstance(told, WhomIExpect)
    assert [(one.patient, one.kind) for one in told.lines] == [("otto", "ward")]
    none = await warden.door.ask(AskWhomIExpect(stranger), WhomIExpect)
    assert none == WhomIExpect((), 0)


async def test_nobody_is_told_anything_without_a_session(
    warden: RunningWarden,
) -> None:
    answer = await warden.door.ask(AskWhomIExpect("nobody"), WhomIExpect)
    assert isinstance(answer, Refusal)
    assert answer.code == "not-signed-in"
