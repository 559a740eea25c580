# SPDX-License-Identifier: Apache-2.0
"""Files that a crash leaves whole or not there, for their owner alone."""

import os
from pathlib import Path


def _make(folder: Path) -> None:
    """A folder and those above it, each closed to others."""
    if not folder.exists():
        _make(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)


def put(path: Path, content: bytes, *, is_waited_for: bool = True) -> None:
    """Put a file there whole, with its folder.

    Not waited for: one of many that can be made again, so the disk may take its time.
    """
    _make(path.parent)
    half = path.with_name(path.name + ".half")
    descriptor = os.open(half, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        if is_waited_for:
            file.flush()
            os.fsync(descriptor)
    half.replace(path)
