# SPDX-License-Identifier: Apache-2.0
"""Ids that may come once."""

from datetime import UTC, datetime, timedelta

from wardkeep.base.clock import FrozenClock
from wardkeep.identity import once
from wardkeep.identity.once import Once

NOW = datetime(2026, 3, 1, 4, 0, tzinfo=UTC)


def test_an_id_counts_once_while_it_could_come_again() -> None:
    clock = FrozenClock(NOW)
    ids = Once(clock, seconds=600)
    assert not ids.was_seen("one")
    clock.move(timedelta(seconds=600))
    assert ids.was_seen("one")


def test_what_could_not_come_again_is_forgotten() -> None:
    clock = FrozenClock(NOW)
    ids = Once(clock, seconds=600)
    ids.was_seen("one")
    clock.move(timedelta(seconds=601))
    ids.was_seen("two")
    assert len(ids) == 1


def test_a_flood_of_ids_is_bounded_and_forgets_the_oldest() -> None:
    ids = Once(FrozenClock(NOW), seconds=600)
    for number in range(once.MOST + 5):
        assert not ids.was_seen(str(number))
    assert len(ids) == once.MOST
    assert ids.was_seen(str(once.MOST))


def test_what_was_made_before_the_start_is_known_though_clocks_are_set() -> None:
    clock = FrozenClock(NOW)
    began = NOW.timestamp()
    ids = Once(clock, seconds=600)
    assert ids.is_from_before(began - 1)
    assert not ids.is_from_before(began)
    clock.move(timedelta(hours=3))
    assert ids.is_from_before(began - 1)
    assert not ids.is_from_before(began + 1)
    # A clock that was an hour fast is put right: nobody waits for an hour.
    clock.step_wall_time(timedelta(hours=-1))
    assert not ids.is_from_before(clock.now().timestamp())
    assert ids.is_from_before(began - 3602)
