# SPDX-License-Identifier: Apache-2.0
"""Drafts as they lie in the database: who writes for whom, and sealed texts.

Each window that writes is an *editor* with a row of its own, numbered by itself: a
later text takes the place of an earlier one of the same editor, and of no other's. What
one editor has read of another is *set aside* by its number, so that what was typed
there in the meantime stays.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from wardkeep.base.ids import OrganisationId
from wardkeep.base.stored_id import id_of, stored_id
from wardkeep.db.connection import Connection, Row
from wardkeep.disclosure.purpose import Tier
from wardkeep.fhir.store.rows import KEY_COLUMNS, PatientKeyRow, patient_key_row

MOST_DRAFTS = 40
"""Of one person at once: more than anybody has open, and two lists of people."""
SIGNED, THROWN_AWAY = "signed", "thrown-away"
NOTE = "note"
"""The kind of drafts of notes; other kinds are named by the pages that make them."""
ANY = ""


class DraftRow(msgspec.Struct, frozen=True, kw_only=True):
    """One draft without its words."""

    id: str
    patient: PatientKeyRow
    note: str
    """The id of the note that it is, or is to become."""
    tier: Tier
    kind: str = NOTE
    type: str = "Composition"
    """The FHIR type of what it is to become."""
    first_version: int
    """The version of the note that its key was given for."""
    based_on: int
    """The version that it amends; 0: it is a new note."""
    seal: bytes
    """Of a sealed one: the wrapped row key; otherwise empty."""
    wrapped_key: bytes
    account: str
    author: str
    begun_by: str
    """Who began it, where it was taken over; otherwise empty."""
    begun_at: datetime
    saved_at: datetime
    ended_as: str = ""

    @property
    def is_sealed(self) -> bool:
        return self.tier is Tier.SEALED


class Place(msgspec.Struct, frozen=True):
    """One editor's text, at one number."""

    editor: str
    number: int


class TextRow(msgspec.Struct, frozen=True, kw_only=True):
    """One editor's text, sealed."""

    place: Place
    box: bytes
    saved_at: datetime
    is_set_aside: bool = False


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """A text on its way into the store."""

    draft: str
    place: Place
    box: bytes
    over: tuple[Place, ...] = ()
    """What this editor has read, so that it takes its place."""


class Saved(msgspec.Struct, frozen=True, kw_only=True):
    """How the draft stands once a text has come in."""

    number: int
    """The newest of this editor that the store has."""
    saved_at: datetime
    others: tuple[tuple[Place, datetime], ...] = ()
    """Texts of other editors that nobody has set aside, the newest first."""
    ended_as: str = ""
    """Had it ended before: new words begin it again, and nothing is lost."""
    is_new: bool = True
    """Whether it was newer than what was here of this editor."""


_COLUMNS = f"""d.id, d.note, d.tier, d.first_version, d.based_on, d.seal, d.wrapped_key,
  d.account, d.author, d.begun_by, d.begun_at, d.saved_at, d.ended_as, d.kind, d.type,
  {KEY_COLUMNS}
  from record.note_draft as d join record.patient as p on p.number = d.patient"""
_ONE = f"select {_COLUMNS} where d.organisation = $1 and d.id = $2"
_TYPED = "exists (select from record.note_text as t where t.draft = d.id)"
"""Somebody wrote in it: a form that was only looked at has a key and no text."""
_OF_ACCOUNT = f"""
select {_COLUMNS} where d.organisation = $1 and d.account = $2 and d.ended_at is null
   and $3 in ('', d.kind) and {_TYPED}
 order by d.saved_at desc limit {MOST_DRAFTS}
"""
_OF_PATIENT = f"""
select {_COLUMNS} where d.organisation = $1 and p.organisation = $1 and p.id = $2
   and d.ended_at is null and $3 in ('', d.kind) and {_TYPED}
 order by d.saved_at desc limit {MOST_DRAFTS}
"""
_OF_THING = f"""
select {_COLUMNS} where d.organisation = $1 and d.account = $2 and d.ended_at is null
   and d.kind = $3 and d.note = $4 and ($5 or {_TYPED})
 order by d.saved_at desc limit 1
"""
_INSERT = """
insert into record.note_draft
  (id, patient, begun_at, saved_at, account, organisation, first_version, based_on,
   tier, note, seal, wrapped_key, author, kind, type)
values ($1, $2, $3, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
on conflict (id) do nothing
"""
_LOCK = """
select ended_as from record.note_draft
 where organisation = $1 and id = $2 and (account = $3 or $3 = any(former))
   for update
"""
_LOCK_ANY = """
select 1 from record.note_draft where organisation = $1 and id = $2 for update
"""
_WRITE = """
insert into record.note_text (draft, editor, saved_at, organisation, number, box)
values ($1, $2, $3, $4, $5, $6)
on conflict (draft, editor) do update
   set number = excluded.number, box = excluded.box, saved_at = excluded.saved_at,
       is_set_aside = false
 where record.note_text.number < excluded.number
"""
_SET_ASIDE = """
update record.note_text as t set is_set_aside = true
  from unnest($2::uuid[], $3::integer[]) as seen (editor, number)
 where t.draft = $1 and t.editor = seen.editor and t.number = seen.number
   and t.editor <> $4 and not t.is_set_aside
"""
_TEXTS = """
select editor, number, box, saved_at, is_set_aside from record.note_text
 where draft = $1 order by saved_at desc, editor
"""
_STANDING = """
select editor, number, saved_at, is_set_aside from record.note_text
 where draft = $1 and (not is_set_aside or editor = $2)
 order by saved_at desc, editor
"""
_BEGUN_AGAIN = """
update record.note_draft set saved_at = $2, ended_at = null, ended_as = ''
 where id = $1
"""
_END = """
update record.note_draft set ended_at = $3, ended_as = $4
 where organisation = $1 and id = $2 and ended_at is null
"""
_BASE = """
update record.note_draft set based_on = $3 where organisation = $1 and id = $2
"""
_HAND_OVER = """
update record.note_draft
   set account = $4, author = $5, saved_at = $6, former = former || account,
       begun_by = case when begun_by = '' then author else begun_by end
 where organisation = $1 and id = $2 and account = $3 and ended_at is null
"""


def _draft(row: Row) -> DraftRow:
    return DraftRow(
        id=str(row["id"]),
        patient=patient_key_row(row),
        note=id_of(row["note"]),
        tier=Tier(row["tier"]),
        kind=row["kind"],
        type=row["type"],
        first_version=row["first_version"],
        based_on=row["based_on"],
        seal=row["seal"],
        wrapped_key=row["wrapped_key"],
        account=str(row["account"]),
        author=row["author"],
        begun_by=row["begun_by"],
        begun_at=row["begun_at"],
        saved_at=row["saved_at"],
        ended_as=row["ended_as"],
    )


async def one(
    connection: Connection, organisation: OrganisationId, id_: str
) -> DraftRow | None:
    row = await connection.fetch_row(_ONE, organisation, UUID(id_))
    return None if row is None else _draft(row)


async def of_account(
    connection: Connection, organisation: OrganisationId, account: str, *, kind: str
) -> list[DraftRow]:
    """Somebody's own of a kind, or of any, that have not ended, the newest first."""
    rows = await connection.fetch(_OF_ACCOUNT, organisation, UUID(account), kind)
    return [_draft(row) for row in rows]


async def of_patient(
    connection: Connection, organisation: OrganisationId, patient: str, *, kind: str
) -> list[DraftRow]:
    """Everybody's about one patient that have not ended, the newest first."""
    rows = await connection.fetch(_OF_PATIENT, organisation, patient, kind)
    return [_draft(row) for row in rows]


async def of_thing(
    connection: Connection,
    organisation: OrganisationId,
    account: str,
    *,
    kind: str,
    note: str,
    is_looked_at_enough: bool = False,
) -> DraftRow | None:
    """Somebody's own of one thing that has not ended; the newest."""
    row = await connection.fetch_row(
        _OF_THING,
        organisation,
        UUID(account),
        kind,
        stored_id(note),
        is_looked_at_enough,
    )
    return None if row is None else _draft(row)


async def texts_of(connection: Connection, draft: str) -> list[TextRow]:
    """All of them, those that were set aside too, the newest first."""
    return [
        TextRow(
            place=Place(str(row["editor"]), row["number"]),
            box=row["box"],
            saved_at=row["saved_at"],
            is_set_aside=row["is_set_aside"],
        )
        for row in await connection.fetch(_TEXTS, UUID(draft))
    ]


async def insert(
    connection: Connection,
    organisation: OrganisationId,
    draft: DraftRow,
    first: TextRow | None,
) -> None:
    """Begin it, with its first text; begun already, nothing is changed."""
    status = await connection.execute(
        _INSERT,
        UUID(draft.id),
        draft.patient.number,
        draft.begun_at,
        UUID(draft.account),
        organisation,
        draft.first_version,
        draft.based_on,
        draft.tier,
        stored_id(draft.note),
        draft.seal,
        draft.wrapped_key,
        draft.author,
        draft.kind,
        draft.type,
    )
    if first is not None and status == "INSERT 0 1":
        sent = Sent(draft=draft.id, place=first.place, box=first.box)
        await _write(connection, organisation, sent, first.saved_at)


async def _write(
    connection: Connection, organisation: OrganisationId, sent: Sent, at: datetime
) -> bool:
    """Whether it is newer than what this editor had here."""
    status = await connection.execute(
        _WRITE,
        UUID(sent.draft),
        UUID(sent.place.editor),
        at,
        organisation,
        sent.place.number,
        sent.box,
    )
    return status == "INSERT 0 1"


async def save(
    connection: Connection,
    organisation: OrganisationId,
    sent: Sent,
    *,
    account: str,
    at: datetime,
) -> Saved | None:
    """Take a text in, within a transaction; None where it is not their draft.

    What somebody typed before their draft was taken over comes in beside the rest, a
    text of its own. Sent again, or late, it changes nothing.
    """
    draft = UUID(sent.draft)
    ended_as = await connection.fetch_value(_LOCK, organisation, draft, UUID(account))
    if ended_as is None:
        return None
    is_new = await _write(connection, organisation, sent, at)
    if is_new:
        await connection.execute(_BEGUN_AGAIN, draft, at)
    await set_aside(connection, sent.draft, sent.over, keep=sent.place.editor)
    return await _standing(connection, sent, ended_as, is_new=is_new)


async def _standing(
    connection: Connection, sent: Sent, ended_as: str, *, is_new: bool
) -> Saved | None:
    own = UUID(sent.place.editor)
    rows = await connection.fetch(_STANDING, UUID(sent.draft), own)
    mine = next((row for row in rows if row["editor"] == own), None)
    if mine is None:
        return None
    return Saved(
        number=mine["number"],
        saved_at=mine["saved_at"],
        others=tuple(
            (Place(str(row["editor"]), row["number"]), row["saved_at"])
            for row in rows
            if row["editor"] != own
        ),
        ended_as=ended_as,
        is_new=is_new,
    )


_BESIDE = """
select distinct d.author from record.note_draft as d
  join record.note_draft as mine on mine.id = $2
 where d.organisation = $1 and mine.organisation = $1 and d.patient = mine.patient
   and d.note = mine.note and d.kind = mine.kind and d.id <> mine.id
   and d.ended_at is null
   and exists (select from record.note_text as t where t.draft = d.id)
 order by d.author
"""


async def beside(
    connection: Connection, organisation: OrganisationId, id_: str
) -> list[str]:
    """Who else has a draft of the same note."""
    rows = await connection.fetch(_BESIDE, organisation, UUID(id_))
    return [row["author"] for row in rows]


async def set_aside(
    connection: Connection, draft: str, places: Sequence[Place], *, keep: str
) -> None:
    """Set texts aside that stand just there, and none of the editor to keep."""
    if places:
        await connection.execute(
            _SET_ASIDE,
            UUID(draft),
            [UUID(one.editor) for one in places],
            [one.number for one in places],
            UUID(keep),
        )


async def end(
    connection: Connection,
    organisation: OrganisationId,
    id_: str,
    *,
    as_: str,
    at: datetime,
    only: Place | None = None,
) -> None:
    """End it, within a transaction; with `only`, where it has no text but that one."""
    if only is not None:
        # Locked first, as a save does, so that what was just saved is seen.
        await connection.execute(_LOCK_ANY, organisation, UUID(id_))
        texts = await texts_of(connection, id_)
        if any(not one.is_set_aside and one.place != only for one in texts):
            return
    await connection.execute(_END, organisation, UUID(id_), at, as_)


_NO_EDITOR = "00000000-0000-4000-8000-000000000000"


async def finish(
    connection: Connection,
    organisation: OrganisationId,
    id_: str,
    *,
    written: Place,
    over: Sequence[Place],
    at: datetime,
) -> bool:
    """What it says is in the record, within a transaction; whether that is all of it.

    `written` is the window that sent it and how far it was, `over` what that had read.
    What another window typed besides keeps the draft going, by itself.
    """
    await connection.execute(_LOCK_ANY, organisation, UUID(id_))
    alive = [
        one.place for one in await texts_of(connection, id_) if not one.is_set_aside
    ]
    done = [
        one
        for one in alive
        if one in over
        or (one.editor == written.editor and one.number <= written.number)
    ]
    if len(done) < len(alive):
        await set_aside(connection, id_, done, keep=_NO_EDITOR)
        return False
    await connection.execute(_END, organisation, UUID(id_), at, SIGNED)
    return True


async def build_on(
    connection: Connection, organisation: OrganisationId, id_: str, version: int
) -> None:
    """Have it amend a newer version of the note."""
    await connection.execute(_BASE, organisation, UUID(id_), version)


async def hand_over(
    connection: Connection,
    organisation: OrganisationId,
    draft: DraftRow,
    *,
    to: tuple[str, str],
    at: datetime,
) -> bool:
    """Give it to another account, with their name; False where somebody was faster."""
    account, author = to
    status = await connection.execute(
        _HAND_OVER,
        organisation,
        UUID(draft.id),
        UUID(draft.account),
        UUID(account),
        author,
        at,
    )
    return status == "UPDATE 1"
