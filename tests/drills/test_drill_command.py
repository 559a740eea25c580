# SPDX-License-Identifier: Apache-2.0
"""`wardkeep drill`: what it attacks holds; page and README say what it found."""

import json
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

from wardkeep.assembly.drills import (
    SCENARIOS,
    DrillResult,
    drills_page,
    drills_table,
)
from wardkeep.assembly.drills.by_theft import files_in, searched
from wardkeep.assembly.drills.ground import NHS_NUMBERS, SURNAME

ROOT = Path(__file__).parents[2]
TOOL = runpy.run_path(str(ROOT / "tools" / "write_drills.py"))


@pytest.fixture(scope="module")
def results() -> list[DrillResult]:
    found: list[DrillResult] = TOOL["results"]()
    return found


def test_every_attack_is_stopped_where_it_was_promised(
    results: list[DrillResult],
) -> None:
    assert [one.scenario for one in results if not one.holds] == []
    assert [one.scenario for one in results] == [one.name for one in SCENARIOS]
    # A drill that reaches nobody where something is to be had proves nothing.
    assert [one.scenario for one in results if one.bound and not one.reached] == []
    assert all(one.stopped_by not in ("", "nobody") for one in results)


def test_the_page_and_the_readme_say_what_was_found(
    results: list[DrillResult],
) -> None:
    mend = "run: python tools/write_drills.py"
    readme = TOOL["README"].read_text(encoding="utf-8")
    assert TOOL["readme_with"](drills_table(results)) == readme, mend
    page = TOOL["PAGE"].read_text(encoding="utf-8")
    assert without_times(drills_page(results)) == without_times(page), mend


def without_times(page: str) -> list[list[str]]:
    """Rows without how long it took, which is the machine's."""
    rows = [line.split("|") for line in page.splitlines()]
    return [[*row[:5], *row[6:]] for row in rows]


def test_what_lies_open_in_stolen_files_is_found(tmp_path: Path) -> None:
    (tmp_path / "sealed").write_bytes(bytes(range(256)) * 50)
    (tmp_path / "row").write_bytes(
        f"..{NHS_NUMBERS[0]}{NHS_NUMBERS[-1]}, {SURNAME}, 3 Nowhere Lane..".encode()
    )
    files = list(files_in((tmp_path,)))
    assert searched("dump", "a copy", files).fields == 4
    assert searched("dump", "a copy", files[1:]).fields == 0
    assert len(set(NHS_NUMBERS)) == 1_000


def test_the_command_prints_json_and_names_what_there_is() -> None:
    command = [sys.executable, "-m", "wardkeep.cli", "drill"]
    named = subprocess.run([*command, "list"], capture_output=True, check=True)
    assert b"stolen-cookie" in named.stdout
    unknown = subprocess.run([*command, "nothing"], capture_output=True, check=False)
    assert unknown.returncode == 1
    assert b"wardkeep drill list" in unknown.stderr
    ran = subprocess.run(
        [*command, "phishing-proxy", "--patients", "30", "--json"],
        capture_output=True,
        check=True,
    )
    [found] = json.loads(ran.stdout)
    assert (found["scenario"], found["reached"]) == ("phishing-proxy", 0)
