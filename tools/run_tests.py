# SPDX-License-Identifier: Apache-2.0
"""Runs the tests; a story or drill that fails is tried once more, alone, and told of.

Stories drive a browser and drills kill processes, on cores that others use as well.
What fails there and passes alone is told as STUMBLED in the last lines, and is to be
looked into: behind some of them was a fault. Whatever else fails, fails the run, and so
do more than a few of these.

    python tools/run_tests.py [what pytest takes]…
"""

import subprocess
import sys
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
ON_SHARED_CORES = ("tests/stories/", "tests/drills/")
AT_MOST = 3


class Failures:
    """A plugin that remembers which tests failed, set-up and end counted in.

    And in which processes each module ran: in more than one, all of them set up what
    its tests share, and a run takes twice its time without anybody seeing why.
    """

    def __init__(self) -> None:
        self.ids: dict[str, None] = {}
        self.processes: defaultdict[str, set[str]] = defaultdict(set)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self.ids[report.nodeid] = None
        module = report.nodeid.partition("::")[0]
        self.processes[module].add(getattr(report, "worker_id", ""))

    @property
    def torn(self) -> list[str]:
        """Modules whose tests ran in more than one process."""
        return [one for one, where in self.processes.items() if len(where) > 1]


def may_stumble(failed: Sequence[str]) -> bool:
    """Whether these few are all of the kind that is tried once more."""
    return 0 < len(failed) <= AT_MOST and all(
        one.startswith(ON_SHARED_CORES) for one in failed
    )


def run(arguments: Sequence[str]) -> tuple[int, list[str]]:
    """How pytest ended, and what failed."""
    failures = Failures()
    ended = int(pytest.main(list(arguments), plugins=[failures]))
    if failures.torn:
        print("\nIn more than one process:", *failures.torn, sep="\n  ", flush=True)
    return ended or bool(failures.torn), list(failures.ids)


def run_alone(failed: Sequence[str]) -> int:
    """How it ended, in a process of its own."""
    alone = [sys.executable, "-m", "pytest", "--tb=short", *failed]
    return subprocess.run(alone, cwd=ROOT, check=False).returncode  # noqa: S603


def main(arguments: Sequence[str]) -> int:
    ended, failed = run(arguments)
    if ended != pytest.ExitCode.TESTS_FAILED or not may_stumble(failed):
        return ended
    print(f"\nOnce more, alone: {', '.join(failed)}", flush=True)
    again = run_alone(failed)
    if again == 0:
        print("\nSTUMBLED: failed beside others, passed alone. Look into it:")
        print("\n".join(f"  {one}" for one in failed), flush=True)
    return again


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
