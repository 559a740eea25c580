# SPDX-License-Identifier: Apache-2.0
"""What each role may do, by trying what it may not."""

import contextlib
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any

import pytest

from support.postgres import FreshDatabase
from wardkeep.assembly.worker_process import CONNECTIONS
from wardkeep.base.ids import OrganisationId
from wardkeep.db.connection import Connection, connect
from wardkeep.db.errors import AlreadyExistsError, DatabaseRefusedError
from wardkeep.db.roles import (
    LOGIN_ROLES,
    RoleTooPowerfulError,
    make_database,
    scram_verifier,
)

FERNHILL, LARKSPUR, THIRD = (OrganisationId(number) for number in (1, 2, 3))
NOT_PERMITTED = "42501"
ADD_RESOURCE = """
    insert into record.resource
      (last_updated, organisation, version, type, tier, id, tokens, body)
    values (now(), $1, 1, 7, 2, $2::text::bytea, array[1, 2]::bigint[], 'sealed')
"""
BESIDE = 5
"""Connections of the operator's commands, which have the worker's role."""
Enter = Callable[[str], Coroutine[Any, Any, Connection]]


@pytest.fixture
async def enter(fresh_database: FreshDatabase) -> AsyncIterator[Enter]:
    """A way in by role name; every connection is closed after the test."""
    async with contextlib.AsyncExitStack() as stack:

        async def by_name(role: str) -> Connection:
            made = await connect(fresh_database.address(role))
            stack.push_async_callback(made.close)
            return made

        yield by_name


async def refusal(held: Connection, sql: str, *values: object) -> str:
    """The SQLSTATE with which a statement is refused."""
    with pytest.raises(DatabaseRefusedError) as caught:
        await held.fetch(sql, *values)
    return caught.value.sqlstate


WARDEN_TABLES = (
    "organisation",
    "account",
    "membership",
    "credential",
    "invitation",
    "client_key",
    "client",
    "session",
    "relationship",
)
NOBODY_MAY = (
    "create table record.mine (x int)",
    "create table public.mine (x int)",
    "create table wardkeep_schema.mine (x int)",
    "create temporary table mine (x int)",
    "create schema mine",
    "create function record.mine() returns int language sql as 'select 1'",
    "create function pg_temp.mine() returns int language sql as 'select 1'",
    "create extension vector schema record",
    "create role mine",
    "create database mine",
    "create publication mine for all tables",
    "alter function record.served_organisation() volatile",
    "drop function record.matching(smallint, bigint[], integer)",
    "select lo_create(0)",
    "select lo_from_bytea(0, 'x')",
    "set role wardkeep_owner",
    "set role wardkeep_search",
    "set role postgres",
    "set session authorization wardkeep_owner",
    "grant wardkeep_owner to current_user",
    "alter role current_user superuser",
    "alter role current_user bypassrls",
    "alter role current_user createrole",
    "alter role wardkeep_owner password 'stolen'",
    "alter database wardkeep set row_security = off",
    "set log_statement = 'all'",
    "set session_replication_role = replica",
    "select * from pg_catalog.pg_authid",
    "select * from pg_catalog.pg_largeobject",
    "select pg_read_file('postgresql.conf')",
    "select pg_read_binary_file('global/pg_control')",
    "select pg_ls_dir('.')",
    "select lo_import('/etc/passwd')",
    "copy record.resource to program 'cat'",
    "copy record.resource from program 'cat'",
    "copy record.resource to '/tmp/stolen'",
    "copy (select 1) to program 'id'",
    "select pg_reload_conf()",
    "alter table record.resource disable row level security",
    "alter table record.resource no force row level security",
    "alter table record.resource disable trigger all",
    "alter policy one_organisation on record.resource using (true)",
    "create policy all_of_them on record.resource using (true)",
    "drop policy one_organisation on record.resource",
    "drop trigger resource_keeps_history on record.resource",
    "drop table record.history",
    "truncate record.history",
    "truncate record.resource",
    "insert into wardkeep_schema.migration values (99, 'x', 'y')",
    "delete from wardkeep_schema.migration",
    "update wardkeep_schema.migration set sha256 = 'x'",
)
WEB_AND_WORKER_MAY_NOT = (
    *(f"table warden.{table}" for table in WARDEN_TABLES),
    *(f"insert into warden.{table} default values" for table in WARDEN_TABLES),
    *(f"truncate warden.{table}" for table in WARDEN_TABLES),
    "delete from warden.session",
    "update warden.account set ended_at = null",
    "insert into record.history select * from record.history",
    "update record.history set body = ''",
    "delete from record.history",
    "delete from record.resource",
    "update record.resource set id = 'another'",
    "update record.resource set patient = 1",
    "update record.resource set organisation = 2",
    "update record.resource set type = 1",
    "update record.patient set record_key = ''",
    "delete from record.patient",
    "update record.shared_key set wrapped_key = ''",
    "delete from record.shared_key",
)
WEB_MAY_NOT = (
    "select * from jobs.job",
    "update jobs.job set done_at = now()",
    "delete from jobs.job",
    "insert into jobs.job (kind, done_at) values ('x', now())",
    "select record.tidy_after_load()",
    "select * from record.import_mark",
    "insert into record.import_mark values (1, 'x', 1)",
)
WARDEN_MAY_NOT = (
    "select * from record.resource",
    "select * from record.history",
    "select * from record.patient",
    "insert into record.shared_key values (1, 'x')",
    "select record.matching(1::smallint, array[1]::bigint[], 10)",
    "select * from jobs.job",
    "delete from warden.account",
    "delete from warden.credential",
    "truncate warden.session",
    "alter table warden.account add column password text",
)


@pytest.mark.parametrize("role", ["wardkeep_web", "wardkeep_worker", "wardkeep_warden"])
@pytest.mark.parametrize("sql", NOBODY_MAY)
async def test_no_process_may(enter: Enter, role: str, sql: str) -> None:
    """What no process of Wardkeep may do in the database."""
    held = await enter(role)
    await held.serve(FERNHILL)
    assert await refusal(held, sql) == NOT_PERMITTED


@pytest.mark.parametrize("role", ["wardkeep_web", "wardkeep_worker"])
@pytest.mark.parametrize("sql", WEB_AND_WORKER_MAY_NOT)
async def test_web_and_worker_may_not(enter: Enter, role: str, sql: str) -> None:
    """Identity is not theirs to see, and what was recorded not theirs to undo."""
    held = await enter(role)
    await held.serve(FERNHILL)
    assert await refusal(held, sql) == NOT_PERMITTED


@pytest.mark.parametrize("sql", WEB_MAY_NOT)
async def test_the_web_process_may_not(enter: Enter, sql: str) -> None:
    """It asks for work and sees nothing of it."""
    held = await enter("wardkeep_web")
    await held.serve(FERNHILL)
    assert await refusal(held, sql) == NOT_PERMITTED


@pytest.mark.parametrize("sql", WARDEN_MAY_NOT)
async def test_the_warden_may_not(enter: Enter, sql: str) -> None:
    """It holds the keys, so it is kept from what they open."""
    held = await enter("wardkeep_warden")
    await held.serve(FERNHILL)
    assert await refusal(held, sql) == NOT_PERMITTED


@pytest.mark.parametrize("role", ["wardkeep_web", "wardkeep_worker", "wardkeep_warden"])
async def test_no_process_ends_anothers_session(enter: Enter, role: str) -> None:
    owner, held = await enter("wardkeep_owner"), await enter(role)
    pid = await owner.fetch_value("select pg_backend_pid()")
    for end in ("pg_terminate_backend", "pg_cancel_backend"):
        assert await refusal(held, f"select {end}({pid})") == NOT_PERMITTED


async def test_not_even_the_superuser_changes_the_servers_settings(
    fresh_database: FreshDatabase,
) -> None:
    superuser = await connect(fresh_database.superuser)
    change = "alter system set log_statement = 'all'"
    assert await refusal(superuser, change) == "0A000"
    await superuser.close()


async def test_without_an_organisation_no_row_is_visible(enter: Enter) -> None:
    web = await enter("wardkeep_web")
    await web.serve(FERNHILL)
    await web.execute(ADD_RESOURCE, FERNHILL, "unseen")
    for setting in ("0", ""):
        await web.execute(
            "select set_config('wardkeep.organisation', $1, false)", setting
        )
        for table in ("resource", "history", "patient", "shared_key"):
            assert not await web.fetch(f"table record.{table}")
        matching = "select * from record.matching(7::smallint, array[1]::bigint[], 9)"
        assert not await web.fetch(matching)


async def test_another_organisations_rows_are_neither_seen_nor_written(
    enter: Enter,
) -> None:
    web = await enter("wardkeep_web")
    await web.serve(FERNHILL)
    await web.execute(ADD_RESOURCE, FERNHILL, "fernhills")
    await web.serve(LARKSPUR)
    assert await web.fetch_value("select count(*) from record.resource") == 0
    assert await web.execute("update record.resource set body = 'x'") == "UPDATE 0"
    assert await refusal(web, ADD_RESOURCE, FERNHILL, "smuggled") == NOT_PERMITTED
    assert not await web.fetch(
        "select * from record.matching(7::smallint, array[1]::bigint[], 9)"
    )


async def test_the_owner_too_sees_one_organisation_at_a_time(enter: Enter) -> None:
    web, owner = await enter("wardkeep_web"), await enter("wardkeep_owner")
    await web.serve(FERNHILL)
    await web.execute(ADD_RESOURCE, FERNHILL, "owners")
    assert await owner.fetch_value("select count(*) from record.resource") == 0
    assert await refusal(owner, "set role postgres") == NOT_PERMITTED


async def test_a_new_version_sends_the_old_one_to_history(enter: Enter) -> None:
    web = await enter("wardkeep_web")
    await web.serve(FERNHILL)
    await web.execute(ADD_RESOURCE, FERNHILL, "kept")
    change = "update record.resource set version = $1, body = $2 where id = 'kept'"
    await web.execute(change, 2, b"second")
    await web.execute(change, 3, b"third")
    history = await web.fetch(
        "select version, body from record.history where id = 'kept' order by version"
    )
    assert [tuple(row.values()) for row in history] == [(1, b"sealed"), (2, b"second")]


@pytest.mark.parametrize("version", [1, 3, 0, -1])
async def test_a_version_is_followed_by_the_next_one_only(
    enter: Enter, version: int
) -> None:
    web = await enter("wardkeep_web")
    await web.serve(OrganisationId(10 + version))
    await web.execute(ADD_RESOURCE, 10 + version, "steady")
    change = "update record.resource set version = $1, body = 'x'"
    assert await refusal(web, change, version) == "23000"


async def test_a_resource_is_there_once(enter: Enter) -> None:
    web = await enter("wardkeep_web")
    await web.serve(THIRD)
    await web.execute(ADD_RESOURCE, THIRD, "once")
    with pytest.raises(AlreadyExistsError, match="resource_pkey"):
        await web.execute(ADD_RESOURCE, THIRD, "once")


async def test_every_process_is_bounded_in_time_and_number(enter: Enter) -> None:
    for role in ("wardkeep_web", "wardkeep_worker", "wardkeep_warden"):
        held = await enter(role)
        for setting in (
            "statement_timeout",
            "lock_timeout",
            "idle_in_transaction_session_timeout",
        ):
            assert await held.fetch_value(f"show {setting}") != "0"
        assert await held.fetch_value("show search_path") == '""'
        limit = "select rolconnlimit from pg_roles where rolname = current_user"
        assert 0 < await held.fetch_value(limit) <= 40


async def test_the_worker_and_a_command_beside_it_find_room_when_all_are_busy(
    enter: Enter,
) -> None:
    """Else a partner that hangs keeps ambulances for others from being sent."""
    held = [await enter("wardkeep_worker") for _ in range(CONNECTIONS + BESIDE)]
    assert await held[-1].fetch_value("select current_user") == "wardkeep_worker"


async def test_making_the_roles_again_puts_them_back(
    fresh_database: FreshDatabase,
) -> None:
    maintenance = await connect(fresh_database.superuser.in_database("postgres"))
    web = fresh_database.address("wardkeep_web")
    passwords = {role: fresh_database.address(role).password for role in LOGIN_ROLES}
    try:
        await maintenance.execute(
            "alter role wardkeep_web password 'changed' connection limit 1;"
            " alter role wardkeep_web set statement_timeout = 0"
        )
        await make_database(maintenance, passwords=passwords)
        held = await connect(web)
        assert await held.fetch_value("show statement_timeout") == "20s"
        await held.close()
    finally:
        await maintenance.close()


@pytest.mark.parametrize(
    ("power", "undo"),
    [
        ("alter role wardkeep_web createrole", "alter role wardkeep_web nocreaterole"),
        ("alter role wardkeep_web bypassrls", "alter role wardkeep_web nobypassrls"),
        (
            "grant wardkeep_search to wardkeep_web",
            "revoke wardkeep_search from wardkeep_web",
        ),
    ],
)
async def test_a_role_that_is_mightier_than_its_process_is_refused(
    fresh_database: FreshDatabase, power: str, undo: str
) -> None:
    maintenance = await connect(fresh_database.superuser.in_database("postgres"))
    await maintenance.execute(power)
    try:
        with pytest.raises(RoleTooPowerfulError, match="wardkeep_web"):
            await make_database(maintenance, passwords={})
    finally:
        await maintenance.execute(undo)
        await maintenance.close()


def test_a_password_that_could_end_a_literal_is_refused() -> None:
    for wrong in ("short", "x'; drop role postgres; --" + "x" * 32):
        with pytest.raises(ValueError, match="32 or more"):
            scram_verifier(wrong)


def test_a_verifier_tells_nothing_of_its_password() -> None:
    password = "p" * 40
    first, second = scram_verifier(password), scram_verifier(password)
    assert first != second
    assert first.startswith("SCRAM-SHA-256$4096:")
    assert password not in first
