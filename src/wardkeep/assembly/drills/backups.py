# SPDX-License-Identifier: Apache-2.0
"""Backups of the ground, made and put back as docs/how-to/production.md has it.

The database by PostgreSQL's own pg_dump and pg_restore; the ledger by what `wardkeep
ledger backup` and `wardkeep ledger restore` do.
"""

import asyncio
import binascii
import re
from pathlib import Path

import msgspec

from wardkeep.assembly.drills.ground import DrillBrokenError, Ground
from wardkeep.assembly.proof import ledger_name, signing_key
from wardkeep.db.address import DatabaseAddress
from wardkeep.db.connection import connect
from wardkeep.db.embedded import EmbeddedPostgres
from wardkeep.db.roles import DATABASE
from wardkeep.db.server.binaries import wheel_binaries
from wardkeep.db.server.folder import BOOTSTRAP_ROLE
from wardkeep.ledger.backup import back_up
from wardkeep.ledger.depot import open_depot
from wardkeep.ledger.restoring import Against, restore

_BYTES = re.compile(rb"\\x((?:[0-9a-f]{2})+)")
"""Of a column of bytes, as pg_dump writes it into a script."""
_SERVER = "postgres"


class Backups(msgspec.Struct, frozen=True):
    """Where they lie."""

    database: Path
    ledger: Path


def superuser(ground: Ground) -> DatabaseAddress:
    """Who makes whole backups: row-level security hides rows from everybody else."""
    return EmbeddedPostgres(ground.layout.database).address(BOOTSTRAP_ROLE)


async def backed_up(ground: Ground, folder: Path) -> Backups:
    """A dump of the database, and a copy of the ledger."""
    made = Backups(folder / "database.dump", folder / "ledger")
    into = ("--format=custom", "--create", f"--file={made.database}", DATABASE)
    await _run(superuser(ground), "pg_dump", *into)
    ground.service.ledger.publish()
    back_up(
        ground.layout.ledger,
        open_depot(str(made.ledger)),
        signing_key(ground.layout).verify_key,
        origin=ledger_name(ground.settings),
    )
    return made


async def unpacked(made: Backups, folder: Path) -> None:
    """The dump as whoever stole it reads it: a script, and its bytes as bytes."""
    script = folder / "database.sql"
    await _run(None, "pg_restore", f"--file={script}", str(made.database))
    (folder / "database.bytes").write_bytes(as_bytes(script.read_bytes()))


def as_bytes(script: bytes) -> bytes:
    """What stands in a script in hexadecimal, as the bytes that it is."""
    return _BYTES.sub(lambda found: binascii.unhexlify(found[1]), script)


async def put_back(ground: Ground, made: Backups) -> None:
    """The wrecked database is dropped, and made anew from its dump."""
    server = superuser(ground).in_database(_SERVER)
    connection = await connect(server)
    await connection.execute_slowly(f"drop database {DATABASE} with (force)")
    await connection.close()
    into = ("--create", "--exit-on-error", f"--dbname={_SERVER}", str(made.database))
    await _run(server, "pg_restore", *into)


def ledger_comes_back(ground: Ground, made: Backups, folder: Path) -> bool:
    """Whether the copy of the ledger is a whole one, on a machine that has none."""
    done = restore(
        folder / "restored",
        open_depot(str(made.ledger)),
        Against(
            key=signing_key(ground.layout).verify_key,
            origin=ledger_name(ground.settings),
        ),
    )
    return done.is_in_place


async def _run(address: DatabaseAddress | None, program: str, *words: str) -> None:
    environment = {"LC_ALL": "C"}
    if address is not None:
        environment |= {
            "PGHOST": address.host,
            "PGPORT": str(address.port),
            "PGUSER": address.user,
            "PGPASSWORD": address.password,
        }
    process = await asyncio.create_subprocess_exec(
        str(wheel_binaries().folder / program),
        *words,
        env=environment,
        stderr=asyncio.subprocess.PIPE,
    )
    _, said = await process.communicate()
    if process.returncode:
        # It names objects of the schema, and nothing of a patient.
        raise DrillBrokenError(f"{program}: {said.decode(errors='replace')[:300]}")
