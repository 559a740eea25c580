# SPDX-License-Identifier: Apache-2.0
"""A provider's weekend, 5,000 calls a day: none lost, doubled or stuck.

By a clock that runs fast, on real processes, with the calls of each hour as they were
counted (Bradford and Airedale, 2021, by day of the week). It runs as fast as brings the
same load all day: nights fly, mornings do not. Call takers talk a quarter of an hour,
ask their questions, ask a national index that is slow for an hour and dead for another,
read warnings, and go on with calls that were cut off; clinicians ring back, three in a
hundred never answer, some get a prescription, ambulances go out by themselves, and
processes are killed, the warden too. A line a minute says how it stands; at the end
every call and every prescription is held against the database, row by row.

    WARDKEEP_BENCH_WEEKEND=whole   Saturday and Sunday; 5+4: four hours from five on
                                   Saturday; else minutes of the busiest time, Saturday
                                   from ten (usual: 24)
    WARDKEEP_BENCH_CALLS=2.5       how many begin in a real second, all day
"""

import math
import os
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from bench.__main__ import RESULTS
from bench._index import Health, index
from bench._pace import before, by_load
from bench._simulated import Simulated, coming_saturday
from bench._stack import stack
from bench._urgent_progress import Progress
from bench._urgent_room import Minutes, Room, Sizes
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
ROOM = Sizes(takers=112, clinicians=90, dispatchers=10, leads=2, has_more=True)
"""Seven calls a minute of a quarter of an hour keep 105 people busy. Nobody has more
cases in a shift than the sixty that work explains (a shift lead: 120)."""
USUAL_LOAD = 2.5
"""Calls that begin in a real second: what two cores bear beside what dies."""
FASTEST, SLOWEST = 60.0, 6.0
"""At sixty times a hold's fifteen seconds are a quarter of one, ten times what it is
needed for; at night little is asked at once."""
INDEX_IS = {11: Health.SLOW, 14: Health.DEAD, 3: Health.DEAD}
"""By the hour of either day."""
DEATH_EVERY_SECONDS = 25.0
"""Real ones; nothing more dies in the last of them. Of a whole weekend, less often."""
DEATH_OF_WHOLE_EVERY_SECONDS = 75.0
DEATHS = ("web", "database", "warden", "worker")
_FINE = 1_000_000
_SETTING_UP, _SET_UP_SECONDS = timedelta(minutes=40), 150.0


class Span(NamedTuple):
    """Which part of the weekend it is."""

    hour: int
    """That it begins with, from Saturday's midnight."""
    lasts: timedelta

    @property
    def is_long(self) -> bool:
        return self.lasts >= A_SHIFT


def run() -> dict[str, float]:
    span = span_of(os.environ.get("WARDKEEP_BENCH_WEEKEND", str(USUAL_MINUTES)))
    load = float(os.environ.get("WARDKEEP_BENCH_CALLS", str(USUAL_LOAD)))
    first = coming_saturday() + timedelta(hours=span.hour)
    hours = [A_DAY * OF_HOUR[(span.hour + nth) % 24] / 100 for nth in range(50)]
    pace = by_load(hours, a_second=load, slowest=SLOWEST, fastest=FASTEST)
    setting_up = _SETTING_UP.total_seconds()
    pace = before(pace, setting_up, speed=setting_up / _SET_UP_SECONDS)
    clock = Simulated(first - _SETTING_UP, pace=pace)
    with index(lambda: INDEX_IS.get(clock.now().hour, Health.WELL)) as address:
        settings = {"WARDKEEP_DEMO": "yes", "WARDKEEP_PDS": address}
        with stack(**settings, **clock.environment) as made:
            sizes = ROOM._replace(shifts=math.ceil(span.lasts / A_SHIFT) + 1)
            room = Room(made, clock, sizes, minutes=Minutes())
            room.open()
            return _accounted(room, first, span)


def span_of(said: str) -> Span:
    """What the setting asks for.

    Raises:
        ValueError: it is neither `whole`, nor HOUR+HOURS, nor minutes.
    """
    if said == "whole":
        return Span(0, WHOLE)
    hour, plus, hours = said.partition("+")
    if plus:
        return Span(int(hour), timedelta(hours=float(hours)))
    return Span(BUSIEST, timedelta(minutes=float(said)))


def _accounted(room: Room, first: datetime, span: Span) -> dict[str, float]:
    made, clock = room.made, room.clock
    late = clock.now() - first
    time.sleep(clock.real_seconds_until(first))
    begins = max(first, clock.now())
    spent, own = made.spent(), time.process_time()
    began = time.perf_counter()
    room.begin()
    progress = Progress(room, begins, RESULTS / "weekend.txt")
    _let_ring(room, begins, span, progress)
    lasted = time.perf_counter() - began
    drained = room.close()
    progress.tell()
    simulated = first + span.lasts - begins
    return {
        "simulated hours": simulated / timedelta(hours=1),
        "set up late by, simulated minutes": max(0.0, late / timedelta(minutes=1)),
        "times as fast as real, in the mean": simulated / timedelta(seconds=lasted),
        "calls a simulated minute": room.sent / (simulated / timedelta(minutes=1)),
        **room.reckoning(),
        "seconds of calls": lasted,
        "seconds until nobody waited any more": drained,
        **_to_answer(room.waited),
        **made.spent_since(spent, what="a call", times=room.sent),
        "a call: people, processor ms": 1000 * (time.process_time() - own) / room.sent,
        **room.times.figures(),
    }


def _let_ring(room: Room, begins: datetime, span: Span, progress: Progress) -> None:
    clock, over = room.clock, begins + span.lasts
    every = DEATH_OF_WHOLE_EVERY_SECONDS if span.is_long else DEATH_EVERY_SECONDS
    shift_over, nth = begins + A_SHIFT, 0
    dies_at = time.perf_counter() + every
    for moment in arrivals(begins, over):
        time.sleep(clock.real_seconds_until(moment))
        room.rings()
        progress.tell_in_time()
        if room.book.troubles:
            return
        left = clock.real_seconds_until(over)
        if time.perf_counter() >= dies_at and left > DEATH_EVERY_SECONDS / 2:
            room.kill(DEATHS[nth % len(DEATHS)])
            nth, dies_at = nth + 1, time.perf_counter() + every
        if clock.now() >= shift_over:
            threading.Thread(target=room.change_shift).start()
            shift_over += A_SHIFT


def arrivals(begins: datetime, over: datetime) -> Iterator[datetime]:
    """Moments at which somebody rings: a Poisson process at the rate of each hour."""
    chance, moment = Chance("weekend"), begins
    while True:
        an_hour = A_DAY * OF_HOUR[moment.astimezone(UTC).hour] / 100
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
