# SPDX-License-Identifier: Apache-2.0
"""Kills each process of a stack in the midst of work, as a power cut would."""

import os
import signal
import threading
from contextlib import suppress
from pathlib import Path

from support.served import Served, eventually


def kills(
    served: Served, killed: list[str], is_over: threading.Event, *, rounds: int = 2
) -> None:
    """Each of the three, in turn, in the midst of the work; then each once more."""
    for name in ("web", "database", "warden") * rounds:
        if is_over.wait(1.0):
            return
        victim = postmaster(served) if name == "database" else served.child(name)
        if victim:
            with suppress(ProcessLookupError):
                os.kill(victim, signal.SIGKILL)
                killed.append(name)
        eventually(served.is_ready, served.log)


def postmaster(served: Served) -> int:
    folder: Path = served.log.parent / "data" / "database"
    for path in folder.rglob("postmaster.pid"):
        with suppress(OSError, ValueError, IndexError):
            return int(path.read_text().splitlines()[0])
    return 0
