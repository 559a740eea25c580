# SPDX-License-Identifier: Apache-2.0
"""The demo's queues: whoever its appointments say is here, waits in them."""

from datetime import datetime, timedelta

from wardkeep.assembly.database import WORKER, address_for
from wardkeep.assembly.layout import Layout
from wardkeep.base.clock import LONDON
from wardkeep.base.ids import OrganisationId
from wardkeep.base.settings import Settings
from wardkeep.db.connection import Connection, Database
from wardkeep.fhir.clinics import changing
from wardkeep.fhir.clinics.changing import Arriving, Move
from wardkeep.fhir.clinics.outcomes import Line
from wardkeep.fhir.clinics.rows import ClinicRows, line_in
from wardkeep.fhir.clinics.words import Channel, Doer, Note, ShownAs, Standing
from wardkeep.fhir.store.applying import write_beside
from wardkeep.fhir.store.change import Beside

_HERE = ("checked-in", "fulfilled")
_NOTES = {4: Note.INTERPRETER, 6: Note.WHEELCHAIR, 9: Note.TRANSPORT}
_SHOWN = (ShownAs.NUMBER, ShownAs.FIRST_NAME, ShownAs.INITIALS)


async def fill_queues(
    settings: Settings,
    layout: Layout,
    *,
    organisation: OrganisationId,
    by: str,
    now: datetime,
) -> None:
    """As the desk's account `by` would have done it; what is there already stays."""
    served, doer = organisation, Doer(by, Channel.DESK)
    database = Database(address_for(settings, layout, WORKER), size=1)
    day = now.astimezone(LONDON).date()
    try:
        lines = await ClinicRows(database).of_day(served, day)
        async with database.transaction(served) as connection:
            for nth, line in enumerate(lines):
                if line.status in _HERE and not line.entry:
                    await _live(connection, served, line, nth=nth, by=doer, now=now)
    finally:
        await database.close()


async def _live(
    connection: Connection,
    organisation: OrganisationId,
    line: Line,
    *,
    nth: int,
    by: Doer,
    now: datetime,
) -> None:
    early = timedelta(minutes=5 + nth % 4 * 5)
    came = min(line.starts_at - early, now - timedelta(minutes=3 + nth % 5))
    way = by._replace(channel=Channel.KIOSK if nth % 3 else Channel.DESK)
    arriving = Arriving(note=_NOTES.get(nth % 12, Note.NONE), shown_as=_SHOWN[nth % 3])
    # The import has said already what the appointment came to.
    expected = _as_booked(line)
    await _do(
        connection,
        *changing.enter(organisation, [expected], arriving, by=way, at=came),
    )
    room = f"Room {1 + nth % 6}"
    in_room = by._replace(channel=Channel.ROOM)
    if line.status == "fulfilled":
        began = line.starts_at + timedelta(minutes=5 + nth % 3 * 6)
        for became, at in (
            (Standing.CALLED, began - timedelta(minutes=1)),
            (Standing.IN_ROOM, began),
            (Standing.SEEN, began + timedelta(minutes=14)),
        ):
            await _move(
                connection, organisation, line, became, room=room, by=in_room, at=at
            )
    elif nth % 8 == 0:
        at = now - timedelta(minutes=1)
        await _move(
            connection,
            organisation,
            line,
            Standing.CALLED,
            room=room,
            by=in_room,
            at=at,
        )


def _as_booked(line: Line) -> Line:
    values = {name: getattr(line, name) for name in line.__struct_fields__}
    return Line(**{**values, "status": "booked"})


async def _move(  # noqa: PLR0913 - one step of one person
    connection: Connection,
    organisation: OrganisationId,
    line: Line,
    became: Standing,
    *,
    room: str,
    by: Doer,
    at: datetime,
) -> None:
    stands = await line_in(connection, organisation, line.appointment)
    if stands is not None:
        one = Move(line=stands, became=became, room=room)
        await _do(connection, *changing.move(organisation, one, by=by, at=at))


async def _do(connection: Connection, *statements: Beside) -> None:
    await write_beside(connection, statements)
