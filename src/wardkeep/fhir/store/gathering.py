# SPDX-License-Identifier: Apache-2.0
"""Reads of single rows gathered: what many requests ask at once is one query.

Two queries at most are under way for an organisation; whoever comes meanwhile waits
for the next, which takes all of them. A lone reader waits for nobody. A read costs a
fraction that way: sending and waking cost more than finding the row
(docs/performance.md).
"""

import asyncio
from collections.abc import Sequence

from wardkeep.base.ids import OrganisationId
from wardkeep.base.stored_id import stored_id
from wardkeep.db.connection import Database, Row
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
Wanted = tuple[int, str, asyncio.Future[Row | None]]


class Gatherer:
    """Reads current rows by type and id."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: dict[OrganisationId, list[Wanted]] = {}
        self._under_way: dict[OrganisationId, int] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def row(
        self, organisation: OrganisationId, type_code: int, id_: str
    ) -> Row | None:
        """The row with its keys beside it; None where there is none."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Row | None] = loop.create_future()
        waiting = self._waiting.setdefault(organisation, [])
        if not waiting:
            # All of this turn of the loop go together.
            loop.call_soon(self._send, organisation)
        waiting.append((type_code, id_, future))
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

    async def _fetch(self, organisation: OrganisationId, batch: list[Wanted]) -> None:
        try:
            async with self._database.connection(organisation) as connection:
                rows = await connection.fetch(
                    _ROWS,
                    organisation,
                    [code for code, _, _ in batch],
                    [stored_id(id_) for _, id_, _ in batch],
                )
        except BaseException as error:
            _fail(batch, error)
            if not isinstance(error, Exception):
                raise
        else:
            _give(batch, rows)
        finally:
            left = self._under_way[organisation] - 1
            if left:
                self._under_way[organisation] = left
            else:
                del self._under_way[organisation]
            self._send(organisation)


def _give(batch: list[Wanted], rows: Sequence[Row]) -> None:
    found = {row["place"]: row for row in rows}
    for place, (_, _, future) in enumerate(batch, start=1):
        if not future.done():
            future.set_result(found.get(place))


def _fail(batch: list[Wanted], error: BaseException) -> None:
    for _, _, future in batch:
        if not future.done():
            future.set_exception(error)
