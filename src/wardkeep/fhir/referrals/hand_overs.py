# SPDX-License-Identifier: Apache-2.0
"""Hand-overs as the database knows them: planned first, then done one by one.

A plan is there before it is signed, so whoever was interrupted goes on where they were:
what was done is marked in the transaction that did it.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from wardkeep.base.ids import OrganisationId
from wardkeep.db.connection import Database
from wardkeep.db.errors import AlreadyExistsError
from wardkeep.fhir.store.change import Beside

PLANNED, MOVED, CHANGED, REFUSED = "", "moved", "changed", "refused"
_INSERT = """
insert into referral.hand_over (id, organisation, from_team, made_by, made_at, undoes)
values ($1, $2, $3, $4, $5, $6)
"""
_INSERT_ITEM = """
insert into referral.hand_over_item
  (hand_over, organisation, episode, patient, was_team, was_worker, to_team, to_worker)
select $1, $2, e.episode, e.patient, e.team, e.worker, $4, $5 from referral.episode as e
 where e.organisation = $2 and e.episode = $3 and e.is_open
"""
_ONE = """
select h.from_team, h.made_by::text, h.made_at, coalesce(h.undoes::text, '') as undoes,
       coalesce((select u.id::text from referral.hand_over as u where u.undoes = h.id),
                '') as undone_by
  from referral.hand_over as h where h.organisation = $1 and h.id = $2
"""
_ITEMS = """
select i.episode, p.id as patient, i.was_team, i.was_worker, i.to_team, i.to_worker,
       i.outcome
  from referral.hand_over_item as i join record.patient as p on p.number = i.patient
 where i.organisation = $1 and i.hand_over = $2 order by i.episode
"""
_MARK = """
update referral.hand_over_item set outcome = $4, done_at = $5
 where organisation = $1 and hand_over = $2 and episode = $3 and outcome <> 'moved'
"""


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """One place on a caseload, and to whom it goes. Ids alone."""

    episode: str
    patient: str
    was_team: str
    was_worker: str
    to_team: str
    to_worker: str
    outcome: str = PLANNED


class HandOverPlan(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be handed over, and how far it is."""

    id: str
    from_team: str
    made_by: str
    """The account."""
    made_at: datetime
    undoes: str
    """The one that this takes back; empty: none."""
    undone_by: str
    items: tuple[Item, ...]


class HandOvers:
    """Keeps plans. Nothing of anybody is opened by it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def plan(  # noqa: PLR0913 - one row, each part of it named
        self,
        organisation: OrganisationId,
        id_: str,
        moves: Sequence[tuple[str, str, str]],
        *,
        from_team: str,
        by: str,
        now: datetime,
        undoes: str = "",
    ) -> bool:
        """Keep it; False where it is there already. Moves are (episode, team, worker).

        Places that are over are left out.
        """
        taken_back = UUID(undoes) if undoes else None
        try:
            async with self._database.transaction(organisation) as connection:
                await connection.execute(
                    _INSERT,
                    *(UUID(id_), organisation, from_team, UUID(by), now, taken_back),
                )
                for episode, team, worker in moves:
                    await connection.execute(
                        _INSERT_ITEM, UUID(id_), organisation, episode, team, worker
                    )
        except AlreadyExistsError:
            return False
        return True

    async def add(
        self,
        organisation: OrganisationId,
        id_: str,
        moves: Sequence[tuple[str, str, str]],
    ) -> None:
        """Add to a plan those who are not in it yet."""
        async with self._database.transaction(organisation) as connection:
            for episode, team, worker in moves:
                await connection.execute(
                    f"{_INSERT_ITEM} on conflict (hand_over, episode) do nothing",
                    UUID(id_),
                    organisation,
                    episode,
                    team,
                    worker,
                )

    async def one(self, organisation: OrganisationId, id_: str) -> HandOverPlan | None:
        async with self._database.connection(organisation) as connection:
            row = await connection.fetch_row(_ONE, organisation, UUID(id_))
            if row is None:
                return None
            items = await connection.fetch(_ITEMS, organisation, UUID(id_))
        return HandOverPlan(
            id=id_,
            from_team=row["from_team"],
            made_by=row["made_by"],
            made_at=row["made_at"],
            undoes=row["undoes"],
            undone_by=row["undone_by"],
            items=tuple(
                Item(
                    episode=one["episode"],
                    patient=one["patient"],
                    was_team=one["was_team"],
                    was_worker=one["was_worker"],
                    to_team=one["to_team"],
                    to_worker=one["to_worker"],
                    outcome=one["outcome"],
                )
                for one in items
            ),
        )

    async def mark(
        self,
        organisation: OrganisationId,
        id_: str,
        episode: str,
        outcome: str,
        *,
        now: datetime,
    ) -> None:
        """Say what came of one that was not moved by us."""
        async with self._database.connection(organisation) as connection:
            marked = marked_beside(organisation, id_, episode, outcome, now=now)
            await connection.execute(marked.sql, *marked.values)


def marked_beside(
    organisation: OrganisationId, id_: str, episode: str, outcome: str, *, now: datetime
) -> Beside:
    """The same, in the transaction of the change that does it."""
    return Beside(sql=_MARK, values=(organisation, UUID(id_), episode, outcome, now))
