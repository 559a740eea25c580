# SPDX-License-Identifier: Apache-2.0
"""The statements that move the queue; they run beside the Appointment's own change."""

import zlib
from collections.abc import Iterator, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from wardkeep.base.ids import OrganisationId
from wardkeep.fhir.clinics.outcomes import Line
from wardkeep.fhir.clinics.words import Doer, Note, ShownAs, Standing
from wardkeep.fhir.store.change import Beside

_LOCK = "select pg_advisory_xact_lock($1)"
# One after the other, or two would get one number; the lock is held until the commit.
_ENTER = """
insert into clinic.entry
  (organisation, patient, appointment, place, day, arrived_at, changed_at, status,
   note, shown_as, priority, came_from, ticket)
select $1, p.number, $3, $4, $5, $6, $6, 'waiting', $7, $8, $9,
       (select max(number) from clinic.entry as before
         where before.organisation = $1 and before.patient = p.number
           and before.day = $5 and before.appointment <> $3),
       1 + coalesce((select max(ticket) from clinic.entry as other
                      where other.organisation = $1 and other.place = $4
                        and other.day = $5), 0)
  from record.patient as p where p.organisation = $1 and p.id = $2
"""
_STEP = """
insert into clinic.step
  (organisation, appointment, place, day, at, was, became, by, channel, undoes)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
"""
# What screens read out holds for one call; another one brings its own.
_MOVE = """
with over as (delete from clinic.label where organisation = $1 and entry = $2)
update clinic.entry
   set status = $3, changed_at = $4, room = $5, weight = weight + $6
 where organisation = $1 and number = $2 and status = $7
   and changed_at is not distinct from $8
"""
_MARK = """
update clinic.entry set note = $3, priority = $4, changed_at = $5
 where organisation = $1 and appointment = $2
   and status in ('waiting', 'called', 'in-room')
"""
_SHOW_AS = """
update clinic.entry set shown_as = $3, changed_at = $4
 where organisation = $1 and appointment = $2
   and status in ('waiting', 'called', 'in-room')
"""


class Arriving(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of somebody who checks in."""

    note: Note = Note.NONE
    shown_as: ShownAs = ShownAs.NUMBER
    priority: int = 0


class Move(msgspec.Struct, frozen=True, kw_only=True):
    """An entry of the queue from one standing to another."""

    line: Line
    became: Standing
    room: str = ""
    later_minutes: int = 0
    """By how much they go back in the order."""
    undoes: int | None = None
    entry_status: str = ""
    """Of the entry, where it is not the standing's own word."""


def enter(
    organisation: OrganisationId,
    lines: Sequence[Line],
    arriving: Arriving,
    *,
    by: Doer,
    at: datetime,
) -> Iterator[Beside]:
    """Somebody into the queue of each of their clinics of today."""
    for lock in sorted({_lock(organisation, one) for one in lines}):
        yield Beside(sql=_LOCK, values=(lock,))
    for line in lines:
        yield Beside(
            sql=_ENTER,
            values=(
                *(organisation, line.patient, line.appointment, line.place, line.day),
                *(at, arriving.note.value, arriving.shown_as.value, arriving.priority),
            ),
        )
        yield step(organisation, line, Standing.WAITING, by=by, at=at)


def move(
    organisation: OrganisationId, one: Move, *, by: Doer, at: datetime
) -> Iterator[Beside]:
    """An entry on, and the line that says so."""
    yield Beside(
        sql=_MOVE,
        values=(
            *(organisation, one.line.entry, one.entry_status or one.became.value, at),
            *(one.room, one.later_minutes, one.line.entry_status),
            one.line.changed_at,
        ),
    )
    yield step(organisation, one.line, one.became, by=by, at=at, undoes=one.undoes)


def step(
    organisation: OrganisationId,
    line: Line,
    became: Standing,
    *,
    by: Doer,
    at: datetime,
    undoes: int | None = None,
) -> Beside:
    """A line of what was done."""
    return Beside(
        sql=_STEP,
        values=(
            *(organisation, line.appointment, line.place, line.day, at),
            *(line.standing.value, became.value, UUID(by.account)),
            *(by.channel.value, undoes),
        ),
    )


def mark(
    organisation: OrganisationId,
    appointment: str,
    *,
    note: Note,
    priority: int,
    at: datetime,
) -> Beside:
    """What a desk notes beside somebody who waits."""
    values = (organisation, appointment, note.value, priority, at)
    return Beside(sql=_MARK, values=values)


def show_as(
    organisation: OrganisationId, appointment: str, shown_as: ShownAs, *, at: datetime
) -> Beside:
    """How they want to be called on the screen."""
    values = (organisation, appointment, shown_as.value, at)
    return Beside(sql=_SHOW_AS, values=values)


def _lock(organisation: OrganisationId, line: Line) -> int:
    named = f"clinic {organisation} {line.place} {line.day}".encode()
    return (zlib.crc32(named) << 31) | zlib.crc32(named[::-1]) >> 1
