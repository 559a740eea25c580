# SPDX-License-Identifier: Apache-2.0
"""Who one is in the record, and where one works just now."""

from wardkeep.base.clock import Clock, microseconds_since_epoch
from wardkeep.disclosure.answers import Answer
from wardkeep.disclosure.who_i_am import AskWhoIAm, WhoIAm
from wardkeep.teams.relationships import ExpectedSets
from wardkeep.teams.rosters import Roster
from wardkeep.warden.service.desk import Desk
from wardkeep.warden.service.said import NOT_SIGNED_IN
from wardkeep.warden.sessions import Sessions


class WhoIAmDesk:
    """Tells people what the roster says of themselves."""

    def __init__(
        self, *, sessions: Sessions, expected: ExpectedSets, clock: Clock
    ) -> None:
        self._sessions = sessions
        self._expected = expected
        self._clock = clock
        self.desk = Desk(at_once={AskWhoIAm: self._ask})

    def _ask(self, asked: AskWhoIAm) -> Answer:
        session = self._sessions.use(asked.session)
        if session is None:
            return NOT_SIGNED_IN
        roster = self._expected.rosters.get(session.organisation, Roster())
        mine = roster.practitioners.get(session.account, frozenset())
        at = microseconds_since_epoch(self._clock.now())
        places = roster.names_of(session.account, at) - mine
        return WhoIAm(tuple(sorted(mine)), tuple(sorted(places)))
