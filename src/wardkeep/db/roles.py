# SPDX-License-Identifier: Apache-2.0
"""The database's roles: one a process, each with what it needs and no more."""

from collections.abc import Mapping

from wardkeep.db.connection import Connection

OWNER = "wardkeep_owner"
WEB = "wardkeep_web"
WORKER = "wardkeep_worker"
WARDEN = "wardkeep_warden"
SEARCH = "wardkeep_search"
"""Never signs in: it owns `record.matching` and nothing else."""
LOGIN_ROLES = (OWNER, WEB, WORKER, WARDEN)
DATABASE = "wardkeep"
_LIMITS: Mapping[str, tuple[str, ...]] = {
    OWNER: (),
    WEB: ("statement_timeout = '10s'", "idle_in_transaction_session_timeout = '10s'"),
    WORKER: ("idle_in_transaction_session_timeout = '60s'",),
    WARDEN: ("statement_timeout = '10s'", "idle_in_transaction_session_timeout = '5s'"),
}


async def make_roles(connection: Connection, *, passwords: Mapping[str, str]) -> None:
    """Make or renew the roles, as a role that may create roles."""
    for role in LOGIN_ROLES:
        await _make_role(connection, role, "login")
        await connection.execute(
            f"alter role {role} password {_literal(passwords[role])}"
        )
        for limit in _LIMITS[role]:
            await connection.execute(f"alter role {role} set {limit}")
    await _make_role(connection, SEARCH, "nologin")
    # The owner hands record.matching over to the search role, and must be able to
    # act as both (PostgreSQL 16 and newer ask for SET).
    await connection.execute(f"grant {SEARCH} to {OWNER}")


async def make_database(
    connection: Connection, *, passwords: Mapping[str, str], database: str = DATABASE
) -> None:
    """Make roles and an empty database that belongs to the owner."""
    await make_roles(connection, passwords=passwords)
    me = await connection.fetch_value("select current_user")
    await connection.execute(f"grant {OWNER} to {me}")
    exists = await connection.fetch_value(
        "select exists (select from pg_database where datname = $1)", database
    )
    if not exists:
        await connection.execute(f"create database {database} owner {OWNER}")
    await connection.execute(f"revoke all on database {database} from public")
    for role in LOGIN_ROLES:
        await connection.execute(f"grant connect on database {database} to {role}")


async def _make_role(connection: Connection, role: str, login: str) -> None:
    exists = await connection.fetch_value(
        "select exists (select from pg_roles where rolname = $1)", role
    )
    if not exists:
        await connection.execute(f"create role {role} {login} noinherit")


def _literal(text: str) -> str:
    """A string for SQL that takes no parameters; ours are base64url."""
    if not text.isascii() or "'" in text or "\\" in text:
        message = "a role's password holds letters, digits, - and _ only"
        raise ValueError(message)
    return f"'{text}'"
