# SPDX-License-Identifier: Apache-2.0
"""Why somebody may expect a patient, in the words of an entry."""

from datetime import datetime

from wardkeep.disclosure.purpose import FIND, LETTERS, Action
from wardkeep.identity.roles import Role
from wardkeep.identity.scopes import CHECK_IN
from wardkeep.teams.relationships import SELF_MADE, ExpectedSets
from wardkeep.warden.letters import ApprovedLetters
from wardkeep.warden.rules.opening import GLASS, LETTER, OWN
from wardkeep.warden.service.by_support import BY_SUPPORT
from wardkeep.warden.service.watch import Watch
from wardkeep.warden.sessions import Session

BY_CONTRACT = "contract"
"""Why a program may expect a patient: what it was registered for says so."""
BY_IMPORT = "import"
BY_RETURN = "national data set"
BY_CHECK_IN = "check-in"
"""Of a ticket, for the one patient whom two facts named."""
_BY_ROLE = {
    Role.IMPORTER: BY_IMPORT,
    Role.EXTRACTOR: BY_RETURN,
    Role.SUPPORT: BY_SUPPORT,
}


class Explaining:
    """Finds what explains an opening; empty where nothing does."""

    def __init__(
        self, *, expected: ExpectedSets, watch: Watch, letters: ApprovedLetters
    ) -> None:
        self._expected = expected
        self._watch = watch
        self._letters = letters

    def of_action(
        self,
        session: Session,
        action: Action,
        patient: str,
        now: datetime,
        monotonic: float,
    ) -> str:
        """The same, as far as it counts for what is done."""
        if action is LETTERS:
            # Two people explain it; nothing else does.
            return LETTER if self._letters.incident_of(session, patient) else ""
        why = self.of(session, patient, now, monotonic)
        # What somebody wrote for themselves explains no list: its rows count.
        return "" if action is FIND and why.endswith(SELF_MADE) else why

    def of(
        self, session: Session, patient: str, now: datetime, monotonic: float
    ) -> str:
        if session.own_patient:
            why = BY_CHECK_IN if session.only == CHECK_IN else OWN
            return why if session.own_patient == patient else ""
        if session.scopes is not None:
            return BY_CONTRACT
        by_role = _BY_ROLE.get(session.role)
        if by_role is not None:
            return by_role
        if session.glass and self._watch.has_broken_glass(session, patient, monotonic):
            return GLASS
        found = self._expected.explains(
            account=session.account,
            organisation=session.organisation,
            patient=patient,
            at=now,
        )
        if found and self._watch.still_explains(session, patient, found, monotonic):
            return found.words
        return ""
