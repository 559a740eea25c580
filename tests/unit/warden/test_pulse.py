# SPDX-License-Identifier: Apache-2.0
"""The picture of the day: what is counted into which hour, and whose day is unusual."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from support.ledgers import open_ledger
from wardkeep.base.clock import microseconds_since_epoch
from wardkeep.ledger.entry import Entry, Subject
from wardkeep.ledger.log import Ledger
from wardkeep.warden.pulse import (
    _DAYS_KEPT,
    FEWEST_DAYS,
    FEWEST_PATIENTS,
    HOUR,
    HOURS,
    Pulse,
)
from wardkeep.warden.walk import A_PORTION, MOST_PORTIONS, Walk

NURSE = "0b0b0b0b-0000-4000-8000-00000000000a"
NOON = datetime(2026, 11, 20, 12, 30, tzinfo=UTC)
DAY = timedelta(days=1)


def entry(at: datetime, *patients: str, relationship: str = "", **more: str) -> Entry:
    told = {"role": "ward_nurse", "action": "read", "outcome": "grant", **more}
    return Entry.about(
        at=microseconds_since_epoch(at),
        organisation=1,
        account=NURSE,
        session="s",
        purpose=told.pop("purpose", "direct-care"),
        reason="",
        subjects=[
            Subject.about(
                patient=one, tier="record", relationship=relationship, resources=()
            )
            for one in patients
        ],
        software="0",
        **told,
    )


def counted(*entries: Entry) -> Pulse:
    pulse = Pulse()
    for position, one in enumerate(entries):
        pulse.passes(position, one)
    return pulse


def now(at: datetime) -> int:
    return microseconds_since_epoch(at)


def test_each_opening_is_counted_by_what_explained_it_in_its_own_hour() -> None:
    pulse = counted(
        entry(NOON - timedelta(hours=1), "p1"),
        entry(NOON, "p1", "p2", relationship="ward"),
        entry(NOON, "p3", relationship="broken glass"),
        entry(NOON, "p4", "p5", "p6", action="find"),
        entry(NOON, "p7", outcome="refusal:reason-needed"),
        entry(NOON, "p8"),
    )
    hours = pulse.hours(1, now(NOON))
    assert len(hours) == HOURS
    (at, this), (before_at, before) = hours[:2]
    assert at - before_at == HOUR
    assert at <= now(NOON) < at + HOUR
    found = (this.explained, this.glass, this.reasoned, this.listed, this.refused)
    assert found == (2, 1, 1, 3, 1)
    assert (this.opened, before.opened, before.reasoned) == (4, 1, 1)
    assert all(one.opened == 0 for _, one in hours[2:])


@pytest.mark.xfail(reason="each part of a record that is opened is counted as one")
def test_a_record_is_opened_once_however_many_parts_of_it_an_entry_names() -> None:
    opened = entry(NOON, "p1", "p1")
    assert [one.patient for one in opened.subjects] == ["p1", "p1"]
    assert counted(opened).hours(1, now(NOON))[0][1].opened == 1


@pytest.mark.parametrize(
    "more",
    [{"role": "service"}, {"role": "patient"}, {"action": "history"}, {"purpose": ""}],
)
def test_what_no_person_of_the_organisation_opened_is_not_there(
    more: dict[str, str],
) -> None:
    pulse = counted(entry(NOON, "p1", **more))
    assert pulse.hours(1, now(NOON))[0][1].opened == 0


def test_another_organisation_has_a_day_of_its_own() -> None:
    pulse = counted(entry(NOON, "p1"))
    assert pulse.hours(2, now(NOON))[0][1].opened == 0
    assert pulse.unusual(2, now(NOON)) == []


def days(first: int, today: int, *, worked: int = FEWEST_DAYS) -> Pulse:
    """A nurse who met so many a day before, and so many today."""
    entries = []
    for n in range(worked):
        at = NOON - DAY * (worked - n)
        entries += [entry(at, f"d{n}-{m}", relationship="ward") for m in range(first)]
    entries += [entry(NOON, f"today-{m}") for m in range(today)]
    return counted(*entries)


def test_three_times_as_many_as_usual_is_unusual_and_exactly_three_is_not() -> None:
    assert days(10, 30).unusual(1, now(NOON)) == []
    [found] = days(10, 31).unusual(1, now(NOON))
    assert (found.account, found.role) == (NURSE, "ward_nurse")
    assert (found.today, found.usual) == (31, 10)


def test_few_patients_or_few_days_make_nothing_unusual() -> None:
    assert days(1, FEWEST_PATIENTS - 1).unusual(1, now(NOON)) == []
    assert days(1, FEWEST_PATIENTS).unusual(1, now(NOON)) != []
    newcomer = days(1, 60, worked=FEWEST_DAYS - 1)
    assert newcomer.unusual(1, now(NOON)) == []


def test_yesterdays_unusual_day_is_not_todays() -> None:
    assert days(10, 60).unusual(1, now(NOON + DAY)) == []


def test_a_day_ends_at_midnight_in_london() -> None:
    summer = datetime(2026, 7, 1, 22, 30, tzinfo=UTC)  # 23:30 in London
    pulse = counted(
        entry(summer, "p1"),
        entry(summer + timedelta(hours=1), "p2"),
    )
    assert pulse._days[1][NURSE].met == {"p2"}


def test_no_more_is_held_than_is_shown() -> None:
    pulse = counted(*(entry(NOON + timedelta(hours=n), "p1") for n in range(80)))
    hours = pulse.hours(1, now(NOON + timedelta(hours=79)))
    assert len(hours) == HOURS
    assert [one.opened for _, one in hours] == [1] * HOURS
    assert len(pulse._hours[1]) == HOURS + 1
    pulse = counted(*(entry(NOON + n * DAY, "p1") for n in range(90)))
    assert len(pulse._days[1][NURSE].before) == _DAYS_KEPT


def test_an_act_about_nobody_opens_nothing() -> None:
    pulse = counted(entry(NOON, "", "p1"))
    [(_, hour), *_] = pulse.hours(1, now(NOON))
    assert hour.opened == 1
    assert pulse._days[1][NURSE].met == {"p1"}


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    made = open_ledger(tmp_path / "ledger")
    yield made
    made.close()


async def test_a_walk_ends_though_there_is_more_and_goes_on_where_it_was(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    many = A_PORTION * 2 + 10
    for n in range(many):
        ledger.append(entry(NOON, f"p{n}"))
    ledger.commit()
    pulse = Pulse()
    walk = Walk(ledger, (pulse,))
    assert walk.is_behind
    assert MOST_PORTIONS > 1
    monkeypatch.setattr("wardkeep.warden.walk.MOST_PORTIONS", 1)
    await walk.go_on(now(NOON))
    assert walk.is_behind
    assert pulse.hours(1, now(NOON))[0][1].opened == A_PORTION
    for _ in range(2):
        await walk.go_on(now(NOON))
    assert not walk.is_behind
    assert pulse.hours(1, now(NOON))[0][1].opened == many
