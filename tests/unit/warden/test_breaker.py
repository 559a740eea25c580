# SPDX-License-Identifier: Apache-2.0
"""The circuit breaker: what an organisation and the site may open in an hour."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from support.ledgers import open_ledger, opening
from wardkeep.identity.roles import Role
from wardkeep.ledger.log import Ledger
from wardkeep.warden.breaker import (
    FLOOR,
    REACH_WHEN_TRIPPED,
    SHARE,
    SITE,
    WINDOW_SECONDS,
    Breaker,
)
from wardkeep.warden.limits import Limits
from wardkeep.warden.recent import last_day

START = 1_764_000_000


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    made = open_ledger(tmp_path / "ledger")
    yield made
    made.close()


def test_the_sum_grows_with_who_is_at_work() -> None:
    breaker = Breaker()
    for n in range(4):
        breaker.at_work(1, f"nurse-{n}", 30, 0.0)
    most = int(FLOOR + 4 * 30 * SHARE)
    tripped = [breaker.opened(1, [f"p-{n}"], 1.0) for n in range(most + 2)]
    assert tripped == [*[False] * most, True, False]
    assert breaker.is_tripped(1, 2.0)
    assert not breaker.is_tripped(1, 3.0 + WINDOW_SECONDS)


def test_an_hour_later_nobody_remembers() -> None:
    breaker = Breaker()
    for n in range(FLOOR):
        breaker.opened(1, [f"p-{n}"], 0.0)
    later = WINDOW_SECONDS + 1
    assert not any(breaker.opened(1, [f"q-{n}"], later) for n in range(FLOOR))


def test_who_went_home_adds_nothing_to_the_sum() -> None:
    breaker = Breaker()
    for n in range(4):
        breaker.at_work(1, f"nurse-{n}", 30, 0.0)
    breaker.at_work(1, "doctor", 30, 1800.0)
    breaker.opened(1, ["p-1"], 1800.0)
    assert breaker.sum_of(1, 1800.0) == (1, int(FLOOR + 5 * 30 * SHARE), 5)
    assert breaker.sum_of(1, WINDOW_SECONDS + 1) == (1, int(FLOOR + 30 * SHARE), 1)


def test_the_site_has_a_sum_over_all_organisations() -> None:
    breaker = Breaker()
    for n in range(FLOOR // 2):
        breaker.opened(1, [f"p-{n}"], 1.0)
        breaker.opened(2, [f"p-{n}"], 1.0)
    assert breaker.opened(3, ["one more"], 1.0)
    assert breaker.is_tripped(4, 2.0)


def test_one_hostile_organisation_trips_its_own_breaker_and_nobody_elses() -> None:
    """Two accounts of one open as many as they like; others do their usual work."""
    breaker = Breaker()
    for n in range(8):
        breaker.at_work(2, f"nurse-{n}", 40, 0.0)
    for n in range(FLOOR * 20):
        breaker.at_work(1, f"thief-{n % 2}", 30, 1.0)
        breaker.opened(1, [f"p-{n}"], 1.0)
    usual = int(8 * 40 * SHARE)
    assert not any(breaker.opened(2, [f"q-{n}"], 2.0) for n in range(usual))
    assert (breaker.is_tripped(1, 2.0), breaker.is_tripped(2, 2.0)) == (True, False)
    # More than the others open by their roles, and the site has too many again.
    assert breaker.opened(2, ["one more"], 3.0)
    assert breaker.is_tripped(2, 3.0)
    assert breaker.is_tripped(3, 3.0)


def test_an_hour_after_it_counts_for_nothing_in_the_sites_sum() -> None:
    breaker = Breaker()
    for n in range(FLOOR * 3):
        breaker.opened(1, [f"p-{n}"], 0.0)
    later = WINDOW_SECONDS + 1.0
    assert not any(breaker.opened(2, [f"q-{n}"], later) for n in range(FLOOR))
    assert breaker.opened(2, ["one more"], later)


def test_the_numbers_of_the_breaker_are_those_that_its_page_says() -> None:
    assert (FLOOR, SHARE, REACH_WHEN_TRIPPED) == (100, 0.25, 1)


def full(breaker: Breaker, organisation: int, now: float) -> None:
    """As many as nobody wonders at, were nobody at work."""
    assert not any(breaker.opened(organisation, [f"p-{n}"], now) for n in range(FLOOR))


@pytest.mark.parametrize("now", [-5_000.0, 0.0, 7_000.0])
def test_it_is_tripped_for_an_hour_and_only_then_again(now: float) -> None:
    """By the clock that nobody sets: before zero is before the machine began."""
    breaker = Breaker()
    full(breaker, 1, now)
    assert breaker.opened(1, ["one more"], now)
    assert breaker.is_tripped(1, now + 3600.0)
    assert not breaker.is_tripped(1, now + 3601.0)
    assert not breaker.opened(1, ["two more"], now + 3600.0), "it is tripped yet"
    assert breaker.is_tripped(1, now + 7200.0)
    assert not breaker.is_tripped(1, now + 7201.0)
    assert not breaker.opened(1, ["p"], now + 7201.0)
    full(breaker, 1, now + 7201.0 + 3601.0)
    assert breaker.opened(1, ["one more"], now + 7201.0 + 3601.0)


def test_whoever_was_opened_or_at_work_counts_for_an_hour_to_the_second() -> None:
    breaker = Breaker()
    for n, name in enumerate("abcab"):
        breaker.at_work(1, f"nurse-{name}", 40, float(n))
        breaker.opened(1, [f"p-{name}"], float(n))
    assert breaker.sum_of(1, 4.0) == (3, 130, 3)
    assert breaker.sum_of(1, 3602.0) == (3, 130, 3)
    assert breaker.sum_of(1, 3603.0) == (2, 120, 2)
    assert breaker.sum_of(1, 3604.0) == (1, 110, 1)
    assert breaker.sum_of(1, 3605.0) == (0, 100, 0)


def test_what_an_organisation_adds_to_the_sites_sum_trips_its_own_first() -> None:
    """Two of them to the full, and the site has room for nobody: but for who works."""
    breaker = Breaker()
    for organisation in (1, 2):
        for n in range(10):
            breaker.at_work(organisation, f"nurse-{organisation}-{n}", 40, 0.0)
        for n in range(100):
            breaker.opened(organisation, [f"p-{n}"], 0.0)
    # 100 and a quarter of the budgets of twenty; each organisation has opened 100.
    assert breaker.sum_of(SITE, 0.0) == (0, 300, 20)
    assert not any(breaker.opened(3, [f"q-{n}"], 0.0) for n in range(100))
    assert breaker.opened(1, ["one more"], 0.0)
    assert breaker.is_tripped(4, 0.0)
    assert not Breaker().is_tripped(4, 0.0)


def test_before_the_site_is_full_many_places_trip_nothing() -> None:
    breaker = Breaker()
    for n in range(FLOOR):
        assert not breaker.opened(1 + n, ["p"], 0.0)
    assert breaker.opened(1, ["q"], 0.0)


@pytest.mark.parametrize(
    ("changed", "counted"),
    [
        ({}, (1, 107, 1)),
        ({"action": "copy"}, (1, 107, 1)),
        ({"action": "write"}, (1, 107, 1)),
        ({"action": "find"}, (0, 107, 1)),
        ({"action": "history"}, (0, 100, 0)),
        ({"outcome": "refusal:budget-spent"}, (0, 100, 0)),
        ({"outcome": "awaited"}, (0, 100, 0)),
        ({"purpose": ""}, (0, 100, 0)),
        ({"role": "nobody-s"}, (0, 100, 0)),
        ({"relationship": "ward"}, (0, 107, 1)),
        ({"patient": ""}, (0, 107, 1)),
    ],
)
def test_an_entry_counts_for_the_breaker_as_it_did_when_it_was_made(
    ledger: Ledger, changed: dict[str, str], counted: tuple[int, int, int]
) -> None:
    told = {"patient": "p", **changed}
    purpose = told.pop("purpose", "direct-care")
    made = opening(START, told.pop("patient"), **told)
    ledger.append(msgspec.structs.replace(made, purpose=purpose))
    ledger.commit()
    found = recounted(ledger, now=START + 3600.0, monotonic=50.0)
    assert found.sum_of(1, 50.0) == counted
    assert found.sum_of(1, 51.0) == (0, 100, 0)


def recounted(ledger: Ledger, *, now: float, monotonic: float) -> Breaker:
    return Breaker.recounted(last_day(ledger, now=now, monotonic=monotonic), Limits())


def test_a_restart_counts_the_hour_again(ledger: Ledger) -> None:
    for n in range(FLOOR + 10):
        ledger.append(opening(START + n, f"p-{n}"))
    ledger.commit()
    found = recounted(ledger, now=START + 600.0, monotonic=50.0)
    assert found.is_tripped(1, 51.0)
    # The site has room for whoever works elsewhere: one organisation cannot fill it.
    assert not found.is_tripped(2, 51.0)
    late = recounted(ledger, now=START + 2.0 * WINDOW_SECONDS, monotonic=50.0)
    assert not late.is_tripped(1, 51.0)


def test_a_restart_at_any_moment_trips_as_no_restart_does(ledger: Ledger) -> None:
    """Two organisations by turns: neither has too many, and the site has."""
    live, role = Breaker(), Role.WARD_NURSE
    told: list[tuple[bool, bool]] = []
    for n in range(FLOOR * 2):
        organisation, when = 1 + n % 2, float(n)
        is_search = n % 5 == 0
        action = "find" if is_search else "read"
        made = opening(START + n, f"p-{n}", action=action)
        made = msgspec.structs.replace(made, organisation=organisation)
        ledger.append(made)
        ledger.commit()
        live.at_work(organisation, made.account, role.budget.soft, when)
        if not is_search:
            live.opened(organisation, [f"p-{n}"], when)
        again = recounted(ledger, now=START + when, monotonic=when)
        told.append((live.is_tripped(3, when), again.is_tripped(3, when)))
    assert all(one == other for one, other in told)
    assert {one for one, _ in told} == {False, True}
