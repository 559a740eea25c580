# SPDX-License-Identifier: Apache-2.0
"""Rows of stock registers: what is where, what waits for a second person, and writing.

An entry is a statement beside the change that writes its resource: both are there, or
neither. Of two who follow the same entry the database takes one.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from wardkeep.base.ids import OrganisationId
from wardkeep.base.stored_id import id_of, stored_id
from wardkeep.db.connection import Database, Row
from wardkeep.fhir.model.type_codes import type_code
from wardkeep.fhir.stock.entry import Entry, Lot, Top
from wardkeep.fhir.store.change import Beside

MOST_SHOWN = 200
_COLUMNS = """
at, account, second, number, amount, balance, lot_number, lot_left, corrects,
is_controlled, place, item, lot, kind, source, about, by_name, second_name,
before_digest, digest
"""
_TOPS = """
select distinct on (place, item) place, item, number, balance, digest
  from stock.entry where organisation = $1
   and ($2::text is null or place = $2) and ($3::text is null or item = $3)
 order by place, item, number desc
"""
_LOTS = """
select * from (
  select distinct on (place, lot) place, item, lot, lot_number, lot_left
    from stock.entry where organisation = $1
     and ($2::text is null or place = $2) and ($3::text is null or item = $3)
   order by place, lot, lot_number desc) as last
 where lot_left > 0
"""
_LOT = """
select item, lot_number, lot_left from stock.entry
 where organisation = $1 and place = $2 and lot = $3 order by lot_number desc limit 1
"""
_PAGE = f"""
select {_COLUMNS} from stock.entry
 where organisation = $1 and place = $2 and item = $3
 order by number desc limit $4 offset $5
"""  # noqa: S608 - constants
_NUMBERED = f"""
select {_COLUMNS} from stock.entry
 where organisation = $1 and place = $2 and item = $3 and number = $4
"""  # noqa: S608 - constants
_ALL = f"""
select {_COLUMNS} from stock.entry where organisation = $1
 order by place, item, number
"""  # noqa: S608 - constants
_OF_SOURCE = f"""
select {_COLUMNS} from stock.entry where organisation = $1 and source = $2
 order by number
"""  # noqa: S608 - constants
_PUT_RIGHT = """
select coalesce(sum(amount), 0) from stock.entry
 where organisation = $1 and place = $2 and item = $3 and corrects = $4
"""
_PUT_RIGHT_SINCE = """
select exists (
  select from stock.entry
   where organisation = $1 and place = $2 and item = $3 and corrects = $4
     and at >= date_trunc('milliseconds', $5::timestamptz))
"""
_IS_KEPT = """
select exists (select from stock.entry where organisation = $1 and item = $2)
"""
INSERT = """
insert into stock.entry
  (at, account, second, organisation, number, amount, balance, lot_number, lot_left,
   before_number, before_balance, before_lot, before_left, corrects, is_controlled,
   place, item, lot, kind, source, about, by_name, second_name, before_digest, digest)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17,
        $18, $19, $20, $21, $22, $23, $24, $25)
"""
_ASKED_COLUMNS = """
asked_at, account, amount, left_then, corrects, kind, place, item, lot, source, by_name
"""
_ASKED = f"""
select {_ASKED_COLUMNS} from stock.asked
 where organisation = $1 and ended_at is null order by asked_at
"""  # noqa: S608 - constants
_WITHDRAWN = f"""
select {_ASKED_COLUMNS} from stock.asked
 where organisation = $1 and ended_as = 'withdrawn' and ended_at >= $2
 order by asked_at desc limit {MOST_SHOWN}
"""  # noqa: S608 - constants
ASK = """
insert into stock.asked
  (asked_at, account, organisation, amount, left_then, corrects, kind, place, item,
   lot, source, by_name)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
"""
END_ASKED = """
update stock.asked set ended_at = $3, ended_by = $4, ended_as = $5
 where organisation = $1 and source = $2 and ended_at is null
   and ($5 = 'withdrawn' or account <> $4)
"""
_LEAST = "select place, item, least from stock.least where organisation = $1"
_KEEP_LEAST = """
insert into stock.least (changed_at, account, organisation, least, place, item)
values ($1, $2, $3, $4, $5, $6)
on conflict (organisation, place, item) do update
   set changed_at = excluded.changed_at, account = excluded.account,
       least = excluded.least
"""
_SOURCES = """
select r.type, r.id, r.tokens, coalesce(p.id, '') as patient
  from unnest($2::smallint[], $3::bytea[]) as wanted (type, id)
  join record.resource as r
    on r.organisation = $1 and r.type = wanted.type and r.id = wanted.id
   and not r.is_deleted
  left join record.patient as p on p.number = r.patient
"""


class EntryRow(msgspec.Struct, frozen=True, kw_only=True):
    """An entry as it lies there, with the digest that was stored."""

    entry: Entry
    digest: bytes


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody found, and a second person has not yet."""

    source: str
    at: datetime
    account: str
    by: str
    kind: str
    amount: int
    left_then: int
    """In the lot by the register, when it was found."""
    corrects: int
    place: str
    item: str
    lot: str


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """The resource of an entry, as the database knows it: whose, and its tokens."""

    patient: str
    tokens: frozenset[int]


class StockRows:
    """Asks the database what is in the registers."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def tops(
        self,
        organisation: OrganisationId,
        *,
        place: str | None = None,
        item: str | None = None,
    ) -> dict[tuple[str, str], Top]:
        """Where each register ends, by place and item."""
        rows = await self._fetch(organisation, _TOPS, place, item)
        return {
            (row["place"], row["item"]): Top(
                number=row["number"], balance=row["balance"], digest=row["digest"]
            )
            for row in rows
        }

    async def lots(
        self,
        organisation: OrganisationId,
        *,
        place: str | None = None,
        item: str | None = None,
    ) -> list[Lot]:
        """What is left of each delivery, at each place where any of it is."""
        rows = await self._fetch(organisation, _LOTS, place, item)
        return [_lot(row, row["place"], row["lot"]) for row in rows]

    async def lot(self, organisation: OrganisationId, place: str, lot: str) -> Lot:
        """A delivery at a place; with number 0 where none of it ever was there."""
        rows = await self._fetch(organisation, _LOT, place, lot)
        return _lot(rows[0], place, lot) if rows else Lot(id=lot, place=place)

    async def page(
        self,
        organisation: OrganisationId,
        place: str,
        item: str,
        *,
        at_most: int = MOST_SHOWN,
        skip: int = 0,
    ) -> list[EntryRow]:
        """A register's entries, the latest first."""
        rows = await self._fetch(organisation, _PAGE, place, item, at_most, skip)
        return [row_in(row) for row in rows]

    async def numbered(
        self, organisation: OrganisationId, place: str, item: str, number: int
    ) -> EntryRow | None:
        """One entry of a register."""
        rows = await self._fetch(organisation, _NUMBERED, place, item, number)
        return row_in(rows[0]) if rows else None

    async def everything(self, organisation: OrganisationId) -> list[EntryRow]:
        """All registers, each in order."""
        return [row_in(row) for row in await self._fetch(organisation, _ALL)]

    async def of_source(
        self, organisation: OrganisationId, source: str
    ) -> list[EntryRow]:
        """Entries that one resource says more of."""
        rows = await self._fetch(organisation, _OF_SOURCE, source)
        return [row_in(row) for row in rows]

    async def put_right(self, organisation: OrganisationId, entry: Entry) -> int:
        """By how much later entries corrected one already, or took it back."""
        values = (organisation, entry.place, entry.item, entry.number)
        async with self._database.connection(organisation) as connection:
            return int(await connection.fetch_value(_PUT_RIGHT, *values))

    async def is_stale(self, organisation: OrganisationId, asked: Asked) -> bool:
        """Whether what it would correct was put right since: it would be so twice."""
        if not asked.corrects:
            return False
        values = (organisation, asked.place, asked.item, asked.corrects, asked.at)
        async with self._database.connection(organisation) as connection:
            return bool(await connection.fetch_value(_PUT_RIGHT_SINCE, *values))

    async def is_kept(self, organisation: OrganisationId, item: str) -> bool:
        """Whether there was ever a register of this medicine, at any place."""
        async with self._database.connection(organisation) as connection:
            return bool(await connection.fetch_value(_IS_KEPT, organisation, item))

    async def asked(self, organisation: OrganisationId) -> list[Asked]:
        """What waits for a second person, the oldest first."""
        return [_asked(row) for row in await self._fetch(organisation, _ASKED)]

    async def withdrawn(
        self, organisation: OrganisationId, since: datetime
    ) -> list[Asked]:
        """What was asked, and taken back before a second person agreed."""
        rows = await self._fetch(organisation, _WITHDRAWN, since)
        return [_asked(row) for row in rows]

    async def least(self, organisation: OrganisationId) -> dict[tuple[str, str], int]:
        """How much is to be there at least, by place and item."""
        rows = await self._fetch(organisation, _LEAST)
        return {(row["place"], row["item"]): row["least"] for row in rows}

    async def keep_least(
        self,
        organisation: OrganisationId,
        place: str,
        item: str,
        least: int,
        *,
        at: datetime,
        account: str,
    ) -> None:
        values = (at, UUID(account), organisation, least, place, item)
        async with self._database.connection(organisation) as connection:
            await connection.execute(_KEEP_LEAST, *values)

    async def sources(
        self, organisation: OrganisationId, named: Sequence[str]
    ) -> dict[str, Source]:
        """Resources of entries, by name as `SupplyDelivery/x`; what is gone is not."""
        parts = [one.partition("/") for one in named]
        async with self._database.connection(organisation) as connection:
            rows = await connection.fetch(
                _SOURCES,
                organisation,
                [type_code(type_) for type_, _, _ in parts],
                [stored_id(id_) for _, _, id_ in parts],
            )
        types = {type_code(type_): type_ for type_, _, _ in parts}
        return {
            f"{types[row['type']]}/{id_of(row['id'])}": Source(
                patient=row["patient"], tokens=frozenset(row["tokens"])
            )
            for row in rows
        }

    async def bearing(
        self, organisation: OrganisationId, type_: str, token: int
    ) -> list[str]:
        """Names of the resources of a type that have a token."""
        sql = "select id from record.matching($1::smallint, $2::bigint[], $3)"
        async with self._database.connection(organisation) as connection:
            rows = await connection.fetch(sql, type_code(type_), [token], _MOST_BEARING)
        return [f"{type_}/{id_of(row['id'])}" for row in rows]

    async def _fetch(
        self, organisation: OrganisationId, sql: str, *values: object
    ) -> Sequence[Row]:
        async with self._database.connection(organisation) as connection:
            return await connection.fetch(sql, organisation, *values)


_MOST_BEARING = 1_000_000


def _asked(row: Row) -> Asked:
    return Asked(
        source=row["source"],
        at=row["asked_at"],
        account=str(row["account"]),
        by=row["by_name"],
        kind=row["kind"],
        amount=row["amount"],
        left_then=row["left_then"],
        corrects=row["corrects"] or 0,
        place=row["place"],
        item=row["item"],
        lot=row["lot"],
    )


def _lot(row: Row, place: str, id_: str) -> Lot:
    return Lot(
        place=place,
        item=row["item"],
        id=id_,
        number=row["lot_number"],
        left=row["lot_left"],
    )


def row_in(row: Row) -> EntryRow:
    """A row of `stock.entry`."""
    return EntryRow(
        digest=row["digest"],
        entry=Entry(
            place=row["place"],
            item=row["item"],
            lot=row["lot"],
            number=row["number"],
            lot_number=row["lot_number"],
            kind=row["kind"],
            amount=row["amount"],
            balance=row["balance"],
            left=row["lot_left"],
            at=row["at"],
            account=str(row["account"]),
            by=row["by_name"],
            second=str(row["second"] or ""),
            second_by=row["second_name"],
            source=row["source"],
            about=row["about"],
            corrects=row["corrects"] or 0,
            is_controlled=row["is_controlled"],
            before=row["before_digest"] or b"",
        ),
    )


def written(organisation: OrganisationId, entry: Entry) -> Beside:
    """The statement that adds an entry; it changes nothing where somebody was first."""
    is_first, is_new = entry.number == 1, entry.lot_number == 1
    balance, left = entry.balance - entry.amount, entry.left - entry.amount
    return Beside(
        sql=INSERT,
        values=(
            *(entry.at, UUID(entry.account)),
            *(UUID(entry.second) if entry.second else None, organisation),
            *(entry.number, entry.amount, entry.balance),
            *(entry.lot_number, entry.left),
            None if is_first else entry.number - 1,
            None if is_first else balance,
            None if is_new else entry.lot_number - 1,
            None if is_new else left,
            entry.corrects or None,
            *(entry.is_controlled, entry.place, entry.item, entry.lot, entry.kind),
            *(entry.source, entry.about, entry.by, entry.second_by),
            *(None if is_first else entry.before, entry.digest),
        ),
    )


def asking(organisation: OrganisationId, one: Asked) -> Beside:
    """The statement that asks a second person; one waits of a lot at a time."""
    return Beside(
        sql=ASK,
        values=(
            *(one.at, UUID(one.account), organisation, one.amount, one.left_then),
            *(one.corrects or None, one.kind, one.place, one.item, one.lot),
            *(one.source, one.by),
        ),
    )


def ended(
    organisation: OrganisationId, source: str, *, at: datetime, account: str, how: str
) -> Beside:
    """The statement that ends what was asked; `how`: `agreed` or `withdrawn`."""
    values = (organisation, source, at, UUID(account), how)
    return Beside(sql=END_ASKED, values=values)
