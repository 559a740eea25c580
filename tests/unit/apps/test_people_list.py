# SPDX-License-Identifier: Apache-2.0
"""A list of starters: every line is read, and every wrong one told by its number."""

from datetime import date

import pytest
from hypothesis import given, strategies as st

from wardkeep.apps.people.adding import ROLES, end_of_day
from wardkeep.apps.people.importing import Line, Reading, read_list
from wardkeep.identity.roles import PEOPLE

TODAY = date(2026, 3, 28)
READING = Reading(teams={"ward 7": "t-7"}, today=TODAY)


def read(text: str) -> list[Line]:
    return read_list(text, READING)


def test_the_pages_know_the_wardens_roles_by_their_titles() -> None:
    assert {role.value: role.title for role in PEOPLE} == ROLES


@pytest.mark.parametrize(
    "text",
    [
        "Tamsin Reed,Ward nurse,2026-12-31,Ward 7",
        "name,role,until,team\nTamsin Reed,ward_nurse,2026-12-31,WARD 7\n",
        "\ufeffName,Role,Until,Team\r\nTamsin Reed,WARD NURSE,2026-12-31,ward 7\r\n",
        "Tamsin Reed\tWard nurse\t2026-12-31\tWard 7",
        '"Tamsin Reed", Ward nurse , 2026-12-31 ,Ward 7',
    ],
)
def test_what_spreadsheets_write_is_read(text: str) -> None:
    [line] = read(text)
    assert line.wrong == ""
    assert line.person is not None
    assert (line.person.display_name, line.person.role) == ("Tamsin Reed", "ward_nurse")
    assert (line.person.team, line.person.until) == (
        "t-7",
        end_of_day(date(2026, 12, 31)),
    )


@pytest.mark.parametrize(
    ("text", "word"),
    [
        (",Doctor,,", "name"),
        ("Mo Vane,Wizard,,", "“Wizard” is no role"),
        ("Mo Vane,,,", "is no role"),
        ("Mo Vane,Doctor,yesterday,", "“yesterday”"),
        ("Mo Vane,Doctor,2026-03-27,", "2026-03-27"),
        ("Mo Vane,Doctor,2036-03-27,", "2036-03-27"),
        ("Mo Vane,Doctor,,Ward 9", "no team “Ward 9”"),
        ("Vane, Mo,Doctor,,,", "more than four"),
        ("x" * 121 + ",Doctor", "too long"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(text: str, word: str) -> None:
    lines = read(f"Ann Ash,Doctor\n{text}")
    assert lines[0].wrong == ""
    assert lines[1].number == 2
    assert lines[1].person is None
    assert word in lines[1].wrong


def test_a_name_that_comes_twice_is_asked_about() -> None:
    first, second = read("Ann Ash,Doctor\nann ash,Carer")
    assert not first.wrong
    assert "earlier line" in second.wrong


def test_empty_lines_say_nothing() -> None:
    assert [line.number for line in read("\n\nAnn Ash,Doctor\n,,,\nBo Elm,Carer")] == [
        1,
        3,
    ]


def test_a_day_ends_at_londons_midnight() -> None:
    """On 29 March 2026 the clocks go forward: the day has 23 hours."""
    hours = (end_of_day(date(2026, 3, 29)) - end_of_day(TODAY)) / 3_600_000_000
    assert hours == 23


@given(st.text(max_size=200))
def test_any_text_is_read_or_told_to_be_wrong(text: str) -> None:
    for line in read(text):
        assert (line.person is None) == bool(line.wrong)
