# SPDX-License-Identifier: Apache-2.0
"""A line a minute while a long simulation goes on: what time it is, and how it stands.

The last word has the account at its end. This is so that nobody waits an hour for one
that went wrong in its second minute.
"""

import os
import threading
import time
from datetime import datetime
from pathlib import Path

from bench._urgent_room import Room
from support.urgent_book import Found

EVERY_SECONDS = 60.0


class Progress:
    """What is printed, and kept in a file besides."""

    def __init__(self, room: Room, begins: datetime, file: Path) -> None:
        self._room, self._begins, self._file = room, begins, file
        self._before: Found | None = None
        self._began = self._told_at = time.perf_counter()
        self._telling: threading.Thread | None = None
        file.parent.mkdir(exist_ok=True)
        file.write_text("")

    def tell_in_time(self) -> None:
        """A line, where the last one is a minute old."""
        is_busy = self._telling is not None and self._telling.is_alive()
        if is_busy or time.perf_counter() - self._told_at < EVERY_SECONDS:
            return
        self._told_at = time.perf_counter()
        # Beside the calls: nobody rings late because it is counted.
        self._telling = threading.Thread(target=self._tell)
        self._telling.start()

    def tell(self) -> None:
        """The last line, after the one that is just being made."""
        if self._telling is not None:
            self._telling.join()
        self._tell()

    def _tell(self) -> None:
        room = self._room
        now, (stands, self._before) = room.clock.now(), room.so_far(self._before)
        minutes = (time.perf_counter() - self._began) / 60
        line = (
            f"  {minutes:5.1f} min | {now:%a %H:%M}, {room.clock.speed:4.1f} times"
            f" as fast | {room.sent:6,} calls, {stands.lost} lost,"
            f" {stands.doubled} doubled, {stands.stuck} stuck |"
            f" {room.unanswered:3} ringing, {stands.waiting:4} waiting |"
            f" {room.killed.total()} killed | load {os.getloadavg()[0]:.1f}"
        )
        print(line, flush=True)
        with self._file.open("a") as out:
            out.write(f"{line.strip()}\n")
