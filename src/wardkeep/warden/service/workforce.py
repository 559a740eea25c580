# SPDX-License-Identifier: Apache-2.0
"""Everybody who works here: the list, leavers, and the first links of starters."""

from uuid import UUID

from wardkeep.base.clock import Clock, microseconds_since_epoch
from wardkeep.db.connection import Connection, Database
from wardkeep.disclosure.answers import Answer, Done, Refusal
from wardkeep.disclosure.confirming import ActDescription
from wardkeep.disclosure.people import (
    MOST_PEOPLE,
    EndPerson,
    IssueLinks,
    Links,
    ListPeople,
    People,
    PersonView,
)
from wardkeep.identity import accounts, people
from wardkeep.identity.people import Person
from wardkeep.identity.roles import GUARDED, Role
from wardkeep.teams.relationships import ExpectedSets
from wardkeep.warden.service.admission import Admission
from wardkeep.warden.service.desk import Acting, Desk
from wardkeep.warden.service.links import FIRST_HOURS, LinkOffice
from wardkeep.warden.service.rights_words import (
    NO_SUCH_PERSON,
    NOT_YOURSELF,
    bad,
    may_manage,
    when,
)
from wardkeep.warden.service.said import NOT_SIGNED_IN
from wardkeep.warden.service.trace import Trace
from wardkeep.warden.sessions import Session, Sessions

_HAS_PASSKEY = Refusal(
    code="has-passkey",
    why="One of them has a passkey already.",
    mend="Leave them out. Who lost every passkey is vouched for, one at a time.",
)
_BY_ANOTHER = Refusal(
    code="second-person",
    why="Whoever asked for an administrator or privacy officer does not make their"
    " link as well.",
    mend="Ask a colleague who manages people to make it, and to hand it over.",
)


class Workforce:
    """Answers about people, and ends their work."""

    def __init__(  # noqa: PLR0913 - made of these parts, each named
        self,
        *,
        database: Database,
        sessions: Sessions,
        admission: Admission,
        expected: ExpectedSets,
        links: LinkOffice,
        trace: Trace,
        clock: Clock,
    ) -> None:
        self._database = database
        self._sessions = sessions
        self._admission = admission
        self._expected = expected
        self._links = links
        self._trace = trace
        self._clock = clock
        self.desk = Desk(
            later={ListPeople: self._list},
            acts={
                EndPerson: Acting(self._describe_end, self.end),
                IssueLinks: Acting(self._describe_links, self._issue),
            },
        )

    async def _list(self, asked: ListPeople) -> Answer:
        session = self._sessions.use(asked.session)
        if session is None:
            return NOT_SIGNED_IN
        refused = may_manage(session, Role.SHIFT_LEAD)
        if refused is not None:
            return refused
        async with self._database.connection() as connection:
            found = await people.people_of(
                connection, session.organisation, clock=self._clock
            )
        return People(tuple(self._view(one, session) for one in found))

    def _view(self, one: Person, session: Session) -> PersonView:
        return PersonView(
            account=one.account,
            display_name=one.display_name,
            role=one.role.value,
            role_title=one.role.title,
            since=microseconds_since_epoch(one.since),
            until=when(one.until),
            ended_at=when(one.ended_at),
            passkeys=one.passkeys,
            device_bound=one.device_bound,
            last_signed_in=when(one.last_signed_in),
            sessions=len(self._here(one.account, session)),
            teams=one.teams,
            has_link=one.has_link,
        )

    def _here(self, account: str, session: Session) -> list[Session]:
        """Live sessions of an account in the organisation of another's session."""
        return [
            one
            for one in self._sessions.of_account(account)
            if one.organisation == session.organisation
        ]

    # Leavers

    async def _describe_end(
        self, session: Session, act: EndPerson
    ) -> ActDescription | Refusal:
        refused = may_manage(session)
        if refused is not None:
            return refused
        person = await self._person(session, act.account)
        if person is None:
            return NO_SUCH_PERSON
        if person.account == session.account:
            return NOT_YOURSELF
        live = len(self._here(person.account, session))
        return ActDescription(
            title=f"End the work of {person.display_name}",
            lines=(
                ("Role", person.role.title),
                ("Signed in now", f"{live} sessions" if live != 1 else "1 session"),
            ),
            warning="Their sessions end at once, everywhere. Their passkeys end too,"
            " unless they work in another organisation.",
        )

    async def end(self, session: Session, act: EndPerson) -> Answer:
        """End all of somebody's work here; the caller has judged who asks."""
        # First in memory, so that nothing opens while the database is asked.
        ended = self._here(act.account, session)
        for one in ended:
            self._sessions.end(one)
        async with self._database.transaction() as connection:
            found = await people.end_roles(
                connection,
                act.account,
                organisation=session.organisation,
                clock=self._clock,
            )
            works_elsewhere = await people.works_anywhere(connection, act.account)
        if not found:
            return NO_SUCH_PERSON
        if not works_elsewhere:
            async with self._database.connection() as connection:
                await accounts.end_account(connection, act.account, clock=self._clock)
        # Once more, for a session that began meanwhile.
        await self._admission.end(
            [*ended, *self._here(act.account, session)], why="work ended"
        )
        self._expected.end_account(act.account, organisation=session.organisation)
        self._trace.of_session(session, "end-person", request=f"account {act.account}")
        return Done()

    # Links

    async def _describe_links(
        self, session: Session, act: IssueLinks
    ) -> ActDescription | Refusal:
        refused = may_manage(session)
        if refused is not None:
            return refused
        if not 1 <= len(set(act.accounts)) == len(act.accounts) <= MOST_PEOPLE:
            return bad(f"Name between 1 and {MOST_PEOPLE} people, each once.")
        found = [await self._person(session, one) for one in act.accounts]
        named = [one for one in found if one is not None]
        if len(named) < len(found):
            return NO_SUCH_PERSON
        if any(one.passkeys for one in named):
            return _HAS_PASSKEY
        # Else somebody asks for a colleague who does not exist, and becomes them.
        own = [one for one in named if one.granted_by == session.account]
        if any(one.role in GUARDED for one in own):
            return _BY_ANOTHER
        many = len(named)
        title = f"Make an enrolment link for {named[0].display_name}"
        if many > 1:
            title = f"Make enrolment links for {many} people"
        return ActDescription(
            title=title,
            lines=tuple((one.display_name, one.role.title) for one in named),
            warning=f"Each link works once, for {FIRST_HOURS:.0f} hours. Whoever opens"
            " it first becomes that person: hand it over yourself.",
        )

    async def _issue(self, session: Session, act: IssueLinks) -> Answer:
        async with self._database.transaction() as connection:
            links = [
                await self._links.first(connection, account, by=session.account)
                for account in act.accounts
                if not await _has_passkey(connection, account)
            ]
        for link in links:
            self._trace.of_session(
                session, "issue-link", request=f"account {link.account}"
            )
        return Links(tuple(links))

    async def _person(self, session: Session, account: str) -> Person | None:
        async with self._database.connection() as connection:
            return await people.working_here(
                connection,
                account,
                organisation=session.organisation,
                clock=self._clock,
            )


async def _has_passkey(connection: Connection, account: str) -> bool:
    found: bool = await connection.fetch_value(
        "select exists (select from warden.credential"
        " where account = $1 and revoked_at is null)",
        UUID(account),
    )
    return found
