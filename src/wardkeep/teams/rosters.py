# SPDX-License-Identifier: Apache-2.0
"""Rosters: which account a Practitioner is, and which team a place is worked by.

Somebody may be in a team for a while only, as on a shift or on call: then the team's
places are theirs for as long, judged at each opening. Times are UTC microseconds since
1970.
"""

from collections.abc import Mapping, Set as AbstractSet
from typing import NamedTuple

import msgspec

from wardkeep.db.connection import Connection

FOR_EVER = 1 << 62


_NONE: frozenset[str] = frozenset()


class Seat(NamedTuple):
    """A place in a team, from when until when."""

    team: str
    since: int = 0
    until: int = FOR_EVER


class Roster(msgspec.Struct, frozen=True):
    """Who is who in one organisation."""

    practitioners: Mapping[str, frozenset[str]] = {}
    """By account: the references that are that person."""
    places: Mapping[str, frozenset[str]] = {}
    """By team: the references that the team stands for."""
    seats: Mapping[str, tuple[Seat, ...]] = {}
    """By account."""

    def names_of(self, account: str, at: int) -> AbstractSet[str]:
        """The references that are this account, or a team that it is in just then."""
        return self.practitioners.get(account, _NONE).union(
            *(
                self.places.get(seat.team, _NONE)
                for seat in self.seats.get(account, ())
                if seat.since <= at < seat.until
            )
        )


_PEOPLE = """
select account::text, array_agg(reference) as names from warden.stands_for
 where organisation = $1 and account is not null group by account
"""
_PLACES = """
select s.team::text, array_agg(s.reference) as names
  from warden.stands_for s join warden.team t on t.id = s.team
 where s.organisation = $1 and t.ended_at is null group by s.team
"""
_SEATS = """
select m.account::text, m.team::text,
       coalesce((extract(epoch from m.valid_from) * 1000000)::bigint, 0) as since,
       coalesce((extract(epoch from m.valid_until) * 1000000)::bigint, $2) as until
  from warden.team_member m join warden.team t on t.id = m.team
 where t.organisation = $1 and t.ended_at is null and m.until is null
"""


async def load_roster(connection: Connection, organisation: int) -> Roster:
    """As the database has it now."""
    people = await connection.fetch(_PEOPLE, organisation)
    places = await connection.fetch(_PLACES, organisation)
    seats: dict[str, tuple[Seat, ...]] = {}
    for row in await connection.fetch(_SEATS, organisation, FOR_EVER):
        seat = Seat(row["team"], row["since"], row["until"])
        seats[row["account"]] = (*seats.get(row["account"], ()), seat)
    return Roster(
        {row["account"]: frozenset(row["names"]) for row in people},
        {row["team"]: frozenset(row["names"]) for row in places},
        seats,
    )
