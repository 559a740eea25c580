# SPDX-License-Identifier: Apache-2.0
"""Who may do what: joiners, movers, and people who lost every passkey.

Each change is confirmed with a fresh passkey. Where any number of a budget rises, or it
reaches further or gives a guarded role, it waits until a second person confirms it too;
that one never is who asked, and neither is whom it is about.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import NamedTuple

import msgspec

from wardkeep.base.clock import Clock, microseconds_since_epoch
from wardkeep.db.connection import Connection, Database
from wardkeep.disclosure.answers import Answer, Done, Refusal
from wardkeep.disclosure.confirming import ActDescription
from wardkeep.disclosure.limits import SetBudget
from wardkeep.disclosure.people import (
    AddPeople,
    ApproveRights,
    ChangeRole,
    Links,
    ListRightsRequests,
    RightsRequests,
    RightsRequestView,
    VouchFor,
    Waiting,
    WithdrawRights,
)
from wardkeep.disclosure.support import GrantSupport
from wardkeep.identity import accounts, people, workplaces
from wardkeep.identity.accounts import Granted
from wardkeep.identity.people import Person
from wardkeep.identity.roles import GUARDED, Held, Role, role_named
from wardkeep.warden import rights_requests
from wardkeep.warden.directory import Directory
from wardkeep.warden.limits import Limits
from wardkeep.warden.rights_requests import RightsRequest
from wardkeep.warden.service.admission import Admission
from wardkeep.warden.service.desk import Acting, Desk
from wardkeep.warden.service.links import LinkOffice
from wardkeep.warden.service.rights_offices import Office
from wardkeep.warden.service.rights_words import (
    ANOTHER,
    NO_SUCH_PERSON,
    NOT_OPEN,
    SECOND_PERSON,
    MeanwhileError,
    adding_needs_second,
    bad,
    change_needs_second,
    fault_in_change,
    fault_in_end,
    fault_in_people,
    fault_in_vouching,
    may_manage,
    moment,
    role_until,
    when,
    work,
)
from wardkeep.warden.service.said import NOT_SIGNED_IN
from wardkeep.warden.service.trace import Trace
from wardkeep.warden.sessions import Session, Sessions

FEWEST_HOW_CHARACTERS = 10
LONGEST_HOW = 200

Granting = AddPeople | ChangeRole | VouchFor | GrantSupport | SetBudget
_granting_decoder: msgspec.msgpack.Decoder[Granting] = msgspec.msgpack.Decoder(Granting)
_encoder = msgspec.msgpack.Encoder()


class _Done(NamedTuple):
    """What a granted act made."""

    accounts: tuple[str, ...]
    answer: Answer
    begin: Callable[[], None] | None = None
    """Makes it hold, where another office keeps it in memory."""


class Rights:
    """Answers about roles, and changes them."""

    def __init__(  # noqa: PLR0913 - made of these parts, each named
        self,
        *,
        database: Database,
        sessions: Sessions,
        admission: Admission,
        directory: Directory,
        links: LinkOffice,
        offices: Mapping[type, Office],
        limits: Limits,
        trace: Trace,
        clock: Clock,
    ) -> None:
        self._database = database
        self._sessions = sessions
        self._admission = admission
        self._directory = directory
        self._links = links
        self._offices = offices
        self._limits = limits
        self._trace = trace
        self._clock = clock
        self.desk = Desk(
            later={
                ListRightsRequests: self._list,
                WithdrawRights: self._withdraw,
            },
            acts={
                AddPeople: Acting(self._describe_adding, self._ask_or_do),
                ChangeRole: Acting(self._describe_change, self._ask_or_do),
                VouchFor: Acting(self._describe_vouching, self._ask_or_do),
                ApproveRights: Acting(
                    self._describe_approval, self._approve, refers_to=self._approved
                ),
                **{
                    kind: Acting(office.describe, self._ask_or_do)
                    for kind, office in offices.items()
                },
            },
        )

    # In words

    async def _describe_adding(
        self, session: Session, act: AddPeople
    ) -> ActDescription | Refusal:
        refused = may_manage(session) or fault_in_people(act.people, self._clock.now())
        if refused is not None:
            return refused
        async with self._database.connection() as connection:
            teams = await workplaces.teams_of(connection, session.organisation)
        names = {team.id: team.name for team in teams}
        if any(one.team and one.team not in names for one in act.people):
            return bad("One of the teams is not a team of this organisation.")
        many = len(act.people)
        title = f"Add {act.people[0].display_name.strip()}"
        if many > 1:
            title = f"Add {many} people"
        return ActDescription(
            title=title,
            lines=tuple(
                (one.display_name.strip(), work(one, names)) for one in act.people
            ),
            warning=SECOND_PERSON
            if adding_needs_second(act, self._held(session))
            else "",
        )

    async def _describe_change(
        self, session: Session, act: ChangeRole
    ) -> ActDescription | Refusal:
        role = role_named(act.role)
        refused = may_manage(session) or fault_in_end(act.until, self._clock.now())
        if refused is not None:
            return refused
        person = await self._person(session, act.account)
        if person is None:
            return NO_SUCH_PERSON
        if role is None:
            return bad("That is not a role of a person.")
        refused = fault_in_change(person, role, act.until, by=session.account)
        if refused is not None:
            return refused
        return ActDescription(
            title=f"Change the role of {person.display_name}",
            lines=(
                ("Now", role_until(person.role, when(person.until))),
                ("From now on", role_until(role, act.until)),
            ),
            warning=SECOND_PERSON
            if change_needs_second(person, role, act.until, self._held(session))
            else "It holds at once; they sign in again.",
        )

    async def _describe_vouching(
        self, session: Session, act: VouchFor
    ) -> ActDescription | Refusal:
        refused = may_manage(session, Role.SHIFT_LEAD)
        if refused is not None:
            return refused
        how = act.how.strip()
        if not FEWEST_HOW_CHARACTERS <= len(how) <= LONGEST_HOW:
            return bad("Say in a sentence how you made sure who it is.")
        person = await self._person(session, act.account)
        if person is None:
            return NO_SUCH_PERSON
        refused = fault_in_vouching(person, by=session.account)
        if refused is not None:
            return refused
        needs_second = person.role in GUARDED
        return ActDescription(
            title=f"Vouch for {person.display_name}, who lost every passkey",
            lines=(("Role", person.role.title), ("How you made sure", how)),
            warning="Their old passkeys, sessions, apps and linked identities end when"
            " the link is used. "
            + (SECOND_PERSON if needs_second else "Your name stays in the ledger."),
        )

    async def _describe_approval(
        self, session: Session, act: ApproveRights
    ) -> ActDescription | Refusal:
        refused = may_manage(session)
        if refused is not None:
            return refused
        request = await self._open_one(act.request, session)
        if request is None:
            return NOT_OPEN
        inner = _granting_decoder.decode(request.act)
        gains = getattr(inner, "account", "")
        if session.account in (request.asked_by, gains):
            return ANOTHER
        described = await self._describe(session, inner)
        if isinstance(described, Refusal):
            return described
        asked_by = self._directory.display_name(request.asked_by)
        return ActDescription(
            title=f"Confirm: {described.title[:1].lower()}{described.title[1:]}",
            lines=(*described.lines, ("Asked by", asked_by)),
            warning="It holds as soon as you confirm it.",
        )

    async def _describe(
        self, session: Session, act: Granting
    ) -> ActDescription | Refusal:
        match act:
            case AddPeople():
                return await self._describe_adding(session, act)
            case ChangeRole():
                return await self._describe_change(session, act)
            case VouchFor():
                return await self._describe_vouching(session, act)
            case GrantSupport() | SetBudget():
                return await self._offices[type(act)].describe(session, act)

    # Doing

    async def _ask_or_do(self, session: Session, act: Granting) -> Answer:
        """Do it, or ask a second person: what was described a moment ago decides."""
        if not await self._needs_second(session, act):
            try:
                async with self._database.transaction() as connection:
                    done = await self._grant(connection, session.account, session, act)
            except MeanwhileError as error:
                return error.refusal
            return await self._settled(session, act, done)
        described = await self._describe(session, act)
        if isinstance(described, Refusal):
            return described
        request = rights_requests.new_request(
            organisation=session.organisation,
            act=_encoder.encode(act),
            title=described.title,
            asked_by=session.account,
            asked_at=self._clock.now(),
        )
        async with self._database.connection() as connection:
            await rights_requests.ask(connection, request)
        self._trace.of_session(
            session, "ask-rights", reason=request.title, request=f"rights {request.id}"
        )
        return Waiting(request.id)

    async def _needs_second(self, session: Session, act: Granting) -> bool:
        if isinstance(act, AddPeople):
            return adding_needs_second(act, self._held(session))
        if isinstance(act, GrantSupport | SetBudget):
            return self._offices[type(act)].needs_second(session, act)
        person = await self._person(session, act.account)
        if person is None:
            return True
        if isinstance(act, VouchFor):
            return person.role in GUARDED
        role = Role(act.role)
        return change_needs_second(person, role, act.until, self._held(session))

    def _held(self, session: Session) -> Held:
        """What each role may open where the session works."""
        return partial(self._limits.of, session.organisation)

    async def _approve(self, session: Session, act: ApproveRights) -> Answer:
        request = await self._open_one(act.request, session)
        if request is None:
            return NOT_OPEN
        try:
            return await self._do_approved(session, request)
        except MeanwhileError as error:
            return error.refusal

    async def _approved(self, session: Session, act: ApproveRights) -> bytes:
        """The act that the second person reads, and signs with their yes."""
        request = await self._open_one(act.request, session)
        return b"" if request is None else request.act

    async def _do_approved(self, session: Session, request: RightsRequest) -> Answer:
        inner = _granting_decoder.decode(request.act)
        async with self._database.transaction() as connection:
            done = await self._grant(connection, request.asked_by, session, inner)
            await self._close(connection, session, request, done.accounts)
        self._trace.of_session(
            session,
            "approve-rights",
            reason=request.title,
            request=f"rights {request.id}",
        )
        return await self._settled(session, inner, done)

    async def _close(
        self,
        connection: Connection,
        session: Session,
        request: RightsRequest,
        made: tuple[str, ...],
    ) -> None:
        """Raises MeanwhileError where somebody else decided: all is undone again."""
        who, at = session.account, self._clock.now()
        if not await rights_requests.approve(
            connection, request, account=who, at=at, accounts=made
        ):
            raise MeanwhileError(NOT_OPEN)

    async def _grant(
        self, connection: Connection, by: str, session: Session, act: Granting
    ) -> _Done:
        """Write it into the database; the caller holds a transaction."""
        match act:
            case AddPeople():
                return await self._add(connection, by, session, act)
            case ChangeRole():
                if not await people.change_role(
                    connection,
                    act.account,
                    organisation=session.organisation,
                    role=Role(act.role),
                    granted=Granted(by=by, until=moment(act.until)),
                    clock=self._clock,
                ):
                    raise MeanwhileError(NO_SUCH_PERSON)
                return _Done((act.account,), Done())
            case VouchFor():
                link = await self._links.recovery(connection, act.account, by=by)
                return _Done((act.account,), Links((link,)))
            case GrantSupport() | SetBudget():
                office = self._offices[type(act)]
                begin = await office.grant(connection, by, session, act)
                return _Done((), Done(), begin)

    async def _add(
        self, connection: Connection, by: str, session: Session, act: AddPeople
    ) -> _Done:
        made = []
        for one in act.people:
            account = await accounts.create_account(
                connection,
                kind=accounts.PERSON,
                display_name=one.display_name.strip(),
                organisation=session.organisation_id,
                role=Role(one.role),
                granted=Granted(by=by, until=moment(one.until)),
            )
            if one.team:
                await workplaces.join_team(
                    connection, team=one.team, account=account, clock=self._clock
                )
            made.append(str(account))
        return _Done(tuple(made), Done())

    async def _settled(self, session: Session, act: Granting, done: _Done) -> Answer:
        """What follows once the database has it: names, ends of sessions, entries."""
        if done.begin is not None:
            done.begin()
        match act:
            case AddPeople():
                for account, one in zip(done.accounts, act.people, strict=True):
                    name, home = one.display_name.strip(), session.organisation
                    self._directory.remember(account, name, home=home)
                    self._note(session, "create-account", account, one.role)
            case ChangeRole():
                here = [
                    one
                    for one in self._sessions.of_account(act.account)
                    if one.organisation == session.organisation
                ]
                await self._admission.end(here, why="role changed")
                self._note(session, "change-role", act.account, act.role)
            case VouchFor():
                self._note(session, "vouch-for", act.account, act.how.strip())
            case GrantSupport() | SetBudget():
                pass  # their office has begun it, and says so itself
        return done.answer

    def _note(self, session: Session, action: str, account: str, reason: str) -> None:
        self._trace.of_session(
            session, action, reason=reason, request=f"account {account}"
        )

    # Requests

    async def _list(self, asked: ListRightsRequests) -> Answer:
        session = self._allowed(asked.session)
        if isinstance(session, Refusal):
            return session
        async with self._database.connection() as connection:
            found = await rights_requests.newest(
                connection, organisation=session.organisation
            )
            teams = await workplaces.teams_of(connection, session.organisation)
        names = {team.id: team.name for team in teams}
        return RightsRequests(tuple(self._view(one, session, names) for one in found))

    async def _withdraw(self, asked: WithdrawRights) -> Answer:
        session = self._allowed(asked.session)
        if isinstance(session, Refusal):
            return session
        request = await self._open_one(asked.request, session)
        if request is None:
            return NOT_OPEN
        async with self._database.connection() as connection:
            at = self._clock.now()
            if not await rights_requests.withdraw(
                connection, request.id, account=session.account, at=at
            ):
                return NOT_OPEN
        self._trace.of_session(
            session,
            "withdraw-rights",
            reason=request.title,
            request=f"rights {request.id}",
        )
        return Done()

    async def _open_one(self, id_: str, session: Session) -> RightsRequest | None:
        async with self._database.connection() as connection:
            found = await rights_requests.find(
                connection, id_, organisation=session.organisation
            )
        return found if found is not None and found.is_open else None

    def _view(
        self, request: RightsRequest, session: Session, teams: dict[str, str]
    ) -> RightsRequestView:
        inner = _granting_decoder.decode(request.act)
        return RightsRequestView(
            id=request.id,
            title=request.title,
            lines=self._lines(inner, teams),
            asked_by=self._directory.display_name(request.asked_by),
            asked_at=microseconds_since_epoch(request.asked_at),
            approved_by=self._name(request.approved_by),
            approved_at=when(request.approved_at),
            withdrawn_by=self._name(request.withdrawn_by),
            withdrawn_at=when(request.withdrawn_at),
            is_mine=request.asked_by == session.account,
            accounts=request.accounts,
        )

    def _lines(
        self, act: Granting, teams: dict[str, str]
    ) -> tuple[tuple[str, str], ...]:
        match act:
            case AddPeople():
                return tuple(
                    (one.display_name.strip(), work(one, teams)) for one in act.people
                )
            case ChangeRole():
                name = self._directory.display_name(act.account)
                return ((name, role_until(Role(act.role), act.until)),)
            case VouchFor():
                return ((self._name(act.account), act.how.strip()),)
            case GrantSupport() | SetBudget():
                return self._offices[type(act)].lines(act)

    def _name(self, account: str) -> str:
        return self._directory.display_name(account) if account else ""

    def _allowed(self, token: str) -> Session | Refusal:
        session = self._sessions.use(token)
        if session is None:
            return NOT_SIGNED_IN
        return may_manage(session) or session

    async def _person(self, session: Session, account: str) -> Person | None:
        async with self._database.connection() as connection:
            return await people.working_here(
                connection,
                account,
                organisation=session.organisation,
                clock=self._clock,
            )
