# SPDX-License-Identifier: Apache-2.0
"""Sites and teams: where people of an organisation work, and with whom."""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from wardkeep.base.clock import Clock
from wardkeep.base.ids import new_uuid
from wardkeep.db.connection import Connection


class Site(msgspec.Struct, frozen=True):
    """A place."""

    id: str
    name: str


class Team(msgspec.Struct, frozen=True):
    """A team; `site` is a site's id, or empty."""

    id: str
    name: str
    site: str
    members: tuple[str, ...]
    """Accounts."""


async def sites_of(connection: Connection, organisation: int) -> Sequence[Site]:
    rows = await connection.fetch(
        "select id, name from warden.site where organisation = $1 and ended_at is null"
        " order by lower(name)",
        organisation,
    )
    return [Site(str(row["id"]), row["name"]) for row in rows]


async def teams_of(connection: Connection, organisation: int) -> Sequence[Team]:
    rows = await connection.fetch(
        "select t.id, t.name, t.site, array("
        "  select tm.account from warden.team_member tm"
        "   where tm.team = t.id and tm.until is null) as members"
        "  from warden.team t where t.organisation = $1 and t.ended_at is null"
        " order by lower(t.name)",
        organisation,
    )
    return [
        Team(
            str(row["id"]),
            row["name"],
            str(row["site"] or ""),
            tuple(map(str, row["members"])),
        )
        for row in rows
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


async def save_team(
    connection: Connection, team: Team, *, organisation: int, clock: Clock
) -> str | None:
    """A new team (its id empty), or another name or site; its id, or None.

    Raises:
        AlreadyExistsError: another one has this name.
    """
    site = UUID(team.site) if team.site else None
    if team.id:
        status = await connection.execute(
            "update warden.team set name = $3, site = $4"
            " where id = $1 and organisation = $2 and ended_at is null",
            UUID(team.id),
            organisation,
            team.name,
            site,
        )
        return team.id if status == "UPDATE 1" else None
    made = new_uuid()
    await connection.execute(
        "insert into warden.team (id, organisation, site, name, created_at)"
        " values ($1, $2, $3, $4, $5)",
        UUID(made),
        organisation,
        site,
        team.name,
        clock.now(),
    )
    return made


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


async def set_member(
    connection: Connection, *, team: str, account: str, is_member: bool, clock: Clock
) -> None:
    """Put somebody in, or take them out; twice is as once."""
    if is_member:
        await connection.execute(
            "insert into warden.team_member (team, account, since)"
            " values ($1, $2, $3) on conflict do nothing",
            UUID(team),
            UUID(account),
            clock.now(),
        )
    else:
        await connection.execute(
            "update warden.team_member set until = $3"
            " where team = $1 and account = $2 and until is null",
            UUID(team),
            UUID(account),
            clock.now(),
        )
