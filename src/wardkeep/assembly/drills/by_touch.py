# SPDX-License-Identifier: Apache-2.0
"""Attacks with a session and each touch of its owner's passkey.

What is left then are the budgets of a day, and the glass: it is broken by a touch, and
never refused. So these say how fast it goes, and from when on somebody is told.
"""

import time
from datetime import timedelta

import msgspec

from wardkeep.assembly.drills.beyond_records import tries_beyond
from wardkeep.assembly.drills.by_session import A_LIST, EXPECTED, WORDS, Haul, of_a_day
from wardkeep.assembly.drills.ground import ELSEWHERE, HOME, Ground, Person
from wardkeep.assembly.drills.result import (
    NOBODY,
    DrillResult,
    Scenario,
    Scenarios,
    after,
)
from wardkeep.disclosure.answers import Refusal
from wardkeep.identity.roles import REACH, Role
from wardkeep.warden.alarms import GLASS_AGAIN, GLASS_BROKEN
from wardkeep.warden.budgets import ROWS_A_PATIENT
from wardkeep.warden.glass import APART_SECONDS, MANY_IN_AN_HOUR

AN_HOUR = timedelta(hours=1)
APART = timedelta(seconds=APART_SECONDS)
ASKED_EACH = timedelta(minutes=2)
"""A page that was taken over asks for the passkey, and who treats patients touches."""
_NURSE, _DOCTOR = Role.WARD_NURSE.budget, Role.DOCTOR.budget
_BY_GLASS = EXPECTED + _DOCTOR.hard + MANY_IN_AN_HOUR + AN_HOUR // APART
_BY_WEB = 3 * (of_a_day(_NURSE) + 1)
_TOLD = (
    f"one in {APART_SECONDS:.0f} s after {MANY_IN_AN_HOUR} in an hour; told at once of"
    f" each, and apart from the {MANY_IN_AN_HOUR}rd on; a freeze by the officer, an"
    " hour later"
)


async def insider_glass(ground: Ground) -> DrillResult:
    """A doctor whose day is spent breaks the glass for an hour, and nobody looks.

    A program does, with a passkey that is a file: as fast as the door lets it.
    """
    doctor = await ground.person("doctor", expects=EXPECTED)
    officer = await ground.person("privacy_officer")
    haul = Haul(ground, doctor)
    left = [one for one in ground.patients[HOME] if one not in doctor.expected]
    left.reverse()
    for patient in doctor.expected:
        await haul.take(patient)
    while left and await haul.take(left[-1], touches=True):
        left.pop()
    told, waited, number = set[str](), timedelta(), 0
    while left and waited < AN_HOUR:
        patient, number = left.pop(), number + 1
        await ground.breaks_glass(doctor, patient)
        if number == 1:
            told |= await ground.alarms_about(doctor.account, officer) & {GLASS_BROKEN}
        elif number == MANY_IN_AN_HOUR:
            told |= await ground.alarms_about(doctor.account, officer) & {GLASS_AGAIN}
        await haul.take(patient)
        if patient not in haul.reached:
            ground.clock.move(APART)
            waited += APART
            await haul.take(patient)
    # An hour later: sessions of whoever does nothing are over.
    await _comes_back(ground, officer)
    await ground.freeze(doctor.account, officer)
    known = doctor.expected[0]
    is_stopped = await ground.breaks_glass(doctor, known) and await ground.reads(
        doctor.token, known
    )
    is_told = told == {GLASS_BROKEN, GLASS_AGAIN}
    return DrillResult(
        scenario="insider-glass",
        attacker="a doctor's passkey in a program, the day spent: glass for an hour",
        reached=len(haul.reached),
        bound=_BY_GLASS,
        tried=haul.tried,
        seconds=AN_HOUR.total_seconds(),
        stopped_by=_TOLD if is_told and is_stopped else NOBODY,
    )


async def _comes_back(ground: Ground, who: Person) -> None:
    entered = await ground.sign_in(who.key)
    who.token = "" if isinstance(entered, Refusal) else entered.token


class Ridden(msgspec.Struct):
    """A nurse's session that the web process uses beside her, as far as it knows how.

    It counts along, so that nothing is refused before all is had: ten tries too many
    would freeze the account, and one beyond the day's budget would close the records.
    """

    who: Person
    opened: int = 0
    listed: int = 0
    tried: int = 0

    async def ride(self, ground: Ground, left: list[str]) -> set[str]:
        """What one touch gives: records, and for the rest of it names in lists."""
        got = set[str]()
        while left and self.opened < _NURSE.hard and len(got) < REACH:
            self.tried += 1
            if await ground.reads(self.who.token, left[-1]):
                break
            got.add(left.pop())
            self.opened += 1
        while many := min(self._room(REACH - len(got)), len(left)):
            self.tried += 1
            if not await ground.lists(self.who.token, left[-many:]):
                break
            got.update(left[-many:])
            del left[-many:]
            self.listed += many
        return got

    def _room(self, reach: int) -> int:
        return min(reach, A_LIST, _NURSE.hard * ROWS_A_PATIENT - self.listed)


async def web_taken_over(ground: Ground) -> DrillResult:
    """The web process asks the door what it likes, for whoever comes by in an hour.

    Its pages ask three nurses for the passkey each two minutes, and they use it. Then
    it tries what is not reading (beyond_records.py). At the end it tries to go on: one
    more record, one more list, another organisation, and a touch that the nurse gave
    to go on, and that breaks the glass.
    """
    came_by = [
        Ridden(await ground.person("ward_nurse", expects=EXPECTED)) for _ in range(3)
    ]
    mine = {patient for one in came_by for patient in one.who.expected}
    left = [one for one in ground.patients[HOME] if one not in mine]
    began, reached = time.perf_counter(), set[str]()
    for one in came_by:
        for patient in one.who.expected:
            one.tried += 1
            if not await ground.reads(one.who.token, patient):
                reached.add(patient)
    for _ in range(AN_HOUR // ASKED_EACH):
        for one in came_by:
            reached |= await one.ride(ground, left)
            await ground.prove(one.who)
        ground.clock.move(ASKED_EACH)
    steps = await tries_beyond(ground, came_by[0].who)
    beyond, stop = await _beyond(ground, came_by, left)
    return DrillResult(
        scenario="web-taken-over",
        attacker="the whole web process for an hour, and three nurses' touches in it",
        reached=len(reached | beyond),
        bound=_BY_WEB,
        tried=sum(one.tried for one in came_by) + sum(one.tried for one in steps),
        seconds=AN_HOUR.total_seconds() + time.perf_counter() - began,
        stopped_by=after("one more for a touch that breaks the glass; ", stop),
        steps=steps,
    )


async def _beyond(
    ground: Ground, came_by: list[Ridden], left: list[str]
) -> tuple[set[str], str]:
    """What is to be had when all budgets are spent, and by what it is refused."""
    reached, stop = set[str](), ""
    for patient in ground.patients[ELSEWHERE][:50]:
        token = came_by[0].who.token
        came_by[0].tried += 1
        if not await ground.reads(token, patient, organisation=ELSEWHERE):
            reached.add(patient)
    for one, plain, behind_glass in zip(came_by, left[::2], left[1::2], strict=False):
        one.tried += 3
        # Of the last one a name in a list first: what is refused closes all the rest.
        if one is came_by[-1] and await ground.lists(one.who.token, [plain]):
            reached.add(plain)
        said = await ground.reads(one.who.token, plain)
        if not said:
            reached.add(plain)
        stop = stop or said
        await ground.breaks_glass(one.who, behind_glass)
        if not await ground.reads(one.who.token, behind_glass):
            reached.add(behind_glass)
    return reached, WORDS.get(stop, stop)


SCENARIOS: Scenarios = (
    Scenario(
        "insider-glass", "An insider who breaks the glass", insider_glass, _BY_GLASS + 2
    ),
    Scenario(
        "web-taken-over", "The web process taken over", web_taken_over, _BY_WEB + 6
    ),
)
