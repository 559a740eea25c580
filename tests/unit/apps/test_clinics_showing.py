# SPDX-License-Identifier: Apache-2.0
"""A clinic's day in words: those first who need somebody now, a 0 shown as 0."""

from datetime import UTC, datetime, timedelta

import pytest

from wardkeep.apps.clinics.showing import Section, sections
from wardkeep.base.ids import new_uuid
from wardkeep.fhir.clinics.outcomes import Line
from wardkeep.fhir.clinics.rows import Step
from wardkeep.fhir.clinics.words import Channel, Note

NINE = datetime(2026, 11, 30, 9, 0, tzinfo=UTC)


def line(id_: str, entry: str = "", **more: object) -> Line:
    usual: dict[str, object] = {
        "appointment": id_,
        "patient": f"{id_}-p",
        "place": "heart",
        "day": NINE.date(),
        "starts_at": NINE,
        "ends_at": NINE + timedelta(minutes=15),
        "status": "checked-in" if entry else "booked",
        "entry": 1 if entry else 0,
        "ticket": 7 if entry else 0,
        "entry_status": entry,
        "arrived_at": NINE if entry else None,
    }
    return Line(**{**usual, **more})  # type: ignore[arg-type]


def shown(*lines: Line, minutes: int = 0, only: str = "all") -> list[Section]:
    return sections(lines, {}, NINE + timedelta(minutes=minutes), only=only)


def test_who_is_here_stands_before_who_is_expected_and_who_was_seen() -> None:
    here = (line("d", "seen"), line("c"), line("b", "waiting"), line("a", "called"))
    told = [row.id for one in shown(*here) for row in one.rows]
    assert told == ["a", "b", "c", "d"]


def test_a_wait_of_nothing_is_said_as_0() -> None:
    [section] = shown(line("a", "waiting"))
    assert section.rows[0].more == "Number 7; waits 0 min"


def test_notes_room_and_other_clinics_are_in_words() -> None:
    seen = line("a", "called", note=Note.INTERPRETER, room="Room 4", is_elsewhere=True)
    [section] = shown(seen)
    assert section.rows[0].more == (
        "Number 7; Room 4; is in another clinic just now; Interpreter"
    )


def test_who_is_late_is_marked_after_twenty_minutes() -> None:
    [section] = shown(line("a"), minutes=20)
    assert section.rows[0].more == ""
    [section] = shown(line("a"), minutes=21)
    assert section.rows[0].more == "21 min late"


@pytest.mark.parametrize(
    ("only", "kept"), [("here", ["a"]), ("expected", ["b"]), ("nonsense", ["a", "b"])]
)
def test_a_list_shows_whom_it_is_asked_for(only: str, kept: list[str]) -> None:
    told = shown(line("a", "waiting"), line("b"), only=only)
    assert [row.id for one in told for row in one.rows] == kept


def test_the_last_step_can_be_undone_for_a_quarter_of_an_hour() -> None:
    step = Step(1, NINE, "expected", "waiting", new_uuid(), Channel.DESK)
    for minutes, may_undo in ((15, True), (16, False)):
        now = NINE + timedelta(minutes=minutes)
        [section] = sections([line("a", "waiting")], {"a": step}, now)
        assert bool(section.rows[0].undoes) is may_undo
