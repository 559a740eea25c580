# SPDX-License-Identifier: Apache-2.0
"""Drafts through the door: a key for each, given to whoever writes, once.

A draft has a data key of its own, wrapped under the patient's. Beginning or opening one
asks the door, which is an entry; then the page has the key and seals what is typed
itself. So a save, thirty a minute, takes no key, reads nothing, and needs no entry
(docs/decisions/0031-notes.md).
"""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

import msgspec

from wardkeep.base.clock import Clock
from wardkeep.base.ids import OrganisationId, is_uuid
from wardkeep.crypto.aead import BoxCannotBeOpenedError, Cipher, Key, new_key
from wardkeep.db.connection import Database
from wardkeep.disclosure.answers import Refusal, Seals
from wardkeep.disclosure.client import WardenClient
from wardkeep.disclosure.purpose import Action, Tier
from wardkeep.disclosure.questions import Item, NewSeals, ResourceRef
from wardkeep.fhir.notes import draft_rows
from wardkeep.fhir.notes.draft_rows import DraftRow, Place, Saved, Sent, TextRow
from wardkeep.fhir.notes.letting_go import LetGo, let_go
from wardkeep.fhir.notes.note import TYPE
from wardkeep.fhir.notes.words import Words, read_words, write_words
from wardkeep.fhir.store.keys import patients_by_id
from wardkeep.fhir.store.outcomes import NotFound, Opener
from wardkeep.fhir.store.rows import PatientKeyRow

MOST_BOX_BYTES = 190_000
"""Of a sealed text: what fits a request once it is written in base64."""


class NewDraft(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be begun; its id is made before, so that sent twice it is one."""

    id: str
    patient: str
    note: str
    based_on: int
    is_sealed: bool
    account: str
    author: str
    words: Words | None
    """None: nobody has typed yet, so that no list has it."""
    kind: str = draft_rows.NOTE
    type: str = TYPE
    action: Action = Action.WRITE
    """What the door is asked for: a form that is looked at writes nothing yet."""


class _Given(NamedTuple):
    """What a draft's key is wrapped by, as the door gave it."""

    seal: bytes
    """Of a sealed one, its row's own wrapped key."""
    cipher: Cipher
    entry: int


class OpenText(msgspec.Struct, frozen=True, kw_only=True):
    """One editor's text in the clear; None: it does not open."""

    place: Place
    row: TextRow
    words: Words | None


class OpenDraft(msgspec.Struct, frozen=True, kw_only=True):
    """A draft in the clear, and the key under which its page seals what comes next."""

    row: DraftRow
    key: Key
    texts: tuple[OpenText, ...]
    """Those that nobody has set aside, the newest first; of a note at least one."""
    set_aside: tuple[OpenText, ...]
    entry: int

    def sealed(self, place: Place, words: Words, *, organisation: int) -> Sent:
        """Words on their way into the store, sealed as the page does it."""
        box = Cipher(self.key).seal(
            write_words(words), text_identity(organisation, self.row.id, place)
        )
        seen = tuple(one.place for one in self.texts)
        return Sent(draft=self.row.id, place=place, box=box, over=seen)


def page_identity(organisation: int, draft: str) -> str:
    """What every box of a draft is bound to, as its page begins it."""
    return f"note-text|1|{organisation}|{draft}|"


def text_identity(organisation: int, draft: str, place: Place) -> bytes:
    """What a text's box is bound to (docs/formats/note.md)."""
    where = page_identity(organisation, draft)
    return f"{where}{place.editor}|{place.number}".encode()


def _key_identity(organisation: int, patient: str, draft: str) -> bytes:
    return f"draft-key|1|{organisation}|{patient}|{draft}".encode()


class NoteDrafts:
    """Begins, opens and keeps drafts."""

    def __init__(
        self, database: Database, warden: WardenClient, *, clock: Clock
    ) -> None:
        self._database = database
        self._warden = warden
        self._clock = clock

    async def begin(
        self, new: NewDraft, *, editor: str, opener: Opener
    ) -> Refusal | NotFound | None:
        """Begin one with its first words; None once it is there."""
        if await self.look(opener.organisation, new.id) is not None:
            return None
        begun = await self.begin_anew(new, editor=editor, opener=opener)
        return None if isinstance(begun, OpenDraft) else begun

    async def begin_anew(
        self, new: NewDraft, *, editor: str, opener: Opener
    ) -> OpenDraft | Refusal | NotFound:
        """Begin one whose id was just made, and have it open: one entry says both."""
        organisation = opener.organisation
        async with self._database.connection(organisation) as connection:
            keys = await patients_by_id(connection, organisation, [new.patient])
        if new.patient not in keys:
            return NotFound(type="Patient", id=new.patient)
        patient = keys[new.patient]
        given = await self._cipher_for(patient, new, opener)
        if isinstance(given, Refusal):
            return given
        key, now = new_key(), self._clock.now()
        draft = _begun(new, patient, key, given, now=now, organisation=organisation)
        place, first = Place(editor, 0), None
        if new.words is not None:
            identity = text_identity(organisation, new.id, place)
            box = Cipher(key).seal(write_words(new.words), identity)
            first = TextRow(place=place, box=box, saved_at=now)
        # One row by itself is all or nothing without a transaction around it.
        is_alone = first is None
        borrow = self._database.connection if is_alone else self._database.transaction
        async with borrow(organisation) as connection:
            await draft_rows.insert(connection, organisation, draft, first)
        texts = [] if first is None else [_opened(first, key, organisation, draft.id)]
        return OpenDraft(
            row=draft, key=key, texts=tuple(texts), set_aside=(), entry=given.entry
        )

    async def _cipher_for(
        self, patient: PatientKeyRow, new: NewDraft, opener: Opener
    ) -> _Given | Refusal:
        ref = (new.type, new.note, new.based_on + 1)
        if not new.is_sealed:
            grant = await self._warden.disclose(
                opener.session,
                purpose=opener.purpose,
                reason=opener.reason,
                action=new.action,
                items=(_item(patient, Tier.RECORD, ref),),
            )
            if isinstance(grant, Refusal):
                return grant
            cipher = grant.cipher_for_writing(patient.id, Tier.RECORD)
            return _Given(b"", cipher, grant.entry)
        asked = NewSeals(
            opener.session,
            opener.purpose,
            opener.reason,
            patient.id,
            patient.wrapped_key(Tier.SEALED),
            (ref,),
        )
        given = await self._warden.ask(asked, Seals)
        if isinstance(given, Refusal):
            return given
        [(wrapped, plain)] = given.seals
        return _Given(wrapped, Cipher(Key(plain)), given.entry)

    async def look(self, organisation: OrganisationId, id_: str) -> DraftRow | None:
        """A draft without its words; no key is needed for that."""
        if not is_uuid(id_):
            return None
        async with self._database.connection(organisation) as connection:
            return await draft_rows.one(connection, organisation, id_)

    async def of_account(
        self,
        organisation: OrganisationId,
        account: str,
        *,
        kind: str = draft_rows.NOTE,
    ) -> Sequence[DraftRow]:
        """Somebody's own of a kind or `ANY`, the newest first; 40 at most."""
        async with self._database.connection(organisation) as connection:
            return await draft_rows.of_account(
                connection, organisation, account, kind=kind
            )

    async def of_patient(
        self,
        organisation: OrganisationId,
        patient: str,
        *,
        kind: str = draft_rows.NOTE,
    ) -> Sequence[DraftRow]:
        """Everybody's about one patient, the newest first; no words of them."""
        async with self._database.connection(organisation) as connection:
            return await draft_rows.of_patient(
                connection, organisation, patient, kind=kind
            )

    async def of_thing(
        self,
        organisation: OrganisationId,
        account: str,
        *,
        kind: str,
        note: str,
        is_looked_at_enough: bool = False,
    ) -> DraftRow | None:
        """Somebody's own of one letter, plan, …, where they have not finished it.

        Where looking is enough, one without a word yet is found as well.
        """
        async with self._database.connection(organisation) as connection:
            return await draft_rows.of_thing(
                connection,
                organisation,
                account,
                kind=kind,
                note=note,
                is_looked_at_enough=is_looked_at_enough,
            )

    async def open(self, draft: DraftRow, *, opener: Opener) -> OpenDraft | Refusal:
        """All its texts in the clear, once that is in the ledger.

        Raises:
            BoxCannotBeOpenedError: its key was changed or moved.
        """
        async with self._database.connection(opener.organisation) as connection:
            rows = await draft_rows.texts_of(connection, draft.id)
        ref = (draft.type, draft.note, draft.first_version)
        grant = await self._warden.disclose(
            opener.session,
            purpose=opener.purpose,
            reason=opener.reason,
            action=Action.READ,
            items=(_item(draft.patient, draft.tier, ref, row_key=draft.seal),),
        )
        if isinstance(grant, Refusal):
            return grant
        patient, organisation = draft.patient.id, opener.organisation
        cipher = grant.cipher_for_writing(patient, draft.tier)
        identity = _key_identity(organisation, patient, draft.id)
        key = Key(cipher.open(draft.wrapped_key, identity))
        texts = [_opened(row, key, organisation, draft.id) for row in rows]
        return OpenDraft(
            row=draft,
            key=key,
            texts=tuple(one for one in texts if not one.row.is_set_aside),
            set_aside=tuple(one for one in texts if one.row.is_set_aside),
            entry=grant.entry,
        )

    async def save(
        self, sent: Sent, *, account: str, organisation: OrganisationId
    ) -> Saved | None:
        """Keep a text; None where it is not this account's draft."""
        at = self._clock.now()
        async with self._database.transaction(organisation) as connection:
            return await draft_rows.save(
                connection, organisation, sent, account=account, at=at
            )

    async def beside(self, draft: str, *, organisation: OrganisationId) -> list[str]:
        """Names of those who write on the same note just now."""
        async with self._database.connection(organisation) as connection:
            return await draft_rows.beside(connection, organisation, draft)

    async def end(
        self,
        draft: DraftRow,
        *,
        as_: str,
        organisation: OrganisationId,
        only: Place | None = None,
    ) -> None:
        """It was signed or thrown away; its texts stay where they are.

        With `only`, words that came in beside that text keep the draft going.
        """
        at = self._clock.now()
        async with self._database.transaction(organisation) as connection:
            await draft_rows.end(
                connection, organisation, draft.id, as_=as_, at=at, only=only
            )

    async def finish(
        self,
        draft: DraftRow,
        *,
        written: Place,
        over: Sequence[Place],
        organisation: OrganisationId,
    ) -> bool:
        """What a window sent is in the record; False where another's words go on."""
        at = self._clock.now()
        async with self._database.transaction(organisation) as connection:
            return await draft_rows.finish(
                connection, organisation, draft.id, written=written, over=over, at=at
            )

    async def let_go(self, gone: LetGo, *, organisation: OrganisationId) -> None:
        """End it with nothing left of its words, which are elsewhere or unwanted."""
        at = self._clock.now()
        async with self._database.transaction(organisation) as connection:
            await let_go(connection, organisation, gone, at=at)

    async def build_on(
        self, draft: DraftRow, version: int, *, organisation: OrganisationId
    ) -> None:
        async with self._database.connection(organisation) as connection:
            await draft_rows.build_on(connection, organisation, draft.id, version)

    async def hand_over(
        self, draft: DraftRow, *, to: tuple[str, str], organisation: OrganisationId
    ) -> bool:
        """Give it to (account, name); False where somebody was faster."""
        async with self._database.connection(organisation) as connection:
            return await draft_rows.hand_over(
                connection, organisation, draft, to=to, at=self._clock.now()
            )


def _begun(
    new: NewDraft,
    patient: PatientKeyRow,
    key: Key,
    given: _Given,
    *,
    now: datetime,
    organisation: int,
) -> DraftRow:
    return DraftRow(
        id=new.id,
        patient=patient,
        note=new.note,
        tier=Tier.SEALED if new.is_sealed else Tier.RECORD,
        kind=new.kind,
        type=new.type,
        first_version=new.based_on + 1,
        based_on=new.based_on,
        seal=given.seal,
        wrapped_key=given.cipher.seal(
            key, _key_identity(organisation, patient.id, new.id)
        ),
        account=new.account,
        author=new.author,
        begun_by="",
        begun_at=now,
        saved_at=now,
    )


def _item(
    patient: PatientKeyRow, tier: Tier, ref: ResourceRef, *, row_key: bytes = b""
) -> Item:
    return Item(patient.id, tier, patient.wrapped_key(tier), (ref,), row_key)


def _opened(row: TextRow, key: Key, organisation: int, draft: str) -> OpenText:
    try:
        identity = text_identity(organisation, draft, row.place)
        words = read_words(Cipher(key).open(row.box, identity))
    except BoxCannotBeOpenedError:
        words = None
    return OpenText(place=row.place, row=row, words=words)
