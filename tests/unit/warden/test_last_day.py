# SPDX-License-Identifier: Apache-2.0
"""How old the ledger's entries are, whatever somebody did with the wall clock."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec
import pytest

from support.ledgers import entry_about, open_ledger
from wardkeep.ledger.log import Ledger
from wardkeep.warden import recent
from wardkeep.warden.clock_steps import CLOCK_SET
from wardkeep.warden.recent import LastDay, last_day

NOW = 1_764_000_000.0
HOUR, DAY = 3600.0, 86_400.0
MONOTONIC = 500_000.0


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    made = open_ledger(tmp_path)
    yield made
    made.close()


def read(ledger: Ledger, *told: tuple[float, float]) -> LastDay:
    """What was written at so many seconds before now, by the wall clock of that hour.

    Each with by how much the clock was moved just before, or 0.
    """
    for number, (ago, step) in enumerate(told):
        made = entry_about(f"p-{number}")
        at = int((NOW - ago) * 1_000_000)
        if step:
            made = msgspec.structs.replace(
                made, action=CLOCK_SET, request=f"{step:+.0f} mark-{number}"
            )
        ledger.append(msgspec.structs.replace(made, at=at))
    ledger.commit()
    return last_day(ledger, now=NOW, monotonic=MONOTONIC)


def ages(day: LastDay, seconds: float = 10 * DAY) -> dict[str, float]:
    """How long ago everything was that is no older, by the other clock."""
    found = day.within(seconds)
    return {entry.patients[0]: MONOTONIC - when for entry, when in found}


def of(*known: tuple[int, float]) -> dict[str, float]:
    return {f"p-{number}": age for number, age in known}


def plain(*ago: float) -> Iterable[tuple[float, float]]:
    return [(one, 0.0) for one in ago]


def test_it_is_a_day_to_the_second(ledger: Ledger) -> None:
    day = read(ledger, *plain(DAY + 1, DAY, HOUR + 0.5, HOUR, 0.25, 0.0))
    assert day.first == 1
    assert len(day.entries) == 5
    assert ages(day, DAY) == of((1, DAY), (2, HOUR + 0.5), (3, HOUR), (4, 0.25), (5, 0))
    assert ages(day, HOUR) == of((3, HOUR), (4, 0.25), (5, 0))


def test_nothing_is_older_than_what_stands_before_it(ledger: Ledger) -> None:
    day = read(ledger, *plain(100.0, 3 * DAY, 50.0, 80.0, 0.0, 30.0))
    assert day.first == 0
    assert ages(day) == of((0, 100), (1, 100), (2, 50), (3, 50), (4, 0), (5, 0))


def test_what_lies_ahead_says_nothing_of_what_follows(ledger: Ledger) -> None:
    day = read(ledger, *plain(100.0, -5.0, -9_000.0, 30.0))
    assert ages(day) == of((0, 100), (1, 0), (2, 0), (3, 30))


def test_where_nothing_was_written_nothing_is_read(ledger: Ledger) -> None:
    day = read(ledger)
    assert (day.first, day.entries, ages(day)) == (0, [], {})


def test_what_stands_before_a_step_is_as_old_as_it_is(ledger: Ledger) -> None:
    """Set on by two hours, and later by one more: each counts for what was before."""
    day = read(
        ledger,
        (3 * HOUR + 40.0, 0.0),
        (HOUR + 30.0, 2 * HOUR),
        (HOUR + 20.0, 0.0),
        (10.0, HOUR),
        (5.0, 0.0),
    )
    assert ages(day) == of((0, 40), (1, 30), (2, 20), (3, 10), (4, 5))


def test_set_on_by_days_it_is_read_as_far_back(ledger: Ledger) -> None:
    """Only the last of the steps lies within a day of now, by the wall clock."""
    day = read(
        ledger,
        (5 * DAY + 26 * HOUR, 0.0),
        (5 * DAY + 23 * HOUR, 0.0),
        (3 * DAY + 22 * HOUR, 2 * DAY),
        (3 * DAY + 21 * HOUR, 0.0),
        (20 * HOUR, 3 * DAY),
    )
    assert day.first == 1
    hours = (1, 23), (2, 22), (3, 21), (4, 20)
    assert ages(day) == of(*((number, n * HOUR) for number, n in hours))


def test_set_back_nothing_is_older_than_it_says(ledger: Ledger) -> None:
    """The first is 25 hours old, and might be of the moments after the step."""
    day = read(ledger, (22 * HOUR, 0.0), (19 * HOUR, 0.0), (20 * HOUR, -3 * HOUR))
    assert day.first == 0
    assert ages(day) == of((0, 22 * HOUR), (1, 22 * HOUR), (2, 20 * HOUR))


def test_what_is_of_the_same_moment_as_a_step_back_is_of_after_it(
    ledger: Ledger,
) -> None:
    day = read(ledger, (HOUR, 0.0), (HOUR, -3 * HOUR), (0.0, 0.0))
    assert ages(day) == of((0, HOUR), (1, HOUR), (2, 0.0))


def test_where_the_clock_began_with_1970_no_ledger_of_years_is_read(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recent, "MOST_READ", 4)
    day = read(ledger, *plain(90 * DAY, 60 * DAY, 3.0, 2.0, 1.0), (0.0, NOW))
    assert (day.first, len(day.entries)) == (2, 4)


def test_where_the_clock_began_with_1970_it_tells_as_well(ledger: Ledger) -> None:
    """A machine without a battery, whose clock nobody has put right yet."""
    for number, at in enumerate((0, 30_000, 30_000 + 40_000)):
        made = entry_about(f"p-{number}")
        ledger.append(msgspec.structs.replace(made, at=at * 1_000_000))
    ledger.commit()
    day = last_day(ledger, now=80_000.0, monotonic=MONOTONIC)
    assert ages(day) == of((0, 80_000), (1, 50_000), (2, 10_000))
