# SPDX-License-Identifier: Apache-2.0
"""Which schedule a medicine was ever said to have, whatever its line says today.

A program that writes the formulary may say that a medicine is controlled. That it is
none any more two people say: else whoever has that program's token would have a
controlled drug prescribed by one. It is known by its line's id, its code and its name,
so that a line of the same name with another id is no way around.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from wardkeep.base.ids import OrganisationId
from wardkeep.db.connection import Connection, Database
from wardkeep.fhir.prescriptions.formulary import (
    CHECKED,
    IN_WORDS,
    SCHEDULES,
    Item,
)

SAY = """
insert into stock.schedule as s (said_at, organisation, schedule, medicine)
values ($1, $2, $3, $4)
on conflict (organisation, medicine, schedule) do update
   set said_at = excluded.said_at, asked_at = null, asked_by = null, asked_name = '',
       why = '', lifted_at = null, lifted_by = null, lifted_name = ''
 where s.lifted_at is not null
"""
_KNOWN = """
select medicine, schedule, asked_at, asked_by, asked_name, why from stock.schedule
 where organisation = $1 and lifted_at is null
"""
_ASK = """
update stock.schedule
   set asked_at = $3, asked_by = $4, asked_name = $5, why = $6
 where organisation = $1 and medicine = any($2) and lifted_at is null
"""
_LIFT = """
update stock.schedule set lifted_at = $3, lifted_by = $4, lifted_name = $5
 where organisation = $1 and medicine = any($2) and lifted_at is null
   and asked_by is not null and asked_by <> $4
"""
_WITHDRAW = """
update stock.schedule set asked_at = null, asked_by = null, asked_name = '', why = ''
 where organisation = $1 and medicine = any($2) and lifted_at is null
"""
_ORDER = (*sorted(IN_WORDS), "?", *sorted(CHECKED - IN_WORDS), "5", "")


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """A schedule that a medicine was said to have, and who asked to take it off."""

    schedule: str
    asked_at: datetime | None = None
    asked_by: str = ""
    asked_name: str = ""
    why: str = ""


def keys_of(item: Item) -> list[bytes]:
    """By what a medicine is known again: hashes of its line's id, code and name."""
    name = " ".join(item.words.casefold().split())
    said = (("id", item.id), ("code", item.code), ("name", name))
    return [
        hashlib.sha256(f"{kind}\0{text}".encode()).digest()
        for kind, text in said
        if text
    ]


def rank(schedule: str) -> int:
    """How strict it is, 0 the strictest; one that nobody knows stands after 3."""
    known = schedule if schedule in SCHEDULES or not schedule else "?"
    return _ORDER.index(known)


def strictest(schedules: Iterable[str]) -> str:
    return min(schedules, key=rank, default="")


def as_known(item: Item, known: Mapping[bytes, Sequence[Known]]) -> Item:
    """The line with the strictest schedule that it was ever said to have."""
    said = [one.schedule for key in keys_of(item) for one in known.get(key, ())]
    return msgspec.structs.replace(item, schedule=strictest([item.schedule, *said]))


def asked_of(item: Item, known: Mapping[bytes, Sequence[Known]]) -> Known | None:
    """What somebody asked of this medicine and a second person has not yet."""
    said = [one for key in keys_of(item) for one in known.get(key, ())]
    return next((one for one in said if one.asked_at is not None), None)


async def say(
    connection: Connection,
    organisation: OrganisationId,
    items: Iterable[Item],
    *,
    now: datetime,
) -> None:
    """Remember the schedules of some lines."""
    for item in items:
        for medicine in keys_of(item) if item.schedule else ():
            values = (now, organisation, item.schedule, medicine)
            await connection.execute(SAY, *values)


def unsaid(items: Iterable[Item], known: Mapping[bytes, Sequence[Known]]) -> list[Item]:
    """Lines whose schedule nobody remembers yet: an older version wrote them."""
    return [
        one
        for one in items
        if one.schedule
        and any(
            all(it.schedule != one.schedule for it in known.get(key, ()))
            for key in keys_of(one)
        )
    ]


class Schedules:
    """Asks the database which schedules are known, and takes them off by two people."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def known(self, organisation: OrganisationId) -> dict[bytes, list[Known]]:
        """By medicine, what was said and not taken off."""
        async with self._database.connection(organisation) as connection:
            rows = await connection.fetch(_KNOWN, organisation)
        found: dict[bytes, list[Known]] = {}
        for row in rows:
            one = Known(
                schedule=row["schedule"],
                asked_at=row["asked_at"],
                asked_by=str(row["asked_by"] or ""),
                asked_name=row["asked_name"],
                why=row["why"],
            )
            found.setdefault(row["medicine"], []).append(one)
        return found

    async def remember(
        self, organisation: OrganisationId, items: Iterable[Item], *, now: datetime
    ) -> None:
        """Of lines that were written before schedules were remembered."""
        async with self._database.connection(organisation) as connection:
            await say(connection, organisation, items, now=now)

    async def ask(
        self,
        organisation: OrganisationId,
        item: Item,
        *,
        at: datetime,
        account: str,
        name: str,
        why: str,
    ) -> None:
        """One person says that it is no controlled drug, or a lesser one."""
        await self._do(organisation, _ASK, keys_of(item), at, UUID(account), name, why)

    async def lift(
        self,
        organisation: OrganisationId,
        item: Item,
        *,
        at: datetime,
        account: str,
        name: str,
    ) -> bool:
        """A second person says so too; false where nobody asked, or they did."""
        done = await self._do(
            organisation, _LIFT, keys_of(item), at, UUID(account), name
        )
        return not done.endswith(" 0")

    async def withdraw(self, organisation: OrganisationId, item: Item) -> None:
        """It stays as it was."""
        await self._do(organisation, _WITHDRAW, keys_of(item))

    async def _do(self, organisation: OrganisationId, sql: str, *values: object) -> str:
        async with self._database.connection(organisation) as connection:
            return await connection.execute(sql, organisation, *values)
