# SPDX-License-Identifier: Apache-2.0
"""The database's schema in this installation: made, brought up to date, checked."""

import asyncio
import os
from pathlib import Path

import msgspec

from wardkeep.assembly.database import OWNER, address_for
from wardkeep.assembly.layout import Layout
from wardkeep.base.ids import new_secret
from wardkeep.base.settings import Settings
from wardkeep.db.connection import Connection, Database, connect
from wardkeep.db.errors import DatabaseBusyError, DatabaseUnavailableError
from wardkeep.db.migrate import SchemaState, apply, check
from wardkeep.db.roles import DATABASE, LOGIN_ROLES, make_database

_WAIT_SECONDS = 30.0
_ASK_AGAIN_SECONDS = 0.2


class SchemaError(Exception):
    """The schema is older or newer than this Wardkeep; the message has the mend."""


def migrate_now(settings: Settings, layout: Layout) -> list[str]:
    """Apply what is missing, as the owner; the names of what was applied."""

    async def run() -> list[str]:
        connection = await connect(address_for(settings, layout, OWNER))
        try:
            return list(await apply(connection))
        finally:
            await connection.close()

    return asyncio.run(run())


def make_roles(settings: Settings, folder: Path) -> list[str]:
    """Make roles and database as `database_url`'s role; a line for each file."""
    address = address_for(settings, Layout.of(settings), OWNER)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    passwords = {role: new_secret() for role in LOGIN_ROLES}

    async def run() -> None:
        connection = await connect(address)
        try:
            await make_database(connection, passwords=passwords)
        finally:
            await connection.close()
        owned = msgspec.structs.replace(
            address.as_role(OWNER, passwords[OWNER]), database=DATABASE
        )
        owner = await connect(owned)
        try:
            await apply(owner)
        finally:
            await owner.close()

    asyncio.run(run())
    return [_write_password(folder / role, passwords[role]) for role in passwords]


def _write_password(path: Path, password: str) -> str:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(password + "\n")
    return f"Wrote the password of {path.name} to {path}"


async def wait_for_schema(database: Database) -> None:
    """Return once the schema fits this version; give PostgreSQL a while to come up.

    Raises:
        SchemaError: it fits an older or a newer version.
        DatabaseUnavailableError: there was no database in 30 seconds.
    """
    deadline = asyncio.get_running_loop().time() + _WAIT_SECONDS
    while True:
        try:
            async with database.connection() as connection:
                await _refuse_misfit(connection)
                return
        except (DatabaseUnavailableError, DatabaseBusyError):
            if asyncio.get_running_loop().time() > deadline:
                raise
            await asyncio.sleep(_ASK_AGAIN_SECONDS)


async def _refuse_misfit(connection: Connection) -> None:
    state = await check(connection)
    if state.kind is not SchemaState.UP_TO_DATE:
        raise SchemaError(state.words)
