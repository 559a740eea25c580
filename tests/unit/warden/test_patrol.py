# SPDX-License-Identifier: Apache-2.0
"""Slow scraping: a few strangers a day, for weeks, by one account."""

import asyncio
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec
import pytest

from support.ledgers import OPENER, open_ledger, opening
from wardkeep.identity.roles import Role
from wardkeep.ledger.entry import Entry
from wardkeep.ledger.log import Ledger
from wardkeep.warden.clock_steps import CLOCK_SET
from wardkeep.warden.limits import Limits
from wardkeep.warden.patrol import TIMES_SOFT, Patrol, Slow
from wardkeep.warden.walk import A_PORTION, Walk

DAY = 24 * 3600
START = 1_764_000_000
MOST = Role.WARD_NURSE.budget.soft * TIMES_SOFT


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    made = open_ledger(tmp_path / "ledger")
    yield made
    made.close()


def walked(ledger: Ledger, entries: Iterable[Entry], *, now: float) -> list[Slow]:
    for one in entries:
        ledger.append(one)
    ledger.commit()
    found: list[Slow] = []
    walk = Walk(ledger, (Patrol(Limits(), found.append),))
    while walk.is_behind:
        walk.step(int(now * 1_000_000))
    return found


def test_a_few_strangers_a_day_for_weeks_are_noticed_once(ledger: Ledger) -> None:
    many = MOST + 20
    step = 27 * DAY / many
    entries = [opening(START + n * step, f"p-{n}") for n in range(many)]
    [found] = walked(ledger, entries, now=START + 27 * DAY)
    assert (found.organisation, found.account) == (1, OPENER)
    assert (found.patients, found.most, found.entry) == (MOST + 1, MOST, MOST)


def test_the_same_over_longer_is_nobodys_wonder(ledger: Ledger) -> None:
    many = MOST + 20
    step = 40 * DAY / many
    entries = [opening(START + n * step, f"p-{n}") for n in range(many)]
    assert walked(ledger, entries, now=START + 40 * DAY) == []


@pytest.mark.parametrize(
    "more",
    [
        {"relationship": "ward"},
        {"action": "find"},
        {"action": "history"},
        {"outcome": "refusal:reason-needed"},
        {"role": "service"},
    ],
)
def test_what_the_work_explains_or_nobody_saw_does_not_count(
    ledger: Ledger, more: dict[str, str]
) -> None:
    entries = [opening(START + n, f"p-{n}", **more) for n in range(MOST + 20)]
    assert walked(ledger, entries, now=START + DAY) == []


def test_one_patient_many_times_is_one(ledger: Ledger) -> None:
    entries = [opening(START + n, f"p-{n % 9}") for n in range(MOST * 2)]
    assert walked(ledger, entries, now=START + DAY) == []


def test_nobody_waits_for_more_than_a_portion(ledger: Ledger) -> None:
    for n in range(A_PORTION * 2 + 10):
        ledger.append(opening(START + n, f"p-{n}", "ward"))
    ledger.commit()
    walk = Walk(ledger, ())
    turns = 0
    while walk.is_behind:
        walk.step(int((START + DAY) * 1_000_000))
        turns += 1
    assert turns == 3


async def test_many_who_ask_walk_one_after_another(ledger: Ledger) -> None:
    for n in range(A_PORTION * 3):
        ledger.append(opening(START + n, f"p-{n}", "ward"))
    ledger.commit()
    walk, now = Walk(ledger, ()), int((START + DAY) * 1_000_000)
    asking = [asyncio.create_task(walk.go_on(now)) for _ in range(8)]
    turns = 0
    while not all(one.done() for one in asking):
        await asyncio.sleep(0)
        turns += walk.is_behind
    assert turns >= 2  # not all in one turn of the loop


@pytest.mark.parametrize(("action", "told"), [(CLOCK_SET, 1), ("another", 0)])
def test_a_clock_set_on_by_weeks_lets_nobody_off(
    ledger: Ledger, action: str, told: int
) -> None:
    """What was met before is as long ago as it was, if an entry says what happened."""
    weeks, half = 27 * DAY, MOST // 2 + 10
    entries = [opening(START + n, f"p-{n}") for n in range(half)]
    step = opening(START + weeks, "", action=action, role="operator")
    entries.append(msgspec.structs.replace(step, request=f"{weeks} a-mark"))
    later = START + weeks + 2 * DAY
    entries += [opening(later + n, f"q-{n}") for n in range(half)]
    assert len(walked(ledger, entries, now=START + weeks)) == told


def test_whom_somebody_met_five_weeks_ago_counts_no_more() -> None:
    found: list[Slow] = []
    patrol = Patrol(Limits(), found.append)
    many = MOST * 2 - 4
    step = 56 * DAY / many
    for n in range(many):
        patrol.passes(n, opening(START + n * step, f"p-{n}"))
    assert found == [], "half of them at a time"
    for n in range(MOST // 2 + 2):
        patrol.passes(many + n, opening(START + 56 * DAY, f"q-{n}"))
    assert len(found) == 1


WEEKS = 28 * DAY
"""The four of them, in seconds."""


def passed(entries: Iterable[Entry]) -> list[Slow]:
    found: list[Slow] = []
    patrol = Patrol(Limits(), found.append)
    for position, one in enumerate(entries):
        patrol.passes(position, one)
    return found


def many(count: int, at: float, name: str = "p") -> list[Entry]:
    return [opening(at, f"{name}-{n}") for n in range(count)]


def test_five_days_soft_budgets_of_a_nurse_are_the_most() -> None:
    assert MOST == 150
    assert passed(many(150, START)) == []
    [found] = passed(many(151, START))
    assert found == Slow(1, OPENER, 151, 150, 150)


@pytest.mark.parametrize(("later", "told"), [(WEEKS, 1), (WEEKS + 1e-6, 0)])
def test_four_weeks_end_to_the_microsecond(later: float, told: int) -> None:
    entries = [*many(75, START), *many(76, START + 1, "q")]
    entries[75:] = [msgspec.structs.replace(one, at=_at(later)) for one in entries[75:]]
    assert len(passed(entries)) == told


def _at(later: float) -> int:
    return START * 1_000_000 + round(later * 1_000_000)


def test_whoever_is_opened_again_is_as_new_as_that() -> None:
    again = [opening(START + WEEKS / 2, f"p-{n}") for n in range(75)]
    later = many(76, START + WEEKS + DAY, "q")
    assert len(passed([*many(80, START), *again, *later])) == 1


@pytest.mark.parametrize(
    ("later", "told"), [(WEEKS - 1, 1), (WEEKS, 2), (WEEKS + 9, 2)]
)
def test_who_was_told_of_is_told_of_again_after_four_weeks(
    later: float, told: int
) -> None:
    anew = many(160, START + later, "q")
    assert len(passed([*many(151, START), *anew])) == told


def test_a_clock_set_on_by_weeks_tells_nobody_twice() -> None:
    step = opening(START, "", action=CLOCK_SET, role="operator")
    step = msgspec.structs.replace(step, request=f"{WEEKS} a-mark")
    anew = many(160, START + WEEKS + 5, "q")
    assert len(passed([*many(151, START), step, *anew])) == 1
    assert len(passed([*many(151, START), *anew])) == 2


def test_a_clock_set_back_makes_nothing_older_than_it_is() -> None:
    step = opening(START, "", action=CLOCK_SET, role="operator")
    step = msgspec.structs.replace(step, request=f"-{DAY + 0.5} a-mark")
    half, late = many(80, START), START - DAY + WEEKS
    assert len(passed([*half, step, *many(80, late - 1, "q")])) == 1
    assert len(passed([*half, step, *many(80, late, "q")])) == 0


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"action": "break-glass"}, 1),
        ({"action": "copy"}, 1),
        ({"action": "write"}, 1),
        ({"purpose": ""}, 0),
        ({"outcome": "awaited"}, 0),
        ({"role": "nobody-s"}, 0),
        ({"subjects": []}, 0),
    ],
)
def test_what_a_patrol_counts_of_an_entry(
    changed: dict[str, object], told: int
) -> None:
    entries = [msgspec.structs.replace(one, **changed) for one in many(151, START)]
    assert len(passed(entries)) == told


def test_nobody_is_no_patient() -> None:
    assert passed([*many(150, START), opening(START, "")]) == []
