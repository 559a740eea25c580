# SPDX-License-Identifier: Apache-2.0
"""Writing to the store: all of a change or nothing, each version under its key."""

import asyncio
from collections.abc import Iterator, Sequence

import msgspec

from wardkeep.base.clock import Clock, microseconds_since_epoch
from wardkeep.base.outcome import Problem
from wardkeep.db.changes import tell
from wardkeep.db.connection import Database
from wardkeep.db.errors import AlreadyExistsError, OutOfDateError
from wardkeep.disclosure.answers import Refusal
from wardkeep.disclosure.client import WardenClient
from wardkeep.disclosure.purpose import Action, Purpose, Tier
from wardkeep.disclosure.questions import Item
from wardkeep.fhir.store.applying import (
    GuardMetError,
    LostRaceError,
    be_in_time,
    pass_guards,
    remove,
    write_beside,
    write_rows,
)
from wardkeep.fhir.store.change import (
    MUST_NOT_EXIST,
    Change,
    Known,
    Removal,
    conflict_in,
    look_up,
    patients_in,
)
from wardkeep.fhir.store.draft import Draft
from wardkeep.fhir.store.found_by import is_found_by_more, keep_found
from wardkeep.fhir.store.gathering import Gatherer, patients_keys
from wardkeep.fhir.store.keys import own_wrapped_key
from wardkeep.fhir.store.opening import name_people
from wardkeep.fhir.store.outcomes import (
    NO_ENTRY,
    AlreadyThere,
    Conflict,
    Invalid,
    Opener,
    Reference,
    Written,
)
from wardkeep.fhir.store.reserved import forged, ledger_event_id
from wardkeep.fhir.store.rows import (
    NewRow,
    insert_patient,
    patient_key_row,
)
from wardkeep.fhir.store.sealing import Place, seal_draft
from wardkeep.fhir.store.taken import TakenError
from wardkeep.fhir.store.telling import Telling, telling
from wardkeep.fhir.store.tokens import RowTokens, TokenMemory, row_tokens_of
from wardkeep.fhir.store.write_keys import (
    Planned,
    WriteKeys,
    add_existing_keys,
    add_seals,
    new_patient_keys,
)
from wardkeep.fhir.validation.entry_codes import entry_codes_in
from wardkeep.fhir.work.ties import tells_ties

ATTEMPTS = 3
_MARK = """
insert into record.import_mark (organisation, resources, source, token_turn)
values ($1, $2, $3, $4)
"""


class _Ready(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that a transaction needs."""

    change: Change
    known: Known
    keys: WriteKeys
    tokens: Sequence[RowTokens]
    """Of each draft, and at last of the mark."""
    began: float


class Writer:
    """Writes new versions, through the door."""

    def __init__(
        self,
        database: Database,
        warden: WardenClient,
        *,
        clock: Clock,
        memory: TokenMemory | None = None,
        must_patients_exist: bool = True,
        takes_entry_codes: bool = False,
    ) -> None:
        """Share the memory of a load's tokens, where one session writes everything.

        What seems to hold a code that opens a home is refused. A load takes it: what
        an organisation has elsewhere cannot be asked to be written anew, and its
        report lists it.

        FHIR lets a reference point to what is not there yet: programs may write about
        a patient who comes later; imports and pages may not. Which triage content is
        in use, who reviewed and who held it, people say on pages alone.
        """
        self._must_patients_exist = must_patients_exist
        self._takes_entry_codes = takes_entry_codes
        self._database = database
        self._warden = warden
        self._patients = Gatherer(database, patients_keys)
        self._clock = clock
        self._memory = memory

    async def write(
        self, change: Change, *, opener: Opener
    ) -> Written | Refusal | Conflict | Invalid | AlreadyThere:
        """Write all of a change in one transaction, or nothing of it."""
        named = [(one.type, one.id) for one in change.drafts]
        named.extend((one.type, one.id) for one in change.removals)
        wrong = _wrong_names(named)
        if wrong is not None:
            return Invalid(problems=(wrong,))
        codes = [] if self._takes_entry_codes else _entry_codes(change.drafts)
        if codes:
            return Invalid(problems=tuple(codes))
        for attempt in range(ATTEMPTS):
            # What must not exist is not looked for: the database refuses it anyway.
            looked_for = [
                (draft.type, draft.id)
                for draft, version in zip(change.drafts, change.expected, strict=True)
                if attempt or version != MUST_NOT_EXIST
            ]
            looked_for.extend((one.type, one.id) for one in change.removals)
            async with telling(self._warden, change) as told:
                ready = await self._prepare(change, looked_for, opener, told)
                if not isinstance(ready, _Ready):
                    return ready
                try:
                    return await self._store(ready, opener, told)
                except GuardMetError as met:
                    return AlreadyThere(guard=met.guard)
                except TakenError as taken:
                    return Invalid(problems=(taken.problem,))
                except (AlreadyExistsError, LostRaceError, OutOfDateError):
                    told.may_stand = False
                    self._forget()
        type_, id_ = named[0]
        return Conflict(type=type_, id=id_, version=0)

    async def _prepare(
        self,
        change: Change,
        looked_for: Sequence[tuple[str, str]],
        opener: Opener,
        told: Telling,
    ) -> _Ready | Refusal | Conflict | Invalid:
        began = self._clock.monotonic_seconds()
        known = await self._known(change, looked_for, opener)
        wrong = conflict_in(known, change) or self._invalid(known, change.drafts)
        if wrong is not None:
            return wrong
        shared = await self._shared(known, change, opener)
        if isinstance(shared, Refusal):
            return shared
        dealt = [*(draft.secrets for draft in change.drafts), change.mark]
        secrets = [one for some in dealt for one in some]
        keys, found = await asyncio.gather(
            self._keys(known, change, opener, shared=shared, name=told.change),
            self._tokens(secrets, opener),
        )
        if isinstance(keys, Refusal):
            return keys
        if isinstance(found, Refusal):
            return found
        tokens = found.dealt([len(some) for some in dealt])
        return _Ready(change=change, known=known, keys=keys, tokens=tokens, began=began)

    async def _known(
        self, change: Change, looked_for: Sequence[tuple[str, str]], opener: Opener
    ) -> Known:
        """What there is; a single patient is looked up together with others'."""
        organisation, patients = opener.organisation, patients_in(change)
        if looked_for or len(patients) > 1:
            async with self._database.connection(organisation) as connection:
                return await look_up(connection, change, looked_for, opener)
        found = [await self._patients.row(organisation, one) for one in patients]
        keys = [patient_key_row(row) for row in found if row is not None]
        return Known(current={}, patients={one.id: one for one in keys})

    async def _shared(
        self, known: Known, change: Change, opener: Opener
    ) -> bytes | Refusal:
        """The organisation's own wrapped key, where the change needs it."""
        is_any_new = any(not draft.owner for draft in change.drafts)
        if not is_any_new and not _is_any_shared(known, change.removals):
            return b""
        async with self._database.connection(opener.organisation) as connection:
            return await own_wrapped_key(
                connection,
                self._warden,
                session=opener.session,
                organisation=opener.organisation,
            )

    def _invalid(self, known: Known, drafts: Sequence[Draft]) -> Invalid | None:
        arriving = {draft.id for draft in drafts if draft.type == "Patient"}
        problems = []
        for draft in drafts:
            current = known.current.get((draft.type, draft.id))
            is_known = draft.owner in known.patients.keys() | arriving
            if draft.owner and not is_known and self._must_patients_exist:
                problems.append(_no_patient(draft))
            elif not self._must_patients_exist and (wrong := forged(draft.resource)):
                problems.append(wrong)
            elif current is not None and current.patient != draft.owner:
                problems.append(_another_patient(draft))
        return Invalid(problems=tuple(problems)) if problems else None

    async def _tokens(self, terms: list[bytes], opener: Opener) -> RowTokens | Refusal:
        if self._memory is not None:
            return await self._memory.row_tokens_of(terms)
        return await row_tokens_of(self._warden, opener.session, terms)

    def _forget(self) -> None:
        """Tokens that are remembered may be of a key that was replaced."""
        if self._memory is not None:
            self._memory.forget()

    async def _keys(
        self, known: Known, change: Change, opener: Opener, *, shared: bytes, name: str
    ) -> WriteKeys | Refusal:
        drafts = change.drafts
        owners = dict.fromkeys(draft.owner for draft in drafts if draft.owner)
        new = [owner for owner in owners if owner not in known.patients]
        planned = Planned(
            [(draft, known.next_version(draft)) for draft in drafts],
            microseconds_since_epoch(self._clock.now()),
            name,
        )
        keys = await new_patient_keys(self._warden, opener, new, planned)
        if isinstance(keys, Refusal):
            return keys
        refused = await add_existing_keys(
            keys,
            self._warden,
            opener,
            patients=known.patients,
            planned=planned,
            shared=shared,
        )
        refused = refused or await add_seals(
            keys, self._warden, opener, patients=known.patients, planned=planned
        )
        refused = refused or await self._reach_sealed(known, drafts, opener)
        refused = refused or await self._name_others(known, drafts, opener)
        refused = refused or await self._write_down_removals(
            known, change.removals, opener, keys=keys, shared=shared, name=name
        )
        return keys if refused is None else refused

    async def _reach_sealed(
        self, known: Known, drafts: Sequence[Draft], opener: Opener
    ) -> Refusal | None:
        """Have the door judge whoever would take the seal off what is sealed."""
        named: Named = {}
        for draft in drafts:
            current = known.current.get((draft.type, draft.id))
            if current is None or current.is_deleted or draft.tier is Tier.SEALED:
                continue
            if current.tier == Tier.SEALED:
                ref = (draft.type, draft.id, current.version)
                named.setdefault((current.patient, current.tier), []).append(ref)
        asked = _asked(named, known)
        entry = await self._judged(asked, opener, action=Action.WRITE)
        return entry if isinstance(entry, Refusal) else None

    async def _write_down_removals(
        self,
        known: Known,
        removals: Sequence[Removal],
        opener: Opener,
        *,
        keys: WriteKeys,
        shared: bytes,
        name: str,
    ) -> Refusal | None:
        """Have the door judge deletions, and the ledger name them."""
        named: Named = {}
        for one in removals:
            current = known.current.get((one.type, one.id))
            if current is not None and not current.is_deleted:
                ref = (one.type, one.id, current.version)
                named.setdefault((current.patient, current.tier), []).append(ref)
        asked = _asked(named, known, shared=shared)
        entry = await self._judged(asked, opener, action=Action.DELETE, name=name)
        if isinstance(entry, Refusal):
            return entry
        keys.entry = entry if keys.entry == NO_ENTRY else keys.entry
        return None

    async def _judged(
        self, items: Sequence[Item], opener: Opener, *, action: Action, name: str = ""
    ) -> int | Refusal:
        """Ask the door for each, and drop the keys; the first entry that names one."""
        first = NO_ENTRY
        for item in items:
            # What is deleted explains nothing any more.
            is_over = action is Action.DELETE and any(
                tells_ties(type_) for type_, _, _ in item.resources
            )
            grant = await self._warden.disclose(
                opener.session,
                purpose=opener.purpose,
                reason=opener.reason,
                action=action,
                items=(item,),
                request=opener.request,
                ties=() if is_over else None,
                change=name,
            )
            if isinstance(grant, Refusal):
                return grant
            first = grant.entry if first == NO_ENTRY else first
        return first

    async def _name_others(
        self, known: Known, drafts: Sequence[Draft], opener: Opener
    ) -> Refusal | None:
        """Have the ledger name the further patients of what is written."""
        people = [
            (
                known.patients[other],
                tuple(
                    (draft.type, draft.id, known.next_version(draft))
                    for draft in drafts
                    if other in draft.patients[1:]
                ),
            )
            for other in dict.fromkeys(p for d in drafts for p in d.patients[1:])
            if other in known.patients
        ]
        return await name_people(self._warden, opener, people=people)

    async def _store(self, ready: _Ready, opener: Opener, told: Telling) -> Written:
        be_in_time(self._clock, ready.began)
        organisation, now = opener.organisation, self._clock.now()
        change, known = ready.change, ready.known
        numbers = {one.id: one.number for one in known.patients.values()}
        # One row by itself is all or nothing without a transaction around it.
        is_alone = _is_one_new_row(ready)
        borrow = self._database.connection if is_alone else self._database.transaction
        async with borrow(organisation) as connection:
            told.may_stand = is_alone
            await pass_guards(connection, change.guards)
            for patient, wrapped in ready.keys.wrapped.items():
                numbers[patient] = await insert_patient(
                    connection, organisation, patient=patient, wrapped=wrapped
                )
            place = Place(organisation=organisation, last_updated=now, numbers=numbers)
            rows = list(_rows(ready, place))
            await write_rows(connection, place, rows)
            removed = await remove(connection, place, change.removals, known)
            await keep_found(
                connection,
                organisation,
                change.drafts,
                removed=removed,
                numbers=numbers,
                now=now,
                is_import=opener.purpose is Purpose.IMPORT,
            )
            await write_beside(connection, change.beside)
            if change.mark:
                for mark in ready.tokens[-1].marks():
                    await connection.execute(_MARK, organisation, len(rows), *mark)
            await tell(connection, organisation, change.tells)
            told.may_stand = True
        references = tuple(
            Reference(draft.type, draft.id, row.version)
            for draft, row in zip(change.drafts, rows, strict=True)
        )
        return Written(
            references=references,
            last_updated=now,
            entry=ready.keys.entry,
            created=frozenset(
                (one.type, one.id) for one in references if not known.has(one)
            ),
            removed=removed,
        )


Named = dict[tuple[str, int], list[tuple[str, str, int]]]
"""By patient and tier: current versions of what a change would end."""


def _asked(named: Named, known: Known, *, shared: bytes = b"") -> list[Item]:
    """An item for each; `shared` opens what no patient owns."""
    return [
        Item(
            patient,
            Tier(tier),
            known.patients[patient].wrapped_key(Tier(tier)) if patient else shared,
            tuple(refs),
        )
        for (patient, tier), refs in named.items()
    ]


def _is_one_new_row(ready: _Ready) -> bool:
    change = ready.change
    is_more = change.guards or change.removals or change.mark or ready.keys.wrapped
    is_beside = change.beside or change.tells
    if is_more or is_beside or len(change.drafts) != 1:
        return False
    if is_found_by_more(change.drafts[0]):
        return False
    return ready.known.next_version(change.drafts[0]) == 1


def _entry_codes(drafts: Sequence[Draft]) -> list[Problem]:
    return [
        problem
        for draft in drafts
        if draft.tier is not Tier.SEALED
        for problem in entry_codes_in(draft.resource)
    ]


def _wrong_names(named: Sequence[tuple[str, str]]) -> Problem | None:
    if len(set(named)) != len(named):
        return _TWICE
    if any(ledger_event_id(type_, id_) for type_, id_ in named):
        return _OF_THE_LEDGER
    return None


def _rows(ready: _Ready, place: Place) -> Iterator[NewRow]:
    drafts = ready.change.drafts
    for draft, tokens in zip(drafts, ready.tokens[: len(drafts)], strict=True):
        yield seal_draft(
            draft,
            place,
            version=ready.known.next_version(draft),
            ciphers=ready.keys.ciphers,
            seals=ready.keys.seals,
            tokens=tokens,
        )


def _is_any_shared(known: Known, removals: Sequence[Removal]) -> bool:
    found = [known.current.get((one.type, one.id)) for one in removals]
    return any(one is not None and not one.patient for one in found)


def _no_patient(draft: Draft) -> Problem:
    return Problem(
        place=draft.type,
        wrong="it is about a patient who is not here",
        mend="Create the patient first, or correct the reference.",
    )


def _another_patient(draft: Draft) -> Problem:
    return Problem(
        place=draft.type,
        wrong="it would move from one patient to another",
        mend="Create it anew for the right patient and mark this one entered-in-error.",
    )


_OF_THE_LEDGER = Problem(
    place="AuditEvent.id",
    wrong="it is an entry of the ledger, which nobody changes",
    mend="Leave it; an AuditEvent of your own needs another id.",
)
_TWICE = Problem(
    place="the change",
    wrong="it writes the same resource twice",
    mend="Write every resource once.",
)
