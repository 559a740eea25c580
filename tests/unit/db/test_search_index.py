# SPDX-License-Identifier: Apache-2.0
"""Search by tokens: the index serves the one function that may look through tokens.

This is the proof of docs/decisions/0002-record-store.md. The plan of a query inside a
function is not shown by EXPLAIN, so the index's own count of its scans tells.
"""

from collections.abc import AsyncIterator, Iterator

import pytest

from support.postgres import (
    FreshDatabase,
    PostgresServer,
    execute,
    run_at_once,
)
from wardkeep.base.ids import OrganisationId
from wardkeep.db.connection import Connection, connect

FERNHILL, LARKSPUR = OrganisationId(1), OrganisationId(2)
ROWS = 24_000
RARE = ROWS + 7
"""A token of one row only: number 7 of Fernhill's."""
COMMON = 3
MATCHING = "select id from record.matching(7::smallint, $1::bigint[], 50)"
DIRECT = """
    select id from record.resource
     where organisation = record.served_organisation() and type = 7
       and tokens @> $1::bigint[] limit 50
"""
SCANS = """
    select pg_stat_get_numscans('record.resource_tokens'::regclass)
"""
LOAD = """
    insert into record.resource
      (last_updated, organisation, version, type, tier, id, tokens, body)
    select now(), {organisation}, 1, 7, 2, ('r' || n)::bytea,
           array[{rows} + n, n % 500, n % 7 + 1000000]::bigint[], 'sealed'
      from generate_series(1, {rows}) as n
"""


@pytest.fixture(scope="module")
def loaded(postgres_server: PostgresServer) -> Iterator[FreshDatabase]:
    """Two organisations of 24,000 rows each, with the same ids and tokens."""
    with postgres_server.fresh() as made:
        for organisation in (FERNHILL, LARKSPUR):
            served = (
                f"select set_config('wardkeep.organisation', '{organisation}', false)"
            )
            load = LOAD.format(organisation=organisation, rows=ROWS)
            run_at_once(execute(made.address("wardkeep_worker"), served, load))
        tidy = "select record.tidy_after_load()"
        run_at_once(execute(made.address("wardkeep_worker"), tidy))
        yield made


@pytest.fixture
async def web(loaded: FreshDatabase) -> AsyncIterator[Connection]:
    made = await connect(loaded.address("wardkeep_web"))
    await made.serve(FERNHILL)
    yield made
    await made.close()


async def scans_by(held: Connection, sql: str, *tokens: int) -> int:
    """How often the token index was scanned while the query ran."""
    # Counts are sent when a transaction ends, at once if asked for.
    await held.execute("select pg_stat_force_next_flush()")
    before = await held.fetch_value(SCANS)
    await held.fetch(sql, list(tokens))
    await held.execute("select pg_stat_force_next_flush()")
    return int(await held.fetch_value(SCANS) - before)


@pytest.mark.parametrize("tokens", [(RARE,), (COMMON,), (COMMON, 1_000_003), (-1,)])
async def test_matching_reads_the_token_index(
    web: Connection, tokens: tuple[int, ...]
) -> None:
    assert await scans_by(web, MATCHING, *tokens) >= 1


async def test_the_same_question_asked_of_the_table_does_not(web: Connection) -> None:
    """Row-level security lets no operator that is not leakproof go before it."""
    assert await scans_by(web, DIRECT, RARE) == 0
    plan = await web.fetch(
        "explain select id from record.resource where tokens @> array[1]::bigint[]"
    )
    assert "resource_tokens" not in "\n".join(row["QUERY PLAN"] for row in plan)


async def test_the_reason_still_holds(web: Connection) -> None:
    """Should a release make it leakproof, the function could go."""
    leakproof = await web.fetch_value(
        "select proleakproof from pg_proc where proname = 'arraycontains'"
    )
    assert leakproof is False


async def test_matching_finds_the_served_organisations_rows_and_no_others(
    web: Connection,
) -> None:
    asked = "select id from record.matching(7::smallint, array[$1]::bigint[], 50)"
    assert [row["id"] for row in await web.fetch(asked, RARE)] == [b"r7"]
    await web.serve(LARKSPUR)
    await web.execute(
        "update record.resource set is_deleted = true, version = 2 where id = 'r7'"
    )
    assert not await web.fetch(asked, RARE)
    await web.serve(FERNHILL)
    assert [row["id"] for row in await web.fetch(asked, RARE)] == [b"r7"]


async def test_matching_asks_for_every_token_of_one_type_and_stops_where_told(
    web: Connection,
) -> None:
    found = await web.fetch(MATCHING, [COMMON])
    assert len(found) == ROWS // 500
    few = "select id from record.matching(7::smallint, $1::bigint[], 5)"
    assert len(await web.fetch(few, [COMMON])) == 5
    both = await web.fetch(MATCHING, [COMMON, 1_000_003])
    assert {row["id"] for row in both} < {row["id"] for row in found}
    other_type = "select id from record.matching(8::smallint, $1::bigint[], 5)"
    assert not await web.fetch(other_type, [COMMON])
