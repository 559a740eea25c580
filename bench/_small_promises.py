# SPDX-License-Identifier: Apache-2.0
"""Promises that take seconds to measure: sign-in paths, support grants, homes."""

import runpy
from datetime import timedelta
from pathlib import Path

from wardkeep.assembly.drills import DrillBrokenError, Ground
from wardkeep.assembly.drills.ground import HOME, Person
from wardkeep.disclosure.answers import CeremonyOptions, Refusal
from wardkeep.disclosure.confirming import BeginConfirm
from wardkeep.disclosure.support import GrantSupport

ROOT = Path(__file__).parents[1]
A_VISIT = timedelta(minutes=20)
EARLY, LATE = (29, 31, 45), (59, 61, 90)
"""Minutes before a visit begins and after it ends, at which its home is asked for."""


def ways_without_factor() -> int:
    """Ways to sign in whose factor can be phished, read from the code."""
    tool = runpy.run_path(str(ROOT / "tools" / "write_sign_in_paths.py"))
    ways = tool["ways_in"]()
    if not ways:
        message = "no way to sign in was found"
        raise DrillBrokenError(message)
    return sum(not one.is_phishing_resistant for one in ways)


async def grants_beyond(made: Ground) -> int:
    """Of a grant of six patients and one of 61 minutes: how many may be signed for."""
    officer = await made.person("privacy_officer")
    supporter = await made.person("support", organisation="support")
    if not await _may_grant(made, officer, supporter, patients=5, minutes=60):
        message = "no support is granted at all"
        raise DrillBrokenError(message)
    many = await _may_grant(made, officer, supporter, patients=6, minutes=60)
    long = await _may_grant(made, officer, supporter, patients=5, minutes=61)
    return many + long


async def _may_grant(
    made: Ground, officer: Person, supporter: Person, *, patients: int, minutes: int
) -> bool:
    act = GrantSupport(
        account=supporter.account,
        patients=made.patients[HOME][:patients],
        minutes=minutes,
        reason="a list that does not load",
        is_record=True,
    )
    answer = await made.door.ask(BeginConfirm(officer.token, act), CeremonyOptions)
    return not isinstance(answer, Refusal)


async def minutes_at_home(made: Ground) -> tuple[int, int]:
    """How long before and after a visit its home's way in was given."""
    colleague = await made.person("carer", expects=len(EARLY) + len(LATE))
    carer = await made.person("carer")
    await made.set_ways_in(colleague.expected)
    homes = iter(colleague.expected)
    early, late = [0], [0]
    for minutes in EARLY:
        starts = timedelta(minutes=minutes)
        early += [minutes] * await _is_given(made, carer, next(homes), starts)
    for minutes in LATE:
        starts = -A_VISIT - timedelta(minutes=minutes)
        late += [minutes] * await _is_given(made, carer, next(homes), starts)
    if not (max(early) and max(late)):
        message = "no way in was given around a visit"
        raise DrillBrokenError(message)
    return max(early), max(late)


async def _is_given(
    made: Ground, carer: Person, patient: str, starts: timedelta
) -> bool:
    await made.plan_visit(carer, patient, starts=made.clock.now() + starts)
    await made.prove(carer)
    return not await made.reads_way_in(carer.token, patient)
