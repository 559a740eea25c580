# SPDX-License-Identifier: Apache-2.0
"""The statements of a change, inside its transaction."""

from collections.abc import Sequence

from wardkeep.base.clock import Clock
from wardkeep.base.stored_id import stored_id
from wardkeep.db.connection import Connection
from wardkeep.db.errors import AlreadyExistsError
from wardkeep.fhir.model.type_codes import type_code
from wardkeep.fhir.store.change import Beside, Guard, Known, Removal
from wardkeep.fhir.store.outcomes import NO_GUARD, Reference
from wardkeep.fhir.store.rows import NewRow, insert_rows, replace_row
from wardkeep.fhir.store.sealing import Place

_REMOVE = """
update record.resource
   set last_updated = $4, version = $5 + 1, is_deleted = true, tokens = '{}',
       ranges = null, present = null, body = ''
 where organisation = $1 and type = $2 and id = $3 and version = $5
"""


KEYS_SERVE_SECONDS = 600.0
"""How long a version may still be stored by keys that were read: a rotation destroys
keys that were replaced, later than that (decision 28)."""


class LostRaceError(Exception):
    """A version that was current a moment ago is no longer."""


class GuardMetError(Exception):
    """A condition that was to find nothing finds something."""

    def __init__(self, guard: int) -> None:
        super().__init__()
        self.guard = guard


def be_in_time(clock: Clock, began: float) -> None:
    """`began` is the monotonic second before wrapped keys were read.

    Raises:
        LostRaceError: they may have been replaced, and have to be read again.
    """
    if clock.monotonic_seconds() - began > KEYS_SERVE_SECONDS:
        raise LostRaceError


async def pass_guards(connection: Connection, guards: Sequence[Guard]) -> None:
    """Wait for others with the same conditions, then look.

    Raises:
        GuardMetError: one of them finds something.
    """
    for lock in sorted({one.lock for one in guards}):
        await connection.execute("select pg_advisory_xact_lock($1)", lock)
    for place, guard in enumerate(guards):
        if await connection.fetch_row(guard.sql, *guard.values) is not None:
            raise GuardMetError(place)


async def write_beside(connection: Connection, statements: Sequence[Beside]) -> None:
    """What goes with the change.

    Raises:
        GuardMetError: somebody else was first.
    """
    for one in statements:
        try:
            status = await connection.execute(one.sql, *one.values)
        except AlreadyExistsError:
            raise GuardMetError(NO_GUARD) from None
        if status.endswith(" 0"):
            raise GuardMetError(NO_GUARD)


async def remove(
    connection: Connection,
    place: Place,
    removals: Sequence[Removal],
    known: Known,
) -> tuple[Reference, ...]:
    removed: list[Reference] = []
    for one in removals:
        current = known.current.get((one.type, one.id))
        if current is None or current.is_deleted:
            continue
        status = await connection.execute(
            _REMOVE,
            place.organisation,
            type_code(one.type),
            stored_id(one.id),
            place.last_updated,
            current.version,
        )
        if status != "UPDATE 1":
            raise LostRaceError
        removed.append(Reference(one.type, one.id, current.version + 1))
    return tuple(removed)


async def write_rows(
    connection: Connection, place: Place, rows: Sequence[NewRow]
) -> None:
    # In one order everywhere, so that two loads never wait for each other's rows.
    new = sorted(
        (row for row in rows if row.version == 1), key=lambda row: (row.type, row.id)
    )
    await insert_rows(connection, place.organisation, new)
    for row in rows:
        if row.version > 1 and not await replace_row(
            connection, place.organisation, row
        ):
            raise LostRaceError
