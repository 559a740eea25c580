# SPDX-License-Identifier: Apache-2.0
"""For how many people an account broke the glass: counted live and after a start."""

from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from support.ledgers import open_ledger
from wardkeep.base.clock import FrozenClock
from wardkeep.crypto.signing import SigningKey
from wardkeep.ledger.entry import Entry, Subject
from wardkeep.ledger.log import Ledger
from wardkeep.warden.glass import (
    BREAK_GLASS,
    DAY_SECONDS,
    HOUR_SECONDS,
    MANY_IN_A_DAY,
    MANY_IN_AN_HOUR,
    BrokenGlass,
    are_many,
)
from wardkeep.warden.recent import last_day

DOCTOR = (1, "11111111-1111-4111-8111-111111111111")
COLLEAGUE = (1, "22222222-2222-4222-8222-222222222222")
START = datetime(2026, 11, 23, 9, 41, tzinfo=UTC).timestamp()


def test_different_people_count_for_an_hour_and_for_a_day() -> None:
    glass = BrokenGlass()
    assert glass.counts(DOCTOR, 0.0) == (0, 0)
    for patient, now in (("a", 0.0), ("a", 10.0), ("b", 20.0)):
        glass.broken(DOCTOR, patient, now)
    assert glass.counts(DOCTOR, 20.0) == (2, 2)
    assert glass.counts(COLLEAGUE, 20.0) == (0, 0)
    assert glass.counts((2, DOCTOR[1]), 20.0) == (0, 0)
    # The same one again begins anew.
    assert glass.counts(DOCTOR, 10.0 + HOUR_SECONDS) == (2, 2)
    assert glass.counts(DOCTOR, 15.0 + HOUR_SECONDS) == (1, 2)
    glass.broken(DOCTOR, "c", 15.0 + DAY_SECONDS)
    assert glass.counts(DOCTOR, 15.0 + DAY_SECONDS) == (1, 2)


@pytest.mark.parametrize(
    ("apart", "told_at"),
    [
        (60.0, MANY_IN_AN_HOUR),
        (HOUR_SECONDS, MANY_IN_A_DAY),
        (3 * HOUR_SECONDS, MANY_IN_A_DAY),
        (6 * HOUR_SECONDS, 0),
    ],
)
def test_whoever_goes_on_is_told_of_quick_or_with_patience(
    apart: float, told_at: int
) -> None:
    glass, told = BrokenGlass(), 0
    for number in range(1, 20):
        glass.broken(DOCTOR, f"p-{number}", number * apart)
        if not told and are_many(*glass.counts(DOCTOR, number * apart)):
            told = number
    assert told == told_at


def test_from_the_fourth_in_an_hour_on_it_is_as_fast_as_a_hand() -> None:
    glass = BrokenGlass()
    found = [glass.broken(DOCTOR, f"p-{n}", 100.0) for n in range(6)]
    assert found == [100.0] * 3 + [120.0, 140.0, 160.0]
    # Broken again, it is open neither sooner nor later.
    assert glass.broken(DOCTOR, "p-4", 101.0) == 140.0
    assert glass.broken(DOCTOR, "p-0", 102.0) == 102.0
    # Whoever goes at a hand's pace waits for nothing, and nobody for a colleague.
    assert glass.broken(DOCTOR, "p-6", 180.0) == 180.0
    assert glass.broken(COLLEAGUE, "p-6", 100.0) == 100.0
    later = 180.0 + HOUR_SECONDS + 1
    assert [glass.broken(DOCTOR, f"q-{n}", later) for n in range(3)] == [later] * 3


@pytest.mark.parametrize(
    ("hour", "day", "are"),
    [(3, 3, True), (2, 5, False), (0, 6, True), (4, 5, True), (1, 7, True)],
)
def test_three_in_an_hour_or_six_in_a_day_are_many(
    hour: int, day: int, *, are: bool
) -> None:
    assert are_many(hour, day) is are


def test_an_hour_and_a_day_end_to_the_second() -> None:
    glass = BrokenGlass()
    for patient, when in (("a", 100.0), ("b", 200.0)):
        glass.broken(DOCTOR, patient, when)
    found = [
        glass.counts(DOCTOR, now)
        for now in (3700.0, 3701.0, 3800.0, 3801.0, 86_500.0, 86_501.0, 86_601.0)
    ]
    assert found == [(2, 2), (1, 2), (1, 2), (0, 2), (0, 2), (0, 1), (0, 0)]
    glass.broken(DOCTOR, "c", 86_500.0)
    assert list(glass._broken[DOCTOR]) == ["a", "b", "c"]
    glass.broken(DOCTOR, "d", 86_501.0)
    assert list(glass._broken[DOCTOR]) == ["b", "c", "d"], "nobody keeps the others"


def test_the_same_one_is_the_same_one_for_an_hour() -> None:
    """Broken again within it, it is open at once, or when it would have been."""
    glass = BrokenGlass()
    for patient in "abcd":
        glass.broken(DOCTOR, patient, 100.0)
    assert glass.would_hold(DOCTOR, "d", 100.0) == 120.0
    assert glass.would_hold(DOCTOR, "d", 130.0) == 130.0
    assert glass.would_hold(DOCTOR, "e", 130.0) == 140.0
    # A is asked for again at the end of the hour, and a second later it is another.
    assert glass.would_hold(DOCTOR, "a", 3700.0) == 3700.0
    busy = BrokenGlass()
    for patient, when in (("a", 100.0), ("b", 3690.0), ("c", 3695.0), ("e", 3699.0)):
        busy.broken(DOCTOR, patient, when)
    assert busy.would_hold(DOCTOR, "a", 3700.0) == 3700.0
    assert busy.would_hold(DOCTOR, "a", 3701.0) == 3735.0


@pytest.mark.parametrize(
    ("changed", "many"),
    [
        ({}, 1),
        ({"action": "amend"}, 0),
        ({"action": "read"}, 0),
        ({"outcome": "awaited"}, 0),
        ({"outcome": "refusal:frozen"}, 0),
    ],
)
def test_only_glass_that_was_broken_counts(
    tmp_path: Path, changed: dict[str, str], many: int
) -> None:
    ledger = open_ledger(tmp_path)
    made = msgspec.structs.replace(entry("a", START, DOCTOR[1]), **changed)
    ledger.append(made)
    ledger.commit()
    found = BrokenGlass.recounted(last_day(ledger, now=START, monotonic=5.0))
    ledger.close()
    assert found.counts(DOCTOR, 5.0) == (many, many)


def entry(patient: str, at: float, account: str, outcome: str = "grant") -> Entry:
    about = Subject.about(
        patient=patient, tier="", relationship="broken glass", resources=()
    )
    return Entry.about(
        at=int(at * 1_000_000),
        organisation=1,
        account=account,
        session="one",
        role="doctor",
        purpose="direct-care",
        reason="Danger to life or health now",
        action=BREAK_GLASS,
        request="",
        subjects=(about,),
        outcome=outcome,
        software="test",
    )


def test_a_start_counts_them_again_from_the_ledger(tmp_path: Path) -> None:
    ledger = Ledger.open(
        tmp_path / "ledger",
        origin="test",
        signing_key=SigningKey.generate(),
        clock=FrozenClock(datetime(2026, 11, 23, tzinfo=UTC)),
    )
    for patient, age in (("old", 30), ("a", 5), ("b", 0.5), ("c", 0.1)):
        ledger.append(entry(patient, START - age * HOUR_SECONDS, DOCTOR[1]))
    ledger.append(entry("d", START, COLLEAGUE[1]))
    ledger.append(entry("e", START, DOCTOR[1], outcome="refusal:frozen"))
    ledger.commit()
    found = BrokenGlass.recounted(last_day(ledger, now=START, monotonic=5.0))
    assert found.counts(DOCTOR, 5.0) == (2, 3)
    assert found.counts(COLLEAGUE, 5.0) == (1, 1)
    assert found.counts(DOCTOR, 5.0 + 0.6 * HOUR_SECONDS) == (1, 3)
    ledger.close()
