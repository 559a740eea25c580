# SPDX-License-Identifier: Apache-2.0
"""Sites and teams: where people of an organisation work, and with whom."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import msgspec

from wardkeep.base.clock import Clock
from wardkeep.base.ids import new_uuid
from wardkeep.db.connection import Connection


class Site(msgspec.Struct, frozen=True):
    """A place."""

    id: str
    name: str


class Member(NamedTuple):
    """Somebody in a team; no end: until somebody takes them out."""

    account: str
    until: datetime | None = None


class Team(msgspec.Struct, frozen=True):
    """A team; `site` is a site's id, or empty."""

    id: str
    name: str
    site: str
    members: tuple[Member, ...] = ()
    places: tuple[str, ...] = ()
    """References that it stands for."""


async def sites_of(connection: Connection, organisation: int) -> Sequence[Site]:
    rows = await connection.fetch(
        "select id, name from warden.site where organisation = $1 and ended_at is null"
        " order by lower(name)",
        organisation,
    )
    return [Site(str(row["id"]), row["name"]) for row in rows]


_TEAMS = """
select t.id, t.name, t.site,
       array(select s.reference from warden.stands_for s where s.team = t.id
              order by s.reference) as places,
       coalesce(m.accounts, '{}') as accounts, coalesce(m.untils, '{}') as untils
  from warden.team t
  left join lateral (
       select array_agg(account) as accounts, array_agg(valid_until) as untils
         from warden.team_member where team = t.id and until is null) m on true
 where t.organisation = $1 and t.ended_at is null order by lower(t.name)
"""


async def teams_of(connection: Connection, organisation: int) -> Sequence[Team]:
    return [
        Team(
            str(row["id"]),
            row["name"],
            str(row["site"] or ""),
            tuple(
                Member(str(account), until)
                for account, until in zip(row["accounts"], row["untils"], strict=True)
            ),
            tuple(row["places"]),
        )
        for row in await connection.fetch(_TEAMS, organisation)
    ]


async def save_site(
    connection: Connection, *, organisation: int, id_: str, name: str, clock: Clock
) -> str | None:
    """A new site, or a new name; its id, None where there is no such site.

    Raises:
        AlreadyExistsError: another one has this name.
    """
    if id_:
        status = await connection.execute(
            "update warden.site set name = $3"
            " where id = $1 and organisation = $2 and ended_at is null",
            UUID(id_),
            organisation,
            name,
        )
        return id_ if status == "UPDATE 1" else None
    made = new_uuid()
    await connection.execute(
        "insert into warden.site (id, organisation, name, created_at)"
        " values ($1, $2, $3, $4)",
        UUID(made),
        organisation,
        name,
        clock.now(),
    )
    return made


async def add_team(
    connection: Connection, team: Team, *, organisation: int, clock: Clock
) -> str:
    """A new team; its id.

    Raises:
        AlreadyExistsError: another one has this name.
    """
    made = new_uuid()
    await connection.execute(
        "insert into warden.team (id, organisation, site, name, created_at)"
        " values ($1, $2, $3, $4, $5)",
        UUID(made),
        organisation,
        UUID(team.site) if team.site else None,
        team.name,
        clock.now(),
    )
    return made


async def save_team(
    connection: Connection, team: Team, *, organisation: int, clock: Clock
) -> str | None:
    """A new team (its id empty), or another name or site; its id, or None.

    Raises:
        AlreadyExistsError: another one has this name.
    """
    if team.id:
        status = await connection.execute(
            "update warden.team set name = $3, site = $4"
            " where id = $1 and organisation = $2 and ended_at is null",
            UUID(team.id),
            organisation,
            team.name,
            UUID(team.site) if team.site else None,
        )
        return team.id if status == "UPDATE 1" else None
    return await add_team(connection, team, organisation=organisation, clock=clock)


async def end(
    connection: Connection, id_: str, *, organisation: int, clock: Clock
) -> bool:
    """End a team or a site; whether there was one."""
    now, key = clock.now(), UUID(id_)
    await connection.execute(
        "update warden.team_member tm set until = $3 from warden.team t"
        " where t.id = tm.team and t.id = $1 and t.organisation = $2"
        " and tm.until is null",
        key,
        organisation,
        now,
    )
    await connection.execute(
        "update warden.team set site = null where site = $1 and organisation = $2",
        key,
        organisation,
    )
    ended = [
        await connection.execute(
            f"update warden.{table} set ended_at = $3"  # noqa: S608 - constants
            " where id = $1 and organisation = $2 and ended_at is null",
            key,
            organisation,
            now,
        )
        for table in ("team", "site")
    ]
    return "UPDATE 1" in ended


async def join_team(
    connection: Connection,
    *,
    team: str,
    account: str,
    clock: Clock,
    since: datetime | None = None,
    until: datetime | None = None,
) -> None:
    """Put somebody in; who is in already is in from then until then."""
    await connection.execute(
        "insert into warden.team_member (team, account, since, valid_from, valid_until)"
        " values ($1, $2, $3, $4, $5)"
        " on conflict (team, account) where until is null do update"
        " set valid_from = excluded.valid_from, valid_until = excluded.valid_until",
        UUID(team),
        UUID(account),
        clock.now(),
        since,
        until,
    )


async def leave_team(
    connection: Connection, *, team: str, account: str, clock: Clock
) -> None:
    """Take somebody out; twice is as once."""
    await connection.execute(
        "update warden.team_member set until = $3"
        " where team = $1 and account = $2 and until is null",
        UUID(team),
        UUID(account),
        clock.now(),
    )


async def practitioners_of(
    connection: Connection, organisation: int
) -> Sequence[tuple[str, tuple[str, ...]]]:
    """(account, references) of all who stand for any."""
    rows = await connection.fetch(
        "select account, array_agg(reference order by reference) as names"
        " from warden.stands_for where organisation = $1 and account is not null"
        " group by account",
        organisation,
    )
    return [(str(row["account"]), tuple(row["names"])) for row in rows]


async def stand_for(
    connection: Connection,
    references: Collection[str],
    *,
    organisation: int,
    clock: Clock,
    account: str = "",
    team: str = "",
) -> None:
    """Say what an account, or a team, stands for, in place of what it stood for.

    Raises:
        AlreadyExistsError: another account is that practitioner.
    """
    column = "account" if account else "team"
    key = UUID(account or team)
    await connection.execute(
        f"delete from warden.stands_for"  # noqa: S608 - constants
        f" where organisation = $1 and {column} = $2",
        organisation,
        key,
    )
    await connection.execute_many(
        f"insert into warden.stands_for (organisation, reference, {column}, set_at)"  # noqa: S608 - constants
        " values ($1, $2, $3, $4)",
        [(organisation, one, key, clock.now()) for one in sorted(set(references))],
    )
