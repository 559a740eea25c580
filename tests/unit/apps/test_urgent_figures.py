# SPDX-License-Identifier: Apache-2.0
"""Figures in words: against standards, hidden where they are small, and why missed."""

import csv
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, strategies as st

from support.urgent_figures import MINUTE, call
from wardkeep.apps.urgent_figures.report import (
    COLUMNS,
    Asked,
    asked_for,
    asked_in,
    made,
    made_of_days,
    rows_of,
)
from wardkeep.apps.urgent_figures.shift import shown
from wardkeep.apps.urgent_figures.showing import (
    FEW,
    HIDDEN,
    HIDES,
    MET,
    MISSED,
    NEARLY,
    NOTHING,
    misses_of,
    told_of,
)
from wardkeep.apps.urgent_figures.telephone import telephone_shown
from wardkeep.base.spreadsheet import csv_text
from wardkeep.fhir.urgent.figures.counting import Units, figures_of, units_of
from wardkeep.fhir.urgent.figures.days import counted, days_of, total_of
from wardkeep.fhir.urgent.figures.happened import happened_in
from wardkeep.fhir.urgent.figures.items import ITEMS, Measure
from wardkeep.fhir.urgent.figures.spans import shift_at, span_of_days
from wardkeep.fhir.urgent.figures.sums import Figure
from wardkeep.fhir.urgent.steps import Step
from wardkeep.fhir.urgent.telephone.rows import Ringing

NOW = datetime(2026, 11, 29, 4, 0, tzinfo=UTC)
TODAY = date(2026, 11, 29)
ITEM = {one.id: one for one in ITEMS.item}
BACK = ITEM["call-back-later"]


def units(*calls: list[dict[str, object]]) -> Units:
    found = [happened_in(content) for one in calls for content in one]
    return units_of([one for one in found if one is not None])


@pytest.mark.parametrize(
    ("met", "of", "result"),
    [(90, 100, MET), (89, 100, NEARLY), (85, 100, NEARLY), (84, 100, MISSED)],
)
def test_a_figure_stands_to_its_standard_in_words(
    met: int, of: int, result: object
) -> None:
    assert told_of(BACK, Figure(met, of), hides=True).result == result


def test_nothing_to_count_is_not_a_standard_missed() -> None:
    found = told_of(BACK, Figure(pending=7), hides=True)
    assert (found.result, found.share, found.pending) == (NOTHING, "–", "7")


@given(
    st.integers(0, 400), st.integers(0, 400), st.integers(0, 9), st.integers(0, 10**5)
)
def test_nothing_that_one_to_four_made_up_is_in_a_report(
    met: int, missed: int, pending: int, seconds: int
) -> None:
    for item in (BACK, ITEM["calls-answered"], ITEM["call-length"]):
        is_share = item.measure is Measure.SHARE
        of = met + missed if is_share else met
        found = told_of(item, Figure(met, of, pending, seconds), hides=True)
        said = {found.met, found.of, found.pending, found.share}
        assert not said & {"1", "2", "3", "4"}
        if of in range(1, 5) or (is_share and missed in range(1, 5)):
            # What is left says nothing of the others
            assert found.share in (FEW, HIDES)
            assert f"{met:,}" != found.met or not met
        if is_share and (met in range(1, 5) or missed in range(1, 5)):
            assert (found.result, found.share) == (HIDDEN, HIDES)
        if item.measure is Measure.MEAN and of in range(1, 5):
            assert (found.result, found.share) == (HIDDEN, HIDES)
    exact = told_of(BACK, Figure(1, 3), hides=False)
    assert (exact.met, exact.of, exact.share) == ("1", "3", "33.3%")


def test_what_missed_its_time_says_why_by_its_steps_alone() -> None:
    began = NOW - timedelta(hours=2)  # given nine minutes later, due an hour after
    late = {
        "untaken": (),
        "after": ((Step.TAKE, 65),),
        "tried": ((Step.TAKE, 40), (Step.NO_ANSWER, 41), (Step.NO_ANSWER, 50)),
        "back": ((Step.TAKE, 20), (Step.HAND_BACK, 25)),
        "slow": ((Step.TAKE, 58), (Step.REACH, 70)),
        "reached": ((Step.TAKE, 10), (Step.REACH, 12)),
    }
    calls = [
        call("clinician-1h", began, *steps, id_=name) for name, steps in late.items()
    ]
    span = span_of_days(TODAY, TODAY)
    found = {one.entry: one for one in misses_of(units(*calls), span, now=NOW)}
    assert {name: one.why for name, one in found.items()} == {
        "untaken-place": "Nobody had taken it by then.",
        "after-place": "Nobody had taken it by then. Somebody did 5 min later.",
        "tried-place": (
            "Taken 20 min before it was due, rung twice without an answer."
        ),
        "back-place": "Taken 40 min before it was due, handed back once.",
        "slow-place": (
            "Taken 2 min before it was due, and nobody was reached in time."
        ),
    }
    assert [one.is_over for one in found.values()] == [False] * 4 + [True]
    assert found["untaken-place"].late == "51 min"
    assert found["slow-place"].late == "10 min"


def test_a_shift_says_what_is_not_counted_and_never_shows_a_number_for_it() -> None:
    both = units(call("clinician-now", NOW - 30 * MINUTE, id_="a"))
    said = shown(both, shift_at(NOW, ITEMS.begins), span_of_days(TODAY, TODAY), now=NOW)
    assert (said["answered"], said["missed"], len(said["misses"])) == (1, 1, 1)
    assert (said["since"], said["until"]) == ("20:00", "08:00")
    assert "No telephone system told" in said["cannot"][0].silent
    there = {one.item.id for _, lines in said["groups"] for one in lines}
    assert there.isdisjoint({one.id for one in said["cannot"]})
    assert len(there) + len(said["cannot"]) == len(ITEMS.item)


def test_a_report_as_csv_has_every_item_and_says_whether_it_is_over() -> None:
    calls = [call("clinician-1h", NOW - 90 * MINUTE, id_=f"c{n}") for n in range(7)]
    for now, is_over in ((NOW, "no"), (NOW + timedelta(days=2), "yes")):
        asked = asked_for("day", TODAY)
        report = made(counted(units(*calls), asked.span, now=now), asked)
        text = csv_text(COLUMNS, rows_of(report))
        rows = {one["item"]: one for one in csv.DictReader(text.splitlines())}
        assert list(rows) == [one.id for one in ITEMS.item]
        assert {one["is_over"] for one in rows.values()} == {is_over}
        assert rows["calls-answered"]["value"] == "7"
        assert rows["call-back-later"]["denominator"] == "7"
        assert rows["call-back-later"]["result"] == "Not met"
        assert rows["calls-abandoned"]["result"] == "not counted"
        assert "No telephone" in rows["calls-abandoned"]["notes"]
        assert rows["calls-abandoned"]["collection_item"] == "B02 / A01"


def test_a_week_is_what_its_days_add_up_to() -> None:
    calls = [
        call("clinician-1h", NOW - timedelta(days=n % 3), id_=f"c{n}")
        for n in range(18)
    ]
    all_of_it, asked = units(*calls), asked_for("week", TODAY)
    days = [
        (day, counted(all_of_it, span_of_days(day, day), now=NOW - nth * MINUTE))
        for nth, day in enumerate(days_of(asked.first, asked.last))
    ]
    week = made_of_days(days, asked)
    # It says how old the oldest of it is
    assert week.now == NOW - 6 * MINUTE
    days = [
        (day, counted(all_of_it, span_of_days(day, day), now=NOW)) for day, _ in days
    ]
    whole = figures_of(ITEMS.item, all_of_it, asked.span, now=NOW)
    assert total_of(days) == whole
    [answered] = [one for one in week.lines if one.item.id == "calls-answered"]
    assert answered.told[0].share == "18"
    assert week.chart.count('class="c-value"') == 3, "three days of six"
    assert not week.is_over


def test_an_address_names_a_day_a_week_or_a_month_until_today() -> None:
    assert asked_in("", "", TODAY) == Asked(
        "day", date(2026, 11, 28), date(2026, 11, 28)
    )
    week = asked_in("week", "2026-11-29", TODAY)
    assert week == Asked("week", date(2026, 11, 23), date(2026, 11, 29))
    month = asked_in("month", "2026-11-29", TODAY)
    assert month is not None
    assert (month.words, month.last) == ("November 2026", date(2026, 11, 30))
    for length, on in (
        *(("year", "2026-11-01"), ("day", "2026-11-30"), ("day", "2021-03-31")),
        *(("day", "soon"), ("week", "2026-13-01")),
    ):
        assert asked_in(length, on, TODAY) is None


SPEED, CENTILE = ITEM["speed-to-answer"], ITEM["speed-to-answer-95"]


@pytest.mark.parametrize(("seconds", "result"), [(20, MET), (25, NEARLY), (26, MISSED)])
def test_a_mean_stands_to_a_standard_in_seconds(seconds: int, result: object) -> None:
    told = told_of(SPEED, Figure(30, 30, 0, 30 * seconds), hides=False)
    assert (told.share, told.result) == (f"{seconds} s", result)


def test_a_centile_of_few_is_the_longest_ones_and_hidden_in_a_report() -> None:
    few = Figure(19, 19, 0, 400, ((20, 18), (130, 1)))
    assert told_of(CENTILE, few, hides=True).share == HIDES
    assert told_of(CENTILE, few, hides=False).share == "130 s"
    more = Figure(20, 20, 0, 400, ((20, 19), (130, 1)))
    told = told_of(CENTILE, more, hides=True)
    assert (told.share, told.result) == ("20 s", MET)


def test_a_shift_lead_is_told_of_what_is_below_its_standard_and_else_of_nothing() -> (
    None
):
    """And not of the first late call: of twenty at least."""
    shift = shift_at(NOW, ITEMS.begins)
    for many, below in ((19, []), (20, ["call-back-now"])):
        late = [
            call("clinician-now", NOW - 60 * MINUTE, id_=f"c{n}") for n in range(many)
        ]
        said = shown(units(*late), shift, span_of_days(TODAY, TODAY), now=NOW)
        assert [one.item.id for one in said["below"]] == below
    soon = ((Step.TAKE, 2), (Step.REACH, 5))
    fine = [
        call("clinician-now", NOW - 60 * MINUTE, *soon, id_=f"f{n}") for n in range(40)
    ]
    said = shown(units(*fine), shift, span_of_days(TODAY, TODAY), now=NOW)
    assert said["below"] == []


def test_the_telephone_in_words() -> None:
    assert telephone_shown(None) is None
    waits = Ringing(2, timedelta(seconds=125), 3, None, timedelta(seconds=-90))
    said = telephone_shown(waits)
    assert said is not None
    assert (said.waiting, said.longest, said.is_long) == (2, "2:05", True)
    assert (said.silent, said.clock) == ("", "1:30 min behind ours")
    quiet = Ringing(0, timedelta(), 0, timedelta(minutes=75), timedelta())
    said = telephone_shown(quiet)
    assert said is not None
    assert (said.longest, said.silent, said.clock) == ("", "1 h 15 min", "")
