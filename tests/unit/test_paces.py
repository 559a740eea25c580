# SPDX-License-Identifier: Apache-2.0
"""Benchmarks' clock: all processes reckon alike, and calls come at one rate all day."""

import os
import subprocess
import sys
from datetime import UTC, datetime

import pytest
from hypothesis import given, strategies as st

from bench._pace import HOUR_SECONDS, Leg, Pace, before, by_load, even, read
from bench._simulated import Simulated

LEGS = st.lists(
    st.tuples(st.floats(1, 10_000), st.floats(0.5, 200)), min_size=1, max_size=6
).map(lambda legs: Pace(Leg(*one) for one in legs))
MOMENTS = st.floats(0, 100_000)


@given(LEGS, MOMENTS)
def test_there_and_back_is_the_same_moment(pace: Pace, moment: float) -> None:
    there = pace.simulated(moment)
    assert pace.real(there) == pytest.approx(moment, abs=1e-6, rel=1e-9)
    assert read(pace.written()).simulated(moment) == there


@given(LEGS, MOMENTS, MOMENTS)
def test_time_never_goes_back(pace: Pace, one: float, other: float) -> None:
    first, last = sorted((one, other))
    assert pace.simulated(first) <= pace.simulated(last)


@given(st.lists(st.floats(1, 1000), min_size=1, max_size=24))
def test_every_hour_has_the_same_calls_a_second_within_its_bounds(
    an_hour: list[float],
) -> None:
    pace = by_load(an_hour, a_second=2.0, slowest=6.0, fastest=60.0)
    for nth, calls in enumerate(an_hour):
        begins, over = nth * HOUR_SECONDS, (nth + 1) * HOUR_SECONDS
        lasts = pace.real(over) - pace.real(begins)
        speed = pace.speed(begins)
        assert 6.0 <= speed <= 60.0
        if 6.0 < speed < 60.0:
            assert calls / lasts == pytest.approx(2.0)


def test_a_stretch_before_moves_what_comes_after() -> None:
    pace = before(even(10.0), 600.0, speed=4.0)
    assert pace.simulated(150.0) == pytest.approx(600.0)
    assert pace.simulated(151.0) == pytest.approx(610.0)


_ASKED = """
from datetime import timedelta
from wardkeep.base.clock import SystemClock
clock = SystemClock()
now, hand = clock.now(), clock.monotonic_seconds()
for minutes in (-10, 0, 60):
    print(clock.monotonic_at(now + timedelta(minutes=minutes)) - hand)
"""


def test_a_process_knows_how_long_ago_in_real_seconds_a_simulated_moment_was() -> None:
    """Ten simulated minutes are thirty seconds; a session was idle for these."""
    clock = Simulated(datetime(2026, 12, 5, tzinfo=UTC), pace=even(20.0))
    done = subprocess.run(
        [sys.executable, "-c", _ASKED],
        env={**os.environ, **clock.environment},
        capture_output=True,
        text=True,
        check=True,
    )
    before, now, after = map(float, done.stdout.split())
    assert before == pytest.approx(-30, abs=1)
    assert now == pytest.approx(0, abs=1)
    assert after == pytest.approx(180, abs=1)
