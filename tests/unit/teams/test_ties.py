# SPDX-License-Identifier: Apache-2.0
"""Ties: what the work explains, who is who in it, and what an account's own explain."""

import asyncio
from typing import cast

import pytest

from wardkeep.base.clock import from_microseconds
from wardkeep.db.connection import Connection
from wardkeep.identity.roles import Role
from wardkeep.teams.relationships import SELF_MADE, ExpectedSets, Why
from wardkeep.teams.rosters import Roster, Seat
from wardkeep.teams.ties import Source, Tie, Ties
from wardkeep.warden.budgets import Budgets

NOW = 1_795_000_000_000_000
HOUR = 3600 * 1_000_000
NURSE, ROWAN = "a-1", "Practitioner/rowan"
WARD = "Location/ward"
STAY = Source(1, "Encounter", "e-1", "p-1")


def tie(
    who: str = WARD,
    *,
    kind: str = "ward",
    since: int = NOW,
    until: int = NOW + HOUR,
    by: str = "program",
) -> Tie:
    return Tie(who, kind, since, until, by)


def expecting(*seats: Seat) -> ExpectedSets:
    expected = ExpectedSets()
    expected.rosters[1] = Roster(
        practitioners={NURSE: frozenset({ROWAN})},
        places={"team": frozenset({WARD})},
        seats={NURSE: seats or (Seat("team"),)},
    )
    return expected


def why(
    expected: ExpectedSets, *, at: int = NOW, account: str = NURSE, patient: str = "p-1"
) -> Why | None:
    return expected.explains(
        account=account, organisation=1, patient=patient, at=from_microseconds(at)
    )


def test_a_stay_on_a_ward_explains_whoever_is_in_the_wards_team() -> None:
    expected = expecting()
    expected.ties.put({STAY: [tie()]})
    assert why(expected) == Why("ward")
    assert why(expected, account="a-2") is None
    assert why(expected, patient="p-2") is None
    expected.rosters.pop(1)
    assert why(expected) is None


@pytest.mark.parametrize(
    ("at", "holds"),
    [(NOW - 1, False), (NOW, True), (NOW + HOUR - 1, True), (NOW + HOUR, False)],
    ids=["before it", "as it begins", "just before its end", "as it ends"],
)
def test_a_tie_holds_from_its_beginning_to_its_end(at: int, *, holds: bool) -> None:
    expected = expecting()
    expected.ties.put({STAY: [tie()]})
    assert (why(expected, at=at) is not None) is holds


@pytest.mark.parametrize("at", [NOW - 1, NOW + HOUR])
def test_a_shift_explains_only_while_it_lasts(at: int) -> None:
    expected = expecting(Seat("team", NOW, NOW + HOUR))
    expected.ties.put({STAY: [tie(since=0, until=NOW + 9 * HOUR)]})
    assert why(expected) == Why("ward")
    assert why(expected, at=at) is None


def test_a_newer_version_takes_the_place_of_the_older_one() -> None:
    expected = expecting()
    expected.ties.put({STAY: [tie(), tie(ROWAN, kind="contact")]})
    expected.ties.put({STAY: [tie("Location/elsewhere")]})
    assert why(expected) is None
    assert len(expected.ties) == 1
    expected.ties.put({STAY: []})
    expected.ties.put({STAY: []})
    assert len(expected.ties) == 0
    assert not expected.ties.has(STAY)


def test_what_a_resource_says_of_one_patient_leaves_another_patients_alone() -> None:
    expected = expecting()
    expected.ties.put({STAY: [tie()]})
    expected.ties.put({STAY._replace(patient="p-2"): []})
    assert why(expected) == Why("ward")


def test_what_others_wrote_goes_before_what_one_wrote_oneself() -> None:
    expected = expecting()
    expected.ties.put({STAY: [tie(by=NURSE)]})
    own = why(expected)
    assert own == Why("ward", is_self_made=True, is_of_today=True)
    assert own.words == f"ward{SELF_MADE}"
    other = STAY._replace(id="e-2")
    expected.ties.put({other: [tie(ROWAN, kind="contact")]})
    assert why(expected) == Why("contact")


def test_what_an_erased_patients_record_explained_is_forgotten() -> None:
    expected = expecting()
    expected.ties.put({STAY: [tie()]})
    expected.forget_patient(1, "p-1")
    assert why(expected) is None


def test_what_is_over_is_forgotten_and_what_is_to_come_is_kept() -> None:
    ties = Ties()
    ties.put({STAY: [tie(until=NOW), tie(ROWAN)]})
    ties.put({STAY._replace(id="e-2"): [tie(until=NOW)]})
    ties.forget_over(NOW)
    assert [one.who for one in ties.of(1, "p-1")] == [ROWAN]


def test_what_one_wrote_oneself_explains_so_many_and_those_again() -> None:
    role, budgets = Role.WARD_NURSE, Budgets()
    own, others = Why("ward", is_self_made=True), Why("ward")

    def explained(patient: str, why: Why = own, now: float = 0.0) -> bool:
        return budgets.is_explained(
            (1, NURSE),
            patient,
            why=why,
            budget=role.budget,
            now=now,
        )

    for n in range(role.budget.own_work):
        assert explained(f"p-{n}")
        budgets.expected((1, NURSE), [(f"p-{n}", own.words)], now=0.0)
    assert not explained("one more")
    assert explained("p-0")
    assert explained("one more", others)
    assert explained("one more", own, 24 * 3600 + 1.0)


class _Slow:
    """A connection that answers when it is let."""

    def __init__(self, account: str) -> None:
        self._account = account
        self.is_let = asyncio.Event()

    async def fetch(self, query: str, *_: object) -> list[dict[str, object]]:
        await self.is_let.wait()
        is_about_people = "account is not null" in query
        return [{"account": self._account, "names": [ROWAN]}] if is_about_people else []


async def test_a_roster_that_was_read_earlier_takes_no_later_ones_place() -> None:
    """Who was taken out of a team while it was read would be back in it."""
    expected, before, after = ExpectedSets(), _Slow("left"), _Slow("stayed")
    after.is_let.set()
    reading = [
        asyncio.create_task(expected.read_roster(cast(Connection, one), 1))
        for one in (before, after)
    ]
    for _ in range(5):
        await asyncio.sleep(0)
    before.is_let.set()
    await asyncio.gather(*reading)
    assert set(expected.rosters[1].practitioners) == {"stayed"}
