# SPDX-License-Identifier: Apache-2.0
"""Puts the warden together from its parts and what the database remembers."""

from typing import NamedTuple

import msgspec

from wardkeep.base.clock import Clock
from wardkeep.crypto.signing import VerifyKey
from wardkeep.db.connection import Database
from wardkeep.ledger.log import Ledger
from wardkeep.teams.relationships import ExpectedSets, load_all
from wardkeep.warden.contracts import Contracts
from wardkeep.warden.directory import Directory
from wardkeep.warden.erasures import ErasedPatients
from wardkeep.warden.keystore import KeyStore
from wardkeep.warden.root_key import RootKey
from wardkeep.warden.service.admission import Admission
from wardkeep.warden.service.assemble_people import (
    PeopleDesks,
    PeopleParts,
    make_people_desks,
)
from wardkeep.warden.service.audit import Audit
from wardkeep.warden.service.batch import Batch
from wardkeep.warden.service.ceremonies import Ceremonies
from wardkeep.warden.service.door import Door
from wardkeep.warden.service.erasing import Eraser
from wardkeep.warden.service.memory import remember_everything
from wardkeep.warden.service.office import Office
from wardkeep.warden.service.retention import Retention
from wardkeep.warden.service.service import WardenService
from wardkeep.warden.service.trace import Trace
from wardkeep.warden.sessions import Sessions


class WardenParts(msgspec.Struct, frozen=True, kw_only=True):
    """What a warden needs besides its database."""

    root_key: RootKey
    ledger: Ledger
    verify_key: VerifyKey
    ledger_name: str
    origin: str
    """The public origin; passkeys are bound to it."""
    clock: Clock


class _Known(NamedTuple):
    """What the warden knows by heart, shared by those who answer."""

    keystore: KeyStore
    sessions: Sessions
    directory: Directory
    expected: ExpectedSets
    erased: ErasedPatients


async def make_service(database: Database, parts: WardenParts) -> WardenService:
    """A warden that knows every key, account, session and relationship.

    Raises:
        BoxCannotBeOpenedError: the root key is not the one of this database.
    """
    known = await _known(database, parts)
    trace = Trace(parts.ledger, parts.clock)
    door = _door(parts, known)
    retention = Retention(
        database=database, sessions=known.sessions, trace=trace, clock=parts.clock
    )
    eraser = _eraser(database, parts, known, (door, trace, retention))
    await eraser.resume()
    admission = Admission(
        database=database, sessions=known.sessions, trace=trace, clock=parts.clock
    )
    batch = Batch(parts.ledger)
    people = _people(database, parts, known, (admission, trace, batch))
    office = Office(
        database=database,
        keystore=known.keystore,
        sessions=known.sessions,
        directory=known.directory,
        expected=known.expected,
        own_sessions=people.own_sessions,
        trace=trace,
        clock=parts.clock,
    )
    return WardenService(
        database=database,
        ledger=parts.ledger,
        keystore=known.keystore,
        sessions=known.sessions,
        admission=admission,
        batch=batch,
        eraser=eraser,
        at_the_door=(
            door.desk,
            door.for_writers,
            _audit(parts, known, door).desk,
            eraser.desk,
            retention.desk,
            *people.desks,
        ),
        for_the_operator=(door.for_writers, office.desk),
        trace=trace,
        verify_key=parts.verify_key,
        origin=parts.ledger_name,
    )


def _people(
    database: Database,
    parts: WardenParts,
    known: _Known,
    made: tuple[Admission, Trace, Batch],
) -> PeopleDesks:
    admission, trace, batch = made
    return make_people_desks(
        PeopleParts(
            database=database,
            sessions=known.sessions,
            directory=known.directory,
            expected=known.expected,
            admission=admission,
            ceremonies=Ceremonies(
                database=database, clock=parts.clock, origin=parts.origin
            ),
            trace=trace,
            batch=batch,
            clock=parts.clock,
        )
    )


async def _known(database: Database, parts: WardenParts) -> _Known:
    known = _Known(
        keystore=KeyStore(parts.root_key),
        sessions=Sessions(parts.clock),
        directory=Directory(),
        expected=ExpectedSets(),
        erased=ErasedPatients(),
    )
    async with database.connection() as connection:
        expected = await load_all(connection)
        await remember_everything(
            connection,
            keystore=known.keystore,
            sessions=known.sessions,
            directory=known.directory,
            clock=parts.clock,
        )
    return known._replace(expected=expected)


def _door(parts: WardenParts, known: _Known) -> Door:
    return Door(
        keystore=known.keystore,
        ledger=parts.ledger,
        sessions=known.sessions,
        expected=known.expected,
        contracts=Contracts.recounted(parts.ledger, now=parts.clock.now().timestamp()),
        erased=known.erased,
        clock=parts.clock,
    )


def _audit(parts: WardenParts, known: _Known, door: Door) -> Audit:
    return Audit(
        door=door,
        ledger=parts.ledger,
        sessions=known.sessions,
        directory=known.directory,
        clock=parts.clock,
    )


def _eraser(
    database: Database,
    parts: WardenParts,
    known: _Known,
    made: tuple[Door, Trace, Retention],
) -> Eraser:
    door, trace, retention = made
    return Eraser(
        database=database,
        door=door,
        ledger=parts.ledger,
        sessions=known.sessions,
        directory=known.directory,
        expected=known.expected,
        trace=trace,
        erased=known.erased,
        retention=retention,
        clock=parts.clock,
    )
