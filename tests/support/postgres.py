# SPDX-License-Identifier: Apache-2.0
"""A real PostgreSQL for tests: one server a test process, a fresh database a module.

In a `conftest.py` of the tests that need it:

    from support.postgres import fresh_database, postgres_server
    __all__ = ["fresh_database", "postgres_server"]

and in a test take `fresh_database: FreshDatabase`, whose `address(role)` is the way in.
The server ends with the tests, however they end.
"""

import asyncio
import shutil
import tempfile
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, TypeVar

import pytest

from wardkeep.db.address import DatabaseAddress
from wardkeep.db.connection import connect
from wardkeep.db.embedded import EmbeddedPostgres
from wardkeep.db.migrate import apply
from wardkeep.db.roles import OWNER, PROCESS_ROLES, close_superuser_doors
from wardkeep.db.server.folder import BOOTSTRAP_ROLE

T = TypeVar("T")
EMPTY = "wardkeep"
"""The database of the server itself: migrated, never written to, the template."""


WITHOUT_A_SCHEMA = """
do $$ declare one text; begin
  for one in select nspname from pg_namespace where nspowner = 'wardkeep_owner'::regrole
  loop execute format('drop schema %I cascade', one); end loop;
end $$;
grant all on schema public to wardkeep_owner
"""
"""Whatever schemas there are by now: the database as its roles leave it."""


class FreshDatabase:
    """A database of its own, up to date and empty."""

    def __init__(self, server: EmbeddedPostgres, name: str) -> None:
        self.server = server
        self.name = name

    def address(self, role: str) -> DatabaseAddress:
        return self.server.address(role).in_database(self.name)

    @property
    def superuser(self) -> DatabaseAddress:
        return self.address(BOOTSTRAP_ROLE)


class PostgresServer:
    """The server of this test process."""

    def __init__(self, embedded: EmbeddedPostgres) -> None:
        self.embedded = embedded
        self._made = 0

    @contextmanager
    def fresh(self) -> Iterator[FreshDatabase]:
        """A copy of the migrated database while the block lasts; 60 ms."""
        self._made += 1
        made = FreshDatabase(self.embedded, f"fresh_{self._made}")
        rights = "; ".join(
            f"grant connect on database {made.name} to {role}" for role in PROCESS_ROLES
        )
        maintenance = self.embedded.address(BOOTSTRAP_ROLE).in_database("postgres")
        run_at_once(
            execute(
                maintenance,
                f"create database {made.name} template {EMPTY} owner {OWNER}",
                f"revoke all on database {made.name} from public; {rights}",
            )
        )
        try:
            yield made
        finally:
            drop = f"drop database {made.name} with (force)"
            run_at_once(execute(maintenance, drop))


async def execute(address: DatabaseAddress, *statements: str) -> None:
    """Run statements one by one over a connection of their own."""
    connection = await connect(address)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


def run_at_once(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end, whatever event loop this thread has or had."""
    with ThreadPoolExecutor(max_workers=1) as thread:
        return thread.submit(asyncio.run, work).result()


async def _migrate(server: EmbeddedPostgres) -> None:
    owner = await connect(server.address(OWNER))
    try:
        await apply(owner)
    finally:
        await owner.close()
    superuser = await connect(server.address(BOOTSTRAP_ROLE))
    try:
        await close_superuser_doors(superuser)
    finally:
        await superuser.close()


@contextmanager
def running_server() -> Iterator[PostgresServer]:
    """A server in a folder of its own, gone without a trace after the block."""
    with ExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix="wardkeep-test-"))
        stack.callback(shutil.rmtree, folder)
        server = stack.enter_context(EmbeddedPostgres(folder / "database"))
        run_at_once(_migrate(server))
        yield PostgresServer(server)


class _Shared:
    """One server for however many conftest files have the fixture."""

    def __init__(self) -> None:
        self._holders = 0
        self._kept = ExitStack()
        self._server: PostgresServer | None = None

    @contextmanager
    def held(self) -> Iterator[PostgresServer]:
        if self._server is None:
            self._server = self._kept.enter_context(running_server())
        self._holders += 1
        try:
            yield self._server
        finally:
            self._holders -= 1
            if self._holders == 0:
                self._server = None
                self._kept.close()


_shared = _Shared()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """The server of this test process, started when first asked for."""
    with _shared.held() as server:
        yield server


@pytest.fixture(scope="module")
def fresh_database(postgres_server: PostgresServer) -> Iterator[FreshDatabase]:
    """A database for the tests of one module."""
    with postgres_server.fresh() as made:
        yield made
