# SPDX-License-Identifier: Apache-2.0
"""How late a clinic runs is worked out now and then, and once for all who ask."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from wardkeep.base.clock import FrozenClock
from wardkeep.base.ids import OrganisationId
from wardkeep.fhir.clinics.desk import Desk
from wardkeep.fhir.clinics.lateness import Lateness, rounded
from wardkeep.fhir.clinics.waits import Estimate
from wardkeep.fhir.store.outcomes import Opener


class SlowDesk(Desk):
    """Answers as a desk does, after a while; counts how often it is asked."""

    def __init__(self) -> None:
        self.asked = 0
        self.late = 12

    async def estimate(
        self, places: Sequence[str], *, opener: Opener
    ) -> dict[str, Estimate]:
        assert opener.session == ""
        self.asked += 1
        late = self.late
        await asyncio.sleep(0.01)
        return {
            place: Estimate(
                late_minutes=late,
                waiting=0,
                longest_wait_minutes=0,
                in_room=0,
                seen=0,
                expected=0,
                missed=0,
            )
            for place in places
        }


async def test_it_is_asked_for_each_second_and_worked_out_every_fifteen() -> None:
    desk, clock = SlowDesk(), FrozenClock(datetime(2026, 11, 29, 9, 0, tzinfo=UTC))
    lateness, here = Lateness(desk, clock=clock), OrganisationId(1)
    assert await lateness.of(here, "a") == 15
    for _ in range(14):
        clock.move(timedelta(seconds=1))
        assert await lateness.of(here, "a") == 15
    assert desk.asked == 1
    desk.late = 31
    clock.move(timedelta(seconds=1))
    # Whoever asks meanwhile has the old one, and has nothing worked out again
    both = await asyncio.gather(lateness.of(here, "a"), lateness.of(here, "a"))
    assert list(both) == [35, 15]
    assert desk.asked == 2
    assert await lateness.of(OrganisationId(2), "a") == 35
    assert await lateness.of(here, "b") == 35


@pytest.mark.parametrize(("minutes", "said"), [(0, 0), (1, 5), (5, 5), (6, 10)])
def test_an_estimate_is_no_promise_to_the_minute(minutes: int, said: int) -> None:
    assert rounded(minutes) == said
