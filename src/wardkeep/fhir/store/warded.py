# SPDX-License-Identifier: Apache-2.0
"""Keeps beside beds, stays, observation levels, checks and leave what a board needs.

Whoever writes them, a page, a program or a load: the board shows it. One open stay a
bed and a patient is a rule of the database.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from wardkeep.base.ids import OrganisationId
from wardkeep.db.changes import Topic, tell
from wardkeep.db.connection import Connection
from wardkeep.db.errors import AlreadyExistsError
from wardkeep.disclosure.purpose import Tier
from wardkeep.fhir.store.draft import Draft
from wardkeep.fhir.store.outcomes import Reference
from wardkeep.fhir.store.taken import BED_TAKEN, LEVEL_TAKEN, TakenError
from wardkeep.fhir.wards import bed, checks, leave, level, stay
from wardkeep.fhir.wards.rows import ward_of_patient

TOPIC = "ward"
# Where a place is a bed, its ward is the bed's own. A load brings what another system
# allowed: of two in one bed, of two levels, of two leaves the first has it.
_STAY = """
with here as (
  select one.id, one.nth, b.bed, b.ward
    from unnest($4::text[]) with ordinality as one (id, nth)
    left join ward.bed as b on b.organisation = $1 and b.bed = one.id),
found as (
  select coalesce((select bed from here where bed is not null order by nth limit 1), '')
           as bed,
         coalesce((select ward from here where bed is not null order by nth limit 1),
                  (select id from here where bed is null order by nth limit 1), '')
           as ward)
insert into ward.stay
  (organisation, stay, patient, ward, bed, began_at, expected_on, is_open, is_away,
   is_sealed, changed_at)
select $1, $2, $3, found.ward,
       case when $9 and exists (
         select from ward.stay as o
          where o.organisation = $1 and o.is_open and o.stay <> $2 and o.bed <> ''
            and (o.bed = found.bed or o.patient = $3))
       then '' else found.bed end,
       $5, $6, true, $7, $8, $10
  from found
on conflict (organisation, stay) do update
   set ward = excluded.ward, bed = excluded.bed, began_at = excluded.began_at,
       expected_on = excluded.expected_on, is_open = true, is_away = excluded.is_away,
       is_sealed = excluded.is_sealed, changed_at = excluded.changed_at
returning ward
"""
_WAS_ON = "select ward from ward.stay where organisation = $1 and stay = $2"
_NO_STAY = """
update ward.stay set is_open = false, is_away = false, changed_at = $3
 where organisation = $1 and stay = $2 and is_open returning ward
"""
_BED = """
insert into ward.bed (organisation, bed, ward, name, state, changed_at)
values ($1, $2, $3, $4, $5, $6)
on conflict (organisation, bed) do update
   set ward = excluded.ward, name = excluded.name, state = excluded.state,
       changed_at = excluded.changed_at
"""
_NO_BED = """
update ward.bed set state = 'gone', changed_at = $3
 where organisation = $1 and bed = $2 and state <> 'gone' returning ward
"""
_LEVEL = """
insert into ward.level
  (organisation, level, patient, code, every_minutes, began_at, review_at, is_open,
   changed_at)
select $1, $2, $3, $4, $5, $6, $7,
       not ($9 and exists (select from ward.level as o
                            where o.organisation = $1 and o.patient = $3 and o.is_open
                              and o.level <> $2)), $8
on conflict (organisation, level) do update
   set code = excluded.code, every_minutes = excluded.every_minutes,
       began_at = excluded.began_at, review_at = excluded.review_at,
       is_open = excluded.is_open, changed_at = excluded.changed_at
"""
_NO_LEVEL = """
update ward.level set is_open = false, changed_at = $3
 where organisation = $1 and level = $2 and is_open
"""
_SHEET = """
insert into ward.sheet (organisation, sheet, patient, level, last_at, is_alarm)
values ($1, $2, $3, $4, $5, $6)
on conflict (organisation, sheet) do update
   set level = excluded.level, last_at = excluded.last_at, is_alarm = excluded.is_alarm
"""
_NO_SHEET = """
update ward.sheet set last_at = null, is_alarm = false
 where organisation = $1 and sheet = $2
"""
_LEAVE = """
insert into ward.leave
  (organisation, leave, patient, state, escort, from_at, until_at, went_at, back_at,
   changed_at)
select $1, $2, $3,
       case when $11 and exists (select from ward.leave as o
                                  where o.organisation = $1 and o.patient = $3
                                    and o.leave <> $2 and o.state = 'out')
            then 'back' else $4 end,
       $5, $6, $7, $8, $9, $10
on conflict (organisation, leave) do update
   set state = excluded.state, escort = excluded.escort, from_at = excluded.from_at,
       until_at = excluded.until_at, went_at = excluded.went_at,
       back_at = excluded.back_at, changed_at = excluded.changed_at
"""
_NO_LEAVE = """
update ward.leave set state = 'cancelled', changed_at = $3
 where organisation = $1 and leave = $2 and state in ('planned', 'out')
"""


def is_listed(draft: Draft) -> bool:
    """Whether it has a row beside it."""
    content = draft.resource.content
    looks = {
        stay.TYPE: stay.is_stay,
        level.TYPE: level.is_level,
        checks.TYPE: checks.is_sheet,
        leave.TYPE: leave.is_leave,
    }
    if draft.type == bed.TYPE:
        return bed.read_bed(content) is not None
    return draft.type in looks and looks[draft.type](content)


async def keep_wards(  # noqa: PLR0913 - one change, each part of it named
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
        TakenError: a bed is another one's; or somebody has two levels, or is out twice.
    """
    keeper = _Keeper(connection, organisation, now, is_import=is_import)
    for draft in sorted(drafts, key=_ends_first):
        if draft.type == bed.TYPE:
            await keeper.keep_bed(draft)
        elif draft.owner:
            await keeper.keep(draft, numbers[draft.owner])
    for one in removed:
        await keeper.end(one.type, one.id)
    if not is_import:
        wards = sorted(one for one in keeper.wards if one)
        await tell(connection, organisation, [Topic(TOPIC, one) for one in wards])


def _ends_first(draft: Draft) -> bool:
    """What ends before what begins: one level takes another's place in one change."""
    if draft.type != level.TYPE:
        return False
    found = level.read_level(draft.resource.content)
    return found is not None and found.is_open


class _Keeper:
    """One change's statements, and the wards that they touch."""

    def __init__(
        self,
        connection: Connection,
        organisation: OrganisationId,
        now: datetime,
        *,
        is_import: bool,
    ) -> None:
        self._connection = connection
        self._organisation = organisation
        self._now = now
        self._is_import = is_import
        self.wards: set[str] = set()

    async def keep_bed(self, draft: Draft) -> None:
        said = bed.read_bed(draft.resource.content)
        if said is None:
            await self.end(bed.TYPE, draft.id)
            return
        await self._connection.execute(
            _BED,
            *(self._organisation, draft.id, said.ward, said.name, said.state),
            self._now,
        )
        self.wards.add(said.ward)

    async def keep(self, draft: Draft, number: int) -> None:
        keep = {
            stay.TYPE: self._stay,
            level.TYPE: self._level,
            checks.TYPE: self._sheet,
            leave.TYPE: self._leave,
        }.get(draft.type)
        # Of a stay alone: what becomes something else may not keep a bed. An update for
        # each Observation of a ward round would tell nobody anything.
        is_kept = draft.type == stay.TYPE and not self._is_import
        if keep is None or not (is_kept or is_listed(draft)):
            return
        try:
            await keep(draft, number)
        except AlreadyExistsError:
            is_stay = draft.type == stay.TYPE
            raise TakenError(BED_TAKEN if is_stay else LEVEL_TAKEN) from None

    async def end(self, type_: str, id_: str) -> None:
        """Something was deleted, or says nothing of a ward any more."""
        if type_ == bed.TYPE:
            row = await self._connection.fetch_row(
                _NO_BED, self._organisation, id_, self._now
            )
            self.wards.update([] if row is None else [row["ward"]])
        elif type_ == stay.TYPE:
            # Each call's Encounter comes by here, and none of them is a stay.
            row = await self._connection.fetch_row(
                _NO_STAY, self._organisation, id_, self._now
            )
            self.wards.update([] if row is None else [row["ward"]])
        elif type_ == checks.TYPE:
            await self._connection.execute(_NO_SHEET, self._organisation, id_)
        elif type_ in (level.TYPE, leave.TYPE):
            sql = _NO_LEVEL if type_ == level.TYPE else _NO_LEAVE
            await self._connection.execute(sql, self._organisation, id_, self._now)

    async def _was_on(self, stay_id: str) -> None:
        row = await self._connection.fetch_row(_WAS_ON, self._organisation, stay_id)
        self.wards.update([] if row is None else [row["ward"]])

    async def _stay(self, draft: Draft, number: int) -> None:
        said = stay.read_stay(draft.resource.content)
        if said is None or not said.is_open or said.began is None:
            await self.end(stay.TYPE, draft.id)
            return
        await self._was_on(draft.id)
        row = await self._connection.fetch_row(
            _STAY,
            *(self._organisation, draft.id, number, list(said.places), said.began),
            *(said.expected, said.is_away, draft.tier is Tier.SEALED),
            *(self._is_import, self._now),
        )
        self.wards.update([] if row is None else [row["ward"]])

    async def _level(self, draft: Draft, number: int) -> None:
        said = level.read_level(draft.resource.content)
        is_seen = draft.tier is not Tier.SEALED
        if said is None or not said.is_open or not is_seen:
            await self.end(level.TYPE, draft.id)
        else:
            await self._connection.execute(
                _LEVEL,
                *(self._organisation, draft.id, number, said.code, said.every),
                *(said.began, said.review, self._now, self._is_import),
            )
        await self._tell_of(number)

    async def _sheet(self, draft: Draft, number: int) -> None:
        said = checks.read_sheet(draft.resource.content)
        if said is None or draft.tier is Tier.SEALED:
            await self.end(checks.TYPE, draft.id)
            return
        last = said.last
        await self._connection.execute(
            _SHEET,
            *(self._organisation, draft.id, number, said.level),
            None if last is None else last.at,
            last is not None and last.seen == checks.NOT_FOUND,
        )
        await self._tell_of(number)

    async def _leave(self, draft: Draft, number: int) -> None:
        said = leave.read_leave(draft.resource.content)
        if said is None or draft.tier is Tier.SEALED:
            await self.end(leave.TYPE, draft.id)
            return
        await self._connection.execute(
            _LEAVE,
            *(self._organisation, draft.id, number, said.state.value, said.escort),
            *(said.begins, said.until, said.went, said.back, self._now),
            self._is_import,
        )
        await self._tell_of(number)

    async def _tell_of(self, number: int) -> None:
        if not self._is_import:
            found = await ward_of_patient(self._connection, self._organisation, number)
            self.wards.update(found)
