# SPDX-License-Identifier: Apache-2.0
"""Ways into homes at the door: who is given one, when, how many, and what is traced."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec
import pytest

from support.authenticator import KEYS
from support.homes import END, START, Home, ask, code_of, home, person, prove, visits
from support.rotations import keys_of, rotate, settle_at_once, until_finished
from support.warden import Installation, RunningWarden, running_warden
from wardkeep.base.clock import FrozenClock
from wardkeep.disclosure.answers import Grant, NewKeys, Refusal, Seals
from wardkeep.disclosure.keys import ORGANISATION, RotateKey
from wardkeep.disclosure.purpose import Action, Purpose, Tier
from wardkeep.disclosure.questions import Item, NewPatientKeys, NewSeals
from wardkeep.disclosure.sealed import key_identity
from wardkeep.disclosure.ways_in import AskWayIn, WayInStanding
from wardkeep.identity.roles import HOMES_A_DAY, PEOPLE, Role
from wardkeep.teams.visits import AFTER, BEFORE, LONGEST
from wardkeep.warden.rules.passkey_is_fresh import FRESH_SECONDS

LONDON = ZoneInfo("Europe/London")
MICROSECOND = timedelta(microseconds=1)
_made = iter(range(1000))


@contextlib.asynccontextmanager
async def warden_at(
    installation: Installation, clock: FrozenClock
) -> AsyncIterator[RunningWarden]:
    """A warden at this hour, with an organisation of its own."""
    async with running_warden(installation, clock=clock) as warden:
        warden.home = f"larkspur{next(_made)}"
        await warden.organisation(warden.home)
        yield warden


async def test_the_carer_on_the_visit_gets_the_one_key_and_the_entry_names_the_visit(
    installation: Installation,
) -> None:
    async with warden_at(installation, FrozenClock(START)) as warden:
        there = await home(warden)
        carer, token = await person(warden)
        await visits(warden, carer, there.patient)
        answer = await ask(warden, token, there.items[0])
        assert isinstance(answer, Grant), answer
        assert answer.keys == (there.plain[0],)
        assert answer.relationships == ("visit",)
        entry = warden.service.ledger.read(answer.entry)
        assert list(entry.resources()) == [("Basic", "way-0", 1)]
        assert entry.patients == (there.patient,)
        assert entry.request == "visit 2026-11-23T07:00Z to 07:30Z"
        assert (entry.account, entry.subjects[0].tier) == (carer, "sealed")


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        (START - BEFORE - MICROSECOND, "no-visit-now"),
        (START - BEFORE, ""),
        (START, ""),
        (END + AFTER, ""),
        (END + AFTER + MICROSECOND, "no-visit-now"),
    ],
)
async def test_it_opens_thirty_minutes_before_and_closes_sixty_minutes_after(
    installation: Installation, at: datetime, expected: str
) -> None:
    async with warden_at(installation, FrozenClock(at)) as warden:
        there = await home(warden)
        carer, token = await person(warden)
        await visits(warden, carer, there.patient)
        assert await code_of(warden, token, there.items[0]) == expected


@pytest.mark.parametrize(
    "day",
    [datetime(2026, 10, 25, tzinfo=LONDON), datetime(2027, 3, 28, tzinfo=LONDON)],
)
async def test_the_window_is_as_long_where_the_clocks_change(
    installation: Installation, day: datetime
) -> None:
    """From 0:45 to 2:15 on the wall, over the hour that comes twice or never."""
    starts = day.replace(hour=0, minute=45).astimezone(UTC)
    ends = day.replace(hour=2, minute=15).astimezone(UTC)
    clock = FrozenClock(starts - BEFORE - timedelta(seconds=1))
    async with warden_at(installation, clock) as warden:
        there = await home(warden)
        carer, token = await person(warden)
        await visits(warden, carer, there.patient, starts=starts, ends=ends)
        assert await code_of(warden, token, there.items[0]) == "no-visit-now"
        clock.move(timedelta(seconds=1))
        assert await code_of(warden, token, there.items[0]) == ""
        open_for = ends - starts + BEFORE + AFTER
        clock.step_wall_time(open_for)
        assert await code_of(warden, token, there.items[0]) == ""
        clock.step_wall_time(timedelta(seconds=1))
        assert await code_of(warden, token, there.items[0]) == "no-visit-now"


async def test_two_ways_in_are_two_questions(installation: Installation) -> None:
    async with warden_at(installation, FrozenClock(START)) as warden:
        there, other = await home(warden, ways=2), await home(warden)
        carer, token = await person(warden)
        for visited in (there, other):
            await visits(warden, carer, visited.patient)
        one, two = there.items
        both = msgspec.structs.replace(one, resources=one.resources + two.resources)
        empty = msgspec.structs.replace(one, resources=())
        for asked in (
            (one, two),
            (one, other.items[0]),
            (both,),
            (one, empty),
            (empty,),
        ):
            code = await code_of(warden, token, *asked)
            assert code in ("one-way-in-at-a-time", "one-patient-at-a-time")
        for asked_alone in there.items:
            assert await code_of(warden, token, asked_alone) == ""


async def test_a_record_beside_it_is_a_question_of_its_own(
    installation: Installation,
) -> None:
    async with warden_at(installation, FrozenClock(START)) as warden:
        token = await warden.import_session(warden.home)
        made = await warden.operator.ask(NewPatientKeys(token, ("p-both",)), NewKeys)
        assert isinstance(made, NewKeys)
        keys = made.patients[0]
        assert len(keys.plain) == 2, "the key of the sealed tier never leaves"
        refs = (("Basic", "way-0", 1),)
        asked = NewSeals(token, Purpose.IMPORT, "", "p-both", keys.wrapped[2], refs)
        given = await warden.operator.ask(asked, Seals)
        assert isinstance(given, Seals)
        sealed = Item("p-both", Tier.SEALED, keys.wrapped[2], refs, given.seals[0][0])
        record = Item("p-both", Tier.RECORD, keys.wrapped[1], (("Flag", "f", 1),))
        carer, own = await person(warden)
        await visits(warden, carer, "p-both")
        assert await code_of(warden, own, sealed, record) == "one-way-in-at-a-time"


async def test_a_row_key_of_another_row_opens_nothing(
    installation: Installation,
) -> None:
    async with warden_at(installation, FrozenClock(START)) as warden:
        there = await home(warden, ways=2)
        carer, token = await person(warden)
        await visits(warden, carer, there.patient)
        one, two = there.items
        for row_key in (two.row_key, b"", one.row_key[:-1], one.wrapped_key):
            moved = msgspec.structs.replace(one, row_key=row_key)
            assert await code_of(warden, token, moved) == "row-key-wrong"


async def test_nothing_stands_for_a_visit(installation: Installation) -> None:
    """No other relationship, reason, visit without end, or one of a week."""
    async with warden_at(installation, FrozenClock(START)) as warden:
        there = await home(warden)
        item = there.items[0]
        carer, token = await person(warden)
        reason = "the daughter rang, she has fallen"
        assert await code_of(warden, token, item, reason=reason) == "no-visit-now"
        for kind in ("ward", "clinic", "caseload", "referral"):
            await visits(warden, carer, there.patient, kind=kind)
        assert await code_of(warden, token, item) == "no-visit-now"
        await visits(warden, carer, there.patient, ends=None)
        assert await code_of(warden, token, item) == "no-visit-now"
        too_long = START + LONGEST + timedelta(seconds=1)
        await visits(warden, carer, there.patient, ends=too_long)
        assert await code_of(warden, token, item) == "no-visit-now"
        await visits(warden, carer, there.patient, ends=START + LONGEST)
        assert await code_of(warden, token, item) == ""


@pytest.mark.parametrize("role", [one for one in PEOPLE if one.budget.homes == 0])
async def test_who_does_not_visit_reads_no_way_in_whatever_is_planned(
    installation: Installation, role: Role
) -> None:
    async with warden_at(installation, FrozenClock(START)) as warden:
        there = await home(warden)
        account, token = await person(warden, role.value)
        await visits(warden, account, there.patient)
        code = await code_of(warden, token, there.items[0])
        assert code == "role-does-not-reach"


async def test_a_session_whose_passkey_was_not_used_just_now_gets_none(
    installation: Installation,
) -> None:
    clock = FrozenClock(START)
    async with warden_at(installation, clock) as warden:
        there = await home(warden)
        carer, token = await person(warden)
        await visits(warden, carer, there.patient)
        clock.move(timedelta(seconds=FRESH_SECONDS))
        assert await code_of(warden, token, there.items[0]) == ""
        clock.move(timedelta(seconds=1))
        assert await code_of(warden, token, there.items[0]) == "passkey-due"
        await prove(warden, token)
        assert await code_of(warden, token, there.items[0]) == ""


async def test_a_day_has_so_many_homes_also_after_a_restart(
    installation: Installation,
) -> None:
    clock = FrozenClock(START)
    async with warden_at(installation, clock) as warden:
        slug = warden.home
        homes = [await home(warden) for _ in range(HOMES_A_DAY + 1)]
        carer, token = await person(warden)
        for one in homes:
            await visits(warden, carer, one.patient)
        for one in homes[:-1]:
            assert await code_of(warden, token, one.items[0]) == ""
        assert await code_of(warden, token, homes[-1].items[0]) == "homes-spent"
        assert await code_of(warden, token, homes[0].items[0]) == ""
    async with running_warden(installation, clock=clock) as again:
        again.home = slug
        assert await code_of(again, token, homes[-1].items[0]) == "homes-spent"
        # A restart forgets when the passkey was used, and asks for it.
        assert await code_of(again, token, homes[0].items[0]) == "passkey-due"
        clock.move(timedelta(hours=24, seconds=1))
        fresh = await again.sign_in(KEYS[token])
        await visits(
            again,
            carer,
            homes[-1].patient,
            starts=clock.now(),
            ends=clock.now() + timedelta(minutes=20),
        )
        assert not isinstance(fresh, Refusal)
        assert await code_of(again, fresh.token, homes[-1].items[0]) == ""


async def test_who_asks_for_many_homes_without_a_visit_is_frozen(
    installation: Installation,
) -> None:
    async with warden_at(installation, FrozenClock(START)) as warden:
        homes = [await home(warden) for _ in range(11)]
        _, token = await person(warden)
        codes = [await code_of(warden, token, one.items[0]) for one in homes]
        assert codes == ["no-visit-now"] * 10 + ["not-signed-in"]


async def seals(
    warden: RunningWarden, token: str, there: Home, *refs: tuple[str, str, int]
) -> str:
    asked = NewSeals(
        token,
        Purpose.DIRECT_CARE,
        "",
        there.patient,
        there.wrapped,
        refs or (("Basic", "way-new", 1),),
    )
    answer = await warden.door.ask(asked, Seals)
    return answer.code if isinstance(answer, Refusal) else ""


async def test_who_plans_care_sets_a_way_in_and_cannot_read_one(
    installation: Installation,
) -> None:
    async with warden_at(installation, FrozenClock(START)) as warden:
        there = await home(warden)
        account, token = await person(warden, "care_coordinator")
        assert await seals(warden, token, there) == "not-your-patient-to-seal"
        await visits(warden, account, there.patient, kind="caseload", ends=None)
        assert await seals(warden, token, there) == ""
        assert await code_of(warden, token, there.items[0]) == "role-does-not-reach"
        # The key of the tier does not come by way of writing or deleting either.
        for action in (Action.WRITE, Action.DELETE):
            answer = await ask(warden, token, there.items[0], action=action)
            assert isinstance(answer, Grant)
            assert answer.keys == (b"",)
        for action in (Action.FIND, Action.SEARCH):
            code = await code_of(warden, token, there.items[0], action=action)
            assert code == "role-does-not-reach"
        # A look is the warden's own word, and gives nobody a key.
        looked = await code_of(warden, token, there.items[0], action=Action.HISTORY)
        assert looked == "nothing-asked"


async def test_a_carer_sets_none_and_no_seal_is_made_for_nothing(
    installation: Installation,
) -> None:
    async with warden_at(installation, FrozenClock(START)) as warden:
        there = await home(warden)
        carer, token = await person(warden)
        await visits(warden, carer, there.patient)
        assert await seals(warden, token, there) == "role-does-not-reach"
        nothing = NewSeals(
            token, Purpose.DIRECT_CARE, "", there.patient, there.wrapped, ()
        )
        for asked in (nothing, msgspec.structs.replace(nothing, session="nobody")):
            answer = await warden.door.ask(asked, Seals)
            assert isinstance(answer, Refusal)
        nobody = await seals(warden, "nobody", there)
        assert nobody == "not-signed-in"


async def test_the_page_is_told_when_it_opens(installation: Installation) -> None:
    clock = FrozenClock(START - timedelta(hours=2))
    async with warden_at(installation, clock) as warden:
        there = await home(warden)
        carer, token = await person(warden)
        assert not (await standing(warden, token, there.patient)).opens_next
        await visits(warden, carer, there.patient)
        told = await standing(warden, token, there.patient)
        assert not told.is_open
        assert told.opens_next == _microseconds(START - BEFORE)
        clock.step_wall_time(timedelta(hours=2))
        told = await standing(warden, token, there.patient)
        assert told.is_open
        assert told.closes_at == _microseconds(END + AFTER)
        assert (told.is_visitor, told.may_set) == (True, False)
        coordinator, other = await person(warden, "care_coordinator")
        await visits(warden, coordinator, there.patient, kind="caseload")
        told = await standing(warden, other, there.patient)
        assert (told.is_visitor, told.may_set, told.is_open) == (False, True, False)
        nobody = await warden.door.ask(AskWayIn("nobody", "p"), WayInStanding)
        assert isinstance(nobody, Refusal)


async def standing(warden: RunningWarden, token: str, patient: str) -> WayInStanding:
    answer = await warden.door.ask(AskWayIn(token, patient), WayInStanding)
    assert isinstance(answer, WayInStanding), answer
    return answer


def _microseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1_000_000)


async def test_a_way_in_opens_all_through_a_change_of_the_organisations_key(
    installation: Installation,
) -> None:
    """What was read before the change serves until its end, and then no more."""
    async with warden_at(installation, FrozenClock(START)) as warden:
        there = await home(warden)
        number = max(warden.service._keystore.organisations)
        carer, token = await person(warden)
        await visits(warden, carer, there.patient)
        asked = RotateKey(ORGANISATION, organisation=warden.home)
        await rotate(warden, asked)
        async with asyncio.timeout(30):
            while not (await keys_of(warden)).rotations[0].state.startswith("all"):  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        [before] = there.items
        identity = key_identity(
            organisation=number, patient=there.patient, tier=Tier.SEALED
        )
        anew = warden.service._keystore.rewrapped(number, before.wrapped_key, identity)
        assert anew is not None
        after = msgspec.structs.replace(before, wrapped_key=anew)
        for item in (before, after):
            answer = await ask(warden, token, item)
            assert isinstance(answer, Grant), answer
            assert answer.keys == (there.plain[0],), "the row's key is the same one"
        # A way in that is set by what was read before is one like the others.
        setter, refs = await warden.import_session(warden.home), before.resources
        seals = NewSeals(setter, Purpose.IMPORT, "", there.patient, there.wrapped, refs)
        given = await warden.operator.ask(seals, Seals)
        assert isinstance(given, Seals)
        settle_at_once(warden)
        await until_finished(warden)
        again = msgspec.structs.replace(after, row_key=given.seals[0][0])
        assert await code_of(warden, token, after) == ""
        assert await code_of(warden, token, again) == ""
        assert await code_of(warden, token, before) == "not-this-organisation"
