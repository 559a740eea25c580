# SPDX-License-Identifier: Apache-2.0
"""Writes what is done in a clinic: Appointments and the queue, in one transaction."""

from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta

from wardkeep.base.clock import LONDON
from wardkeep.db.changes import tell
from wardkeep.db.connection import Database
from wardkeep.db.errors import AlreadyExistsError
from wardkeep.disclosure.answers import Refusal
from wardkeep.disclosure.purpose import Tier
from wardkeep.fhir.clinics.outcomes import Line
from wardkeep.fhir.clinics.resources import draft, with_status
from wardkeep.fhir.clinics.words import APPOINTMENT_STATUS, Standing
from wardkeep.fhir.store.applying import GuardMetError, write_beside
from wardkeep.fhir.store.bookings import topics_of
from wardkeep.fhir.store.change import Beside, Change
from wardkeep.fhir.store.draft import Draft
from wardkeep.fhir.store.outcomes import NotFound, OpenedResource, Opener, Written
from wardkeep.fhir.store.reading import PatientQuery, Reader
from wardkeep.fhir.store.writing import Writer


class Scribe:
    """Opens somebody's appointments of a day and writes them anew."""

    def __init__(self, database: Database, reader: Reader, writer: Writer) -> None:
        self._database = database
        self._reader = reader
        self._writer = writer

    async def appointments(
        self, lines: Sequence[Line], opener: Opener
    ) -> list[OpenedResource] | Refusal:
        """These appointments of one patient and day, through the door.

        They lie in the banner tier: a desk needs no other. One that is newer than the
        line says may be missing; then somebody else was first.
        """
        begins = datetime.combine(lines[0].day, time(), LONDON).astimezone(UTC)
        query = PatientQuery(
            patient=lines[0].patient,
            types=("Appointment",),
            since=begins,
            until=begins + timedelta(days=1, hours=1),
            tiers=(Tier.BANNER,),
        )
        opened = await self._reader.of_patient(query, opener=opener)
        if isinstance(opened, Refusal):
            return opened
        if isinstance(opened, NotFound):
            return []
        wanted = {one.appointment for one in lines}
        found = [one for one in opened.resources if one.id in wanted]
        return sorted(found, key=lambda one: one.id)

    async def write(
        self,
        lines: Sequence[Line],
        became: Standing,
        beside: Sequence[Beside],
        opener: Opener,
        *,
        why: str = "",
    ) -> bool | Refusal:
        """Whether it was written; False: somebody else was first, nothing was."""
        status = APPOINTMENT_STATUS.get(became)
        changing = [one for one in lines if one.status != status]
        if status is None or not changing:
            return await self.beside(beside, opener, place=lines[0].place)
        found = await self.appointments(changing, opener)
        if isinstance(found, Refusal):
            return found
        if len(found) < len(changing):
            return False
        drafts = [
            draft(with_status(one.text, status, why=why), one.id) for one in found
        ]
        return await self.store(drafts, [one.version for one in found], beside, opener)

    async def store(
        self,
        drafts: Sequence[Draft],
        expected: Sequence[int],
        beside: Sequence[Beside],
        opener: Opener,
        *,
        place: str = "",
    ) -> bool | Refusal:
        """A change of the record and the queue; the clinic of `place` is told.

        An Appointment's own clinic hears of it in any case.
        """
        tells = topics_of([place]) if place else ()
        change = Change(drafts=drafts, expected=expected, beside=beside, tells=tells)
        written = await self._writer.write(change, opener=opener)
        if isinstance(written, Refusal):
            return written
        return isinstance(written, Written)

    async def beside(
        self, beside: Sequence[Beside], opener: Opener, *, place: str
    ) -> bool:
        """A change of the queue alone: nothing of the record is opened or written."""
        organisation = opener.organisation
        try:
            async with self._database.transaction(organisation) as connection:
                await write_beside(connection, beside)
                await tell(connection, organisation, topics_of([place]))
        except (GuardMetError, AlreadyExistsError):
            return False
        return True
