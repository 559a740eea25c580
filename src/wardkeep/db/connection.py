# SPDX-License-Identifier: Apache-2.0
"""Connections to PostgreSQL that know which organisation they serve.

A handful of dedicated connections a process, handed out last in first out: a pool
that resets on release costs four times a point read (docs/performance.md). Every
connection carries `wardkeep.organisation`, which row-level security compares; it is
set only when it changes.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, cast

import asyncpg

from wardkeep.base.ids import OrganisationId
from wardkeep.db.address import DatabaseAddress

Row = Mapping[str, Any]
"""One row: values by column name."""

COMMAND_TIMEOUT_SECONDS = 30.0
WAIT_SECONDS = 5.0
NO_ORGANISATION = OrganisationId(0)
"""Matches no row under row-level security: the state of a fresh connection."""


class DatabaseUnavailableError(Exception):
    """PostgreSQL cannot be reached just now; what was asked may be asked again."""


class DatabaseBusyError(Exception):
    """Every connection stayed in use for as long as a caller may wait."""


class AlreadyExistsError(Exception):
    """A uniqueness rule of the schema refused the row."""


_LOST = (
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    OSError,
)


@asynccontextmanager
async def _named_errors() -> AsyncIterator[None]:
    """Turn the driver's errors into the house's, without a word of the query."""
    try:
        yield
    except asyncpg.UniqueViolationError as error:
        raise AlreadyExistsError(error.constraint_name or "unique") from None
    except _LOST as error:
        raise DatabaseUnavailableError(type(error).__name__) from None


class Connection:
    """One session with PostgreSQL, serving one organisation at a time."""

    __slots__ = ("_driver", "organisation")

    def __init__(self, driver: "asyncpg.Connection[asyncpg.Record]") -> None:
        self._driver = driver
        self.organisation = NO_ORGANISATION

    @property
    def is_usable(self) -> bool:
        return not self._driver.is_closed()

    async def serve(self, organisation: OrganisationId) -> None:
        """Show only this organisation's rows from now on."""
        if organisation == self.organisation:
            return
        await self.execute(
            "select set_config('wardkeep.organisation', $1, false)", str(organisation)
        )
        self.organisation = organisation

    async def fetch(self, sql: str, *values: object) -> Sequence[Row]:
        async with _named_errors():
            return cast("Sequence[Row]", await self._driver.fetch(sql, *values))

    async def fetch_row(self, sql: str, *values: object) -> Row | None:
        async with _named_errors():
            return cast("Row | None", await self._driver.fetchrow(sql, *values))

    async def fetch_value(self, sql: str, *values: object) -> Any:
        async with _named_errors():
            return await self._driver.fetchval(sql, *values)

    async def execute(self, sql: str, *values: object) -> str:
        """Run a command; its status, as in `UPDATE 1`."""
        async with _named_errors():
            return cast("str", await self._driver.execute(sql, *values))

    async def execute_many(self, sql: str, rows: Iterable[Sequence[object]]) -> None:
        async with _named_errors():
            await self._driver.executemany(sql, rows)

    async def copy_rows(
        self,
        table: str,
        *,
        schema: str,
        columns: Sequence[str],
        rows: Iterable[Sequence[object]],
    ) -> None:
        """Bulk insert by COPY."""
        async with _named_errors():
            await self._driver.copy_records_to_table(
                table, schema_name=schema, columns=list(columns), records=rows
            )

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[None]:
        """All or nothing; committed when the block ends without an error."""
        async with _named_errors():
            driver_transaction = self._driver.transaction()
            await driver_transaction.start()
        try:
            yield
        except BaseException:
            if self.is_usable:
                async with _named_errors():
                    await driver_transaction.rollback()
            raise
        async with _named_errors():
            await driver_transaction.commit()

    async def close(self) -> None:
        if self.is_usable:
            await self._driver.close(timeout=2)


async def connect(address: DatabaseAddress) -> Connection:
    """Open one connection.

    Raises:
        DatabaseUnavailableError: when there is no way in just now.
    """
    is_socket = address.host.startswith("/")
    async with _named_errors():
        try:
            driver = await asyncpg.connect(
                host=address.host,
                port=address.port,
                database=address.database,
                user=address.user,
                password=address.password,
                ssl=None if is_socket else address.tls,
                command_timeout=COMMAND_TIMEOUT_SECONDS,
                server_settings={"application_name": f"wardkeep {address.user}"},
            )
        except (asyncpg.PostgresError, TimeoutError) as error:
            raise DatabaseUnavailableError(type(error).__name__) from None
    return Connection(driver)


class Database:
    """One role's dedicated connections, at most `size` of them."""

    def __init__(self, address: DatabaseAddress, *, size: int = 4) -> None:
        self._address = address
        self._free: list[Connection] = []
        self._places = asyncio.Semaphore(size)

    @asynccontextmanager
    async def connection(
        self, organisation: OrganisationId = NO_ORGANISATION
    ) -> AsyncIterator[Connection]:
        """Borrow a connection that shows one organisation's rows.

        Raises:
            DatabaseBusyError: when none is free within five seconds.
            DatabaseUnavailableError: when PostgreSQL cannot be reached.
        """
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                await self._places.acquire()
        except TimeoutError:
            raise DatabaseBusyError from None
        try:
            connection = await self._take(organisation)
            try:
                await connection.serve(organisation)
                yield connection
            finally:
                if connection.is_usable:
                    self._free.append(connection)
        finally:
            self._places.release()

    @asynccontextmanager
    async def transaction(
        self, organisation: OrganisationId = NO_ORGANISATION
    ) -> AsyncIterator[Connection]:
        """Borrow a connection for one transaction."""
        async with self.connection(organisation) as held, held.transaction():
            yield held

    async def _take(self, organisation: OrganisationId) -> Connection:
        for place in range(len(self._free) - 1, -1, -1):
            if self._free[place].organisation == organisation:
                candidate = self._free.pop(place)
                if candidate.is_usable:
                    return candidate
        while self._free:
            candidate = self._free.pop()
            if candidate.is_usable:
                return candidate
        return await connect(self._address)

    async def is_ready(self) -> bool:
        """Whether a query is answered now."""
        try:
            async with self.connection() as connection:
                return bool(await connection.fetch_value("select true"))
        except (DatabaseBusyError, DatabaseUnavailableError):
            return False

    async def close(self) -> None:
        while self._free:
            await self._free.pop().close()
