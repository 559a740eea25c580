# SPDX-License-Identifier: Apache-2.0
"""Referrals and caseloads as the database knows them: ids, codes and days alone."""

from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import NamedTuple

from wardkeep.base.ids import OrganisationId
from wardkeep.db.connection import Database, Row
from wardkeep.fhir.work.referral import Priority
from wardkeep.fhir.work.referral_steps import OPEN, State

MOST = 5000
_OPEN = ", ".join(f"'{one}'" for one in sorted(OPEN))
_LISTED = f"""
select l.request, p.id as patient, l.team, l.requester, l.priority, l.state,
       l.received_on, l.stopped_on, l.changed_at, l.due_at,
       exists (select from referral.listed as o
                where o.organisation = l.organisation and o.patient = l.patient
                  and o.team <> l.team and o.state in ({_OPEN}))
       or exists (select from referral.episode as e
                   where e.organisation = l.organisation and e.patient = l.patient
                     and e.team <> l.team and e.is_open) as is_known_elsewhere
  from referral.listed as l join record.patient as p on p.number = l.patient
 where l.organisation = $1
"""  # noqa: S608 - constants
_OF_TEAM = f"""
{_LISTED} and l.team = $2 and l.state = any($3)
   and (l.stopped_on is null or l.stopped_on >= $4 or l.state = any($5))
 order by case l.priority when 'emergency' then 0 when 'urgent' then 1 else 2 end,
       l.due_at, l.received_on, l.request limit $6
"""
_OF_REQUESTER = f"""
{_LISTED} and l.requester = any($2) and l.state <> 'mistake'
   and (l.stopped_on is null or l.stopped_on >= $3 or l.state in ({_OPEN}))
 order by l.changed_at desc, l.request limit $4
"""
_OF_PATIENTS = f"""
{_LISTED} and l.state in ({_OPEN}) and l.patient in
   (select number from record.patient where organisation = $1 and id = any($2))
 order by l.received_on, l.request
"""  # noqa: S608 - constants
_COUNTS = """
select state, priority, count(*) as many from referral.listed
 where organisation = $1 and team = $2 and state = any($3) group by state, priority
"""
_PLACES = """
select e.episode, p.id as patient, e.team, e.worker, e.began_on
  from referral.episode as e join record.patient as p on p.number = e.patient
 where e.organisation = $1 and e.is_open
"""
_OF_CASELOAD = (
    _PLACES + " and e.team = $2 order by e.worker, e.began_on, e.episode limit $3"
)
_PLACES_OF = f"""
{_PLACES} and e.patient =
   (select number from record.patient where organisation = $1 and id = $2)
 order by e.began_on, e.episode
"""  # noqa: S608 - constants


class Listed(NamedTuple):
    """One referral of a list."""

    request: str
    patient: str
    team: str
    """The id of a HealthcareService."""
    requester: str
    """The id of a Practitioner; empty: somebody elsewhere."""
    priority: Priority
    state: State
    received_on: date
    stopped_on: date | None
    changed_at: datetime
    is_known_elsewhere: bool
    """Whether the patient is on another team's list or caseload as well."""
    due_at: datetime | None = None
    """By when somebody is to be seen, where whoever asked said so."""


class Place(NamedTuple):
    """Somebody's place on a caseload."""

    episode: str
    patient: str
    team: str
    worker: str
    began_on: date


class ReferralRows:
    """Asks the database who waits for whom. Nothing of anybody is opened by it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of_team(
        self,
        organisation: OrganisationId,
        team: str,
        *,
        states: Collection[State],
        since: date,
    ) -> list[Listed]:
        """The urgent first, then those who are due, then whoever has waited longest.

        What ended is left out where it ended before `since`.
        """
        async with self._database.connection(organisation) as connection:
            rows = await connection.fetch(
                _OF_TEAM,
                organisation,
                team,
                [str(one) for one in states],
                since,
                [str(one) for one in OPEN],
                MOST,
            )
        return [_listed(row) for row in rows]

    async def of_requester(
        self, organisation: OrganisationId, practitioners: Sequence[str], *, since: date
    ) -> list[Listed]:
        """What somebody referred, the latest news first."""
        async with self._database.connection(organisation) as connection:
            rows = await connection.fetch(
                _OF_REQUESTER, organisation, list(practitioners), since, MOST
            )
        return [_listed(row) for row in rows]

    async def of_patients(
        self, organisation: OrganisationId, patients: Sequence[str]
    ) -> list[Listed]:
        """Open referrals of some people, the oldest first."""
        async with self._database.connection(organisation) as connection:
            rows = await connection.fetch(_OF_PATIENTS, organisation, list(patients))
        return [_listed(row) for row in rows]

    async def counts(
        self, organisation: OrganisationId, team: str
    ) -> dict[tuple[State, Priority], int]:
        """How many open referrals a team has, by where they are and how urgent."""
        async with self._database.connection(organisation) as connection:
            rows = await connection.fetch(
                _COUNTS, organisation, team, [str(one) for one in OPEN]
            )
        return {
            (State(row["state"]), Priority(row["priority"])): row["many"]
            for row in rows
        }

    async def caseload(self, organisation: OrganisationId, team: str) -> list[Place]:
        """Who is on a team's caseload, by whose it is."""
        async with self._database.connection(organisation) as connection:
            rows = await connection.fetch(_OF_CASELOAD, organisation, team, MOST)
        return [Place(*row.values()) for row in rows]

    async def places_of(
        self, organisation: OrganisationId, patient: str
    ) -> list[Place]:
        """Whose caseloads somebody is on."""
        async with self._database.connection(organisation) as connection:
            rows = await connection.fetch(_PLACES_OF, organisation, patient)
        return [Place(*row.values()) for row in rows]


def _listed(row: Row) -> Listed:
    return Listed(
        request=row["request"],
        patient=row["patient"],
        team=row["team"],
        requester=row["requester"],
        priority=Priority(row["priority"]),
        state=State(row["state"]),
        received_on=row["received_on"],
        stopped_on=row["stopped_on"],
        changed_at=row["changed_at"],
        is_known_elsewhere=row["is_known_elsewhere"],
        due_at=row["due_at"],
    )
