# SPDX-License-Identifier: Apache-2.0
"""A clinic with people booked, on a real warden, database and store."""

import contextlib
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime, timedelta

import msgspec

from support.warden import Installation, RunningWarden, running_warden
from wardkeep.assembly.database import WEB, address_for
from wardkeep.base.clock import Clock, SystemClock
from wardkeep.base.ids import OrganisationId
from wardkeep.db.connection import Database
from wardkeep.disclosure.answers import Done
from wardkeep.disclosure.purpose import Purpose
from wardkeep.disclosure.questions import SetWork
from wardkeep.fhir.clinics.clinic import Clinic
from wardkeep.fhir.clinics.resources import appointment, draft
from wardkeep.fhir.clinics.words import Channel, Doer
from wardkeep.fhir.store.change import Change
from wardkeep.fhir.store.outcomes import Opener, Written
from wardkeep.fhir.store.reading import Reader
from wardkeep.fhir.store.writing import Writer

PLACE, OTHER = "heart-clinic", "chest-clinic"


class Who(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who works in the clinic."""

    by: Doer
    opener: Opener


class Town(msgspec.Struct, frozen=True, kw_only=True):
    """The clinic, and what its tests change it with."""

    warden: RunningWarden
    database: Database
    clinic: Clinic
    writer: Writer
    clock: Clock
    organisation: OrganisationId
    loader: Opener

    async def load(self, contents: Sequence[Mapping[str, object]]) -> None:
        """Write resources as an import does."""
        change = Change(
            drafts=[draft(dict(one), str(one["id"])) for one in contents],
            expected=[0 for _ in contents],
        )
        importer = Writer(self.database, self.warden.operator, clock=self.clock)
        written = await importer.write(change, opener=self.loader)
        assert isinstance(written, Written), written

    async def books(self, *ids: str, starts: datetime, place: str = PLACE) -> str:
        """Appointments of somebody new an hour apart, the second in the other clinic.

        As an import brings them; the first one's id.
        """
        whose = f"{ids[0]}-patient"
        person: dict[str, object] = {
            "resourceType": "Patient",
            "id": whose,
            "name": [{"family": "Quillfeather", "given": ["Test"]}],
            "birthDate": "1950-02-03",
        }
        made = [
            appointment(
                id_=id_,
                patient=whose,
                place=(place, OTHER)[n],
                starts=starts + timedelta(hours=n),
                ends=starts + timedelta(hours=n, minutes=15),
                words="Heart clinic",
                made=starts,
            )
            for n, id_ in enumerate(ids)
        ]
        await self.load([person, *made])
        return ids[0]

    async def works(
        self,
        role: str,
        channel: Channel = Channel.DESK,
        places: tuple[str, ...] = (f"Location/{PLACE}", f"Location/{OTHER}"),
    ) -> Who:
        """Somebody new who expects whoever comes to these clinics."""
        account = await self.warden.account(role)
        asked = SetWork(
            self.warden.home, (), ((f"Team {account}", places, (account,)),)
        )
        assert isinstance(await self.warden.operator.ask(asked, Done), Done)
        token, _ = await self.warden.enrol(account)
        return Who(
            by=Doer(account, channel),
            opener=Opener(session=token, organisation=self.organisation),
        )


@contextlib.asynccontextmanager
async def clinic_town(
    installation: Installation, *, clock: Clock | None = None, home: str = "fernhill"
) -> AsyncIterator[Town]:
    """A warden, a database and a clinic while the block lasts."""
    ticking = clock or SystemClock()
    settings, layout = installation.settings, installation.layout
    async with running_warden(installation, clock=ticking) as warden:
        warden.home = home
        number = OrganisationId(await warden.organisation(home))
        database = Database(address_for(settings, layout, WEB), size=6)
        reader = Reader(database, warden.door)
        writer = Writer(database, warden.door, clock=ticking)
        token = await warden.import_session(home)
        town = Town(
            warden=warden,
            database=database,
            clinic=Clinic.on(database, warden.door, reader, writer, clock=ticking),
            writer=writer,
            clock=ticking,
            organisation=number,
            loader=Opener(session=token, organisation=number, purpose=Purpose.IMPORT),
        )
        places = [
            {"resourceType": "Location", "id": one, "name": one.replace("-", " ")}
            for one in (PLACE, OTHER)
        ]
        await town.load(places)
        try:
            yield town
        finally:
            await database.close()
