# SPDX-License-Identifier: Apache-2.0
"""Takes ties with the question that asks for keys to write with, before the keys leave.

A tie is taken only for a patient whom that very question opened: so whoever forges one
has spent a relationship, or a reason and their budget, on that patient before, and
forging adds nobody. Of new patients, whose keys the question makes, it is taken as long
as nobody of that id is here, and of a person for so many a day. What a change told that
came to nothing is taken back by the name of the change.
"""

import asyncio
import re
from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import timedelta

import msgspec

from wardkeep.base.clock import Clock, microseconds_since_epoch
from wardkeep.db.connection import Database
from wardkeep.disclosure.answers import Answer, Done, Refusal
from wardkeep.disclosure.not_written import LONGEST_CHANGE, NotWritten
from wardkeep.disclosure.purpose import Action
from wardkeep.disclosure.questions import (
    Disclose,
    ForWork,
    NewPatientKeys,
    ResourceRef,
    SaidTie,
)
from wardkeep.identity.roles import Role
from wardkeep.teams import ties
from wardkeep.teams.relationships import KINDS, ExpectedSets
from wardkeep.teams.shortened import Shortened
from wardkeep.teams.tellings import Tellings
from wardkeep.teams.ties import Source, Tie, Told
from wardkeep.warden import erasures
from wardkeep.warden.budgets import WINDOW_SECONDS
from wardkeep.warden.erasures import ErasedPatients
from wardkeep.warden.service.desk import Desk, Later
from wardkeep.warden.service.door import Door
from wardkeep.warden.service.said import NOT_SIGNED_IN, NOT_UNDERSTOOD
from wardkeep.warden.service.watch import Watch
from wardkeep.warden.service.writers import Writers
from wardkeep.warden.sessions import Session, Sessions

MOST_TIES = 40
"""Of one resource: a multidisciplinary meeting has fewer."""
LONGEST = timedelta(days=800)
"""From its beginning, and from now, to a tie's end: each ends by itself."""
ROSTER_SECONDS, TIDY_SECONDS = 60.0, 3600.0
_WHO = re.compile(
    r"(Practitioner|PractitionerRole|Location|HealthcareService|CareTeam|Organization)"
    r"/[A-Za-z0-9\-.]{1,64}"
)
_CHANGES = frozenset({Action.WRITE, Action.DELETE})
Refs = Sequence[tuple[ResourceRef, str]]
"""Resources with the patient whom the question names for each."""


class Tying:
    """Answers those who write what the work explains."""

    def __init__(  # noqa: PLR0913 - made of these parts, each named
        self,
        *,
        database: Database,
        sessions: Sessions,
        expected: ExpectedSets,
        door: Door,
        writers: Writers,
        erased: ErasedPatients,
        watch: Watch,
        clock: Clock,
    ) -> None:
        self._database = database
        self._sessions = sessions
        self._expected = expected
        self._door = door
        self._writers = writers
        self._erased = erased
        self._watch = watch
        self._clock = clock
        self._tellings = Tellings()
        self._shortened = Shortened()
        self._in_turn: defaultdict[int, asyncio.Lock] = defaultdict(asyncio.Lock)
        """By organisation: a slow write of one holds up nobody else's."""
        self._new: dict[tuple[int, str], dict[str, float]] = {}
        """New patients of whom an account told ties, and when."""
        self._rosters_due = self._tidy_due = 0.0
        ends: dict[type, Later] = {NotWritten: self._not_written}
        self.desk = Desk(later={ForWork: self._for_work, **ends}, saves=(self.keep,))
        self.operator_desk = Desk(later={ForWork: self._for_import, **ends})

    async def _for_import(self, asked: ForWork) -> Answer:
        """The operator's socket opens nothing: keys of new patients alone.

        What is written of nobody explains nobody, so that it comes without ties.
        """
        if isinstance(asked.question, NewPatientKeys):
            return await self._for_work(asked)
        if asked.ties:
            return NOT_UNDERSTOOD
        return self._door.add_to_nobody(asked.question)

    async def _for_work(self, asked: ForWork) -> Answer:
        question = asked.question
        session = self._sessions.use_at_door(question.session)
        if session is None:
            return NOT_SIGNED_IN
        if not self._are_sound(asked.ties) or len(asked.change) > LONGEST_CHANGE:
            return NOT_UNDERSTOOD
        if isinstance(question, Disclose):
            answer = self._door.disclose(question)
        else:
            answer = self._writers.new_patient_keys(question)
        if not isinstance(answer, Refusal):
            refs = await self._refs(session, question)
            # An import that failed is run again and tells all of it anew.
            is_import = session.role is Role.IMPORTER
            told = self._told(session, refs, asked.ties)
            await self._take(told, "" if is_import else asked.change)
        return answer

    async def _not_written(self, asked: NotWritten) -> Answer:
        """Who knows the name made it: nobody else can take back what is told."""
        if not 0 < len(asked.change) <= LONGEST_CHANGE:
            return NOT_UNDERSTOOD
        organisation = self._tellings.organisation_of(asked.change)
        self._tellings.end(asked.change)
        if organisation is None:
            return Done()
        async with self._in_turn[organisation]:
            now = self._tellings.take_back(asked.change)
            told = {one: now[one] for one in now if not self._is_erased(one)}
            # First what judges: the table is only read when the warden starts.
            self._expected.ties.put(told)
            async with self._database.transaction() as connection:
                await ties.save(connection, told)
            await self._forget_erased(told)
        return Done()

    async def _refs(
        self, session: Session, question: Disclose | NewPatientKeys
    ) -> Refs:
        """What is written, and about whom: only what may tell ties."""
        if isinstance(question, Disclose):
            if question.action not in _CHANGES:
                return ()
            return [
                (ref, one.patient) for one in question.items for ref in one.resources
            ]
        taken = await self._new_ones(session, question.patients)
        named = zip(question.patients, question.resources, strict=False)
        return [(ref, one) for one, refs in named if one in taken for ref in refs]

    async def _new_ones(
        self, session: Session, named: Sequence[str]
    ) -> Collection[str]:
        """Those of them that are new, and of whom this session may tell ties."""
        if session.role is Role.IMPORTER:
            return named
        async with self._database.connection() as connection:
            here = await ties.patients_here(connection, session.organisation, named)
        new = [one for one in named if one not in here]
        return new if session.is_for_programs else self._registered(session, new)

    def _registered(self, session: Session, new: Sequence[str]) -> Collection[str]:
        """Those of them that a person's account may tell ties of today."""
        now = self._clock.monotonic_seconds()
        whose = (session.organisation, session.account)
        seen = {
            patient: when
            for patient, when in self._new.get(whose, {}).items()
            if when > now - WINDOW_SECONDS
        }
        room = max(0, self._watch.budget(session).own_today - len(seen))
        taken = [one for one in dict.fromkeys(new) if one not in seen][:room]
        self._new[whose] = {**seen, **dict.fromkeys(taken, now)}
        return {*taken, *(one for one in new if one in seen)}

    def _are_sound(self, said: Sequence[SaidTie]) -> bool:
        """Whether they are what our own resources tell, whoever sent them.

        Moments that no calendar has would fail whoever reads the patient's visits.
        """
        longest = LONGEST // timedelta(microseconds=1)
        last = microseconds_since_epoch(self._clock.now()) + longest
        return all(
            one.kind in KINDS
            and _WHO.fullmatch(one.who)
            and 0 <= one.since < one.until <= min(last, one.since + longest)
            for one in said
        )

    def _told(self, session: Session, refs: Refs, said: Sequence[SaidTie]) -> Told:
        """What stands now in the place of what these resources told."""
        by_resource: dict[tuple[str, str], list[Tie]] = {}
        for one in said:
            made = Tie(one.who, one.kind, one.since, one.until, session.account)
            by_resource.setdefault((one.type, one.id), []).append(made)
        told = {}
        for (type_, id_, _), patient in refs:
            source = Source(session.organisation, type_, id_, patient)
            mine = by_resource.get((type_, id_), [])[:MOST_TIES]
            if mine or self._expected.ties.has(source):
                told[source] = [self._kept(source, one) for one in mine]
        return told

    async def _take(self, told: Told, change: str) -> None:
        """The database has it first, so that no start forgets it."""
        if not told:
            return
        organisation = next(iter(told)).organisation
        async with self._in_turn[organisation]:
            if self._tellings.is_over(change):
                return
            before = {one: self._expected.ties.told_by(one) for one in told}
            self._tellings.tell(change, told, before)
            now = self._clock.monotonic_seconds()
            self._shortened.note(told, before, now=now)
            async with self._database.transaction() as connection:
                await ties.save(connection, told)
            gone = await self._forget_erased(told)
            self._expected.ties.put({one: told[one] for one in told.keys() - gone})

    def _is_erased(self, source: Source) -> bool:
        return self._erased.has(source.organisation, source.patient)

    async def _forget_erased(self, told: Collection[Source]) -> set[Source]:
        """Whose erasure was approved since the keys left: it came before these."""
        gone = {one for one in told if self._is_erased(one)}
        for source in gone:
            await self._forget(source)
        return gone

    async def _forget(self, source: Source) -> None:
        async with self._database.connection() as connection:
            await erasures.forget_work(
                connection,
                organisation=source.organisation,
                patients=(source.patient,),
            )

    def _kept(self, source: Source, tie: Tie) -> Tie:
        """The tie as it was told before, where nothing of it is longer or new.

        A desk that checks somebody in writes the appointment anew and has made no work
        for itself: whoever booked it said so before. Nor has whoever takes an end back.
        """
        now = self._clock.monotonic_seconds()
        longer = self._shortened.of(source, now=now)
        for old in (*self._expected.ties.told_by(source), *longer):
            is_same = (old.who, old.kind) == (tie.who, tie.kind)
            if is_same and old.since <= tie.since and tie.until <= old.until:
                return msgspec.structs.replace(tie, made_by=old.made_by)
        return tie

    async def keep(self) -> None:
        """Now and then: who is who, and what is over."""
        now = self._clock.monotonic_seconds()
        if now >= self._rosters_due:
            self._rosters_due = now + ROSTER_SECONDS
            async with self._database.connection() as connection:
                for organisation in tuple(self._expected.rosters):
                    await self._expected.read_roster(connection, organisation)
        if now >= self._tidy_due:
            self._tidy_due = now + TIDY_SECONDS
            at = microseconds_since_epoch(self._clock.now())
            self._expected.ties.forget_over(at)
            self._shortened.forget_old(now=now)
            async with self._database.connection() as connection:
                await ties.forget_over(connection, at=at)
