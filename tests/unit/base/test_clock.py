# SPDX-License-Identifier: Apache-2.0
"""Clocks: the frozen one passes what the real one passes."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from wardkeep.base import clock as module
from wardkeep.base.clock import (
    Clock,
    FrozenClock,
    SystemClock,
    from_microseconds,
    microseconds_since_epoch,
)

START = datetime(2026, 3, 29, 0, 59, tzinfo=UTC)
BOTH: list[Callable[[], Clock]] = [SystemClock, lambda: FrozenClock(START)]


@pytest.mark.parametrize("make", BOTH)
def test_now_is_in_utc_and_says_so(make: Callable[[], Clock]) -> None:
    assert make().now().utcoffset() == timedelta(0)


@pytest.mark.parametrize("make", BOTH)
def test_monotonic_time_never_runs_backwards(make: Callable[[], Clock]) -> None:
    clock = make()
    first = clock.monotonic_seconds()
    assert clock.monotonic_seconds() >= first


def test_a_frozen_clock_moves_both_hands_only_when_told() -> None:
    clock = FrozenClock(START)
    clock.move(timedelta(minutes=5))
    assert clock.now() == START + timedelta(minutes=5)
    assert clock.monotonic_seconds() == 300


def test_stepping_the_wall_clock_leaves_durations_alone() -> None:
    clock = FrozenClock(START)
    clock.step_wall_time(timedelta(hours=-1))
    assert clock.now() == START - timedelta(hours=1)
    assert clock.monotonic_seconds() == 0


def test_a_moment_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="timezone-aware"):
        FrozenClock(START.replace(tzinfo=None))


@given(st.datetimes(min_value=datetime(1850, 1, 1), max_value=datetime(2300, 1, 1)))  # noqa: DTZ001 - hypothesis takes naive bounds
def test_microseconds_keep_a_moment_exactly(naive: datetime) -> None:
    moment = naive.replace(tzinfo=UTC)
    assert from_microseconds(microseconds_since_epoch(moment)) == moment


@pytest.mark.parametrize("make", BOTH)
def test_a_moment_of_the_wall_time_is_one_of_the_monotonic_hand_too(
    make: Callable[[], Clock],
) -> None:
    clock = make()
    before = clock.monotonic_seconds()
    at = clock.monotonic_at(clock.now() - timedelta(minutes=5))
    assert before - 300 - 1 < at < before - 300 + 1
    ahead = clock.monotonic_at(clock.now() + timedelta(hours=12))
    assert ahead - at == pytest.approx(12 * 3600 + 300, abs=1)


def test_two_clocks_of_one_machine_have_one_hand_and_frozen_ones_each_their_own() -> (
    None
):
    assert SystemClock().boot() == SystemClock().boot()
    assert FrozenClock(START).boot() != FrozenClock(START).boot()


def test_where_nothing_names_the_run_of_the_machine_it_has_no_name(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(module, "_BOOT_ID", tmp_path / "nothing")
    assert SystemClock().boot() == ""
