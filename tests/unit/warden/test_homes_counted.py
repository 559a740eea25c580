# SPDX-License-Identifier: Apache-2.0
"""How many homes an account was let into: counted live, and again after a start."""

from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest

from support.ledgers import ACCOUNT, entry_about, open_ledger
from wardkeep.ledger.entry import Entry, Subject
from wardkeep.warden.recent import last_day
from wardkeep.warden.ways_in import WaysIn, are_notes, is_given

DAY = 86_400.0
CARER, COLLEAGUE = (1, ACCOUNT), (1, "22222222-2222-4222-8222-222222222222")
BEGAN = entry_about("p").at / 1_000_000


def left(
    ways_in: WaysIn, patient: str, *, now: float, most: int = 9, whose: int = 1
) -> int:
    account = (whose, ACCOUNT)
    return ways_in.left_after(account, patient, most=most, now=now)


def test_each_home_counts_once_for_whoever_was_let_in() -> None:
    ways_in = WaysIn()
    assert [left(ways_in, "a", most=most, now=0.0) for most in (9, 1, 0)] == [8, 0, -1]
    for patient in ("a", "b", "c", "a"):
        ways_in.given(CARER, patient, now=0.0)
    ways_in.given(COLLEAGUE, "d", now=0.0)
    assert left(ways_in, "a", now=0.0) == 6, "it was opened already"
    assert left(ways_in, "d", now=0.0) == 5
    assert left(ways_in, "d", now=0.0, most=3) == -1
    assert left(ways_in, "a", now=0.0, whose=2) == 8, "of another organisation"


def test_a_home_counts_for_a_day_after_it_was_opened_last() -> None:
    ways_in = WaysIn()
    for patient, when in (("a", 100.0), ("b", 200.0), ("a", 300.0), ("c", 400.0)):
        ways_in.given(CARER, patient, now=when)
    found = [
        left(ways_in, "q", now=now + DAY)
        for now in (200.0, 201.0, 300.0, 301.0, 400.0, 401.0)
    ]
    assert found == [5, 6, 6, 7, 7, 8]


@pytest.mark.parametrize(
    ("types", "are"),
    [
        (["Composition"], True),
        (["Composition", "Composition"], True),
        ([], False),
        (["Basic"], False),
        (["Composition", "Flag"], False),
    ],
)
def test_only_sealed_notes_are_notes(types: Sequence[str], *, are: bool) -> None:
    assert are_notes(types) is are


def way_in(
    patient: str, at: float = BEGAN, *, tier: str = "sealed", type_: str = "Basic"
) -> Entry:
    about = Subject.about(
        patient=patient, tier=tier, relationship="visit", resources=((type_, "w", 1),)
    )
    made = entry_about(patient)
    return msgspec.structs.replace(made, at=int(at * 1_000_000), subjects=[about])


GIVEN = way_in("p")


@pytest.mark.parametrize(
    "made",
    [
        way_in("p", tier="record"),
        way_in("p", tier="shared"),
        way_in("p", type_="Composition"),
        msgspec.structs.replace(GIVEN, subjects=[]),
        msgspec.structs.replace(GIVEN, action="find"),
        msgspec.structs.replace(GIVEN, action="write"),
        msgspec.structs.replace(GIVEN, outcome="refusal:homes-spent"),
        msgspec.structs.replace(GIVEN, outcome="awaited"),
    ],
)
def test_what_opened_no_way_in_counts_for_nothing(made: Entry) -> None:
    assert is_given(GIVEN)
    assert not is_given(made)


def test_a_start_counts_the_homes_of_the_last_day_again(tmp_path: Path) -> None:
    ledger = open_ledger(tmp_path)
    now = BEGAN + 2 * DAY
    for made in (
        way_in("long-ago", now - DAY - 1),
        way_in("a", now - DAY),
        way_in("b", now - 50.0),
        way_in("note", now - 40.0, type_="Composition"),
        msgspec.structs.replace(way_in("c", now), organisation=2),
    ):
        ledger.append(made)
    ledger.commit()
    found = WaysIn.recounted(last_day(ledger, now=now, monotonic=70.0))
    ledger.close()
    assert left(found, "q", now=70.0) == 6
    assert left(found, "q", now=70.0, whose=2) == 7
    # As old as it was when the warden stopped
    assert left(found, "q", now=71.0) == 7
    assert left(found, "q", now=70.0 + DAY - 50.0) == 7
    assert left(found, "q", now=70.0 + DAY - 49.0) == 8
