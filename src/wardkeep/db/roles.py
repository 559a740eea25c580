# SPDX-License-Identifier: Apache-2.0
"""The database's roles: one a process, none with more than its process needs.

Made by the superuser of an embedded server, or by a role that may create roles and
databases in a PostgreSQL (15 or newer) that somebody else keeps. Doing it again puts
everything back as it has to be.
"""

import base64
import hashlib
import hmac
import re
import secrets
from collections.abc import Iterator, Mapping

import msgspec

from wardkeep.db.connection import Connection

DATABASE = "wardkeep"
OWNER = "wardkeep_owner"
SEARCH = "wardkeep_search"
_PASSWORD = re.compile(r"[A-Za-z0-9_-]{32,}")
_SCRAM_ITERATIONS = 4096
_GRANTS_NAME_THEIR_OPTIONS = 160000
"""`server_version_num` of PostgreSQL 16, which tells SET from INHERIT in a grant."""


class Role(msgspec.Struct, frozen=True, kw_only=True):
    """A role that signs in, and what bounds it."""

    name: str
    connections: int
    settings: Mapping[str, str]


def _settings(*, statement: str, idle: str) -> dict[str, str]:
    return {
        "statement_timeout": statement,
        "idle_in_transaction_session_timeout": idle,
        "lock_timeout": "10s" if statement != "0" else "0",
        "default_transaction_isolation": "read committed",
        # Every name is written in full: nothing can be slipped in front of it.
        "search_path": "",
    }


_ROLES = (
    Role(name=OWNER, connections=10, settings=_settings(statement="0", idle="1h")),
    Role(
        name="wardkeep_web",
        connections=40,
        settings=_settings(statement="20s", idle="30s"),
    ),
    Role(
        name="wardkeep_worker",
        connections=36,
        settings=_settings(statement="15min", idle="15min"),
    ),
    Role(
        name="wardkeep_warden",
        connections=16,
        settings=_settings(statement="20s", idle="30s"),
    ),
)
LOGIN_ROLES = tuple(role.name for role in _ROLES)
PROCESS_ROLES = tuple(name for name in LOGIN_ROLES if name != OWNER)

_TOO_POWERFUL = """
    select rolname from pg_catalog.pg_roles
     where rolname = any($1)
       and (rolsuper or rolcreaterole or rolcreatedb or rolreplication or rolbypassrls)
"""
_MEMBERSHIPS = """
    select member.rolname || ' in ' || held.rolname as membership
      from pg_catalog.pg_auth_members
      join pg_catalog.pg_roles as member on member.oid = pg_auth_members.member
      join pg_catalog.pg_roles as held on held.oid = pg_auth_members.roleid
     where member.rolname = any($1)
"""
_LARGE_OBJECT_FUNCTIONS = """
    select oid::pg_catalog.regprocedure::text as signature
      from pg_catalog.pg_proc
     where pronamespace = 'pg_catalog'::pg_catalog.regnamespace
       and (proname like 'lo\\_%' or proname in ('loread', 'lowrite'))
       and pg_catalog.has_function_privilege('public', oid, 'EXECUTE')
"""


class RoleTooPowerfulError(Exception):
    """A role of ours has a power that its process must not have."""


async def make_database(
    connection: Connection, *, passwords: Mapping[str, str], database: str = DATABASE
) -> None:
    """Make the roles and the database, or put them back as they have to be.

    `connection` is to any database of the server, as a superuser or a role with
    CREATEROLE and CREATEDB; `passwords` has one for every name in LOGIN_ROLES.

    Raises:
        RoleTooPowerfulError: one of the names is taken by a mightier role.
    """
    for role in _ROLES:
        await _make_role(connection, role.name)
    await _make_role(connection, SEARCH)
    await _refuse_powerful(connection)
    await connection.execute("; ".join(_set_up(passwords)))
    await _let_owner_hand_over(connection)
    await _make_owned_database(connection, database)


async def close_superuser_doors(connection: Connection) -> None:
    """Take from everybody what only a superuser can take; done in our own database.

    Large objects belong to nobody's schema: any role may make them, unless it cannot
    call the functions that do.
    """
    open_to_all = await connection.fetch(_LARGE_OBJECT_FUNCTIONS)
    revocations = [
        f"revoke execute on function {found['signature']} from public"
        for found in open_to_all
    ]
    if revocations:
        await connection.execute("; ".join(revocations))


async def _make_role(connection: Connection, name: str) -> None:
    exists = await connection.fetch_value(
        "select true from pg_catalog.pg_roles where rolname = $1", name
    )
    if not exists:
        await connection.execute(f"create role {name} noinherit")


async def _refuse_powerful(connection: Connection) -> None:
    ours = [*LOGIN_ROLES, SEARCH]
    found = [row["rolname"] for row in await connection.fetch(_TOO_POWERFUL, ours)]
    found += [
        row["membership"]
        for row in await connection.fetch(_MEMBERSHIPS, [*PROCESS_ROLES, SEARCH])
    ]
    if found:
        message = (
            f"{', '.join(found)}: a role of Wardkeep is no superuser, creates no roles"
            " or databases, and is a member of no other. Take that from it."
        )
        raise RoleTooPowerfulError(message)


def _set_up(passwords: Mapping[str, str]) -> Iterator[str]:
    """What every role is to be; whatever it was set to before is forgotten."""
    for role in _ROLES:
        verifier = scram_verifier(passwords[role.name])
        yield (
            f"alter role {role.name} login noinherit password '{verifier}'"
            f" connection limit {role.connections}"
        )
        yield f"alter role {role.name} reset all"
        for name, value in role.settings.items():
            yield f"alter role {role.name} set {name} = '{value}'"
    yield f"alter role {SEARCH} nologin noinherit"


async def _let_owner_hand_over(connection: Connection) -> None:
    """Let the owner give one function to the search role, and inherit nothing of it.

    To inherit would pass the owner through row-level security, as the policy for the
    search role holds for whoever has its rights.
    """
    version = int(await connection.fetch_value("show server_version_num"))
    options = (
        " with inherit false, set true" if version >= _GRANTS_NAME_THEIR_OPTIONS else ""
    )
    await connection.execute(f"grant {SEARCH} to {OWNER}{options}")


async def _make_owned_database(connection: Connection, database: str) -> None:
    """A database of the owner's, into which only our processes get."""
    is_superuser = await connection.fetch_value(
        "select rolsuper from pg_catalog.pg_roles where rolname = current_user"
    )
    if not is_superuser:
        # To make a database for a role takes membership, as to change its rights.
        await connection.execute(f"grant {OWNER} to current_user")
    exists = await connection.fetch_value(
        "select true from pg_catalog.pg_database where datname = $1", database
    )
    if not exists:
        await connection.execute_slowly(
            f"create database {database} owner {OWNER} template template0"
            " encoding 'UTF8' locale 'C'"
        )
    await connection.execute(f"revoke all on database {database} from public")
    for name in PROCESS_ROLES:
        await connection.execute(f"grant connect on database {database} to {name}")
    if not is_superuser:
        await connection.execute(f"revoke {OWNER} from current_user")


def scram_verifier(password: str) -> str:
    """What PostgreSQL stores of a password (RFC 5803), so that it never sees it.

    A server of somebody else's may log statements; this one is of no use in a log.
    """
    if not _PASSWORD.fullmatch(password):
        message = "a role's password is 32 or more characters of A-Z, a-z, 0-9, - and _"
        raise ValueError(message)
    salt = secrets.token_bytes(16)
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, _SCRAM_ITERATIONS)
    client_key = hmac.digest(salted, b"Client Key", "sha256")
    server_key = hmac.digest(salted, b"Server Key", "sha256")
    stored_key = hashlib.sha256(client_key).digest()
    return (
        f"SCRAM-SHA-256${_SCRAM_ITERATIONS}:{_base64(salt)}"
        f"${_base64(stored_key)}:{_base64(server_key)}"
    )


def _base64(raw: bytes) -> str:
    return base64.b64encode(raw).decode("ascii")
