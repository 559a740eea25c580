# SPDX-License-Identifier: Apache-2.0
"""A witness in a process of its own, as somebody elsewhere runs it."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from support.house import free_port
from wardkeep.base.clock import SystemClock
from wardkeep.base.note_keys import NoteKey
from wardkeep.ledger.witness import Witness, log_id


class Outpost:
    """A witness's folder and the process that answers for it."""

    def __init__(self, folder: Path, name: str, log: NoteKey | None = None) -> None:
        self.folder = folder
        self.port = free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        self.witness = Witness.begin(folder, name, SystemClock())
        if log is not None:
            self.witness.watch(log)
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        port = str(self.port)
        command = [sys.executable, "-m", "wardkeep.cli", "witness", "serve"]
        self._process = subprocess.Popen(
            [*command, "--folder", str(self.folder), "--port", port],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def stop(self) -> None:
        if self._process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGTERM)
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait(10)
        self._process = None

    @contextlib.contextmanager
    def asleep(self) -> Iterator[None]:
        """Its process takes requests and answers none while the block lasts."""
        if self._process is None:
            raise AssertionError
        os.killpg(self._process.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.killpg(self._process.pid, signal.SIGCONT)

    def newest(self, origin: str) -> str:
        """As whoever runs it prints it."""
        found = self.witness.watched(log_id(origin))
        return found.note if found is not None else ""
