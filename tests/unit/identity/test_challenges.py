# SPDX-License-Identifier: Apache-2.0
"""Challenges: good once, for five minutes, for one ceremony of one account."""

from datetime import UTC, datetime, timedelta

import pytest

from wardkeep.base.clock import FrozenClock
from wardkeep.identity.challenges import GOOD_FOR_SECONDS, MOST_OF_A_KIND, Challenges

ACCOUNT = "0b0b0b0b-0000-4000-8000-000000000001"


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock(datetime(2026, 11, 23, 9, 41, tzinfo=UTC))


def test_a_challenge_is_taken_once(clock: FrozenClock) -> None:
    challenges = Challenges(clock)
    given = challenges.give("enrol", ACCOUNT)
    assert len(given) == 32
    assert challenges.take("enrol", given, ACCOUNT)
    assert not challenges.take("enrol", given, ACCOUNT)


def test_a_challenge_is_good_for_its_ceremony_and_account_only(
    clock: FrozenClock,
) -> None:
    challenges = Challenges(clock)
    given = challenges.give("enrol", ACCOUNT)
    assert not challenges.take("sign-in", given, ACCOUNT)
    challenges.give("sign-in")
    assert not challenges.take("sign-in", given, ACCOUNT)
    assert not challenges.take("enrol", given, "another")
    assert not challenges.take("enrol", given, ACCOUNT)


def test_a_challenge_runs_out_whatever_the_wall_clock_says(clock: FrozenClock) -> None:
    challenges = Challenges(clock)
    in_time, late = challenges.give("sign-in"), challenges.give("sign-in")
    clock.move(timedelta(seconds=GOOD_FOR_SECONDS))
    clock.step_wall_time(timedelta(hours=-3))
    assert challenges.take("sign-in", in_time)
    clock.move(timedelta(seconds=1))
    assert not challenges.take("sign-in", late)


def test_a_flood_pushes_out_the_oldest_of_its_own_kind(clock: FrozenClock) -> None:
    challenges = Challenges(clock)
    enrolling = challenges.give("enrol", ACCOUNT)
    given = [challenges.give("sign-in") for _ in range(MOST_OF_A_KIND + 1)]
    assert not challenges.take("sign-in", given[0])
    assert challenges.take("sign-in", given[1])
    assert challenges.take("sign-in", given[-1])
    assert challenges.take("enrol", enrolling, ACCOUNT)
