# SPDX-License-Identifier: Apache-2.0
"""Attempts to carry records out on paper, or as files."""

import time

from wardkeep.assembly.drills.by_session import WORDS
from wardkeep.assembly.drills.ground import HOME, Ground, values_in
from wardkeep.assembly.drills.result import DrillResult, Scenario, Scenarios
from wardkeep.base.ids import OrganisationId
from wardkeep.disclosure.answers import Refusal
from wardkeep.disclosure.purpose import Action, Purpose
from wardkeep.fhir.store.outcomes import Opener
from wardkeep.fhir.store.taking_out import RecordTaker, TakenOut, TakeOut
from wardkeep.identity.roles import Role

A_WARD = 30
"""Beds: the work explains all of them."""
A_QUEUE = 20
_NURSE = Role.WARD_NURSE.budget


async def ward_on_paper(ground: Ground) -> DrillResult:
    """A nurse prints her ward, bed by bed, with her passkey at hand."""
    nurse = await ground.person("ward_nurse", expects=A_WARD)
    began = time.perf_counter()
    said = [
        await _takes_out(ground, nurse.token, patient, Action.PRINT)
        for patient in nurse.expected
    ]
    return DrillResult(
        scenario="ward-on-paper",
        attacker=f"a ward nurse, who may open all {A_WARD} of her ward, and a printer",
        reached=said.count(""),
        bound=_NURSE.prints,
        tried=len(said),
        seconds=time.perf_counter() - began,
        stopped_by=_stop(said),
    )


async def copies_stolen(ground: Ground) -> DrillResult:
    """A privacy officer's session asks for copies of everybody."""
    officer = await ground.person("privacy_officer")
    began = time.perf_counter()
    said = [
        await _takes_out(ground, officer.token, patient, Action.COPY)
        for patient in ground.patients[HOME][:A_QUEUE]
    ]
    return DrillResult(
        scenario="copies-stolen",
        attacker="a privacy officer's live session, without the passkey",
        reached=said.count(""),
        bound=0,
        tried=len(said),
        seconds=time.perf_counter() - began,
        stopped_by=_stop(said),
    )


def _stop(said: list[str]) -> str:
    refused = next((one for one in said if one), "")
    return WORDS.get(refused, refused)


async def _takes_out(ground: Ground, token: str, patient: str, action: Action) -> str:
    """Take a record out; the refusal's code, or nothing."""
    is_copy = action is Action.COPY
    opener = Opener(
        session=token,
        organisation=OrganisationId(ground.numbers[HOME]),
        purpose=Purpose.PATIENT_REQUEST if is_copy else Purpose.DIRECT_CARE,
        reason="goes to the hospice today",
    )
    asked = TakeOut(patient=patient, action=action, types=frozenset({"Observation"}))
    taker = RecordTaker(ground.database, ground.door)
    taken = await taker.take(asked, opener=opener)
    if isinstance(taken, Refusal):
        return taken.code
    if not isinstance(taken, TakenOut):
        return "not-found"
    ground.values[patient] = sum(values_in(one.text) for one in taken.opened.resources)
    return ""


SCENARIOS: Scenarios = (
    Scenario("ward-on-paper", "A ward carried out on paper", ward_on_paper, A_WARD),
    Scenario("copies-stolen", "Copies by a stolen session", copies_stolen, A_QUEUE),
)
