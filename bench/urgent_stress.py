# SPDX-License-Identifier: Apache-2.0
"""A nation's calls on one machine: two starts a second, bursts of 300 writes.

85,000 calls on a day of a weekend are two starts a second at the peak, and about fifty
writes a call: what is typed is kept while the caller speaks. Each start is a call from
its number to its end; clinicians take what waits; every so often the forms of all calls
that are going on together keep words 300 times a second, for some seconds. Nobody waits
for what came before: who is late is late on the clock. At the end every call is held
against the database, row by row.

    WARDKEEP_BENCH_STRESS_SECONDS=60   how long calls begin
"""

import os
import threading
import time

from bench._simulated import Simulated, coming_saturday
from bench._stack import stack
from bench._urgent_room import Minutes, Room, Sizes
from support.form_writer import FormPage
from support.urgent_shift import FAILED, Seat

STARTS_A_SECOND, KEPT_A_CALL = 2.0, 40
"""Of fifty writes a call ten or so are what is pressed; the others are kept words."""
SPEAKS_SECONDS = 10.0
BURST_A_SECOND, BURST_SECONDS, BURST_EVERY_SECONDS = 300, 3.0, 20.0
ROOM = Sizes(takers=60, clinicians=24)
KEPT, BURST = "words kept", "words kept in a burst"
_LOOKED = ("open", "look", "how it", "where", "the ", "next step", "from", "words")
"""How acts begin that write nothing into the record."""


def run() -> dict[str, float]:
    seconds = float(os.environ.get("WARDKEEP_BENCH_STRESS_SECONDS", "60"))
    clock = Simulated(coming_saturday())
    typing = Typing()
    with stack(WARDKEEP_DEMO="yes") as made:
        room = Room(made, clock, ROOM, minutes=Minutes(0, 0), typed=typing.speaks)
        room.open()
        before = made.spent()
        room.begin()
        began = typing.began = time.perf_counter()
        late = _starts(room, seconds)
        lasted = time.perf_counter() - began
        drained = room.close()
        accounted = room.reckoning()
        times = room.times.of
        pressed = sum(
            len(took) for act, took in times.items() if not act.startswith(_LOOKED)
        )
        return {
            "starts a second": room.sent / lasted,
            "writes a second, between bursts": (len(times[KEPT]) + pressed) / lasted,
            **typing.figures(seconds),
            **accounted,
            "a start begun late, most s": late,
            "until somebody answered, most s": max(room.waited),
            "seconds until nobody waited any more": drained,
            **made.spent_since(before, what="a call", times=room.sent),
            **room.times.figures(),
        }


def _starts(room: Room, seconds: float) -> float:
    """Calls, each at its moment; by how much one was late at most."""
    began, late = time.perf_counter(), 0.0
    for nth in range(int(seconds * STARTS_A_SECOND)):
        due = nth / STARTS_A_SECOND
        time.sleep(max(0.0, began + due - time.perf_counter()))
        late = max(late, time.perf_counter() - began - due)
        room.rings()
    return late


class Typing:
    """The forms that are being filled in: how often each keeps its words."""

    def __init__(self) -> None:
        self.began = 0.0
        self._lock = threading.Lock()
        self._forms = 0
        self._in_bursts: list[float] = []
        """When each write of a burst was answered."""

    def speaks(self, seat: Seat, page: bytes) -> None:
        """Words kept while a caller speaks; a write is late from when it was due."""
        form, over = FormPage(seat, page), time.perf_counter() + SPEAKS_SECONDS
        due = time.perf_counter()
        self._count(1)
        while due < over and time.perf_counter() < over:
            time.sleep(max(0.0, due - time.perf_counter()))
            is_burst = self._is_burst(due)
            while form.save(f"Feels unwell, {form.number}") >= FAILED:
                seat.times.again["words were not kept at once"] += 1
            done = time.perf_counter()
            seat.times.of[BURST if is_burst else KEPT].append((done - due) * 1000)
            if is_burst:
                self._in_bursts.append(done)
            due += self._forms / BURST_A_SECOND if is_burst else _PAUSE
        self._count(-1)

    def _count(self, more: int) -> None:
        with self._lock:
            self._forms += more

    def _is_burst(self, at: float) -> bool:
        return (at - self.began) % BURST_EVERY_SECONDS >= _QUIET_SECONDS

    def figures(self, seconds: float) -> dict[str, float]:
        bursts = max(1, int(seconds / BURST_EVERY_SECONDS))
        in_time = sum(map(self._is_burst, self._in_bursts))
        return {
            "bursts": bursts,
            "writes a second in bursts, of 300": in_time / (bursts * BURST_SECONDS),
        }


_PAUSE = SPEAKS_SECONDS / KEPT_A_CALL
_QUIET_SECONDS = BURST_EVERY_SECONDS - BURST_SECONDS
