# SPDX-License-Identifier: Apache-2.0
"""Processes die while stock is given: it is given and counted down once, or neither."""

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import closing, suppress

import pytest

from support.killing import kills
from support.prescribing import AMOXICILLIN
from support.served import eventually
from support.stocked import BASE, Depot, depot
from support.urgent import Desk
from wardkeep.assembly.database import WEB, address_for
from wardkeep.base.ids import OrganisationId
from wardkeep.db.connection import connect

PEOPLE, EACH = 12, 7
_SUM = """
select count(*) filter (where kind = 'given') as given,
       count(*) filter (where kind = 'received') as received,
       coalesce(sum(amount), 0) as together, min(balance) as least,
       (select balance from stock.entry order by number desc limit 1) as last
  from stock.entry
"""


@pytest.fixture(scope="module")
def there(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Depot]:
    folder, keys = (tmp_path_factory.mktemp(one) for one in ("killed", "keys"))
    with depot(folder, keys) as made:
        yield made


def test_a_give_that_is_killed_is_whole_or_was_not(there: Depot) -> None:
    lot = there.receives(AMOXICILLIN, PEOPLE, EACH)
    names = [f"k{nth}" for nth in range(PEOPLE)]
    papers = [there.prescribes(one, AMOXICILLIN, EACH, there.ann) for one in names]
    killed: list[str] = []
    is_over = threading.Event()
    killer = threading.Thread(
        target=kills, args=(there.stack, killed, is_over), kwargs={"rounds": 1}
    )
    killer.start()
    try:
        for paper in papers:
            gives(there, paper, lot)
    finally:
        is_over.set()
        killer.join()
    there.stack.await_ready()
    assert "web" in killed
    found = asyncio.run(counted(there))
    assert found == {
        "given": PEOPLE,
        "received": 1,
        "together": 0,
        "least": 0,
        "last": 0,
    }
    there.program.sign_in()
    assert [len(there.dispenses(one)) for one in names] == [1] * PEOPLE
    assert there.left(BASE, lot) == 0
    assert "All of them hold." in there.lee.get("/stock/check").decode()


def gives(there: Depot, paper: str, lot: str) -> None:
    """As somebody does it: press, and press again until the page says that it is."""
    chosen = {"version": "1", "lot": f"Location/moor-lane~{lot}"}

    def is_done() -> bool:
        with suppress(OSError), closing(Desk(there.stack.port, there.ann.token)) as ann:
            ann.press(f"{paper}/give", chosen)
            time.sleep(0.2)
            status, page = ann.ask("GET", paper)
            return status == 200 and b"Given at base" in page
        return False

    eventually(is_done, there.stack.log)


async def counted(there: Depot) -> dict[str, int]:
    address = address_for(there.stack.settings, there.stack.layout, WEB)
    connection = await connect(address)
    try:
        await connection.serve(OrganisationId(1))
        row = await connection.fetch_row(_SUM)
        assert row is not None
        return {name: int(value) for name, value in row.items()}
    finally:
        await connection.close()
