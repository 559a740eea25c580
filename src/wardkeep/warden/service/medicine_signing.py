# SPDX-License-Identifier: Apache-2.0
"""Signing for a controlled drug: who may, for what words, and for how long it holds.

A stolen cookie signs nothing: the passkey signs for these words of this version. That
two people do is held where both signatures are written into the record; the evidence
of each, with its account, is kept here and named in the ledger.
"""

from wardkeep.base.clock import Clock
from wardkeep.base.ids import is_fhir_id
from wardkeep.disclosure.answers import Answer, Done, Refusal
from wardkeep.disclosure.confirming import ActDescription
from wardkeep.disclosure.medicine_signing import (
    CHECKS,
    LONGEST_WORDS,
    PRESCRIBES,
    RETURNS,
    SIGNED_MEDICINE_SECONDS,
    WITNESSES,
    ReadSignedMedicine,
    SignedMedicineView,
    SignMedicine,
)
from wardkeep.identity.roles import Role
from wardkeep.warden.held_acts import HeldAct
from wardkeep.warden.service.desk import Acting, Desk
from wardkeep.warden.service.rights_words import bad
from wardkeep.warden.service.said import NOT_SIGNED_IN, NOT_YOUR_WORK
from wardkeep.warden.sessions import Session, Sessions

PRESCRIBERS = frozenset({Role.DOCTOR, Role.URGENT_CARE_CLINICIAN})
CHECKERS = PRESCRIBERS | {Role.SHIFT_LEAD}
NOT_SIGNED = Refusal(
    code="medicine-not-signed",
    why="Nobody signed for this controlled drug in this session, or it was longer ago"
    " than a quarter of an hour.",
    mend="Sign for it again.",
)
_TITLES = {
    PRESCRIBES: "Prescribe a controlled drug",
    CHECKS: "Second person’s check of a controlled drug",
    WITNESSES: "Second person of an entry about medicines",
    RETURNS: "Second person of a controlled drug that was not given after all",
}


class MedicineSigning:
    """Takes signatures for controlled drugs, and says what was signed for."""

    def __init__(self, *, sessions: Sessions, clock: Clock) -> None:
        self._sessions = sessions
        self._clock = clock
        self.desk = Desk(
            at_once={ReadSignedMedicine: self._read},
            acts={
                SignMedicine: Acting(
                    self._describe, self._sign, needs_device_bound=False
                )
            },
        )

    async def _describe(
        self, session: Session, act: SignMedicine
    ) -> ActDescription | Refusal:
        may = PRESCRIBERS if act.part == PRESCRIBES else CHECKERS
        if session.role not in may:
            return NOT_YOUR_WORK
        return _fault_in(act) or _described(act)

    async def _sign(self, session: Session, act: SignMedicine) -> Answer:
        until = self._clock.monotonic_seconds() + SIGNED_MEDICINE_SECONDS
        session.medicines[act.id] = HeldAct(act=act, until_monotonic=until)
        return Done()

    def _read(self, asked: ReadSignedMedicine) -> Answer:
        session = self._sessions.use(asked.session)
        if session is None:
            return NOT_SIGNED_IN
        signed = session.medicines.get(asked.id)
        if signed is None or not signed.holds(self._clock.monotonic_seconds()):
            return NOT_SIGNED
        return SignedMedicineView(act=signed.act)


def _described(act: SignMedicine) -> ActDescription:
    if act.part == WITNESSES:
        return ActDescription(
            title=_TITLES[act.part],
            lines=(("Entry", act.words), ("First person", act.prescriber)),
            warning="Count or look for yourself before you sign. Your name and this"
            " moment stay beside it and in the ledger.",
        )
    if act.part == RETURNS:
        return ActDescription(
            title=_TITLES[act.part],
            lines=(
                ("Medicine", act.words),
                ("Given by", act.prescriber),
                ("Patient", f"Patient/{act.patient}"),
            ),
            warning="See the packet back where it is kept before you sign. Your name"
            " and this moment stay in the record, the register and the ledger.",
        )
    return ActDescription(
        title=_TITLES[act.part],
        lines=(
            ("Medicine", act.words),
            ("Prescriber", act.prescriber),
            ("Patient", f"Patient/{act.patient}"),
        ),
        warning="Read it against the patient, not against the screen. Your name and"
        " this moment stay in the record and in the ledger.",
    )


def _fault_in(act: SignMedicine) -> Refusal | None:
    if act.part not in _TITLES:
        return bad("Say whether you prescribe, check or witness it, or saw it back.")
    is_named = not act.patient if act.part == WITNESSES else is_fhir_id(act.patient)
    if not (is_fhir_id(act.id) and is_named):
        return bad("Name the prescription and the patient by their ids.")
    if act.version < 1:
        return bad("Name the version that you read.")
    if not 0 < len(act.words) <= LONGEST_WORDS or len(act.prescriber) > LONGEST_WORDS:
        return bad("Name the medicine in a line.")
    return None
