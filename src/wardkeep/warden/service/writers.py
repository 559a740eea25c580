# SPDX-License-Identifier: Apache-2.0
"""What writers of records ask for: search tokens, keys of new patients, the shared key.

None of it opens what exists of a patient.
"""

from wardkeep.disclosure.answers import (
    Answer,
    Grant,
    NewKeys,
    PatientKeys,
    Refusal,
    Seals,
    SharedKey,
    Tokens,
)
from wardkeep.disclosure.message import MAX_ITEMS
from wardkeep.disclosure.purpose import Action, Tier
from wardkeep.disclosure.questions import (
    ComputeTokens,
    Disclose,
    Item,
    NewPatientKeys,
    NewSeals,
    OpenSharedKey,
    ResourceRef,
)
from wardkeep.disclosure.sealed import key_identity
from wardkeep.identity.roles import READ_ONLY, Role
from wardkeep.identity.scopes import KIOSK
from wardkeep.ledger.entry import Subject
from wardkeep.ledger.log import Ledger
from wardkeep.warden.erasures import ErasedPatients
from wardkeep.warden.keystore import KeyStore
from wardkeep.warden.row_keys import identity_of, new_row_key
from wardkeep.warden.rules.scope_covers import scope_lacks
from wardkeep.warden.service.by_app import scopes_for
from wardkeep.warden.service.desk import Desk
from wardkeep.warden.service.door import Door
from wardkeep.warden.service.said import (
    ERASED,
    NOT_SIGNED_IN,
    NOT_YOUR_WORK,
    NOTHING_ASKED,
)
from wardkeep.warden.service.weighed import pieces
from wardkeep.warden.sessions import Session, Sessions

TOKENS_AN_ENTRY = 1000
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


class Writers:
    """Answers those who write; on the operator's socket too, for imports."""

    def __init__(
        self,
        *,
        door: Door,
        keystore: KeyStore,
        ledger: Ledger,
        sessions: Sessions,
        erased: ErasedPatients,
    ) -> None:
        self._door = door
        self._keystore = keystore
        self._ledger = ledger
        self._sessions = sessions
        self._erased = erased
        self.desk = Desk(
            at_once={
                ComputeTokens: self.compute_tokens,
                NewPatientKeys: self.new_patient_keys,
                NewSeals: self.new_seals,
                OpenSharedKey: self.open_shared_key,
            }
        )

    def compute_tokens(self, asked: ComputeTokens) -> Answer:
        """Search tokens; counted, because guessing values is an attack on a dump."""
        session = self._sessions.use_at_door(asked.session)
        if session is None:
            return NOT_SIGNED_IN
        if session.role in READ_ONLY:
            return NOT_YOUR_WORK
        before = session.tokens_computed // TOKENS_AN_ENTRY
        session.tokens_computed += len(asked.values)
        if session.tokens_computed // TOKENS_AN_ENTRY > before:
            total = f"{session.tokens_computed} tokens in this session"
            self._ledger.append(
                self._door.entry_of(session, action="compute-tokens", reason=total)
            )
        keys = self._keystore.tokens_of(session.organisation)
        made = keys.made(asked.values)
        return Tokens(made.tokens, made.newer, keys.turn, keys.is_switched)

    def new_patient_keys(self, asked: NewPatientKeys) -> Answer:
        """Keys for new patients: they open nothing that exists."""
        session = self._sessions.use_at_door(asked.session)
        if session is None:
            return NOT_SIGNED_IN
        if session.role in READ_ONLY:
            return NOT_YOUR_WORK
        named = asked.resources or ((),) * len(asked.patients)
        refused = _may_register(session, asked, named)
        if refused is not None:
            return refused
        if any(self._erased.has(session.organisation, one) for one in asked.patients):
            return ERASED
        for patient, refs in zip(asked.patients, named, strict=True):
            for piece in pieces(refs):
                made = Subject.about(
                    patient=patient, tier="", relationship="", resources=piece
                )
                self._ledger.append(
                    self._door.entry_of(session, action="create", subjects=(made,))
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
            plain=(banner[1], record[1]),
        )

    def new_seals(self, asked: NewSeals) -> Answer:
        """Keys for rows that will be sealed: each opens its own row and no other."""
        if not 1 <= len(asked.resources) <= MAX_ITEMS:
            return NOTHING_ASKED
        session = self._sessions.use_at_door(asked.session)
        if session is None:
            return NOT_SIGNED_IN
        item = Item(asked.patient, Tier.SEALED, asked.wrapped_key, asked.resources)
        judged = self._door.disclose(
            Disclose(
                asked.session,
                asked.purpose,
                asked.reason,
                Action.WRITE,
                (item,),
                asked.request,
            )
        )
        if not isinstance(judged, Grant):
            return judged
        tier_key = key_identity(
            organisation=session.organisation, patient=asked.patient, tier=Tier.SEALED
        )
        sealed = self._keystore.unwrap(
            session.organisation, asked.wrapped_key, tier_key
        )
        if sealed is None:
            return NOTHING_ASKED
        return Seals(
            judged.entry,
            tuple(
                new_row_key(
                    sealed, identity_of(session.organisation, asked.patient, one)
                )
                for one in asked.resources
            ),
        )

    def open_shared_key(self, asked: OpenSharedKey) -> Answer:
        """The key of what belongs to the organisation and to no patient."""
        session = self._sessions.use_at_door(asked.session)
        if session is None and asked.wrapped_key:
            # A kiosk names the places of its pack: it opens, and makes no key.
            session = self._sessions.use_only(asked.session, KIOSK)
        if session is None:
            return NOT_SIGNED_IN
        if session.role in READ_ONLY:
            return NOT_YOUR_WORK
        if session.app is not None:
            # It would open all that is shared, whatever the app's scopes are.
            return NOT_YOUR_WORK
        identity = key_identity(
            organisation=session.organisation, patient="", tier=Tier.SHARED
        )
        if not asked.wrapped_key:
            wrapped, key = self._keystore.make_key(session.organisation, identity)
            return SharedKey(wrapped_key=wrapped, key=key)
        opened = self._keystore.unwrap_all(
            session.organisation, asked.wrapped_key, identity
        )
        if not opened:
            return Refusal(
                code="not-this-organisation",
                why="This key does not belong to your organisation.",
                mend="Nothing: another organisation's data cannot be opened here.",
            )
        return SharedKey(wrapped_key=asked.wrapped_key, key=b"".join(opened))


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
    if session.app is not None and not session.app.scopes.is_about_anybody:
        return NOT_YOUR_WORK
    scopes = scopes_for(session, asked.patients[0], is_beside=False)
    beyond = scope_lacks(scopes, Action.WRITE, written)
    if beyond is None:
        return None
    return Refusal(code=beyond.code, why=beyond.why, mend=beyond.mend)
