# SPDX-License-Identifier: Apache-2.0
"""Sessions of one's own: whose this one is, which there are, and their end."""

from wardkeep.disclosure.answers import (
    Answer,
    Done,
    GoingOn,
    Sessions as SessionList,
)
from wardkeep.disclosure.message import MAX_SESSIONS
from wardkeep.disclosure.questions import (
    CheckSession,
    EndSession,
    ListSessions,
    MayGoOn,
    WhichMayGoOn,
)
from wardkeep.warden.service.admission import Admission
from wardkeep.warden.service.desk import Desk
from wardkeep.warden.service.said import (
    ASLEEP,
    FROZEN,
    NOT_SIGNED_IN,
    NOT_UNDERSTOOD,
)
from wardkeep.warden.sessions import Sessions


class OwnSessions:
    """Answers questions about sessions."""

    def __init__(self, *, sessions: Sessions, admission: Admission) -> None:
        self._sessions = sessions
        self._admission = admission
        self.desk = Desk(
            at_once={
                CheckSession: self.check_session,
                MayGoOn: self._may_go_on,
                WhichMayGoOn: self._which_may_go_on,
                ListSessions: self._list_sessions,
            },
            later={EndSession: self.end_session},
        )

    def check_session(self, asked: CheckSession) -> Answer:
        by = self._sessions.glance if asked.is_glance else self._sessions.use_any
        session = by(asked.session)
        if session is not None:
            return session.view(session.last_used_monotonic)
        held = self._sessions.held(asked.session)
        if held is not None and self._sessions.is_frozen(held):
            return FROZEN
        is_asleep = self._sessions.sleeping(asked.session) is not None
        return ASLEEP if is_asleep else NOT_SIGNED_IN

    def _may_go_on(self, asked: MayGoOn) -> Answer:
        return Done() if self._sessions.may_go_on(asked.session) else NOT_SIGNED_IN

    def _which_may_go_on(self, asked: WhichMayGoOn) -> Answer:
        if len(asked.sessions) > MAX_SESSIONS:
            return NOT_UNDERSTOOD
        return GoingOn(tuple([self._sessions.may_go_on(one) for one in asked.sessions]))

    def _list_sessions(self, asked: ListSessions) -> Answer:
        session = self._sessions.use_own(asked.session)
        if session is None:
            return NOT_SIGNED_IN
        # Apps' tokens have a list of their own (consents.py).
        all_of_mine = self._sessions.of_account(session.account)
        mine = [one for one in all_of_mine if one.app is None]
        newest = sorted(mine, key=lambda one: one.started_at, reverse=True)
        return SessionList(tuple(one.view() for one in newest))

    async def end_session(self, asked: EndSession) -> Answer:
        """End a session of one's own: this one, or another by its id."""
        session = self._sessions.use_any(asked.session)
        if session is None:
            await self._end_unusable(asked)
            return Done()
        which = asked.which or session.id
        for one in self._sessions.of_account(session.account):
            if one.id == which:
                await self._admission.end([one], why="signed out")
        return Done()

    async def _end_unusable(self, asked: EndSession) -> None:
        """One that sleeps or is frozen ends itself, and none but itself."""
        held = self._sessions.held(asked.session)
        if held is not None and asked.which in ("", held.id):
            await self._admission.end([held], why="signed out")
