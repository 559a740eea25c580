# SPDX-License-Identifier: Apache-2.0
"""Running drills, one after the other, on one ground."""

from collections.abc import Callable, Sequence
from datetime import timedelta

from wardkeep.assembly.drills.ground import ground
from wardkeep.assembly.drills.result import DrillResult, Scenario
from wardkeep.base.settings import Settings

A_DAY_LATER = timedelta(hours=25)
"""Between two drills, so that neither has what the other left of a budget."""


async def run_drills(
    settings: Settings,
    scenarios: Sequence[Scenario],
    *,
    patients: int,
    say: Callable[[str], None],
) -> list[DrillResult]:
    """What each of them found.

    Raises:
        DrillBrokenError: the ground could not be made ready.
    """
    found = []
    say(f"Making a ground with {2 * patients:,} synthetic patients.")
    async with ground(settings, patients=patients) as made:
        for scenario in scenarios:
            say(f"{scenario.title} …")
            found.append(await scenario.run(made))
            made.clock.move(A_DAY_LATER)
    return found
