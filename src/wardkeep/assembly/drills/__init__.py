# SPDX-License-Identifier: Apache-2.0
"""Drills: attacks on an installation of their own, and what each one got."""

from wardkeep.assembly.drills import (
    as_in_2022,
    by_backup,
    by_ledger,
    by_paper,
    by_scraping,
    by_session,
    by_theft,
    by_touch,
    by_work,
    by_wreck,
)
from wardkeep.assembly.drills.ground import DrillBrokenError, Ground, ground
from wardkeep.assembly.drills.result import DrillResult, Scenario, Scenarios, Step
from wardkeep.assembly.drills.running import run_drills
from wardkeep.assembly.drills.telling import drills_page, drills_table, drills_text

# The program's key first: its assertions are dated by the machine, and drills move on.
SCENARIOS: Scenarios = (
    *by_theft.SCENARIOS,
    *by_ledger.SCENARIOS,
    *by_wreck.SCENARIOS,
    *by_backup.SCENARIOS,
    *as_in_2022.SCENARIOS,
    *by_session.SCENARIOS,
    *by_touch.SCENARIOS,
    *by_paper.SCENARIOS,
    *by_work.SCENARIOS,
    *by_scraping.SCENARIOS,
)

__all__ = [
    "SCENARIOS",
    "DrillBrokenError",
    "DrillResult",
    "Ground",
    "Scenario",
    "Step",
    "drills_page",
    "drills_table",
    "drills_text",
    "ground",
    "run_drills",
]
