# SPDX-License-Identifier: Apache-2.0
"""Answers about ways into homes: when one opens for whom, and which should be changed.

A way in should be changed when somebody who was given it left or was frozen since, and
when it is a year old (domain.md, 5.4). All of it comes from the ledger; the codes
themselves are nowhere here.
"""

import asyncio
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

import msgspec

from wardkeep.base.clock import Clock, from_microseconds, microseconds_since_epoch
from wardkeep.db.connection import Connection, Database
from wardkeep.disclosure.answers import Answer
from wardkeep.disclosure.purpose import Action
from wardkeep.disclosure.ways_in import (
    FROZEN,
    LEFT,
    OLD,
    AskWayIn,
    DueWayIn,
    DueWaysIn,
    ListDueWaysIn,
    WayInStanding,
)
from wardkeep.identity.roles import Role
from wardkeep.ledger.entry import Subject
from wardkeep.ledger.log import Ledger
from wardkeep.ledger.sealed_index import Named, SealedIndex, SetAndSeen
from wardkeep.teams.relationships import SELF_MADE
from wardkeep.warden.directory import Directory
from wardkeep.warden.erasures import ErasedPatients
from wardkeep.warden.rules.opening import GLASS
from wardkeep.warden.service.desk import Desk
from wardkeep.warden.service.door import Door
from wardkeep.warden.service.said import NOT_SIGNED_IN, NOT_YOUR_WORK
from wardkeep.warden.service.watch import Watch
from wardkeep.warden.sessions import Session, Sessions
from wardkeep.warden.ways_in import NOTE

OLD_AFTER = timedelta(days=365)
MOST_LISTED = 100
_A_TURN = 100
"""Entries that are read before others have their turn: some milliseconds."""
_PLANNERS = frozenset(
    {Role.CARE_COORDINATOR, Role.COMMUNITY_COORDINATOR, Role.PRIVACY_OFFICER}
)
_URGENCY = (FROZEN, LEFT, OLD)
_LEFT = """
select account::text as account, max(ended_at) as since
  from (select account, coalesce(ended_at, case when valid_until <= $2
                                           then valid_until end) as ended_at
          from warden.membership where organisation = $1) as m
 group by account having bool_and(ended_at is not null)
"""
_FROZEN = """
select target as account, max(frozen_at) as since
  from warden.freeze where organisation = $1 and kind = 'account' group by target
union all
select c.account::text, max(f.frozen_at)
  from warden.freeze as f join warden.credential as c
    on encode(c.id, 'hex') = f.target
 where f.organisation = $1 and f.kind = 'device' group by c.account
"""


class _Since(NamedTuple):
    """When accounts left, and when they or a passkey of theirs were frozen last."""

    left: Mapping[str, datetime]
    frozen: Mapping[str, datetime]


class _Book(msgspec.Struct):
    """What was read of the ledger for one organisation, and how many entries of it."""

    known: SealedIndex = msgspec.field(default_factory=SealedIndex)
    read: int = 0


class WaysInDesk:
    """Answers those who visit and those who plan visits."""

    def __init__(  # noqa: PLR0913 - made of these parts, each named
        self,
        *,
        database: Database,
        door: Door,
        watch: Watch,
        ledger: Ledger,
        sessions: Sessions,
        directory: Directory,
        erased: ErasedPatients,
        clock: Clock,
    ) -> None:
        self._database = database
        self._door = door
        self._watch = watch
        self._ledger = ledger
        self._sessions = sessions
        self._directory = directory
        self._erased = erased
        self._clock = clock
        self._books: dict[int, _Book] = {}
        self.desk = Desk(
            at_once={AskWayIn: self._ask}, later={ListDueWaysIn: self._list}
        )

    def _ask(self, asked: AskWayIn) -> Answer:
        session = self._sessions.use(asked.session)
        if session is None or session.is_for_programs:
            return NOT_SIGNED_IN
        now = self._clock.now()
        visits = [
            one for one in self._door.visits(session, asked.patient) if one.is_one
        ]
        closing = [one.closes for one in visits if one.is_open(now)]
        coming = [one.opens for one in visits if one.opens > now]
        relationship = self._door.explains(session, asked.patient)
        is_own_doing = relationship.endswith(SELF_MADE)
        is_ours = relationship not in ("", GLASS) and not is_own_doing
        is_visitor = self._watch.budget(session).homes > 0
        return WayInStanding(
            is_open=bool(closing) and is_visitor,
            closes_at=_moment(max(closing, default=None)),
            opens_next=_moment(min(coming, default=None)),
            is_visitor=is_visitor,
            may_set=session.role.may_seal and is_ours,
        )

    async def _list(self, asked: ListDueWaysIn) -> Answer:
        session = self._sessions.use(asked.session)
        if session is None:
            return NOT_SIGNED_IN
        if session.is_for_programs or session.role not in _PLANNERS:
            return NOT_YOUR_WORK
        now = self._clock.now()
        book = await self._up_to_date(session.organisation)
        async with self._database.connection() as connection:
            since = await _since(connection, session.organisation, now)
        found = [
            line
            for named, known in book.of(session.organisation)
            if named[2] != NOTE and not self._erased.has(session.organisation, named[1])
            for line in self._due(named, known, since)
        ]
        found.sort(key=lambda one: (_URGENCY.index(one.why), one.since))
        shown = tuple(found[:MOST_LISTED])
        self._write_down(session, shown)
        return DueWaysIn(lines=shown, left_out=len(found) - len(shown))

    async def _up_to_date(self, organisation: int) -> SealedIndex:
        """What the ledger says of sealed things; what is new is read, once."""
        book = self._books.setdefault(organisation, _Book())
        positions = self._ledger.index.sealed(organisation)
        while book.read < len(positions):
            book.known.add(self._ledger.read(positions[book.read]))
            book.read += 1
            if book.read % _A_TURN == 0:
                await asyncio.sleep(0)  # others' openings do not wait for it
        return book.known

    def _due(
        self, named: Named, known: SetAndSeen, since: _Since
    ) -> Iterator[DueWayIn]:
        """The most urgent reason to change one; none where there is no reason."""
        for why, moments in ((FROZEN, since.frozen), (LEFT, since.left)):
            reasons = [
                (moments[account], account)
                for account in known.seen
                if account in moments
                and microseconds_since_epoch(moments[account]) > known.set_at
            ]
            if reasons:
                moment, account = max(reasons)
                who = self._directory.display_name(account)
                yield _line(named, known, why=why, who=who, since=moment)
                return
        due = from_microseconds(known.set_at) + OLD_AFTER
        if due <= self._clock.now():
            yield _line(named, known, why=OLD, who="", since=due)

    def _write_down(self, session: Session, lines: tuple[DueWayIn, ...]) -> None:
        about = [
            Subject.about(patient=one, tier="", relationship="", resources=())
            for one in dict.fromkeys(line.patient for line in lines)
        ]
        self._ledger.append(
            self._door.entry_of(
                session,
                action=Action.HISTORY.value,
                request="ways in to change",
                subjects=about,
            )
        )


async def _since(connection: Connection, organisation: int, now: datetime) -> _Since:
    left = await connection.fetch(_LEFT, organisation, now)
    frozen: dict[str, datetime] = {}
    for row in await connection.fetch(_FROZEN, organisation):
        known = frozen.get(row["account"], row["since"])
        frozen[row["account"]] = max(known, row["since"])
    return _Since({row["account"]: row["since"] for row in left}, frozen)


def _line(
    named: Named, known: SetAndSeen, *, why: str, who: str, since: datetime
) -> DueWayIn:
    _, patient, type_, id_ = named
    return DueWayIn(
        patient=patient,
        type=type_,
        id=id_,
        why=why,
        who=who,
        set_at=known.set_at,
        since=microseconds_since_epoch(since),
    )


def _moment(given: datetime | None) -> int:
    return 0 if given is None else microseconds_since_epoch(given)
