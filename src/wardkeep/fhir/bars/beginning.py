# SPDX-License-Identifier: Apache-2.0
"""The moment from which a journey's document goes, and cannot be held back any more.

It is written down, and committed, before the first byte leaves. Until then it can be
held back, or dropped because the journey goes on; from then on it is the one message
that the surgery gets, sent with the same identifier until it is acknowledged.
"""

from datetime import datetime

from wardkeep.base.ids import OrganisationId
from wardkeep.db.connection import Connection

WENT_ON, THEIR_OWN = "goes-on", "their-own"
"""Why one was dropped, as its row says it (`Silence` in `fhir/post/journey.py`)."""
_BEGIN = f"""
with it as (
  select o.organisation, o.message,
         case when c.state is distinct from 'closed'
                or exists (select from urgent.entry as e
                            where e.organisation = $1 and e.is_open
                              and e.case_key = 'Encounter/' || o.about)
              then '{WENT_ON}'
              when exists (
                select from bars.outgoing as m
                  join bars.partner as w
                    on w.organisation = m.organisation and w.service = m.partner
                 where m.organisation = $1 and m.kind = 'message' and w.tells_surgery
                   and m.sort in ('', 'referral')
                   and not exists (
                     select from bars.outgoing as t
                      where t.organisation = $1 and t.follows = m.message)
                   and m.refused_at is null and m.unanswered_at is null
                   and (m.about = any(o.requests) or m.about in (
                     select e.request from urgent.entry as e
                      where e.organisation = $1
                        and e.case_key = 'Encounter/' || o.about)))
              then '{THEIR_OWN}' else '' end as why
    from bars.outgoing as o
    left join call.listed as c
      on c.organisation = o.organisation and c.case_id = o.about
   where o.organisation = $1 and o.message = $2)
update bars.outgoing as o
   set begun_at = case when it.why = '' then $3::timestamptz end,
       dropped_at = case when it.why <> '' then $3::timestamptz end,
       last_error = it.why
  from it
 where o.organisation = it.organisation and o.message = it.message
   and o.begun_at is null and o.held_at is null and o.dropped_at is null
   and coalesce(o.send_after, $3) <= $3
returning o.begun_at is not null as begins
"""  # noqa: S608 - constants


async def begins(
    connection: Connection, organisation: OrganisationId, message: str, now: datetime
) -> bool:
    """Whether it goes now; else it waits, is held, or was dropped just now.

    To be committed before anything is sent.
    """
    row = await connection.fetch_row(_BEGIN, organisation, message, now)
    return row is not None and bool(row["begins"])
