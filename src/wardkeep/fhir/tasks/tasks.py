# SPDX-License-Identifier: Apache-2.0
"""Lists of open tasks, told by rows alone: kind, state, priority, due time, whose.

Nothing of a patient is opened for them (docs/decisions/0041-handover.md).
"""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

import msgspec

from wardkeep.base.stored_id import id_of, stored_id
from wardkeep.db.connection import Database, Row
from wardkeep.disclosure.answers import Refusal
from wardkeep.disclosure.client import WardenClient
from wardkeep.fhir.model.team import QUEUE
from wardkeep.fhir.model.type_codes import type_code
from wardkeep.fhir.store.outcomes import Opener
from wardkeep.fhir.store.token_map import Asked, TokenMap, token_map
from wardkeep.fhir.tasks.to_do import (
    APPROVE,
    KINDS,
    OPEN,
    PRIORITIES,
    REQUESTED,
    SYSTEM,
    TYPE,
)

MOST_FOUND = 100_000
"""What is found is put in order before it is cut off: a limit on what is found would
leave out whatever it met last, and that may be the most urgent."""
MOST_LISTED = 1000
"""Of one owner or team and one state, the soonest due first."""
_COLUMNS = """
select r.id, r.version, r.clinical_at, r.last_updated, r.tokens,
       coalesce(p.id, '') as patient
"""
_LISTED = f"""
{_COLUMNS}, wanted.place
  from unnest($2::bigint[], $3::bigint[]) with ordinality
       as wanted (who, status, place)
  cross join lateral (
    select one.id, one.version, one.clinical_at, one.last_updated, one.tokens,
           one.patient
      from record.matching(
        $1::smallint, array[wanted.who, wanted.status], {MOST_FOUND}) as found
      join record.resource as one
        on one.organisation = record.served_organisation()
       and one.type = $1 and one.id = found.id
     order by one.clinical_at nulls last, one.id
     limit $4) as r
  left join record.patient as p on p.number = r.patient
 order by r.clinical_at nulls last, r.id
"""  # noqa: S608 - constants
_OF_PATIENTS = f"""
{_COLUMNS}
  from record.patient as p
  join record.resource as r on r.organisation = $1 and r.patient = p.number
 where p.organisation = $1 and p.id = any($2::text[]) and r.type = $3
   and not r.is_deleted and r.tokens && $4::bigint[]
 order by r.clinical_at nulls last
"""
_WHOSE = """
select r.version, coalesce(p.id, '') as patient from record.resource as r
  left join record.patient as p on p.number = r.patient
 where r.organisation = $1 and r.type = $2 and r.id = $3 and not r.is_deleted
"""


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """One task as a list shows it."""

    id: str
    version: int
    patient: str
    """Empty: it is about nobody."""
    kind: str
    status: str
    priority: str
    due: datetime | None
    is_mine: bool
    team: str
    """Of those asked for, as `Location/x`; empty: none of them."""

    @property
    def is_free(self) -> bool:
        return self.status == REQUESTED and bool(self.team) and not self.is_mine


class Open(msgspec.Struct, frozen=True):
    """Open tasks, the soonest due first."""

    tasks: tuple[Listed, ...] = ()
    is_more: bool = False
    """Whether there are more than can be listed; those are due later."""


class Tasks:
    """Finds tasks by whom they are for."""

    def __init__(self, database: Database, warden: WardenClient) -> None:
        self._database = database
        self._warden = warden

    async def open_for(
        self, me: str, teams: Sequence[str], *, opener: Opener
    ) -> Open | Refusal:
        """One's own and those of one's teams, the soonest due first."""
        return await self._open(opener, me, teams, by=_by_owner(me, teams))

    async def open_asked_by(self, me: str, *, opener: Opener) -> Open | Refusal:
        """Those that one gave to others."""
        by: list[Asked] = [(TYPE, "requester", me)] if me else []
        return await self._open(opener, me, (), by=by)

    async def _open(
        self, opener: Opener, me: str, teams: Sequence[str], *, by: Sequence[Asked]
    ) -> Open | Refusal:
        if not by:
            return Open()
        tokens = await self._tokens(opener, me, teams, by)
        if isinstance(tokens, Refusal):
            return tokens
        states = tokens.all(TYPE, "status", OPEN)
        pairs = [(tokens[one], state) for one in by for state in states]
        async with self._database.connection(opener.organisation) as connection:
            rows = await connection.fetch(
                _LISTED,
                type_code(TYPE),
                [who for who, _ in pairs],
                [state for _, state in pairs],
                MOST_LISTED + 1,
            )
        found = {row["id"]: _listed(row, tokens, me, teams) for row in rows}
        fullest = max(Counter(row["place"] for row in rows).values(), default=0)
        return Open(
            tuple(one for one in found.values() if one.kind), fullest > MOST_LISTED
        )

    async def of_patients(
        self, patients: Sequence[str], *, opener: Opener
    ) -> dict[str, list[Listed]] | Refusal:
        """Open tasks about these patients, whoever's they are, the soonest first."""
        tokens = await self._tokens(opener, "", (), ())
        if isinstance(tokens, Refusal):
            return tokens
        async with self._database.connection(opener.organisation) as connection:
            rows = await connection.fetch(
                _OF_PATIENTS,
                opener.organisation,
                list(patients),
                type_code(TYPE),
                tokens.all(TYPE, "status", OPEN),
            )
        found: dict[str, list[Listed]] = {}
        for row in rows:
            one = _listed(row, tokens, "", ())
            if one.kind in KINDS:
                found.setdefault(one.patient, []).append(one)
        return found

    async def whose(self, task: str, *, opener: Opener) -> tuple[str, int] | None:
        """The patient and version of a task; None where there is none."""
        async with self._database.connection(opener.organisation) as connection:
            row = await connection.fetch_row(
                _WHOSE, opener.organisation, type_code(TYPE), stored_id(task)
            )
        return None if row is None else (row["patient"], row["version"])

    async def _tokens(
        self, opener: Opener, me: str, teams: Sequence[str], by: Sequence[Asked]
    ) -> TokenMap | Refusal:
        wanted = [
            *by,
            *_by_owner(me, teams),
            *((TYPE, "status", one) for one in OPEN),
            *((TYPE, "code", f"{SYSTEM}|{one}") for one in (*KINDS, APPROVE)),
            *((TYPE, "priority", one) for one in PRIORITIES),
        ]
        return await token_map(self._warden, opener, list(dict.fromkeys(wanted)))


def _by_owner(me: str, teams: Sequence[str]) -> list[Asked]:
    mine = [(TYPE, "owner", me)] if me else []
    return [*mine, *((TYPE, "group-identifier", f"{QUEUE}|{one}") for one in teams)]


def _listed(row: Row, tokens: TokenMap, me: str, teams: Sequence[str]) -> Listed:
    said = row["tokens"]
    kinds = [f"{SYSTEM}|{one}" for one in (*KINDS, APPROVE)]
    queues = [f"{QUEUE}|{one}" for one in teams]
    team = tokens.which(said, TYPE, "group-identifier", queues)
    return Listed(
        id=id_of(row["id"]),
        version=row["version"],
        patient=row["patient"],
        kind=tokens.which(said, TYPE, "code", kinds).partition("|")[2],
        status=tokens.which(said, TYPE, "status", OPEN),
        priority=tokens.which(said, TYPE, "priority", PRIORITIES),
        due=row["clinical_at"],
        is_mine=bool(me) and tokens.which(said, TYPE, "owner", [me]) == me,
        team=team.partition("|")[2],
    )
