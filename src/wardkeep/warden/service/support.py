# SPDX-License-Identifier: Apache-2.0
"""Support access: what a grant says in words, how it begins, is watched, and ends.

While a grant holds, the support person works in the granting organisation in the role
`support`, which ends with it; the door opens what the grant names and nothing else.
"""

from collections.abc import Callable
from datetime import timedelta
from functools import partial

from wardkeep.base.clock import Clock, microseconds_since_epoch
from wardkeep.base.ids import is_fhir_id, new_uuid
from wardkeep.db.connection import Connection, Database
from wardkeep.disclosure.answers import Answer, Done, Refusal
from wardkeep.disclosure.confirming import ActDescription
from wardkeep.disclosure.purpose import Tier
from wardkeep.disclosure.support import (
    LONGEST_MINUTES,
    MOST_PATIENTS,
    EndSupport,
    GrantSupport,
    ListMyGrants,
    ListSupport,
    MyGrants,
    Support as SupportList,
    SupportGrantView,
    SupportOpening,
    SupportWatched,
    WatchSupport,
)
from wardkeep.identity import accounts, people
from wardkeep.identity.accounts import Granted
from wardkeep.identity.roles import Role
from wardkeep.ledger.entry import Subject
from wardkeep.warden import support_grants
from wardkeep.warden.directory import Directory
from wardkeep.warden.rules.reason_is_given import is_too_thin
from wardkeep.warden.service.admission import Admission
from wardkeep.warden.service.desk import Desk
from wardkeep.warden.service.rights_words import (
    NOT_YOURSELF,
    SECOND_PERSON,
    MeanwhileError,
    bad,
    may_manage,
    when,
)
from wardkeep.warden.service.said import NOT_SIGNED_IN
from wardkeep.warden.service.trace import Trace
from wardkeep.warden.sessions import Session, Sessions
from wardkeep.warden.support_grants import SupportGrant, SupportGrants

LONGEST_REASON = 200
NO_SUCH_SUPPORTER = bad("That is nobody of the operator's support people.")
NO_SUCH_GRANT = Refusal(
    code="no-such-grant",
    why="There is no such grant of your organisation, or it is over.",
    mend="See the list of support access.",
)
ONE_AT_A_TIME = bad("That person has support access here already: end it first.")


class SupportOffice:
    """Grants, shows and ends support access."""

    def __init__(  # noqa: PLR0913 - made of these parts, each named
        self,
        *,
        database: Database,
        sessions: Sessions,
        admission: Admission,
        directory: Directory,
        grants: SupportGrants,
        trace: Trace,
        clock: Clock,
    ) -> None:
        self._database = database
        self._sessions = sessions
        self._admission = admission
        self._directory = directory
        self._grants = grants
        self._trace = trace
        self._clock = clock
        self.desk = Desk(
            at_once={ListMyGrants: self._mine},
            later={
                ListSupport: self._list,
                WatchSupport: self._watch,
                EndSupport: self._end,
            },
            saves=(self._save,),
        )

    # The act, which `Rights` has confirmed by two people

    async def describe(
        self, session: Session, act: GrantSupport
    ) -> ActDescription | Refusal:
        refused = may_manage(session) or _fault_in(act)
        if refused is not None:
            return refused
        async with self._database.connection() as connection:
            known = dict(await support_grants.supporters(connection))
        if act.account not in known:
            return NO_SUCH_SUPPORTER
        if act.account == session.account:
            return NOT_YOURSELF
        if self._grants.holding(act.account, session.organisation) is not None:
            return ONE_AT_A_TIME
        return ActDescription(
            title=f"Let {known[act.account]} of support see {_many(act)}",
            lines=self.lines(act),
            warning=f"{SECOND_PERSON} You can watch it and end it at any moment.",
        )

    def lines(self, act: GrantSupport) -> tuple[tuple[str, str], ...]:
        reach = "The whole record but what is sealed" if act.is_record else "Banner"
        return (
            ("Who", self._directory.display_name(act.account)),
            ("Patients", ", ".join(act.patients)),
            ("How far", reach),
            ("For", f"{act.minutes} minutes from the second person's yes"),
            ("Why", act.reason.strip()),
        )

    def needs_second(self, _session: Session, _act: GrantSupport) -> bool:
        """Always."""
        return True

    async def grant(
        self, connection: Connection, by: str, session: Session, act: GrantSupport
    ) -> Callable[[], None]:
        """Write it down; what is returned makes it hold, once that is committed.

        Raises:
            MeanwhileError: another grant for the same person was faster.
        """
        now = self._clock.now()
        lasts = timedelta(minutes=act.minutes)
        made = SupportGrant(
            id=new_uuid(),
            organisation=session.organisation,
            organisation_name=session.organisation_name,
            account=act.account,
            patients=tuple(dict.fromkeys(act.patients)),
            tier=Tier.RECORD if act.is_record else Tier.BANNER,
            reason=act.reason.strip(),
            asked_by=by,
            approved_by=session.account,
            starts_at=now,
            ends_at=now + lasts,
            ends_monotonic=self._clock.monotonic_seconds() + lasts.total_seconds(),
        )
        # Two that were asked for apart, and are confirmed at the same moment, are one
        # too many: the second waits here until the first is there.
        if await support_grants.is_held(connection, made):
            raise MeanwhileError(ONE_AT_A_TIME)
        await support_grants.keep(connection, made)
        await accounts.grant_role(
            connection,
            act.account,
            organisation=session.organisation,
            role=Role.SUPPORT,
            granted=Granted(by=session.account, until=made.ends_at),
        )
        return partial(self._begin, session, made)

    def _begin(self, session: Session, made: SupportGrant) -> None:
        self._grants.add(made)
        self._trace.of_session(
            session,
            "grant-support",
            reason=made.reason,
            request=f"support {made.id} account {made.account}",
            subjects=[
                Subject.about(patient=one, tier="", relationship="", resources=())
                for one in made.patients
            ],
        )

    # Questions

    def _mine(self, asked: ListMyGrants) -> Answer:
        session = self._sessions.use(asked.session)
        if session is None:
            return NOT_SIGNED_IN
        mine = self._grants.of_account(session.account)
        return MyGrants(tuple(self._view(one, session) for one in mine))

    async def _list(self, asked: ListSupport) -> Answer:
        session = self._allowed(asked.session)
        if isinstance(session, Refusal):
            return session
        async with self._database.connection() as connection:
            await self._grants.save(connection)
            known = await support_grants.supporters(connection)
            found = await support_grants.newest(
                connection, session.organisation, clock=self._clock
            )
        return SupportList(
            tuple(known), tuple(self._view(one, session) for one in found)
        )

    async def _watch(self, asked: WatchSupport) -> Answer:
        session = self._sessions.glance(asked.session)
        if session is None:
            return NOT_SIGNED_IN
        refused = may_manage(session)
        if refused is not None:
            return refused
        async with self._database.connection() as connection:
            await self._grants.save(connection)
            found = await support_grants.find(
                connection,
                asked.grant,
                organisation=session.organisation,
                clock=self._clock,
            )
            if found is None:
                return NO_SUCH_GRANT
            opened = await support_grants.openings_of(connection, found.id)
        return SupportWatched(
            self._view(found, session),
            tuple(
                SupportOpening(microseconds_since_epoch(one.at), one.patient, one.what)
                for one in opened
            ),
        )

    async def _end(self, asked: EndSupport) -> Answer:
        session = self._allowed(asked.session)
        if isinstance(session, Refusal):
            return session
        grant = self._grants.get(asked.grant)
        if grant is None or grant.organisation != session.organisation:
            return NO_SUCH_GRANT
        # The door first: whatever the database does, nothing opens from here on.
        self._grants.end(grant, at=self._clock.now(), by=session.account)
        here = [
            one
            for one in self._sessions.of_account(grant.account)
            if one.organisation == grant.organisation
        ]
        for one in here:
            self._sessions.end(one)
        self._trace.of_session(session, "end-support", request=f"support {grant.id}")
        async with self._database.transaction() as connection:
            await support_grants.note_end(connection, grant)
            await people.end_roles(
                connection,
                grant.account,
                organisation=grant.organisation,
                clock=self._clock,
            )
        await self._admission.end(here, why="support access ended")
        return Done()

    async def _save(self) -> None:
        async with self._database.connection() as connection:
            await self._grants.save(connection)

    def _allowed(self, token: str) -> Session | Refusal:
        session = self._sessions.use(token)
        if session is None:
            return NOT_SIGNED_IN
        return may_manage(session) or session

    def _view(self, one: SupportGrant, session: Session) -> SupportGrantView:
        left = (one.ends_at - self._clock.now()).total_seconds()
        is_live = self._grants.get(one.id) is not None
        names = self._directory
        return SupportGrantView(
            id=one.id,
            organisation=one.organisation,
            organisation_name=one.organisation_name,
            supporter=names.display_name(one.account),
            patients=one.patients,
            is_record=one.tier is Tier.RECORD,
            reason=one.reason,
            asked_by=names.display_name(one.asked_by),
            approved_by=names.display_name(one.approved_by),
            starts_at=microseconds_since_epoch(one.starts_at),
            ends_at=microseconds_since_epoch(one.ends_at),
            ended_at=when(one.ended_at),
            ended_by=names.display_name(one.ended_by) if one.ended_by else "",
            seconds_left=max(0, int(left)) if is_live else 0,
            openings=one.openings,
            is_here=one.organisation == session.organisation,
        )


def _many(act: GrantSupport) -> str:
    many = len(set(act.patients))
    people_ = "one patient" if many == 1 else f"{many} patients"
    return f"{people_} for {act.minutes} minutes"


def _fault_in(act: GrantSupport) -> Refusal | None:
    if not 1 <= len(act.patients) <= MOST_PATIENTS:
        return bad(f"Name 1 to {MOST_PATIENTS} patients.")
    if not all(map(is_fhir_id, act.patients)):
        return bad("One of the patients is no id of a record.")
    if not 1 <= act.minutes <= LONGEST_MINUTES:
        return bad(f"Support access lasts 1 to {LONGEST_MINUTES} minutes.")
    reason = act.reason.strip()
    if is_too_thin(reason) or len(reason) > LONGEST_REASON:
        return bad("Say in a few words what support is needed for.")
    return None
