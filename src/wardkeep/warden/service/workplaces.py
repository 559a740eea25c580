# SPDX-License-Identifier: Apache-2.0
"""Sites and teams: administrators set them up and end them, and take people out.

Putting somebody in is an act of its own (who_is_who.py).
"""

import re
from uuid import UUID

from wardkeep.base.clock import Clock
from wardkeep.db.connection import Database
from wardkeep.db.errors import AlreadyExistsError
from wardkeep.disclosure.answers import Answer, Created, Done, Refusal
from wardkeep.disclosure.people import (
    EndTeam,
    LeaveTeam,
    ListTeams,
    SaveSite,
    SaveTeam,
    SiteView,
    Teams,
    TeamView,
)
from wardkeep.identity import workplaces
from wardkeep.identity.roles import Role
from wardkeep.identity.workplaces import Team
from wardkeep.warden.directory import Directory
from wardkeep.warden.service.desk import Desk
from wardkeep.warden.service.rights_words import bad, may_manage, when
from wardkeep.warden.service.said import NOT_SIGNED_IN
from wardkeep.warden.service.trace import Trace
from wardkeep.warden.service.who_is_who import NO_SUCH_TEAM, WhoIsWho
from wardkeep.warden.sessions import Session, Sessions

LONGEST_NAME = 80
_NAME = re.compile(r"\S(.*\S)?")
_NAME_TAKEN = Refusal(
    code="already-there",
    why="Another one has that name.",
    mend="Choose another name.",
)


class Workplaces:
    """Answers about sites and teams."""

    def __init__(
        self,
        *,
        database: Database,
        sessions: Sessions,
        directory: Directory,
        who_is_who: WhoIsWho,
        trace: Trace,
        clock: Clock,
    ) -> None:
        self._database = database
        self._sessions = sessions
        self._directory = directory
        self._who_is_who = who_is_who
        self._trace = trace
        self._clock = clock
        self.desk = Desk(
            later={
                ListTeams: self._list,
                SaveSite: self._save_site,
                SaveTeam: self._save_team,
                EndTeam: self._end,
                LeaveTeam: self._leave,
            }
        )

    def _allowed(self, token: str, *more: Role) -> Session | Refusal:
        session = self._sessions.use(token)
        if session is None:
            return NOT_SIGNED_IN
        return may_manage(session, *more) or session

    async def _list(self, asked: ListTeams) -> Answer:
        session = self._allowed(asked.session, Role.SHIFT_LEAD)
        if isinstance(session, Refusal):
            return session
        async with self._database.connection() as connection:
            sites = await workplaces.sites_of(connection, session.organisation)
            teams = await workplaces.teams_of(connection, session.organisation)
            practitioners = await workplaces.practitioners_of(
                connection, session.organisation
            )
        return Teams(
            sites=tuple(SiteView(one.id, one.name) for one in sites),
            teams=tuple(self._view(one) for one in teams),
            practitioners=tuple(practitioners),
        )

    def _view(self, team: Team) -> TeamView:
        name, now = self._directory.display_name, self._clock.now()
        named = [
            (one.account, name(one.account), when(one.until))
            for one in team.members
            if one.until is None or one.until > now
        ]
        members = tuple(sorted(named, key=lambda one: (one[1].lower(), one[0])))
        return TeamView(team.id, team.name, team.site, members, team.places)

    async def _save_site(self, asked: SaveSite) -> Answer:
        session = self._allowed(asked.session)
        if isinstance(session, Refusal):
            return session
        name = _tidy(asked.name)
        if not name or not _is_id(asked.id, or_none=True):
            return bad(f"A name has 1 to {LONGEST_NAME} letters.")
        try:
            async with self._database.connection() as connection:
                id_ = await workplaces.save_site(
                    connection,
                    organisation=session.organisation,
                    id_=asked.id,
                    name=name,
                    clock=self._clock,
                )
        except AlreadyExistsError:
            return _NAME_TAKEN
        return self._saved(session, "save-site", id_, name)

    async def _save_team(self, asked: SaveTeam) -> Answer:
        session = self._allowed(asked.session)
        if isinstance(session, Refusal):
            return session
        name = _tidy(asked.name)
        if not name or not _is_id(asked.id, or_none=True):
            return bad(f"A name has 1 to {LONGEST_NAME} letters.")
        try:
            async with self._database.connection() as connection:
                sites = await workplaces.sites_of(connection, session.organisation)
                if asked.site and asked.site not in {one.id for one in sites}:
                    return NO_SUCH_TEAM
                id_ = await workplaces.save_team(
                    connection,
                    Team(asked.id, name, asked.site),
                    organisation=session.organisation,
                    clock=self._clock,
                )
        except AlreadyExistsError:
            return _NAME_TAKEN
        return self._saved(session, "save-team", id_, name)

    def _saved(
        self, session: Session, action: str, id_: str | None, name: str
    ) -> Answer:
        if id_ is None:
            return NO_SUCH_TEAM
        self._trace.of_session(session, action, reason=name, request=f"team {id_}")
        return Created(id_)

    async def _end(self, asked: EndTeam) -> Answer:
        session = self._allowed(asked.session)
        if isinstance(session, Refusal):
            return session
        if not _is_id(asked.id):
            return NO_SUCH_TEAM
        async with self._database.transaction() as connection:
            is_ended = await workplaces.end(
                connection,
                asked.id,
                organisation=session.organisation,
                clock=self._clock,
            )
        async with self._database.connection() as connection:
            await self._who_is_who.reload(connection, session.organisation)
        if not is_ended:
            return NO_SUCH_TEAM
        self._trace.of_session(session, "end-team", request=f"team {asked.id}")
        return Done()

    async def _leave(self, asked: LeaveTeam) -> Answer:
        session = self._allowed(asked.session)
        if isinstance(session, Refusal):
            return session
        if not _is_id(asked.account):
            return NO_SUCH_TEAM
        async with self._database.connection() as connection:
            teams = await workplaces.teams_of(connection, session.organisation)
            if asked.team not in {one.id for one in teams}:
                return NO_SUCH_TEAM
            await workplaces.leave_team(
                connection, team=asked.team, account=asked.account, clock=self._clock
            )
            await self._who_is_who.reload(connection, session.organisation)
        self._trace.of_session(
            session,
            "leave-team",
            request=f"account {asked.account} team {asked.team}",
        )
        return Done()


def _tidy(name: str) -> str:
    """The name without outer spaces; empty where it is none that can be shown."""
    text = name.strip()
    is_name = len(text) <= LONGEST_NAME and text.isprintable()
    return text if is_name and _NAME.fullmatch(text) else ""


def _is_id(text: str, *, or_none: bool = False) -> bool:
    if not text:
        return or_none
    try:
        UUID(text)
    except ValueError:
        return False
    return True
