# SPDX-License-Identifier: Apache-2.0
"""How often an honest slip opens a canary, and closes records for who did no wrong."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from support.slips import OFF_LIST, OPENINGS_A_DAY, RECEPTION_A_DAY, slips

PEOPLE, SEARCHES = 100_000, 50_000


def run() -> dict[str, float]:
    """Of 1,000 account-days, those with a false freeze; nobody notices in between."""
    found = slips(people=PEOPLE, searches=SEARCHES)
    return {
        "searches that show one person alone": found.alone,
        "slips of a row that land on a canary": found.canary_beside,
        "false freezes in 1,000 account-days": 1000
        * found.frozen_a_day(OPENINGS_A_DAY * OFF_LIST),
        "the same if every opening were a search": 1000
        * found.frozen_a_day(OPENINGS_A_DAY),
        "the same at a busy reception": 1000
        * found.frozen_a_day(RECEPTION_A_DAY * OFF_LIST),
    }
