# SPDX-License-Identifier: Apache-2.0
"""Support grants that hold, by heart, and all of them in the database.

The door asks this at each opening, so an end holds from the next one on. Both hands of
the clock count: stepping the wall clock back lengthens no grant.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from wardkeep.base.clock import Clock
from wardkeep.db.connection import Connection, Row
from wardkeep.disclosure.purpose import Tier

HOME = "support"
"""The short name of the organisation in which the operator's people are at home."""


class SupportGrant(msgspec.Struct, kw_only=True):
    """One grant."""

    id: str
    organisation: int
    organisation_name: str
    account: str
    patients: tuple[str, ...]
    tier: Tier
    reason: str
    asked_by: str
    approved_by: str
    starts_at: datetime
    ends_at: datetime
    ends_monotonic: float
    ended_at: datetime | None = None
    ended_by: str = ""
    openings: int = 0

    def names(self, patient: str, tier: Tier) -> bool:
        return patient in self.patients and Tier.BANNER <= tier <= self.tier


class Opened(msgspec.Struct, frozen=True):
    """One opening by a grant."""

    grant: str
    number: int
    at: datetime
    patient: str
    what: str


class SupportGrants:
    """Those that hold, and the openings that the database does not have yet."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._live: dict[str, SupportGrant] = {}
        self._unsaved: list[Opened] = []

    def add(self, grant: SupportGrant) -> None:
        self._live[grant.id] = grant

    def is_live(self, grant: SupportGrant) -> bool:
        return (
            grant.id in self._live
            and grant.ended_at is None
            and self._clock.now() < grant.ends_at
            and self._clock.monotonic_seconds() < grant.ends_monotonic
        )

    def holding(self, account: str, organisation: int) -> SupportGrant | None:
        """What somebody was granted by an organisation, if it holds now."""
        for one in self._live.values():
            is_it = (one.account, one.organisation) == (account, organisation)
            if is_it and self.is_live(one):
                return one
        return None

    def of_account(self, account: str) -> list[SupportGrant]:
        mine = [one for one in self._live.values() if one.account == account]
        return sorted(filter(self.is_live, mine), key=lambda one: one.ends_at)

    def get(self, grant: str) -> SupportGrant | None:
        found = self._live.get(grant)
        return found if found is not None and self.is_live(found) else None

    def end(self, grant: SupportGrant, *, at: datetime, by: str) -> None:
        """From now on the door knows nothing of it."""
        grant.ended_at, grant.ended_by = at, by
        self._live.pop(grant.id, None)

    def note(self, grant: SupportGrant, patient: str, what: str) -> None:
        """Remember an opening; `save` tells the database."""
        grant.openings += 1
        opened = Opened(grant.id, grant.openings, self._clock.now(), patient, what)
        self._unsaved.append(opened)

    async def save(self, connection: Connection) -> None:
        unsaved, self._unsaved = self._unsaved, []
        if not unsaved:
            return
        try:
            await connection.execute_many(
                "insert into warden.support_opening"
                " (support_grant, number, at, patient, what)"
                " values ($1, $2, $3, $4, $5)",
                [
                    (UUID(one.grant), one.number, one.at, one.patient, one.what)
                    for one in unsaved
                ],
            )
        except BaseException:
            self._unsaved = [*unsaved, *self._unsaved]
            raise


async def is_held(connection: Connection, grant: SupportGrant) -> bool:
    """Whether the same person has another of the same organisation.

    Until the caller's transaction is over, nobody else is told no.
    """
    await connection.execute(
        "select pg_catalog.pg_advisory_xact_lock("
        "pg_catalog.hashtextextended($1, $2::bigint))",
        grant.account,
        grant.organisation,
    )
    found: bool = await connection.fetch_value(
        "select exists (select from warden.support_grant"
        " where account = $1 and organisation = $2 and ended_at is null"
        "   and ends_at > $3)",
        UUID(grant.account),
        grant.organisation,
        grant.starts_at,
    )
    return found


async def keep(connection: Connection, grant: SupportGrant) -> None:
    await connection.execute(
        "insert into warden.support_grant (id, organisation, account, patients, tier,"
        " reason, asked_by, approved_by, starts_at, ends_at)"
        " values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        UUID(grant.id),
        grant.organisation,
        UUID(grant.account),
        list(grant.patients),
        int(grant.tier),
        grant.reason,
        UUID(grant.asked_by),
        UUID(grant.approved_by),
        grant.starts_at,
        grant.ends_at,
    )


async def note_end(connection: Connection, grant: SupportGrant) -> None:
    await connection.execute(
        "update warden.support_grant set ended_at = $2, ended_by = $3"
        " where id = $1 and ended_at is null",
        UUID(grant.id),
        grant.ended_at,
        UUID(grant.ended_by),
    )


_GRANTS = """
select g.id, g.organisation, w.name as organisation_name, g.account, g.patients,
       g.tier, g.reason, g.asked_by, g.approved_by, g.starts_at,
       g.ends_at, g.ended_at, g.ended_by,
       (select count(*) from warden.support_opening o
         where o.support_grant = g.id) as openings
  from warden.support_grant g
  join warden.organisation w on w.number = g.organisation
"""


def _grant(row: Row, clock: Clock) -> SupportGrant:
    left = (row["ends_at"] - clock.now()).total_seconds()
    return SupportGrant(
        id=str(row["id"]),
        organisation=row["organisation"],
        organisation_name=row["organisation_name"],
        account=str(row["account"]),
        patients=tuple(row["patients"]),
        tier=Tier(row["tier"]),
        reason=row["reason"],
        asked_by=str(row["asked_by"]),
        approved_by=str(row["approved_by"]),
        starts_at=row["starts_at"],
        ends_at=row["ends_at"],
        ends_monotonic=clock.monotonic_seconds() + left,
        ended_at=row["ended_at"],
        ended_by="" if row["ended_by"] is None else str(row["ended_by"]),
        openings=row["openings"],
    )


async def load_live(connection: Connection, *, clock: Clock) -> Sequence[SupportGrant]:
    """Those that a restart must neither end nor lengthen."""
    rows = await connection.fetch(
        f"{_GRANTS} where g.ended_at is null and g.ends_at > $1 and g.starts_at <= $1",
        clock.now(),
    )
    return [_grant(row, clock) for row in rows]


async def newest(
    connection: Connection, organisation: int, *, clock: Clock
) -> Sequence[SupportGrant]:
    rows = await connection.fetch(
        f"{_GRANTS} where g.organisation = $1 order by g.starts_at desc limit 50",
        organisation,
    )
    return [_grant(row, clock) for row in rows]


async def find(
    connection: Connection, grant: str, *, organisation: int, clock: Clock
) -> SupportGrant | None:
    try:
        key = UUID(grant)
    except ValueError:
        return None
    row = await connection.fetch_row(
        f"{_GRANTS} where g.id = $1 and g.organisation = $2",
        key,
        organisation,
    )
    return None if row is None else _grant(row, clock)


async def openings_of(connection: Connection, grant: str) -> Sequence[Opened]:
    """The newest first."""
    rows = await connection.fetch(
        "select number, at, patient, what from warden.support_opening"
        " where support_grant = $1 order by number desc limit 500",
        UUID(grant),
    )
    return [
        Opened(grant, row["number"], row["at"], row["patient"], row["what"])
        for row in rows
    ]


async def supporters(connection: Connection) -> Sequence[tuple[str, str]]:
    """The operator's people who have a passkey, as (account, name)."""
    rows = await connection.fetch(
        "select a.id, a.display_name from warden.account a"
        "  join warden.membership m on m.account = a.id"
        "  join warden.organisation o on o.number = m.organisation"
        " where o.slug = $1 and m.ended_at is null and a.ended_at is null"
        "   and exists (select from warden.credential c"
        "                where c.account = a.id and c.revoked_at is null)"
        " order by lower(a.display_name)",
        HOME,
    )
    return [(str(row["id"]), row["display_name"]) for row in rows]
