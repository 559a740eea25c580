# SPDX-License-Identifier: Apache-2.0
"""What an account saw, what was refused, and a patient's "I do not recognise this".

To look is an entry as well, and it names whom the lines are about.
"""

from bisect import bisect_left
from collections.abc import Sequence

import msgspec

from wardkeep.base.clock import Clock
from wardkeep.disclosure.answers import Answer, Done, Refusal
from wardkeep.disclosure.containment import (
    AccountRead,
    OpeningView,
    QuestionOpening,
    ReadAccount,
    ReadRefusals,
    RefusalsRead,
)
from wardkeep.disclosure.purpose import Action, Purpose
from wardkeep.identity.roles import Budget, Role, role_named
from wardkeep.ledger.entry import Entry, Subject
from wardkeep.ledger.log import Ledger
from wardkeep.warden import alarms
from wardkeep.warden.directory import UNKNOWN_ACCOUNT, Directory
from wardkeep.warden.service.desk import Desk
from wardkeep.warden.service.door import Door
from wardkeep.warden.service.lines import GRANTED, views_of
from wardkeep.warden.service.rights_words import bad
from wardkeep.warden.service.said import NOT_SIGNED_IN, NOT_YOUR_WORK
from wardkeep.warden.service.watch import Watch
from wardkeep.warden.sessions import Session, Sessions

LINES_A_PAGE = 100
LOOKED_AT_ONCE = 512
"""Entries that one question reads, so that nobody waits longer than milliseconds."""
LOOKED_AT_ELSEWHERE = 5_000
"""The same of an account that is at home elsewhere: 50 ms. That there are more of its
entries is not told, so what it did here before these is found by the patient."""
LONGEST_WORDS = 500


class Looking:
    """Answers about accounts, and takes patients' questions."""

    def __init__(
        self,
        *,
        door: Door,
        ledger: Ledger,
        sessions: Sessions,
        watch: Watch,
        directory: Directory,
        clock: Clock,
    ) -> None:
        self._door = door
        self._ledger = ledger
        self._sessions = sessions
        self._watch = watch
        self._directory = directory
        self._clock = clock
        self._questioned: set[tuple[str, int]] = set()
        self.desk = Desk(
            at_once={
                ReadAccount: self._read,
                ReadRefusals: self._refusals,
                QuestionOpening: self._question,
            }
        )

    def _read(self, asked: ReadAccount) -> Answer:
        session = self._sessions.use(asked.session)
        if session is None:
            return NOT_SIGNED_IN
        if session.is_for_programs or session.role is not Role.PRIVACY_OFFICER:
            return NOT_YOUR_WORK
        positions = self._ledger.index.by_account(asked.account)
        is_ours = self._directory.is_at_home(asked.account, session.organisation)
        lines, next_ = self._lines(
            session,
            positions,
            asked.before,
            asked.account,
            at_most=LOOKED_AT_ONCE if is_ours else LOOKED_AT_ELSEWHERE,
        )
        if not is_ours and not lines:
            # Nothing of it concerns us: no more is told than of an id of nobody.
            positions, next_ = (), -1
        self._note_look(session, lines, request=f"account {asked.account}"[:100])
        answer = self._answer(session, asked.account, positions, lines, next_)
        if is_ours or lines:
            return answer
        return msgspec.structs.replace(answer, display_name=UNKNOWN_ACCOUNT)

    def _refusals(self, asked: ReadRefusals) -> Answer:
        session = self._sessions.use(asked.session)
        if session is None:
            return NOT_SIGNED_IN
        if session.is_for_programs or session.role is not Role.PRIVACY_OFFICER:
            return NOT_YOUR_WORK
        positions = self._ledger.index.refused(session.organisation)
        lines, next_ = self._lines(session, positions, asked.before)
        self._note_look(session, lines, request="refusals")
        return RefusalsRead(total=len(positions), lines=tuple(lines), next=next_)

    def _note_look(
        self, session: Session, lines: Sequence[OpeningView], *, request: str
    ) -> None:
        """To look is an entry, and names whom the lines are about."""
        subjects = [
            Subject.about(patient=one, tier="", relationship="", resources=())
            for one in dict.fromkeys(line.patient for line in lines)
            if one
        ]
        self._ledger.append(
            self._door.entry_of(
                session,
                action=Action.HISTORY.value,
                purpose=Purpose.AUDIT.value,
                request=request,
                subjects=subjects,
            )
        )

    def _lines(
        self,
        session: Session,
        positions: Sequence[int],
        before: int,
        account: str = "",
        *,
        at_most: int = LOOKED_AT_ONCE,
    ) -> tuple[list[OpeningView], int]:
        """Openings, the newest first, and where to go on.

        A page goes on where the last one ended, whatever was added meanwhile.
        """
        lines: list[OpeningView] = []
        last = len(positions) if before < 0 else bisect_left(positions, before)
        for place in range(last - 1, -1, -1):
            position = positions[place]
            if len(lines) >= LINES_A_PAGE or last - place > at_most:
                return lines, position + 1
            entry = self._ledger.read(position)
            # Two ids may share a key of the index.
            is_meant = account in ("", entry.account)
            is_ours = entry.organisation == session.organisation
            is_told = entry.purpose or entry.outcome != GRANTED
            if is_meant and is_ours and is_told:
                lines.extend(views_of(position, entry, self._directory))
        return lines, -1

    def _answer(
        self,
        session: Session,
        account: str,
        positions: Sequence[int],
        lines: Sequence[OpeningView],
        next_: int,
    ) -> AccountRead:
        expected, others, rows = self._watch.budgets.counts(
            (session.organisation, account), now=self._clock.monotonic_seconds()
        )
        printed, copied, sent, carried = self._watch.budgets.counts_out(
            (session.organisation, account), now=self._clock.monotonic_seconds()
        )
        budget = self._budget(session.organisation, positions)
        return AccountRead(
            account=account,
            display_name=self._directory.display_name(account),
            expected=expected,
            others=others,
            rows=rows,
            soft=budget.soft,
            hard=budget.hard,
            lines=tuple(lines),
            next=next_,
            printed=printed,
            copied=copied,
            sent=sent,
            carried=carried,
        )

    def _budget(self, organisation: int, positions: Sequence[int]) -> Budget:
        """Of the role in which the account did something last."""
        for position in reversed(positions[-LOOKED_AT_ONCE:]):
            role = role_named(self._ledger.read(position).role)
            if role is not None:
                return self._watch.limits.of(organisation, role)
        return Budget()

    def _question(self, asked: QuestionOpening) -> Answer:
        session = self._sessions.use_own(asked.session)
        if session is None:
            return NOT_SIGNED_IN
        if session.role is not Role.PATIENT:
            return NOT_YOUR_WORK
        entry = self._own_entry(session, asked.entry)
        if isinstance(entry, Refusal):
            return entry
        key = (session.account, asked.entry)
        if key in self._questioned:
            return Done()
        self._questioned.add(key)
        about = Subject.about(
            patient=session.own_patient, tier="", relationship="", resources=()
        )
        self._ledger.append(
            self._door.entry_of(
                session,
                action="question-opening",
                request=f"entry {asked.entry}",
                subjects=(about,),
            )
        )
        words = asked.words.strip()[:LONGEST_WORDS]
        self._watch.alarms.raise_(
            alarms.QUESTIONED,
            session,
            account=entry.account,
            patient=session.own_patient,
            detail=words or "The patient does not recognise this opening.",
            entry=asked.entry,
        )
        return Done()

    def _own_entry(self, session: Session, position: int) -> Entry | Refusal:
        about = self._ledger.entries_about(
            session.own_patient, organisation=session.organisation
        )
        place = bisect_left(about, position)
        if about[place : place + 1] == [position]:
            entry = self._ledger.read(position)
            if entry.subjects_about(session.own_patient):
                return entry
        return bad("There is no such entry about your record.")
