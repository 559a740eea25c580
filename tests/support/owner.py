# SPDX-License-Identifier: Apache-2.0
"""The database's owner beside a running warden: what a crash or a race leaves there."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Protocol

from wardkeep.assembly.database import OWNER, address_for
from wardkeep.assembly.layout import Layout
from wardkeep.base.settings import Settings
from wardkeep.db.connection import Connection, connect


class Housed(Protocol):
    """Whatever has a database of its own."""

    @property
    def settings(self) -> Settings: ...
    @property
    def layout(self) -> Layout: ...


@contextlib.asynccontextmanager
async def owner_of(installation: Housed) -> AsyncIterator[Connection]:
    address = address_for(installation.settings, installation.layout, OWNER)
    connection = await connect(address)
    try:
        yield connection
    finally:
        await connection.close()


async def waiting(connection: Connection) -> int:
    """How many sessions wait for a lock, the first of them for one of ours."""
    # Within a transaction the list of sessions is remembered.
    await connection.execute("select pg_stat_clear_snapshot()")
    many: int = await connection.fetch_value(
        "select count(*) from pg_stat_activity"
        " where cardinality(pg_blocking_pids(pid)) > 0"
    )
    return many


async def until_waited_for(connection: Connection, *, many: int = 1) -> None:
    async with asyncio.timeout(20):
        while await waiting(connection) < many:  # noqa: ASYNC110 - no event
            await asyncio.sleep(0.01)


@contextlib.asynccontextmanager
async def holding_up(connection: Connection, account: str) -> AsyncIterator[None]:
    """What this account signs for in the block waits until its end; others' does not.

    A passkey's signature is kept with a reference to the account, which is held here.
    """
    async with connection.transaction():
        await connection.execute(
            "select from warden.account where id = $1::text::uuid for update", account
        )
        yield


async def rested(installation: Housed) -> None:
    """As if a day had passed for whoever added a passkey: it works now."""
    async with owner_of(installation) as connection:
        await connection.execute("update warden.credential set works_from = null")
