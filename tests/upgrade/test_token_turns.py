# SPDX-License-Identifier: Apache-2.0
"""Rows from before search tokens had turns: found as they were, turned like others."""

from collections.abc import Iterator

import pytest

from support.postgres import WITHOUT_A_SCHEMA, FreshDatabase, PostgresServer
from wardkeep.base.ids import OrganisationId
from wardkeep.db.connection import connect
from wardkeep.db.migrate import apply, migrations
from wardkeep.db.roles import OWNER
from wardkeep.warden import token_rows
from wardkeep.warden.token_rows import HistoryPlace, ResourcePlace

_INSERT = (
    "insert into record.resource (organisation, type, id, version, tier,"
    " last_updated, tokens, ranges, body)"
    " values (1, 1, $1, 1, 0, now(), '{7,8}', '{9,1,2}', '')"
)
_REPLACE = "update record.resource set version = version + 1, last_updated = now()"


@pytest.fixture
def empty(postgres_server: PostgresServer) -> Iterator[FreshDatabase]:
    """A database without a schema, as the roles leave it."""
    with postgres_server.fresh() as made:
        yield made


async def test_rows_of_before_hold_tokens_of_the_first_generation(
    empty: FreshDatabase,
) -> None:
    [place] = [n for n, one in enumerate(migrations()) if "token_rotation" in one.name]
    owner = await connect(empty.address(OWNER))
    await owner.execute(WITHOUT_A_SCHEMA)
    await apply(owner, migrations()[:place])
    await _write(empty, b"of-before")
    await apply(owner, migrations())
    # Code of before goes on writing as it did.
    await _write(empty, b"of-now")
    await owner.close()
    warden = await connect(empty.address("wardkeep_warden"))
    for start, count in ((ResourcePlace(), 2), (HistoryPlace(), 2)):
        found = await token_rows.portion(warden, 1, start, below=1, at_most=10)
        assert found is not None
        assert found.seen == len(found.due) == count
        assert {(row.turn, *row.tokens) for row in found.due} == {(0, 7, 8)}
        pairs = [(row, row._replace(turn=1, tokens=[5])) for row in found.due]
        assert await token_rows.put(warden, 1, pairs) == count
        assert await token_rows.put(warden, 1, pairs) == 0
        after = await token_rows.portion(warden, 1, start, below=2, at_most=10)
        assert after is not None
        assert after.due == [new for _, new in pairs]
        end = await token_rows.portion(warden, 1, after.place, below=2, at_most=10)
        assert end is None
    await warden.close()


async def _write(empty: FreshDatabase, id_: bytes) -> None:
    """A row and its next version, as a web process of before writes them."""
    web = await connect(empty.address("wardkeep_web"))
    await web.serve(OrganisationId(1))
    await web.execute(_INSERT, id_)
    await web.execute(f"{_REPLACE} where id = $1", id_)
    await web.close()
