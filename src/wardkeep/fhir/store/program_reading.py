# SPDX-License-Identifier: Apache-2.0
"""Reading for programs: single resources, versions and history, through the door."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from wardkeep.base.stored_id import id_of, stored_id
from wardkeep.db.connection import Connection, Database, Row
from wardkeep.disclosure.answers import Refusal
from wardkeep.disclosure.client import WardenClient
from wardkeep.disclosure.purpose import Action, Tier
from wardkeep.fhir.model.type_codes import type_code, type_name
from wardkeep.fhir.store.gathering import Gatherer, current_rows
from wardkeep.fhir.store.outcomes import NotFound, OpenedResource, Opener
from wardkeep.fhir.store.releasing import Keys, keys_for, release
from wardkeep.fhir.store.rows import (
    KEY_COLUMNS,
    RESOURCE_COLUMNS,
    StoredRow,
    patient_key_row,
    stored_row,
)

_FROM = f"""
select {RESOURCE_COLUMNS}, r.is_deleted, r.patient, {KEY_COLUMNS}, k.wrapped_key
  from record.%s as r
  left join record.patient as p on p.number = r.patient
  left join record.shared_key as k
    on r.patient is null and k.organisation = r.organisation
 where r.organisation = $1 and r.type = $2 and r.id = $3
"""  # noqa: S608 - constants
_VERSION = (
    f"{_FROM % 'resource'} and r.version = $4 union all"
    f" {_FROM % 'history'} and r.version = $4"
)
_COLUMNS = f"{RESOURCE_COLUMNS}, r.is_deleted, r.patient"
_MANY = f"""
select {_COLUMNS}
  from unnest($2::smallint[], $3::bytea[]) with ordinality as wanted (type, id, place)
  join record.resource as r
    on r.organisation = $1 and r.type = wanted.type and r.id = wanted.id
 where not r.is_deleted and r.tier <> {Tier.SEALED:d}
 order by wanted.place
"""  # noqa: S608 - constants
_HISTORY = f"""
select * from (
  select {_COLUMNS} from record.resource as r where r.organisation = $1
  union all
  select {_COLUMNS} from record.history as r where r.organisation = $1) as r
 where ($2::smallint is null or r.type = $2)
   and ($3::bytea is null or r.id = $3)
   and r.tier <> {Tier.SEALED:d}
   and ($4::timestamptz is null or r.last_updated >= $4)
   and r.last_updated <= $5
   and ($6::timestamptz is null
        or (r.last_updated, r.type, r.id, r.version)
         < ($6, $7::smallint, $8::bytea, $9::integer))
 order by r.last_updated desc, r.type desc, r.id desc, r.version desc
 limit $10
"""  # noqa: S608 - constants


_STRETCHES = (timedelta(hours=1), timedelta(days=2), timedelta(days=60))


class HistoryPlace(msgspec.Struct, frozen=True, array_like=True):
    """Where a page of history ended."""

    last_updated: datetime
    type: int
    id: bytes
    version: int


class HistoryRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Versions, the newest first."""

    type: str = ""
    id: str = ""
    since: datetime | None = None
    as_of: datetime
    after: HistoryPlace | None = None
    count: int


class HistoryLine(msgspec.Struct, frozen=True, kw_only=True):
    """One version; a deletion has no resource."""

    type: str
    id: str
    version: int
    last_updated: datetime
    resource: OpenedResource | None = None


class HistoryPage(msgspec.Struct, frozen=True, kw_only=True):
    """One page of history."""

    lines: tuple[HistoryLine, ...]
    next: HistoryPlace | None = None


class ProgramReader:
    """Reads for whoever holds a program's session."""

    def __init__(self, database: Database, warden: WardenClient) -> None:
        self._database = database
        self._warden = warden
        self._gatherer = Gatherer(database, current_rows)

    async def one(
        self, type_: str, id_: str, *, opener: Opener, version: int | None = None
    ) -> OpenedResource | Refusal | NotFound:
        """One resource, at its current version or an older one."""
        missing = NotFound(type=type_, id=id_)
        row = await self._row(type_, id_, opener=opener, version=version)
        if row is None:
            return missing
        if row["is_deleted"]:
            return msgspec.structs.replace(missing, was_deleted=True)
        keys = await self._keys_beside(row, opener)
        opened = await release(
            self._warden,
            opener,
            rows=(_stored(row, keys, opener),),
            keys=keys,
            # What is about several patients is judged as a page of them is.
            action=Action.SEARCH if row["also"] else Action.READ,
            request=opener.request,
        )
        if isinstance(opened, Refusal):
            return opened
        return opened.resources[0] if _allowed(opened.resources, opener) else missing

    async def _row(
        self, type_: str, id_: str, *, opener: Opener, version: int | None
    ) -> Row | None:
        organisation, code = opener.organisation, type_code(type_)
        if version is None:
            return await self._gatherer.row(organisation, (code, id_))
        async with self._database.connection(organisation) as connection:
            return await connection.fetch_row(
                _VERSION, organisation, code, stored_id(id_), version
            )

    async def _keys_beside(self, row: Row, opener: Opener) -> Keys:
        """The keys that came with the row; asked for only where it names others."""
        if row["also"]:
            async with self._database.connection(opener.organisation) as connection:
                return await _keys_of(connection, [row], opener)
        owner = row["patient"]
        if owner is None:
            return Keys(patients={}, shared=row["wrapped_key"] or b"")
        return Keys(patients={owner: patient_key_row(row)})

    async def many(
        self, references: Sequence[tuple[str, str]], *, opener: Opener, request: str
    ) -> Sequence[OpenedResource] | Refusal:
        """Those of the resources that are here, in the order asked for."""
        known = [(type_code(type_), id_) for type_, id_ in references]
        async with self._database.connection(opener.organisation) as connection:
            rows = await connection.fetch(
                _MANY,
                opener.organisation,
                [code for code, _ in known],
                [stored_id(id_) for _, id_ in known],
            )
            keys = await _keys_of(connection, rows, opener)
        opened = await release(
            self._warden,
            opener,
            rows=_within_reach([_stored(row, keys, opener) for row in rows], opener),
            keys=keys,
            action=Action.SEARCH,
            request=request,
        )
        if isinstance(opened, Refusal):
            return opened
        return _allowed(opened.resources, opener)

    async def history(
        self, request: HistoryRequest, *, opener: Opener
    ) -> HistoryPage | Refusal:
        """Versions of one resource, of a type, or of everything."""
        async with self._database.connection(opener.organisation) as connection:
            rows = await _newest(connection, request, opener)
            is_more = len(rows) > request.count
            rows = rows[: request.count]
            kept = [row for row in rows if not row["is_deleted"]]
            keys = await _keys_of(connection, kept, opener)
        opened = await release(
            self._warden,
            opener,
            rows=[_stored(row, keys, opener) for row in kept],
            keys=keys,
            action=Action.SEARCH,
            request=opener.request,
        )
        if isinstance(opened, Refusal):
            return opened
        return HistoryPage(
            lines=_lines(rows, opened.resources),
            next=_place(rows[-1]) if is_more else None,
        )


async def _newest(
    connection: Connection, request: HistoryRequest, opener: Opener
) -> Sequence[Row]:
    """One row more than the page has; looked for in ever longer stretches of time.

    Sorting all that ever was, to show what is new, would take longer every year.
    """
    after = request.after
    newest = after.last_updated if after else request.as_of
    rows: Sequence[Row] = ()
    for stretch in () if request.id else _STRETCHES:
        since = newest - stretch
        if request.since is not None and since <= request.since:
            break
        rows = await _rows_since(connection, request, opener, since=since)
        if len(rows) > request.count:
            return rows
    return await _rows_since(connection, request, opener, since=request.since)


async def _rows_since(
    connection: Connection,
    request: HistoryRequest,
    opener: Opener,
    *,
    since: datetime | None,
) -> Sequence[Row]:
    after = request.after
    return await connection.fetch(
        _HISTORY,
        opener.organisation,
        type_code(request.type) if request.type else None,
        stored_id(request.id) if request.id else None,
        since,
        request.as_of,
        after.last_updated if after else None,
        after.type if after else None,
        after.id if after else None,
        after.version if after else None,
        request.count + 1,
    )


def _lines(
    rows: Sequence[Row], opened: Sequence[OpenedResource]
) -> tuple[HistoryLine, ...]:
    by_version = {(one.type, one.id, one.version): one for one in opened}
    lines = []
    for row in rows:
        type_, id_, version = type_name(row["type"]), id_of(row["id"]), row["version"]
        lines.append(
            HistoryLine(
                type=type_,
                id=id_,
                version=version,
                last_updated=row["last_updated"],
                resource=by_version.get((type_, id_, version)),
            )
        )
    return tuple(lines)


def _place(row: Row) -> HistoryPlace:
    return HistoryPlace(row["last_updated"], row["type"], row["id"], row["version"])


async def _keys_of(connection: Connection, rows: Sequence[Row], opener: Opener) -> Keys:
    return await keys_for(
        connection,
        opener.organisation,
        owners=[row["patient"] for row in rows],
        also=[number for row in rows for number in row["also"] or ()],
    )


def _within_reach(rows: Sequence[StoredRow], opener: Opener) -> Sequence[StoredRow]:
    """Without those that an app may not even ask for."""
    limits = opener.limits
    if limits is None:
        return rows
    return [one for one in rows if limits.reaches(one.type, one.patient)]


def _allowed(
    found: Sequence[OpenedResource], opener: Opener
) -> Sequence[OpenedResource]:
    """Those that an app's filters let through."""
    limits = opener.limits
    if limits is None:
        return found
    return [
        one
        for one in found
        if limits.allows(type_=one.type, patient=one.patient, text=one.text)
    ]


def _stored(row: Row, keys: Keys, opener: Opener) -> StoredRow:
    owner = row["patient"]
    patient = "" if owner is None else keys.patients[owner].id
    return stored_row(row, organisation=opener.organisation, patient=patient)
