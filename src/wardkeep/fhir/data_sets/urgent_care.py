# SPDX-License-Identifier: Apache-2.0
"""Urgent care's figures held against the records: what lies beside them, made anew.

Which resources there are is found by their own codes and not by what lies beside them;
of bookings, only those that stand there already, for no code of theirs says whose. The
deadline of a place in a queue is its moment, so four days more are looked at.
"""

from collections.abc import Mapping

import msgspec

from wardkeep.base.stored_id import stored_id
from wardkeep.db.connection import Connection
from wardkeep.fhir.data_sets.reading import A_LOT, MonthReader, Person
from wardkeep.fhir.model.type_codes import type_code
from wardkeep.fhir.store.happening import DROP, KEEP, kept
from wardkeep.fhir.store.rows import RESOURCE_COLUMNS, StoredRow, stored_row
from wardkeep.fhir.urgent.figures.happened import Happened, happened_in
from wardkeep.fhir.urgent.figures.rows import told_in
from wardkeep.fhir.urgent.figures.spans import Span, span_of_days

_CODES = (
    ("Encounter", "type", "urn:wardkeep:case|call"),
    ("ServiceRequest", "category", "urn:wardkeep:urgent-care|outcome"),
    ("Task", "code", "urn:wardkeep:task|urgent-care"),
)
_FOUND = """
  from record.resource as r
 where r.organisation = $1 and r.type = any($2) and r.tokens && $3::bigint[]
   and not r.is_deleted and r.tier in (1, 2)
   and r.last_updated >= $4
   and (r.clinical_at is null or r.clinical_at < $5::timestamptz + interval '4 days')
"""
_PEOPLE = f"""
select distinct l.patient as number, p.id
  from (select r.patient {_FOUND}
        union
        select h.patient from urgent.happened as h
         where h.organisation = $1 and h.first_at >= $4 and h.first_at < $5) as l
  join record.patient as p on p.number = l.patient and p.record_key <> ''
 where l.patient > $6 order by l.patient limit $7
"""  # noqa: S608 - constants
_ROWS = f"""
select {RESOURCE_COLUMNS}, r.patient as number from record.resource as r
 where (r.type, r.id) in (select r.type, r.id {_FOUND} and r.patient = any($6)
        union
        select * from unnest($7::smallint[], $8::bytea[]))
   and r.organisation = $1 and r.patient = any($6) and not r.is_deleted
 order by r.patient, r.type, r.id
"""  # noqa: S608 - constants
_BESIDE = """
select source, case_key, disposition, due_at, kinds, moments from urgent.happened
 where organisation = $1 and patient = any($2) and first_at >= $3 and first_at < $4
"""
_STANDS = """
select version from record.resource
 where organisation = $1 and type = $2 and id = $3 and not is_deleted for share
"""


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """How what lies beside some records stands to them."""

    told: int = 0
    """Resources that tell something of the month."""
    missing: int = 0
    extra: int = 0
    other: int = 0
    """Beside the record it says something else."""
    mended: int = 0

    @property
    def wrong(self) -> int:
        return self.missing + self.extra + self.other

    def __add__(self, more: "Held") -> "Held":
        return Held(
            told=self.told + more.told,
            missing=self.missing + more.missing,
            extra=self.extra + more.extra,
            other=self.other + more.other,
            mended=self.mended + more.mended,
        )


class CallReader(MonthReader):
    """Reads what tells of calls in one month, and holds it against what lies beside."""

    @property
    def _span(self) -> Span:
        return span_of_days(self._month.begins, self._month.ends)

    async def _prepare(self) -> None:
        tokens = await self._tokens(_CODES)
        self._codes = [tokens[one] for one in _CODES]

    def _found(self) -> tuple[object, ...]:
        types = [type_code(one) for one, _, _ in _CODES]
        return (self._opener.organisation, types, self._codes, *self._span)

    async def _next(self, after: int) -> dict[int, str]:
        async with self._database.connection(self._opener.organisation) as connection:
            rows = await connection.fetch(_PEOPLE, *self._found(), after, A_LOT)
        return {row["number"]: row["id"] for row in rows}

    async def _rows(
        self, connection: Connection, people: dict[int, str]
    ) -> list[tuple[int, StoredRow]]:
        organisation, numbers = self._opener.organisation, list(people)
        beside = await connection.fetch(_BESIDE, organisation, numbers, *self._span)
        named = [row["source"].partition("/") for row in beside]
        types = [type_code(type_) for type_, _, _ in named]
        ids = [stored_id(id_) for _, _, id_ in named]
        rows = await connection.fetch(_ROWS, *self._found(), numbers, types, ids)
        return [
            (
                row["number"],
                stored_row(
                    row, organisation=organisation, patient=people[row["number"]]
                ),
            )
            for row in rows
        ]

    async def _opened(self, people: dict[int, str]) -> list[Person]:
        """Also those of whom nothing is there to open, and something lies beside."""
        found = await super()._opened(people)
        there = {one.number for one in found}
        rest = [Person(n, id_, ()) for n, id_ in people.items() if n not in there]
        return [*found, *rest]

    async def hold(self, lot: list[Person], *, mends: bool) -> Held:
        """One lot of patients; where something differs, it is made anew if asked."""
        told, versions = self._told(lot)
        numbers = [one.number for one in lot]
        organisation = self._opener.organisation
        async with self._database.transaction(organisation) as connection:
            rows = await connection.fetch(_BESIDE, organisation, numbers, *self._span)
            beside = {row["source"]: told_in(row) for row in rows}
            missing = told.keys() - beside.keys()
            extra = beside.keys() - told.keys()
            both = told.keys() & beside.keys()
            other = {one for one in both if told[one][1] != beside[one]}
            mended = 0
            if mends:
                anew = {one: told[one] for one in missing | other}
                mended = await self._make_anew(connection, anew, versions)
                await connection.execute(DROP, organisation, sorted(extra))
                mended += len(extra)
        return Held(
            told=len(told),
            missing=len(missing),
            extra=len(extra),
            other=len(other),
            mended=mended,
        )

    async def _make_anew(
        self,
        connection: Connection,
        anew: Mapping[str, tuple[int, Happened]],
        versions: Mapping[str, int],
    ) -> int:
        """How many: what was written meanwhile has told its own."""
        count = 0
        for source, told in sorted(anew.items()):
            if await self._still(connection, source, versions[source]):
                values = kept(self._opener.organisation, *told)
                await connection.execute(KEEP, *values)
                count += 1
        return count

    def _told(
        self, lot: list[Person]
    ) -> tuple[dict[str, tuple[int, Happened]], Mapping[str, int]]:
        """What the records tell of the month, by source, and of which version."""
        told: dict[str, tuple[int, Happened]] = {}
        versions: dict[str, int] = {}
        for person in lot:
            for one in person.resources:
                found = happened_in(msgspec.json.decode(one.text))
                if found is not None and self._span.has(found.first):
                    told[found.source] = (person.number, found)
                    versions[found.source] = one.version
        return told, versions

    async def _still(self, connection: Connection, source: str, version: int) -> bool:
        """Whether it is the version that was read; a newer one has written its own."""
        type_, _, id_ = source.partition("/")
        row = await connection.fetch_row(
            _STANDS, self._opener.organisation, type_code(type_), stored_id(id_)
        )
        return row is not None and row["version"] == version
