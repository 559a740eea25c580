# SPDX-License-Identifier: Apache-2.0
"""Puts the warden together from its parts and what the database remembers."""

from collections.abc import Sequence
from typing import NamedTuple

from wardkeep.db.connection import Database
from wardkeep.teams.relationships import ExpectedSets, load_all
from wardkeep.warden.canaries import Canaries
from wardkeep.warden.contracts import Contracts
from wardkeep.warden.directory import Directory
from wardkeep.warden.erasures import ErasedPatients
from wardkeep.warden.incidents import Register
from wardkeep.warden.keystore import KeyStore
from wardkeep.warden.letters import ApprovedLetters
from wardkeep.warden.recent import LastDay
from wardkeep.warden.service.admission import Admission
from wardkeep.warden.service.assemble_containment import (
    ContainmentParts,
    make_containment_desks,
    make_watch,
)
from wardkeep.warden.service.assemble_federation import (
    ProviderDesks,
    ProviderParts,
    make_provider_desks,
)
from wardkeep.warden.service.assemble_ledger import (
    Beside,
    LedgerAlarms,
    make_beside,
    read_last_day,
)
from wardkeep.warden.service.assemble_people import (
    PeopleDesks,
    PeopleParts,
    make_people_desks,
)
from wardkeep.warden.service.assemble_smart import (
    SmartDesks,
    SmartParts,
    make_smart_desks,
)
from wardkeep.warden.service.assemble_work import make_work_desks
from wardkeep.warden.service.audit import Audit
from wardkeep.warden.service.batch import Batch
from wardkeep.warden.service.ceremonies import Ceremonies
from wardkeep.warden.service.check_ins import CheckInParts, CheckIns
from wardkeep.warden.service.data_sets import DataSetParts, DataSets
from wardkeep.warden.service.desk import Desk
from wardkeep.warden.service.door import Door
from wardkeep.warden.service.erasing import Eraser
from wardkeep.warden.service.incidents import Incidents
from wardkeep.warden.service.key_proofs import KeyProofs
from wardkeep.warden.service.kiosk_packs import KioskPacks
from wardkeep.warden.service.memory import remember_everything
from wardkeep.warden.service.office import Office
from wardkeep.warden.service.own_incidents import OwnIncidents
from wardkeep.warden.service.own_sessions import OwnSessions
from wardkeep.warden.service.patients import Patients
from wardkeep.warden.service.patients_in import PatientMatch
from wardkeep.warden.service.planting import (
    Planting,
    PlantingParts,
    load_canaries,
)
from wardkeep.warden.service.retention import Retention
from wardkeep.warden.service.rotating import Rotator
from wardkeep.warden.service.service import WardenService
from wardkeep.warden.service.trace import Trace
from wardkeep.warden.service.tying import Tying
from wardkeep.warden.service.warden_parts import WardenParts
from wardkeep.warden.service.watch import Watch
from wardkeep.warden.service.ways_in import WaysInDesk
from wardkeep.warden.service.writers import Writers
from wardkeep.warden.sessions import Sessions
from wardkeep.warden.support_grants import SupportGrants, load_live
from wardkeep.warden.ways_in import WaysIn


class _Known(NamedTuple):
    keystore: KeyStore
    sessions: Sessions
    directory: Directory
    expected: ExpectedSets
    erased: ErasedPatients
    support: SupportGrants
    watch: Watch
    canaries: Canaries
    register: Register
    letters: ApprovedLetters
    day: LastDay


class _Writing(NamedTuple):
    at_the_door: tuple[Desk, ...]
    for_the_operator: tuple[Desk, ...]
    acting: tuple[Desk, ...]


class _Made(NamedTuple):
    admission: Admission
    ceremonies: Ceremonies
    trace: Trace
    batch: Batch
    proofs: KeyProofs
    acting: Sequence[Desk]


async def make_service(database: Database, parts: WardenParts) -> WardenService:
    """A warden that knows every key, account, session and relationship.

    Raises:
        RootKeyUnavailableError: the root key is not the one of this database.
    """
    trace = Trace(parts.ledger, parts.clock)
    known = await _known(database, parts, trace)
    door, batch = _door(parts, known), Batch(parts.ledger)
    writing = _writing(database, parts, known, (door, batch))
    retention = Retention(
        database=database, sessions=known.sessions, trace=trace, clock=parts.clock
    )
    eraser = _eraser(database, parts, known, (door, trace, retention))
    await eraser.resume()
    admission = _admission(database, parts, known, trace)
    proofs = KeyProofs(parts.clock, origin=parts.origin)
    ceremonies = Ceremonies(database=database, clock=parts.clock, origin=parts.origin)
    patients = _patients(database, parts, known, (door, admission, trace))
    contained = _containment(database, parts, known, (door, ceremonies, trace, batch))
    acting = (eraser.desk, *patients, *contained, *writing.acting)
    made = _Made(admission, ceremonies, trace, batch, proofs, acting)
    people = _people(database, parts, known, made)
    smart = await _smart(database, parts, known, made)
    federation = await _federation(database, parts, known, made)
    rotator = await _rotator(database, parts, known, made)
    beside = await _beside(database, parts, known, made)
    return WardenService(
        database=database,
        ledger=parts.ledger,
        keystore=known.keystore,
        sessions=known.sessions,
        admission=admission,
        batch=batch,
        eraser=eraser,
        rotator=rotator,
        witnessing=beside.witnessing,
        compaction=beside.compaction,
        at_the_door=(
            beside.clock_watch.desk,
            door.desk,
            *writing.at_the_door,
            _audit(parts, known, door).desk,
            *acting,
            retention.desk,
            *people.desks,
            *smart.at_the_door,
            *federation.at_the_door,
        ),
        for_the_operator=(
            *writing.for_the_operator,
            people.for_the_operator,
            _office(database, parts, known, (people.own_sessions, trace)).desk,
            rotator.desk,
            *smart.for_the_operator,
            *federation.for_the_operator,
        ),
        trace=trace,
        origin=parts.ledger_name,
    )


async def _beside(
    database: Database, parts: WardenParts, known: _Known, made: _Made
) -> Beside:
    about = LedgerAlarms(known.watch.alarms, lambda: known.keystore.organisations)
    beside = make_beside(parts, about, made.trace, made.batch.written)
    await beside.clock_watch.resume(database, known.day)
    return beside


async def _rotator(
    database: Database, parts: WardenParts, known: _Known, made: _Made
) -> Rotator:
    rotator = Rotator(
        database=database,
        keystore=known.keystore,
        ring=parts.root_key,
        ledger=parts.ledger,
        signing_key_file=parts.signing_key_file,
        type_name=parts.type_name,
        trace=made.trace,
        clock=parts.clock,
    )
    await rotator.resume(made.batch.written)
    return rotator


def _admission(
    database: Database, parts: WardenParts, known: _Known, trace: Trace
) -> Admission:
    return Admission(
        database=database,
        sessions=known.sessions,
        budgets=known.watch.budgets,
        trace=trace,
        clock=parts.clock,
    )


def _office(
    database: Database,
    parts: WardenParts,
    known: _Known,
    made: tuple[OwnSessions, Trace],
) -> Office:
    return Office(
        database=database,
        keystore=known.keystore,
        sessions=known.sessions,
        directory=known.directory,
        expected=known.expected,
        own_sessions=made[0],
        trace=made[1],
        clock=parts.clock,
    )


def _people(
    database: Database,
    parts: WardenParts,
    known: _Known,
    made: _Made,
) -> PeopleDesks:
    return make_people_desks(
        PeopleParts(
            database=database,
            sessions=known.sessions,
            directory=known.directory,
            expected=known.expected,
            admission=made.admission,
            ceremonies=made.ceremonies,
            trace=made.trace,
            batch=made.batch,
            proofs=made.proofs,
            grants=known.support,
            watch=known.watch,
            acting=made.acting,
            clock=parts.clock,
        )
    )


async def _smart(
    database: Database,
    parts: WardenParts,
    known: _Known,
    made: _Made,
) -> SmartDesks:
    return await make_smart_desks(
        SmartParts(
            database=database,
            sessions=known.sessions,
            expected=known.expected,
            admission=made.admission,
            proofs=made.proofs,
            trace=made.trace,
            root_key=parts.root_key,
            clock=parts.clock,
            origin=parts.origin,
        )
    )


async def _federation(
    database: Database, parts: WardenParts, known: _Known, made: _Made
) -> ProviderDesks:
    return await make_provider_desks(
        ProviderParts(
            database=database,
            sessions=known.sessions,
            admission=made.admission,
            ceremonies=made.ceremonies,
            match=PatientMatch(
                database, known.keystore, known.directory, known.erased, parts.clock
            ),
            trace=made.trace,
            root_key=parts.root_key,
            clock=parts.clock,
            origin=parts.origin,
        )
    )


async def _known(database: Database, parts: WardenParts, trace: Trace) -> _Known:
    sessions, clock = Sessions(parts.clock), parts.clock
    day = read_last_day(parts.ledger, clock, parts.clock_mark)
    known = _Known(
        keystore=KeyStore(parts.root_key),
        sessions=sessions,
        directory=Directory(),
        expected=ExpectedSets(),
        erased=ErasedPatients(),
        support=SupportGrants(clock),
        watch=await make_watch(database, parts.ledger, day, sessions, trace, clock),
        canaries=Canaries(),
        register=Register(parts.incidents_folder, parts.ledger),
        letters=ApprovedLetters(clock),
        day=day,
    )
    known.register.settle()
    async with database.connection() as connection:
        expected = await load_all(connection, at=parts.clock.now())
        for one in await load_live(connection, clock=parts.clock):
            known.support.add(one)
        await remember_everything(
            connection,
            keystore=known.keystore,
            sessions=known.sessions,
            directory=known.directory,
            clock=parts.clock,
        )
    canaries = await load_canaries(database, parts.root_key)
    return known._replace(expected=expected, canaries=canaries)


def _door(parts: WardenParts, known: _Known) -> Door:
    return Door(
        keystore=known.keystore,
        ledger=parts.ledger,
        sessions=known.sessions,
        expected=known.expected,
        contracts=Contracts.recounted(known.day),
        erased=known.erased,
        support=known.support,
        watch=known.watch,
        ways_in=WaysIn.recounted(known.day),
        canaries=known.canaries,
        letters=known.letters,
        clock=parts.clock,
    )


def _planting(
    database: Database, parts: WardenParts, known: _Known, trace: Trace
) -> Planting:
    knows = known.sessions, parts.root_key, known.canaries, known.erased
    return Planting(PlantingParts(database, *knows, trace, parts.clock))


def _containment(
    database: Database,
    parts: WardenParts,
    known: _Known,
    made: tuple[Door, Ceremonies, Trace, Batch],
) -> tuple[Desk, ...]:
    door, ceremonies, trace, batch = made
    desks = make_containment_desks(
        ContainmentParts(
            database=database,
            door=door,
            ledger=parts.ledger,
            sessions=known.sessions,
            watch=known.watch,
            ceremonies=ceremonies,
            directory=known.directory,
            trace=trace,
            clock=parts.clock,
            canaries=known.canaries,
            keystore=known.keystore,
            register=known.register,
            letters=known.letters,
            origin=parts.ledger_name,
            written=batch.written,
        )
    )
    work = make_work_desks(known.sessions, known.expected, parts.clock)
    return (*desks, _ways_in(database, parts, known, door).desk, *work)


def _writing(
    database: Database,
    parts: WardenParts,
    known: _Known,
    made: tuple[Door, Batch],
) -> _Writing:
    door, batch = made
    writers = Writers(
        door=door,
        keystore=known.keystore,
        ledger=parts.ledger,
        sessions=known.sessions,
        erased=known.erased,
    )
    tying = Tying(
        database=database,
        sessions=known.sessions,
        expected=known.expected,
        door=door,
        writers=writers,
        erased=known.erased,
        watch=known.watch,
        clock=parts.clock,
    )
    trace, alarms = Trace(parts.ledger, parts.clock), known.watch.alarms
    planting = _planting(database, parts, known, trace)
    incidents = Incidents(database, trace, alarms, known.register)
    people = (known.sessions, known.directory)
    data_sets = DataSets(
        DataSetParts(database, door, *people, trace, parts.clock, batch.written)
    )
    by_operator = (tying.operator_desk, planting.desk, incidents.desk)
    return _Writing(
        (writers.desk, tying.desk),
        (writers.desk, *by_operator, data_sets.operator_desk),
        (data_sets.desk,),
    )


def _audit(parts: WardenParts, known: _Known, door: Door) -> Audit:
    return Audit(
        door=door,
        ledger=parts.ledger,
        sessions=known.sessions,
        directory=known.directory,
        clock=parts.clock,
    )


def _ways_in(
    database: Database, parts: WardenParts, known: _Known, door: Door
) -> WaysInDesk:
    return WaysInDesk(
        database=database,
        door=door,
        watch=known.watch,
        ledger=parts.ledger,
        sessions=known.sessions,
        directory=known.directory,
        erased=known.erased,
        clock=parts.clock,
    )


def _patients(
    database: Database,
    parts: WardenParts,
    known: _Known,
    made: tuple[Door, Admission, Trace],
) -> tuple[Desk, ...]:
    door, admission, trace = made
    patients = Patients(
        database=database,
        door=door,
        ledger=parts.ledger,
        sessions=known.sessions,
        admission=admission,
        directory=known.directory,
        erased=known.erased,
        trace=trace,
        incidents=OwnIncidents(known.register, parts.ledger),
        clock=parts.clock,
    )
    arriving = CheckInParts(database, known, admission, door, trace, parts.clock)
    packs = KioskPacks(arriving, parts.ledger)
    return patients.desk, CheckIns(arriving).desk, packs.desk


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
