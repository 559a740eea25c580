# SPDX-License-Identifier: Apache-2.0
"""An organisation's own incidents: a privacy officer counts, declares and withdraws.

The ledger decides: what was signed for lies beside as a pending file, its entry is
written, and only then does it stand. A kill between the two is finished from the ledger
at the next start; without the entry nothing was declared.
"""

import asyncio
import contextlib
from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from wardkeep.base.clock import Clock, microseconds_since_epoch
from wardkeep.base.ids import new_uuid
from wardkeep.disclosure.answers import Answer, Done, Refusal
from wardkeep.disclosure.confirming import ActDescription
from wardkeep.disclosure.incident_desk import (
    BeginCount,
    CountBegun,
    CountView,
    DeclareIncident,
    ListIncidents,
    LookAtCount,
    WithdrawIncident,
)
from wardkeep.ledger.incidents import Finding, Incident, request_of
from wardkeep.ledger.reaching import Reach
from wardkeep.ledger.wanted import Wanted
from wardkeep.warden.alarms import INCIDENT
from wardkeep.warden.directory import Directory
from wardkeep.warden.incidents import Register
from wardkeep.warden.letters import ApprovedLetters
from wardkeep.warden.service.batch import Written
from wardkeep.warden.service.counting import Count, Counting
from wardkeep.warden.service.desk import Acting, Desk
from wardkeep.warden.service.incident_access import (
    NO_SUCH_INCIDENT,
    is_officer,
    is_own,
    officer,
    own,
    touching,
)
from wardkeep.warden.service.incident_drafts import IncidentDrafts
from wardkeep.warden.service.incident_letters import IncidentLetters
from wardkeep.warden.service.incident_words import (
    Showing,
    fault_in,
    fault_in_reason,
    moment,
    whose,
)
from wardkeep.warden.service.incidents import STEPS
from wardkeep.warden.service.said import (
    LEDGER_CANNOT_WRITE,
    NOT_YOUR_WORK,
)
from wardkeep.warden.service.trace import Trace
from wardkeep.warden.service.watch import Watch
from wardkeep.warden.sessions import Session, Sessions

COUNT = "count-incident"
NO_SUCH_COUNT = Refusal(
    code="no-such-count",
    why="There is no such count of yours, or it was made too long ago.",
    mend="Count again.",
)
NOT_COUNTED = Refusal(
    code="not-counted",
    why="That is not counted to its end, or the ledger could not be read.",
    mend="Wait until it is counted, or count again.",
)
MEANWHILE = Refusal(
    code="revised-meanwhile",
    why="Somebody wrote down a new version of this incident while you counted.",
    mend="Read it, and count again.",
)
_encoder = msgspec.msgpack.Encoder()


class IncidentParts(NamedTuple):
    """What the desk works with."""

    sessions: Sessions
    register: Register
    counting: Counting
    watch: Watch
    directory: Directory
    trace: Trace
    drafts: IncidentDrafts
    letters: IncidentLetters
    approved: ApprovedLetters
    clock: Clock
    written: Written


class IncidentDesk:
    """Counts, declares, revises, withdraws, and gives who was reached."""

    def __init__(self, parts: IncidentParts) -> None:
        self._parts = parts
        self._writing = asyncio.Lock()
        self._showing = Showing(parts.register, parts.directory)
        self.desk = Desk(
            later={
                BeginCount: self._begin,
                LookAtCount: self._look,
                ListIncidents: self._list,
            },
            acts={
                DeclareIncident: Acting(
                    self._describe, self._declare, refers_to=self._counted
                ),
                WithdrawIncident: Acting(
                    self._describe_end, self._withdraw, refers_to=self._named
                ),
            },
            closes=(parts.counting.close,),
        )

    # Counting

    async def _begin(self, asked: BeginCount) -> Answer:
        session = officer(self._parts.sessions, asked.session)
        if isinstance(session, Refusal):
            return session
        before: Incident | None = None
        if asked.incident:
            before = touching(self._parts.register, session, asked.incident)
            if before is None or before.withdrawn_at:
                return NO_SUCH_INCIDENT
        is_for_drafts = before is not None and not asked.selectors and not asked.what
        now = microseconds_since_epoch(self._parts.clock.now())
        fault = None if is_for_drafts else fault_in(asked, now=now)
        if fault is not None:
            return fault
        if before is not None and not is_for_drafts and not is_own(before, session):
            return NO_SUCH_INCIDENT
        known = () if before is None else before.newest.selectors
        selectors = tuple(dict.fromkeys((*known, *asked.selectors)))
        version = 0 if before is None else len(before.findings)
        count = self._parts.counting.begin(
            session, asked, _of(selectors, session), version=version
        )
        if isinstance(count, Refusal):
            return count
        if is_for_drafts and before is not None:
            # As it was counted: what came later is another version's.
            count.at = before.newest.at
        self._parts.trace.of_session(
            session,
            COUNT,
            reason=asked.what[:200],
            request=f"count {count.id} {'; '.join(self._whose(count))}"[:300],
        )
        return CountBegun(count.id)

    def _whose(self, count: Count) -> list[str]:
        organisation = count.organisation
        return [
            whose(one, self._parts.directory, organisation) for one in count.selectors
        ]

    async def _look(self, asked: LookAtCount) -> Answer:
        session = officer(self._parts.sessions, asked.session)
        if isinstance(session, Refusal):
            return session
        count = self._parts.counting.find(asked.count, session)
        if count is None:
            return NO_SUCH_COUNT
        if count.asked.incident and not count.asked.what and count.reach is not None:
            await self._keep_reach(count, session)
        return CountView(
            count=count.id,
            incident=count.asked.incident,
            selectors=count.selectors,
            found_at=count.asked.found_at,
            what=count.asked.what,
            told=count.asked.told,
            read=count.read,
            total=count.total,
            is_waiting=count.is_waiting,
            has_failed=count.has_failed,
            reach=count.reach,
        )

    async def _keep_reach(self, count: Count, session: Session) -> None:
        """What was read for drafts alone lies where they are made from."""
        incident = touching(self._parts.register, session, count.asked.incident)
        if incident is None or len(incident.findings) != count.version:
            return
        where = self._parts.register.reach_of(incident, session.organisation)
        # Where the disk refuses, the page says that it was not read yet.
        with contextlib.suppress(OSError):
            await asyncio.to_thread(self._parts.counting.take, count, where)

    # Declaring and revising

    def _fit(
        self, session: Session, act: DeclareIncident
    ) -> tuple[Count, Reach] | Refusal:
        """What was counted and may be declared."""
        if not is_officer(session):
            return NOT_YOUR_WORK
        count = self._parts.counting.find(act.count, session)
        if count is None or not count.asked.what:
            return NO_SUCH_COUNT
        if count.reach is None:
            return NOT_COUNTED
        if count.asked.incident:
            before = own(self._parts.register, session, count.asked.incident)
            if before is None:
                return NO_SUCH_INCIDENT
            if len(before.findings) != count.version:
                return MEANWHILE
        return count, count.reach

    async def _describe(
        self, session: Session, act: DeclareIncident
    ) -> ActDescription | Refusal:
        async with self._writing:
            fit = self._fit(session, act)
        if isinstance(fit, Refusal):
            return fit
        count, reach = fit
        asked, is_new = count.asked, not count.asked.incident
        reached = f"{reach.people:,} of {session.organisation_name}"
        lines = [
            ("What happened" if is_new else "What is new", asked.what),
            ("Whose openings", "; ".join(self._whose(count))),
            ("People reached", reached),
        ]
        if is_new:
            lines.insert(1, ("Found out", moment(asked.found_at)))
        if asked.told is not None:
            lines.append(("What is being done", asked.told.doing))
            lines.append(("Whom to ask", asked.told.ask))
        return ActDescription(
            title="Declare an incident" if is_new else "Revise an incident",
            lines=tuple(lines),
            warning="It is written into the ledger and stays there; your colleagues get"
            " an alarm. Patients who were reached read it on their own page.",
        )

    async def _counted(self, session: Session, act: DeclareIncident) -> bytes:
        """All that would be written, which is signed with the count's number."""
        count = self._parts.counting.find(act.count, session)
        if count is None or count.reach is None:
            return b""
        return _encoder.encode((count.asked, count.selectors, count.reach))

    async def _declare(self, session: Session, act: DeclareIncident) -> Answer:
        async with self._writing:
            fit = self._fit(session, act)
            if isinstance(fit, Refusal):
                return fit
            count, reach = fit
            made = self._made(session, count, reach)
            where = self._parts.register.reach_of(made, session.organisation)
            answer = await self._write(session, made)
            if isinstance(answer, Done):
                self._parts.counting.forget(count)
                # It is declared; where this fails, the ledger can be read again.
                with contextlib.suppress(OSError):
                    await asyncio.to_thread(self._parts.counting.take, count, where)
            return answer

    def _made(self, session: Session, count: Count, reach: Reach) -> Incident:
        """The incident with its new version."""
        number, asked = session.organisation, count.asked
        finding = Finding(
            at=count.at,
            why=asked.what.strip() if asked.incident else "As declared.",
            selectors=count.selectors,
            is_whole=reach.is_whole,
            people=((number, reach.people),),
            sessions=reach.sessions if any(reach.sessions) else (),
        )
        before = own(self._parts.register, session, asked.incident)
        if before is None:
            return Incident(
                id=new_uuid(),
                found_at=asked.found_at,
                declared_at=microseconds_since_epoch(self._parts.clock.now()),
                what=asked.what.strip(),
                findings=(finding,),
                names=((number, session.organisation_name),),
                organisation=number,
                declared_by=session.account,
                told=asked.told,
            )
        return msgspec.structs.replace(
            before,
            findings=(*before.findings, finding),
            told=asked.told or before.told,
        )

    async def _write(self, session: Session, made: Incident) -> Done | Refusal:
        """Pending on the disk, then in the ledger; and only then it stands."""
        register = self._parts.register
        made = msgspec.structs.replace(made, written=made.digest)
        await asyncio.to_thread(register.keep_pending, made)
        people = made.people
        self._parts.trace.of_session(
            session, made.step, reason=f"{people} people", request=request_of(made)
        )
        if not await self._parts.written():
            await asyncio.to_thread(register.drop_pending, made.id)
            return LEDGER_CANNOT_WRITE
        await asyncio.to_thread(register.stand, made.id)
        self._parts.approved.end(made.id)
        who = "person was" if people == 1 else "people were"
        self._parts.watch.alarms.raise_(
            INCIDENT,
            session,
            detail=f"{STEPS[made.step]}: {people} {who} reached. Incident {made.id}.",
        )
        return Done()

    # Withdrawing

    async def _describe_end(
        self, session: Session, act: WithdrawIncident
    ) -> ActDescription | Refusal:
        async with self._writing:
            found = own(self._parts.register, session, act.incident)
        if not is_officer(session):
            return NOT_YOUR_WORK
        if found is None:
            return NO_SUCH_INCIDENT
        fault = fault_in_reason(act.why)
        if fault is not None:
            return fault
        return ActDescription(
            title="Withdraw an incident",
            lines=(("What was declared", found.what), ("Why it was none", act.why)),
            warning="It stays in the list and in the ledger. What was sent already"
            " cannot be called back.",
        )

    async def _withdraw(self, session: Session, act: WithdrawIncident) -> Answer:
        async with self._writing:
            found = own(self._parts.register, session, act.incident)
            if found is None:
                return NO_SUCH_INCIDENT
            now = microseconds_since_epoch(self._parts.clock.now())
            ended = msgspec.structs.replace(
                found, withdrawn_at=now, withdrawn_why=act.why.strip()
            )
            return await self._write(session, ended)

    async def _named(self, session: Session, act: WithdrawIncident) -> bytes:
        """What the incident says, which is signed with its number."""
        found = touching(self._parts.register, session, act.incident)
        return b"" if found is None else found.digest.encode()

    # Looking

    async def _list(self, asked: ListIncidents) -> Answer:
        session = officer(self._parts.sessions, asked.session)
        if isinstance(session, Refusal):
            return session
        now = microseconds_since_epoch(self._parts.clock.now())
        until = {
            incident: now + int(seconds * 1_000_000)
            for incident, seconds in self._parts.drafts.seconds_left(session).items()
        }
        letters_of = self._parts.letters.view_of
        # Between an entry and its file nothing would look as the ledger has it.
        async with self._writing:
            # Some small files; the ledger is read by no other thread than this.
            return self._showing.listed(session, until, letters_of)


def _of(selectors: Sequence[Wanted], session: Session) -> tuple[Wanted, ...]:
    """Those that may concern the organisation, each bound to it."""
    return tuple(
        msgspec.structs.replace(one, organisation=session.organisation)
        for one in selectors
        if one.organisation in (0, session.organisation)
    )
