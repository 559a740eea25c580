# SPDX-License-Identifier: Apache-2.0
"""Keeps beside each referral and place on a caseload what a team's list finds it by.

Whoever writes them, a page, a program or a load: the team's list shows it.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime

from wardkeep.base.clock import LONDON
from wardkeep.base.ids import OrganisationId
from wardkeep.db.changes import Topic, tell
from wardkeep.db.connection import Connection
from wardkeep.disclosure.purpose import Tier
from wardkeep.fhir.model.resource import Resource
from wardkeep.fhir.store.draft import Draft
from wardkeep.fhir.store.outcomes import Reference
from wardkeep.fhir.work import caseload, referral
from wardkeep.fhir.work.referral_steps import WAITING, State
from wardkeep.fhir.work.urgent import is_journey

LISTED = frozenset({referral.TYPE, caseload.TYPE})
TOPIC = "referrals"
_REFERRAL = """
insert into referral.listed
  (organisation, request, patient, team, requester, priority, state, received_on,
   stopped_on, changed_at, due_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
on conflict (organisation, request) do update
   set team = excluded.team, requester = excluded.requester,
       priority = excluded.priority, state = excluded.state,
       received_on = excluded.received_on, stopped_on = excluded.stopped_on,
       changed_at = excluded.changed_at, due_at = excluded.due_at
"""
_EPISODE = """
insert into referral.episode
  (organisation, episode, patient, team, worker, began_on, is_open)
values ($1, $2, $3, $4, $5, $6, $7)
on conflict (organisation, episode) do update
   set team = excluded.team, worker = excluded.worker, began_on = excluded.began_on,
       is_open = excluded.is_open
"""
_NO_REFERRAL = """
update referral.listed set state = 'mistake', changed_at = now()
 where organisation = $1 and request = $2
"""
_NO_EPISODE = """
update referral.episode set is_open = false where organisation = $1 and episode = $2
"""


async def keep_referrals(
    connection: Connection,
    organisation: OrganisationId,
    drafts: Sequence[Draft],
    *,
    numbers: Mapping[str, int],
    now: datetime,
    is_import: bool,
) -> None:
    """Note what new versions say, and tell whoever looks at a team's list."""
    teams = []
    for draft in drafts:
        if draft.type not in LISTED or not draft.owner:
            continue
        number, sealed = numbers[draft.owner], draft.tier is Tier.SEALED
        if draft.type == caseload.TYPE:
            values = (
                None
                if sealed or is_journey(draft.resource.content)
                else _episode(draft.resource, now.astimezone(LONDON).date())
            )
            await _keep(connection, organisation, draft, number, values)
        else:
            found = None if sealed else _referral(draft.resource, now)
            await _keep(connection, organisation, draft, number, found)
            teams += [str(found[0])] if found else []
    if teams and not is_import:
        await tell(connection, organisation, [Topic(TOPIC, one) for one in teams])


async def _keep(
    connection: Connection,
    organisation: OrganisationId,
    draft: Draft,
    number: int,
    values: tuple[object, ...] | None,
) -> None:
    is_episode = draft.type == caseload.TYPE
    if values is None:
        sql = _NO_EPISODE if is_episode else _NO_REFERRAL
        await connection.execute(sql, organisation, draft.id)
        return
    sql = _EPISODE if is_episode else _REFERRAL
    await connection.execute(sql, organisation, draft.id, number, *values)


def _referral(resource: Resource, now: datetime) -> tuple[object, ...] | None:
    """Team, requester, priority, state, received, stopped, changed, due."""
    said = referral.read_referral(resource.content)
    if said is None:
        return None
    stopped = said.stopped
    if stopped is None and said.state not in WAITING:
        stopped = now.astimezone(LONDON).date()
    return (
        referral.team_of(resource.content),
        referral.requester_of(resource.content),
        str(said.priority),
        str(said.state),
        said.received or now.astimezone(LONDON).date(),
        None if said.state is State.MISTAKE else stopped,
        now,
        said.due,
    )


def _episode(resource: Resource, today: date) -> tuple[object, ...]:
    """Team, worker, began, is open."""
    content = resource.content
    return (
        caseload.id_in(caseload.service_of(content), referral.TEAM),
        caseload.id_in(caseload.worker_of(content), "Practitioner"),
        caseload.began_on(content) or today,
        caseload.is_open(content),
    )


async def end_referrals(
    connection: Connection,
    organisation: OrganisationId,
    removed: Sequence[Reference],
) -> None:
    """Note that some were deleted."""
    for one in removed:
        if one.type in LISTED:
            sql = _NO_EPISODE if one.type == caseload.TYPE else _NO_REFERRAL
            await connection.execute(sql, organisation, one.id)
