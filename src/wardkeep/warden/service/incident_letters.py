# SPDX-License-Identifier: Apache-2.0
"""Letters to those whom an incident reached: one officer asks, another approves.

Only then names and addresses are opened, at the door as an action of their own, in the
session of who approved, for half an hour. Each lot of twenty is an entry, and a
colleague looks at the alarm afterwards.
"""

import asyncio
from pathlib import Path

import msgspec

from wardkeep.base.clock import Clock, microseconds_since_epoch
from wardkeep.disclosure.answers import Answer, Done, Refusal
from wardkeep.disclosure.confirming import ActDescription
from wardkeep.disclosure.incident_desk import (
    ApproveLetters,
    AskLetters,
    LettersView,
)
from wardkeep.ledger.incidents import Incident
from wardkeep.ledger.reaching import everybody_in, read_reach
from wardkeep.warden import alarms
from wardkeep.warden.alarms import Alarms
from wardkeep.warden.directory import Directory
from wardkeep.warden.incidents import Register
from wardkeep.warden.letters import (
    ApprovedLetters,
    LetterRequest,
    keep_request,
    read_request,
)
from wardkeep.warden.service.batch import Written
from wardkeep.warden.service.desk import Acting, Desk
from wardkeep.warden.service.incident_access import (
    NO_SUCH_INCIDENT,
    is_officer,
    touching,
)
from wardkeep.warden.service.incident_drafts import NOT_READ
from wardkeep.warden.service.said import LEDGER_CANNOT_WRITE, NOT_YOUR_WORK
from wardkeep.warden.service.trace import Trace
from wardkeep.warden.sessions import Session

ASK_LETTERS, APPROVE_LETTERS = "ask-letters", "approve-letters"
SECOND_PERSON = Refusal(
    code="second-person",
    why="Who asks for letters cannot approve them.",
    mend="Ask another privacy officer to approve them.",
)
NOT_ASKED = Refusal(
    code="not-asked",
    why="Nobody asked for letters of this version, or they were approved already.",
    mend="Ask for them; a colleague approves them.",
)
ASKED_ALREADY = Refusal(
    code="already-there",
    why="Letters of this version were asked for already.",
    mend="A colleague approves them.",
)
_encoder = msgspec.msgpack.Encoder()


class IncidentLetters:
    """Takes the two signatures for letters."""

    def __init__(  # noqa: PLR0913 - parts of the warden, all of them named
        self,
        *,
        register: Register,
        approved: ApprovedLetters,
        alarms: Alarms,
        directory: Directory,
        trace: Trace,
        written: Written,
        clock: Clock,
    ) -> None:
        self._register = register
        self._approved = approved
        self._alarms = alarms
        self._directory = directory
        self._trace = trace
        self._written = written
        self._clock = clock
        self._deciding = asyncio.Lock()
        self.desk = Desk(
            acts={
                AskLetters: Acting(
                    self._describe_asking, self._ask, refers_to=self._named
                ),
                ApproveLetters: Acting(
                    self._describe_approving, self._approve, refers_to=self._named
                ),
            },
        )

    def view_of(self, session: Session, incident: Incident) -> LettersView | None:
        """How the letters of an incident stand; None where nobody asked for any."""
        found = self._request(session, incident)
        if found is None:
            return None
        name = self._directory.display_name
        now = microseconds_since_epoch(self._clock.now())
        left = self._approved.seconds_left(session).get(incident.id, 0.0)
        return LettersView(
            version=found.version,
            asked_by=name(found.asked_by),
            asked_at=found.asked_at,
            is_mine=found.asked_by == session.account,
            approved_by=name(found.approved_by) if found.approved_by else "",
            approved_at=found.approved_at,
            may_open_until=now + int(left * 1_000_000) if left else 0,
        )

    def _request(self, session: Session, incident: Incident) -> LetterRequest | None:
        path = self._register.letters_of(incident, session.organisation)
        return read_request(path)

    def _found(
        self, session: Session, act: AskLetters | ApproveLetters
    ) -> Incident | Refusal:
        """One that stands, is as the ledger has it, and whose people were counted."""
        if not is_officer(session):
            return NOT_YOUR_WORK
        found = touching(self._register, session, act.incident)
        if found is None or found.withdrawn_at or not self._register.is_written(found):
            return NO_SUCH_INCIDENT
        reach = read_reach(self._register.reach_of(found, session.organisation))
        return NOT_READ if reach is None or not reach.people else found

    # One asks

    async def _describe_asking(
        self, session: Session, act: AskLetters
    ) -> ActDescription | Refusal:
        found = self._found(session, act)
        if isinstance(found, Refusal):
            return found
        if self._waits(session, found) is not None:
            return ASKED_ALREADY
        return self._words(session, found, "Ask for letters with names and addresses")

    def _words(
        self, session: Session, incident: Incident, title: str
    ) -> ActDescription:
        reach = read_reach(self._register.reach_of(incident, session.organisation))
        people = 0 if reach is None else reach.people
        return ActDescription(
            title=title,
            lines=(
                ("Incident", incident.what),
                ("Version", str(len(incident.findings))),
                ("People to write to", f"{people:,}"),
            ),
            warning="A second privacy officer approves it. Their session then opens"
            " names and addresses for half an hour; each is an entry of the ledger.",
        )

    def _waits(self, session: Session, incident: Incident) -> LetterRequest | None:
        """What was asked for of this very version, and nobody has approved."""
        found = self._request(session, incident)
        is_open = found is not None and (
            found.version == len(incident.findings) and not found.approved_by
        )
        return found if is_open else None

    async def _ask(self, session: Session, act: AskLetters) -> Answer:
        async with self._deciding:
            found = self._found(session, act)
            if isinstance(found, Refusal):
                return found
            if self._waits(session, found) is not None:
                return ASKED_ALREADY
            request = LetterRequest(
                version=len(found.findings),
                asked_by=session.account,
                asked_at=microseconds_since_epoch(self._clock.now()),
            )
            self._note(session, ASK_LETTERS, found)
            await self._keep(session, found, request)
        return Done()

    async def _keep(
        self, session: Session, incident: Incident, request: LetterRequest
    ) -> None:
        path = self._register.letters_of(incident, session.organisation)
        await asyncio.to_thread(keep_request, path, request)

    # Another approves

    async def _describe_approving(
        self, session: Session, act: ApproveLetters
    ) -> ActDescription | Refusal:
        asked = self._to_approve(session, act)
        if isinstance(asked, Refusal):
            return asked
        return self._words(session, asked[0], "Approve letters, and open the addresses")

    def _to_approve(
        self, session: Session, act: ApproveLetters
    ) -> tuple[Incident, LetterRequest] | Refusal:
        found = self._found(session, act)
        if isinstance(found, Refusal):
            return found
        request = self._waits(session, found)
        if request is None:
            return NOT_ASKED
        is_alone = request.asked_by == session.account
        return SECOND_PERSON if is_alone else (found, request)

    async def _approve(self, session: Session, act: ApproveLetters) -> Answer:
        async with self._deciding:
            asked = self._to_approve(session, act)
            if isinstance(asked, Refusal):
                return asked
            found, request = asked
            where = self._register.reach_of(found, session.organisation)
            try:
                patients = await asyncio.to_thread(_patients_in, where)
            except (OSError, msgspec.DecodeError):
                return NOT_READ
            entry = self._note(
                session, APPROVE_LETTERS, found, said=f"{len(patients)} people"
            )
            if not await self._written():
                return LEDGER_CANNOT_WRITE
            approved = msgspec.structs.replace(
                request,
                approved_by=session.account,
                approved_at=microseconds_since_epoch(self._clock.now()),
            )
            await self._keep(session, found, approved)
            self._approved.approve(session, found.id, patients)
        self._alarms.raise_(
            alarms.LETTERS,
            session,
            detail=f"{len(patients)} names and addresses. Asked for by"
            f" {self._directory.display_name(request.asked_by)}. Incident {found.id}.",
            entry=entry,
        )
        return Done()

    async def _named(self, session: Session, act: AskLetters | ApproveLetters) -> bytes:
        """What is asked for, which is signed with the incident's number."""
        found = touching(self._register, session, act.incident)
        if found is None:
            return b""
        return _encoder.encode((found.digest, self._request(session, found)))

    def _note(
        self, session: Session, action: str, incident: Incident, *, said: str = ""
    ) -> int:
        version = len(incident.findings)
        return self._trace.of_session(
            session, action, reason=said, request=f"incident {incident.id} {version}"
        )


def _patients_in(where: Path) -> frozenset[str]:
    return frozenset(one.patient for one in everybody_in(where))
