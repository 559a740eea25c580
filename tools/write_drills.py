# SPDX-License-Identifier: Apache-2.0
"""Runs every drill and writes docs/drills.md and the table of the README.

`tests/drills/test_drill_command.py` holds both to what the drills find.
"""

import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path

from wardkeep.assembly.configuration import load_settings
from wardkeep.assembly.drills import (
    SCENARIOS,
    DrillResult,
    drills_page,
    drills_table,
    run_drills,
)

ROOT = Path(__file__).parents[1]
PAGE, README = ROOT / "docs" / "drills.md", ROOT / "README.md"
BEGIN, END = "<!-- drills: written by tools/write_drills.py -->", "<!-- /drills -->"
PATIENTS = 1_000


def results() -> list[DrillResult]:
    return asyncio.run(
        run_drills(load_settings(), SCENARIOS, patients=PATIENTS, say=print)
    )


def readme_with(table: str) -> str:
    """The README with this table between its marks."""
    before, rest = README.read_text(encoding="utf-8").split(BEGIN)
    _, after = rest.split(END)
    return f"{before}{BEGIN}\n{table}\n{END}{after}"


def write(found: Sequence[DrillResult]) -> None:
    PAGE.write_text(drills_page(found), encoding="utf-8")
    README.write_text(readme_with(drills_table(found)), encoding="utf-8")


if __name__ == "__main__":
    write(results())
    print(PAGE)
    sys.exit(0)
