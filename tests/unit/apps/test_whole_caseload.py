# SPDX-License-Identifier: Apache-2.0
"""A whole caseload is dealt out evenly, and a place that moved is the new team's."""

from datetime import date, timedelta

import pytest

from wardkeep.apps.referrals.opening import Found
from wardkeep.apps.referrals.stepping import is_ours
from wardkeep.apps.referrals.whole_caseload import dealt
from wardkeep.fhir.model.person import Person
from wardkeep.fhir.referrals.rows import Place
from wardkeep.fhir.work.caseload import episode_content, moved
from wardkeep.fhir.work.referral import Referral

FIRST = date(2026, 1, 1)


def places(many: int) -> list[Place]:
    return [
        Place(f"e{n:02}", f"p{n}", "mind", "nell", FIRST + timedelta(days=many - n))
        for n in range(many)
    ]


def test_each_colleague_gets_as_many_and_nobody_all_of_the_new_ones() -> None:
    moves = dealt(places(7), ["mind|cora", "mind|vera"])
    to = [worker for _, _, worker in moves]
    assert to == ["cora", "vera", "cora", "vera", "cora", "vera", "cora"]
    assert moves[0] == ("e06", "mind", "cora"), "the longest there goes first"
    assert len({episode for episode, _, _ in moves}) == 7


def test_one_colleague_gets_all_of_them() -> None:
    moves = dealt(places(3), ["heart|hedda"])
    assert {(team, worker) for _, team, worker in moves} == {("heart", "hedda")}
    assert dealt([], ["heart|hedda"]) == []


@pytest.mark.parametrize(("team", "expected"), [("mind", True), ("heart", False)])
def test_a_place_that_went_to_another_team_is_not_the_old_teams_to_end(
    *, team: str, expected: bool
) -> None:
    mind = Person("HealthcareService/mind", "Mind")
    content = episode_content(
        id_="e",
        patient="ann",
        team=mind,
        worker=Person("Practitioner/nell", "Nell"),
        referral="r",
        on="2026-11-01",
    )
    content = moved(
        content,
        team=Person(f"HealthcareService/{team}", team),
        worker=Person("Practitioner/cora", "Cora"),
    )
    found = Found(
        id="r",
        version=3,
        referral=Referral(team=mind, requester=Person("", "Dr Elsewhere")),
        content={},
    )
    assert is_ours(found, content) is expected
