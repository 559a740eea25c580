# SPDX-License-Identifier: Apache-2.0
"""An organisation's terms of retention: what they are, and setting them.

The least that the Records Management Code names stands in the code: nobody can set less
to have records destroyed early, and to destroy takes two people (`erasing`).
"""

from datetime import datetime

from wardkeep.base.clock import Clock, microseconds_since_epoch
from wardkeep.db.connection import Database
from wardkeep.disclosure.answers import Answer, Done, Refusal, Terms, TermView
from wardkeep.disclosure.questions import ListRetention, SetRetention
from wardkeep.disclosure.retention import MOST_YEARS, RULES, years_before
from wardkeep.identity.roles import Role
from wardkeep.warden import erasures, retention
from wardkeep.warden.retention import Term
from wardkeep.warden.service.desk import Desk
from wardkeep.warden.service.said import NOT_SIGNED_IN, NOT_YOUR_WORK
from wardkeep.warden.service.trace import Trace
from wardkeep.warden.sessions import Session, Sessions

DECIDERS = frozenset({Role.PRIVACY_OFFICER, Role.ADMINISTRATOR})

_NO_TERM = Refusal(
    code="bad-term",
    why="There is no such rule, or it keeps records for at least longer than that.",
    mend=f"Choose a rule, and between its least and {MOST_YEARS} years.",
)
HELD = Refusal(
    code="held",
    why="Everything that this rule is about is held until further notice.",
    mend="End the hold first, when whoever asked for it agrees.",
)
_NOT_DUE = Refusal(
    code="not-due",
    why="There is no such record, or it has to be kept for longer.",
    mend="See the list of what is due, or choose another ground.",
)


class Retention:
    """Answers questions about terms."""

    def __init__(
        self, *, database: Database, sessions: Sessions, trace: Trace, clock: Clock
    ) -> None:
        self._database = database
        self._sessions = sessions
        self._trace = trace
        self._clock = clock
        self.desk = Desk(
            later={
                ListRetention: self._list,
                SetRetention: self._set,
            }
        )

    async def due_before(
        self, rule: str, organisation: int, *, patient: str = ""
    ) -> datetime | Refusal:
        """What is older has been kept for long enough, and so has the patient's record.

        Refused where everything is held, or the record is not due.
        """
        async with self._database.connection() as connection:
            terms = await retention.terms_of(connection, organisation=organisation)
            term = terms[rule]
            if term.is_held:
                return HELD
            before = self._before(term)
            if patient:
                last = await retention.last_contact(
                    connection, organisation=organisation, patient=patient
                )
                if last is None or last >= before:
                    return _NOT_DUE
        return before

    def _before(self, term: Term) -> datetime:
        return years_before(self._clock.now(), term.years)

    async def _list(self, asked: ListRetention) -> Answer:
        session = decider(self._sessions, asked.session)
        if isinstance(session, Refusal):
            return session
        organisation = session.organisation
        async with self._database.connection() as connection:
            terms = await retention.terms_of(connection, organisation=organisation)
            waiting = await erasures.undone_rules(connection, organisation=organisation)
        return Terms(
            tuple(
                TermView(
                    rule=name,
                    years=terms[name].years,
                    is_held=terms[name].is_held,
                    before=microseconds_since_epoch(self._before(terms[name])),
                    asked=waiting.get(name, ""),
                )
                for name in RULES
            )
        )

    async def _set(self, asked: SetRetention) -> Answer:
        session = decider(self._sessions, asked.session)
        if isinstance(session, Refusal):
            return session
        rule = RULES.get(asked.rule)
        if rule is None or not rule.least_years <= asked.years <= MOST_YEARS:
            return _NO_TERM
        async with self._database.connection() as connection:
            await retention.set_term(
                connection,
                Term(asked.years, asked.is_held),
                organisation=session.organisation,
                rule=rule.name,
                account=session.account,
                at=self._clock.now(),
            )
        held = ", held until further notice" if asked.is_held else ""
        said = f"{rule.name}: {asked.years} years{held}"
        self._trace.of_session(session, "set-retention", reason=said)
        return Done()


def decider(sessions: Sessions, token: str) -> Session | Refusal:
    """The session of a person who may decide on what is kept and what goes."""
    session = sessions.use(token)
    if session is None:
        return NOT_SIGNED_IN
    is_person = session.scopes is None
    return session if is_person and session.role in DECIDERS else NOT_YOUR_WORK
