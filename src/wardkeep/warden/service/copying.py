# SPDX-License-Identifier: Apache-2.0
"""Signing for a copy of a record: who may, what goes into it, and that somebody looks.

The passkey signs for one patient, a ground and the parts; the door then gives those
types of that patient, for a quarter of an hour, to that session. Each one is an alarm
that a privacy officer other than the maker looks at within three days.
"""

from datetime import date

from wardkeep.base.clock import Clock
from wardkeep.base.ids import is_fhir_id
from wardkeep.disclosure.answers import Answer, Done, Refusal
from wardkeep.disclosure.confirming import ActDescription
from wardkeep.disclosure.copies import (
    GROUNDS,
    LONGEST_ASKER,
    PARTS,
    PERSON,
    PURPOSES,
    MakeCopy,
    ReadSignedCopy,
    SignedCopyView,
)
from wardkeep.disclosure.message import MAX_REASON_CHARACTERS
from wardkeep.disclosure.purpose import Action
from wardkeep.ledger.entry import Subject
from wardkeep.ledger.log import Ledger
from wardkeep.warden.copies import HOLDS_SECONDS, SignedCopy
from wardkeep.warden.rules.copies_are_signed import CODE
from wardkeep.warden.rules.prints_are_few import COPIES_SPENT
from wardkeep.warden.rules.reason_is_given import is_too_thin
from wardkeep.warden.service.desk import Acting, Desk
from wardkeep.warden.service.door import Door
from wardkeep.warden.service.rights_words import bad
from wardkeep.warden.service.said import NOT_SIGNED_IN, NOT_YOUR_WORK
from wardkeep.warden.service.watch import LOOKED_AT, SIGN_COPY, Watch
from wardkeep.warden.sessions import Session, Sessions

_SPENT = Refusal(
    code=COPIES_SPENT,
    why="You have made as many copies as your role makes in a day.",
    mend="Ask a colleague, or make it tomorrow: the law gives a month.",
)
_NONE_SIGNED = Refusal(
    code=CODE,
    why="Nobody signed for a copy of this record, or it was longer ago than a quarter"
    " of an hour.",
    mend="Ask for the copy again; it is quickly done.",
)


class Copying:
    """Takes signatures for copies, and says what was signed for."""

    def __init__(
        self,
        *,
        sessions: Sessions,
        watch: Watch,
        door: Door,
        ledger: Ledger,
        clock: Clock,
    ) -> None:
        self._sessions = sessions
        self._watch = watch
        self._door = door
        self._ledger = ledger
        self._clock = clock
        self.desk = Desk(
            at_once={ReadSignedCopy: self._read},
            acts={
                MakeCopy: Acting(self._describe, self._sign, needs_device_bound=False)
            },
        )

    async def _describe(
        self, session: Session, act: MakeCopy
    ) -> ActDescription | Refusal:
        if not session.is_watched or not session.role.budget.copies:
            return NOT_YOUR_WORK
        refused = _fault_in(session, act)
        if refused is not None:
            return refused
        if self._left(session, act.patient) < 0:
            return _SPENT
        titles = [PERSON.title, *(PARTS[one].title for one in act.parts)]
        return ActDescription(
            title="Make a copy of this record",
            lines=(
                ("Record", act.patient),
                ("Because", GROUNDS[act.ground]),
                ("Who asked", act.asked_by),
                ("Reason", act.reason),
                ("What", "; ".join(titles)),
                ("From", _day(act.since) or "the beginning"),
                ("Until", _day(act.until) or "now"),
            ),
            warning="What has left cannot be called back. The patient sees that it was"
            " made, and another person looks at it within three days. Sealed parts are"
            " never in it.",
        )

    def _left(self, session: Session, patient: str) -> int:
        return self._watch.taken_out_left(session, {patient}, Action.COPY)

    async def _sign(self, session: Session, act: MakeCopy) -> Answer:
        about = Subject.about(
            patient=act.patient, tier="", relationship="", resources=()
        )
        entry = self._ledger.append(
            self._door.entry_of(
                session,
                action=SIGN_COPY,
                reason=f"{GROUNDS[act.ground]}: {act.reason}"[:MAX_REASON_CHARACTERS],
                request=f"copy {act.ground} {' '.join(act.parts)}",
                subjects=(about,),
            )
        )
        self._watch.alarms.raise_(
            LOOKED_AT[SIGN_COPY],
            session,
            patient=act.patient,
            detail=f"{GROUNDS[act.ground]}. Asked by {act.asked_by}. {act.reason}",
            entry=entry,
        )
        until = self._clock.monotonic_seconds() + HOLDS_SECONDS
        signed = SignedCopy(act=act, entry=entry, until_monotonic=until)
        session.copies[act.patient] = signed
        return Done()

    def _read(self, asked: ReadSignedCopy) -> Answer:
        session = self._sessions.use(asked.session)
        if session is None:
            return NOT_SIGNED_IN
        signed = session.copies.get(asked.patient)
        now = self._clock.monotonic_seconds()
        if signed is None or not signed.covers((), now=now):
            return _NONE_SIGNED
        return SignedCopyView(
            act=signed.act,
            entry=signed.entry,
            left=self._left(session, asked.patient),
        )


def _fault_in(session: Session, act: MakeCopy) -> Refusal | None:
    if not is_fhir_id(act.patient) or act.ground not in GROUNDS:
        return bad("Name the record, and one of the grounds.")
    if PURPOSES[act.ground].value not in session.role.purposes:
        return NOT_YOUR_WORK
    if not act.parts or not set(act.parts) <= PARTS.keys():
        return bad("Choose the parts that were asked for.")
    if is_too_thin(act.reason.strip()) or len(act.reason) > MAX_REASON_CHARACTERS:
        return bad("Say why, in a few words that somebody understands later.")
    if is_too_thin(act.asked_by.strip()) or len(act.asked_by) > LONGEST_ASKER:
        return bad("Say who asked, and how you know that they may.")
    if not _is_period(act.since, act.until):
        return bad("The period ends after it begins, in days as in 2026-11-28.")
    return None


def _day(text: str) -> str:
    """As in 28-Nov-2026; empty where none was named."""
    return f"{date.fromisoformat(text):%d-%b-%Y}" if text else ""


def _is_period(since: str, until: str) -> bool:
    try:
        days = [date.fromisoformat(one) for one in (since, until) if one]
    except ValueError:
        return False
    return days == sorted(days)
