# SPDX-License-Identifier: Apache-2.0
"""Sessions that sleep: nothing opens with them until their owner's passkey is used.

A screen that was left alone, and a cookie that was stolen and kept, are worth nothing.
What was typed and the reasons that were given are still there for who comes back.
"""

import asyncio

from wardkeep.disclosure.answers import Answer, Done, Refusal
from wardkeep.disclosure.waking import BeginWake, FallAsleep, FinishWake
from wardkeep.warden.budgets import Budgets
from wardkeep.warden.service.admission import Admission
from wardkeep.warden.service.ceremonies import Ceremonies, Unproven
from wardkeep.warden.service.desk import Desk
from wardkeep.warden.service.said import NOT_SIGNED_IN
from wardkeep.warden.service.trace import Trace
from wardkeep.warden.sessions import Session, Sessions

NOT_WOKEN = Refusal(
    code="not-woken",
    why="That passkey is not one of the person who is signed in here.",
    mend="Use your own, or sign out and sign in as yourself.",
)
_WAKE = "wake"


class Waking:
    """Puts sessions to sleep and wakes them."""

    def __init__(
        self,
        *,
        sessions: Sessions,
        admission: Admission,
        ceremonies: Ceremonies,
        budgets: Budgets,
        trace: Trace,
    ) -> None:
        self._sessions = sessions
        self._admission = admission
        self._ceremonies = ceremonies
        self._budgets = budgets
        self._trace = trace
        self._saving: set[asyncio.Task[None]] = set()
        self.desk = Desk(
            at_once={FallAsleep: self._fall_asleep},
            later={BeginWake: self._begin, FinishWake: self._finish},
        )

    def _fall_asleep(self, asked: FallAsleep) -> Answer:
        session = self._sessions.use_own(asked.session)
        if session is None:
            return NOT_SIGNED_IN
        self._sessions.put_to_sleep(session)
        # A warden that dies in the next seconds would else come back with it awake. No
        # lock waits for the database, and none is refused.
        saving = asyncio.get_running_loop().create_task(
            self._admission.save_one(session)
        )
        self._saving.add(saving)
        saving.add_done_callback(self._saving.discard)
        return Done()

    def _of(self, token: str) -> Session | None:
        """The session, asleep or awake: a second tab may have woken it already."""
        return self._sessions.sleeping(token) or self._sessions.use_own(token)

    async def _begin(self, asked: BeginWake) -> Answer:
        session = self._of(asked.session)
        if session is None or session.is_for_programs:
            return NOT_SIGNED_IN
        # Who came by an identity provider and has no passkey here comes again by it.
        if not await self._ceremonies.has_passkey(session.account):
            return NOT_SIGNED_IN
        return await self._ceremonies.begin_bound(
            _WAKE, session.id, account=session.account, content=session.id.encode()
        )

    async def _finish(self, asked: FinishWake) -> Answer:
        session = self._of(asked.session)
        if session is None:
            return NOT_SIGNED_IN
        proven = await self._ceremonies.finish_assertion(
            _WAKE, asked.response, session.id
        )
        if isinstance(proven, Unproven):
            return self._refuse(session, proven.code)
        if proven.credential.account != session.account:
            return self._refuse(session, "wrong-account")
        # It may have ended while the database was asked.
        if self._of(asked.session) is not session:
            return NOT_SIGNED_IN
        self._sessions.wake(session)
        session.passkey_used_monotonic = session.last_used_monotonic
        self._budgets.touched(session.id, (session.organisation, session.account))
        self._trace.of_session(session, "wake")
        return Done()

    def _refuse(self, session: Session, code: str) -> Refusal:
        self._trace.of_session(session, "wake", outcome=f"refusal:{code}")
        return NOT_WOKEN
