# SPDX-License-Identifier: Apache-2.0
"""Keeps beside each Appointment and Slot what a desk finds it by, in its transaction.

Whoever writes them, a page, a program or a load: the clinic's list shows it.
"""

from collections.abc import Iterable, Mapping, Sequence

from wardkeep.base.ids import OrganisationId
from wardkeep.db.changes import Topic, tell
from wardkeep.db.connection import Connection
from wardkeep.db.errors import AlreadyExistsError
from wardkeep.disclosure.purpose import Tier
from wardkeep.fhir.store.draft import Draft
from wardkeep.fhir.store.outcomes import Reference
from wardkeep.fhir.store.taken import SLOT_TAKEN, TakenError
from wardkeep.fhir.work.booking import OVER, booking_of, free_time_of

KEPT = frozenset({"Appointment", "Slot"})

# An import takes what an organisation has elsewhere, double bookings too: the first
# holds the slot. Anybody else is told that it is taken.
_BOOKING = """
insert into clinic.booking
  (organisation, appointment, patient, place, day, starts_at, ends_at, status, slot)
values ($1, $2, $3, $4, $5, $6, $7, $8,
  case when $10 and exists (
    select from clinic.booking as b where b.organisation = $1 and b.slot = $9
       and b.appointment <> $2
       and b.status in ('pending', 'booked', 'arrived', 'checked-in', 'fulfilled'))
  then null else $9 end)
on conflict (organisation, appointment) do update
   set place = excluded.place, day = excluded.day, starts_at = excluded.starts_at,
       ends_at = excluded.ends_at, status = excluded.status, slot = excluded.slot
"""
_NO_BOOKING = """
update clinic.booking set status = $3 where organisation = $1 and appointment = $2
"""
_SLOT = """
insert into clinic.slot (organisation, id, schedule, starts_at, ends_at, status)
values ($1, $2, $3, $4, $5, $6)
on conflict (organisation, id) do update
   set schedule = excluded.schedule, starts_at = excluded.starts_at,
       ends_at = excluded.ends_at, status = excluded.status
"""
_NO_SLOT = "update clinic.slot set status = $3 where organisation = $1 and id = $2"


class SlotTakenError(TakenError):
    """Somebody else has booked the slot."""

    def __init__(self) -> None:
        super().__init__(SLOT_TAKEN)


def topics_of(places: Iterable[str]) -> list[Topic]:
    """What a clinic's list and the board of all clinics hear."""
    return [Topic("clinics"), *(Topic("clinic", one) for one in places)]


async def keep_bookings(
    connection: Connection,
    organisation: OrganisationId,
    drafts: Sequence[Draft],
    *,
    numbers: Mapping[str, int],
    is_import: bool,
) -> None:
    """Note what new versions say, and tell whoever looks at a clinic's list.

    An import tells nobody: it brings a day that nobody looks at yet.

    Raises:
        SlotTakenError: an appointment names a slot that another one has.
    """
    places: list[str] = []
    for draft in drafts:
        if draft.type == "Appointment" and draft.owner:
            number = numbers[draft.owner]
            try:
                places += await _keep(
                    connection, organisation, draft, number, is_import
                )
            except AlreadyExistsError:
                raise SlotTakenError from None
        elif draft.type == "Slot":
            await _keep_slot(connection, organisation, draft)
    if places and not is_import:
        await tell(connection, organisation, topics_of(places))


async def end_bookings(
    connection: Connection,
    organisation: OrganisationId,
    removed: Sequence[Reference],
) -> None:
    """Note that some were deleted."""
    for one in removed:
        if one.type in KEPT:
            sql = _NO_BOOKING if one.type == "Appointment" else _NO_SLOT
            await connection.execute(sql, organisation, one.id, OVER)


async def _keep(
    connection: Connection,
    organisation: OrganisationId,
    draft: Draft,
    number: int,
    is_import: bool,  # noqa: FBT001 - the last of what one row needs
) -> tuple[str, ...]:
    """The place that it is in."""
    said = None if draft.tier is Tier.SEALED else booking_of(draft.resource)
    if said is None:
        await connection.execute(_NO_BOOKING, organisation, draft.id, OVER)
        return ()
    await connection.execute(
        _BOOKING,
        *(organisation, draft.id, number, said.place, said.day),
        *(said.starts_at, said.ends_at, said.status, said.slot, is_import),
    )
    return (said.place,)


async def _keep_slot(
    connection: Connection, organisation: OrganisationId, draft: Draft
) -> None:
    said = free_time_of(draft.resource)
    if said is None:
        await connection.execute(_NO_SLOT, organisation, draft.id, OVER)
    else:
        await connection.execute(_SLOT, organisation, draft.id, *said)
