# SPDX-License-Identifier: Apache-2.0
"""The one door: rules, then the ledger, then the keys.

Nothing here waits: a question is judged, its entries are appended, and the answer is
held by the batch until they are on disk (batch.py). The answer to a question that was
not written down is a refusal, whatever the rules said.
"""

from collections.abc import Sequence, Set as AbstractSet
from typing import NamedTuple

from wardkeep import __version__
from wardkeep.base.clock import Clock, microseconds_since_epoch
from wardkeep.disclosure.answers import (
    Answer,
    Grant,
    Refusal,
)
from wardkeep.disclosure.message import MAX_ITEMS, MAX_REASON_CHARACTERS
from wardkeep.disclosure.purpose import Action, Purpose
from wardkeep.disclosure.questions import (
    Disclose,
    Item,
)
from wardkeep.disclosure.sealed import key_identity
from wardkeep.identity.roles import Role
from wardkeep.ledger.entry import Entry, Subject
from wardkeep.ledger.log import Ledger
from wardkeep.teams.relationships import SELF_MADE, ExpectedSets
from wardkeep.warden.budgets import Standing
from wardkeep.warden.canaries import Canaries
from wardkeep.warden.contracts import Contracts
from wardkeep.warden.erasures import ErasedPatients
from wardkeep.warden.keystore import KeyStore
from wardkeep.warden.rules import judge
from wardkeep.warden.rules.not_frozen import NOW_CLOSED
from wardkeep.warden.rules.opening import GLASS, OWN, Opening, Refused
from wardkeep.warden.service.by_app import (
    BESIDE,
    LONGEST_REQUEST,
    contractor,
    is_within_consent,
    names_beside,
    scopes_for,
    told_by,
)
from wardkeep.warden.service.by_support import (
    BY_SUPPORT,
    is_granted,
    note_opening,
    why_granted,
)
from wardkeep.warden.service.desk import Desk
from wardkeep.warden.service.said import (
    NOT_SIGNED_IN,
    NOTHING_ASKED,
)
from wardkeep.warden.service.watch import Watch
from wardkeep.warden.service.weighed import (
    Portion,
    Weighed,
    portions,
    subject_of,
    worst,
)
from wardkeep.warden.sessions import (
    REASON_HOLDS_SECONDS,
    HeldReason,
    Session,
    Sessions,
)
from wardkeep.warden.support_grants import SupportGrants

GRANTED = "grant"
BY_CONTRACT = "contract"
"""Why a program may expect a patient: what it was registered for says so."""


class _Context(NamedTuple):
    """What holds for every item of one question."""

    patients: int
    explained: dict[str, str]
    """Why each patient is expected; empty where nothing says so."""
    contract_left: int | None
    standing: Standing | None
    is_frozen: bool


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
        support: SupportGrants,
        watch: Watch,
        canaries: Canaries,
        clock: Clock,
    ) -> None:
        self._keystore = keystore
        self._ledger = ledger
        self._sessions = sessions
        self._expected = expected
        self._contracts = contracts
        self._erased = erased
        self._support = support
        self._watch = watch
        self._canaries = canaries
        self._clock = clock
        self.desk = Desk(at_once={Disclose: self.disclose})

    def disclose(self, asked: Disclose) -> Answer:
        session = self._sessions.use_at_door(asked.session)
        if session is None:
            return NOT_SIGNED_IN
        if not 1 <= len(asked.items) <= MAX_ITEMS:
            return NOTHING_ASKED
        patients = {item.patient for item in asked.items if item.patient}
        context = self._context(session, asked, patients)
        weighed = [self._weigh(session, asked, item, context) for item in asked.items]
        first = worst(weighed)
        if first is not None and first.refused is not None:
            return self._refuse(session, asked, first, first.refused)
        met = self._canaries.met(session.organisation, _opened(weighed), asked.action)
        if met and context.patients > 1:
            # Nobody's work is a page of strangers: none of it is given.
            self._spring(session, met)
            return self._refuse(session, asked, weighed[0], NOW_CLOSED)
        if session.is_for_programs:
            now = self._clock.now().timestamp()
            self._contracts.opened(contractor(session), patients, now=now)
        note_opening(self._support, session, asked)
        self._watch.opened(session, asked, context.explained, context.standing)
        granted = self._grant(session, asked, weighed)
        if met:
            self._spring(session, met)
        return granted

    def _spring(self, session: Session, met: Sequence[str]) -> None:
        """Somebody opened a patient who does not exist: it holds from here on."""
        at = microseconds_since_epoch(self._clock.now())
        self._canaries.note_met(session.organisation, met, at=at)
        self._watch.canary_met(session, met)

    def _context(
        self, session: Session, asked: Disclose, patients: AbstractSet[str]
    ) -> "_Context":
        is_list = asked.action is Action.FIND
        explained = {one: self.explains(session, one) for one in patients}
        if is_list:
            # What somebody wrote for themselves explains no list: its rows count.
            explained = {one: _not_own(why) for one, why in explained.items()}
        others = {one for one, why in explained.items() if not why}
        return _Context(
            patients=len(patients),
            explained=explained,
            contract_left=self._contract_left(session, patients),
            standing=self._watch.standing(session, others, is_list=is_list),
            is_frozen=self._watch.is_closed(session),
        )

    def _contract_left(
        self, session: Session, patients: AbstractSet[str]
    ) -> int | None:
        if not session.is_for_programs:
            return None
        return self._contracts.left_after(
            contractor(session),
            patients,
            most=session.patients_per_hour,
            now=self._clock.now().timestamp(),
        )

    def _weigh(
        self,
        session: Session,
        asked: Disclose,
        item: Item,
        context: "_Context",
    ) -> Weighed:
        purpose, reason = self._why(session, asked, item.patient)
        is_beside = names_beside(session, item, asked.items)
        relationship = BESIDE if is_beside else self._known(session, item, context)
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
            patients_asked=context.patients,
            is_key_ours=key is not None,
            is_found=session.has_found(item.patient, self._clock.monotonic_seconds()),
            resources=item.resources,
            scopes=scopes_for(session, item.patient, is_beside=is_beside),
            is_within_consent=is_beside or is_within_consent(session, item),
            is_support_granted=is_granted(self._support, session, item),
            contract_left=context.contract_left,
            standing=context.standing,
            is_frozen=context.is_frozen
            and not self._watch.is_still_shown(session, item.patient),
            is_erased=self._erased.has(session.organisation, item.patient),
        )
        return Weighed(
            item=item,
            key=key or b"",
            relationship=relationship,
            purpose=purpose,
            reason=reason,
            refused=judge(opening),
            is_beside=is_beside,
        )

    def _known(self, session: Session, item: Item, context: "_Context") -> str:
        """As it was found once for the question; for no patient, as for anybody."""
        found = context.explained.get(item.patient)
        return self.explains(session, item.patient) if found is None else found

    def explains(self, session: Session, patient: str) -> str:
        """Why the session's account may expect the patient; empty where it may not."""
        if session.scopes is not None:
            return BY_CONTRACT
        if session.role is Role.SUPPORT:
            return BY_SUPPORT
        if session.own_patient:
            return OWN if session.own_patient == patient else ""
        if self._watch.has_broken_glass(session, patient):
            return GLASS
        found = self._expected.explains(
            account=session.account,
            organisation=session.organisation,
            patient=patient,
            at=self._clock.now(),
        )
        if found and self._watch.still_explains(session, patient, found):
            return found.words
        return ""

    def _why(
        self, session: Session, asked: Disclose, patient: str
    ) -> tuple[Purpose, str]:
        """Purpose and reason as typed now, or as held from a little earlier.

        An app's are those that the person gave at consent, whatever it asks.
        """
        if session.app is not None:
            return Purpose(session.app.purpose), session.app.reason
        if session.role is Role.SUPPORT:
            return why_granted(self._support, session)
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
        for portion in portions(weighed):
            index = self._ledger.append(self._entry(session, asked, portion))
            first = index if first < 0 else first
        # A search's reason was weighed by no rule: it opens nothing later.
        if asked.action is Action.FIND:
            until = self._clock.monotonic_seconds() + REASON_HOLDS_SECONDS
            session.hold_found([one.item.patient for one in weighed], until)
        else:
            for one in weighed:
                self._hold_reason(session, one)
        is_without_key = asked.action is Action.DELETE
        return Grant(
            entry=first,
            granted_at=microseconds_since_epoch(self._clock.now()),
            relationships=tuple([one.relationship for one in weighed]),
            keys=tuple(
                [b"" if is_without_key or one.is_beside else one.key for one in weighed]
            ),
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
        self._watch.refused(session, asked, refused.code)
        portion = Portion((one,), (subject_of(one, ()),))
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
        portion: Portion,
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
            request=request if session.app is None else told_by(session.app, request),
            subjects=subjects,
            outcome=outcome,
            software=__version__,
        )


def _not_own(relationship: str) -> str:
    return "" if relationship.endswith(SELF_MADE) else relationship


def _opened(weighed: Sequence[Weighed]) -> AbstractSet[str]:
    """The patients whose keys would leave; those who are only named keep theirs."""
    return {one.item.patient for one in weighed if not one.is_beside}
