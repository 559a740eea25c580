# SPDX-License-Identifier: Apache-2.0
"""Single rows looked up together: what many requests ask at once is one query.

Two queries at most are under way for an organisation; whoever comes meanwhile waits
for the next, which takes all of them. A lone reader waits for nobody. A read costs a
fraction that way: sending and waking cost more than finding the row
(docs/performance.md).
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from wardkeep.base.ids import OrganisationId
from wardkeep.base.stored_id import stored_id
from wardkeep.db.connection import Connection, Database, Row
from wardkeep.fhir.store.rows import KEY_COLUMNS, RESOURCE_COLUMNS

AT_ONCE = 2
MOST_A_QUERY = 256
_ROWS = f"""
select {RESOURCE_COLUMNS}, r.is_deleted, r.patient, {KEY_COLUMNS}, k.wrapped_key,
       wanted.place::integer
  from unnest($2::smallint[], $3::bytea[]) with ordinality as wanted (type, id, place)
  join record.resource as r
    on r.organisation = $1 and r.type = wanted.type and r.id = wanted.id
  left join record.patient as p on p.number = r.patient
  left join record.shared_key as k
    on r.patient is null and k.organisation = r.organisation
"""
_PATIENTS = f"""
select {KEY_COLUMNS}, wanted.place::integer
  from unnest($2::text[]) with ordinality as wanted (id, place)
  join record.patient as p on p.organisation = $1 and p.id = wanted.id
"""
W = TypeVar("W")
Look = Callable[[Connection, OrganisationId, Sequence[W]], Awaitable[Sequence[Row]]]
"""Rows of what is wanted, each with its `place` there, counted from 1."""
ResourceKey = tuple[int, str]
"""(type's number, FHIR id)."""


async def current_rows(
    connection: Connection, organisation: OrganisationId, wanted: Sequence[ResourceKey]
) -> Sequence[Row]:
    """Current rows, with their keys beside them."""
    return await connection.fetch(
        _ROWS,
        organisation,
        [code for code, _ in wanted],
        [stored_id(id_) for _, id_ in wanted],
    )


async def patients_keys(
    connection: Connection, organisation: OrganisationId, wanted: Sequence[str]
) -> Sequence[Row]:
    """Patients' wrapped keys, by FHIR id."""
    return await connection.fetch(_PATIENTS, organisation, wanted)


class Gatherer(Generic[W]):
    """Looks single rows up, many together."""

    def __init__(self, database: Database, look: Look[W]) -> None:
        self._database = database
        self._look = look
        self._waiting: dict[
            OrganisationId, list[tuple[W, asyncio.Future[Row | None]]]
        ] = {}
        self._under_way: dict[OrganisationId, int] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def row(self, organisation: OrganisationId, wanted: W) -> Row | None:
        """The row; None where there is none."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Row | None] = loop.create_future()
        waiting = self._waiting.setdefault(organisation, [])
        if not waiting:
            # All of this turn of the loop go together.
            loop.call_soon(self._send, organisation)
        waiting.append((wanted, future))
        return await future

    def _send(self, organisation: OrganisationId) -> None:
        waiting = self._waiting.get(organisation)
        under_way = self._under_way.get(organisation, 0)
        if not waiting or under_way >= AT_ONCE:
            return
        batch = waiting[:MOST_A_QUERY]
        del waiting[:MOST_A_QUERY]
        if not waiting:
            del self._waiting[organisation]
        self._under_way[organisation] = under_way + 1
        task = asyncio.get_running_loop().create_task(self._fetch(organisation, batch))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _fetch(
        self,
        organisation: OrganisationId,
        batch: Sequence[tuple[W, asyncio.Future[Row | None]]],
    ) -> None:
        futures = [future for _, future in batch]
        try:
            async with self._database.connection(organisation) as connection:
                wanted = [one for one, _ in batch]
                rows = await self._look(connection, organisation, wanted)
        except BaseException as error:
            _fail(futures, error)
            if not isinstance(error, Exception):
                raise
        else:
            _give(futures, rows)
        finally:
            left = self._under_way[organisation] - 1
            if left:
                self._under_way[organisation] = left
            else:
                del self._under_way[organisation]
            self._send(organisation)


def _give(futures: Sequence[asyncio.Future[Row | None]], rows: Sequence[Row]) -> None:
    found = {row["place"]: row for row in rows}
    for place, future in enumerate(futures, start=1):
        if not future.done():
            future.set_result(found.get(place))


def _fail(futures: Sequence[asyncio.Future[Row | None]], error: BaseException) -> None:
    for future in futures:
        if not future.done():
            future.set_exception(error)
