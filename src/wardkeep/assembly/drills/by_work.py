# SPDX-License-Identifier: Apache-2.0
"""Attacks with work that nobody does: forged appointments, booked for oneself."""

import time

from wardkeep.assembly.drills.by_session import A_SWEEP, APART, EXPECTED, Haul, wanted
from wardkeep.assembly.drills.ground import HOME, Ground
from wardkeep.assembly.drills.result import DrillResult, Scenario, Scenarios, after
from wardkeep.identity.roles import REACH


async def forged_work(ground: Ground) -> DrillResult:
    """The web process writes whoever comes by into everybody's care, then reads.

    It forges an appointment of each patient with all three nurses, by each session in
    turn, as long as the door gives keys for it; then each session opens what it can.
    """
    came_by = [await ground.person("ward_nurse", expects=EXPECTED) for _ in range(3)]
    named = [await ground.known_as(one) for one in came_by]
    began, tried, stop = time.perf_counter(), 0, ""
    reached: set[str] = set()
    for n, one in enumerate(came_by):
        for patient in wanted(ground, one, n * APART):
            tried += 1
            if not await ground.forges(one.token, patient, named):
                break
            reached.add(patient)
    for one in came_by:
        haul = Haul(ground, one)
        for patient in [*sorted(reached), *ground.patients[HOME][-APART:]]:
            if not await haul.take(patient):
                break
        reached |= haul.reached
        tried, stop = tried + haul.tried, haul.stop
    return DrillResult(
        scenario="forged-work",
        attacker="the web process, which books three nurses into everybody's care",
        reached=len(reached),
        bound=3 * (EXPECTED + REACH),
        tried=tried,
        seconds=time.perf_counter() - began,
        stopped_by=after("work explains whom its writer opened: ", stop),
    )


async def self_booked(ground: Ground) -> DrillResult:
    """A stolen session books its nurse into strangers' care, then opens them."""
    nurse = await ground.person("ward_nurse", expects=EXPECTED)
    me = await ground.known_as(nurse)
    haul = Haul(ground, nurse)
    for patient in wanted(ground, nurse, 0):
        haul.tried += 1
        if not await ground.forges(nurse.token, patient, [me]):
            break
        haul.reached.add(patient)
    for patient in wanted(ground, nurse, 0):
        if not await haul.take(patient):
            break
    return DrillResult(
        scenario="self-booked",
        attacker="a ward nurse's live session, which books her into strangers' care",
        reached=len(haul.reached),
        bound=EXPECTED + REACH,
        tried=haul.tried,
        seconds=haul.seconds,
        stopped_by=haul.stop,
    )


SCENARIOS: Scenarios = (
    Scenario("self-booked", "Booked into strangers' care", self_booked, A_SWEEP),
    Scenario("forged-work", "Work that was forged", forged_work, 3 * APART),
)
