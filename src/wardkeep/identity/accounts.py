# SPDX-License-Identifier: Apache-2.0
"""Accounts, organisations and who works where in which role. No password anywhere."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from wardkeep.base.clock import Clock
from wardkeep.base.ids import AccountId, OrganisationId, new_uuid
from wardkeep.db.connection import Connection
from wardkeep.identity.roles import Role

PERSON, SERVICE = "person", "service"
_ORGANISATION = (
    "number, slug, name, wrapped_key, older_wrapped_key, wrapped_token_key,"
    " key_generation, token_layer, newer_layer, token_generation, token_phase"
)


class OrganisationRow(msgspec.Struct, frozen=True, kw_only=True):
    """A tenant and its wrapped key."""

    number: OrganisationId
    slug: str
    name: str
    wrapped_key: bytes
    older_wrapped_key: bytes | None = None
    """The key before, while patients' keys may still be wrapped by it."""
    wrapped_token_key: bytes | None = None
    """Set once the organisation's key was replaced: search tokens stay the same."""
    key_generation: int = 0
    """Of data keys that are made now."""
    token_layer: bytes | None = None
    """Set once the search-token key was replaced; `newer_layer` while it is."""
    newer_layer: bytes | None = None
    token_generation: int = 0
    token_phase: int = 0


class Membership(msgspec.Struct, frozen=True, kw_only=True):
    """An account that works in an organisation in a role, today."""

    account: AccountId
    display_name: str
    organisation: OrganisationId
    organisation_name: str
    organisation_slug: str
    role: Role
    valid_until: datetime | None = None
    own_patient: str = ""
    """Of a patient: the record that is theirs."""


class ListedAccount(msgspec.Struct, frozen=True, kw_only=True):
    """An account as the operator sees it in a list."""

    account: AccountId
    display_name: str
    role: Role
    passkeys: int
    is_ended: bool


async def next_organisation_number(connection: Connection) -> OrganisationId:
    number: int = await connection.fetch_value(
        "select coalesce(max(number), 0) + 1 from warden.organisation"
    )
    return OrganisationId(number)


async def create_organisation(connection: Connection, row: OrganisationRow) -> None:
    """Add a tenant.

    Raises:
        AlreadyExistsError: its slug or number is taken.
    """
    await connection.execute(
        "insert into warden.organisation (number, slug, name, wrapped_key)"
        " values ($1, $2, $3, $4)",
        row.number,
        row.slug,
        row.name,
        row.wrapped_key,
    )


async def organisations(connection: Connection) -> Sequence[OrganisationRow]:
    rows = await connection.fetch(
        f"select {_ORGANISATION} from warden.organisation"  # noqa: S608 - constants
        " order by number"
    )
    return [OrganisationRow(**dict(row)) for row in rows]


async def find_organisation(
    connection: Connection, slug: str
) -> OrganisationRow | None:
    row = await connection.fetch_row(
        f"select {_ORGANISATION} from warden.organisation"  # noqa: S608 - constants
        " where slug = $1",
        slug,
    )
    return OrganisationRow(**dict(row)) if row else None


async def names_of_organisations(
    connection: Connection, numbers: Sequence[int]
) -> dict[int, str]:
    """Names by number, of those that are here."""
    rows = await connection.fetch(
        "select number, name from warden.organisation where number = any($1::int[])",
        numbers,
    )
    return {row["number"]: row["name"] for row in rows}


async def create_account(
    connection: Connection,
    *,
    kind: str,
    display_name: str,
    organisation: OrganisationId,
    role: Role,
    granted: "Granted | None" = None,
) -> AccountId:
    """An account with its first membership; the caller holds a transaction."""
    account = AccountId(new_uuid())
    await connection.execute(
        "insert into warden.account (id, kind, display_name) values ($1, $2, $3)",
        UUID(account),
        kind,
        display_name,
    )
    await grant_role(
        connection, account, organisation=organisation, role=role, granted=granted
    )
    return account


class Granted(msgspec.Struct, frozen=True, kw_only=True):
    """Who gave somebody a role, and until when; None: until somebody ends it."""

    by: str
    until: datetime | None = None


async def grant_role(
    connection: Connection,
    account: str,
    *,
    organisation: int,
    role: Role,
    granted: Granted | None,
) -> None:
    """A role in an organisation; who had it before has it again."""
    await connection.execute(
        "insert into warden.membership"
        " (account, organisation, role, valid_until, granted_by)"
        " values ($1, $2, $3, $4, $5)"
        " on conflict (account, organisation, role) do update set ended_at = null,"
        " valid_until = excluded.valid_until, granted_by = excluded.granted_by",
        UUID(account),
        organisation,
        role.value,
        None if granted is None else granted.until,
        None if granted is None else UUID(granted.by),
    )


_MEMBERSHIPS = """
select a.id as account, a.display_name, m.organisation, o.name as organisation_name,
       o.slug as organisation_slug, m.role, m.valid_until,
       coalesce(own.patient, '') as own_patient
  from warden.account a
  join warden.membership m on m.account = a.id
  join warden.organisation o on o.number = m.organisation
  left join warden.own_record own
    on own.account = a.id and own.organisation = m.organisation
   and m.role = 'patient'
 where a.id = $1 and a.ended_at is null and m.ended_at is null
   and (m.valid_until is null or m.valid_until > $2)
 order by (select max(s.created_at) from warden.session s
            where s.account = a.id and s.organisation = m.organisation
          ) desc nulls last,
          m.created_at, m.role
"""


async def memberships_of(
    connection: Connection, account: str, *, clock: Clock
) -> Sequence[Membership]:
    """Where the account works now, the place of its last session first."""
    try:
        key = UUID(account)
    except ValueError:
        return ()
    rows = await connection.fetch(_MEMBERSHIPS, key, clock.now())
    return [
        Membership(
            account=AccountId(str(row["account"])),
            display_name=row["display_name"],
            organisation=row["organisation"],
            organisation_name=row["organisation_name"],
            organisation_slug=row["organisation_slug"],
            role=Role(row["role"]),
            valid_until=row["valid_until"],
            own_patient=row["own_patient"],
        )
        for row in rows
    ]


async def membership_of(
    connection: Connection, account: str, *, clock: Clock
) -> Membership | None:
    """Where the account worked last; None where it is unknown or works nowhere."""
    found = await memberships_of(connection, account, clock=clock)
    return found[0] if found else None


async def are_all_there(connection: Connection, named: Collection[str]) -> bool:
    """Whether each of these is the id of an account that has not ended."""
    try:
        keys = {UUID(account) for account in named}
    except ValueError:
        return False
    found: int = await connection.fetch_value(
        "select count(*) from warden.account where id = any($1) and ended_at is null",
        list(keys),
    )
    return found == len(keys)


async def display_names(connection: Connection) -> Sequence[tuple[str, str, int]]:
    """Every account's name and home, ended ones included: the ledger outlives them."""
    rows = await connection.fetch(
        "select a.id, a.display_name, coalesce(m.organisation, 0) as home"
        " from warden.account as a left join warden.membership as m on m.account = a.id"
    )
    return [(str(row["id"]), row["display_name"], row["home"]) for row in rows]


async def list_accounts(
    connection: Connection, organisation: OrganisationId
) -> Sequence[ListedAccount]:
    rows = await connection.fetch(
        """
        select a.id, a.display_name, m.role, a.ended_at is not null as is_ended,
               (select count(*) from warden.credential c
                 where c.account = a.id and c.revoked_at is null) as passkeys
          from warden.account a join warden.membership m on m.account = a.id
         where m.organisation = $1 and m.role <> 'patient'
         order by a.display_name, a.id
        """,
        organisation,
    )
    return [
        ListedAccount(
            account=AccountId(str(row["id"])),
            display_name=row["display_name"],
            role=Role(row["role"]),
            passkeys=row["passkeys"],
            is_ended=row["is_ended"],
        )
        for row in rows
    ]


async def end_account(connection: Connection, account: str, *, clock: Clock) -> bool:
    """End an account and all that hangs on it; False where there is none to end."""
    now = clock.now()
    try:
        key = UUID(account)
    except ValueError:
        return False
    async with connection.transaction():
        status = await connection.execute(
            "update warden.account set ended_at = $2 where id = $1"
            " and ended_at is null",
            key,
            now,
        )
        if status == "UPDATE 0":
            return False
        await _end_rest(connection, key, now)
    return True


_ENDINGS = (
    (
        "update warden.membership set ended_at = $2 where account = $1"
        " and ended_at is null"
    ),
    (
        "update warden.credential set revoked_at = $2 where account = $1"
        " and revoked_at is null"
    ),
    (
        "update warden.client_key set revoked_at = $2 where account = $1"
        " and revoked_at is null"
    ),
    "update warden.invitation set used_at = $2 where account = $1 and used_at is null",
    (
        "update warden.session set ended_at = $2, ended_because = 'account ended'"
        " where account = $1 and ended_at is null"
    ),
    (
        "update warden.app_grant set ended_at = $2, ended_because = 'account ended'"
        " where account = $1 and ended_at is null"
    ),
)


async def _end_rest(connection: Connection, account: UUID, now: datetime) -> None:
    for statement in _ENDINGS:
        await connection.execute(statement, account, now)
    await connection.execute(
        "delete from warden.stands_for where account = $1", account
    )
