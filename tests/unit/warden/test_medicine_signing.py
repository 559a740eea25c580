# SPDX-License-Identifier: Apache-2.0
"""Signing for a controlled drug: by whom, for which words, for how long it holds."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from support.acts import Colleague, colleague, confirm
from support.warden import Installation, RunningWarden, warden_at_home
from wardkeep.base.clock import FrozenClock
from wardkeep.disclosure.answers import Done, Refusal
from wardkeep.disclosure.confirming import ActDescription, DescribeAct
from wardkeep.disclosure.medicine_signing import (
    CHECKS,
    PRESCRIBES,
    RETURNS,
    SIGNED_MEDICINE_SECONDS,
    WITNESSES,
    ReadSignedMedicine,
    SignedMedicineView,
    SignMedicine,
)

ACT = SignMedicine(
    id="rx",
    version=2,
    patient="pat",
    part=CHECKS,
    words="Morphine 10 mg/1 ml injection. 0.5 ml, under the skin. Supply 5 ampoules.",
    prescriber="Dr Fictional",
)


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock(datetime(2026, 11, 29, 2, 0, tzinfo=UTC))


@pytest.fixture
async def warden(
    installation: Installation, clock: FrozenClock
) -> AsyncIterator[RunningWarden]:
    async with warden_at_home(installation, clock=clock) as running:
        yield running


async def signed(warden: RunningWarden, who: Colleague) -> SignedMedicineView | Refusal:
    asked = ReadSignedMedicine(who.token, ACT.id)
    return await warden.door.ask(asked, SignedMedicineView)


async def described(
    warden: RunningWarden, who: Colleague, act: SignMedicine
) -> ActDescription | Refusal:
    return await warden.door.ask(DescribeAct(who.token, act), ActDescription)


async def test_what_was_signed_holds_for_a_quarter_of_an_hour_in_its_session(
    warden: RunningWarden, clock: FrozenClock
) -> None:
    ann = await colleague(warden, "urgent_care_clinician")
    ben = await colleague(warden, "urgent_care_clinician")
    told = await described(warden, ann, ACT)
    assert isinstance(told, ActDescription)
    assert ("Medicine", ACT.words) in told.lines
    before = await signed(warden, ann)
    assert isinstance(before, Refusal)
    assert before.code == "medicine-not-signed"
    assert await confirm(warden, ann, ACT, Done) == Done()
    assert await signed(warden, ann) == SignedMedicineView(act=ACT)
    # What one of two signed is nothing that the other has signed
    assert isinstance(await signed(warden, ben), Refusal)
    clock.move(timedelta(seconds=SIGNED_MEDICINE_SECONDS))
    assert isinstance(await signed(warden, ann), Refusal)
    nobody = await warden.door.ask(
        ReadSignedMedicine("nobody", "rx"), SignedMedicineView
    )
    assert isinstance(nobody, Refusal)
    assert nobody.code == "not-signed-in"


@pytest.mark.parametrize(
    ("role", "part", "may"),
    [
        ("doctor", PRESCRIBES, True),
        ("urgent_care_clinician", PRESCRIBES, True),
        ("shift_lead", PRESCRIBES, False),
        ("shift_lead", CHECKS, True),
        ("shift_lead", RETURNS, True),
        ("receptionist", RETURNS, False),
        ("health_advisor", CHECKS, False),
        ("carer", CHECKS, False),
        ("receptionist", CHECKS, False),
    ],
)
async def test_who_may_sign_for_which_part(
    warden: RunningWarden, role: str, part: str, *, may: bool
) -> None:
    who = await colleague(warden, role)
    act = msgspec.structs.replace(ACT, part=part)
    told = await described(warden, who, act)
    assert isinstance(told, ActDescription) is may
    if not may:
        assert isinstance(told, Refusal)
        assert told.code == "not-your-work"
        refused = await confirm(warden, who, act, Done)
        assert isinstance(refused, Refusal)


@pytest.mark.parametrize(
    "change",
    [
        {"part": "blesses"},
        {"id": "no/id"},
        {"patient": ""},
        {"part": WITNESSES},
        {"part": WITNESSES, "patient": "", "id": "no/id"},
        {"part": RETURNS, "patient": ""},
        {"version": 0},
        {"words": ""},
        {"words": "x" * 1001},
        {"prescriber": "x" * 1001},
    ],
)
async def test_what_is_no_prescription_is_not_signed(
    warden: RunningWarden, change: dict[str, object]
) -> None:
    ann = await colleague(warden, "doctor")
    told = await described(warden, ann, msgspec.structs.replace(ACT, **change))
    assert isinstance(told, Refusal)
    assert told.code == "bad-rights"


async def test_a_second_person_of_stock_signs_for_the_entry_and_for_no_patient(
    warden: RunningWarden,
) -> None:
    lee = await colleague(warden, "shift_lead")
    act = msgspec.structs.replace(ACT, part=WITNESSES, patient="")
    told = await described(warden, lee, act)
    assert isinstance(told, ActDescription)
    assert [name for name, _ in told.lines] == ["Entry", "First person"]
    assert await confirm(warden, lee, act, Done) == Done()
    assert await signed(warden, lee) == SignedMedicineView(act=act)
    desk = await colleague(warden, "receptionist")
    assert isinstance(await described(warden, desk, act), Refusal)


async def test_who_saw_a_controlled_drug_back_signs_for_whom_it_was_given_by(
    warden: RunningWarden,
) -> None:
    lee = await colleague(warden, "shift_lead")
    told = await described(warden, lee, msgspec.structs.replace(ACT, part=RETURNS))
    assert isinstance(told, ActDescription)
    assert told.lines == (
        ("Medicine", ACT.words),
        ("Given by", "Dr Fictional"),
        ("Patient", "Patient/pat"),
    )
    assert "back where it is kept" in told.warning
