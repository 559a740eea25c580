# SPDX-License-Identifier: Apache-2.0
"""Keeps beside each place in an urgent care queue what boards and claims find it by.

Whoever writes it, a page, a program or a load: it waits. One open entry a case is a
rule of the database; a load, which brings what another system allowed, keeps both, for
a call that is lost is worse than one that is looked at twice.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from wardkeep.base.ids import OrganisationId
from wardkeep.db.changes import Topic, tell
from wardkeep.db.connection import Connection
from wardkeep.db.errors import AlreadyExistsError
from wardkeep.fhir.store.draft import Draft
from wardkeep.fhir.store.outcomes import Reference
from wardkeep.fhir.store.taken import CASE_WAITS, TakenError
from wardkeep.fhir.urgent import queueing
from wardkeep.fhir.urgent.dispatching import TOPIC, ask_for_one, stop_one
from wardkeep.fhir.urgent.disposition import DISPOSITIONS, Kind
from wardkeep.fhir.urgent.moving import next_by
from wardkeep.fhir.urgent.queueing import URGENCY, Entry, entry_in
from wardkeep.fhir.urgent.steps import Step
from wardkeep.fhir.work.urgent import is_entry

_ENTRY = """
insert into urgent.entry as e
  (organisation, entry, patient, case_key, request, disposition, skill, urgency, state,
   owner, given_at, due_at, next_at, comforted_at, attempts, is_open, is_pinned,
   is_escalated, changed_at, appointment, place, planned_at, turn)
select $1, $2, $3,
       case when $19 and exists (select from urgent.entry as o
                                  where o.organisation = $1 and o.case_key = $4
                                    and o.is_open and o.entry <> $2)
            then 'Task/' || $2 else $4 end,
       $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $20,
       $21, $22, $23, $24
on conflict (organisation, entry) do update
   set request = excluded.request, disposition = excluded.disposition,
       skill = excluded.skill, urgency = excluded.urgency, state = excluded.state,
       owner = excluded.owner, given_at = excluded.given_at, due_at = excluded.due_at,
       next_at = excluded.next_at, comforted_at = excluded.comforted_at,
       attempts = excluded.attempts, is_open = excluded.is_open,
       is_pinned = excluded.is_pinned, is_escalated = excluded.is_escalated,
       changed_at = excluded.changed_at, appointment = excluded.appointment,
       place = excluded.place, planned_at = excluded.planned_at, turn = excluded.turn,
       case_key = case when e.case_key = 'Task/' || e.entry then e.case_key
                       else excluded.case_key end
"""
_NO_ENTRY = """
update urgent.entry
   set is_open = false, state = 'done', owner = '', changed_at = $3
 where organisation = $1 and entry = $2 and is_open
"""


def is_listed(draft: Draft) -> bool:
    """Whether it has a row beside it."""
    return draft.type == queueing.TYPE and is_entry(draft.resource.content)


async def keep_entries(  # noqa: PLR0913 - one change, each part of it named
    connection: Connection,
    organisation: OrganisationId,
    drafts: Sequence[Draft],
    *,
    removed: Sequence[Reference],
    numbers: Mapping[str, int],
    now: datetime,
    is_import: bool,
) -> None:
    """Note what new versions say, and tell whoever looks at a board.

    Raises:
        TakenError: the case waits in another place already.
    """
    touched = False
    for draft in sorted(filter(_is_task, drafts), key=_is_open):
        entry = entry_in(draft.resource.content)
        if entry is None or not draft.owner:
            # What is no entry any more may not wait for ever.
            status = await connection.execute(_NO_ENTRY, organisation, draft.id, now)
            touched = touched or not status.endswith(" 0")
            continue
        touched = True
        values = _values(entry, draft.id)
        try:
            await connection.execute(
                _ENTRY,
                *(organisation, draft.id, numbers[draft.owner], *values),
                *(is_import, now, entry.booked.appointment),
                *(entry.booked.where.reference, entry.booked.at, entry.booked.turn),
            )
        except AlreadyExistsError:
            raise TakenError(CASE_WAITS) from None
        if not is_import:  # what a load brings was asked for elsewhere
            number = numbers[draft.owner]
            await _ambulance(connection, organisation, entry, draft.id, number, now)
    for one in removed:
        if one.type == queueing.TYPE:
            await connection.execute(_NO_ENTRY, organisation, one.id, now)
            touched = True
    if touched and not is_import:
        await tell(connection, organisation, [Topic(TOPIC)])


async def _ambulance(
    connection: Connection,
    organisation: OrganisationId,
    entry: Entry,
    id_: str,
    number: int,
    now: datetime,
) -> None:
    """Ask for one where the call came to one."""
    disposition = DISPOSITIONS.get(entry.code)
    if disposition is None or disposition.kind is not Kind.AMBULANCE:
        return
    if entry.is_open:
        await ask_for_one(
            connection,
            organisation,
            entry=id_,
            patient=number,
            category=disposition.category,
            now=now,
        )
    else:
        await stop_one(connection, organisation, id_, now)


def _is_task(draft: Draft) -> bool:
    return draft.type == queueing.TYPE


def _is_open(draft: Draft) -> bool:
    """What ends before what begins: one entry takes another's place in one change."""
    entry = entry_in(draft.resource.content)
    return entry is not None and entry.is_open


def _values(entry: Entry, id_: str) -> tuple[object, ...]:
    comforted = [one.at for one in entry.standing if one.step is Step.COMFORT]
    return (
        f"Encounter/{entry.case}" if entry.case else f"Task/{id_}",
        entry.outcome,
        entry.code,
        entry.skill,
        URGENCY[entry.priority],
        str(entry.state),
        entry.owner.reference,
        entry.given,
        entry.due,
        next_by(entry) or entry.due,
        max(comforted, default=None),
        entry.attempts,
        entry.is_open,
        entry.is_pinned,
        entry.is_escalated,
    )
