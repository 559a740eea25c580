# SPDX-License-Identifier: Apache-2.0
"""Urgent care's figures held against the records: what lies beside them, made anew.

Which resources there are is found by their own codes and not by what lies beside them;
of bookings, only those that stand there already, for no code of theirs says whose. The
deadline of a place in a queue is its moment, so four days more are looked at.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

import msgspec

from wardkeep.base.stored_id import stored_id
from wardkeep.db.connection import Connection, Row
from wardkeep.disclosure.purpose import Tier
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
_COLUMNS = """
select source, case_key, disposition, due_at, kinds, moments, patient, first_at
  from urgent.happened
"""
_BESIDE = f"""
{_COLUMNS}
 where organisation = $1 and patient = any($2) and first_at >= $3 and first_at < $4
"""
_ROW = f"{_COLUMNS} where organisation = $1 and source = $2 for update"
_STANDS = """
select version, patient from record.resource
 where organisation = $1 and type = $2 and id = $3 and not is_deleted
"""
_STAYS = f"{_STANDS} for share"


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

    async def hold(self, lot: Sequence[Person], *, mends: bool) -> Held:
        """One lot of patients; where something differs, it is made anew if asked.

        Records go on being written meanwhile, and somebody else may mend at the same
        time: so what differs is looked at once more, by itself, while nobody writes it.
        """
        read = _read(lot)
        right = {
            source: one.beside
            for source, one in read.items()
            if one.beside is not None and self._span.has(one.beside.first_at)
        }
        numbers = [one.number for one in lot]
        organisation = self._opener.organisation
        async with self._database.connection(organisation) as connection:
            rows = await connection.fetch(_BESIDE, organisation, numbers, *self._span)
        there = {row["source"]: _beside(row) for row in rows}
        held = Held(told=len(right))
        for source in sorted(right.keys() | there.keys()):
            if right.get(source) != there.get(source):
                held += await self._judged(source, read.get(source), mends=mends)
        return held

    async def _judged(self, source: str, read: "_Read | None", *, mends: bool) -> Held:
        """What is wrong with one, and mended; nothing where it was written meanwhile.

        Whoever writes a resource holds it before its row. So does this; where there was
        no resource, its row is held first, and then there is none yet or it is told of.
        """
        organisation = self._opener.organisation
        async with self._database.transaction(organisation) as connection:
            if read is not None:
                there = await self._standing(connection, _STAYS, source)
                if there is None or there["version"] != read.version:
                    return Held()
            row = await connection.fetch_row(_ROW, organisation, source)
            beside = None if row is None else _beside(row)
            if read is None:
                there = await self._standing(connection, _STANDS, source)
                if beside is None or (there and there["patient"] == beside.patient):
                    return Held()
            found = self._wrong(None if read is None else read.beside, beside)
            if found.wrong and mends:
                await self._make_anew(connection, source, read)
                found += Held(mended=1)
            return found

    def _wrong(self, right: "_Beside | None", beside: "_Beside | None") -> Held:
        if right == beside:
            return Held()
        if right is None or not self._span.has(right.first_at):
            return Held(extra=int(beside is not None))
        return Held(missing=1) if beside is None else Held(other=1)

    async def _make_anew(
        self, connection: Connection, source: str, read: "_Read | None"
    ) -> None:
        organisation = self._opener.organisation
        if read is None or read.told is None:
            await connection.execute(DROP, organisation, [source])
        else:
            await connection.execute(KEEP, *kept(organisation, read.patient, read.told))

    async def _standing(
        self, connection: Connection, sql: str, source: str
    ) -> Row | None:
        type_, _, id_ = source.partition("/")
        values = (self._opener.organisation, type_code(type_), stored_id(id_))
        return await connection.fetch_row(sql, *values)


class _Beside(NamedTuple):
    """A row of `urgent.happened`: whose, when, and what."""

    patient: int
    first_at: datetime
    told: Happened


def _beside(row: Row) -> _Beside:
    return _Beside(row["patient"], row["first_at"], told_in(row))


class _Read(msgspec.Struct, frozen=True):
    """What one resource tells, as it was opened."""

    patient: int
    version: int
    told: Happened | None

    @property
    def beside(self) -> _Beside | None:
        """What is to lie beside it."""
        told = self.told
        return None if told is None else _Beside(self.patient, told.first, told)


def _read(lot: Sequence[Person]) -> Mapping[str, _Read]:
    """Each resource that was opened, by what stands beside it as its source."""
    found: dict[str, _Read] = {}
    for person in lot:
        for one in person.resources:
            is_told = one.tier is not Tier.SEALED
            told = happened_in(msgspec.json.decode(one.text)) if is_told else None
            found[f"{one.type}/{one.id}"] = _Read(person.number, one.version, told)
    return found
