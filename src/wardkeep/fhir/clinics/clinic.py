# SPDX-License-Identifier: Apache-2.0
"""A clinic's whole model, put together: desk, room, diary, and where things are."""

import msgspec

from wardkeep.base.clock import Clock
from wardkeep.db.connection import Database
from wardkeep.disclosure.client import WardenClient
from wardkeep.fhir.clinics.desk import Desk
from wardkeep.fhir.clinics.diary import Diary
from wardkeep.fhir.clinics.lateness import Lateness
from wardkeep.fhir.clinics.places import Places
from wardkeep.fhir.clinics.room import Room
from wardkeep.fhir.clinics.rows import ClinicRows
from wardkeep.fhir.clinics.screens import Screens
from wardkeep.fhir.clinics.scribe import Scribe
from wardkeep.fhir.store.reading import Reader
from wardkeep.fhir.store.writing import Writer


class Clinic(msgspec.Struct, frozen=True, kw_only=True):
    """What pages and programs that check people in use."""

    rows: ClinicRows
    desk: Desk
    room: Room
    diary: Diary
    places: Places
    screens: Screens
    lateness: Lateness

    @classmethod
    def on(
        cls,
        database: Database,
        warden: WardenClient,
        reader: Reader,
        writer: Writer,
        *,
        clock: Clock,
    ) -> "Clinic":
        rows, places = ClinicRows(database), Places(database, warden)
        scribe = Scribe(database, reader, writer)
        screens = Screens(database, clock=clock)
        desk = Desk(rows, scribe, clock=clock)
        return cls(
            rows=rows,
            desk=desk,
            room=Room(rows, scribe, reader, screens, clock=clock),
            diary=Diary(rows, scribe, writer, places, clock=clock),
            places=places,
            screens=screens,
            lateness=Lateness(desk, clock=clock),
        )
