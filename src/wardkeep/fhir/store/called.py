# SPDX-License-Identifier: Apache-2.0
"""Keeps beside each case what lists and the repeat caller rule find it by.

Whoever writes it, a page, a program or a load: the list shows it.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from wardkeep.base.ids import OrganisationId
from wardkeep.db.changes import Topic, tell
from wardkeep.db.connection import Connection
from wardkeep.disclosure.purpose import Tier
from wardkeep.fhir.store.draft import Draft
from wardkeep.fhir.store.outcomes import Reference
from wardkeep.fhir.urgent.case import MISTAKE, TYPE, Case, case_in, is_case

TOPIC = Topic("calls")
_KEEP = """
insert into call.listed
  (organisation, case_id, patient, began_at, taker, state, changed_at)
values ($1, $2, $3, $4, $5, $6, $7)
on conflict (organisation, case_id) do update
   set began_at = excluded.began_at, taker = excluded.taker, state = excluded.state,
       changed_at = excluded.changed_at
"""
_GONE = """
update call.listed set state = 'mistake', changed_at = $3
 where organisation = $1 and case_id = any($2) and state <> 'mistake' returning case_id
"""


def is_listed(draft: Draft) -> bool:
    """Whether it has a row beside it."""
    return draft.type == TYPE and is_case(draft.resource.content)


async def keep_calls(  # noqa: PLR0913 - one change, each part of it named
    connection: Connection,
    organisation: OrganisationId,
    drafts: Sequence[Draft],
    *,
    removed: Sequence[Reference],
    numbers: Mapping[str, int],
    now: datetime,
    is_import: bool,
) -> None:
    """Note what new versions say, and tell whoever looks at the list.

    An Encounter that was a case and is none any more was a mistake.
    """
    gone = [one.id for one in removed if one.type == TYPE]
    is_changed = False
    for draft in (one for one in drafts if one.type == TYPE):
        said = case_in(draft.resource.content) if draft.owner else None
        if said is None or draft.tier is Tier.SEALED:
            gone.append(draft.id)
            continue
        values = (
            draft.id,
            numbers[draft.owner],
            said.began,
            _taker(said),
            _state(said),
        )
        await connection.execute(_KEEP, organisation, *values, now)
        is_changed = True
    if gone:
        ended = await connection.fetch(_GONE, organisation, gone, now)
        is_changed = is_changed or bool(ended)
    if is_changed and not is_import:
        await tell(connection, organisation, [TOPIC])


def _taker(case: Case) -> str:
    kind, _, id_ = case.taker.reference.partition("/")
    return id_ if kind == "Practitioner" else ""


def _state(case: Case) -> str:
    if case.status == MISTAKE:
        return "mistake"
    if case.is_open:
        return "open"
    return "ended" if case.status == "in-progress" else "closed"
