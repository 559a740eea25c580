# SPDX-License-Identifier: Apache-2.0
"""Who is tried once more: a few stories and drills, and nobody else."""

import importlib.util
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

import pytest

STORY = "tests/stories/test_note_losses.py::test_a[1]"
DRILL = "tests/drills/test_ledger.py::test_b"
UNIT = "tests/unit/base/test_ids.py::test_c"


@pytest.fixture
def tool() -> ModuleType:
    path = Path(__file__).parents[2] / "tools" / "run_tests.py"
    spec = importlib.util.spec_from_file_location("run_tests", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def runs(tool: ModuleType, first: int, alone: int, *failed: str) -> list[list[str]]:
    """Have both runs end so; what was run alone."""
    asked: list[list[str]] = []

    def run_alone(ids: Sequence[str]) -> int:
        asked.append(list(ids))
        return alone

    vars(tool)["run"] = lambda _: (first, list(failed))
    vars(tool)["run_alone"] = run_alone
    return asked


def test_a_story_that_passes_alone_lets_the_run_pass_and_is_told(
    tool: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = runs(tool, 1, 0, STORY, DRILL)
    assert tool.main(["tests"]) == 0
    assert asked == [[STORY, DRILL]]
    told = capsys.readouterr().out
    assert "STUMBLED" in told
    assert STORY in told.rpartition("STUMBLED")[2]


def test_one_that_fails_twice_fails_the_run(
    tool: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    runs(tool, 1, 1, STORY)
    assert tool.main([]) == 1
    assert "STUMBLED" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("code", "failed"),
    [
        (0, []),
        (1, []),
        (1, [STORY, UNIT]),
        (1, [UNIT]),
        (1, [f"{STORY}{n}" for n in range(4)]),
        (2, [STORY]),  # interrupted
        (3, [STORY]),  # an error inside pytest
        (5, []),  # nothing was run
    ],
)
def test_nothing_else_is_tried_again(
    tool: ModuleType, code: int, failed: list[str]
) -> None:
    asked = runs(tool, code, 0, *failed)
    assert tool.main([]) == code
    assert asked == []


def test_a_module_in_two_processes_is_found(tool: ModuleType) -> None:
    found = tool.Failures()

    def ran(test: str, process: str) -> None:
        report = pytest.TestReport(
            test, (test, 0, ""), {}, outcome="passed", longrepr=None, when="call"
        )
        vars(report)["worker_id"] = process
        found.pytest_runtest_logreport(report)

    for test, process in ((STORY, "gw0"), (DRILL, "gw1"), (f"{DRILL}2", "gw1")):
        ran(test, process)
    assert found.torn == []
    ran(f"{DRILL}3", "gw0")
    assert found.torn == [DRILL.partition("::")[0]]
