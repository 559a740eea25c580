# SPDX-License-Identifier: Apache-2.0
"""The one door: rules, then the ledger, then the keys.

Nothing here waits: a question is judged, its entries are appended, and the answer is
held by the batch until they are on disk (batch.py). The answer to a question that was
not written down is a refusal, whatever the rules said.
"""

from collections.abc import Iterator, Sequence, Set as AbstractSet
from itertools import groupby
from typing import NamedTuple

import msgspec

from wardkeep import __version__
from wardkeep.base.clock import Clock, microseconds_since_epoch
from wardkeep.disclosure.answers import (
    Answer,
    Grant,
    NewKeys,
    PatientKeys,
    Refusal,
    SharedKey,
    Tokens,
)
from wardkeep.disclosure.message import MAX_ITEMS, MAX_REASON_CHARACTERS
from wardkeep.disclosure.purpose import Action, Purpose, Tier
from wardkeep.disclosure.questions import (
    ComputeTokens,
    Disclose,
    Item,
    NewPatientKeys,
    OpenSharedKey,
    ResourceRef,
)
from wardkeep.disclosure.sealed import key_identity
from wardkeep.identity.roles import Role
from wardkeep.ledger.entry import Entry, Subject
from wardkeep.ledger.log import Ledger
from wardkeep.teams.relationships import ExpectedSets
from wardkeep.warden.contracts import Contracts
from wardkeep.warden.erasures import ErasedPatients
from wardkeep.warden.keystore import KeyStore
from wardkeep.warden.rules import judge
from wardkeep.warden.rules.opening import Opening, Refused
from wardkeep.warden.rules.scope_covers import scope_lacks
from wardkeep.warden.service.desk import Desk
from wardkeep.warden.service.said import (
    ERASED,
    NOT_SIGNED_IN,
    NOT_YOUR_WORK,
    NOTHING_ASKED,
)
from wardkeep.warden.sessions import (
    REASON_HOLDS_SECONDS,
    HeldReason,
    Session,
    Sessions,
)

RESOURCES_AN_ENTRY = 500
"""So that an entry stays under 60,000 bytes whatever the ids look like."""
TOKENS_AN_ENTRY = 1000
LONGEST_REQUEST = 500
GRANTED = "grant"
BY_CONTRACT = "contract"
"""Why a program may expect a patient: what it was registered for says so."""
_PATIENT_TIERS = (Tier.BANNER, Tier.RECORD, Tier.SEALED)
_MAY_REGISTER_PATIENTS = frozenset(
    {
        Role.IMPORTER,
        Role.SERVICE,
        Role.RECEPTIONIST,
        Role.HEALTH_ADVISOR,
        Role.WARD_NURSE,
        Role.DOCTOR,
        Role.CARE_COORDINATOR,
    }
)


class Weighed(msgspec.Struct, frozen=True, kw_only=True):
    """One item after judgement: the unwrapped key stays here until it is written."""

    item: Item
    key: bytes
    relationship: str
    purpose: Purpose
    reason: str
    refused: Refused | None


class Door:
    """Judges questions about patients and writes down every answer."""

    def __init__(  # noqa: PLR0913 - the door is made of these parts, each named
        self,
        *,
        keystore: KeyStore,
        ledger: Ledger,
        sessions: Sessions,
        expected: ExpectedSets,
        contracts: Contracts,
        erased: ErasedPatients,
        clock: Clock,
    ) -> None:
        self._keystore = keystore
        self._ledger = ledger
        self._sessions = sessions
        self._expected = expected
        self._contracts = contracts
        self._erased = erased
        self._clock = clock
        self.desk = Desk(at_once={Disclose: self.disclose})
        self.for_writers = Desk(
            at_once={
                ComputeTokens: self.compute_tokens,
                NewPatientKeys: self.new_patient_keys,
                OpenSharedKey: self.open_shared_key,
            }
        )
        """On the operator's socket too, where records are imported."""

    def disclose(self, asked: Disclose) -> Answer:
        session = self._sessions.use(asked.session)
        if session is None:
            return NOT_SIGNED_IN
        if not 1 <= len(asked.items) <= MAX_ITEMS:
            return NOTHING_ASKED
        patients = {item.patient for item in asked.items if item.patient}
        left = self._contract_left(session, patients)
        weighed = [
            self._weigh(
                session, asked, item=item, patients=len(patients), contract_left=left
            )
            for item in asked.items
        ]
        worst = _worst(weighed)
        if worst is not None and worst.refused is not None:
            return self._refuse(session, asked, worst, worst.refused)
        if session.scopes is not None:
            now = self._clock.now().timestamp()
            self._contracts.opened(session.account, patients, now=now)
        return self._grant(session, asked, weighed)

    def _contract_left(
        self, session: Session, patients: AbstractSet[str]
    ) -> int | None:
        if session.scopes is None:
            return None
        return self._contracts.left_after(
            session.account,
            patients,
            most=session.patients_per_hour,
            now=self._clock.now().timestamp(),
        )

    def _weigh(
        self,
        session: Session,
        asked: Disclose,
        *,
        item: Item,
        patients: int,
        contract_left: int | None,
    ) -> Weighed:
        purpose, reason = self._why(session, asked, item.patient)
        relationship = self.explains(session, item.patient)
        identity = key_identity(
            organisation=session.organisation, patient=item.patient, tier=item.tier
        )
        key = self._keystore.unwrap(session.organisation, item.wrapped_key, identity)
        opening = Opening(
            role=session.role,
            purpose=purpose,
            reason=reason,
            action=asked.action,
            tier=item.tier,
            relationship=relationship,
            patients_asked=patients,
            is_key_ours=key is not None,
            resources=item.resources,
            scopes=session.scopes,
            contract_left=contract_left,
            is_erased=self._erased.has(session.organisation, item.patient),
        )
        return Weighed(
            item=item,
            key=key or b"",
            relationship=relationship,
            purpose=purpose,
            reason=reason,
            refused=judge(opening),
        )

    def explains(self, session: Session, patient: str) -> str:
        """Why the session's account may expect the patient; empty where it may not."""
        if session.scopes is not None:
            return BY_CONTRACT
        found = self._expected.explains(
            account=session.account,
            organisation=session.organisation,
            patient=patient,
            at=self._clock.now(),
        )
        return found or ""

    def _why(
        self, session: Session, asked: Disclose, patient: str
    ) -> tuple[Purpose, str]:
        """Purpose and reason as typed now, or as held from a little earlier."""
        reason = asked.reason[:MAX_REASON_CHARACTERS].strip()
        if reason:
            return asked.purpose, reason
        held = session.held_reason(patient, self._clock.monotonic_seconds())
        if held is None or asked.action is Action.FIND:
            return asked.purpose, ""
        return Purpose(held.purpose), held.reason

    def _grant(
        self, session: Session, asked: Disclose, weighed: Sequence[Weighed]
    ) -> Grant:
        first = -1
        for portion in _portions(weighed):
            index = self._ledger.append(self._entry(session, asked, portion))
            first = index if first < 0 else first
        # A search's reason was weighed by no rule: it opens nothing later.
        if asked.action is not Action.FIND:
            for one in weighed:
                self._hold_reason(session, one)
        is_without_key = asked.action is Action.DELETE
        return Grant(
            entry=first,
            granted_at=microseconds_since_epoch(self._clock.now()),
            relationships=tuple([one.relationship for one in weighed]),
            keys=tuple([b"" if is_without_key else one.key for one in weighed]),
        )

    def _hold_reason(self, session: Session, one: Weighed) -> None:
        if not one.reason or one.relationship:
            return
        until = self._clock.monotonic_seconds() + REASON_HOLDS_SECONDS
        session.hold_reason(
            one.item.patient,
            HeldReason(
                purpose=one.purpose.value, reason=one.reason, until_monotonic=until
            ),
        )

    def _refuse(
        self, session: Session, asked: Disclose, one: Weighed, refused: Refused
    ) -> Refusal:
        portion = Portion((one,), (_subject(one, ()),))
        entry = self._entry(session, asked, portion, outcome=f"refusal:{refused.code}")
        return Refusal(
            code=refused.code,
            why=refused.why,
            mend=refused.mend,
            entry=self._ledger.append(entry),
            needs_reason=refused.needs_reason,
        )

    def _entry(
        self,
        session: Session,
        asked: Disclose,
        portion: "Portion",
        *,
        outcome: str = GRANTED,
    ) -> Entry:
        first = portion.weighed[0]
        return self.entry_of(
            session,
            action=asked.action.value,
            purpose=first.purpose.value,
            reason=first.reason,
            request=asked.request[:LONGEST_REQUEST],
            subjects=portion.subjects,
            outcome=outcome,
        )

    def entry_of(  # noqa: PLR0913 - an entry has this many parts, each named
        self,
        session: Session,
        *,
        action: str,
        purpose: str = "",
        reason: str = "",
        request: str = "",
        subjects: Sequence[Subject] = (),
        outcome: str = GRANTED,
    ) -> Entry:
        """An entry about something that this session does now."""
        return Entry.about(
            at=microseconds_since_epoch(self._clock.now()),
            organisation=session.organisation,
            account=session.account,
            session=session.id,
            role=session.role.value,
            purpose=purpose,
            reason=reason,
            action=action,
            request=request,
            subjects=subjects,
            outcome=outcome,
            software=__version__,
        )

    def compute_tokens(self, asked: ComputeTokens) -> Answer:
        """Search tokens; counted, because guessing values is an attack on a dump."""
        session = self._sessions.use(asked.session)
        if session is None:
            return NOT_SIGNED_IN
        before = session.tokens_computed // TOKENS_AN_ENTRY
        session.tokens_computed += len(asked.values)
        if session.tokens_computed // TOKENS_AN_ENTRY > before:
            total = f"{session.tokens_computed} tokens in this session"
            self._ledger.append(
                self.entry_of(session, action="compute-tokens", reason=total)
            )
        return Tokens(self._keystore.tokens(session.organisation, asked.values))

    def new_patient_keys(self, asked: NewPatientKeys) -> Answer:
        """Keys for new patients: they open nothing that exists."""
        session = self._sessions.use(asked.session)
        if session is None:
            return NOT_SIGNED_IN
        named = asked.resources or ((),) * len(asked.patients)
        refused = _may_register(session, asked, named)
        if refused is not None:
            return refused
        if any(self._erased.has(session.organisation, one) for one in asked.patients):
            return ERASED
        for patient, refs in zip(asked.patients, named, strict=True):
            for piece in _pieces(refs):
                made = Subject.about(
                    patient=patient, tier="", relationship="", resources=piece
                )
                self._ledger.append(
                    self.entry_of(session, action="create", subjects=(made,))
                )
        keys = [self._make_keys(session.organisation, one) for one in asked.patients]
        return NewKeys(tuple(keys))

    def _make_keys(self, organisation: int, patient: str) -> PatientKeys:
        banner, record, sealed = [
            self._keystore.make_key(
                organisation,
                key_identity(organisation=organisation, patient=patient, tier=tier),
            )
            for tier in _PATIENT_TIERS
        ]
        return PatientKeys(
            patient=patient,
            wrapped=(banner[0], record[0], sealed[0]),
            plain=(banner[1], record[1], sealed[1]),
        )

    def open_shared_key(self, asked: OpenSharedKey) -> Answer:
        """The key of what belongs to the organisation and to no patient."""
        session = self._sessions.use(asked.session)
        if session is None:
            return NOT_SIGNED_IN
        identity = key_identity(
            organisation=session.organisation, patient="", tier=Tier.SHARED
        )
        if not asked.wrapped_key:
            wrapped, key = self._keystore.make_key(session.organisation, identity)
            return SharedKey(wrapped_key=wrapped, key=key)
        opened = self._keystore.unwrap(
            session.organisation, asked.wrapped_key, identity
        )
        if opened is None:
            return Refusal(
                code="not-this-organisation",
                why="This key does not belong to your organisation.",
                mend="Nothing: another organisation's data cannot be opened here.",
            )
        return SharedKey(wrapped_key=asked.wrapped_key, key=opened)


def _may_register(
    session: Session,
    asked: NewPatientKeys,
    named: tuple[tuple[ResourceRef, ...], ...],
) -> Refusal | None:
    if session.role not in _MAY_REGISTER_PATIENTS:
        return NOT_YOUR_WORK
    if not 1 <= len(asked.patients) <= MAX_ITEMS or len(named) != len(asked.patients):
        return NOTHING_ASKED
    written = [ref for refs in named for ref in refs]
    beyond = scope_lacks(session.scopes, Action.WRITE, written)
    if beyond is None:
        return None
    return Refusal(code=beyond.code, why=beyond.why, mend=beyond.mend)


def _worst(weighed: Sequence[Weighed]) -> Weighed | None:
    """The refusal to tell: one that no reason would mend goes before one it would."""
    refused = [one for one in weighed if one.refused is not None]
    for one in refused:
        if one.refused is not None and not one.refused.needs_reason:
            return one
    return refused[0] if refused else None


class Portion(NamedTuple):
    """Subjects of one purpose and reason that fit one entry."""

    weighed: tuple[Weighed, ...]
    subjects: tuple[Subject, ...]


def _portions(weighed: Sequence[Weighed]) -> Iterator[Portion]:
    """What one question opens, in as few entries as hold it; at least one."""
    for _, alike in groupby(weighed, key=lambda one: (one.purpose, one.reason)):
        group: list[Weighed] = []
        subjects: list[Subject] = []
        room = RESOURCES_AN_ENTRY
        for one in alike:
            for refs in _pieces(one.item.resources):
                if subjects and len(refs) + 1 > room:
                    yield Portion(tuple(group), tuple(subjects))
                    group, subjects, room = [], [], RESOURCES_AN_ENTRY
                group.append(one)
                subjects.append(_subject(one, refs))
                room -= len(refs) + 1
        yield Portion(tuple(group), tuple(subjects))


def _subject(one: Weighed, refs: Sequence[ResourceRef]) -> Subject:
    return Subject.about(
        patient=one.item.patient,
        tier=one.item.tier.word,
        relationship=one.relationship,
        resources=refs,
    )


def _pieces(refs: Sequence[ResourceRef]) -> Iterator[Sequence[ResourceRef]]:
    """The references of one item in pieces that fit an entry; at least one piece."""
    if len(refs) < RESOURCES_AN_ENTRY:
        yield refs
        return
    for start in range(0, len(refs), RESOURCES_AN_ENTRY - 1):
        yield refs[start : start + RESOURCES_AN_ENTRY - 1]
