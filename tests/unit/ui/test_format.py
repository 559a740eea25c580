# SPDX-License-Identifier: Apache-2.0
"""How values are written for people: a 0 is 0, and what is unknown is said in words."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import jinja2
import pytest

from wardkeep.teams.relationships import KINDS
from wardkeep.ui import format as words
from wardkeep.ui.charts.trend import draw_trend
from wardkeep.ui.kit import Assets, make_environment


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0, "0"),
        (Decimal(0), "0"),
        (Decimal("0.0"), "0.0"),
        (Decimal("1.00"), "1.00"),
        ("0", "0"),
        ("", "Not recorded"),
        (None, "Not recorded"),
        ("Room air", "Room air"),
    ],
)
def test_a_cell_shows_0_as_0_and_nothing_as_words(value: object, shown: str) -> None:
    assert words.show_cell(value) == shown


@pytest.mark.parametrize("value", [True, False, 0.0, [], b"0", object()])
def test_a_cell_refuses_what_it_would_have_to_guess(value: object) -> None:
    with pytest.raises(TypeError):
        words.show_cell(value)


def test_a_table_on_a_page_shows_0(tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text(
        '{% import "components.html" as ui %}'
        '{{ ui.table("Dose", ["Name", "mg"], [["Aspirin", 0], ["Iron", none]]) }}'
    )
    page = make_environment({"x": tmp_path}).get_template("x/page.html").render()
    assert page.count(">mg </span>0</td>") == 1
    assert page.count("Not recorded</td>") == 1


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("1945-07-14", "14-Jul-1945"),
        ("1945-07", "Jul-1945"),
        ("1945", "1945"),
        ("", "Not recorded"),
        ("soon", "Not recorded"),
        # Half past eleven at night in summer: the next day in London.
        ("2026-07-14T23:30:00Z", "15-Jul-2026"),
        ("2026-07-14Tsoon", "14-Jul-2026"),
    ],
)
def test_dates_are_written_as_the_guidance_asks(written: str, shown: str) -> None:
    assert words.show_date(written) == shown


def test_moments_are_londons_and_bare_dates_have_no_time() -> None:
    assert words.show_moment("2026-11-23T09:41:00+00:00") == "23-Nov-2026 09:41"
    assert words.show_moment("2026-07-14T09:41:00") == "14-Jul-2026 10:41"
    assert words.show_moment("2026-11-23") == "23-Nov-2026"
    assert words.show_time("2026-07-14T09:41:00Z") == "10:41"
    assert words.show_time("2026-07-14") == ""
    assert words.show_clock(0) == "01:00", "London was an hour ahead in 1970"
    assert words.show_microseconds(1_000_000) == "01-Jan-1970 01:00"


@pytest.mark.parametrize(
    ("born", "age"),
    [
        ("2026-11-23", "0d"),
        ("2026-11-10", "13d"),
        ("2026-11-09", "2w"),
        ("2026-09-29", "7w"),
        ("2026-09-28", "1m"),
        ("2026-01-31", "9m"),
        ("2024-11-24", "23m"),
        ("2024-11-23", "2y"),
        ("1926-11-24", "99y"),
        ("2024-02-29", "2y"),
        ("1958", "about 68y"),
        ("1958-03", "about 68y"),
        ("2026-11-24", ""),
        ("", ""),
    ],
)
def test_ages_go_from_days_to_years(born: str, age: str) -> None:
    assert words.show_age(born, date(2026, 11, 23)) == age


def test_numbers_genders_and_counts() -> None:
    assert words.show_nhs_number("9990001231") == "999 000 1231"
    assert words.show_nhs_number("") == "Not recorded"
    assert words.show_gender("") == "Not known"
    assert words.show_gender("other") == "Other"
    assert words.show_count(18204) == "18,204"
    assert words.show_count(0) == "0"


def test_a_misspelt_name_in_a_template_is_an_error_and_not_a_gap(
    tmp_path: Path,
) -> None:
    (tmp_path / "page.html").write_text("{{ patiant }}")
    page = make_environment({"x": tmp_path}).get_template("x/page.html")
    with pytest.raises(jinja2.UndefinedError):
        page.render(patient="Otto")
    with pytest.raises(KeyError):
        Assets().url("wardkep.css")


def test_a_trend_of_noughts_is_a_line_and_of_one_value_is_none() -> None:
    assert draw_trend([Decimal(0)], words="Pulse") == ""
    line = draw_trend([Decimal(0), Decimal(0), Decimal(0)], words="<Pulse>")
    assert "3 values from 0 to 0" in line
    assert "&lt;Pulse&gt;" in line
    assert "nan" not in line
    banded = draw_trend([Decimal(1), Decimal(9)], words="K", low=Decimal(3))
    assert 'class="c-band"' in banded


@pytest.mark.parametrize(
    ("kind", "mine", "theirs"),
    [
        ("ward", "a stay on your ward", "a stay on their ward"),
        (
            "appointment, self-made",
            "an appointment with you or your team, which you wrote yourself",
            "an appointment with them or their team, written by themselves",
        ),
        ("broken glass", "broken glass", "broken glass"),
    ],
)
def test_a_relationship_is_said_in_plain_words(
    kind: str, mine: str, theirs: str
) -> None:
    assert words.show_relationship(kind) == mine
    assert words.show_relationship_of(kind) == theirs


def test_every_kind_of_relationship_has_words() -> None:
    assert all(words.show_relationship(kind) != kind for kind in KINDS)


def test_each_way_to_write_a_time_says_which_of_two_it_is() -> None:
    """When the clocks go back: boards, cases, sheets and figures use these."""
    first, hour = 1_792_888_200_000_000, 3_600_000_000
    said = "01:30 summer time (BST)", "01:30 winter time (GMT)"
    for at, clock, zone in (
        (first, said[0], "2026-10-25T01:30:00+01:00"),
        (first + hour, said[1], "2026-10-25T01:30:00Z"),
    ):
        assert words.show_clock(at) == words.show_time(zone) == clock
        assert words.show_moment(zone) == f"25-Oct-2026 {clock}"
        assert words.show_microseconds(at) == f"25-Oct-2026 {clock}"
    assert words.show_clock(first + 2 * hour) == "02:30"
