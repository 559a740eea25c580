# SPDX-License-Identifier: Apache-2.0
"""Whether somebody moved the wall clock, told by the one that nobody sets.

The ledger dates by the wall clock, and at a start the last 24 hours are counted from
it: set ahead by a day, everybody had a new budget after the next start. So where both
hands stood is kept in a file, and by how much they came apart since is an entry: what
stands before it is dated as far from what stands after it. That holds while the machine
runs. After it was switched off nothing here tells a step from a night; the clock of a
witness does.
"""

import logging
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import msgspec
from msgspec import DecodeError

from wardkeep.base.clock import Clock
from wardkeep.base.ids import new_uuid
from wardkeep.ledger.entry import Entry
from wardkeep.ledger.tiles import sync_folder, write_file

CLOCK_SET = "clock-set"
"""The action of the entry. Its request: seconds ahead, and from which mark."""
LEAST_SECONDS = 60.0
"""Less is no step: clocks are put right by parts of a second. It is summed up, so that
many small steps are one."""
log = logging.getLogger(__name__)


class Mark(msgspec.Struct, frozen=True):
    """Where both hands stood at one moment."""

    id: str
    boot: str
    wall: float
    """Seconds since 1970."""
    monotonic: float


class ClockMark:
    """A mark on the disk, and how far the hands came apart since."""

    def __init__(self, path: Path, clock: Clock) -> None:
        self._path = path
        self._clock = clock
        found = self._read()
        if found is None or found.boot != clock.boot():
            self.put()
        else:
            self._mark = found

    def _read(self) -> Mark | None:
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=Mark)
        except FileNotFoundError:
            return None
        except (DecodeError, OSError) as error:
            # Without it less is known; that is no reason not to start.
            log.warning("%s cannot be read, and is made anew: %s", self._path, error)
            return None

    def put(self) -> None:
        """Begin anew from here, on the disk."""
        self._mark = Mark(
            new_uuid(),
            self._clock.boot(),
            self._clock.now().timestamp(),
            self._clock.monotonic_seconds(),
        )
        try:
            write_file(self._path, msgspec.json.encode(self._mark) + b"\n")
            sync_folder(self._path.parent)
        except OSError as error:
            log.warning("%s cannot be written: %s", self._path, error)

    def ahead(self) -> float:
        """Seconds by which the wall clock was moved on; below 0: back; 0: not."""
        if not self._mark.boot:
            return 0.0
        then = datetime.fromtimestamp(self._mark.wall, UTC)
        ahead = self._mark.monotonic - self._clock.monotonic_at(then)
        return ahead if abs(ahead) >= LEAST_SECONDS else 0.0

    def counted_to(self) -> float:
        """Now, by the wall clock of before it was moved on; seconds since 1970.

        Set back, it is what it is: what is dated later counts as new, and whatever was
        written since is as old as it says.
        """
        return self._clock.now().timestamp() - max(0.0, self.ahead())

    def request(self, ahead: float) -> str:
        """As the entry says it. Of one mark the last entry holds, if there are two."""
        return f"{ahead:+.0f} {self._mark.id}"


def steps_in(entries: Sequence[Entry]) -> Sequence[float]:
    """By how many seconds the clock was moved in each: 0 in most.

    Whoever was killed between the entry and the new mark wrote it twice.
    """
    found = [0.0] * len(entries)
    seen = set[str]()
    for number, entry in reversed(list(enumerate(entries))):
        if entry.action == CLOCK_SET:
            mark = entry.request.partition(" ")[2]
            if mark not in seen:
                seen.add(mark)
                found[number] = seconds_of(entry)
    return found


def seconds_of(entry: Entry) -> float:
    """By how much the clock was moved, as its entry says."""
    return float(entry.request.partition(" ")[0])


def words_of(ahead: float) -> str:
    """What the officer reads."""
    return f"by {length(ahead)} {'on' if ahead > 0 else 'back'}"


def length(seconds: float) -> str:
    """In days, hours and minutes, whichever way."""
    minutes = round(abs(seconds) / 60)
    days, rest = divmod(minutes, 24 * 60)
    parts = ((days, "day"), (rest // 60, "hour"), (rest % 60, "minute"))
    return " ".join(f"{n} {unit}{'s' if n != 1 else ''}" for n, unit in parts if n)
