# SPDX-License-Identifier: Apache-2.0
"""The one door: rules, then the ledger, then the keys.

Nothing here waits: a question is judged, its entries are appended, and the answer is
held by the batch until they are on disk (batch.py). The answer to a question that was
not written down is a refusal, whatever the rules said.
"""

from collections.abc import Sequence, Set as AbstractSet
from datetime import datetime

import msgspec

from wardkeep import __version__
from wardkeep.base.clock import Clock, microseconds_since_epoch
from wardkeep.disclosure.answers import (
    Answer,
    Grant,
    Refusal,
)
from wardkeep.disclosure.copies import PURPOSES
from wardkeep.disclosure.message import MAX_ITEMS, MAX_REASON_CHARACTERS
from wardkeep.disclosure.purpose import (
    CARRY,
    COPY,
    COUNTED_OUT,
    DELETE,
    EXTRACT,
    FIND,
    HISTORY,
    LETTERS,
    READ,
    SEALED,
    SEND,
    WRITE,
    Purpose,
)
from wardkeep.disclosure.questions import (
    Disclose,
    Item,
    TakeForDataSet,
)
from wardkeep.disclosure.sealed import key_identity
from wardkeep.identity.roles import SUPPORT
from wardkeep.ledger.entry import Entry, Subject
from wardkeep.ledger.log import Ledger
from wardkeep.teams.relationships import ExpectedSets
from wardkeep.teams.visits import Visit
from wardkeep.warden.budgets import Standing
from wardkeep.warden.canaries import Canaries
from wardkeep.warden.contracts import Contracts
from wardkeep.warden.erasures import ErasedPatients
from wardkeep.warden.keystore import KeyStore
from wardkeep.warden.letters import ApprovedLetters
from wardkeep.warden.rules import judge
from wardkeep.warden.rules.not_frozen import NOW_CLOSED
from wardkeep.warden.rules.opening import (
    Opening,
    Refused,
    WayIn,
)
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
    is_granted,
    note_opening,
    why_granted,
)
from wardkeep.warden.service.desk import Desk
from wardkeep.warden.service.explaining import Explaining
from wardkeep.warden.service.holding import hold_reason
from wardkeep.warden.service.said import (
    NOT_SIGNED_IN,
    NOT_UNDERSTOOD,
    NOTHING_ASKED,
)
from wardkeep.warden.service.signed_for import (
    is_copy_signed,
    is_list_signed,
    phone_words,
)
from wardkeep.warden.service.watch import Watch
from wardkeep.warden.service.weighed import (
    Portion,
    Weighed,
    key_of_row,
    opened_by,
    portions,
    stays,
    subject_of,
    worst,
)
from wardkeep.warden.session_parts import REASON_HOLDS_SECONDS
from wardkeep.warden.sessions import Session, Sessions
from wardkeep.warden.support_grants import SupportGrants
from wardkeep.warden.ways_in import WaysIn, are_notes

GRANTED = "grant"
_GIVES_NOTHING = frozenset({WRITE, DELETE, COPY, EXTRACT, CARRY, SEND})
"""Refused of a patient who does not exist: nothing is written, copied or sent."""
BY_VISIT = "visit"


class _Context(msgspec.Struct, frozen=True, gc=False):
    """What holds for every item of one question."""

    now: datetime
    """UTC; both hands of the clock are read once."""
    monotonic: float
    patients: int
    explained: dict[str, str]
    """Why each patient is expected; empty where nothing says so."""
    contract_left: int | None
    standing: Standing | None
    taken_out_left: int
    sheets: int
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
        ways_in: WaysIn,
        canaries: Canaries,
        letters: ApprovedLetters,
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
        self._ways_in = ways_in
        self._canaries = canaries
        self._letters = letters
        self._explaining = Explaining(expected=expected, watch=watch, letters=letters)
        self._clock = clock
        self.desk = Desk(at_once={Disclose: self.disclose})

    def disclose(self, asked: Disclose, *, for_data_set: bool = False) -> Answer:
        session = self._sessions.use_at_door(asked.session)
        if session is None or (session.extract is not None) is not for_data_set:
            return NOT_SIGNED_IN
        is_look = asked.action is HISTORY
        if is_look or not 1 <= len(asked.items) <= MAX_ITEMS:
            # A look is the warden's own word: with a key it would hide an opening.
            return NOTHING_ASKED
        patients = {item.patient for item in asked.items if item.patient}
        context = self._context(session, asked, patients)
        weighed = [self._weigh(session, asked, item, context) for item in asked.items]
        first = worst(weighed)
        if first is not None and first.refused is not None:
            return self._refuse(session, asked, first, first.refused)
        opened = opened_by(weighed) - session.nobodies
        met = self._canaries.met(session.organisation, opened, asked.action)
        if met and (context.patients > 1 or asked.action in _GIVES_NOTHING):
            # Nobody's work is a page of strangers: none of it is given. And what was
            # written of nobody would lead colleagues to them, a copy somebody outside.
            if not for_data_set:
                self._spring(session, met)
            return self._refuse(session, asked, weighed[0], NOW_CLOSED)
        if session.is_for_programs:
            moment = context.monotonic
            self._contracts.opened(contractor(session), patients, now=moment)
        note_opening(self._support, session, asked)
        self._watch.opened(
            session, asked, context.explained, context.standing, context.monotonic
        )
        self._count_homes(session, asked)
        granted = self._grant(session, asked, weighed, context)
        if met:
            self._spring(session, met)
        return granted

    def add_to_nobody(self, asked: Disclose) -> Answer:
        """What an import adds to canaries that were named to it; nothing else.

        The operator's socket opens nobody's data: this is of nobody.
        """
        session = self._sessions.use_at_door(asked.session)
        if session is None:
            return NOT_SIGNED_IN
        patients = {item.patient for item in asked.items}
        is_fit = asked.action is WRITE and patients <= session.nobodies
        return self.disclose(asked) if is_fit else NOT_UNDERSTOOD

    def take_for_data_set(self, asked: TakeForDataSet) -> Answer:
        """What the operator's command takes: by its own action, and by no other."""
        if asked.question.action is not EXTRACT:
            return NOT_UNDERSTOOD
        return self.disclose(asked.question, for_data_set=True)

    def _spring(self, session: Session, met: Sequence[str]) -> None:
        """Somebody opened a patient who does not exist: it holds from here on."""
        at = microseconds_since_epoch(self._clock.now())
        self._canaries.note_met(session.organisation, met, at=at)
        self._watch.canary_met(session, met)

    def _context(
        self,
        session: Session,
        asked: Disclose,
        patients: AbstractSet[str],
    ) -> "_Context":
        # As the clock stood when the session was looked for, a moment ago.
        now, monotonic = self._sessions.moment.now, self._sessions.moment.monotonic
        watch = self._watch
        explained: dict[str, str] = {}
        others: set[str] = set()
        for patient in patients:
            why = self._explaining.of_action(
                session, asked.action, patient, now, monotonic
            )
            explained[patient] = why
            if not why:
                others.add(patient)
        is_program, is_taken = session.is_for_programs, asked.action in COUNTED_OUT
        return _Context(
            now,
            monotonic,
            len(patients),
            explained,
            self._contract_left(session, patients, monotonic) if is_program else None,
            watch.standing(session, others, asked.action) if others else None,
            watch.taken_out_left(session, patients, asked.action) if is_taken else -1,
            watch.sheets(session) if is_taken else 0,
            watch.is_closed(session),
        )

    def _contract_left(
        self, session: Session, patients: AbstractSet[str], now: float
    ) -> int:
        return self._contracts.left_after(
            contractor(session),
            patients,
            most=session.patients_per_hour,
            now=now,
        )

    def _weigh(
        self, session: Session, asked: Disclose, item: Item, context: "_Context"
    ) -> Weighed:
        purpose, reason = self._why(session, asked, item.patient, context.monotonic)
        is_beside = session.app is not None and names_beside(session, item, asked.items)
        relationship = BESIDE if is_beside else self._known(session, item, context)
        identity = key_identity(
            organisation=session.organisation, patient=item.patient, tier=item.tier
        )
        keys = self._keystore.unwrap_all(
            session.organisation, item.wrapped_key, identity
        )
        key = b"".join(keys)
        way_in = None
        if item.tier is SEALED and asked.action is READ:
            key = key_of_row(session, item, keys)
            way_in = self._way_in(session, asked, item, is_right=bool(key))
            if way_in.visits and not _is_note(item):
                relationship = BY_VISIT
        opening = Opening(
            role=session.role,
            purpose=purpose,
            reason=reason,
            action=asked.action,
            tier=item.tier,
            relationship=relationship,
            patients_asked=context.patients,
            is_key_ours=bool(keys),
            is_found=session.has_found(item.patient, context.monotonic),
            resources=item.resources,
            scopes=scopes_for(session, item.patient, is_beside=is_beside),
            is_within_consent=is_beside or is_within_consent(session, item),
            is_support_granted=session.role is SUPPORT
            and is_granted(self._support, session, item),
            contract_left=context.contract_left,
            standing=context.standing,
            taken_out_left=context.taken_out_left,
            sheets=context.sheets,
            is_copy_signed=is_copy_signed(session, asked, item, context.monotonic),
            is_list_signed=is_list_signed(session, asked, item, context.monotonic),
            is_extract_agreed=session.extract is not None
            and session.extract.covers(item.resources),
            is_nobodys=item.patient in session.nobodies,
            is_frozen=context.is_frozen
            and not self._watch.is_still_shown(session, item.patient),
            is_erased=self._erased.has(session.organisation, item.patient),
            way_in=way_in,
        )
        return Weighed(
            item=item,
            key=key,
            relationship=relationship,
            purpose=purpose,
            reason=reason,
            refused=judge(opening),
            is_beside=is_beside,
        )

    def _way_in(
        self, session: Session, asked: Disclose, item: Item, *, is_right: bool
    ) -> WayIn:
        """What the rules are shown besides, where something sealed is to be read."""
        now, monotonic = self._clock.now(), self._clock.monotonic_seconds()
        account = (session.organisation, session.account)
        return WayIn(
            now=now,
            visits=self.visits(session, item.patient),
            is_alone=[len(one.resources) for one in asked.items] == [1],
            is_row_key_right=is_right,
            homes_left=self._ways_in.left_after(
                account,
                item.patient,
                most=self._watch.budget(session).homes,
                now=monotonic,
            ),
            passkey_seconds=monotonic - session.passkey_used_monotonic,
        )

    def visits(self, session: Session, patient: str) -> tuple[Visit, ...]:
        """The account's own visits to a patient."""
        return self._expected.visits(
            account=session.account,
            organisation=session.organisation,
            patient=patient,
        )

    def _visit_words(self, session: Session, patient: str) -> str:
        """The visit for which a way in is given, as the entry names it."""
        now = self._clock.now()
        live = [one for one in self.visits(session, patient) if one.is_open(now)]
        return live[0].words if live else ""

    def _count_homes(self, session: Session, asked: Disclose) -> None:
        if asked.action is not READ:
            return
        account = (session.organisation, session.account)
        for item in asked.items:
            if item.tier is SEALED and not _is_note(item):
                now = self._clock.monotonic_seconds()
                self._ways_in.given(account, item.patient, now=now)

    def _known(self, session: Session, item: Item, context: "_Context") -> str:
        """As it was found once for the question; for no patient, as for anybody."""
        found = context.explained.get(item.patient)
        return self.explains(session, item.patient) if found is None else found

    def explains(self, session: Session, patient: str) -> str:
        """Why the session's account may expect the patient; empty where it may not."""
        now, monotonic = self._clock.now(), self._clock.monotonic_seconds()
        return self._explaining.of(session, patient, now, monotonic)

    def _why(
        self, session: Session, asked: Disclose, patient: str, monotonic: float
    ) -> tuple[Purpose, str]:
        """Purpose and reason as typed now, or as held from a little earlier.

        An app's are those that the person gave at consent, whatever it asks; a copy's
        those that were signed.
        """
        if session.app is not None:
            return Purpose(session.app.purpose), session.app.reason
        if asked.action is LETTERS:
            incident = self._letters.incident_of(session, patient)
            return Purpose.AUDIT, f"Letter about incident {incident}"
        if session.role is SUPPORT:
            return why_granted(self._support, session)
        if asked.action is COPY and patient in session.copies:
            act = session.copies[patient].act
            return PURPOSES[act.ground], act.reason
        reason = asked.reason[:MAX_REASON_CHARACTERS].strip()
        if reason:
            return asked.purpose, reason
        held = session.held_reason(patient, monotonic)
        if held is None or asked.action is FIND:
            return asked.purpose, ""
        return Purpose(held.purpose), held.reason

    def _grant(
        self,
        session: Session,
        asked: Disclose,
        weighed: Sequence[Weighed],
        context: "_Context",
    ) -> Grant:
        first, at = -1, microseconds_since_epoch(context.now)
        for portion in portions(weighed):
            index = self._ledger.append(self._entry(session, asked, portion, at=at))
            first = index if first < 0 else first
        # A search's reason was weighed by no rule: it opens nothing later.
        is_list = asked.action is FIND
        if is_list:
            until = context.monotonic + REASON_HOLDS_SECONDS
            session.hold_found([one.item.patient for one in weighed], until)
        relationships: list[str] = []
        keys: list[bytes] = []
        for one in weighed:
            # What the work explained needed none.
            if one.reason and not (one.relationship or is_list):
                hold_reason(session, one, now=context.monotonic)
            relationships.append(one.relationship)
            keys.append(b"" if stays(asked, one) else one.key)
        return Grant(first, at, tuple(relationships), tuple(keys))

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
        at: int = 0,
    ) -> Entry:
        first = portion.weighed[0]
        request = asked.request[:LONGEST_REQUEST]
        is_read = first.item.tier is SEALED and asked.action is READ
        if is_read and not _is_note(first.item):
            request = self._visit_words(session, first.item.patient)
        elif asked.action is CARRY:
            request = phone_words(session)
        # As `entry_of` makes it; by one call less, for each opening comes by here.
        return Entry.about(
            at=at or microseconds_since_epoch(self._clock.now()),
            organisation=session.organisation,
            account=session.account,
            session=session.id,
            role=session.role._value_,
            purpose=first.purpose._value_,
            reason=first.reason,
            action=asked.action._value_,
            request=told_by(session.app, request),
            subjects=portion.subjects,
            outcome=outcome,
            software=__version__,
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
        at: int = 0,
    ) -> Entry:
        """An entry about something that this session does now (`at`, where known)."""
        return Entry.about(
            at=at or microseconds_since_epoch(self._clock.now()),
            organisation=session.organisation,
            account=session.account,
            session=session.id,
            role=session.role._value_,
            purpose=purpose,
            reason=reason,
            action=action,
            request=told_by(session.app, request),
            subjects=subjects,
            outcome=outcome,
            software=__version__,
        )


def _is_note(item: Item) -> bool:
    return are_notes(one[0] for one in item.resources)
