# SPDX-License-Identifier: Apache-2.0
"""What a real database takes into a register, and what it refuses."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import msgspec
import pytest

from support.postgres import FreshDatabase
from support.prescribing import DIAZEPAM
from wardkeep.base.ids import OrganisationId, new_uuid
from wardkeep.db.connection import Database, connect
from wardkeep.db.errors import DatabaseRefusedError
from wardkeep.db.roles import OWNER
from wardkeep.fhir.prescriptions.schedules import Schedules
from wardkeep.fhir.stock.entry import (
    COUNTED,
    DIFFERENT,
    DISPOSED,
    GIVEN,
    RECEIVED,
    Doing,
    Entry,
    Top,
    entry_after,
    faults_in,
)
from wardkeep.fhir.stock.rows import Asked, StockRows, asking, ended, written
from wardkeep.fhir.store.applying import GuardMetError, write_beside
from wardkeep.fhir.store.change import Beside

NOW = datetime(2026, 11, 29, 3, 0, tzinfo=UTC)
ANN, BEN = new_uuid(), new_uuid()
PLACE, ITEM, LOT = "Location/x", "it", "lot-1"


class Shelf:
    """One register of a new organisation."""

    def __init__(self, database: Database, organisation: OrganisationId) -> None:
        self.database = database
        self.rows = StockRows(database)
        self.own = organisation

    async def next(self, kind: str, amount: int, **more: object) -> Entry:
        lot = await self.rows.lot(self.own, PLACE, LOT)
        lot = msgspec.structs.replace(lot, item=ITEM)
        tops = await self.rows.tops(self.own, place=PLACE, item=ITEM)
        doing = Doing(
            kind=kind, amount=amount, at=NOW, account=ANN, by="Ann", source="Basic/x"
        )
        doing = msgspec.structs.replace(doing, **more)
        entry = entry_after(tops.get((PLACE, ITEM), Top()), lot, doing)
        assert entry is not None
        return entry

    async def do(self, *statements: Beside) -> None:
        async with self.database.transaction(self.own) as connection:
            await write_beside(connection, statements)

    async def add(self, entry: Entry) -> None:
        await self.do(written(self.own, entry))


@pytest.fixture
async def shelf(fresh_database: FreshDatabase) -> AsyncIterator[Shelf]:
    database = Database(fresh_database.address("wardkeep_web"), size=4)
    try:
        yield Shelf(database, OrganisationId(int(new_uuid()[:6], 16)))
    finally:
        await database.close()


async def test_entries_follow_each_other_and_are_read_as_they_were_written(
    shelf: Shelf,
) -> None:
    entries = []
    for kind, amount in ((RECEIVED, 10), (GIVEN, -3), (COUNTED, 0)):
        entries.append(await shelf.next(kind, amount))
        await shelf.add(entries[-1])
    found = await shelf.rows.everything(shelf.own)
    assert [one.entry for one in found] == entries
    assert not list(faults_in(entries, [one.digest for one in found]))
    [lot] = await shelf.rows.lots(shelf.own)
    assert (lot.left, lot.number) == (7, 3)
    assert await shelf.rows.is_kept(shelf.own, ITEM)
    assert not await shelf.rows.is_kept(shelf.own, "another")
    [last] = await shelf.rows.page(shelf.own, PLACE, ITEM, at_most=1)
    assert last.entry == entries[2]
    # Another organisation has none of it
    assert not await shelf.rows.everything(OrganisationId(shelf.own + 1))


async def test_of_many_who_follow_one_entry_at_once_one_is_taken(shelf: Shelf) -> None:
    await shelf.add(await shelf.next(RECEIVED, 6))
    last = await shelf.next(GIVEN, -6)

    async def give(nth: int) -> bool:
        mine = msgspec.structs.replace(last, source=f"MedicationDispense/{nth}")
        try:
            await shelf.add(mine)
        except GuardMetError:
            return False
        return True

    given = await asyncio.gather(*(give(nth) for nth in range(6)))
    assert sum(given) == 1
    assert not await shelf.rows.lots(shelf.own)


async def test_the_database_adds_up_by_itself(shelf: Shelf) -> None:
    await shelf.add(await shelf.next(RECEIVED, 10))
    good = await shelf.next(GIVEN, -3)
    for wrong in (
        {"balance": 8, "left": 7},
        {"balance": 7, "left": 8},
        {"amount": -11, "balance": -1, "left": -1},
        {"amount": 3, "balance": 13, "left": 13},
        {"number": 7},
        {"lot_number": 7},
        {"before": b"1" * 32},
        {"kind": DIFFERENT},
        {"kind": DISPOSED, "is_controlled": True},
        {"second": ANN},
    ):
        with pytest.raises((DatabaseRefusedError, GuardMetError)):
            await shelf.add(msgspec.structs.replace(good, **wrong))
    second = {"kind": DISPOSED, "is_controlled": True, "second": BEN}
    await shelf.add(msgspec.structs.replace(good, **second))


async def test_no_entry_is_changed_by_the_web_nor_by_the_tables_owner(
    shelf: Shelf, fresh_database: FreshDatabase
) -> None:
    await shelf.add(await shelf.next(RECEIVED, 10))
    owner = await connect(fresh_database.address(OWNER))
    try:
        await owner.serve(shelf.own)
        async with shelf.database.connection(shelf.own) as web:
            for connection in (web, owner):
                for sql in (
                    "update stock.entry set by_name = 'Nobody'",
                    "delete from stock.entry",
                    "truncate stock.entry",
                ):
                    with pytest.raises(DatabaseRefusedError):
                        await connection.execute(sql)
    finally:
        await owner.close()
    assert len(await shelf.rows.everything(shelf.own)) == 1


async def test_whoever_asks_does_not_agree_and_one_thing_waits_of_a_delivery(
    shelf: Shelf,
) -> None:
    one = Asked(
        source="Basic/y",
        at=NOW,
        account=ANN,
        by="Ann",
        kind=DIFFERENT,
        amount=-1,
        left_then=7,
        corrects=0,
        place=PLACE,
        item=ITEM,
        lot=LOT,
    )
    await shelf.do(asking(shelf.own, one))
    assert await shelf.rows.asked(shelf.own) == [one]
    again = msgspec.structs.replace(one, source="Basic/z")
    with pytest.raises(GuardMetError):
        await shelf.do(asking(shelf.own, again))
    with pytest.raises(GuardMetError):
        await shelf.do(ended(shelf.own, "Basic/y", at=NOW, account=ANN, how="agreed"))
    await shelf.do(ended(shelf.own, "Basic/y", at=NOW, account=BEN, how="agreed"))
    with pytest.raises(GuardMetError):
        await shelf.do(ended(shelf.own, "Basic/y", at=NOW, account=BEN, how="agreed"))
    assert await shelf.rows.asked(shelf.own) == []
    # What is withdrawn is not forgotten
    assert await shelf.rows.withdrawn(shelf.own, NOW) == []
    await shelf.do(asking(shelf.own, again))
    await shelf.do(ended(shelf.own, "Basic/z", at=NOW, account=ANN, how="withdrawn"))
    assert await shelf.rows.withdrawn(shelf.own, NOW) == [again]


async def test_how_much_is_to_be_there_is_said_anew(shelf: Shelf) -> None:
    for least in (5, 0, 9):
        await shelf.rows.keep_least(shelf.own, PLACE, ITEM, least, at=NOW, account=ANN)
        assert await shelf.rows.least(shelf.own) == {(PLACE, ITEM): least}


async def test_a_schedule_is_taken_off_by_two_and_holds_again_when_it_is_said(
    shelf: Shelf,
) -> None:
    schedules = Schedules(shelf.database)
    await schedules.remember(shelf.own, [DIAZEPAM], now=NOW)
    assert len(await schedules.known(shelf.own)) == 2

    async def lift(account: str) -> bool:
        return await schedules.lift(
            shelf.own, DIAZEPAM, at=NOW, account=account, name="Somebody"
        )

    assert not await lift(BEN)
    for _ in range(2):
        await schedules.ask(
            shelf.own, DIAZEPAM, at=NOW, account=ANN, name="Ann", why="Rescheduled"
        )
        assert not await lift(ANN)
        await schedules.withdraw(shelf.own, DIAZEPAM)
        assert not await lift(BEN)
    await schedules.ask(
        shelf.own, DIAZEPAM, at=NOW, account=ANN, name="Ann", why="Rescheduled"
    )
    assert await lift(BEN)
    assert await schedules.known(shelf.own) == {}
    await schedules.remember(shelf.own, [DIAZEPAM], now=NOW)
    assert len(await schedules.known(shelf.own)) == 2
