# SPDX-License-Identifier: Apache-2.0
"""The one door: rules, then the ledger, then the keys.

Nothing here waits: a question is judged, its entries are appended, and the answer is
held by the batch until they are on disk (batch.py). The answer to a question that was
not written down is a refusal, whatever the rules said.
"""

from collections.abc import Iterator, Sequence

import msgspec

from wardkeep import __version__
from wardkeep.base.clock import Clock, microseconds_since_epoch
from wardkeep.disclosure.answers import (
    AccessHistory,
    AccessLine,
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
    ReadAccessHistory,
    ResourceRef,
)
from wardkeep.disclosure.sealed import key_identity
from wardkeep.identity.roles import Role
from wardkeep.ledger.entry import Entry
from wardkeep.ledger.log import Ledger
from wardkeep.teams.relationships import ExpectedSets
from wardkeep.warden.directory import Directory
from wardkeep.warden.keystore import KeyStore
from wardkeep.warden.rules import judge
from wardkeep.warden.rules.opening import Opening, Refused
from wardkeep.warden.service.said import NOT_SIGNED_IN, NOT_YOUR_WORK, NOTHING_ASKED
from wardkeep.warden.sessions import (
    REASON_HOLDS_SECONDS,
    HeldReason,
    Session,
    Sessions,
)

RESOURCES_AN_ENTRY = 700
"""So that an entry stays under 60,000 bytes whatever the ids look like."""
TOKENS_AN_ENTRY = 1000
LONGEST_HISTORY = 500
GRANTED = "grant"
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

    def __init__(
        self,
        *,
        keystore: KeyStore,
        ledger: Ledger,
        sessions: Sessions,
        expected: ExpectedSets,
        directory: Directory,
        clock: Clock,
    ) -> None:
        self._keystore = keystore
        self._ledger = ledger
        self._sessions = sessions
        self._expected = expected
        self._directory = directory
        self._clock = clock

    def disclose(self, asked: Disclose) -> Answer:
        session = self._sessions.use(asked.session)
        if session is None:
            return NOT_SIGNED_IN
        if not 1 <= len(asked.items) <= MAX_ITEMS:
            return NOTHING_ASKED
        patients = len({item.patient for item in asked.items})
        weighed = [
            self._weigh(session, asked, item=item, patients=patients)
            for item in asked.items
        ]
        worst = _worst(weighed)
        if worst is not None and worst.refused is not None:
            return self._refuse(session, asked.action, worst, worst.refused)
        return self._grant(session, asked.action, weighed)

    def _weigh(
        self, session: Session, asked: Disclose, *, item: Item, patients: int
    ) -> Weighed:
        purpose, reason = self._why(session, asked, item.patient)
        relationship = self._explains(session, item.patient)
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
        )
        return Weighed(
            item=item,
            key=key or b"",
            relationship=relationship,
            purpose=purpose,
            reason=reason,
            refused=judge(opening),
        )

    def _explains(self, session: Session, patient: str) -> str:
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
        self, session: Session, action: Action, weighed: Sequence[Weighed]
    ) -> Grant:
        first = -1
        for one in weighed:
            for refs in _portions(one.item.resources):
                entry = self._entry(session, action, one, outcome=GRANTED, refs=refs)
                index = self._ledger.append(entry)
                first = index if first < 0 else first
            # A search's reason was weighed by no rule: it opens nothing later.
            if action is not Action.FIND:
                self._hold_reason(session, one)
        return Grant(
            entry=first,
            granted_at=microseconds_since_epoch(self._clock.now()),
            relationships=tuple([one.relationship for one in weighed]),
            keys=tuple([one.key for one in weighed]),
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
        self, session: Session, action: Action, one: Weighed, refused: Refused
    ) -> Refusal:
        entry = self._entry(
            session, action, one, outcome=f"refusal:{refused.code}", refs=()
        )
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
        action: Action,
        one: Weighed,
        *,
        outcome: str,
        refs: Sequence[ResourceRef],
    ) -> Entry:
        return self.entry_of(
            session,
            action=action.value,
            purpose=one.purpose.value,
            reason=one.reason,
            relationship=one.relationship,
            patient=one.item.patient,
            tier=one.item.tier.word,
            resources=refs,
            outcome=outcome,
        )

    def entry_of(  # noqa: PLR0913 - an entry has this many parts, each named
        self,
        session: Session,
        *,
        action: str,
        purpose: str = "",
        reason: str = "",
        relationship: str = "",
        patient: str = "",
        tier: str = "",
        resources: Sequence[ResourceRef] = (),
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
            relationship=relationship,
            action=action,
            patient=patient,
            tier=tier,
            resources=resources,
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
        if session.role not in _MAY_REGISTER_PATIENTS:
            return NOT_YOUR_WORK
        if not 1 <= len(asked.patients) <= MAX_ITEMS:
            return NOTHING_ASKED
        for patient in asked.patients:
            self._ledger.append(
                self.entry_of(session, action="create", patient=patient)
            )
        made = [self._make_keys(session.organisation, one) for one in asked.patients]
        return NewKeys(tuple(made))

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

    def read_access_history(self, asked: ReadAccessHistory) -> Answer:
        """Who opened a patient's record; looking it up is an entry as well."""
        session = self._sessions.use(asked.session)
        if session is None:
            return NOT_SIGNED_IN
        refused = self._may_read_history(session, asked.patient)
        if refused is not None:
            return refused
        indexes = self._ledger.entries_about(
            asked.patient, organisation=session.organisation
        )
        entry = self._ledger.append(
            self.entry_of(
                session,
                action=Action.HISTORY.value,
                purpose=Purpose.AUDIT.value,
                relationship=self._explains(session, asked.patient),
                patient=asked.patient,
            )
        )
        at_most = max(1, min(asked.at_most, LONGEST_HISTORY))
        newest = [self._line(index) for index in reversed(indexes[-at_most:])]
        return AccessHistory(lines=tuple(newest), total=len(indexes), entry=entry)

    def _may_read_history(self, session: Session, patient: str) -> Refusal | None:
        is_auditor = Purpose.AUDIT.value in session.role.purposes
        now = self._clock.monotonic_seconds()
        has_opened = session.held_reason(patient, now) is not None
        if is_auditor or has_opened or self._explains(session, patient):
            return None
        return Refusal(
            code="reason-needed",
            why="Nothing in today's work explains looking at this record.",
            mend="Open the record first, saying why.",
            needs_reason=True,
        )

    def _line(self, index: int) -> AccessLine:
        entry = self._ledger.read(index)
        return AccessLine(
            entry=index,
            at=entry.at,
            display_name=self._directory.display_name(entry.account),
            role_title=self._directory.role_title(entry.role),
            purpose=entry.purpose,
            reason=entry.reason,
            relationship=entry.relationship,
            action=entry.action,
            tier=entry.tier,
            outcome=entry.outcome,
            resources=entry.resource_count,
        )


def _worst(weighed: Sequence[Weighed]) -> Weighed | None:
    """The refusal to tell: one that no reason would mend goes before one it would."""
    refused = [one for one in weighed if one.refused is not None]
    for one in refused:
        if one.refused is not None and not one.refused.needs_reason:
            return one
    return refused[0] if refused else None


def _portions(refs: Sequence[ResourceRef]) -> Iterator[Sequence[ResourceRef]]:
    """The references of one item in pieces that fit an entry; at least one piece."""
    if len(refs) <= RESOURCES_AN_ENTRY:
        yield refs
        return
    for start in range(0, len(refs), RESOURCES_AN_ENTRY):
        yield refs[start : start + RESOURCES_AN_ENTRY]
