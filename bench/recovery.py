# SPDX-License-Identifier: Apache-2.0
"""Kill -9 of each process while it serves: seconds until the service is ready again."""

import os
import signal
import time
from pathlib import Path

from bench._stack import Stack, processes_of, stack

PROGRAMS = ("warden", "worker", "web", "database")
ROUNDS = 3
PATIENCE_SECONDS = 30.0


def run() -> dict[str, float]:
    with stack() as made:
        made.await_ready()
        figures = {}
        for program in PROGRAMS:
            waits = [_killed(made, program) for _ in range(ROUNDS)]
            figures[f"after kill -9 of the {program}, longest of {ROUNDS}, s"] = max(
                waits
            )
        return figures


def _killed(made: Stack, program: str) -> float:
    """Kill the first process of a name; seconds until another one serves."""
    victim = _first(made, program)
    os.kill(victim, signal.SIGKILL)
    began = time.perf_counter()
    deadline = began + PATIENCE_SECONDS
    while _first(made, program) in (victim, 0):
        if time.perf_counter() > deadline:
            raise TimeoutError(program)
        time.sleep(0.005)
    made.await_ready()
    return time.perf_counter() - began


def _first(made: Stack, program: str) -> int:
    if program == "database":
        return _postmaster(made.layout.database)
    found = [pid for pid, name in processes_of(made.process.pid) if name == program]
    return min(found, default=0)


def _postmaster(folder: Path) -> int:
    for path in folder.rglob("postmaster.pid"):
        try:
            words = path.read_text(encoding="utf-8").split("\n")
            os.kill(int(words[0]), 0)
        except (OSError, ValueError):
            continue
        return int(words[0])
    return 0
