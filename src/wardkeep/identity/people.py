# SPDX-License-Identifier: Apache-2.0
"""Everybody who works in an organisation: lists, movers and leavers."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from wardkeep.base.clock import Clock
from wardkeep.db.connection import Connection
from wardkeep.identity.accounts import PERSON, Granted, grant_role
from wardkeep.identity.roles import Role


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody with work in an organisation, now or before."""

    account: str
    display_name: str
    role: Role
    since: datetime
    until: datetime | None
    ended_at: datetime | None
    passkeys: int
    device_bound: int
    last_signed_in: datetime | None
    has_link: bool
    granted_by: str
    """The account that asked for the role; empty: the operator."""
    works_elsewhere: bool
    """In another organisation too, as the same account."""
    teams: tuple[str, ...]


_PEOPLE = """
select a.id, a.display_name, m.role, m.created_at, m.valid_until, m.granted_by,
       coalesce(m.ended_at, a.ended_at) as ended_at,
       coalesce(c.passkeys, 0) as passkeys, coalesce(c.device_bound, 0) as device_bound,
       (select max(s.created_at) from warden.session s
         where s.account = a.id and s.organisation = m.organisation) as last_signed_in,
       exists (select from warden.invitation i
                where i.account = a.id and i.used_at is null
                  and i.expires_at > $2) as has_link,
       exists (select from warden.membership e
                where e.account = a.id and e.organisation <> m.organisation
                  and e.ended_at is null
                  and (e.valid_until is null or e.valid_until > $2)) as works_elsewhere,
       array(select t.name from warden.team_member tm
               join warden.team t on t.id = tm.team
              where tm.account = a.id and tm.until is null and t.ended_at is null
                and t.organisation = m.organisation order by t.name) as teams
  from warden.membership m
  join warden.account a on a.id = m.account
  left join lateral (
       select count(*) as passkeys,
              count(*) filter (where not is_backup_eligible) as device_bound
         from warden.credential where account = a.id and revoked_at is null) c on true
 where m.organisation = $1 and a.kind = $3 and m.role <> 'patient'
   and ($4::uuid is null or a.id = $4)
 order by m.ended_at is not null, lower(a.display_name), a.id, m.created_at desc
"""


async def people_of(
    connection: Connection, organisation: int, *, clock: Clock, account: str = ""
) -> Sequence[Person]:
    """All of them, or one with each role that they had; those who left come last."""
    rows = await connection.fetch(
        _PEOPLE, organisation, clock.now(), PERSON, UUID(account) if account else None
    )
    return [
        Person(
            account=str(row["id"]),
            display_name=row["display_name"],
            role=Role(row["role"]),
            since=row["created_at"],
            until=row["valid_until"],
            ended_at=row["ended_at"],
            passkeys=row["passkeys"],
            device_bound=row["device_bound"],
            last_signed_in=row["last_signed_in"],
            has_link=row["has_link"],
            granted_by="" if row["granted_by"] is None else str(row["granted_by"]),
            works_elsewhere=row["works_elsewhere"],
            teams=tuple(row["teams"]),
        )
        for row in rows
    ]


async def working_here(
    connection: Connection, account: str, *, organisation: int, clock: Clock
) -> Person | None:
    """Somebody who works here now; None for anybody else."""
    try:
        UUID(account)
    except ValueError:
        return None
    found = await people_of(connection, organisation, clock=clock, account=account)
    now = clock.now()
    return next(
        (
            one
            for one in found
            if one.ended_at is None and (one.until is None or one.until > now)
        ),
        None,
    )


async def end_roles(
    connection: Connection, account: str, *, organisation: int, clock: Clock
) -> bool:
    """End all that somebody does here, teams and apps too; whether there was any.

    Whoever works nowhere any more has their account and passkeys ended as well, by
    `accounts.end_account`, which is the caller's to call.
    """
    key, now = UUID(account), clock.now()
    roles = await _end_memberships(connection, key, organisation, now)
    await _leave_teams(connection, key, organisation, now)
    await connection.execute(
        "delete from warden.stands_for where account = $1 and organisation = $2",
        key,
        organisation,
    )
    return bool(roles)


async def _leave_teams(
    connection: Connection, key: UUID, organisation: int, now: datetime
) -> None:
    await connection.execute(
        "update warden.team_member tm set until = $3 from warden.team t"
        " where tm.account = $1 and tm.until is null and t.id = tm.team"
        " and t.organisation = $2",
        key,
        organisation,
        now,
    )


async def _end_memberships(
    connection: Connection, key: UUID, organisation: int, now: datetime
) -> frozenset[str]:
    """With sessions and apps by them; which roles there were."""
    rows = await connection.fetch(
        "update warden.membership set ended_at = $3"
        " where account = $1 and organisation = $2 and ended_at is null"
        " returning role",
        key,
        organisation,
        now,
    )
    await connection.execute(
        "update warden.session set ended_at = $3, ended_because = 'work ended'"
        " where account = $1 and organisation = $2 and ended_at is null",
        key,
        organisation,
        now,
    )
    # Whoever comes back one day does not find yesterday's apps at work.
    await connection.execute(
        "update warden.app_grant set ended_at = $3, ended_because = 'work ended'"
        " where account = $1 and organisation = $2 and ended_at is null",
        key,
        organisation,
        now,
    )
    return frozenset(row["role"] for row in rows)


async def change_role(
    connection: Connection,
    account: str,
    *,
    organisation: int,
    role: Role,
    granted: Granted,
    clock: Clock,
) -> bool:
    """Another role here for somebody who works here; False for who left meanwhile.

    Who they are in the record stays, and with the same role for longer their teams do:
    without either nothing of their work would explain what they open.
    """
    key, now = UUID(account), clock.now()
    roles = await _end_memberships(connection, key, organisation, now)
    if not roles:
        return False
    if role.value not in roles:
        await _leave_teams(connection, key, organisation, now)
    await grant_role(
        connection, account, organisation=organisation, role=role, granted=granted
    )
    return True


async def works_anywhere(connection: Connection, account: str) -> bool:
    found: bool = await connection.fetch_value(
        "select exists (select from warden.membership"
        " where account = $1 and ended_at is null)",
        UUID(account),
    )
    return found


async def move_work(
    connection: Connection, placeholder: str, *, to: str, clock: Clock
) -> None:
    """Give somebody's own account the work that a new account was made for."""
    mine, theirs = UUID(to), UUID(placeholder)
    await connection.execute(
        "insert into warden.membership"
        " (account, organisation, role, valid_until, granted_by)"
        " select $1, organisation, role, valid_until, granted_by"
        "   from warden.membership where account = $2 and ended_at is null"
        " on conflict (account, organisation, role) do update set ended_at = null,"
        " valid_until = excluded.valid_until, granted_by = excluded.granted_by",
        mine,
        theirs,
    )
    await connection.execute(
        "insert into warden.team_member (team, account, since, valid_from, valid_until)"
        " select tm.team, $1, $3, tm.valid_from, tm.valid_until"
        "   from warden.team_member tm"
        "  where tm.account = $2 and tm.until is null on conflict do nothing",
        mine,
        theirs,
        clock.now(),
    )
    # Whoever asked for the new account, a directory above all, finds whom it became.
    await connection.execute(
        "update warden.rights_request"
        "   set accounts = array_replace(accounts, $2, $1) where $2 = any(accounts)",
        mine,
        theirs,
    )
    await connection.execute(
        "update warden.stands_for set account = $1 where account = $2", mine, theirs
    )
