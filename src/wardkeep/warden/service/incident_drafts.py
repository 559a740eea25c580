# SPDX-License-Identifier: Apache-2.0
"""Who was reached, for an incident's drafts: read by the session that signed for it.

The passkey signs for one incident; for a quarter of an hour that session then reads the
people, a portion at a time, by the ids that the ledger has. Each portion is an entry.
"""

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from wardkeep.base.clock import Clock
from wardkeep.disclosure.answers import Answer, Done, Refusal
from wardkeep.disclosure.confirming import ActDescription
from wardkeep.disclosure.incident_desk import (
    HOLDS_SECONDS,
    PEOPLE_A_PORTION,
    Reached,
    ReadReached,
    TakeDrafts,
)
from wardkeep.disclosure.purpose import Action, Purpose
from wardkeep.ledger.entry import Subject
from wardkeep.ledger.incidents import Incident
from wardkeep.ledger.log import Ledger
from wardkeep.ledger.reaching import Found, people_in, read_reach
from wardkeep.warden.incidents import Register
from wardkeep.warden.letters import ApprovedLetters
from wardkeep.warden.service.desk import Acting, Desk
from wardkeep.warden.service.door import Door
from wardkeep.warden.service.incident_access import (
    NO_SUCH_INCIDENT,
    is_officer,
    officer,
    touching,
)
from wardkeep.warden.service.said import NOT_YOUR_WORK
from wardkeep.warden.sessions import Session, Sessions

PORTION_BYTES = 2 * 1024 * 1024
TAKE_DRAFTS = "take-drafts"
NOT_TAKEN = Refusal(
    code="drafts-not-signed",
    why="Nobody signed for these drafts in this session, or it was longer ago than a"
    " quarter of an hour.",
    mend="Ask for them on the incident's page, and sign with your passkey.",
)
NOT_READ = Refusal(
    code="not-counted",
    why="The ledger was not read yet for the drafts of this version.",
    mend="Have it read on the incident's page.",
)


class IncidentDrafts:
    """Takes signatures for drafts, and gives who is in them."""

    def __init__(
        self,
        *,
        sessions: Sessions,
        register: Register,
        ledger: Ledger,
        door: Door,
        approved: ApprovedLetters,
        clock: Clock,
    ) -> None:
        self._sessions = sessions
        self._register = register
        self._ledger = ledger
        self._door = door
        self._approved = approved
        self._clock = clock
        self._taken: dict[tuple[str, str], float] = {}
        """Until when a session may read who was reached, by the monotonic clock."""
        self.desk = Desk(
            later={ReadReached: self._read},
            acts={
                TakeDrafts: Acting(self._describe, self._take, refers_to=self._named)
            },
        )

    async def _describe(
        self, session: Session, act: TakeDrafts
    ) -> ActDescription | Refusal:
        if not is_officer(session):
            return NOT_YOUR_WORK
        found = touching(self._register, session, act.incident)
        if found is None:
            return NO_SUCH_INCIDENT
        reach = read_reach(self._register.reach_of(found, session.organisation))
        if reach is None:
            return NOT_READ
        return ActDescription(
            title="Take the drafts of an incident",
            lines=(
                ("Incident", found.what),
                ("People in them", f"{reach.people:,}, by the ids of your record"),
            ),
            warning="They have no name and no address, and say what was seen of whom."
            " Each portion of them is an entry of the ledger.",
        )

    async def _take(self, session: Session, act: TakeDrafts) -> Answer:
        now = self._clock.monotonic_seconds()
        self._taken = {key: at for key, at in self._taken.items() if at > now}
        self._taken[session.id, act.incident] = now + HOLDS_SECONDS
        self._ledger.append(
            self._door.entry_of(
                session, action=TAKE_DRAFTS, request=f"incident {act.incident}"
            )
        )
        return Done()

    async def _named(self, session: Session, act: TakeDrafts) -> bytes:
        """What the incident says, which is signed with its number."""
        found = touching(self._register, session, act.incident)
        return b"" if found is None else found.digest.encode()

    def seconds_left(self, session: Session) -> Mapping[str, float]:
        """For how long the session may still read who was reached, by incident."""
        now = self._clock.monotonic_seconds()
        return {
            incident: until - now
            for (id_, incident), until in self._taken.items()
            if id_ == session.id and until > now
        }

    async def _read(self, asked: ReadReached) -> Answer:
        session = officer(self._sessions, asked.session)
        if isinstance(session, Refusal):
            return session
        found = touching(self._register, session, asked.incident)
        if found is None:
            return NO_SUCH_INCIDENT
        may_read = {*self.seconds_left(session), *self._approved.seconds_left(session)}
        if found.id not in may_read:
            return NOT_TAKEN
        where = self._register.reach_of(found, session.organisation)
        try:
            portion = await asyncio.to_thread(_portion, where, asked.place)
        except (OSError, OverflowError, msgspec.DecodeError, UnicodeDecodeError):
            return NOT_READ
        self._note(session, found, [one.patient for one in portion.people])
        return Reached(tuple(portion.people), portion.next)

    def _note(
        self, session: Session, incident: Incident, patients: Sequence[str]
    ) -> None:
        """To read who was reached is an entry that names them."""
        self._ledger.append(
            self._door.entry_of(
                session,
                action=Action.HISTORY.value,
                purpose=Purpose.AUDIT.value,
                request=f"incident {incident.id}",
                subjects=[
                    Subject.about(patient=one, tier="", relationship="", resources=())
                    for one in patients
                ],
            )
        )


def _portion(where: Path, place: int) -> Found:
    return people_in(where, place, most=PEOPLE_A_PORTION, bytes_at_most=PORTION_BYTES)
