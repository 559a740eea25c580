# SPDX-License-Identifier: Apache-2.0
"""Proving oneself again, and breaking the glass: what a stolen session cannot do.

Both take the account's own passkey, used just now. Proving gives the session its reach
anew; broken glass opens one patient for an hour, is never refused to a clinician, and
is looked at by the privacy officer afterwards.
"""

from wardkeep.base.ids import is_fhir_id
from wardkeep.disclosure.answers import Answer, Done, Refusal
from wardkeep.disclosure.confirming import ActDescription
from wardkeep.disclosure.containment import (
    GROUNDS,
    BeginProve,
    BreakGlass,
    FinishProve,
)
from wardkeep.disclosure.purpose import Purpose
from wardkeep.identity.roles import RECORD
from wardkeep.ledger.entry import Subject
from wardkeep.ledger.log import Ledger
from wardkeep.warden import alarms
from wardkeep.warden.glass import BREAK_GLASS
from wardkeep.warden.rules.opening import GLASS
from wardkeep.warden.service.ceremonies import Ceremonies, Unproven
from wardkeep.warden.service.desk import Acting, Desk
from wardkeep.warden.service.door import Door
from wardkeep.warden.service.rights_words import bad
from wardkeep.warden.service.said import NOT_SIGNED_IN, NOT_YOUR_WORK
from wardkeep.warden.service.trace import Trace
from wardkeep.warden.service.waking import NOT_WOKEN
from wardkeep.warden.service.watch import Watch
from wardkeep.warden.sessions import Session, Sessions

_PROVE = "prove"
"""The action of its entry."""
NO_PASSKEY = Refusal(
    code="no-passkey",
    why="Your account has no passkey here.",
    mend="Sign out, and sign in again as you did this morning.",
)


class Proving:
    """Takes passkeys that were used just now, for what is opened next."""

    def __init__(
        self,
        *,
        sessions: Sessions,
        ceremonies: Ceremonies,
        watch: Watch,
        door: Door,
        trace: Trace,
        ledger: Ledger,
    ) -> None:
        self._sessions = sessions
        self._ceremonies = ceremonies
        self._watch = watch
        self._door = door
        self._trace = trace
        self._ledger = ledger
        self.desk = Desk(
            later={BeginProve: self._begin, FinishProve: self._finish},
            acts={
                BreakGlass: Acting(
                    self._describe, self._break_glass, needs_device_bound=False
                )
            },
        )

    async def _begin(self, asked: BeginProve) -> Answer:
        session = self._sessions.use(asked.session)
        if session is None or session.is_for_programs:
            return NOT_SIGNED_IN
        if not await self._ceremonies.has_passkey(session.account):
            return NO_PASSKEY
        return await self._ceremonies.begin_bound(
            _PROVE, session.id, account=session.account, content=_content(session)
        )

    async def _finish(self, asked: FinishProve) -> Answer:
        session = self._sessions.use(asked.session)
        if session is None:
            return NOT_SIGNED_IN
        proven = await self._ceremonies.finish_assertion(
            _PROVE, asked.response, session.id
        )
        if isinstance(proven, Unproven):
            return self._refuse(session, proven.code)
        if proven.credential.account != session.account:
            return self._refuse(session, "wrong-account")
        # It may have ended, or been frozen, while the database was asked.
        if self._sessions.use(asked.session) is not session:
            return NOT_SIGNED_IN
        self._watch.budgets.touched(session.id, session.whose)
        session.passkey_used_monotonic = session.last_used_monotonic
        self._trace.of_session(session, _PROVE)
        return Done()

    def _refuse(self, session: Session, code: str) -> Refusal:
        self._trace.of_session(session, _PROVE, outcome=f"refusal:{code}")
        return NOT_WOKEN

    # Glass

    async def _describe(
        self, session: Session, act: BreakGlass
    ) -> ActDescription | Refusal:
        is_clinician = (
            session.is_watched
            and RECORD in session.role.tiers
            and Purpose.DIRECT_CARE.value in session.role.purposes
        )
        if not is_clinician:
            return NOT_YOUR_WORK
        if not is_fhir_id(act.patient) or act.ground not in GROUNDS:
            return bad("Name the record, and one of the grounds.")
        seconds = self._watch.glass_opens_in(session, act.patient)
        return ActDescription(
            title="Break the glass for this record",
            lines=(("Record", act.patient), ("Because", GROUNDS[act.ground])),
            warning=f"It opens {_when(seconds)}for an hour. The privacy officer is told"
            " now and looks at it within three days; the patient sees it.",
        )

    async def _break_glass(self, session: Session, act: BreakGlass) -> Answer:
        self._watch.break_glass(session, act.patient)
        about = Subject.about(
            patient=act.patient, tier="", relationship=GLASS, resources=()
        )
        entry = self._door.entry_of(
            session,
            action=BREAK_GLASS,
            purpose=Purpose.DIRECT_CARE.value,
            reason=GROUNDS[act.ground],
            subjects=(about,),
        )
        self._watch.alarms.raise_(
            alarms.GLASS_BROKEN,
            session,
            patient=act.patient,
            detail=GROUNDS[act.ground],
            entry=self._ledger.append(entry),
        )
        return Done()


def _when(seconds: int) -> str:
    """After others in the same hour it takes a moment, and is not refused."""
    return f"in {seconds} seconds, after several others this hour, " if seconds else ""


def _content(session: Session) -> bytes:
    return f"go on opening {session.id}".encode()
