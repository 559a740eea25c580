# SPDX-License-Identifier: Apache-2.0
"""Who is who: which account a practitioner is, and which team works in which places.

Each of these says whom somebody may expect, so each is confirmed with a fresh passkey,
and nobody does it for themselves; the operator's socket sets up many at once.
"""

import re
from collections.abc import Iterable

from wardkeep.base.clock import (
    LONDON,
    Clock,
    from_microseconds,
    microseconds_since_epoch,
)
from wardkeep.base.time_of_day import time_of_day
from wardkeep.db.connection import Connection, Database
from wardkeep.db.errors import AlreadyExistsError
from wardkeep.disclosure.answers import Answer, Done, Refusal
from wardkeep.disclosure.confirming import ActDescription
from wardkeep.disclosure.people import JoinTeam, PlaceTeam, StandFor
from wardkeep.disclosure.questions import SetWork
from wardkeep.identity import accounts, people, workplaces
from wardkeep.identity.people import Person
from wardkeep.identity.workplaces import Team
from wardkeep.teams.relationships import ExpectedSets
from wardkeep.warden.service.desk import Acting, Desk
from wardkeep.warden.service.rights_words import (
    NO_SUCH_PERSON,
    NOT_YOURSELF,
    bad,
    may_manage,
    moment,
)
from wardkeep.warden.service.trace import Trace
from wardkeep.warden.sessions import Session

MOST_REFERENCES = 50
_ID = r"/[A-Za-z0-9\-.]{1,64}"
_PERSON = re.compile("(Practitioner|PractitionerRole)" + _ID)
_PLACE = re.compile("(Location|HealthcareService|CareTeam|Organization)" + _ID)
NO_SUCH_TEAM = Refusal(
    code="no-such-team",
    why="There is no such team or site here.",
    mend="See the list of teams: somebody may have ended it.",
)
_TAKEN = Refusal(
    code="already-there",
    why="Another account is that practitioner already.",
    mend="Take it from the other account first, on that person’s page.",
)
_NOT_THERE = Refusal(
    code="no-such-account",
    why="There is no such organisation or account, or it has ended.",
    mend="See who there is: wardkeep account list --help",
)
_WRONG_PERSON = "Write each as Practitioner/… or PractitionerRole/…, 50 at most."
_WRONG_PLACE = (
    "Write each as Location/…, HealthcareService/…, CareTeam/… or Organization/…, 50"
    " at most."
)
_WIDENS = "It says whose records open without a question."


class WhoIsWho:
    """Answers about practitioners, places and shifts."""

    def __init__(
        self,
        *,
        database: Database,
        expected: ExpectedSets,
        trace: Trace,
        clock: Clock,
    ) -> None:
        self._database = database
        self._expected = expected
        self._trace = trace
        self._clock = clock
        self.desk = Desk(
            acts={
                StandFor: Acting(self._describe_standing, self._stand),
                PlaceTeam: Acting(self._describe_placing, self._place),
                JoinTeam: Acting(self._describe_joining, self._join),
            }
        )
        self.operator_desk = Desk(later={SetWork: self._set_up})

    async def reload(self, connection: Connection, organisation: int) -> None:
        """Judge by what the database says, from now on."""
        await self._expected.read_roster(connection, organisation)

    # Which practitioner an account is

    async def _describe_standing(
        self, session: Session, act: StandFor
    ) -> ActDescription | Refusal:
        person = await self._person(session, act.account)
        if isinstance(person, Refusal):
            return person
        if not _are_all(_PERSON, act.references):
            return bad(_WRONG_PERSON)
        return ActDescription(
            title=f"Say which practitioner {person.display_name} is",
            lines=(
                ("Role", person.role.title),
                ("In the record", ", ".join(act.references) or "Nobody"),
            ),
            warning=_WIDENS,
        )

    async def _stand(self, session: Session, act: StandFor) -> Answer:
        try:
            async with self._database.transaction() as connection:
                await workplaces.stand_for(
                    connection,
                    act.references,
                    organisation=session.organisation,
                    account=act.account,
                    clock=self._clock,
                )
        except AlreadyExistsError:
            return _TAKEN
        named = " ".join(act.references)
        return await self._done(session, "stand-for", act.account, named)

    # Where a team works

    async def _describe_placing(
        self, session: Session, act: PlaceTeam
    ) -> ActDescription | Refusal:
        team = await self._team(session, act.team)
        if isinstance(team, Refusal):
            return team
        if not _are_all(_PLACE, act.references):
            return bad(_WRONG_PLACE)
        return ActDescription(
            title=f"Say where the team {team.name} works",
            lines=(
                ("People in it", str(len(team.members))),
                ("In the record", ", ".join(act.references) or "Nowhere"),
            ),
            warning=_WIDENS,
        )

    async def _place(self, session: Session, act: PlaceTeam) -> Answer:
        async with self._database.transaction() as connection:
            await workplaces.stand_for(
                connection,
                act.references,
                organisation=session.organisation,
                team=act.team,
                clock=self._clock,
            )
        named = " ".join(act.references)
        return await self._done(session, "place-team", "", f"team {act.team} {named}")

    # Who is in a team, for good or for a while

    async def _describe_joining(
        self, session: Session, act: JoinTeam
    ) -> ActDescription | Refusal:
        person = await self._person(session, act.account)
        if isinstance(person, Refusal):
            return person
        team = await self._team(session, act.team)
        if isinstance(team, Refusal):
            return team
        now = microseconds_since_epoch(self._clock.now())
        if act.until and act.until <= max(now, act.since):
            return bad("The end lies before the beginning, or in the past.")
        return ActDescription(
            title=f"Put {person.display_name} into the team {team.name}",
            lines=(
                ("From", _when(act.since) or "Now"),
                ("Until", _when(act.until) or "Somebody ends it"),
                ("It works in", ", ".join(team.places) or "No place yet"),
            ),
            warning=_WIDENS,
        )

    async def _join(self, session: Session, act: JoinTeam) -> Answer:
        async with self._database.connection() as connection:
            await workplaces.join_team(
                connection,
                team=act.team,
                account=act.account,
                since=moment(act.since),
                until=moment(act.until),
                clock=self._clock,
            )
        span = f"{act.since} {act.until}" if act.since or act.until else ""
        words = f"team {act.team} {span}".strip()
        return await self._done(session, "join-team", act.account, words)

    async def _done(
        self, session: Session, action: str, account: str, words: str
    ) -> Answer:
        async with self._database.connection() as connection:
            await self.reload(connection, session.organisation)
        request = f"account {account} {words}" if account else words
        self._trace.of_session(session, action, request=request)
        return Done()

    async def _person(self, session: Session, account: str) -> Person | Refusal:
        """Somebody else who works here, where the session may say so."""
        refused = may_manage(session)
        if refused is not None:
            return refused
        if account == session.account:
            return NOT_YOURSELF
        async with self._database.connection() as connection:
            person = await people.working_here(
                connection,
                account,
                organisation=session.organisation,
                clock=self._clock,
            )
        return person or NO_SUCH_PERSON

    async def _team(self, session: Session, id_: str) -> Team | Refusal:
        refused = may_manage(session)
        if refused is not None:
            return refused
        async with self._database.connection() as connection:
            found = await workplaces.teams_of(connection, session.organisation)
        return next((one for one in found if one.id == id_), NO_SUCH_TEAM)

    # From the operator's socket

    async def _set_up(self, asked: SetWork) -> Answer:
        named = {account for account, _ in asked.practitioners}
        named.update(one for _, _, members in asked.teams for one in members)
        if not all(_are_all(_PERSON, refs) for _, refs in asked.practitioners):
            return bad(_WRONG_PERSON)
        if not all(name and _are_all(_PLACE, refs) for name, refs, _ in asked.teams):
            return bad(_WRONG_PLACE)
        try:
            async with self._database.transaction() as connection:
                found = await accounts.find_organisation(connection, asked.organisation)
                if found is None:
                    return _NOT_THERE
                if not await accounts.are_all_there(connection, named):
                    return _NOT_THERE
                await self._write(connection, found.number, asked)
        except AlreadyExistsError:
            return _TAKEN
        async with self._database.connection() as connection:
            await self.reload(connection, found.number)
        many = f"{len(asked.practitioners)} practitioners, {len(asked.teams)} teams"
        self._trace.of_operator("set-work", organisation=found.number, reason=many)
        return Done()

    async def _write(
        self, connection: Connection, organisation: int, asked: SetWork
    ) -> None:
        for account, references in asked.practitioners:
            await workplaces.stand_for(
                connection,
                references,
                organisation=organisation,
                account=account,
                clock=self._clock,
            )
        known = await workplaces.teams_of(connection, organisation)
        ids = {one.name: one.id for one in known}
        for name, references, members in asked.teams:
            team = ids.get(name) or await workplaces.add_team(
                connection,
                Team("", name, ""),
                organisation=organisation,
                clock=self._clock,
            )
            await workplaces.stand_for(
                connection,
                references,
                organisation=organisation,
                team=team,
                clock=self._clock,
            )
            for account in members:
                await workplaces.join_team(
                    connection, team=team, account=account, clock=self._clock
                )


def _are_all(pattern: re.Pattern[str], references: Iterable[str]) -> bool:
    named = tuple(references)
    return len(named) <= MOST_REFERENCES and all(map(pattern.fullmatch, named))


def _when(microseconds: int) -> str:
    if not microseconds:
        return ""
    at = from_microseconds(microseconds).astimezone(LONDON)
    return f"{at:%-d %B %Y}, {time_of_day(at)}"
