# SPDX-License-Identifier: Apache-2.0
"""Running drills, one after the other, on one ground."""

from collections.abc import Callable, Sequence
from datetime import timedelta

import msgspec

from wardkeep.assembly.drills.ground import Ground, ground
from wardkeep.assembly.drills.result import PATIENTS, DrillResult, Scenario
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
            made.values.clear()
            found.append(_with_fields(await scenario.run(made), scenario, made))
            made.clock.move(A_DAY_LATER)
    return found


def _with_fields(found: DrillResult, scenario: Scenario, made: Ground) -> DrillResult:
    """How much of whom it reached was read; of many attackers nothing is said."""
    if found.counts != PATIENTS or scenario.runs > 1:
        return found
    return msgspec.structs.replace(found, fields=sum(made.values.values()))
