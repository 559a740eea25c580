# SPDX-License-Identifier: Apache-2.0
"""The desk of a clinic: who is here, who did not come, and taking it back.

Queue and Appointment change in one transaction. Of several who do the same at once one
wins; the others are told how it stands now, and nobody sees an error.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from wardkeep.base.clock import LONDON, Clock
from wardkeep.disclosure.answers import Refusal
from wardkeep.fhir.clinics import changing
from wardkeep.fhir.clinics.changing import Arriving, Move
from wardkeep.fhir.clinics.judging import judge
from wardkeep.fhir.clinics.outcomes import (
    AlreadyIn,
    Arrival,
    CheckedIn,
    Line,
    Moved,
    NoSuchAppointment,
    NotOn,
    NotSo,
    Stop,
    TooEarly,
)
from wardkeep.fhir.clinics.rows import ClinicRows, Step
from wardkeep.fhir.clinics.scribe import Scribe
from wardkeep.fhir.clinics.waits import Estimate, estimate
from wardkeep.fhir.clinics.words import (
    LATE_MINUTES,
    UNDO_MINUTES,
    UNDONE,
    Channel,
    Doer,
    Note,
    ShownAs,
    Standing,
)
from wardkeep.fhir.store.change import Beside
from wardkeep.fhir.store.outcomes import Opener

ATTEMPTS = 5
_LEFT = "Left before being seen"
_BEGAN = Arriving()
_MAY_CLOSE = {
    Standing.NO_SHOW: frozenset({Standing.EXPECTED}),
    Standing.CANCELLED: frozenset({Standing.EXPECTED, Standing.NO_SHOW}),
    Standing.LEFT: frozenset({Standing.WAITING, Standing.CALLED}),
}
_MAY_UNDO = frozenset(
    {
        *(Standing.WAITING, Standing.CALLED, Standing.LEFT),
        *(Standing.NO_SHOW, Standing.CANCELLED),
    }
)
"""A visit that has begun is in the record: it ends by what came of it."""
Answer = Moved | NotSo | NoSuchAppointment | Refusal


class Desk:
    """Checks people in, and takes it back."""

    def __init__(self, rows: ClinicRows, scribe: Scribe, *, clock: Clock) -> None:
        self._scribe = scribe
        self._clock = clock
        self.rows = rows

    def today(self) -> date:
        return self._clock.now().astimezone(LONDON).date()

    async def today_of(self, patient: str, *, opener: Opener) -> tuple[Line, ...]:
        """Somebody's appointments of today, by time; ids and times, nobody's name."""
        day = self.today()
        return await self.rows.of_patient(
            opener.organisation, patient, since=day, until=day
        )

    async def estimate(
        self, places: Sequence[str], *, opener: Opener
    ) -> dict[str, Estimate]:
        """How each clinic goes today."""
        organisation, day = opener.organisation, self.today()
        lines = await self.rows.of_places(organisation, places, day)
        starts = await self.rows.starts(organisation, places, day)
        now = self._clock.now()
        return {
            place: estimate(
                [one for one in lines if one.place == place],
                starts.get(place, ()),
                now,
            )
            for place in places
        }

    async def arrive(
        self,
        appointment: str,
        *,
        by: Doer,
        opener: Opener,
        arriving: Arriving = _BEGAN,
        also: Sequence[Beside] = (),
        tells_route: bool = True,
    ) -> Arrival | NoSuchAppointment | Refusal:
        """Check somebody in, for this appointment and their others of today.

        What is `also` to be written is written with it, and not where it changes
        nothing. Whoever shows no route is spared the question for it: it is left empty.
        """
        for _ in range(ATTEMPTS):
            lines = await self.rows.with_its_day(
                opener.organisation, appointment, self.today()
            )
            line = next((one for one in lines if one.appointment == appointment), None)
            if line is None:
                return NoSuchAppointment()
            if line.standing.is_open:
                return await self._already(line, opener)
            now = self._clock.now()
            coming = self._coming(line, lines)
            not_now = judge(line, by, now)
            if not_now is not None and not _is_here_anyway(not_now, coming, by, now):
                return not_now
            beside = changing.enter(
                opener.organisation, coming, arriving, by=by, at=now
            )
            done = await self._scribe.write(
                coming, Standing.WAITING, (*beside, *also), opener
            )
            if isinstance(done, Refusal):
                return done
            if done:
                route = await self._route(line, opener) if tells_route else ()
                return CheckedIn(at=now, route=route)
        # Its time was booked by somebody else meanwhile, or a desk cannot open it.
        line = await self.rows.one(opener.organisation, appointment)
        if line is None:
            return NoSuchAppointment()
        return NotOn(standing=line.standing, starts_at=line.starts_at)

    async def undo(
        self, appointment: str, *, by: Doer, opener: Opener, step: int | None = None
    ) -> Answer:
        """Take back the last thing done to it, some minutes later at most.

        `step` is the number of what is meant: pressed twice, or while somebody else did
        something more, nothing else is taken back in its place.
        """
        line = await self.rows.one(opener.organisation, appointment)
        if line is None:
            return NoSuchAppointment()
        last = await self.rows.last_step(opener.organisation, appointment)
        if last is None or not may_undo(line, last, self._clock.now()):
            return NotSo(line=line)
        if step is not None and step != last.number:
            return NotSo(line=line)
        beside = self._undoing(line, last, by, opener)
        return await self._change(line, Standing(last.was), beside, opener)

    async def no_show(self, appointment: str, *, by: Doer, opener: Opener) -> Answer:
        """They did not come."""
        return await self._close(appointment, Standing.NO_SHOW, by=by, opener=opener)

    async def left(self, appointment: str, *, by: Doer, opener: Opener) -> Answer:
        """They were here and went away before they were seen."""
        return await self._close(
            appointment, Standing.LEFT, by=by, opener=opener, why=_LEFT
        )

    async def cancel(
        self, appointment: str, *, why: str, by: Doer, opener: Opener
    ) -> Answer:
        """It will not take place; `why` is a few words for the Appointment."""
        return await self._close(
            appointment, Standing.CANCELLED, by=by, opener=opener, why=why
        )

    async def mark(
        self, appointment: str, *, note: Note, priority: int, opener: Opener
    ) -> bool:
        """Note what a desk sees beside somebody who waits; False: they wait no more."""
        one = changing.mark(
            opener.organisation,
            appointment,
            note=note,
            priority=priority,
            at=self._clock.now(),
        )
        return await self._noted(one, appointment, opener)

    async def show_as(
        self, appointment: str, shown_as: ShownAs, *, opener: Opener
    ) -> bool:
        """Call them so on the waiting room's screen, as they chose."""
        one = changing.show_as(
            opener.organisation, appointment, shown_as, at=self._clock.now()
        )
        return await self._noted(one, appointment, opener)

    async def _noted(self, one: Beside, appointment: str, opener: Opener) -> bool:
        line = await self.rows.one(opener.organisation, appointment)
        return line is not None and await self._scribe.beside(
            (one,), opener, place=line.place
        )

    def _coming(self, line: Line, lines: Sequence[Line]) -> list[Line]:
        """This appointment, and those of today that they can still make."""
        oldest = self._clock.now() - timedelta(minutes=LATE_MINUTES)
        return [
            one
            for one in lines
            if one.appointment == line.appointment
            or (one.standing is Standing.EXPECTED and one.starts_at >= oldest)
        ]

    async def _already(self, line: Line, opener: Opener) -> AlreadyIn:
        arrived = await self.rows.arrival(opener.organisation, line.appointment)
        at, channel = arrived or (line.arrived_at or line.starts_at, Channel.DESK)
        return AlreadyIn(
            at=at,
            channel=channel,
            standing=line.standing,
            route=await self._route(line, opener),
        )

    async def _route(self, line: Line, opener: Opener) -> tuple[Stop, ...]:
        return tuple(
            Stop(
                appointment=one.appointment,
                place=one.place,
                starts_at=one.starts_at,
                ticket=one.ticket,
            )
            for one in await self.today_of(line.patient, opener=opener)
            if one.standing.is_open
        )

    def _undoing(
        self, line: Line, last: Step, by: Doer, opener: Opener
    ) -> tuple[Beside, ...]:
        """The entry goes back, where there is one; the line of it names the other."""
        now, was = self._clock.now(), Standing(last.was)
        if not line.entry:
            undone = changing.step(
                opener.organisation, line, was, by=by, at=now, undoes=last.number
            )
            return (undone,)
        back = Move(
            line=line,
            became=was,
            undoes=last.number,
            entry_status=was.value if was.is_open else UNDONE,
        )
        return tuple(changing.move(opener.organisation, back, by=by, at=now))

    async def _close(
        self,
        appointment: str,
        became: Standing,
        *,
        by: Doer,
        opener: Opener,
        why: str = "",
    ) -> Answer:
        line = await self.rows.one(opener.organisation, appointment)
        if line is None:
            return NoSuchAppointment()
        if line.standing not in _MAY_CLOSE[became]:
            return NotSo(line=line)
        now, organisation = self._clock.now(), opener.organisation
        if became is Standing.LEFT:
            beside = tuple(
                changing.move(
                    organisation, Move(line=line, became=became), by=by, at=now
                )
            )
        else:
            beside = (changing.step(organisation, line, became, by=by, at=now),)
        return await self._change(line, became, beside, opener, why=why)

    async def _change(
        self,
        line: Line,
        became: Standing,
        beside: tuple[Beside, ...],
        opener: Opener,
        *,
        why: str = "",
    ) -> Answer:
        done = await self._scribe.write([line], became, beside, opener, why=why)
        if isinstance(done, Refusal):
            return done
        now = await self.rows.one(opener.organisation, line.appointment) or line
        return Moved(line=now) if done else NotSo(line=now)


def _is_here_anyway(
    not_now: object, coming: Sequence[Line], by: Doer, now: datetime
) -> bool:
    """Whether they are too early for this one because they come to another before."""
    return isinstance(not_now, TooEarly) and any(
        judge(one, by, now) is None for one in coming
    )


def may_undo(line: Line, last: Step, now: datetime) -> bool:
    """Whether the last thing done to an appointment can be taken back."""
    is_fresh = now - last.at <= timedelta(minutes=UNDO_MINUTES)
    is_last = last.became == line.standing and line.standing in _MAY_UNDO
    # Whoever was called and did not answer waits again: that is no mistake.
    return is_fresh and is_last and last.was != Standing.CALLED
