# SPDX-License-Identifier: Apache-2.0
"""A PostgreSQL of somebody else's: older, and without a superuser for us."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.postgres import execute, run_at_once
from wardkeep.base.ids import OrganisationId, new_secret
from wardkeep.db.address import DatabaseAddress
from wardkeep.db.connection import connect
from wardkeep.db.embedded import EmbeddedPostgres
from wardkeep.db.migrate import SchemaState, apply, check
from wardkeep.db.roles import DATABASE, LOGIN_ROLES, OWNER, SEARCH, make_database
from wardkeep.db.server.binaries import wheel_binaries
from wardkeep.db.server.folder import BOOTSTRAP_ROLE

ADMIN = "hosting_admin"
PASSWORD = "of-the-hosting-administrator-0001"  # noqa: S105 - of a server in a test


@pytest.fixture(scope="module", params=[16, 18])
def administrator(request: pytest.FixtureRequest) -> Iterator[DatabaseAddress]:
    """A server with nothing of ours, and a role that may make roles and databases."""
    binaries = wheel_binaries(request.param)
    with (
        tempfile.TemporaryDirectory(prefix="wardkeep-test-") as folder,
        EmbeddedPostgres(Path(folder) / "database", binaries=binaries) as server,
    ):
        maintenance = server.address(BOOTSTRAP_ROLE).in_database("postgres")
        forget = [f"drop role {role}" for role in (*LOGIN_ROLES, SEARCH)]
        make = f"create role {ADMIN} login createrole createdb password '{PASSWORD}'"
        run_at_once(execute(maintenance, f"drop database {DATABASE}", *forget, make))
        yield maintenance.as_role(ADMIN, PASSWORD)


def test_roles_and_schema_are_made_without_a_superuser(
    administrator: DatabaseAddress,
) -> None:
    passwords = {role: new_secret() for role in LOGIN_ROLES}

    def address(role: str) -> DatabaseAddress:
        return administrator.in_database(DATABASE).as_role(role, passwords[role])

    async def make() -> None:
        held = await connect(administrator)
        for _ in range(2):  # again, to put things back
            await make_database(held, passwords=passwords)
        member = "select pg_has_role($1, 'USAGE')"
        assert await held.fetch_value(member, OWNER) is False
        await held.close()
        owner = await connect(address(OWNER))
        assert await apply(owner)
        assert (
            await owner.fetch_value("select pg_has_role($1, 'USAGE')", SEARCH) is False
        )
        await owner.close()

    async def use() -> None:
        web = await connect(address("wardkeep_web"))
        assert (await check(web)).kind is SchemaState.UP_TO_DATE
        await web.serve(OrganisationId(1))
        await web.execute(
            "insert into record.resource"
            " (last_updated, organisation, version, type, tier, id, tokens, body)"
            " values (now(), 1, 1, 7, 2, 'a', array[5]::bigint[], 'sealed')"
        )
        asked = "select id from record.matching(7::smallint, array[5]::bigint[], 9)"
        assert [row["id"] for row in await web.fetch(asked)] == [b"a"]
        await web.serve(OrganisationId(2))
        assert not await web.fetch(asked)
        await web.close()

    run_at_once(make())
    run_at_once(use())
