# SPDX-License-Identifier: Apache-2.0
"""Puts containment together: what is counted, frozen and looked at."""

from datetime import timedelta

import msgspec

from wardkeep.base.clock import Clock, microseconds_since_epoch
from wardkeep.db.connection import Database
from wardkeep.ledger.log import Ledger
from wardkeep.warden import alarms, freezes
from wardkeep.warden.alarms import Alarms
from wardkeep.warden.breaker import Breaker
from wardkeep.warden.budgets import Budgets
from wardkeep.warden.directory import Directory
from wardkeep.warden.freezes import Freezes
from wardkeep.warden.limits import load_all
from wardkeep.warden.service.ceremonies import Ceremonies
from wardkeep.warden.service.copying import Copying
from wardkeep.warden.service.desk import Desk
from wardkeep.warden.service.door import Door
from wardkeep.warden.service.freezing import Freezing, FreezingParts
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


async def make_watch(
    database: Database, ledger: Ledger, sessions: Sessions, trace: Trace, clock: Clock
) -> Watch:
    """Everything counted again, and frozen again, as it was before a start."""
    async with database.connection() as connection:
        limits = await load_all(connection)
    watch = Watch(
        budgets=Budgets.recounted(
            ledger,
            now=clock.now().timestamp(),
            monotonic=clock.monotonic_seconds(),
        ),
        breaker=Breaker.recounted(
            ledger,
            limits,
            now=clock.now().timestamp(),
            monotonic=clock.monotonic_seconds(),
        ),
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
        day_ago = microseconds_since_epoch(clock.now() - timedelta(days=1))
        entries = ledger.since(day_ago)
        first = ledger.committed_size - len(entries)
        for one in freezes_in(entries, but=known):
            watch.take_back(await freezes.with_members(connection, one))
        told = await alarms.entries_of(
            connection, LOOKED_AT.values(), since=clock.now() - timedelta(days=2)
        )
        for lost in acts_in(entries, first=first, but=told):
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
        Looking(
            door=parts.door,
            ledger=parts.ledger,
            sessions=parts.sessions,
            watch=parts.watch,
            directory=parts.directory,
            clock=parts.clock,
        ).desk,
    )
