# SPDX-License-Identifier: Apache-2.0
"""Signing for a hand-over: who may, how many at once, and to whom each of them goes.

A stolen cookie moves nobody's caseload: the passkey signs for each patient by name of
their id. What is then written goes through the door one by one, so the signature opens
nobody and adds to no budget.
"""

from wardkeep.base.clock import Clock, microseconds_since_epoch
from wardkeep.base.ids import is_fhir_id, is_uuid
from wardkeep.disclosure.answers import Answer, Done, Refusal
from wardkeep.disclosure.confirming import ActDescription
from wardkeep.disclosure.handing_over import (
    HAND_OVER_SECONDS,
    LONGEST_NAME,
    MOST_HANDED_OVER,
    HandOver,
    ReadSignedHandOver,
    SignedHandOverView,
)
from wardkeep.disclosure.message import MAX_REASON_CHARACTERS
from wardkeep.identity.roles import RECORD
from wardkeep.teams.relationships import ExpectedSets
from wardkeep.teams.rosters import Roster
from wardkeep.warden.held_acts import HeldAct
from wardkeep.warden.rules.reason_is_given import is_too_thin
from wardkeep.warden.service.desk import Acting, Desk
from wardkeep.warden.service.rights_words import bad
from wardkeep.warden.service.said import NOT_SIGNED_IN, NOT_YOUR_WORK
from wardkeep.warden.sessions import Session, Sessions

NOT_SIGNED = Refusal(
    code="hand-over-not-signed",
    why="Nobody signed for this hand-over, or it was longer ago than a quarter of an"
    " hour.",
    mend="Sign for it again; whoever was handed over already stays so.",
)
NOT_OF_TEAM = Refusal(
    code="not-of-this-team",
    why="A team’s caseload is handed over by somebody who works in it just now.",
    mend="Ask a colleague of the team, or an administrator to put you into it.",
)


class HandingOver:
    """Takes signatures for hand-overs, and says what was signed for."""

    def __init__(
        self, *, sessions: Sessions, expected: ExpectedSets, clock: Clock
    ) -> None:
        self._sessions = sessions
        self._expected = expected
        self._clock = clock
        self.desk = Desk(
            at_once={ReadSignedHandOver: self._read},
            acts={
                HandOver: Acting(self._describe, self._sign, needs_device_bound=False)
            },
        )

    async def _describe(
        self, session: Session, act: HandOver
    ) -> ActDescription | Refusal:
        if RECORD not in session.role.tiers:
            return NOT_YOUR_WORK
        roster = self._expected.rosters.get(session.organisation, Roster())
        at = microseconds_since_epoch(self._clock.now())
        if act.team not in roster.names_of(session.account, at):
            return NOT_OF_TEAM
        return _fault_in(act) or _described(act)

    async def _sign(self, session: Session, act: HandOver) -> Answer:
        until = self._clock.monotonic_seconds() + HAND_OVER_SECONDS
        session.hand_overs[act.id] = HeldAct(act=act, until_monotonic=until)
        return Done()

    def _read(self, asked: ReadSignedHandOver) -> Answer:
        session = self._sessions.use(asked.session)
        if session is None:
            return NOT_SIGNED_IN
        signed = session.hand_overs.get(asked.id)
        if signed is None or not signed.holds(self._clock.monotonic_seconds()):
            return NOT_SIGNED
        return SignedHandOverView(act=signed.act)


def _described(act: HandOver) -> ActDescription:
    names = dict(act.names)
    to = dict.fromkeys((worker, team) for _, worker, team in act.moves)
    lines = [
        ("From", _called(act.team, names)),
        ("How many patients", str(len(act.moves))),
    ]
    for worker, team in to:
        many = sum(move[1:] == (worker, team) for move in act.moves)
        who = f"{_called(worker, names)}, {_called(team, names)}"
        lines.append(("To", f"{who}: {many}"))
    return ActDescription(
        title="Hand over the care of patients",
        lines=(*lines, ("Reason", act.reason)),
        warning="Whoever takes over expects these patients from then on, and whoever"
        " hands over no longer does. It can be handed back.",
    )


def _called(reference: str, names: dict[str, str]) -> str:
    name = names.get(reference, "")
    return f"{name} ({reference})" if name else reference or "nobody"


def _fault_in(act: HandOver) -> Refusal | None:
    if not is_uuid(act.id):
        return bad("Name the hand-over by its id.")
    if not 0 < len(act.moves) <= MOST_HANDED_OVER:
        return bad(f"Hand over between 1 and {MOST_HANDED_OVER} patients at once.")
    if not all(is_fhir_id(patient) for patient, _, _ in act.moves):
        return bad("Name each patient by their id.")
    if any(len(words) > LONGEST_NAME for pair in act.names for words in pair):
        return bad("Name people and teams in a line each.")
    if is_too_thin(act.reason.strip()) or len(act.reason) > MAX_REASON_CHARACTERS:
        return bad("Say why, in a few words that somebody understands later.")
    return None
