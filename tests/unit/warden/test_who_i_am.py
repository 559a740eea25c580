# SPDX-License-Identifier: Apache-2.0
"""Who somebody is in the record, told to themselves and to nobody else."""

from support.warden import RunningWarden
from wardkeep.disclosure.answers import Done, Refusal
from wardkeep.disclosure.questions import SetWork
from wardkeep.disclosure.who_i_am import AskWhoIAm, WhoIAm

ASH, WARD = "Practitioner/ash", "Location/ward-7"


async def test_somebody_is_told_who_they_are_and_where_they_work(
    warden: RunningWarden,
) -> None:
    nurse = await warden.account("ward_nurse")
    other = await warden.account("ward_nurse")
    token, _ = await warden.enrol(nurse)
    stranger, _ = await warden.enrol(other)
    asked = SetWork(warden.home, ((nurse, (ASH,)),), (("Ward 7", (WARD,), (nurse,)),))
    assert await warden.operator.ask(asked, Done) == Done()
    told = await warden.door.ask(AskWhoIAm(token), WhoIAm)
    assert told == WhoIAm((ASH,), (WARD,))
    assert await warden.door.ask(AskWhoIAm(stranger), WhoIAm) == WhoIAm((), ())


async def test_nobody_is_told_without_a_session(warden: RunningWarden) -> None:
    answer = await warden.door.ask(AskWhoIAm("nobody"), WhoIAm)
    assert isinstance(answer, Refusal)
    assert answer.code == "not-signed-in"
