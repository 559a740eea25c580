# SPDX-License-Identifier: Apache-2.0
"""Freezing and releasing, and the list of what waits to be looked at.

To freeze takes one person and no delay; to release takes a second one with a passkey.
"""

import re
from contextlib import suppress
from typing import NamedTuple
from uuid import UUID

from wardkeep.base.clock import Clock, microseconds_since_epoch
from wardkeep.base.ids import new_uuid
from wardkeep.db.connection import Database
from wardkeep.db.errors import DatabaseBusyError, DatabaseUnavailableError
from wardkeep.disclosure.answers import Answer, Done, Passkeys, Refusal
from wardkeep.disclosure.confirming import ActDescription
from wardkeep.disclosure.containment import (
    VERDICTS,
    AlarmView,
    Containment,
    FreezeNow,
    FreezeView,
    ListDevices,
    ListPrograms,
    Programs,
    ProgramView,
    ReadContainment,
    ReleaseFreeze,
    ReviewAlarm,
)
from wardkeep.identity import clients, credentials
from wardkeep.identity.accounts import memberships_of
from wardkeep.identity.roles import GUARDED, Role
from wardkeep.warden import alarms, freezes
from wardkeep.warden.alarms import Alarm
from wardkeep.warden.budgets import RELEASED
from wardkeep.warden.directory import Directory
from wardkeep.warden.freezes import Freeze
from wardkeep.warden.rules.reason_is_given import is_too_thin
from wardkeep.warden.service.desk import Acting, Desk
from wardkeep.warden.service.enrolling import passkey_shown
from wardkeep.warden.service.rights_words import bad, when
from wardkeep.warden.service.said import NOT_SIGNED_IN, NOT_YOUR_WORK
from wardkeep.warden.service.trace import Trace
from wardkeep.warden.service.watch import FREEZE, Watch, request_of
from wardkeep.warden.sessions import Session, Sessions

LONGEST_WORDS = 200
_CREDENTIAL = re.compile(r"(?:[0-9a-f]{2}){1,1023}")
THE_LEDGER = "The ledger itself"
RAISERS = {alarms.INCIDENT: "The operator", alarms.CLOCK_SET: "The system's clock"}
"""Whom an alarm is about that is about nobody's account; the others the ledger."""
RELEASERS = GUARDED | {Role.SHIFT_LEAD}
"""Who may release; a shift lead only what the rules froze for a budget."""


def _raiser(alarm: Alarm) -> str:
    return RAISERS.get(alarm.kind, THE_LEDGER)


NO_SUCH_FREEZE = Refusal(
    code="no-such-freeze",
    why="There is no such freeze of your organisation, or somebody released it.",
    mend="See the list.",
)
NOT_YOUR_OWN = Refusal(
    code="not-yourself",
    why="Nobody releases what they are frozen by themselves.",
    mend="Ask a colleague.",
)
NO_SUCH_COLLEAGUE = Refusal(
    code="no-such-account",
    why="Nobody of this organisation has that account.",
    mend="Choose a person from the list.",
)
NO_SUCH_ALARM = Refusal(
    code="no-such-alarm",
    why="There is no such item that waits, or it is about yourself.",
    mend="See the list: a colleague may have looked at it.",
)


class FreezingParts(NamedTuple):
    """What the desk works with."""

    database: Database
    sessions: Sessions
    watch: Watch
    directory: Directory
    trace: Trace
    clock: Clock


class Freezing:
    """Freezes, releases, and lists."""

    def __init__(self, parts: FreezingParts) -> None:
        self._parts = parts
        self.desk = Desk(
            later={
                FreezeNow: self._freeze,
                ReadContainment: self._read,
                ListDevices: self._devices,
                ListPrograms: self._programs,
                ReviewAlarm: self._review,
            },
            acts={
                ReleaseFreeze: Acting(
                    self._describe,
                    self._release,
                    needs_device_bound=False,
                    refers_to=self._frozen,
                )
            },
            saves=(self.save,),
        )

    async def save(self) -> None:
        async with self._parts.database.connection() as connection:
            await self._parts.watch.freezes.save(connection)
            await self._parts.watch.alarms.save(connection)

    def _allowed(self, token: str) -> Session | Refusal:
        session = self._parts.sessions.use(token)
        if session is None:
            return NOT_SIGNED_IN
        is_person = not session.is_for_programs
        return session if is_person and session.role in RELEASERS else NOT_YOUR_WORK

    # Freezing

    async def _freeze(self, asked: FreezeNow) -> Answer:
        session = self._allowed(asked.session)
        if isinstance(session, Refusal):
            return session
        if session.role not in GUARDED:
            return NOT_YOUR_WORK
        because = asked.because.strip()[:LONGEST_WORDS]
        fault = _fault_in(asked, session)
        if fault is not None:
            return fault
        members = await self._members(asked)
        made = Freeze(
            id=new_uuid(),
            organisation=session.organisation,
            kind=asked.kind,
            target=asked.target,
            because=because,
            cause=freezes.BY_HAND,
            frozen_at=self._parts.clock.now(),
            frozen_by=session.account,
            accounts=members,
        )
        # It holds from here on, whatever the database does.
        self._parts.watch.freezes.add(made)
        self._parts.trace.of_session(
            session, FREEZE, reason=because, request=request_of(made)
        )
        # The ledger has it, and it is saved again with everything else.
        with suppress(DatabaseUnavailableError, DatabaseBusyError):
            await self.save()
        return Done()

    async def _members(self, asked: FreezeNow) -> frozenset[str]:
        if asked.kind != freezes.TEAM:
            return frozenset()
        async with self._parts.database.connection() as connection:
            return await freezes.members_of(connection, asked.target)

    # Releasing

    def _found(self, session: Session, id_: str) -> Freeze | Refusal:
        freeze = self._parts.watch.freezes.get(id_)
        if freeze is None or freeze.organisation != session.organisation:
            return NO_SUCH_FREEZE
        if freeze.names(session) or freeze.target == session.account:
            return NOT_YOUR_OWN
        return freeze if may_release(session, freeze) else NOT_YOUR_WORK

    async def _describe(
        self, session: Session, act: ReleaseFreeze
    ) -> ActDescription | Refusal:
        found = self._found(session, act.freeze)
        if isinstance(found, Refusal):
            return found
        if is_too_thin(act.reason) or len(act.reason) > LONGEST_WORDS:
            return bad("Say in a few words why it may be released.")
        return ActDescription(
            title=f"Release {self._what(found)}",
            lines=(("Frozen because", found.because), ("Released because", act.reason)),
            warning="Talk with the person first, by voice. They get their day's budget"
            " anew.",
        )

    async def _frozen(self, _session: Session, act: ReleaseFreeze) -> bytes:
        """Who is released, which is signed with the number of the freeze."""
        found = self._parts.watch.freezes.get(act.freeze)
        return b"" if found is None else request_of(found).encode()

    async def _release(self, session: Session, act: ReleaseFreeze) -> Answer:
        found = self._found(session, act.freeze)
        if isinstance(found, Refusal):
            return found
        reason = act.reason.strip()
        self._parts.watch.freezes.release(
            found, at=self._parts.clock.now(), by=session.account, reason=reason
        )
        self._parts.watch.budgets.released((found.organisation, found.target))
        for one in self._parts.sessions.of_account(found.target):
            whose = (one.organisation, one.account)
            self._parts.watch.budgets.touched(one.id, whose)
        self._parts.trace.of_session(
            session,
            RELEASED,
            reason=reason,
            request=f"freeze {found.id} {found.kind} {found.target}",
        )
        await self.save()
        return Done()

    # Looking

    async def _devices(self, asked: ListDevices) -> Answer:
        session = self._allowed(asked.session)
        if isinstance(session, Refusal):
            return session
        if session.role not in GUARDED:
            return NOT_YOUR_WORK
        if not _is_uuid(asked.account):
            return NO_SUCH_COLLEAGUE
        async with self._parts.database.connection() as connection:
            theirs = await memberships_of(
                connection, asked.account, clock=self._parts.clock
            )
            if session.organisation not in {one.organisation for one in theirs}:
                return NO_SUCH_COLLEAGUE
            found = await credentials.of_account(connection, asked.account)
        now = self._parts.clock.now()
        return Passkeys(tuple(passkey_shown(one, now) for one in found))

    async def _programs(self, asked: ListPrograms) -> Answer:
        session = self._allowed(asked.session)
        if isinstance(session, Refusal):
            return session
        if session.role not in GUARDED:
            return NOT_YOUR_WORK
        async with self._parts.database.connection() as connection:
            found = await clients.programs_of(connection, session.organisation)
        shown = [
            ProgramView(
                kind=freezes.APP if one.is_app else freezes.ACCOUNT,
                id=one.id,
                name=one.name,
            )
            for one in found
        ]
        return Programs(tuple(shown))

    async def _read(self, asked: ReadContainment) -> Answer:
        session = self._allowed(asked.session)
        if isinstance(session, Refusal):
            return session
        await self.save()
        async with self._parts.database.connection() as connection:
            frozen = await freezes.newest(connection, session.organisation)
            raised = await alarms.newest(connection, session.organisation)
        may_decide = session.role in GUARDED
        return Containment(
            tuple(self._freeze_view(one, session) for one in frozen),
            tuple(self._alarm_view(one, session) for one in raised if may_decide),
            may_decide,
        )

    async def _review(self, asked: ReviewAlarm) -> Answer:
        session = self._allowed(asked.session)
        if isinstance(session, Refusal):
            return session
        if session.role not in GUARDED:
            return NOT_YOUR_WORK
        if asked.verdict not in VERDICTS or not _is_uuid(asked.alarm):
            return bad("Choose what you think of it.")
        async with self._parts.database.connection() as connection:
            found = await alarms.review(
                connection,
                asked.alarm,
                session,
                verdict=asked.verdict,
                note=asked.note.strip()[:LONGEST_WORDS],
                clock=self._parts.clock,
            )
        if found is None:
            return NO_SUCH_ALARM
        self._parts.trace.of_session(
            session,
            "review-alarm",
            reason=VERDICTS[asked.verdict],
            request=f"alarm {found.id} entry {found.entry}",
        )
        return Done()

    def _what(self, one: Freeze) -> str:
        name = self._parts.directory.display_name
        words = {
            freezes.ACCOUNT: name(one.target),
            freezes.DEVICE: "One passkey",
            freezes.APP: "An app",
            freezes.TEAM: f"A team of {len(one.accounts)}",
            freezes.SUPPLIER: "Support, programs and apps",
            freezes.ORGANISATION: "Everybody but administrators and privacy officers",
        }
        return words[one.kind]

    def _freeze_view(self, one: Freeze, session: Session) -> FreezeView:
        name = self._parts.directory.display_name
        is_live = one.released_at is None
        found = self._found(session, one.id)
        return FreezeView(
            id=one.id,
            kind=one.kind,
            target=one.target,
            what=self._what(one),
            because=one.because,
            cause=_told(one, session),
            frozen_at=microseconds_since_epoch(one.frozen_at),
            frozen_by=name(one.frozen_by) if one.frozen_by else "",
            released_at=when(one.released_at),
            released_by=name(one.released_by) if one.released_by else "",
            release_reason=one.release_reason,
            may_release=is_live and isinstance(found, Freeze),
        )

    def _alarm_view(self, one: Alarm, session: Session) -> AlarmView:
        name = self._parts.directory.display_name
        return AlarmView(
            id=one.id,
            kind=one.kind,
            account=one.account,
            who=name(one.account) if one.account else _raiser(one),
            patient=one.patient,
            detail=one.detail,
            entry=one.entry,
            raised_at=microseconds_since_epoch(one.raised_at),
            due_at=microseconds_since_epoch(one.due_at),
            reviewed_at=when(one.reviewed_at),
            reviewed_by=name(one.reviewed_by) if one.reviewed_by else "",
            verdict=one.verdict,
            note=one.note,
            is_mine=one.account == session.account,
            more=one.more,
        )


def may_release(session: Session, freeze: Freeze) -> bool:
    """A shift lead at night releases what a budget closed, and nothing else."""
    return session.role in GUARDED or freeze.is_of_records_only


def _told(freeze: Freeze, session: Session) -> str:
    """The cause; whoever only releases is not told that there are canaries."""
    is_hidden = freeze.cause == freezes.CANARY and session.role not in GUARDED
    return freezes.BUDGET if is_hidden else freeze.cause


def _fault_in(asked: FreezeNow, session: Session) -> Refusal | None:
    if asked.kind not in freezes.KINDS:
        return bad("Say what is to be frozen.")
    if is_too_thin(asked.because):
        return bad("Say in a few words why.")
    if asked.target == session.account:
        return NOT_YOUR_OWN
    is_whole = asked.kind in {freezes.SUPPLIER, freezes.ORGANISATION}
    is_named = _IS_ID.get(asked.kind, _is_uuid)
    if bool(asked.target) is is_whole or not (is_whole or is_named(asked.target)):
        return bad("Name what is to be frozen by its id.")
    return None


def _is_credential(text: str) -> bool:
    """As freezes name a passkey: its id in hexadecimal, 1,023 bytes at most."""
    return _CREDENTIAL.fullmatch(text) is not None


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


_IS_ID = {freezes.DEVICE: _is_credential}
