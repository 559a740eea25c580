# SPDX-License-Identifier: Apache-2.0
"""Who one is in the record, where one works just now, and whom one may expect."""

from wardkeep.base.clock import Clock, microseconds_since_epoch
from wardkeep.disclosure.answers import Answer
from wardkeep.disclosure.who_i_am import (
    MOST_LINES,
    AskWhoIAm,
    AskWhomIExpect,
    ExpectedPatient,
    WhoIAm,
    WhomIExpect,
)
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
        self.desk = Desk(at_once={AskWhoIAm: self._ask, AskWhomIExpect: self._ask_whom})

    def _ask(self, asked: AskWhoIAm) -> Answer:
        session = self._sessions.use(asked.session)
        if session is None:
            return NOT_SIGNED_IN
        roster = self._expected.rosters.get(session.organisation, Roster())
        mine = roster.practitioners.get(session.account, frozenset())
        at = microseconds_since_epoch(self._clock.now())
        places = roster.names_of(session.account, at) - mine
        return WhoIAm(tuple(sorted(mine)), tuple(sorted(places)))

    def _ask_whom(self, asked: AskWhomIExpect) -> Answer:
        """Ids alone: what a session reaches of them the door decides, each by each."""
        session = self._sessions.use(asked.session)
        if session is None:
            return NOT_SIGNED_IN
        found = self._expected.expected_by(
            account=session.account,
            organisation=session.organisation,
            at=self._clock.now(),
        )
        lines = sorted(
            {
                ExpectedPatient(
                    one.patient,
                    one.kind,
                    one.who,
                    one.source,
                    one.since,
                    one.until,
                    one.is_self_made,
                )
                for one in found
            },
            key=lambda line: (line.until == 0, line.until, line.patient, line.kind),
        )
        return WhomIExpect(tuple(lines[:MOST_LINES]), max(0, len(lines) - MOST_LINES))
