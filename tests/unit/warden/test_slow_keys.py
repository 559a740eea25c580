# SPDX-License-Identifier: Apache-2.0
"""The slow step: once for a fact and day, and never longer than a page can wait."""

from datetime import UTC, date, datetime, timedelta

import pytest

from wardkeep.base.clock import FrozenClock
from wardkeep.crypto.aead import Key
from wardkeep.warden.service import slow_keys
from wardkeep.warden.service.slow_keys import AT_MOST_SECONDS, SlowKeys

DAY = date(2026, 11, 29)
SALT = b"s" * 16
FACTS = [b"fact %d" % n for n in range(20)]


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock(datetime(2026, 11, 29, 8, tzinfo=UTC))


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch, clock: FrozenClock) -> list[bytes]:
    """Each fact as it is worked on; each takes a second of the clock."""
    worked: list[bytes] = []

    def stretched(fact: bytes, salt: bytes) -> Key:
        worked.append(fact)
        clock.move(timedelta(seconds=1))
        return Key(fact + salt)

    monkeypatch.setattr(slow_keys, "stretched", stretched)
    return worked


async def test_what_takes_too_long_is_left_for_the_next_time(
    clock: FrozenClock, made: list[bytes]
) -> None:
    slow = SlowKeys(clock)
    first = dict(await slow.of(FACTS, salt=SALT, day=DAY))
    assert AT_MOST_SECONDS <= len(first) < len(FACTS)
    await slow.of(FACTS, salt=SALT, day=DAY)
    last = await slow.of(FACTS, salt=SALT, day=DAY)
    assert last.keys() == set(FACTS)
    # And nothing was worked on twice, by whichever kiosk it was asked.
    assert sorted(made) == sorted(FACTS)


async def test_yesterdays_are_forgotten_and_another_houses_are_others(
    clock: FrozenClock, made: list[bytes]
) -> None:
    slow = SlowKeys(clock)
    await slow.of(FACTS[:1], salt=SALT, day=DAY)
    other = await slow.of(FACTS[:1], salt=SALT[::-1] + b"x", day=DAY)
    assert other[FACTS[0]] == FACTS[0] + SALT + b"x"
    await slow.of(FACTS[:1], salt=SALT, day=DAY + timedelta(days=1))
    assert made == FACTS[:1] * 3
