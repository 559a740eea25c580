# SPDX-License-Identifier: Apache-2.0
"""Reading the ledger: who opened a patient's record, and what any entry says.

To look is an entry as well, and it names whom the lines are about.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence

from wardkeep.base.clock import Clock
from wardkeep.disclosure.answers import (
    AccessHistory,
    AccessLine,
    Answer,
    LedgerLine,
    LedgerPage,
    Refusal,
)
from wardkeep.disclosure.purpose import Action, Purpose
from wardkeep.disclosure.questions import ReadAccessHistory, ReadLedger, ResourceRef
from wardkeep.ledger.entry import Entry, Subject, unpack_id
from wardkeep.ledger.log import Ledger
from wardkeep.ledger.onward import sent_to
from wardkeep.warden.directory import Directory
from wardkeep.warden.rules.scope_covers import scope_lacks
from wardkeep.warden.service.by_app import LONGEST_REQUEST
from wardkeep.warden.service.desk import Desk
from wardkeep.warden.service.door import Door
from wardkeep.warden.service.explaining import BY_CONTRACT
from wardkeep.warden.service.lines import types_in, why_refused
from wardkeep.warden.service.said import NOT_SIGNED_IN, NOT_YOUR_WORK
from wardkeep.warden.service.weighed import RESOURCES_AN_ENTRY
from wardkeep.warden.sessions import Session, Sessions

LONGEST_HISTORY = 500
LOOKED_AT_ONCE = 256
"""Entries that one question reads, so that nobody waits longer than milliseconds."""
CLOCK_MARGIN = 3_600 * 1_000_000
"""Microseconds by which the clock may have been set back between two entries."""
EVENT = "AuditEvent"


class Audit:
    """Answers from the ledger, and writes down that it did."""

    def __init__(
        self,
        *,
        door: Door,
        ledger: Ledger,
        sessions: Sessions,
        directory: Directory,
        clock: Clock,
    ) -> None:
        self._door = door
        self._ledger = ledger
        self._sessions = sessions
        self._directory = directory
        self._clock = clock
        self.desk = Desk(
            at_once={
                ReadAccessHistory: self.read_access_history,
                ReadLedger: self.read_ledger,
            }
        )

    def read_access_history(self, asked: ReadAccessHistory) -> Answer:
        """Who opened a patient's record; looking it up is an entry as well."""
        session = self._sessions.use(asked.session)
        if session is None:
            return NOT_SIGNED_IN
        refused = self._may_read_history(session, asked.patient)
        if refused is not None:
            return refused
        indexes = self._ledger.entries_about(
            asked.patient, organisation=session.organisation
        )
        entry = self._ledger.append(
            self._door.entry_of(
                session,
                action=Action.HISTORY.value,
                purpose=Purpose.AUDIT.value,
                subjects=(
                    Subject.about(
                        patient=asked.patient,
                        tier="",
                        relationship=self._door.explains(session, asked.patient),
                        resources=(),
                    ),
                ),
            )
        )
        at_most = max(1, min(asked.at_most, LONGEST_HISTORY))
        last = len(indexes)
        if asked.before >= 0:
            last = bisect_left(indexes, asked.before)
        first = max(0, last - at_most)
        lines = [
            line
            for place in range(last - 1, first - 1, -1)
            for line in self._access_lines(indexes[place], asked.patient)
        ]
        return AccessHistory(
            lines=tuple(lines),
            total=len(indexes),
            entry=entry,
            next=indexes[first] if first else -1,
        )

    def _may_read_history(self, session: Session, patient: str) -> Refusal | None:
        is_auditor = Purpose.AUDIT.value in session.role.purposes
        now = self._clock.monotonic_seconds()
        has_opened = session.held_reason(patient, now) is not None
        if is_auditor or has_opened or self._door.explains(session, patient):
            return None
        return Refusal(
            code="reason-needed",
            why="Nothing in today's work explains looking at this record.",
            mend="Open the record first, saying why.",
            needs_reason=True,
        )

    def _access_lines(self, index: int, patient: str) -> list[AccessLine]:
        """The line of an entry; none where its key in the index was another's."""
        entry = self._ledger.read(index)
        subjects = entry.subjects_about(patient)
        return [self._access_line(index, entry, subjects)] if subjects else []

    def _access_line(
        self, index: int, entry: Entry, subjects: tuple[Subject, ...]
    ) -> AccessLine:
        words = why_refused(entry.outcome)
        return AccessLine(
            entry=index,
            at=entry.at,
            display_name=self._directory.display_name(entry.account),
            role_title=self._directory.role_title(entry.role),
            purpose=entry.purpose,
            reason=entry.reason,
            relationship=subjects[0].relationship,
            action=entry.action,
            tier=", ".join(dict.fromkeys(one.tier for one in subjects)),
            outcome=entry.outcome,
            resources=sum(one.resource_count for one in subjects),
            account=entry.account,
            types=types_in(subjects),
            rule=words.rule,
            because=words.because,
            would_allow=words.would_allow,
            sent_to=sent_to(entry),
        )

    def read_ledger(self, asked: ReadLedger) -> Answer:
        """Entries of the session's organisation, the newest first, a line a patient."""
        session = self._sessions.use_at_door(asked.session)
        if session is None or session.app is not None:
            return NOT_SIGNED_IN
        refused = _may_read_ledger(session, asked)
        if refused is not None:
            return refused
        positions, first, last = self._wanted(session, asked)
        oldest = max(first, last - LOOKED_AT_ONCE)
        lines: list[LedgerLine] = []
        place = last
        while place > oldest and _size(lines) < RESOURCES_AN_ENTRY // 2:
            place -= 1
            entry = self._ledger.read(positions[place])
            is_ours = entry.organisation == session.organisation
            if is_ours and asked.account in ("", entry.account):
                lines.extend(self._lines(positions[place], entry, asked.patient))
        for portion in _portions(lines):
            self._ledger.append(
                self._door.entry_of(
                    session,
                    action=Action.HISTORY.value,
                    purpose=Purpose.AUDIT.value,
                    request=asked.request[:LONGEST_REQUEST],
                    subjects=portion,
                )
            )
        next_ = positions[place] if place > first else -1
        return LedgerPage(lines=tuple(lines), next=next_)

    def _wanted(
        self, session: Session, asked: ReadLedger
    ) -> tuple[Sequence[int], int, int]:
        """Positions of entries, and which of them are wanted: from, up to."""
        positions: Sequence[int] = range(self._ledger.committed_size)
        if asked.patient:
            positions = self._ledger.entries_about(
                asked.patient, organisation=session.organisation
            )
        elif asked.account:
            positions = self._ledger.index.by_account(asked.account)
        first, last = bisect_left(positions, asked.first), len(positions)
        if asked.before >= 0:
            last = bisect_left(positions, asked.before)
        if asked.since:
            first = max(first, self._at(positions, asked.since - CLOCK_MARGIN))
        if asked.until:
            last = min(last, self._at(positions, asked.until + CLOCK_MARGIN))
        return positions, first, last

    def _at(self, positions: Sequence[int], moment: int) -> int:
        """The place of the first entry behind the moment: entries are in time."""
        return bisect_right(
            positions, moment, key=lambda position: self._ledger.read(position).at
        )

    def _lines(self, position: int, entry: Entry, patient: str) -> list[LedgerLine]:
        found = dict.fromkeys(one.packed_patient for one in entry.subjects)
        named = list(found) or [b""]
        return [
            self._line(position, part, entry, packed)
            for part, packed in enumerate(named)
            if not patient or unpack_id(packed) == patient
        ]

    def _line(
        self, position: int, part: int, entry: Entry, packed: bytes
    ) -> LedgerLine:
        subjects = [one for one in entry.subjects if one.packed_patient == packed]
        return LedgerLine(
            entry=position,
            part=part,
            at=entry.at,
            account=entry.account,
            display_name=self._directory.display_name(entry.account),
            role=entry.role,
            role_title=self._directory.role_title(entry.role),
            purpose=entry.purpose,
            reason=entry.reason,
            relationship=subjects[0].relationship if subjects else "",
            action=entry.action,
            request=entry.request,
            patient=unpack_id(packed),
            resources=tuple(ref for one in subjects for ref in one.resources()),
            outcome=entry.outcome,
            software=entry.software,
            sent_to=sent_to(entry),
        )


def _may_read_ledger(session: Session, asked: ReadLedger) -> Refusal | None:
    if session.scopes is None:
        is_auditor = Purpose.AUDIT.value in session.role.purposes
        return None if is_auditor else NOT_YOUR_WORK
    action = Action.READ if asked.is_one else Action.SEARCH
    lacks = scope_lacks(session.scopes, action, ((EVENT, "", 1),))
    if lacks is None:
        return None
    return Refusal(code=lacks.code, why=lacks.why, mend=lacks.mend)


def event_id(line: LedgerLine) -> str:
    """The id under which a line is read as a FHIR AuditEvent."""
    return f"ledger-{line.entry}.{line.part}"


def _size(lines: Sequence[LedgerLine]) -> int:
    return sum(1 + len(line.resources) for line in lines)


def _portions(lines: Sequence[LedgerLine]) -> Iterator[list[Subject]]:
    """Whom the lines are about, in as many entries as hold it; one at least."""
    by_patient: dict[str, list[ResourceRef]] = {}
    for line in lines:
        by_patient.setdefault(line.patient, []).append((EVENT, event_id(line), 1))
    subjects: list[Subject] = []
    room = RESOURCES_AN_ENTRY
    for patient, refs in by_patient.items():
        for start in range(0, len(refs), RESOURCES_AN_ENTRY):
            piece = refs[start : start + RESOURCES_AN_ENTRY]
            if subjects and len(piece) + 1 > room:
                yield subjects
                subjects, room = [], RESOURCES_AN_ENTRY
            subjects.append(
                Subject.about(
                    patient=patient, tier="", relationship=BY_CONTRACT, resources=piece
                )
            )
            room -= len(piece) + 1
    yield subjects
