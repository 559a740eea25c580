# SPDX-License-Identifier: Apache-2.0
"""What a stolen session, a stolen account and an insider reach, and what stops them."""

import secrets

import msgspec
import pytest

from support.acts import Colleague, colleague, confirm
from support.authenticator import SoftwareAuthenticator
from support.openings import code_of, desk, opens, prove, reach, records, spend
from support.owner import owner_of
from support.warden import (
    ORIGIN,
    Installation,
    RunningWarden,
    running_warden,
)
from wardkeep.db.errors import DatabaseUnavailableError
from wardkeep.disclosure.answers import (
    Done,
    Grant,
    Passkeys,
    Refusal,
    SessionView,
    SignedIn,
)
from wardkeep.disclosure.containment import (
    AccountRead,
    BreakGlass,
    FreezeNow,
    ListDevices,
    QuestionOpening,
    ReadAccount,
    ReleaseFreeze,
    ReviewAlarm,
)
from wardkeep.disclosure.patients import InvitePatient, OwnAccess, ReadOwnAccess
from wardkeep.disclosure.people import Links, ListTeams, SwitchOrganisation, Teams
from wardkeep.disclosure.purpose import Action, Purpose
from wardkeep.disclosure.questions import CheckSession, Disclose, SetWork
from wardkeep.identity.roles import REACH, Role
from wardkeep.warden import freezes
from wardkeep.warden.breaker import FLOOR, SHARE
from wardkeep.warden.budgets import TRIES

HARD = Role.WARD_NURSE.budget.hard
SOFT = Role.WARD_NURSE.budget.soft
REASON = "rang about results from Tuesday"
WHY = "talked with her by telephone, it was her"


pytestmark = pytest.mark.usefixtures("ledger_of_its_own")


# A stolen session


async def test_a_stolen_session_reaches_todays_patients_and_twenty_five_more(
    warden: RunningWarden,
) -> None:
    nurse = await colleague(warden, "ward_nurse")
    expected = await records(warden, 10)
    for item in expected:
        await warden.relate(nurse.account, item.patient, organisation=warden.home)
    others = await records(warden, 40)
    assert await reach(warden, nurse.token, expected) == 10
    assert await reach(warden, nurse.token, others) == REACH == 25
    # Who is expected, and who was opened already, still open.
    assert isinstance(await opens(warden, nurse.token, expected[0]), Grant)
    assert isinstance(await opens(warden, nurse.token, others[0]), Grant)
    assert code_of(await opens(warden, nurse.token, others[-1])) == "prove-again"


async def test_who_goes_on_without_a_passkey_is_frozen_and_nobody_had_to_look(
    warden: RunningWarden,
) -> None:
    nurse = await colleague(warden, "ward_nurse")
    others = await records(warden, 60)
    asked = 0
    for item in others:
        asked += 1
        answer = await opens(warden, nurse.token, item)
        if isinstance(answer, Refusal) and answer.code == "not-signed-in":
            break
    assert asked == REACH + TRIES + 1 <= 60
    assert code_of(await warden.door.ask_any(CheckSession(nurse.token))) == "frozen"
    # Neither is a new session of any use.
    assert code_of(await warden.sign_in(nurse.key)) == "frozen"
    officer = await colleague(warden, "privacy_officer")
    found = await desk(warden, officer)
    assert [(one.cause, one.target) for one in found.freezes] == [
        ("scraping", nurse.account)
    ]
    assert [(one.kind, one.account) for one in found.alarms] == [
        ("frozen", nurse.account)
    ]


async def test_the_passkey_of_the_account_alone_gives_the_reach_anew(
    warden: RunningWarden,
) -> None:
    nurse = await colleague(warden, "ward_nurse")
    thief = await colleague(warden, "ward_nurse", name="Hazel Dun")
    others = await records(warden, 30)
    assert await reach(warden, nurse.token, others) == REACH
    forged = Colleague(nurse.account, nurse.token, thief.key)
    assert code_of(await prove(warden, forged)) == "not-woken"
    assert code_of(await opens(warden, nurse.token, others[REACH])) == "prove-again"
    assert await prove(warden, nurse) == Done()
    assert await reach(warden, nurse.token, others[REACH:]) == 5


async def test_going_to_another_organisation_and_back_gives_no_reach_anew(
    installation: Installation,
) -> None:
    async with running_warden(installation) as warden:
        warden.home = f"org-{secrets.token_hex(4)}"
        number = await warden.organisation(warden.home)
        home = warden.home
        nurse = await colleague(warden, "ward_nurse")
        others = await records(warden, 40)
        assert await reach(warden, nurse.token, others[:20]) == 20
        switched = await warden.door.ask(
            SwitchOrganisation(nurse.token, number), SignedIn
        )
        assert isinstance(switched, SignedIn)
        token = switched.token
        assert await reach(warden, token, others[20:]) == REACH - 20
    async with running_warden(installation) as warden:
        warden.home = home
        assert code_of(await opens(warden, token, others[-1])) == "prove-again"


async def test_people_in_lists_count_for_the_reach_once(
    warden: RunningWarden,
) -> None:
    clerk = await colleague(warden, "receptionist")
    people = await records(warden, 60)
    first, second = people[:20], people[20:40]
    listed = await opens(warden, clerk.token, *first, action=Action.FIND)
    assert isinstance(listed, Grant)
    refused = await opens(warden, clerk.token, *second, action=Action.FIND)
    assert code_of(refused) == "prove-again"
    # To open whom one was shown costs nothing more.
    assert await reach(warden, clerk.token, first) == 20
    assert await reach(warden, clerk.token, people[40:]) == REACH - 20


async def test_relationships_beyond_what_a_role_can_have_explain_nothing(
    warden: RunningWarden,
) -> None:
    carer = await colleague(warden, "carer")
    most = Role.CARER.budget.expected
    people = await records(warden, most + 2)
    for item in people:
        await warden.relate(carer.account, item.patient, organisation=warden.home)
    for item in people[:most]:
        answer = await opens(warden, carer.token, item)
        assert isinstance(answer, Grant)
        assert answer.relationships == ("ward",)
    beyond = await opens(warden, carer.token, people[most])
    assert isinstance(beyond, Grant)
    assert beyond.relationships == ("",)
    asked = Disclose(
        carer.token, Purpose.DIRECT_CARE, "", Action.READ, (people[most + 1],)
    )
    assert code_of(await warden.door.ask_any(asked)) == "reason-needed"


# A stolen account, or an insider


async def test_a_day_has_an_end_with_a_passkey_too_and_a_second_person_gives_more(
    warden: RunningWarden,
) -> None:
    nurse = await colleague(warden, "ward_nurse")
    lead = await colleague(warden, "shift_lead", name="Lena Marsh")
    others = await records(warden, HARD + 20)
    assert await spend(warden, nurse, others) == HARD
    # The pages stay, records are closed: whoever was opened before, too.
    assert isinstance(await warden.door.ask_any(CheckSession(nurse.token)), SessionView)
    assert code_of(await opens(warden, nurse.token, others[0])) == "frozen"
    found = await desk(warden, lead)
    assert found.alarms == ()
    [freeze] = found.freezes
    assert (freeze.cause, freeze.may_release) == ("budget", True)
    assert await confirm(warden, lead, ReleaseFreeze(freeze.id, WHY), Done) == Done()
    assert await spend(warden, nurse, others[HARD:]) == 20


async def test_nobody_releases_themselves_and_whom_they_may_not(
    warden: RunningWarden,
) -> None:
    officer = await colleague(warden, "privacy_officer")
    lead = await colleague(warden, "shift_lead", name="Lena Marsh")
    nurse = await colleague(warden, "ward_nurse")
    frozen = FreezeNow(officer.token, "account", nurse.account, "seen at two places")
    assert await warden.door.ask_any(frozen) == Done()
    assert code_of(await warden.door.ask_any(CheckSession(nurse.token))) == "frozen"
    [freeze] = (await desk(warden, lead)).freezes
    assert not freeze.may_release
    act = ReleaseFreeze(freeze.id, WHY)
    assert code_of(await confirm(warden, lead, act, Done)) == "not-your-work"
    assert code_of(await confirm(warden, nurse, act, Done)) == "not-signed-in"
    thin = ReleaseFreeze(freeze.id, "ok")
    assert code_of(await confirm(warden, officer, thin, Done)) == "bad-rights"
    own = FreezeNow(officer.token, "account", officer.account, "seen at two places")
    assert code_of(await warden.door.ask_any(own)) == "not-yourself"
    for other in (nurse, lead):
        asked = FreezeNow(other.token, "organisation", "", "seen at two places")
        expected = "not-signed-in" if other is nurse else "not-your-work"
        assert code_of(await warden.door.ask_any(asked)) == expected
    assert await confirm(warden, officer, act, Done) == Done()
    assert isinstance(await warden.door.ask_any(CheckSession(nurse.token)), SessionView)


async def test_a_shift_lead_does_not_release_what_nobody_proved(
    warden: RunningWarden,
) -> None:
    nurse = await colleague(warden, "ward_nurse")
    lead = await colleague(warden, "shift_lead", name="Lena Marsh")
    await reach(warden, nurse.token, await records(warden, REACH))
    for item in await records(warden, TRIES):
        await opens(warden, nurse.token, item)
    [freeze] = (await desk(warden, lead)).freezes
    act = ReleaseFreeze(freeze.id, WHY)
    assert code_of(await confirm(warden, lead, act, Done)) == "not-your-work"


# Emergencies


async def test_glass_is_broken_for_one_patient_whatever_the_budget_says(
    warden: RunningWarden,
) -> None:
    nurse = await colleague(warden, "ward_nurse")
    officer = await colleague(warden, "privacy_officer")
    others = await records(warden, HARD + 3)
    await spend(warden, nurse, others)
    bed, next_bed = others[-1], others[-2]
    assert code_of(await opens(warden, nurse.token, bed)) == "frozen"
    broken = await confirm(warden, nurse, BreakGlass(bed.patient, "life"), Done)
    assert broken == Done()
    given = await opens(warden, nurse.token, bed)
    assert isinstance(given, Grant)
    assert given.relationships == ("broken glass",)
    assert code_of(await opens(warden, nurse.token, next_bed)) == "frozen"
    waiting = [one for one in (await desk(warden, officer)).alarms if one.patient]
    assert [(one.kind, one.patient) for one in waiting] == [
        ("glass-broken", bed.patient)
    ]
    assert waiting[0].due_at - waiting[0].raised_at == 72 * 3600 * 1_000_000
    reviewed = ReviewAlarm(officer.token, waiting[0].id, "in-order", "cardiac arrest")
    assert await warden.door.ask_any(reviewed) == Done()
    assert code_of(await warden.door.ask_any(reviewed)) == "no-such-alarm"


async def test_broken_glass_is_looked_at_though_its_alarm_died_in_a_crash(
    installation: Installation,
) -> None:
    async with running_warden(installation) as warden:
        warden.home = home = f"org-{secrets.token_hex(4)}"
        await warden.organisation(home)
        nurse = await colleague(warden, "ward_nurse")
        beds = await records(warden, 2)
        for bed in beds:
            act = BreakGlass(bed.patient, "life")
            assert await confirm(warden, nurse, act, Done) == Done()
    async with owner_of(installation) as owner:
        # As if the machine had died before the second alarm was saved.
        await owner.execute(
            "delete from warden.alarm where patient = $1", beds[1].patient
        )
    async with running_warden(installation) as warden:
        warden.home = home
        officer = await colleague(warden, "privacy_officer")
        waiting = [one for one in (await desk(warden, officer)).alarms if one.patient]
        assert sorted(one.patient for one in waiting) == sorted(
            bed.patient for bed in beds
        )
        assert {one.kind for one in waiting} == {"glass-broken"}
        assert all(one.detail for one in waiting)
    async with running_warden(installation) as warden:
        again = await desk(warden, officer)
        assert len([one for one in again.alarms if one.patient]) == len(beds)


@pytest.mark.parametrize("role", ["receptionist", "privacy_officer", "administrator"])
async def test_who_treats_nobody_breaks_no_glass(
    warden: RunningWarden, role: str
) -> None:
    who = await colleague(warden, role)
    [item] = await records(warden, 1)
    act = BreakGlass(item.patient, "life")
    assert code_of(await confirm(warden, who, act, Done)) == "not-your-work"


async def test_a_frozen_account_breaks_no_glass(warden: RunningWarden) -> None:
    officer = await colleague(warden, "privacy_officer")
    nurse = await colleague(warden, "ward_nurse")
    [item] = await records(warden, 1)
    frozen = FreezeNow(officer.token, "account", nurse.account, "seen at two places")
    assert await warden.door.ask_any(frozen) == Done()
    act = BreakGlass(item.patient, "life")
    assert code_of(await confirm(warden, nurse, act, Done)) == "not-signed-in"


# Freezing more than one


async def test_an_organisation_frozen_leaves_those_who_decide(
    warden: RunningWarden,
) -> None:
    officer = await colleague(warden, "privacy_officer")
    nurse = await colleague(warden, "ward_nurse")
    doctor = await colleague(warden, "doctor", name="Dr Dale")
    frozen = FreezeNow(officer.token, "organisation", "", "records seen on a forum")
    assert await warden.door.ask_any(frozen) == Done()
    for one in (nurse, doctor):
        assert code_of(await warden.door.ask_any(CheckSession(one.token))) == "frozen"
        assert code_of(await warden.sign_in(one.key)) == "frozen"
    [freeze] = (await desk(warden, officer)).freezes
    act = ReleaseFreeze(freeze.id, WHY)
    assert await confirm(warden, officer, act, Done) == Done()
    assert isinstance(await warden.door.ask_any(CheckSession(nurse.token)), SessionView)


async def test_a_device_frozen_leaves_the_others_of_its_owner(
    warden: RunningWarden,
) -> None:
    officer = await colleague(warden, "privacy_officer")
    nurse = await colleague(warden, "ward_nurse")
    device = warden.service._sessions.of_account(nurse.account)[0].credential
    frozen = FreezeNow(officer.token, "device", device.hex(), "tablet left on a bus")
    assert await warden.door.ask_any(frozen) == Done()
    assert code_of(await warden.door.ask_any(CheckSession(nurse.token))) == "frozen"
    other, _ = await warden.enrol(nurse.account)
    assert isinstance(await warden.door.ask_any(CheckSession(other)), SessionView)
    # And the officer found it by her own list, which nobody else is shown
    listed = await warden.door.ask_any(ListDevices(officer.token, nurse.account))
    assert isinstance(listed, Passkeys)
    assert device in {one.credential for one in listed.passkeys}
    for asker in (other, (await colleague(warden, "shift_lead")).token):
        asked = ListDevices(asker, nurse.account)
        assert isinstance(await warden.door.ask_any(asked), Refusal)
    for account in ("", "nobody", "0b0b0b0b-0000-4000-8000-0000000000ff"):
        asked = ListDevices(officer.token, account)
        assert code_of(await warden.door.ask_any(asked)) == "no-such-account"


async def test_another_organisations_people_freeze_and_see_nothing_here(
    warden: RunningWarden,
) -> None:
    nurse = await colleague(warden, "ward_nurse")
    home = warden.home
    warden.home = f"org-{secrets.token_hex(4)}"
    await warden.organisation(warden.home)
    stranger = await colleague(warden, "privacy_officer")
    frozen = FreezeNow(stranger.token, "account", nurse.account, "seen at two places")
    await warden.door.ask_any(frozen)
    assert isinstance(await warden.door.ask_any(CheckSession(nurse.token)), SessionView)
    asked = ListDevices(stranger.token, nurse.account)
    assert code_of(await warden.door.ask_any(asked)) == "no-such-account"
    warden.home = home
    officer = await colleague(warden, "privacy_officer")
    assert (await desk(warden, officer)).freezes == ()


# A restart forgets nothing


async def test_a_restart_forgets_no_opening_no_touch_and_no_freeze(
    installation: Installation,
) -> None:
    async with running_warden(installation) as warden:
        warden.home = f"org-{secrets.token_hex(4)}"
        await warden.organisation(warden.home)
        home = warden.home
        nurse = await colleague(warden, "ward_nurse")
        doctor = await colleague(warden, "doctor", name="Dr Dale")
        officer = await colleague(warden, "privacy_officer")
        others = await records(warden, HARD + 5)
        assert await reach(warden, nurse.token, others[:20]) == 20
        assert await reach(warden, doctor.token, others) == REACH
        assert await prove(warden, doctor) == Done()
    async with running_warden(installation) as warden:
        warden.home = home
        assert await reach(warden, nurse.token, others[20:]) == REACH - 20
        assert await reach(warden, doctor.token, others[REACH:]) == REACH
        assert await prove(warden, nurse) == Done()
        assert await spend(warden, nurse, others) == HARD
        frozen = FreezeNow(officer.token, "account", doctor.account, "a strange place")
        assert await warden.door.ask_any(frozen) == Done()
    async with running_warden(installation) as warden:
        warden.home = home
        assert code_of(await opens(warden, nurse.token, others[0])) == "frozen"
        check = CheckSession(doctor.token)
        assert code_of(await warden.door.ask_any(check)) == "frozen"
        found = await desk(warden, officer)
        assert {one.cause for one in found.freezes} == {"budget", "by-hand"}


async def test_a_freeze_that_the_database_never_heard_of_holds_after_a_crash(
    installation: Installation,
) -> None:
    async with running_warden(installation) as warden:
        warden.home = f"org-{secrets.token_hex(4)}"
        await warden.organisation(warden.home)
        home = warden.home
        nurse = await colleague(warden, "ward_nurse")
        for item in await records(warden, REACH + TRIES):
            await opens(warden, nurse.token, item)
        # As killed before it could save.
        warden.service._saves.clear()
    async with running_warden(installation) as warden:
        warden.home = home
        check = CheckSession(nurse.token)
        assert code_of(await warden.door.ask_any(check)) == "frozen"
        # And somebody is told, as they would have been.
        officer = await colleague(warden, "privacy_officer")
        told = [one for one in (await desk(warden, officer)).alarms if one.account]
        assert {(one.kind, one.account) for one in told} == {("frozen", nurse.account)}


async def test_a_team_frozen_in_the_last_moment_is_frozen_after_a_crash(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running_warden(installation) as warden:
        warden.home = home = f"org-{secrets.token_hex(4)}"
        await warden.organisation(home)
        officer = await colleague(warden, "privacy_officer")
        nurse = await colleague(warden, "ward_nurse")
        placed = SetWork(home, (), (("Ward 7", (), (nurse.account,)),))
        assert await warden.operator.ask(placed, Done) == Done()
        found = await warden.door.ask(ListTeams(officer.token), Teams)
        assert isinstance(found, Teams)

        async def away(*_: object) -> None:
            raise DatabaseUnavailableError

        monkeypatch.setattr(freezes, "_keep", away)
        asked = FreezeNow(officer.token, "team", found.teams[0].id, "odd openings")
        assert await warden.door.ask(asked, Done) == Done()
    monkeypatch.undo()
    async with running_warden(installation) as warden:
        check = CheckSession(nurse.token)
        assert code_of(await warden.door.ask_any(check)) == "frozen"


# Looking


async def test_the_soft_limit_is_told_once_a_day(warden: RunningWarden) -> None:
    nurse = await colleague(warden, "ward_nurse")
    officer = await colleague(warden, "privacy_officer")
    others = await records(warden, SOFT + 6)
    assert await spend(warden, nurse, others) == SOFT + 6
    alarms = (await desk(warden, officer)).alarms
    assert [one.kind for one in alarms] == ["soft-limit"]
    assert str(SOFT) in alarms[0].detail


async def test_what_an_account_saw_is_read_by_the_privacy_officer_alone(
    warden: RunningWarden,
) -> None:
    nurse = await colleague(warden, "ward_nurse")
    officer = await colleague(warden, "privacy_officer")
    others = await records(warden, 5)
    assert await reach(warden, nurse.token, others) == 5
    read = await warden.door.ask(ReadAccount(officer.token, nurse.account), AccountRead)
    assert isinstance(read, AccountRead), read
    assert [one.patient for one in read.lines] == [
        one.patient for one in reversed(others)
    ]
    assert (read.others, read.expected, read.soft, read.hard) == (5, 0, SOFT, HARD)
    last = warden.entries()[-1]
    assert (last.action, len(last.patients)) == ("history", 5)
    asked = ReadAccount(nurse.token, officer.account)
    assert code_of(await warden.door.ask_any(asked)) == "not-your-work"


async def test_a_patient_questions_an_opening_and_the_officer_sees_whose_it_was(
    warden: RunningWarden,
) -> None:
    nurse = await colleague(warden, "ward_nurse")
    officer = await colleague(warden, "privacy_officer")
    [item] = await records(warden, 1)
    assert isinstance(await opens(warden, nurse.token, item), Grant)
    links = await confirm(warden, nurse, InvitePatient(item.patient), Links)
    assert isinstance(links, Links)
    key = SoftwareAuthenticator(origin=ORIGIN)
    signed_in = await warden.use_link(links.links[0].secret, key)
    assert not isinstance(signed_in, Refusal)
    seen = await warden.door.ask(ReadOwnAccess(signed_in.token), OwnAccess)
    assert isinstance(seen, OwnAccess)
    strange = next(one for one in seen.lines if one.action == "read")
    asked = QuestionOpening(signed_in.token, strange.entry, "I was in Spain")
    assert await warden.door.ask_any(asked) == Done()
    found = (await desk(warden, officer)).alarms
    assert [(one.kind, one.account, one.detail) for one in found] == [
        ("questioned", nurse.account, "I was in Spain")
    ]
    foreign = msgspec.structs.replace(asked, entry=0)
    assert code_of(await warden.door.ask_any(foreign)) == "bad-rights"


# Many together, over weeks, and without opening


async def test_many_accounts_in_concert_trip_the_breaker(
    warden: RunningWarden,
) -> None:
    officer = await colleague(warden, "privacy_officer")
    gang = [await colleague(warden, "ward_nurse", name=f"Nurse {n}") for n in range(8)]
    most = FLOOR + len(gang) * SOFT * SHARE
    others = await records(warden, 200)
    opened = 0
    for turn in range(REACH):
        for n, one in enumerate(gang):
            answer = await opens(warden, one.token, others[turn * len(gang) + n])
            opened += isinstance(answer, Grant)
    # Each alone could have opened 25.
    assert opened == most + 1 < len(gang) * REACH
    alarms = (await desk(warden, officer)).alarms
    assert [one.kind for one in alarms if one.kind == "breaker"] == ["breaker"]
    # Who has a passkey goes on, one tap an opening; today's patients need none.
    nurse = await colleague(warden, "ward_nurse", name="Nell Rook")
    mine, *strangers = await records(warden, 3)
    await warden.relate(nurse.account, mine.patient, organisation=warden.home)
    assert isinstance(await opens(warden, nurse.token, mine), Grant)
    assert isinstance(await opens(warden, nurse.token, strangers[0]), Grant)
    assert code_of(await opens(warden, nurse.token, strangers[1])) == "prove-again"
    assert await prove(warden, nurse) == Done()
    assert isinstance(await opens(warden, nurse.token, strangers[1]), Grant)


async def searches(warden: RunningWarden, clerk: Colleague, *, opening: int) -> None:
    """Four lists of twenty with a passkey at hand, and so many of each opened."""
    people = await records(warden, 80)
    for start in range(0, 80, 20):
        page = people[start : start + 20]
        answer = await opens(warden, clerk.token, *page, action=Action.FIND)
        assert isinstance(answer, Grant)
        assert await prove(warden, clerk) == Done()
        assert await reach(warden, clerk.token, page[:opening]) == opening


async def test_who_searches_and_opens_nobody_is_told_of(
    warden: RunningWarden,
) -> None:
    clerk = await colleague(warden, "receptionist")
    officer = await colleague(warden, "privacy_officer")
    await searches(warden, clerk, opening=0)
    told = [(one.kind, one.account) for one in (await desk(warden, officer)).alarms]
    assert told == [("searching", clerk.account)]


async def test_who_searches_and_opens_some_of_them_is_at_work(
    warden: RunningWarden,
) -> None:
    """More than one in ten of those who were shown."""
    clerk = await colleague(warden, "receptionist")
    officer = await colleague(warden, "privacy_officer")
    await searches(warden, clerk, opening=3)
    assert (await desk(warden, officer)).alarms == ()
