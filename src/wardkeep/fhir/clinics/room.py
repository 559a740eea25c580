# SPDX-License-Identifier: Apache-2.0
"""The room of a clinic: calling somebody in, beginning, and what came of it."""

import re
from collections.abc import Sequence
from uuid import NAMESPACE_URL, uuid5

from wardkeep.base.clock import Clock
from wardkeep.disclosure.answers import Refusal
from wardkeep.fhir.clinics import changing
from wardkeep.fhir.clinics.changing import Move
from wardkeep.fhir.clinics.outcomes import Line, Moved, NoSuchAppointment, NotSo
from wardkeep.fhir.clinics.resources import (
    Author,
    Outcome,
    content_of,
    draft,
    encounter,
    finished,
    with_status,
)
from wardkeep.fhir.clinics.rows import ClinicRows
from wardkeep.fhir.clinics.screens import Screens
from wardkeep.fhir.clinics.scribe import Scribe
from wardkeep.fhir.clinics.words import APPOINTMENT_STATUS, Doer, Standing
from wardkeep.fhir.store.change import Beside
from wardkeep.fhir.store.outcomes import NotFound, Opener
from wardkeep.fhir.store.reading import Reader

REQUEUE_MINUTES = 10
"""Whoever was called and not there goes back by so much: one or two others."""
ROOM = re.compile(r"[A-Za-z ]{0,12}[0-9]{1,3}[A-Za-z]?")
"""What a screen may say of where to go: never a name."""
Answer = Moved | NotSo | NoSuchAppointment | Refusal


class Room:
    """What a clinician does with the queue."""

    def __init__(
        self,
        rows: ClinicRows,
        scribe: Scribe,
        reader: Reader,
        screens: Screens,
        *,
        clock: Clock,
    ) -> None:
        self._rows = rows
        self._screens = screens
        self._scribe = scribe
        self._reader = reader
        self._clock = clock

    async def call(
        self,
        appointment: str,
        *,
        room: str,
        words: str,
        by: Doer,
        opener: Opener,
        after: int | None = None,
    ) -> Answer:
        """Have the screens call somebody to a room, or call them again.

        `words` are read out; empty: the number. Each screen gets them sealed for it.
        `after` is the last step that the caller has seen: the same press sent twice,
        because its answer was lost, calls once.
        """
        line = await self._rows.one(opener.organisation, appointment)
        if line is None:
            return NoSuchAppointment()
        if after is not None:
            last = await self._rows.last_step(opener.organisation, appointment)
            if last is not None and last.number != after:
                is_done = last.became == Standing.CALLED and last.by == by.account
                is_done = is_done and line.standing is Standing.CALLED
                return Moved(line=line) if is_done else NotSo(line=line)
        if line.standing not in (Standing.WAITING, Standing.CALLED):
            return NotSo(line=line)
        called = Move(line=line, became=Standing.CALLED, room=room)
        labels = await self._screens.labels(opener.organisation, line, words)
        return await self._move(called, by, opener, more=labels)

    async def requeue(self, appointment: str, *, by: Doer, opener: Opener) -> Answer:
        """They were called and are not there: they wait a little longer."""
        line = await self._rows.one(opener.organisation, appointment)
        if line is None:
            return NoSuchAppointment()
        if line.standing is not Standing.CALLED:
            return NotSo(line=line)
        back = Move(line=line, became=Standing.WAITING, later_minutes=REQUEUE_MINUTES)
        return await self._move(back, by, opener)

    async def start(
        self,
        appointment: str,
        *,
        author: Author,
        by: Doer,
        opener: Opener,
        room: str = "",
    ) -> Answer:
        """They are in the room: the visit is in the record from now on.

        `author` is the clinician, for the Encounter.
        """
        line = await self._rows.one(opener.organisation, appointment)
        if line is None:
            return NoSuchAppointment()
        if line.standing not in (Standing.WAITING, Standing.CALLED):
            return NotSo(line=line)
        found = await self._scribe.appointments([line], opener)
        if isinstance(found, Refusal):
            return found
        if not found:
            return NotSo(line=line)
        now, id_ = self._clock.now(), visit_id(line)
        made = encounter(
            content_of(found[0].text),
            id_=id_,
            patient=line.patient,
            author=author,
            begun=now,
        )
        begun = Move(line=line, became=Standing.IN_ROOM, room=room or line.room)
        beside = changing.move(opener.organisation, begun, by=by, at=now)
        done = await self._scribe.store(
            [draft(made, id_)], [0], tuple(beside), opener, place=line.place
        )
        return await self._told(line, done=done, opener=opener)

    async def finish(
        self, appointment: str, outcome: Outcome, *, by: Doer, opener: Opener
    ) -> Answer:
        """The visit is over, and what came of it."""
        line = await self._rows.one(opener.organisation, appointment)
        if line is None:
            return NoSuchAppointment()
        if line.standing is not Standing.IN_ROOM:
            return NotSo(line=line)
        found = await self._scribe.appointments([line], opener)
        if isinstance(found, Refusal):
            return found
        visit = await self._reader.one("Encounter", visit_id(line), opener=opener)
        if isinstance(visit, Refusal):
            return visit
        if not found or isinstance(visit, NotFound):
            return NotSo(line=line)
        now, status = self._clock.now(), APPOINTMENT_STATUS[Standing.SEEN]
        [held], [booked] = visit.resources, found
        seen = Move(line=line, became=Standing.SEEN, room=line.room)
        done = await self._scribe.store(
            [
                draft(with_status(booked.text, status), booked.id),
                draft(finished(held.text, outcome, now), held.id),
            ],
            [booked.version, held.version],
            tuple(changing.move(opener.organisation, seen, by=by, at=now)),
            opener,
        )
        return await self._told(line, done=done, opener=opener)

    async def _move(
        self, one: Move, by: Doer, opener: Opener, *, more: Sequence[Beside] = ()
    ) -> Answer:
        beside = changing.move(opener.organisation, one, by=by, at=self._clock.now())
        done = await self._scribe.beside((*beside, *more), opener, place=one.line.place)
        return await self._told(one.line, done=done, opener=opener)

    async def _told(
        self, line: Line, *, done: bool | Refusal, opener: Opener
    ) -> Answer:
        if isinstance(done, Refusal):
            return done
        now = await self._rows.one(opener.organisation, line.appointment) or line
        return Moved(line=now) if done else NotSo(line=now)


def visit_id(line: Line) -> str:
    """The Encounter's id, the same for whoever begins it: two make one visit."""
    return str(uuid5(NAMESPACE_URL, f"visit {line.appointment} {line.entry}"))
