# SPDX-License-Identifier: Apache-2.0
"""A provider's weekend, 5,000 calls a day: none lost, doubled or stuck.

By a clock that runs twelve times as fast, on real processes, with the calls of each
hour as they were counted (Bradford and Airedale, 2021, by day of the week). Call takers
talk a quarter of an hour, clinicians ring back, three in a hundred never answer,
ambulances go out by themselves, and processes are killed. At the end every call is held
against the database, row by row.

    WARDKEEP_BENCH_WEEKEND=whole   Saturday and Sunday, four hours; else minutes of the
                                   busiest time, Saturday from ten (usual: 24)
    WARDKEEP_BENCH_SPEED=12        how fast the clock runs
"""

import math
import os
import threading
import time
from collections.abc import Iterator
from datetime import datetime, timedelta

from bench._simulated import Simulated, coming_saturday
from bench._stack import stack
from bench._urgent_room import DEATHS, Minutes, Room, Sizes
from wardkeep.assembly.demo.chance import Chance

A_DAY = 5000
OF_HOUR = (
    *(1.5, 1.2, 1.1, 1.0, 0.9, 1.1, 1.7, 3.2, 6.3, 7.6, 8.4, 8.0),
    *(7.3, 6.6, 6.1, 5.5, 5.3, 5.2, 4.9, 4.5, 4.1, 3.6, 2.8, 2.1),
)
"""Of a hundred calls of a weekend's day, how many in each hour."""
BUSIEST = 10
USUAL_MINUTES, WHOLE = 24.0, timedelta(hours=48)
A_SHIFT = timedelta(hours=8)
ROOM = Sizes(takers=112, clinicians=48)
"""Seven calls a minute of a quarter of an hour keep 105 people busy."""
DEATH_EVERY_SECONDS = 25.0
"""Real ones; nothing more dies in the last of them."""
_FINE = 1_000_000
_SETTING_UP = timedelta(minutes=20)


def run() -> dict[str, float]:
    said = os.environ.get("WARDKEEP_BENCH_WEEKEND", str(USUAL_MINUTES))
    is_whole = said == "whole"
    lasts = WHOLE if is_whole else timedelta(minutes=float(said))
    first = coming_saturday() + timedelta(hours=0 if is_whole else BUSIEST)
    speed = float(os.environ.get("WARDKEEP_BENCH_SPEED", "12"))
    clock = Simulated(first - (_SETTING_UP if is_whole else timedelta()), speed=speed)
    settings = {"WARDKEEP_DEMO": "yes", **clock.environment}
    with stack(**settings) as made:
        sizes = ROOM._replace(shifts=math.ceil(lasts / A_SHIFT) + 1)
        room = Room(made, clock, sizes, minutes=Minutes())
        room.open()
        began = time.perf_counter()
        begins = max(first, clock.now())
        before = made.spent()
        room.begin()
        _let_ring(room, begins, lasts)
        lasted = time.perf_counter() - began
        drained = room.close()
        figures = {
            "simulated hours": lasts / timedelta(hours=1),
            "times as fast as real": speed,
            "calls a simulated minute": room.sent / (lasts / timedelta(minutes=1)),
            **room.reckoning(),
            "seconds of calls": lasted,
            "seconds until nobody waited any more": drained,
            **_to_answer(room.waited),
            **made.spent_since(before, what="a call", times=room.sent),
        }
        return figures | room.times.figures()


def _let_ring(room: Room, begins: datetime, lasts: timedelta) -> None:
    clock, over = room.clock, begins + lasts
    shift_over, nth = begins + A_SHIFT, 0
    dies_at = time.perf_counter() + DEATH_EVERY_SECONDS
    for moment in arrivals(begins, over):
        time.sleep(clock.real_seconds_until(moment))
        room.rings()
        if room.book.troubles:
            return
        left = clock.real_seconds_until(over)
        if time.perf_counter() >= dies_at and left > DEATH_EVERY_SECONDS / 2:
            room.kill(DEATHS[nth % len(DEATHS)])
            nth, dies_at = nth + 1, time.perf_counter() + DEATH_EVERY_SECONDS
        if clock.now() >= shift_over:
            threading.Thread(target=room.change_shift).start()
            shift_over += A_SHIFT


def arrivals(begins: datetime, over: datetime) -> Iterator[datetime]:
    """Moments at which somebody rings: a Poisson process at the rate of each hour."""
    chance, moment = Chance("weekend"), begins
    while True:
        an_hour = A_DAY * OF_HOUR[moment.hour] / 100
        share = (1 + chance.below(_FINE)) / _FINE
        moment += timedelta(hours=-math.log(share) / an_hour)
        if moment >= over:
            return
        yield moment


def _to_answer(waited: list[float]) -> dict[str, float]:
    ordered = sorted(waited)
    return {
        f"until answered, simulated seconds, p{share}": ordered[
            min(len(ordered) - 1, len(ordered) * share // 100)
        ]
        for share in (50, 95)
    }
