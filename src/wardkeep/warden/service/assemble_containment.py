# SPDX-License-Identifier: Apache-2.0
"""Puts containment together: what is counted, frozen and looked at."""

from datetime import timedelta

import msgspec

from wardkeep.base.clock import Clock
from wardkeep.db.connection import Database
from wardkeep.identity import app_grants
from wardkeep.ledger.log import Ledger
from wardkeep.warden import alarms, freezes
from wardkeep.warden.alarms import Alarms
from wardkeep.warden.breaker import Breaker
from wardkeep.warden.budgets import Budgets
from wardkeep.warden.canaries import Canaries
from wardkeep.warden.directory import Directory
from wardkeep.warden.freezes import Freezes
from wardkeep.warden.glass import BrokenGlass
from wardkeep.warden.incidents import COUNTS, Register
from wardkeep.warden.keystore import KeyStore
from wardkeep.warden.letters import ApprovedLetters
from wardkeep.warden.limits import load_all
from wardkeep.warden.recent import LastDay
from wardkeep.warden.service.batch import Written
from wardkeep.warden.service.car_lists import CarLists
from wardkeep.warden.service.ceremonies import Ceremonies
from wardkeep.warden.service.copying import Copying
from wardkeep.warden.service.counting import Counting
from wardkeep.warden.service.desk import Desk
from wardkeep.warden.service.door import Door
from wardkeep.warden.service.freezing import Freezing, FreezingParts
from wardkeep.warden.service.incident_desk import IncidentDesk, IncidentParts
from wardkeep.warden.service.incident_drafts import IncidentDrafts
from wardkeep.warden.service.incident_letters import IncidentLetters
from wardkeep.warden.service.looking import Looking
from wardkeep.warden.service.picture import Picture
from wardkeep.warden.service.proving import Proving
from wardkeep.warden.service.trace import Trace
from wardkeep.warden.service.watch import LOOKED_AT, Watch, acts_in, freezes_in
from wardkeep.warden.sessions import Sessions


class ContainmentParts(msgspec.Struct, frozen=True, kw_only=True):
    """What the desks of containment work with."""

    database: Database
    door: Door
    ledger: Ledger
    sessions: Sessions
    watch: Watch
    ceremonies: Ceremonies
    directory: Directory
    trace: Trace
    clock: Clock
    canaries: Canaries
    keystore: KeyStore
    register: Register
    letters: ApprovedLetters
    origin: str
    """The ledger's name."""
    written: Written


async def make_watch(
    database: Database,
    ledger: Ledger,
    day: LastDay,
    sessions: Sessions,
    trace: Trace,
    clock: Clock,
) -> Watch:
    """Everything counted again, and frozen again, as it was before a start."""
    async with database.connection() as connection:
        limits = await load_all(connection)
        with_apps = await app_grants.whose_hold(connection, clock=clock)
    watch = Watch(
        budgets=Budgets.recounted(ledger, day, with_apps),
        breaker=Breaker.recounted(day, limits),
        glass=BrokenGlass.recounted(day),
        freezes=Freezes(),
        alarms=Alarms(clock),
        limits=limits,
        trace=trace,
        clock=clock,
    )
    async with database.connection() as connection:
        known = await freezes.known_ids(connection)
        for one in await freezes.load_holding(connection):
            watch.freezes.restore(one)
        # What was frozen in the last seconds before a crash is in the ledger alone.
        for one in freezes_in(day.entries, but=known):
            watch.take_back(await freezes.with_members(connection, one))
        told = await alarms.entries_of(
            connection, LOOKED_AT.values(), since=clock.now() - timedelta(days=2)
        )
        for lost in acts_in(day.entries, first=day.first, but=told):
            watch.alarms.keep(lost)
    sessions.is_frozen = watch.freezes.stops
    return watch


def make_containment_desks(parts: ContainmentParts) -> tuple[Desk, ...]:
    """Proving oneself, freezing, and the security desk."""
    return (
        Proving(
            sessions=parts.sessions,
            ceremonies=parts.ceremonies,
            watch=parts.watch,
            door=parts.door,
            trace=parts.trace,
            ledger=parts.ledger,
        ).desk,
        Copying(
            sessions=parts.sessions,
            watch=parts.watch,
            door=parts.door,
            ledger=parts.ledger,
            clock=parts.clock,
        ).desk,
        CarLists(
            database=parts.database,
            sessions=parts.sessions,
            watch=parts.watch,
            keystore=parts.keystore,
            clock=parts.clock,
        ).desk,
        Freezing(
            FreezingParts(
                parts.database,
                parts.sessions,
                parts.watch,
                parts.directory,
                parts.trace,
                parts.clock,
            )
        ).desk,
        Picture(
            ledger=parts.ledger,
            sessions=parts.sessions,
            watch=parts.watch,
            directory=parts.directory,
            clock=parts.clock,
        ).desk,
        *_incidents(parts),
        Looking(
            door=parts.door,
            ledger=parts.ledger,
            sessions=parts.sessions,
            watch=parts.watch,
            directory=parts.directory,
            clock=parts.clock,
        ).desk,
    )


def _incidents(parts: ContainmentParts) -> tuple[Desk, ...]:
    counting = Counting(
        ledger=parts.ledger,
        origin=parts.origin,
        canaries=parts.canaries,
        folder=parts.register.folder / COUNTS,
        clock=parts.clock,
    )
    drafts = IncidentDrafts(
        sessions=parts.sessions,
        register=parts.register,
        ledger=parts.ledger,
        door=parts.door,
        approved=parts.letters,
        clock=parts.clock,
    )
    letters = IncidentLetters(
        register=parts.register,
        approved=parts.letters,
        alarms=parts.watch.alarms,
        directory=parts.directory,
        trace=parts.trace,
        written=parts.written,
        clock=parts.clock,
    )
    desk = IncidentDesk(
        IncidentParts(
            sessions=parts.sessions,
            register=parts.register,
            counting=counting,
            watch=parts.watch,
            directory=parts.directory,
            trace=parts.trace,
            drafts=drafts,
            letters=letters,
            approved=parts.letters,
            clock=parts.clock,
            written=parts.written,
        )
    )
    return desk.desk, drafts.desk, letters.desk
