# SPDX-License-Identifier: Apache-2.0
"""A draft that ends with nothing left of its words: they are elsewhere, or unwanted.

Other drafts lie for a week after they ended. What is somebody's who is no patient yet,
as the number of a call before it is answered, does not.
"""

from datetime import datetime
from uuid import UUID

import msgspec

from wardkeep.base.ids import OrganisationId
from wardkeep.db.connection import Connection
from wardkeep.fhir.notes.draft_rows import THROWN_AWAY, Place, end, texts_of

NO_LATER = 1_000_000
"""Further than any window types: what it sends late is not newer."""
_LOCK = """
select 1 from record.note_draft where organisation = $1 and id = $2 for update
"""
_LET_GO = """
insert into record.note_text
  (draft, editor, saved_at, organisation, number, box, is_set_aside)
values ($1, $2, $3, $4, $5, '', true)
on conflict (draft, editor) do update
   set number = excluded.number, box = excluded.box, saved_at = excluded.saved_at,
       is_set_aside = true
 where record.note_text.number < excluded.number
"""


class LetGo(msgspec.Struct, frozen=True, kw_only=True):
    """How a draft ends."""

    draft: str
    window: str
    """Which sent it, and sends nothing any more."""
    over: tuple[Place, ...]
    """What that window had read."""
    as_: str


async def let_go(
    connection: Connection,
    organisation: OrganisationId,
    gone: LetGo,
    *,
    at: datetime,
) -> None:
    """End it, within a transaction.

    Where it was signed, what another window typed besides stays, and keeps it going.
    """
    draft = UUID(gone.draft)
    # Locked first, as a save does, so that what was just saved is seen.
    await connection.execute(_LOCK, organisation, draft)
    is_all, is_rest = gone.as_ == THROWN_AWAY, False
    numbers = {gone.window: NO_LATER}
    for one in await texts_of(connection, gone.draft):
        if is_all or one.is_set_aside or one.place in gone.over:
            numbers.setdefault(one.place.editor, one.place.number + 1)
        elif one.place.editor != gone.window:
            is_rest = True
    for editor, number in numbers.items():
        await connection.execute(_LET_GO, draft, UUID(editor), at, organisation, number)
    if not is_rest:
        await end(connection, organisation, gone.draft, as_=gone.as_, at=at)
