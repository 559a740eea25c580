# SPDX-License-Identifier: Apache-2.0
"""Erasure: one person asks, another approves, and the record is destroyed for good.

Done means: a privacy officer and a second person make a record vanish with its keys,
tokens and history, and can show when, by whom, on what ground, and how much it was.
Rejected: erasure by a program's DELETE (a stolen key could destroy), and a delay of
days (what is asked for under GDPR article 17 would wait for nothing; the second person
is the pause). What the ledger says stays: it has ids and no clinical content.
"""

import asyncio
import logging
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from wardkeep.base.clock import Clock, microseconds_since_epoch
from wardkeep.base.ids import is_fhir_id
from wardkeep.db.connection import Database
from wardkeep.db.errors import AlreadyExistsError
from wardkeep.disclosure.answers import (
    Answer,
    Created,
    Done,
    Erasures,
    ErasureView,
    Refusal,
)
from wardkeep.disclosure.confirming import ActDescription
from wardkeep.disclosure.erasing import DestroyRecord
from wardkeep.disclosure.message import MAX_REASON_CHARACTERS
from wardkeep.disclosure.questions import (
    AskErasure,
    ListErasures,
    WithdrawErasure,
)
from wardkeep.disclosure.retention import HEALTH_RECORD, RULES
from wardkeep.identity.roles import Role
from wardkeep.ledger.entry import Entry, Subject
from wardkeep.ledger.index import ERASE
from wardkeep.ledger.log import Ledger
from wardkeep.teams.relationships import ExpectedSets
from wardkeep.teams.ties import patients_here
from wardkeep.warden import erasures
from wardkeep.warden.directory import Directory
from wardkeep.warden.erasures import ErasedPatients, Erasure
from wardkeep.warden.service.batch import Written
from wardkeep.warden.service.desk import Acting, Desk
from wardkeep.warden.service.disposing import Disposer
from wardkeep.warden.service.door import Door
from wardkeep.warden.service.retention import DECIDERS, Retention, decider
from wardkeep.warden.service.said import LEDGER_CANNOT_WRITE, NOT_YOUR_WORK
from wardkeep.warden.service.trace import Trace
from wardkeep.warden.sessions import Session, Sessions

RETENTION_ENDED = "retention-ended"
GROUNDS = ("person-asked", "court-order", RETENTION_ENDED, "registered-in-error")
FEWEST_REASON_CHARACTERS = 10
log = logging.getLogger(__name__)
_encoder = msgspec.msgpack.Encoder()

_BAD = Refusal(
    code="bad-erasure",
    why="It names no patient and no ground, or the reason is too short.",
    mend="Name the record's id, a ground, and say in a sentence why.",
)
_ASKED_ALREADY = Refusal(
    code="already-there",
    why="The erasure of this record was asked for already.",
    mend="See the list of erasures.",
)
_NOT_OPEN = Refusal(
    code="not-open",
    why="There is no such erasure that waits for a decision.",
    mend="See the list of erasures: somebody may have decided it.",
)
_SECOND_PERSON = Refusal(
    code="second-person",
    why="Who asks for an erasure cannot approve it, and one of the two must be a"
    " privacy officer.",
    mend="Ask a colleague to approve it.",
)
_NOT_DUE_ANY_MORE = Refusal(
    code="not-due",
    why="The term was lengthened after this was asked: some of it is not due any more.",
    mend="Take it back, and ask anew for what is due today.",
)


class Eraser:
    """Takes questions about erasures, and has what was approved destroyed."""

    def __init__(  # noqa: PLR0913 - made of these parts, each named
        self,
        *,
        database: Database,
        door: Door,
        ledger: Ledger,
        sessions: Sessions,
        directory: Directory,
        expected: ExpectedSets,
        trace: Trace,
        erased: ErasedPatients,
        retention: Retention,
        clock: Clock,
    ) -> None:
        self._database = database
        self._door = door
        self._ledger = ledger
        self._sessions = sessions
        self._directory = directory
        self._expected = expected
        self._trace = trace
        self._erased = erased
        self._clock = clock
        self._deciding = asyncio.Lock()
        self._written: Written = _not_yet
        self._disposer = Disposer(database=database, ledger=ledger, clock=clock)
        self._retention = retention
        self._to_dispose: list[Erasure] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self.desk = Desk(
            later={
                AskErasure: self._ask,
                ListErasures: self._list,
                WithdrawErasure: self._withdraw,
            },
            acts={
                DestroyRecord: Acting(
                    self._describe, self._approve, refers_to=self._asked_for
                )
            },
        )

    def write_with(self, written: Written) -> None:
        """Go to work: the service's batch writes the ledger."""
        self._written = written
        while self._to_dispose:
            self._begin_disposal(self._to_dispose.pop())

    async def close(self) -> None:
        """Stop disposals; the next start goes on with them."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _ask(self, asked: AskErasure) -> Answer:
        session = decider(self._sessions, asked.session)
        if isinstance(session, Refusal):
            return session
        reason = asked.reason.strip()[:MAX_REASON_CHARACTERS]
        is_whole = _names_one_thing(asked) and asked.ground in GROUNDS
        if not is_whole or len(reason) < FEWEST_REASON_CHARACTERS:
            return _BAD
        before = await self._due(asked, session.organisation)
        if isinstance(before, Refusal):
            return before
        erasure = Erasure(
            id=erasures.new_id(),
            organisation=session.organisation,
            patient=asked.patient,
            ground=asked.ground,
            reason=reason,
            asked_by=session.account,
            asked_role=session.role.value,
            asked_at=self._clock.now(),
            rule=asked.rule,
            before=before if asked.rule else None,
        )
        try:
            async with self._database.connection() as connection:
                await erasures.ask(connection, erasure)
        except AlreadyExistsError:
            return _ASKED_ALREADY
        self._note(session, erasure, "ask-erasure")
        return Created(erasure.id)

    async def _due(
        self, asked: AskErasure | Erasure, organisation: int
    ) -> datetime | Refusal | None:
        """Whether what is destroyed because its time has come is really due."""
        if asked.ground != RETENTION_ENDED:
            return None
        rule = asked.rule or HEALTH_RECORD.name
        return await self._retention.due_before(
            rule, organisation, patient=asked.patient
        )

    async def _list(self, asked: ListErasures) -> Answer:
        session = decider(self._sessions, asked.session)
        if isinstance(session, Refusal):
            return session
        async with self._database.connection() as connection:
            found = await erasures.newest(connection, organisation=session.organisation)
        return Erasures(tuple([self._view(one, session) for one in found]))

    async def _withdraw(self, asked: WithdrawErasure) -> Answer:
        session = decider(self._sessions, asked.session)
        if isinstance(session, Refusal):
            return session
        async with self._deciding:
            erasure = await self._open_one(asked.erasure, session)
            if erasure is None:
                return _NOT_OPEN
            async with self._database.connection() as connection:
                at = self._clock.now()
                if not await erasures.withdraw(connection, erasure.id, at=at):
                    return _NOT_OPEN
        self._note(session, erasure, "withdraw-erasure")
        return Done()

    async def _describe(
        self, session: Session, act: DestroyRecord
    ) -> ActDescription | Refusal:
        erasure = await self._open_one(act.erasure, session)
        if session.scopes is not None or session.role not in DECIDERS:
            return NOT_YOUR_WORK
        if erasure is None:
            return _NOT_OPEN
        refused = await self._refused(erasure, session)
        if refused is not None:
            return refused
        what = ("Kind", erasure.rule) if erasure.rule else ("Record", erasure.patient)
        return ActDescription(
            title="Destroy these for good"
            if erasure.rule
            else "Erase this record for good",
            lines=(
                what,
                ("Ground", erasure.ground.replace("-", " ")),
                ("Reason", erasure.reason),
                ("Asked by", self._directory.display_name(erasure.asked_by)),
            ),
            warning="It cannot be undone, by anybody. Backups do not bring it back.",
        )

    async def _asked_for(self, session: Session, act: DestroyRecord) -> bytes:
        """What is destroyed, which is signed with the number of the request."""
        asked = await self._open_one(act.erasure, session)
        if asked is None:
            return b""
        return _encoder.encode((asked.patient, asked.rule, asked.before, asked.ground))

    async def _approve(self, session: Session, act: DestroyRecord) -> Answer:
        async with self._deciding:
            erasure = await self._open_one(act.erasure, session)
            if erasure is None:
                return _NOT_OPEN
            refused = await self._refused(erasure, session)
            if refused is not None:
                return refused
            return await self._decide(erasure, session)

    async def _refused(self, erasure: Erasure, approver: Session) -> Refusal | None:
        """Why this one may not approve it now."""
        if not _are_two(erasure, approver):
            return _SECOND_PERSON
        due = await self._due(erasure, approver.organisation)
        if isinstance(due, Refusal):
            return due
        if due is None or erasure.before is None or erasure.before <= due:
            return None
        # Somebody lengthened the term since it was asked.
        return _NOT_DUE_ANY_MORE

    async def _decide(self, erasure: Erasure, session: Session) -> Answer:
        """Approved, closed, written down; only then is anything destroyed."""
        async with self._database.connection() as connection:
            if not await erasures.approve(
                connection, erasure.id, account=session.account, at=self._clock.now()
            ):
                return _NOT_OPEN
            if erasure.patient:
                self._erased.add(erasure.organisation, erasure.patient)
            self._note(session, erasure, "approve-erasure")
            if not await self._written():
                self._erased.discard(erasure.organisation, erasure.patient)
                await erasures.take_back_approval(connection, erasure.id)
                return LEDGER_CANNOT_WRITE
        if erasure.rule:
            approved = msgspec.structs.replace(erasure, approved_by=session.account)
            self._begin_disposal(approved)
        else:
            await self._finish(erasure, session)
        return Done()

    def _begin_disposal(self, erasure: Erasure) -> None:
        """Many items take a while: the page tells how far it is."""
        work = self._disposer.destroy(erasure, written=self._written)
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _finish(self, erasure: Erasure, session: Session | None) -> None:
        async with self._database.transaction() as connection:
            counted = await erasures.destroy_rows(
                connection, organisation=erasure.organisation, patient=erasure.patient
            )
            at = self._clock.now()
            await erasures.note_progress(connection, erasure, counted, at=at)
        self._expected.forget_patient(erasure.organisation, erasure.patient)
        said = f"{counted.resources} resources, {counted.versions} versions destroyed"
        if session is not None:
            self._note(session, erasure, ERASE, said=said)
        else:
            self._trace.of_operator(
                ERASE,
                organisation=erasure.organisation,
                reason=said,
                subjects=(_subject(erasure),),
            )

    async def resume(self) -> None:
        """Finish what was approved before the warden was stopped.

        A database that was put back from a backup knows nothing of later erasures; the
        ledger does, and what came back with it is destroyed again.
        """
        async with self._database.connection() as connection:
            found = await erasures.approved(connection)
        known = {(one.organisation, one.patient) for one in found if one.done_at}
        gone: dict[int, list[str]] = {}
        for organisation, patient in self._ledger.index.erased:
            self._erased.add(organisation, patient)
            if (organisation, patient) not in known:
                gone.setdefault(organisation, []).append(patient)
        for organisation, patients in gone.items():
            await self._destroy_again(organisation, patients)
        for one in found:
            if one.patient:
                self._erased.add(one.organisation, one.patient)
        for one in found:
            if one.done_at is None:
                await self._go_on(one)

    async def _go_on(self, erasure: Erasure) -> None:
        if erasure.rule:
            self._to_dispose.append(erasure)
        else:
            await self._finish(erasure, None)
        log.warning("an erasure that was interrupted goes on")

    async def _destroy_again(self, organisation: int, patients: Sequence[str]) -> None:
        """Those of them that are back; asked at once, for retired canaries are many."""
        async with self._database.connection() as connection:
            await erasures.forget_work(
                connection, organisation=organisation, patients=patients
            )
            back = await patients_here(connection, organisation, patients)
        for patient in back:
            async with self._database.transaction() as connection:
                await erasures.destroy_rows(
                    connection, organisation=organisation, patient=patient
                )
            log.warning("a record that a backup brought back was erased again")

    async def _open_one(self, id_: str, session: Session) -> Erasure | None:
        try:
            UUID(id_)
        except ValueError:
            return None
        async with self._database.connection() as connection:
            found = await erasures.find(
                connection, id_, organisation=session.organisation
            )
        return found if found is not None and found.is_open else None

    def _note(
        self, session: Session, erasure: Erasure, action: str, *, said: str = ""
    ) -> None:
        self._ledger.append(self._entry(session, erasure, action, said=said))

    def _entry(
        self, session: Session, erasure: Erasure, action: str, *, said: str = ""
    ) -> Entry:
        what = ""
        if erasure.before is not None:
            what = f": {erasure.rule} before {erasure.before:%Y-%m-%d}"
        return self._door.entry_of(
            session,
            action=action,
            reason=said or f"{erasure.ground}: {erasure.reason}",
            request=f"erasure {erasure.id}{what}",
            subjects=() if erasure.rule else (_subject(erasure),),
        )

    def _view(self, erasure: Erasure, session: Session) -> ErasureView:
        approved_by = erasure.approved_by
        return ErasureView(
            id=erasure.id,
            patient=erasure.patient,
            ground=erasure.ground,
            reason=erasure.reason,
            asked_by=self._directory.display_name(erasure.asked_by),
            asked_at=microseconds_since_epoch(erasure.asked_at),
            approved_by=self._directory.display_name(approved_by)
            if approved_by
            else "",
            approved_at=_when(erasure.approved_at),
            withdrawn_at=_when(erasure.withdrawn_at),
            done_at=_when(erasure.done_at),
            resources=erasure.resources,
            versions=erasure.versions,
            is_mine=erasure.asked_by == session.account,
            rule=erasure.rule,
            before=_when(erasure.before),
            people=erasure.people,
        )


async def _not_yet() -> bool:
    return False


def _when(moment: Any) -> int:
    return 0 if moment is None else microseconds_since_epoch(moment)


def _names_one_thing(asked: AskErasure) -> bool:
    """A record, or a rule about items that may go by themselves."""
    if not asked.rule:
        return is_fhir_id(asked.patient)
    rule = RULES.get(asked.rule)
    is_ended = asked.ground == RETENTION_ENDED
    return rule is not None and bool(rule.types) and is_ended and not asked.patient


def _are_two(erasure: Erasure, approver: Session) -> bool:
    """Two accounts, a privacy officer among them."""
    roles = {erasure.asked_role, approver.role.value}
    return erasure.asked_by != approver.account and Role.PRIVACY_OFFICER.value in roles


def _subject(erasure: Erasure) -> Subject:
    return Subject.about(
        patient=erasure.patient, tier="", relationship="", resources=()
    )
