# SPDX-License-Identifier: Apache-2.0
"""An urgent care service at work: who works there, who rings, and what dies meanwhile.

Everybody is a thread with a session of their own and presses what a page offers, over
HTTP, on real processes. Think times, talks and consultations pass on the service's
clock; where it closes, nobody thinks any more and the queues are worked off.
"""

import asyncio
import os
import queue
import signal
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from itertools import chain
from pathlib import Path
from typing import NamedTuple, TypeVar

from bench._simulated import Simulated
from bench._stack import Stack
from bench._urgent_outcomes import comes_to
from bench._urgent_people import family_of, write_people
from support.triage import put_into_use
from support.urgent_book import (
    Book,
    Call,
    Found,
    SoFar,
    found_in,
    reckon,
    so_far,
    told_in,
)
from support.urgent_medicines import prescribes
from support.urgent_shift import (
    BOARD,
    NOTHING_BESIDES,
    OVER,
    PATIENCE_SECONDS,
    Chances,
    Ring,
    Seat,
    Times,
    TroubleError,
    Typed,
    Ways,
    Work,
    answer_call,
    clinician_turn,
    prescribes_nothing,
    questions_of,
    read_until,
    take_next,
)
from support.warden import RunningWarden
from support.wards import Worker
from wardkeep.assembly.demo.chance import Chance
from wardkeep.db.errors import DatabaseUnavailableError
from wardkeep.disclosure.answers import Done, SessionView
from wardkeep.disclosure.client import WardenBusyError, WardenUnavailableError
from wardkeep.disclosure.questions import CheckSession, SetWork
from wardkeep.fhir.urgent.disposition import DISPOSITIONS, SKILLS
from wardkeep.fhir.urgent.queueing import place_of

ORGANISATION = "bench"
ADVISOR, CLINICIAN, LEAD = "health_advisor", "urgent_care_clinician", "shift_lead"
AMBULANCE = "ambulance"
KNOWN_IN_100 = 75
CUT_OFF_IN_100 = 3
RINGS_AGAIN_AFTER = timedelta(minutes=2)
QUESTIONS = "adult-danger-signs"
LOOKS_EVERY_SECONDS = 8.0
"""Real ones: whoever has nothing to do presses when the board shows a case, and at
times without one."""
CLOSES_WITHIN_SECONDS = 12
MEDICINE_IN_100 = 4
"""Of a clinician's cases, where nobody asked for one."""
_TAKERS = ("clinician", "dispatcher")
GONE_ON = "go on with a call"
"""As the shift calls that act."""
_AWAY = (AssertionError, TypeError, WardenBusyError, WardenUnavailableError)
"""What comes of asking a warden that is not there, or answers that it cannot yet."""
T = TypeVar("T")


class Sizes(NamedTuple):
    """How many there are of each."""

    takers: int
    clinicians: int
    dispatchers: int = 3
    leads: int = 1
    people: int = 2000
    """Who have a record here."""
    shifts: int = 1
    """One after the other: nobody works in two."""
    has_more: bool = False
    """Whether questions are asked, an index is, warnings are read, lines cut off and
    medicines prescribed."""


class Minutes(NamedTuple):
    """How long work takes, in the mean; 0: no time."""

    call: float = 15
    consult: float = 12


class Room:
    """One service, from the first call until nobody waits."""

    def __init__(
        self,
        made: Stack,
        clock: Simulated,
        sizes: Sizes,
        *,
        minutes: Minutes,
        typed: Typed | None = None,
    ) -> None:
        self.made, self.clock, self.sizes = made, clock, sizes
        self.book, self.times = Book(), Times()
        self.killed: Counter[str] = Counter()
        self.waited: list[float] = []
        """Simulated seconds until each call was answered."""
        self._minutes, self._typed = minutes, typed
        self._rings: queue.Queue[tuple[datetime, Ring]] = queue.Queue()
        self._ways = NOTHING_BESIDES
        self._shown = {name: threading.Semaphore(0) for name in _TAKERS}
        """What boards have shown that nobody has pressed for."""
        self._closing, self._over = threading.Event(), threading.Event()
        self._sent = 0
        self._tokens: dict[str, str] = {}
        self._accounts: dict[str, str] = {}
        self._shift = 0
        self._threads: list[threading.Thread] = []
        self._chance = Chance("rings")
        self._escalated: queue.Queue[str] = queue.Queue()

    # Before the first call

    def open(self) -> None:
        self.made.await_ready()
        self.made.found(ORGANISATION)
        with tempfile.TemporaryDirectory(prefix="wardkeep-bench-") as folder:
            shifts = map(self._workers, range(self.sizes.shifts))
            workers, sizes = [*chain(*shifts)], self.sizes
            write_people(Path(folder), workers, sizes.people, has_more=sizes.has_more)
            self.made.command("import", folder, "--organisation", ORGANISATION)
        self.change_shift()
        if self.sizes.has_more:
            self._put_questions_into_use()

    def _put_questions_into_use(self) -> None:
        with tempfile.TemporaryDirectory(prefix="wardkeep-bench-") as folder:
            put_into_use(self.made, Path(folder), ORGANISATION, QUESTIONS)
        seat = self._seat(self._tokens["taker-0"])
        # What is asked ahead opens nobody, whatever call the address names.
        asked = questions_of(seat, "/patients/nobody/calls/none")
        seat.close()
        if not asked:
            raise LookupError(QUESTIONS)
        self._ways = Ways(questions=asked, is_traced=True)

    def _workers(self, shift: int) -> list[Worker]:
        sizes = self.sizes
        many = {
            "taker": (ADVISOR, sizes.takers),
            "clinician": (CLINICIAN, sizes.clinicians),
            "dispatcher": (CLINICIAN, sizes.dispatchers),
            "lead": (LEAD, sizes.leads),
        }
        return [
            Worker(role, f"Bench {name} {nth}", f"{name}-{nth}-{shift}")
            for name, (role, count) in many.items()
            for nth in range(count)
        ]

    def change_shift(self) -> None:
        """Others sit down on every seat; who sat there finishes what they have."""
        workers = self._workers(self._shift)
        self._shift += 1
        fresh = {one.practitioner: self._signs_in(one.role) for one in workers}
        self._until_done(lambda: asyncio.run(self._put_to_work(fresh)))
        self._tokens = {_seat_of(name): token for name, token in fresh.items()}

    def _signs_in(self, role: str) -> str:
        return self._until_done(lambda: self.made.sign_in(ORGANISATION, [], role))

    @staticmethod
    def _until_done(act: Callable[[], T]) -> T:
        """What the warden answers, once it is there again where it was killed."""
        until = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                return act()
            except _AWAY:
                if time.monotonic() > until:
                    raise
                time.sleep(0.5)

    async def _put_to_work(self, tokens: dict[str, str]) -> None:
        """Who they are and where they work, beside those of the shift before."""
        warden = RunningWarden(self.made, None)  # type: ignore[arg-type]
        fresh: dict[str, str] = {}
        for name, token in tokens.items():
            seen = await warden.door.ask(CheckSession(token), SessionView)
            if not isinstance(seen, SessionView):
                raise TypeError(seen)
            fresh[name] = seen.account
        now, self._accounts = {**self._accounts, **fresh}, fresh
        who = tuple((one, (f"Practitioner/{name}",)) for name, one in now.items())
        teams = tuple(
            (
                f"Queue {skill}",
                (place_of(skill),),
                tuple(one for name, one in now.items() if _works_in(name, skill)),
            )
            for skill in SKILLS
        )
        answer = await warden.operator.ask(SetWork(ORGANISATION, who, teams), Done)
        if not isinstance(answer, Done):
            raise TypeError(answer)
        await warden.operator.close()
        await warden.door.close()

    # Calls

    def rings(self) -> None:
        """Somebody rings now."""
        self._sent += 1
        chance, nobody = self._chance, ""
        nth = chance.below(self.sizes.people)
        patient = f"p-{nth}" if chance.happens(KNOWN_IN_100) else nobody
        code = comes_to(chance, has_requests=self.sizes.has_more)
        family = family_of(nth) if patient else f"New{self._sent:06d}"
        is_cut_off = self.sizes.has_more and chance.happens(CUT_OFF_IN_100)
        number = f"077009{self._sent:05d}"
        ring = Ring(number, patient, family, code, is_cut_off=is_cut_off)
        self._rings.put((self.clock.now(), ring))

    def _rings_again(self, ring: Ring, call: Call) -> None:
        """After a while, and somebody else may answer."""
        after = self.clock.real_seconds(RINGS_AGAIN_AFTER)
        again = ring._replace(is_cut_off=False, goes_on=call)
        timer = threading.Timer(
            after, lambda: self._rings.put((self.clock.now(), again))
        )
        timer.daemon = True
        timer.start()

    @property
    def sent(self) -> int:
        return self._sent

    @property
    def unanswered(self) -> int:
        return self._rings.qsize()

    # People at work

    def begin(self) -> None:
        for name in self._tokens:
            kind = name.partition("-")[0]
            work = {
                "taker": self._takes_calls,
                "clinician": self._sees_cases,
                "dispatcher": self._dispatches,
                "lead": self._leads,
            }[kind]
            thread = threading.Thread(target=self._works, args=(name, work))
            thread.start()
            self._threads.append(thread)

    def _works(self, name: str, work: Callable[[Seat, Chance], bool]) -> None:
        token, chance = self._tokens[name], Chance(name)
        seat = self._seat(token)
        while not self._over.is_set():
            if self._tokens[name] != token:
                seat.close()
                token = self._tokens[name]
                seat = self._seat(token)
            try:
                has_worked = work(seat, chance)
            except TroubleError as trouble:
                self.book.trouble(f"{name}: {trouble.args}")
                return
            if not has_worked:
                self._looks_at_the_board(name, chance)

    def _looks_at_the_board(self, name: str, chance: Chance) -> None:
        """Until it shows a case, or for so long that one looks all the same."""
        middle = 0.5 if self._closing.is_set() else LOOKS_EVERY_SECONDS
        seconds = chance.around(middle, middle / 2)
        shown = self._shown.get(name.partition("-")[0])
        if shown is None:
            self._over.wait(seconds)
        else:
            shown.acquire(timeout=seconds)

    def _is_shown(self, code: str) -> None:
        """A board has one more case, where somebody waits for it."""
        disposition = DISPOSITIONS.get(code)
        if disposition is not None and disposition.waits:
            is_ambulance = disposition.skill == AMBULANCE
            self._shown["dispatcher" if is_ambulance else "clinician"].release()

    def _seat(self, token: str) -> Seat:
        return Seat(self.made.port, token, book=self.book, times=self.times)

    def _passes(self, minutes: float, chance: Chance) -> None:
        """A talk or a consultation, about that long; soon over in a closing room."""
        if minutes:
            about = timedelta(minutes=chance.around(minutes, minutes / 2))
            if self._closing.wait(self.clock.real_seconds(about)):
                # Not all at once, which no evening sees.
                time.sleep(chance.below(CLOSES_WITHIN_SECONDS * 1000) / 1000)

    def _takes_calls(self, seat: Seat, chance: Chance) -> bool:
        try:
            began, ring = self._rings.get(timeout=0.2)
        except queue.Empty:
            return False
        self.waited.append((self.clock.now() - began).total_seconds())
        talk = self._minutes.call / (2 if ring.is_cut_off or ring.goes_on else 1)
        call = answer_call(
            seat,
            ring,
            talk=lambda: self._passes(talk, chance),
            typed=self._typed,
            ways=self._ways,
        )
        if ring.is_cut_off:
            self._rings_again(ring, call)
        self._is_shown(call.disposition)
        return True

    def _sees_cases(self, seat: Seat, chance: Chance) -> bool:
        consult = self._minutes.consult
        entry = clinician_turn(
            seat,
            chance,
            consult=lambda: self._passes(consult, chance),
            of=Chances(),
            prescribe=prescribes(MEDICINE_IN_100)
            if self.sizes.has_more
            else prescribes_nothing,
        )
        if entry and self.book.places[entry].is_open:
            self._shown["clinician"].release()  # it was handed back
        for code in self.book.ended[entry] if entry else ():
            self._is_shown(code)
        if entry and self.book.places[entry].is_escalated:
            self._escalated.put(entry)
        return bool(entry)

    def _dispatches(self, seat: Seat, _chance: Chance) -> bool:
        """An ambulance is out of the queue once the service has acknowledged it."""
        entry = take_next(seat, AMBULANCE)
        if entry:
            path = f"{BOARD}/cases/{entry}"
            if not read_until(seat, path, b"Acknowledged", seconds=PATIENCE_SECONDS):
                raise TroubleError("stuck: nobody acknowledged", entry)
            work = Work(seat, entry)
            work.does("reach")
            work.ends(OVER, "The ambulance service has it")
        return bool(entry)

    def _leads(self, seat: Seat, chance: Chance) -> bool:
        """Whom nobody reached is visited, and a board is looked at in between."""
        seat.looks("the board", chance.pick([BOARD, f"{BOARD}/shift"]))
        seat.looks("next step overdue", f"{BOARD}/overdue")
        with suppress(queue.Empty):
            entry = self._escalated.get_nowait()
            work = Work(seat, entry)
            work.opens()
            work.ends("visit-2h", "Nobody answers: to be seen")
            return True
        return False

    # What dies

    def kill(self, name: str) -> None:
        """One process, as a crash would; the service comes back by itself."""
        made = self.made
        victim = made.postmaster() if name == "database" else made.child(name)
        if victim:
            with suppress(ProcessLookupError):
                os.kill(victim, signal.SIGKILL)
                self.killed[name] += 1

    # The end

    def close(self, patience_seconds: float = 240.0) -> float:
        """Seconds until everything that rang is answered and nobody waits any more."""
        began = time.perf_counter()
        self._closing.set()
        while time.perf_counter() - began < patience_seconds:
            if not self._is_anything_left():
                break
            time.sleep(1.0)
        took = time.perf_counter() - began
        self._over.set()
        for one in self._threads:
            one.join(PATIENCE_SECONDS)
        return took

    def _is_anything_left(self) -> bool:
        if self.book.troubles:
            return False  # nothing more to wait for: it is told
        if sum(bool(one.disposition) for one in self.book.calls) < self._sent:
            return True
        if any(one.is_open for one in list(self.book.places.values())):
            return True
        return any(row["is_open"] for row in self.found().entries.values())

    def so_far(self, before: Found | None) -> tuple[SoFar, Found]:
        """How it stands, and what it was reckoned by."""
        told, found = told_in(self.book), self.found()
        return so_far(told, found, before), found

    def found(self) -> Found:
        """What the database has, once it is there again where it was killed."""
        until = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                return asyncio.run(found_in(self.made))
            except DatabaseUnavailableError:
                if time.monotonic() > until:
                    raise
                time.sleep(0.3)

    def reckoning(self) -> dict[str, float]:
        """Figures of what is accounted for.

        Raises:
            NotAccountedForError: something is lost, doubled or stuck.
        """
        found = self.found()
        wrong = reckon(self.book, found)
        if len(self.book.calls) != self._sent:
            wrong.append(f"lost: {self._sent} rang, {len(self.book.calls)} answered")
        if wrong:
            raise NotAccountedForError("\n".join([f"{len(wrong)}:", *wrong[:40]]))
        asked = [row for row in found.entries.values() if row["asked"]]
        return {
            "calls": self._sent,
            "of them lost, doubled or stuck": 0,
            "places in queues, each taken and ended once": len(found.entries),
            "ambulances, each acknowledged": len(asked),
            "nobody reached, so visited": _visited(self.book),
            "prescriptions, each written once": len(found.prescriptions),
            "cut off, and gone on with": len(self.times.of[GONE_ON]),
            "processes killed": self.killed.total(),
            **{f"sent again: {why}": n for why, n in self.times.again.items()},
            "longest until somebody was answered then, s": self.times.longest_seconds,
        }


class NotAccountedForError(Exception):
    """A call is lost, there twice, or stuck."""


def _visited(book: Book) -> int:
    return sum(place.is_escalated for place in book.places.values())


def _seat_of(practitioner: str) -> str:
    return practitioner.rpartition("-")[0]


def _works_in(name: str, skill: str) -> bool:
    kind = name.partition("-")[0]
    if kind == "lead":
        return True
    if kind == "dispatcher":
        return skill == AMBULANCE
    return kind == "clinician" and skill != AMBULANCE
