# SPDX-License-Identifier: Apache-2.0
"""The file to which the server says what it does; no word of a patient is in it."""

import os
from pathlib import Path
from typing import IO

_LARGEST = 5_000_000
_TAIL = 4_000
_LINES = 3


class ServerLog:
    """One log file, and where in it the present attempt began."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._begin = 0

    def open(self) -> IO[bytes]:
        """The log to append to; the one before is kept when it has grown large."""
        if self.path.exists() and self.path.stat().st_size > _LARGEST:
            self.path.replace(self.path.with_suffix(".log.1"))
        descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        file = os.fdopen(descriptor, "ab")
        self._begin = os.fstat(descriptor).st_size
        return file

    def last_words(self) -> str:
        """The last that was said since the log was opened: why it ended."""
        text = self.path.read_bytes()[self._begin :][-_TAIL:].decode("utf-8", "replace")
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        fatal = [line for line in lines if "FATAL" in line or "error" in line.lower()]
        return " ".join(fatal[-1:] or lines[-_LINES:] or ["it said nothing"])
