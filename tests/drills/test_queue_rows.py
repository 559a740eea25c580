# SPDX-License-Identifier: Apache-2.0
"""Rows of urgent care's queues on a real database: order, races, fairness, loads."""

import asyncio
import multiprocessing
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio
from hypothesis import HealthCheck, given, settings, strategies as st

from support.clinics import Town, clinic_town
from support.urgent import caller, waiting, whole_call
from support.urgent_clinician import take_all
from support.warden import Installation
from wardkeep.assembly.database import WEB, address_for
from wardkeep.base.clock import FrozenClock
from wardkeep.base.ids import new_uuid
from wardkeep.care.writing import drafted_anew
from wardkeep.db.errors import AlreadyExistsError
from wardkeep.fhir.model.person import Person
from wardkeep.fhir.store.change import Change
from wardkeep.fhir.store.outcomes import Invalid, Written
from wardkeep.fhir.store.taken import CASE_WAITS
from wardkeep.fhir.urgent.moving import advance
from wardkeep.fhir.urgent.queue_rows import HELD_FOR, NEAR, QueueRows
from wardkeep.fhir.urgent.queueing import (
    Did,
    Entry,
    entry_content,
    entry_in,
    place_of,
)
from wardkeep.fhir.urgent.steps import Step

pytestmark = pytest.mark.asyncio(loop_scope="module")
NOW = datetime(2026, 11, 29, 4, 0, tzinfo=UTC)
ANN = Person("Practitioner/ann", "Ann")
CLINICIANS, CASES = 20, 300
_LOCK = """
select entry from urgent.entry where organisation = $1 and entry = any($2) for update
"""
_LET_GO = """
update urgent.entry set held_by = null, held_until = null
 where organisation = $1 and entry = $2
"""
Json = dict[str, Any]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def town(installation: Installation) -> AsyncIterator[Town]:
    async with clinic_town(installation, clock=FrozenClock(NOW)) as made:
        yield made


def rows_of(town: Town) -> QueueRows:
    return QueueRows(town.database)


async def test_the_order_is_pin_then_deadline_then_priority_then_age(
    town: Town,
) -> None:
    minute = timedelta(minutes=1)
    # By deadline: o2 (in 10), then o1 and o3 (both in 40), the older call first where
    # the priority is one.
    await town.load(whole_call("o1", "dental-2h", given=NOW - 80 * minute))
    await town.load(whole_call("o2", "dental-2h", given=NOW - 110 * minute))
    await town.load(whole_call("o3", "dental-2h", given=NOW - 80 * minute))
    fresh = entry_in(waiting("o4", "dental-2h", given=NOW)[1])
    assert fresh is not None
    pinned = advance(fresh, Did(step=Step.PIN, at=NOW, by=ANN), leads=True)
    assert isinstance(pinned, Entry)
    await town.load(
        [
            *whole_call("o4", "dental-2h", given=NOW)[:3],
            entry_content(pinned),
        ]
    )
    found = await rows_of(town).listed(town.organisation, ["dental"], at_most=10)
    assert [one.patient for one in found] == ["o4", "o2", "o1", "o3"]
    [count] = [
        one
        for one in await rows_of(town).counts(town.organisation, now=NOW)
        if one.skill == "dental"
    ]
    assert (count.waiting, count.nearly, count.half, count.breached) == (4, 1, 2, 0)
    later = await rows_of(town).counts(town.organisation, now=NOW + 40 * minute)
    assert [one.breached for one in later if one.skill == "dental"] == [3]


async def test_a_case_waits_in_one_place_and_a_load_loses_none(town: Town) -> None:
    await town.load(whole_call("u1", "palliative-1h", given=NOW))
    again = waiting("u1", "palliative-1h", given=NOW)[1] | {"id": "u1-second"}
    # By a page or a program it is refused, with where it waits already.
    who = await town.works("urgent_care_clinician", places=(place_of("palliative"),))
    change = Change(drafts=[drafted_anew(again)], expected=[0])
    written = await town.writer.write(change, opener=who.opener)
    assert isinstance(written, Invalid), written
    assert CASE_WAITS in written.problems
    # A load brings what another system allowed: both wait, and neither is lost.
    second = waiting("u2", "palliative-1h", given=NOW)[1] | {"id": "u2-second"}
    await town.load([*whole_call("u2", "palliative-1h", given=NOW), second])
    found = await rows_of(town).listed(town.organisation, ["palliative"], at_most=10)
    assert sorted(one.entry for one in found) == ["u1-entry", "u2-entry", "u2-second"]


async def test_one_entry_takes_anothers_place_in_one_change(town: Town) -> None:
    await town.load(whole_call("m1", "base-2h", given=NOW))
    entry = entry_in(waiting("m1", "base-2h", given=NOW)[1])
    assert entry is not None
    for step in (Step.TAKE, Step.END):
        after = advance(entry, Did(step=step, at=NOW, by=ANN, words="Upgraded"))
        assert isinstance(after, Entry)
        entry = after
    follows = waiting("m1", "visit-2h", given=NOW)[1] | {"id": "m1-next"}
    # The new one stands first in the change, and the old one has to end first.
    change = Change(
        drafts=[drafted_anew(follows), drafted_anew(entry_content(entry))],
        expected=[0, 1],
    )
    who = await town.works("urgent_care_clinician", places=(place_of("base"),))
    written = await town.writer.write(change, opener=who.opener)
    assert isinstance(written, Written), written
    here = await rows_of(town).listed(town.organisation, ["base", "visit"], at_most=99)
    assert [one.entry for one in here if one.patient == "m1"] == ["m1-next"]


async def test_what_is_deleted_or_no_entry_any_more_waits_no_longer(town: Town) -> None:
    await town.load(whole_call("d1", "visit-6h", given=NOW))
    content = waiting("d1", "visit-6h", given=NOW)[1] | {"code": {"text": "Other"}}
    change = Change(drafts=[drafted_anew(content)], expected=[1])
    who = await town.works("urgent_care_clinician", places=(place_of("visit"),))
    assert isinstance(await town.writer.write(change, opener=who.opener), Written)
    here = await rows_of(town).listed(town.organisation, ["visit"], at_most=100)
    assert "d1" not in [one.patient for one in here]


async def test_one_who_holds_one_holds_no_second_and_a_dead_hold_runs_out(
    town: Town,
) -> None:
    rows, skills = rows_of(town), ["mental-health"]
    for nth in range(2):
        await town.load(whole_call(f"h{nth}", "mental-health-1h", given=NOW))
    first, second = new_uuid(), new_uuid()
    held = await rows.hold_next(town.organisation, skills, account=first, now=NOW)
    assert held is not None
    with pytest.raises(AlreadyExistsError):
        await rows.hold_next(town.organisation, skills, account=first, now=NOW)
    other = await rows.hold_next(town.organisation, skills, account=second, now=NOW)
    assert other is not None
    assert other.entry != held.entry
    third = new_uuid()
    none = await rows.hold_next(town.organisation, skills, account=third, now=NOW)
    assert none is None
    # Their processes died: after a while both go to whoever asks next.
    later = NOW + HELD_FOR
    again = await rows.hold_next(town.organisation, skills, account=third, now=later)
    assert again is not None
    assert again.entry in {held.entry, other.entry}


async def test_the_first_due_of_several_skills_is_next_and_what_is_locked_is_passed(
    town: Town,
) -> None:
    rows, skills = rows_of(town), ["emergency-department", "paediatric"]
    for nth in range(NEAR + 2):
        given = NOW - timedelta(minutes=40, seconds=-nth)
        await town.load(whole_call(f"k{nth:03}", "paediatric-1h", given=given))
    await town.load(whole_call("k-late", "emergency-department-1h", given=NOW))

    async def next_but(*taken: str) -> str | None:
        held = await rows.hold_next(
            town.organisation, skills, account=new_uuid(), now=NOW, but=taken
        )
        if held is not None:
            async with town.database.transaction(town.organisation) as connection:
                await connection.execute(_LET_GO, town.organisation, held.entry)
        return None if held is None else held.entry

    assert await next_but() == "k000-entry"
    assert await next_but("k000-entry") == "k001-entry"
    # More than are looked at first are just being taken: what comes after is given.
    first = [f"k{nth:03}-entry" for nth in range(NEAR + 1)]
    async with town.database.transaction(town.organisation) as connection:
        await connection.fetch(_LOCK, town.organisation, [*first, "k-late-entry"])
        assert await next_but() == f"k{NEAR + 1:03}-entry"
        assert await next_but(f"k{NEAR + 1:03}-entry") is None
    assert await next_but() == "k000-entry"


async def test_of_twenty_processes_over_hundreds_of_cases_no_two_get_one(
    town: Town, installation: Installation
) -> None:
    for start in range(0, CASES, 25):
        made: list[Json] = []
        for nth in range(start, start + 25):
            given = NOW - timedelta(minutes=nth % 50)
            made += [
                caller(f"r{nth}", f"Race{nth}"),
                waiting(f"r{nth}", "clinician-1h", given=given)[1],
            ]
        await town.load(made)
    context = multiprocessing.get_context("spawn")
    begin, told = context.Barrier(CLINICIANS), context.Queue()
    address = address_for(installation.settings, installation.layout, WEB)
    people = [
        context.Process(
            target=take_all,
            args=(address, int(town.organisation), NOW, begin, told),
        )
        for _ in range(CLINICIANS)
    ]
    for one in people:
        one.start()
    lots = [await asyncio.to_thread(told.get, timeout=120) for _ in people]
    for one in people:
        await asyncio.to_thread(one.join, 30)
    got = [entry for lot in lots for entry in lot]
    assert len(got) == len(set(got)) == CASES


async def here_before(town: Town) -> list[str]:
    """What other tests left with the pharmacists."""
    rows, account, found = rows_of(town), new_uuid(), list[str]()
    while row := await rows.hold_next(
        town.organisation, ["pharmacist"], account=account, now=NOW, but=found
    ):
        await rows.let_go(town.organisation, row.entry, account=account)
        found.append(row.entry)
    return found


async def test_nobody_is_passed_by_later_deadlines_and_everybodys_turn_comes(
    town: Town,
) -> None:
    """Fair: of what may be taken the first due is. No starving: arrivals do not pass.

    For hours more arrive than are taken, of every urgency; then they run dry.
    """
    rows, skills = rows_of(town), ["pharmacist"]
    codes = ("pharmacist-2h", "prescription-next-day")
    due: dict[str, datetime] = {}
    taken: list[str] = []
    account = new_uuid()
    before = await here_before(town)
    for hour in range(40):
        now = NOW + timedelta(hours=hour)
        if hour < 25:
            for nth, code in enumerate(codes):
                id_ = f"f{hour}-{nth}"
                await town.load(whole_call(id_, code, given=now))
                found = entry_in(waiting(id_, code, given=now)[1])
                assert found is not None
                due[found.id] = found.due
        for _ in range(1 if hour < 25 else 5):
            row = await rows.hold_next(
                town.organisation,
                skills,
                account=account,
                now=now,
                but=[*before, *taken],
            )
            if row is None:
                continue
            waits = [at for one, at in due.items() if one not in taken]
            assert due[row.entry] == min(waits)
            taken.append(row.entry)
            await rows.let_go(town.organisation, row.entry, account=account)
    assert sorted(taken) == sorted(due)
    assert len(due) == 50


@settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    steps=st.lists(
        st.tuples(
            st.integers(0, 90),
            st.sampled_from(["pharmacist-2h", "prescription-next-day", "taken"]),
        ),
        min_size=4,
        max_size=14,
    )
)
async def test_whoever_rings_and_whoever_takes_the_first_due_is_given(
    town: Town, steps: list[tuple[int, str]]
) -> None:
    """Whatever rings after whatever minutes, and is taken in between or not."""
    rows, skills, account = rows_of(town), ["pharmacist"], new_uuid()
    gone = await here_before(town)
    due: dict[str, datetime] = {}

    async def taken(now: datetime) -> str:
        row = await rows.hold_next(
            town.organisation, skills, account=account, now=now, but=gone
        )
        if row is None:
            return ""
        await rows.let_go(town.organisation, row.entry, account=account)
        gone.append(row.entry)
        return row.entry

    now = NOW
    for minutes, what in steps:
        now += timedelta(minutes=minutes)
        if what != "taken":
            id_ = f"w-{new_uuid()[:8]}"
            await town.load(whole_call(id_, what, given=now))
            found = entry_in(waiting(id_, what, given=now)[1])
            assert found is not None
            due[found.id] = found.due
            continue
        first = await taken(now)
        assert bool(first) is bool(due)
        if first:
            assert due[first] == min(due.values())
            del due[first]
    order = [await taken(now) for _ in range(len(due))]
    assert [due[one] for one in order] == sorted(due.values()), "nobody is left behind"
    assert not await taken(now)
