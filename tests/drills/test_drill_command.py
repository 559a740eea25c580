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
from wardkeep.assembly.drills.result import NOBODY

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
    assert all(one.stopped_by not in ("", NOBODY) for one in results)


def test_the_page_and_the_readme_say_what_was_found(
    results: list[DrillResult],
) -> None:
    mend = "run: python tools/write_drills.py"
    readme = TOOL["README"].read_text(encoding="utf-8")
    told = TOOL["readme_with"](drills_table(results))
    assert without_times(told) == without_times(readme), mend
    page = TOOL["PAGE"].read_text(encoding="utf-8")
    assert without_times(drills_page(results)) == without_times(page), mend


def without_times(page: str) -> list[list[str]]:
    """Rows without how long it took, which is the machine's."""
    rows = [line.split("|") for line in page.splitlines()]
    return [[*row[:5], *row[6:]] for row in rows]


def test_2022_comes_first_step_by_step_with_its_figures(
    results: list[DrillResult],
) -> None:
    for table in (drills_table(results), drills_page(results)):
        rows = [line for line in table.splitlines() if line.startswith("|")]
        assert [line.split("|")[1].strip() for line in rows[2:8]] == [
            one.what for one in _of_2022(results).steps
        ]
        assert "| `2022` |" in rows[10]
        for figure in ("79,404 people", "890 people", "658 customers"):
            assert figure in table


def test_what_the_web_process_tries_besides_records_is_each_refused(
    results: list[DrillResult],
) -> None:
    [found] = [one for one in results if one.scenario == "web-taken-over"]
    assert len(found.steps) == 5
    assert all(one.tried and not one.got for one in found.steps), found.steps


def _of_2022(results: list[DrillResult]) -> DrillResult:
    [found] = [one for one in results if one.scenario == "2022"]
    return found


def test_what_lies_open_in_stolen_files_is_found(tmp_path: Path) -> None:
    (tmp_path / "sealed").write_bytes(bytes(range(256)) * 50)
    (tmp_path / "row").write_bytes(
        f"..{NHS_NUMBERS[0]}{NHS_NUMBERS[-1]}, {SURNAME}, 3 Nowhere Lane..".encode()
    )
    files = list(files_in((tmp_path,)))
    # None of the ground's rows lies in them: such a search proves nothing.
    assert not searched("dump", "a copy", files[1:]).holds
    (tmp_path / "sealed").write_bytes(b"fernhill-000001" + bytes(range(256)) * 50)
    assert searched("dump", "a copy", files[1:]).holds
    found = searched("dump", "a copy", files)
    assert (found.reached, found.holds, found.stopped_by) == (4, False, NOBODY)
    assert len(set(NHS_NUMBERS)) == 1_000


def test_the_command_prints_json_and_names_what_there_is() -> None:
    command = [sys.executable, "-m", "wardkeep.cli", "drill"]
    named = subprocess.run([*command, "list"], capture_output=True, check=True)
    assert b"stolen-cookie" in named.stdout
    unknown = subprocess.run([*command, "nothing"], capture_output=True, check=False)
    assert unknown.returncode == 1
    assert b"wardkeep drill list" in unknown.stderr
    for few, words in (("20", b"--patients 46"), ("-1", b"not in the range")):
        refused = subprocess.run(
            [*command, "stolen-cookie", "--patients", few],
            capture_output=True,
            check=False,
        )
        assert refused.returncode
        assert words in refused.stderr
    ran = subprocess.run(
        [*command, "2022", "--patients", "100", "--json"],
        capture_output=True,
        check=True,
    )
    [found] = json.loads(ran.stdout)
    assert (found["scenario"], found["reached"], found["ways_in"]) == ("2022", 35, 0)
    then = [one["then_many"] for one in found["steps"]]
    assert then == [1, 79_404, 16, 890, 19, 658]
    here = [(one["got"], one["unit"]) for one in found["steps"]]
    assert here[1:4] == [(35, "patients"), (0, "patients"), (0, "ways in")]
