# SPDX-License-Identifier: Apache-2.0
"""National data sets: one person asks, another agrees, the operator's command takes.

Done means: no month of an organisation's patients leaves unless two of its people, a
privacy officer among them, signed for that data set and that month, each with a fresh
passkey; and the ledger has every patient that was in it. Rejected: a page that hands it
out (a web process that was taken over would have it), and the operator's word alone.
"""

import asyncio
from datetime import datetime
from typing import NamedTuple

import msgspec

from wardkeep.base.clock import Clock, microseconds_since_epoch
from wardkeep.base.ids import is_uuid
from wardkeep.db.connection import Database
from wardkeep.db.errors import AlreadyExistsError
from wardkeep.disclosure.answers import Answer, Created, Done, Refusal
from wardkeep.disclosure.confirming import ActDescription
from wardkeep.disclosure.data_sets import (
    AGREED_DAYS,
    DATA_SETS,
    AgreeDataSet,
    AskDataSet,
    BeginDataSet,
    DataSetBegun,
    EndDataSet,
    ListDataSets,
    Releases,
    ReleaseView,
    WithdrawDataSet,
    period_named,
)
from wardkeep.disclosure.message import MAX_REASON_CHARACTERS
from wardkeep.disclosure.questions import TakeForDataSet
from wardkeep.identity import accounts
from wardkeep.identity.roles import Role
from wardkeep.warden import data_sets
from wardkeep.warden.agreed import AgreedExtract
from wardkeep.warden.data_sets import Release
from wardkeep.warden.directory import EXTRACTOR, Directory
from wardkeep.warden.rules.reason_is_given import is_too_thin
from wardkeep.warden.service.batch import Written
from wardkeep.warden.service.desk import Acting, Desk
from wardkeep.warden.service.door import Door
from wardkeep.warden.service.retention import DECIDERS, decider
from wardkeep.warden.service.rights_words import bad
from wardkeep.warden.service.said import (
    LEDGER_CANNOT_WRITE,
    NOT_SIGNED_IN,
    NOT_YOUR_WORK,
)
from wardkeep.warden.service.trace import Trace
from wardkeep.warden.sessions import Session, Sessions, SignedInAs

EXTRACT_FACTOR = "operator"
_LONGEST_DIGEST = 64
_encoder = msgspec.msgpack.Encoder()
_NOT_OPEN = Refusal(
    code="not-open",
    why="There is no such data set that waits for a decision.",
    mend="See the list of data sets: somebody may have decided it.",
)
_SECOND_PERSON = Refusal(
    code="second-person",
    why="Who asks for a data set cannot agree to it, and one of the two must be a"
    " privacy officer.",
    mend="Ask a colleague to agree.",
)
_NOT_AGREED = Refusal(
    code="not-agreed",
    why="Nobody agreed on this data set for this organisation and period, or it was"
    f" longer than {AGREED_DAYS} days ago, or it was taken as often as it may be.",
    mend="Have two people of the organisation sign for it: Data sets, in Wardkeep.",
)
_NOT_OVER = Refusal(
    code="not-over",
    why="That month has not begun yet.",
    mend="Ask for a month that has begun.",
)


class DataSetParts(NamedTuple):
    """What the desk works with."""

    database: Database
    door: Door
    sessions: Sessions
    directory: Directory
    trace: Trace
    clock: Clock
    written: Written


class DataSets:
    """Takes both signatures, and starts the session that takes what was agreed on."""

    def __init__(self, parts: DataSetParts) -> None:
        self._parts = parts
        self._deciding = asyncio.Lock()
        self.desk = Desk(
            later={ListDataSets: self._list, WithdrawDataSet: self._withdraw},
            acts={
                AskDataSet: Acting(self._describe_asking, self._ask),
                AgreeDataSet: Acting(
                    self._describe, self._agree, refers_to=self._asked_for
                ),
            },
        )
        self.operator_desk = Desk(
            at_once={TakeForDataSet: parts.door.take_for_data_set},
            later={BeginDataSet: self._begin, EndDataSet: self._end},
        )

    # Asking

    async def _describe_asking(
        self, session: Session, act: AskDataSet
    ) -> ActDescription | Refusal:
        if session.scopes is not None or session.role not in DECIDERS:
            return NOT_YOUR_WORK
        refused = self._fault_in(act)
        if refused is not None:
            return refused
        known = DATA_SETS[act.data_set]
        return ActDescription(
            title="Ask for a national data set",
            lines=(
                ("Data set", f"{known.title}, version {known.version}"),
                ("Organisation", session.organisation_name),
                ("Month", act.period),
                ("Reason", act.reason),
            ),
            warning="Nothing leaves until a colleague has agreed, and the operator then"
            " takes it. It names every patient whom the month concerns.",
        )

    def _fault_in(self, act: AskDataSet) -> Refusal | None:
        period = period_named(act.period)
        if not is_uuid(act.id) or act.data_set not in DATA_SETS or period is None:
            return bad("Name the data set, and the month as in 2026-11.")
        if period.begins > self._parts.clock.now().date():
            return _NOT_OVER
        if is_too_thin(act.reason.strip()) or len(act.reason) > MAX_REASON_CHARACTERS:
            return bad("Say why, in a few words that somebody understands later.")
        return None

    async def _ask(self, session: Session, act: AskDataSet) -> Answer:
        one = Release(
            id=act.id,
            organisation=session.organisation,
            data_set=act.data_set,
            version=DATA_SETS[act.data_set].version,
            period=act.period,
            reason=act.reason.strip(),
            asked_by=session.account,
            asked_role=session.role.value,
            asked_at=self._parts.clock.now(),
        )
        try:
            async with self._parts.database.connection() as connection:
                await data_sets.ask(connection, one)
        except AlreadyExistsError:
            # The same form twice; of another's id nothing is told.
            return Done()
        self._note(session, one, "ask-data-set")
        return Created(one.id)

    # Agreeing

    async def _describe(
        self, session: Session, act: AgreeDataSet
    ) -> ActDescription | Refusal:
        if session.scopes is not None or session.role not in DECIDERS:
            return NOT_YOUR_WORK
        one = await self._waiting(act.release, session)
        if one is None:
            return _NOT_OPEN
        if not _are_two(one, session):
            return _SECOND_PERSON
        title = DATA_SETS[one.data_set].title if one.data_set in DATA_SETS else ""
        return ActDescription(
            title="Agree that a national data set is taken",
            lines=(
                ("Data set", f"{title}, version {one.version}"),
                ("Organisation", session.organisation_name),
                ("Month", one.period),
                ("Reason", one.reason),
                ("Asked by", self._parts.directory.display_name(one.asked_by)),
            ),
            warning=f"For {AGREED_DAYS} days the operator may take it. What has left"
            " cannot be called back. Every patient in it sees that it was taken.",
        )

    async def _asked_for(self, session: Session, act: AgreeDataSet) -> bytes:
        """What was asked for, which is signed with its id."""
        one = await self._waiting(act.release, session)
        if one is None:
            return b""
        return _encoder.encode((one.data_set, one.version, one.period, one.reason))

    async def _agree(self, session: Session, act: AgreeDataSet) -> Answer:
        async with self._deciding:
            one = await self._waiting(act.release, session)
            if one is None:
                return _NOT_OPEN
            if not _are_two(one, session):
                return _SECOND_PERSON
            async with self._parts.database.connection() as connection:
                at = self._parts.clock.now()
                if not await data_sets.agree(
                    connection, one.id, account=session.account, at=at
                ):
                    return _NOT_OPEN
                self._note(session, one, "agree-data-set")
                if not await self._parts.written():
                    await data_sets.take_back_agreement(connection, one.id)
                    return LEDGER_CANNOT_WRITE
        return Done()

    async def _withdraw(self, asked: WithdrawDataSet) -> Answer:
        session = decider(self._parts.sessions, asked.session)
        if isinstance(session, Refusal):
            return session
        async with self._deciding:
            one = await self._find(asked.release, session)
            if one is None or one.withdrawn_at is not None:
                return _NOT_OPEN
            async with self._parts.database.connection() as connection:
                at = self._parts.clock.now()
                if not await data_sets.withdraw(
                    connection, one.id, account=session.account, at=at
                ):
                    return _NOT_OPEN
        self._end_sessions_of(one.id)
        self._note(session, one, "withdraw-data-set")
        return Done()

    def _end_sessions_of(self, release: str) -> None:
        """What is being taken just now stops at its next question."""
        for one in self._parts.sessions.of_account(EXTRACTOR):
            if one.extract is not None and one.extract.release == release:
                self._parts.sessions.end(one)

    async def _list(self, asked: ListDataSets) -> Answer:
        session = decider(self._parts.sessions, asked.session)
        if isinstance(session, Refusal):
            return session
        async with self._parts.database.connection() as connection:
            found = await data_sets.newest(
                connection, organisation=session.organisation
            )
        return Releases(tuple([self._view(one, session) for one in found]))

    # Taking

    async def _begin(self, asked: BeginDataSet) -> Answer:
        parts, now = self._parts, self._parts.clock.now()
        async with parts.database.connection() as connection:
            home = await accounts.find_organisation(connection, asked.organisation)
            if home is None or asked.data_set not in DATA_SETS:
                return _NOT_AGREED
            found = await data_sets.agreed(
                connection,
                organisation=home.number,
                data_set=asked.data_set,
                period=asked.period,
            )
            one = next((it for it in found if it.holds(now)), None)
            if one is None or not await data_sets.begin(connection, one.id, at=now):
                return _NOT_AGREED
        token, session = parts.sessions.start(
            SignedInAs(
                account=EXTRACTOR,
                display_name=parts.directory.display_name(EXTRACTOR),
                organisation=home.number,
                organisation_name=home.name,
                organisation_slug=home.slug,
                role=Role.EXTRACTOR,
                factor=EXTRACT_FACTOR,
                credential=b"",
                device="command line",
                until=one.until,
            )
        )
        session.extract = AgreedExtract(
            release=one.id, types=DATA_SETS[asked.data_set].types
        )
        self._note(session, one, "begin-data-set")
        return DataSetBegun(
            token=token,
            organisation=home.number,
            organisation_name=home.name,
            release=one.id,
            version=one.version,
        )

    async def _end(self, asked: EndDataSet) -> Answer:
        session = self._parts.sessions.use_at_door(asked.session)
        if session is None or session.extract is None:
            return NOT_SIGNED_IN
        release, digest = session.extract.release, asked.digest[:_LONGEST_DIGEST]
        if not asked.is_check:
            async with self._parts.database.connection() as connection:
                await data_sets.note_end(
                    connection, release, patients=asked.patients, digest=digest
                )
        what = "check" if asked.is_check else f"files {digest}"
        self._parts.trace.of_session(
            session,
            "end-data-set",
            reason=f"{asked.patients} patients",
            request=f"data set {release} {what}",
        )
        self._parts.sessions.end(session)
        return Done()

    # What they share

    async def _find(self, id_: str, session: Session) -> Release | None:
        if not is_uuid(id_):
            return None
        async with self._parts.database.connection() as connection:
            return await data_sets.find(
                connection, id_, organisation=session.organisation
            )

    async def _waiting(self, id_: str, session: Session) -> Release | None:
        one = await self._find(id_, session)
        return one if one is not None and one.waits else None

    def _note(self, session: Session, one: Release, action: str) -> None:
        self._parts.trace.of_session(
            session,
            action,
            reason=one.reason,
            request=f"data set {one.id}: {one.data_set} {one.version} {one.period}",
        )

    def _view(self, one: Release, session: Session) -> ReleaseView:
        name = self._parts.directory.display_name
        return ReleaseView(
            id=one.id,
            data_set=one.data_set,
            version=one.version,
            period=one.period,
            reason=one.reason,
            asked_by=name(one.asked_by),
            asked_at=microseconds_since_epoch(one.asked_at),
            agreed_by=name(one.agreed_by) if one.agreed_by else "",
            agreed_at=_when(one.agreed_at),
            withdrawn_by=name(one.withdrawn_by) if one.withdrawn_by else "",
            withdrawn_at=_when(one.withdrawn_at),
            until=_when(one.until),
            taken=one.taken,
            taken_at=_when(one.taken_at),
            patients=one.patients,
            digest=one.digest,
            is_mine=one.asked_by == session.account,
        )


def _when(moment: datetime | None) -> int:
    return 0 if moment is None else microseconds_since_epoch(moment)


def _are_two(one: Release, second: Session) -> bool:
    """Two accounts, a privacy officer among them."""
    roles = {one.asked_role, second.role.value}
    return one.asked_by != second.account and Role.PRIVACY_OFFICER.value in roles
