# SPDX-License-Identifier: Apache-2.0
"""The statements that go with a change on the ward: a bed that is free, a turn, a step.

Each must change a row, else somebody else was first and nothing of the change is
written (`Change.beside`).
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from wardkeep.base.ids import OrganisationId
from wardkeep.fhir.store.change import Beside

UNDO_WITHIN = timedelta(minutes=15)
DID = {
    "admitted": "Admitted",
    "bedded": "Put into a bed",
    "moved": "Moved",
    "discharged": "Discharged",
    "expected": "Expected day of discharge changed",
    "level": "Observation level set",
    "planned": "Leave planned",
    "out": "Gone on leave",
    "back": "Back from leave",
    "cancelled": "Leave called off",
    "longer": "Leave prolonged",
}
_STEP = """
insert into ward.step (organisation, patient, at, did, by, wrote, undoes)
select $1, p.number, $3, $4, $5, $6::text::jsonb, $7
  from record.patient as p where p.organisation = $1 and p.id = $2
"""
# The row is held until the commit: whoever closes the bed meanwhile waits, then looks.
_USE_BED = """
update ward.bed set changed_at = $3
 where organisation = $1 and bed = $2 and state = 'free'
"""
_BED_IS_EMPTY = """
update ward.bed as b set changed_at = $3
 where b.organisation = $1 and b.bed = $2
   and not exists (select from ward.stay as s
                    where s.organisation = $1 and s.bed = b.bed and s.is_open)
"""
_TURN = """
update ward.level set turn = turn + 1
 where organisation = $1 and level = $2 and is_open and turn = $3
"""
_encode = msgspec.json.Encoder().encode
Wrote = Sequence[tuple[str, str, int]]
"""Type, id and version."""


def step(  # noqa: PLR0913 - a line of what was done
    organisation: OrganisationId,
    patient: str,
    did: str,
    wrote: Wrote,
    *,
    by: str,
    at: datetime,
    undoes: int | None = None,
) -> Beside:
    """A line of what was done; undone once, whoever presses."""
    values = (organisation, patient, at, did, UUID(by), _encode(wrote).decode(), undoes)
    return Beside(sql=_STEP, values=values)


def use_bed(organisation: OrganisationId, bed: str, *, at: datetime) -> Beside:
    """Only a bed that is ready; that nobody is in it is a rule of the stays."""
    return Beside(sql=_USE_BED, values=(organisation, bed, at))


def bed_is_empty(organisation: OrganisationId, bed: str, *, at: datetime) -> Beside:
    return Beside(sql=_BED_IS_EMPTY, values=(organisation, bed, at))


def take_turn(organisation: OrganisationId, level: str, turn: int) -> Beside:
    """Of those who saw the same check due, the first."""
    return Beside(sql=_TURN, values=(organisation, level, turn))
