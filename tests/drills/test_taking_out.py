# SPDX-License-Identifier: Apache-2.0
"""What leaves on paper or as files: stolen sessions, a taken-over process, a crash."""

import secrets
from collections.abc import AsyncIterator
from datetime import timedelta

import msgspec
import pytest

from support.acts import Colleague, colleague, confirm
from support.openings import REASON, code_of, desk, opens, reach, records
from support.owner import owner_of
from support.warden import Installation, RunningWarden, running_warden
from wardkeep.base.clock import FrozenClock, SystemClock
from wardkeep.disclosure.answers import Answer, Done, Grant, NewKeys
from wardkeep.disclosure.canaries import CanaryCounts, PlantCanaries
from wardkeep.disclosure.containment import (
    AccountRead,
    BreakGlass,
    ReadAccount,
    ReviewAlarm,
)
from wardkeep.disclosure.copies import MakeCopy, ReadSignedCopy, SignedCopyView
from wardkeep.disclosure.limits import SetBudget
from wardkeep.disclosure.pulse import PulseRead, ReadPulse
from wardkeep.disclosure.purpose import Action, Purpose, Tier
from wardkeep.disclosure.questions import Disclose, Item, NewPatientKeys
from wardkeep.identity.roles import REACH, Role
from wardkeep.warden.budgets import COPY_WEIGHT, PRINT_WEIGHT, TRIES
from wardkeep.warden.copies import HOLDS_SECONDS

NURSE, DOCTOR, OFFICER = Role.WARD_NURSE, Role.DOCTOR, Role.PRIVACY_OFFICER
PRINTS = NURSE.budget.prints


pytestmark = pytest.mark.usefixtures("ledger_of_its_own")


@pytest.fixture
async def warden(installation: Installation) -> AsyncIterator[RunningWarden]:
    async with running_warden(installation) as running:
        await settle(running)
        yield running


async def settle(warden: RunningWarden, home: str = "") -> None:
    warden.home = home or f"org-{secrets.token_hex(4)}"
    if not home:
        await warden.organisation(warden.home)


async def ward(warden: RunningWarden, nurse: Colleague, many: int) -> list[Item]:
    """Patients whom the work explains."""
    found = await records(warden, many)
    for item in found:
        await warden.relate(nurse.account, item.patient, organisation=warden.home)
    return found


async def prints(warden: RunningWarden, who: Colleague, item: Item) -> Answer:
    return await opens(warden, who.token, item, action=Action.PRINT)


async def prints_until_refused(
    warden: RunningWarden, who: Colleague, items: list[Item]
) -> tuple[int, str]:
    """How many are printed, and the refusal's code; empty where all were."""
    for n, item in enumerate(items):
        answer = await prints(warden, who, item)
        if not isinstance(answer, Grant):
            return n, code_of(answer)
    return len(items), ""


async def stands(
    warden: RunningWarden, officer: Colleague, who: Colleague
) -> AccountRead:
    found = await warden.door.ask(ReadAccount(officer.token, who.account), AccountRead)
    assert isinstance(found, AccountRead), found
    return found


def act(item: Item, *, ground: str = "access") -> MakeCopy:
    return MakeCopy(
        patient=item.patient,
        ground=ground,
        asked_by="herself, passport seen",
        reason="letter of 20 November",
        parts=("results",),
    )


async def copies(warden: RunningWarden, token: str, item: Item, *types: str) -> Answer:
    named = tuple((type_, "x", 1) for type_ in types)
    if named:
        item = msgspec.structs.replace(item, resources=named)
    asked = Disclose(token, Purpose.PATIENT_REQUEST, REASON, Action.COPY, (item,))
    return await warden.door.ask_any(asked)


# Prints


async def test_a_stolen_session_carries_no_ward_away_on_paper(
    warden: RunningWarden,
) -> None:
    nurse = await colleague(warden, NURSE.value)
    officer = await colleague(warden, OFFICER.value)
    hers = await ward(warden, nurse, PRINTS + 5)
    assert await prints_until_refused(warden, nurse, hers) == (PRINTS, "prints-spent")
    # All of it opens on the screen, for that is the work; and what was printed, again
    assert await reach(warden, nurse.token, hers) == len(hers)
    assert isinstance(await prints(warden, nurse, hers[0]), Grant)
    alarms = [one.kind for one in (await desk(warden, officer)).alarms]
    assert alarms == ["prints"]
    found = await stands(warden, officer, nurse)
    assert (found.printed, found.copied, found.others) == (PRINTS, 0, 0)


async def test_a_stolen_session_that_prints_strangers_meets_the_sooner_of_two_ends(
    warden: RunningWarden,
) -> None:
    doctor = await colleague(warden, DOCTOR.value)
    others = await records(warden, REACH + 1)
    most = DOCTOR.budget.prints
    assert await prints_until_refused(warden, doctor, others) == (most, "prints-spent")
    # The reach counts people, printed or opened.
    assert await reach(warden, doctor.token, others[most:]) == REACH - most


async def test_a_print_of_another_weighs_three_and_what_is_too_heavy_freezes_nobody(
    warden: RunningWarden,
) -> None:
    carer = await colleague(warden, Role.CARER.value)
    hard = Role.CARER.budget.hard
    others = await records(warden, hard)
    assert isinstance(await prints(warden, carer, others[0]), Grant)
    room = hard - PRINT_WEIGHT
    assert await reach(warden, carer.token, others[1 : room + 1]) == room
    # No room for two more: a print of whom was opened already
    assert code_of(await prints(warden, carer, others[1])) == "too-heavy"
    assert isinstance(await opens(warden, carer.token, others[1]), Grant)
    assert code_of(await opens(warden, carer.token, others[room + 1])) == "budget-spent"


async def test_paper_is_there_for_whom_the_glass_is_broken(
    warden: RunningWarden,
) -> None:
    nurse = await colleague(warden, NURSE.value)
    hers = await ward(warden, nurse, PRINTS + 1)
    assert await prints_until_refused(warden, nurse, hers) == (PRINTS, "prints-spent")
    bed = hers[-1]
    broken = await confirm(warden, nurse, BreakGlass(bed.patient, "life"), Done)
    assert broken == Done()
    assert isinstance(await prints(warden, nurse, bed), Grant)


async def test_a_taken_over_web_process_prints_nothing_that_is_not_counted(
    warden: RunningWarden,
) -> None:
    """It says what it likes of what it asks: the door counts what it gives."""
    nurse = await colleague(warden, NURSE.value)
    officer = await colleague(warden, OFFICER.value)
    hers = await ward(warden, nurse, PRINTS + 1)
    for item in hers[:PRINTS]:
        asked = Disclose(
            nurse.token,
            Purpose.DIRECT_CARE,
            "",
            Action.PRINT,
            (msgspec.structs.replace(item, resources=()),),
            "goes on from session none",
        )
        assert isinstance(await warden.door.ask_any(asked), Grant)
    assert code_of(await prints(warden, nurse, hers[-1])) == "prints-spent"
    assert (await stands(warden, officer, nurse)).printed == PRINTS
    # Two at once are no print, and what is sealed is none
    pair = await opens(warden, nurse.token, *hers[:2], action=Action.PRINT)
    assert code_of(pair) == "one-patient-at-a-time"
    sealed = msgspec.structs.replace(hers[0], tier=Tier.SEALED)
    refused = code_of(await prints(warden, nurse, sealed))
    assert refused in {"not-this-organisation", "role-does-not-reach"}


async def test_a_restart_forgets_no_print_and_keeps_no_signature(
    installation: Installation,
) -> None:
    async with running_warden(installation) as warden:
        await settle(warden)
        home = warden.home
        nurse = await colleague(warden, NURSE.value)
        doctor = await colleague(warden, DOCTOR.value)
        hers = await ward(warden, nurse, PRINTS + 2)
        assert await prints_until_refused(warden, nurse, hers[:PRINTS]) == (PRINTS, "")
        assert await confirm(warden, doctor, act(hers[0]), Done) == Done()
        assert isinstance(await copies(warden, doctor.token, hers[0]), Grant)
    async with running_warden(installation) as warden:
        await settle(warden, home)
        assert code_of(await prints(warden, nurse, hers[-1])) == "prints-spent"
        assert isinstance(await prints(warden, nurse, hers[0]), Grant)
        officer = await colleague(warden, OFFICER.value)
        found = await stands(warden, officer, doctor)
        assert (found.copied, found.others) == (1, 1)
        told = await copies(warden, doctor.token, hers[0])
        assert code_of(told) == "copy-not-signed"
        # It weighs what it weighed
        asked = await reach(warden, doctor.token, hers[1:])
        assert asked == len(hers) - 1
        soft = [one.kind for one in (await desk(warden, officer)).alarms]
        assert "soft-limit" not in soft
        assert COPY_WEIGHT + asked <= DOCTOR.budget.soft


async def test_an_organisation_has_less_printed_and_no_copies_made(
    warden: RunningWarden,
) -> None:
    officer = await colleague(warden, OFFICER.value)
    doctor = await colleague(warden, DOCTOR.value)
    tight = SetBudget(role=DOCTOR.value, prints=1, copies=0)
    assert await confirm(warden, officer, tight, Done) == Done()
    hers = await ward(warden, doctor, 2)
    assert await prints_until_refused(warden, doctor, hers) == (1, "prints-spent")
    assert code_of(await confirm(warden, doctor, act(hers[0]), Done)) == "copies-spent"


# Copies


async def test_a_copy_is_of_what_was_signed_for_and_by_whom_and_for_minutes(
    installation: Installation,
) -> None:
    clock = FrozenClock(SystemClock().now())
    async with running_warden(installation, clock=clock) as warden:
        await settle(warden)
        officer = await colleague(warden, OFFICER.value)
        thief = await colleague(warden, OFFICER.value, name="Hazel Dun")
        hers, other = await records(warden, 2)
        assert code_of(await copies(warden, officer.token, hers)) == "copy-not-signed"
        assert await confirm(warden, officer, act(hers), Done) == Done()
        assert isinstance(await copies(warden, officer.token, hers), Grant)
        told = await copies(warden, officer.token, hers, "Patient", "Observation")
        assert isinstance(told, Grant)
        for token, item, type_ in (
            (officer.token, hers, "Condition"),
            (officer.token, other, "Patient"),
            (thief.token, hers, "Patient"),
        ):
            told = await copies(warden, token, item, type_)
            assert code_of(told) == "copy-not-signed"
        # The entry has the words that were signed, whatever the page says of it
        [made, *_] = [
            one
            for one in warden.entries()
            if (one.action, one.outcome) == ("copy", "grant")
        ]
        assert (made.reason, made.purpose) == (
            "letter of 20 November",
            "patient-request",
        )
        # Used now and then, so that the session stays awake
        for _ in range(2):
            assert isinstance(await copies(warden, officer.token, hers), Grant)
            clock.move(timedelta(seconds=HOLDS_SECONDS / 2))
        assert code_of(await copies(warden, officer.token, hers)) == "copy-not-signed"
        asked = ReadSignedCopy(officer.token, hers.patient)
        assert code_of(await warden.door.ask_any(asked)) == "copy-not-signed"


async def test_who_asks_for_copies_that_nobody_signed_for_is_frozen(
    warden: RunningWarden,
) -> None:
    officer = await colleague(warden, OFFICER.value)
    people = await records(warden, TRIES + 1)
    told = [code_of(await copies(warden, officer.token, one)) for one in people]
    assert told == [*["copy-not-signed"] * TRIES, "not-signed-in"]


async def test_few_copies_are_made_a_day_and_each_is_looked_at_by_somebody_else(
    warden: RunningWarden,
) -> None:
    officer = await colleague(warden, OFFICER.value)
    second = await colleague(warden, OFFICER.value, name="Petra Moor")
    most = OFFICER.budget.copies
    people = await records(warden, most + 1)
    for n, item in enumerate(people[:most]):
        assert await confirm(warden, officer, act(item), Done) == Done()
        asked = ReadSignedCopy(officer.token, item.patient)
        signed = await warden.door.ask(asked, SignedCopyView)
        assert isinstance(signed, SignedCopyView), signed
        assert (signed.act, signed.left) == (act(item), most - n - 1)
        assert isinstance(await copies(warden, officer.token, item), Grant)
        # Again, after a download that broke off, it is the same copy
        assert isinstance(await copies(warden, officer.token, item), Grant)
    assert code_of(await confirm(warden, officer, act(people[-1]), Done)) == (
        "copies-spent"
    )
    found = await desk(warden, second)
    made = [one for one in found.alarms if one.kind == "copy-made"]
    assert {one.patient for one in made} == {one.patient for one in people[:most]}
    review = ReviewAlarm(officer.token, made[0].id, "in-order", "I made it myself")
    assert code_of(await warden.door.ask_any(review)) == "no-such-alarm"
    review = msgspec.structs.replace(review, session=second.token)
    assert await warden.door.ask_any(review) == Done()
    read = await warden.door.ask(ReadPulse(second.token), PulseRead)
    assert isinstance(read, PulseRead), read
    assert sum(one.copied for one in read.hours) == 2 * most


@pytest.mark.parametrize(
    ("role", "changed", "code"),
    [
        (NURSE, {}, "not-your-work"),
        (Role.RECEPTIONIST, {}, "not-your-work"),
        (Role.ADMINISTRATOR, {}, "not-your-work"),
        (OFFICER, {"ground": "transfer"}, "not-your-work"),
        (DOCTOR, {"ground": "sale"}, "bad-rights"),
        (DOCTOR, {"patient": "no id"}, "bad-rights"),
        (DOCTOR, {"parts": ()}, "bad-rights"),
        (DOCTOR, {"parts": ("sealed",)}, "bad-rights"),
        (DOCTOR, {"reason": "ok"}, "bad-rights"),
        (DOCTOR, {"reason": "rang about results " * 40}, "bad-rights"),
        (DOCTOR, {"asked_by": "she"}, "bad-rights"),
        (DOCTOR, {"asked_by": "herself, passport seen " * 9}, "bad-rights"),
        (DOCTOR, {"since": "yesterday"}, "bad-rights"),
        (DOCTOR, {"since": "2026-03-02", "until": "2026-03-01"}, "bad-rights"),
    ],
)
async def test_nobody_signs_for_what_is_not_theirs_or_says_nothing(
    warden: RunningWarden, role: Role, changed: dict[str, object], code: str
) -> None:
    who = await colleague(warden, role.value)
    [item] = await records(warden, 1)
    asked = msgspec.structs.replace(act(item), **changed)
    assert code_of(await confirm(warden, who, asked, Done)) == code


async def test_a_copy_of_nobody_is_never_made_and_closes_records(
    warden: RunningWarden,
) -> None:
    officer = await colleague(warden, OFFICER.value)
    second = await colleague(warden, OFFICER.value, name="Petra Moor")
    nobody = f"p-{secrets.token_hex(6)}"
    planted = PlantCanaries(warden.home, (nobody,))
    assert isinstance(await warden.operator.ask(planted, CanaryCounts), CanaryCounts)
    [item] = await records(warden, 1)
    [trap] = await named(warden, nobody)
    # Signing says nothing of who exists
    for one in (item, trap):
        assert await confirm(warden, officer, act(one), Done) == Done()
    assert isinstance(await copies(warden, officer.token, item), Grant)
    assert code_of(await copies(warden, officer.token, trap)) == "frozen"
    assert code_of(await copies(warden, officer.token, item)) == "frozen"
    kinds = {one.kind for one in (await desk(warden, second)).alarms}
    assert "canary" in kinds


async def named(warden: RunningWarden, *patients: str) -> list[Item]:
    """Records of these ids, as the door is asked for them."""
    session = await warden.import_session(warden.home)
    made = await warden.door.ask(NewPatientKeys(session, patients), NewKeys)
    assert isinstance(made, NewKeys), made
    return [
        Item(one.patient, Tier.BANNER, one.wrapped[0], (("Patient", one.patient, 1),))
        for one in made.patients
    ]


async def test_a_signed_copy_is_looked_at_though_its_alarm_died_in_a_crash(
    installation: Installation,
) -> None:
    async with running_warden(installation) as warden:
        await settle(warden)
        home = warden.home
        doctor = await colleague(warden, DOCTOR.value)
        [item] = await ward(warden, doctor, 1)
        asked = act(item, ground="transfer")
        assert await confirm(warden, doctor, asked, Done) == Done()
    async with owner_of(installation) as owner:
        # As if the machine had died before the alarm was saved.
        await owner.execute("delete from warden.alarm where patient = $1", item.patient)
    async with running_warden(installation) as warden:
        await settle(warden, home)
        officer = await colleague(warden, OFFICER.value)
        [waiting] = (await desk(warden, officer)).alarms
        assert (waiting.kind, waiting.patient) == ("copy-made", item.patient)
        assert "care goes on elsewhere" in waiting.detail
