# SPDX-License-Identifier: Apache-2.0
"""The keys that a change is written with: new patients', existing ones', our own."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import msgspec

from wardkeep.crypto.aead import Cipher, Key
from wardkeep.disclosure.answers import NewKeys, Refusal, Seals
from wardkeep.disclosure.client import WardenClient
from wardkeep.disclosure.purpose import Action, Purpose, Tier
from wardkeep.disclosure.questions import (
    ForWork,
    Item,
    NewPatientKeys,
    NewSeals,
    ResourceRef,
    SaidTie,
)
from wardkeep.fhir.store.draft import Draft
from wardkeep.fhir.store.opening import shared_cipher
from wardkeep.fhir.store.outcomes import NO_ENTRY, Opener
from wardkeep.fhir.store.rows import PATIENT_TIERS, PatientKeyRow
from wardkeep.fhir.work.ties import tells_ties, ties_of


class WriteKeys(msgspec.Struct, kw_only=True):
    """Keys to write with; they live as long as the request."""

    ciphers: dict[tuple[str, Tier], Cipher]
    wrapped: dict[str, tuple[bytes, bytes, bytes]]
    """Of new patients, for their rows."""
    entry: int = NO_ENTRY
    seals: dict[ResourceRef, tuple[bytes, Cipher]] = {}
    """A key for each row that is sealed, wrapped and made ready."""

    def take_new(self, given: NewKeys) -> None:
        for one in given.patients:
            self.wrapped[one.patient] = one.wrapped
            for tier, plain in zip(PATIENT_TIERS[:2], one.plain, strict=True):
                self.ciphers[one.patient, tier] = Cipher(Key(plain))


WrappedKey = Callable[[Tier], bytes]


class Planned(NamedTuple):
    """What is about to be written."""

    versions: Sequence[tuple[Draft, int]]
    """Each draft, and at which version."""
    now: int
    """UTC microseconds since 1970."""
    change: str
    """The name by which what it tells is taken back."""

    def refs(self, patient: str) -> tuple[ResourceRef, ...]:
        return tuple(
            (draft.type, draft.id, version)
            for draft, version in self.versions
            if draft.owner == patient
        )

    def ties(self, patients: Sequence[str]) -> tuple[SaidTie, ...] | None:
        """What is explained of these patients; None where no kind of it ever does."""
        mine = [
            draft
            for draft, _ in self.versions
            if draft.owner in patients
            and draft.owner
            # What is sealed tells nobody anything.
            and draft.tier is not Tier.SEALED
            and tells_ties(draft.type)
        ]
        if not mine:
            return None
        return tuple(
            tie
            for draft in mine
            for tie in ties_of(draft.resource, draft.id, now=self.now)
        )


async def new_patient_keys(
    warden: WardenClient, opener: Opener, patients: Sequence[str], planned: Planned
) -> WriteKeys | Refusal:
    """Keys for patients who are not in the store yet."""
    keys = WriteKeys(ciphers={}, wrapped={})
    if patients:
        named = {patient: planned.refs(patient) for patient in patients}
        asked = NewPatientKeys(opener.session, tuple(named), tuple(named.values()))
        ties = planned.ties(patients)
        question = asked if ties is None else ForWork(asked, ties, planned.change)
        given = await warden.ask(question, NewKeys)
        if isinstance(given, Refusal):
            return given
        keys.take_new(given)
    return keys


async def add_existing_keys(
    keys: WriteKeys,
    warden: WardenClient,
    opener: Opener,
    *,
    patients: Mapping[str, PatientKeyRow],
    planned: Planned,
    shared: bytes = b"",
) -> Refusal | None:
    """Ask the door for existing patients' keys, one patient a question.

    `shared` is the organisation's own wrapped key, for what no patient owns.
    """
    asked = await _whose(keys, warden, opener, patients=patients, shared=shared)
    if isinstance(asked, Refusal):
        return asked
    for patient, wrapped_key in asked:
        items = _items(patient, wrapped_key, planned)
        if not items:
            continue
        grant = await warden.disclose(
            opener.session,
            purpose=opener.purpose,
            reason=opener.reason,
            action=Action.WRITE,
            items=items,
            request=opener.request,
            ties=planned.ties((patient,)),
            change=planned.change,
        )
        if isinstance(grant, Refusal):
            return grant
        if keys.entry == NO_ENTRY:
            keys.entry = grant.entry
        for item in items:
            cipher = grant.cipher_for_writing(patient, item.tier)
            keys.ciphers[patient, item.tier] = cipher
    return None


async def add_seals(
    keys: WriteKeys,
    warden: WardenClient,
    opener: Opener,
    *,
    patients: Mapping[str, PatientKeyRow],
    planned: Planned,
) -> Refusal | None:
    """Ask for a key for each row that will be sealed, one patient a question.

    Whoever writes what is sealed need not be able to read it: the key of the tier
    stays with the warden, and each row's own opens that row alone.
    """
    sealed: dict[str, list[ResourceRef]] = {}
    for draft, version in planned.versions:
        if draft.tier is Tier.SEALED:
            ref = (draft.type, draft.id, version)
            sealed.setdefault(draft.owner, []).append(ref)
    for patient, refs in sealed.items():
        is_new = patient in keys.wrapped
        given = await warden.ask(
            NewSeals(
                opener.session,
                opener.purpose,
                opener.reason,
                patient,
                (keys.wrapped if is_new else _wrapped_of(patients))[patient][-1],
                tuple(refs),
                opener.request,
            ),
            Seals,
        )
        if isinstance(given, Refusal):
            return given
        if keys.entry == NO_ENTRY:
            keys.entry = given.entry
        for ref, (wrapped, plain) in zip(refs, given.seals, strict=True):
            keys.seals[ref] = (wrapped, Cipher(Key(plain)))
    return None


def _wrapped_of(
    patients: Mapping[str, PatientKeyRow],
) -> dict[str, tuple[bytes, bytes, bytes]]:
    return {one.id: one.wrapped for one in patients.values()}


async def _whose(
    keys: WriteKeys,
    warden: WardenClient,
    opener: Opener,
    *,
    patients: Mapping[str, PatientKeyRow],
    shared: bytes,
) -> list[tuple[str, WrappedKey]] | Refusal:
    """Whose keys the door is asked for; the organisation's own has no name."""
    asked: list[tuple[str, WrappedKey]] = [
        (one.id, one.wrapped_key) for one in patients.values()
    ]
    if not shared:
        return asked
    if opener.purpose is not Purpose.IMPORT:
        return [*asked, ("", lambda _: shared)]
    # An import has a socket that opens nothing; its one entry names the import.
    cipher = await shared_cipher(warden, opener, shared)
    if isinstance(cipher, Refusal):
        return cipher
    keys.ciphers["", Tier.SHARED] = cipher
    return asked


def _items(patient: str, wrapped_key: WrappedKey, planned: Planned) -> tuple[Item, ...]:
    by_tier: dict[Tier, list[tuple[str, str, int]]] = {}
    for draft, version in planned.versions:
        if draft.owner == patient and draft.tier is not Tier.SEALED:
            by_tier.setdefault(draft.tier, []).append((draft.type, draft.id, version))
    return tuple(
        Item(
            patient=patient,
            tier=tier,
            wrapped_key=wrapped_key(tier),
            resources=tuple(refs),
        )
        for tier, refs in sorted(by_tier.items())
    )
