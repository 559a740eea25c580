# SPDX-License-Identifier: Apache-2.0
"""Messages that somebody of urgent care has to know of: ids, codes and times alone.

What was refused, what nobody answered in time, what came back, and what does not leave:
each until somebody has read it or it has left. By the place in a queue, where the case
still has one, and without it otherwise: a case that was ended is not forgotten.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from wardkeep.base.ids import OrganisationId
from wardkeep.db.connection import Database
from wardkeep.fhir.bars.outgoing import state_of

STUCK_AFTER = timedelta(minutes=2)
"""What has not left by then is somebody's to telephone."""
MOST = 60
PRESSING = frozenset({"up", "rejected", "was-not-brought"})
"""Of an answer: somebody is in more danger than was thought, or nobody looks."""
_LISTED = """
select o.message, o.about, w.name as partner, o.sort as kind, o.made_at, o.sent_at,
       o.refused_at, o.answered_at, o.unanswered_at, o.last_error, o.answer_by,
       o.attempts, o.answer, o.outcome, o.why, o.category, e.entry, e.disposition,
       coalesce(e.is_open, false) as is_open,
       d.asked_at as ambulance_at, coalesce(d.category, '') as ambulance
  from bars.outgoing as o
  join bars.partner as w on w.organisation = o.organisation and w.service = o.partner
  left join lateral (
    select e.entry, e.disposition, e.is_open from urgent.entry as e
     where e.organisation = o.organisation and e.patient = o.patient
       and e.request = o.about
     order by e.is_open desc, e.given_at desc limit 1) as e on true
  left join urgent.dispatch as d
    on d.organisation = o.organisation and d.entry = e.entry
 where o.organisation = $1 and o.sort not in ('', 'answer') and o.read_at is null
   and (o.sent_at is null or o.refused_at is not null or o.unanswered_at is not null
        or o.answered_at is not null or o.answer <> '')
   and o.last_error <> 'taken back'
   and (o.refused_at is not null or o.unanswered_at is not null
        or o.answered_at is not null
        or (o.sort in ('validation', 'ambulance') and o.answer <> '')
        -- What becomes of an ambulance that does not leave is the case's own red line.
        or (o.sort <> 'ambulance' and o.sent_at is null
            and o.made_at < $2::timestamptz))
 order by (o.unanswered_at is not null and o.answered_at is null) desc,
          (o.outcome in ('up', 'rejected', 'was-not-brought')) desc,
          (o.refused_at is not null) desc, o.made_at
 limit $3
"""


class Attention(msgspec.Struct, frozen=True, kw_only=True):
    """One message."""

    message: str
    partner: str
    kind: str
    state: str
    made_at: datetime
    answer_by: datetime | None
    last_error: str
    answer: str
    """`interim`, `full`, or empty."""
    entry: str
    """The place in a queue; empty: there is none that is known."""
    disposition: str
    is_open: bool
    ambulance_at: datetime | None
    """When an ambulance was asked for: nobody answered, or the answer says so."""
    outcome: str = ""
    """What an answer to a validation means, as a code."""
    why: str = ""
    category: str = ""
    """Of the ambulance that the answer asks for."""
    ambulance: str = ""
    """The category in which one was asked for."""


class Watch(msgspec.Struct, frozen=True):
    """Of an organisation, just now."""

    listed: Sequence[Attention]

    @property
    def count(self) -> int:
        return len(self.listed)

    @property
    def is_pressing(self) -> bool:
        return any(not one.answer or one.outcome in PRESSING for one in self.listed)


class Watching:
    """Reads them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def now(self, organisation: OrganisationId, now: datetime) -> Watch:
        """The most pressing first; at most `MOST`."""
        values = (organisation, now - STUCK_AFTER, MOST)
        async with self._database.connection(organisation) as connection:
            rows = await connection.fetch(_LISTED, *values)
        return Watch(
            [
                Attention(
                    message=row["message"],
                    partner=row["partner"],
                    kind=row["kind"],
                    state=state_of(row),
                    made_at=row["made_at"],
                    answer_by=row["answer_by"],
                    last_error=row["last_error"],
                    answer=row["answer"],
                    entry=row["entry"] or "",
                    disposition=row["disposition"] or "",
                    is_open=row["is_open"],
                    ambulance_at=row["ambulance_at"],
                    outcome=row["outcome"],
                    why=row["why"],
                    category=row["category"],
                    ambulance=row["ambulance"],
                )
                for row in rows
            ]
        )
