# SPDX-License-Identifier: Apache-2.0
"""Connections to PostgreSQL that know which organisation they serve.

A handful of dedicated connections a process, handed out last in first out: a pool
that resets on release costs four times a point read (docs/performance.md). Every
connection carries `wardkeep.organisation`, which row-level security compares; it is
set only when it changes.
"""

import asyncio
import select
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any, cast

import asyncpg

from wardkeep.base.ids import OrganisationId
from wardkeep.db.address import DatabaseAddress
from wardkeep.db.errors import (
    DatabaseBusyError,
    DatabaseUnavailableError,
    named_error,
)

Row = Mapping[str, Any]
"""One row: values by column name."""

COMMAND_TIMEOUT_SECONDS = 30.0
SLOW_COMMAND_TIMEOUT_SECONDS = 6 * 3600.0
CONNECT_TIMEOUT_SECONDS = 5.0
WAIT_SECONDS = 5.0
MOST_WAITING = 256
NO_ORGANISATION = OrganisationId(0)
"""Matches no row under row-level security: the state of a fresh connection."""

_DRIVER_ERRORS = (
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    OSError,
)


class Connection:
    """One session with PostgreSQL, serving one organisation at a time."""

    __slots__ = ("_driver", "_readable", "organisation")

    def __init__(self, driver: "asyncpg.Connection[asyncpg.Record]") -> None:
        self._driver = driver
        self.organisation: OrganisationId | None = NO_ORGANISATION
        self._readable = _poll_for_input(driver)

    @property
    def is_usable(self) -> bool:
        """Whether nothing is known against using it."""
        return not self._driver.is_closed()

    @property
    def is_at_rest(self) -> bool:
        """Whether it may be handed to the next borrower: open, and in no transaction.

        A server that ended the session has said so on the socket, perhaps in this very
        tick, before the driver could read it: an idle session has nothing else to say.
        """
        if self._driver.is_closed() or self._driver.is_in_transaction():
            return False
        return not self._readable.poll(0)

    async def serve(self, organisation: OrganisationId) -> None:
        """Show only this organisation's rows from now on."""
        if organisation == self.organisation:
            return
        if self._driver.is_in_transaction():
            # A rollback would put the setting back without our knowing.
            message = "change the organisation before the transaction, not within"
            raise RuntimeError(message)
        # Unknown until the server has answered: a cancelled task must not leave a
        # connection that believes in one organisation and shows another's rows.
        self.organisation = None
        await self.execute(
            "select set_config('wardkeep.organisation', $1, false)", str(organisation)
        )
        self.organisation = organisation

    async def fetch(self, sql: str, *values: object) -> Sequence[Row]:
        try:
            return cast("Sequence[Row]", await self._driver.fetch(sql, *values))
        except _DRIVER_ERRORS as error:
            raise self._named(error) from None

    async def fetch_row(self, sql: str, *values: object) -> Row | None:
        try:
            return cast("Row | None", await self._driver.fetchrow(sql, *values))
        except _DRIVER_ERRORS as error:
            raise self._named(error) from None

    async def fetch_value(self, sql: str, *values: object) -> Any:
        try:
            return await self._driver.fetchval(sql, *values)
        except _DRIVER_ERRORS as error:
            raise self._named(error) from None

    async def execute(self, sql: str, *values: object) -> str:
        """Run a command; its status, as in `UPDATE 1`."""
        try:
            return cast("str", await self._driver.execute(sql, *values))
        except _DRIVER_ERRORS as error:
            raise self._named(error) from None

    async def execute_slowly(self, sql: str, *values: object) -> None:
        """Run a command, or a script of several, that may take hours.

        The role's own `statement_timeout` still holds.
        """
        limit = SLOW_COMMAND_TIMEOUT_SECONDS
        try:
            await self._driver.execute(sql, *values, timeout=limit)
        except _DRIVER_ERRORS as error:
            raise self._named(error) from None

    async def execute_many(self, sql: str, rows: Iterable[Sequence[object]]) -> None:
        """Run a command for every row; all of them or none."""
        try:
            await self._driver.executemany(sql, rows)
        except _DRIVER_ERRORS as error:
            raise self._named(error) from None

    async def hear(
        self, channel: str, heard: Callable[[str], None], lost: Callable[[], None]
    ) -> None:
        """Call `heard` with what is told on a channel, `lost` when the session ends."""
        try:
            await self._driver.add_listener(
                channel, lambda _driver, _process, _channel, said: heard(str(said))
            )
        except _DRIVER_ERRORS as error:
            raise self._named(error) from None
        self._driver.add_termination_listener(lambda _driver: lost())

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[None]:
        """All or nothing; committed when the block ends without an error."""
        driver_transaction = self._driver.transaction()
        try:
            await driver_transaction.start()
        except _DRIVER_ERRORS as error:
            raise self._named(error) from None
        try:
            yield
        except BaseException:
            await self._roll_back(driver_transaction)
            raise
        try:
            await driver_transaction.commit()
        except _DRIVER_ERRORS as error:
            raise self._named(error) from None

    async def _roll_back(self, transaction: Any) -> None:
        """Undo; what cannot be undone with words is undone by hanging up."""
        try:
            if self.is_usable:
                await transaction.rollback()
        except BaseException as error:
            self._driver.terminate()
            if not isinstance(error, _DRIVER_ERRORS):
                raise

    def _named(self, error: Exception) -> Exception:
        return named_error(error, is_lost=self._driver.is_closed())

    def hang_up(self) -> None:
        """End the session at once; the server rolls back what was open."""
        self._driver.terminate()

    async def close(self) -> None:
        if self.is_usable:
            with suppress(*_DRIVER_ERRORS):
                await self._driver.close(timeout=2)


def _poll_for_input(driver: "asyncpg.Connection[asyncpg.Record]") -> "select.poll":
    """Ask the kernel, not the driver, whether the server has said something."""
    socket = driver._transport.get_extra_info("socket")  # noqa: SLF001 - no public way
    poll = select.poll()
    poll.register(socket.fileno(), select.POLLIN | select.POLLHUP | select.POLLERR)
    return poll


async def connect(address: DatabaseAddress) -> Connection:
    """Open one connection.

    Raises:
        DatabaseUnavailableError: when there is no way in just now.
    """
    is_socket = address.host.startswith("/")
    try:
        driver = await asyncpg.connect(
            host=address.host,
            port=address.port,
            database=address.database,
            user=address.user,
            password=address.password,
            ssl=None if is_socket else address.tls,
            timeout=CONNECT_TIMEOUT_SECONDS,
            command_timeout=COMMAND_TIMEOUT_SECONDS,
            server_settings={
                "application_name": f"wardkeep {address.user}",
                # A role may change its own defaults: ours come with the connection.
                "wardkeep.organisation": str(NO_ORGANISATION),
                # Planning anew costs 0.2 ms, five times what a row by its key costs.
                "plan_cache_mode": "force_generic_plan",
            },
        )
    except _DRIVER_ERRORS as error:
        raise DatabaseUnavailableError(type(error).__name__) from None
    return Connection(driver)


class Database:
    """One role's dedicated connections, at most `size` of them."""

    def __init__(self, address: DatabaseAddress, *, size: int = 4) -> None:
        self._address = address
        self._free: list[Connection] = []
        self._places = asyncio.Semaphore(size)
        self._waiting = 0
        self._is_closed = False

    @asynccontextmanager
    async def connection(
        self, organisation: OrganisationId = NO_ORGANISATION
    ) -> AsyncIterator[Connection]:
        """Borrow a connection that shows one organisation's rows.

        Raises:
            DatabaseBusyError: when none is free within five seconds, or too many wait.
            DatabaseUnavailableError: when PostgreSQL cannot be reached.
        """
        await self._take_place()
        try:
            connection = await self._take(organisation)
            try:
                yield connection
            finally:
                self._give_back(connection)
        finally:
            self._places.release()

    @asynccontextmanager
    async def transaction(
        self, organisation: OrganisationId = NO_ORGANISATION
    ) -> AsyncIterator[Connection]:
        """Borrow a connection for one transaction."""
        async with self.connection(organisation) as held, held.transaction():
            yield held

    async def _take_place(self) -> None:
        if not self._places.locked():
            await self._places.acquire()
            return
        if self._waiting >= MOST_WAITING:
            raise DatabaseBusyError
        self._waiting += 1
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                await self._places.acquire()
        except TimeoutError:
            raise DatabaseBusyError from None
        finally:
            self._waiting -= 1

    async def _take(self, organisation: OrganisationId) -> Connection:
        """A connection in order that serves the organisation: a free one or a new."""
        while (candidate := self._pop(organisation)) is not None:
            if await _is_in_order(candidate, organisation):
                return candidate
        fresh = await connect(self._address)
        try:
            await fresh.serve(organisation)
        except BaseException:
            fresh.hang_up()
            raise
        return fresh

    def _pop(self, organisation: OrganisationId) -> Connection | None:
        """The free connection used last, better one that serves the organisation."""
        for place in range(len(self._free) - 1, -1, -1):
            if self._free[place].organisation == organisation:
                return self._free.pop(place)
        return self._free.pop() if self._free else None

    def _give_back(self, connection: Connection) -> None:
        if self._is_closed or not connection.is_at_rest:
            connection.hang_up()
        else:
            self._free.append(connection)

    async def is_ready(self) -> bool:
        """Whether a query is answered now."""
        try:
            async with self.connection() as connection:
                return bool(await connection.fetch_value("select true"))
        except (DatabaseBusyError, DatabaseUnavailableError):
            return False

    async def close(self) -> None:
        """Close what is free now; what is borrowed is closed when it comes back."""
        self._is_closed = True
        while self._free:
            await self._free.pop().close()


async def _is_in_order(candidate: Connection, organisation: OrganisationId) -> bool:
    """Whether a free connection is alive and now serves the organisation."""
    if not candidate.is_at_rest:
        candidate.hang_up()
        return False
    try:
        await candidate.serve(organisation)
    except DatabaseUnavailableError:
        candidate.hang_up()
        return False
    except BaseException:
        candidate.hang_up()
        raise
    return True
