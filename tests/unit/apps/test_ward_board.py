# SPDX-License-Identifier: Apache-2.0
"""A board in words: who lies where, what is overdue, what can be undone."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from wardkeep.apps.wards.checking import late_words
from wardkeep.apps.wards.showing import (
    Tag,
    board_of,
    due_of,
    in_due_order,
    long_words,
    lying_of,
)
from wardkeep.fhir.model.person import Person
from wardkeep.fhir.wards.checks import Check
from wardkeep.fhir.wards.rows import BedRow, StayRow, StepRow

NOW = datetime(2026, 11, 29, 4, 0, tzinfo=UTC)


def minutes(many: int) -> timedelta:
    return timedelta(minutes=many)


def stay(patient: str, bed: str = "", **unlike: Any) -> StayRow:
    said: dict[str, Any] = {
        "patient": patient,
        "stay": f"{patient}-stay",
        "ward": "heron",
        "bed": bed,
        "bed_name": f"Bed {bed[-1:]}" if bed else "",
        "began_at": NOW - timedelta(days=3),
        "expected_on": None,
        "is_away": False,
        "is_sealed": False,
        "level": "l",
        "code": "intermittent",
        "every": 15,
        "turn": 0,
        "set_at": NOW - timedelta(hours=5),
        "review_at": NOW + timedelta(hours=5),
        "last_at": NOW - minutes(5),
        "is_alarm": False,
        "out": "",
        "went_at": None,
        "until_at": None,
        "escort": "",
        "next_leave": None,
        "back_at": None,
        "sections": (),
        **unlike,
    }
    return StayRow(**said)


def bed(name: str, state: str = "free") -> BedRow:
    return BedRow(name, "heron", f"Bed {name[-1:]}", state)


def test_a_board_has_each_bed_in_its_order_and_who_is_in_none() -> None:
    beds = [bed("b2"), bed("b1", "closed"), bed("b3")]
    stays = [stay("ann", "b3"), stay("bea"), stay("cal", "elsewhere-9")]
    board = board_of(beds, stays, {}, NOW)
    assert [one.name for one in board.places] == ["Bed 1", "Bed 2", "Bed 3"]
    assert [one.tag.words for one in board.places] == ["Closed", "Free", "Taken"]
    assert [one.patient for one in board.elsewhere] == ["bea", "cal"]
    assert (board.taken, board.free) == (1, 1)


def test_who_is_overdue_stands_first_and_who_has_no_check_last() -> None:
    stays = [
        stay("later", last_at=NOW - minutes(2)),
        stay("none", level=""),
        stay("late", last_at=NOW - minutes(40)),
        stay("out", out="x", until_at=NOW + minutes(60)),
    ]
    board = board_of([], stays, {}, NOW)
    order = [one.patient for one in in_due_order(board.people)]
    assert order[:2] == ["late", "later"]
    assert set(order[2:]) == {"none", "out"}
    assert (board.overdue, board.out) == (1, 1)


def test_a_check_says_how_overdue_it_is() -> None:
    late = due_of(stay("a", last_at=NOW - minutes(40)), NOW)
    assert late is not None
    assert late.tag == Tag("Check overdue: 25 minutes", "red")
    soon = due_of(stay("a", last_at=NOW - minutes(11)), NOW)
    assert soon is not None
    assert soon.tag == Tag("Check by 04:04", "orange")
    later = due_of(stay("a"), NOW)
    assert later is not None
    assert later.tag == Tag("Next check by 04:10")
    just = due_of(stay("a", last_at=NOW - minutes(15) - timedelta(seconds=5)), NOW)
    assert just is not None
    assert just.tag.words == "Check due now"


def test_leave_says_until_when_and_how_overdue() -> None:
    def words(**unlike: Any) -> list[str]:
        return [one.words for one in lying_of(stay("a", **unlike), None, NOW).leave]

    assert words(out="x", until_at=NOW + minutes(30), escort="escorted") == [
        "On leave until 04:30",
        "Escorted by staff",
    ]
    late = words(out="x", until_at=NOW - minutes(65), escort="unescorted")
    assert late == ["Not back from leave: 1 hour 5 minutes overdue", "Alone"]
    assert words(is_away=True) == ["On leave"]
    tomorrow = NOW + timedelta(days=1)
    assert words(next_leave=tomorrow) == ["Leave planned from 04:00 on 30 Nov"]


def test_what_else_a_row_says() -> None:
    one = lying_of(
        stay(
            "a",
            "b1",
            is_alarm=True,
            review_at=NOW - minutes(1),
            sections=("3", "37/41"),
            expected_on=date(2026, 11, 28),
        ),
        StepRow(patient="a", number=7, at=NOW, did="moved", by="x", wrote=()),
        NOW,
    )
    assert [it.words for it in one.notes] == [
        "Not found at the last check",
        "Review of the level is due",
    ]
    assert one.legal == "Section 3, Section 37/41"
    assert one.leaving == Tag("Was to leave 28 Nov", "orange")
    assert one.day == 4
    assert one.undo_words == "Moved"
    assert lying_of(stay("a", level=""), None, NOW).level.words == "No level set"
    ahead = stay("a", expected_on=date(2027, 1, 2))
    assert lying_of(ahead, None, NOW).leaving == Tag("To leave 2 Jan 2027")
    today = stay("a", expected_on=date(2026, 11, 29))
    assert lying_of(today, None, NOW).leaving == Tag("To leave today")


def test_how_long_is_said_in_words() -> None:
    assert long_words(0) == ""
    assert long_words(1) == "1 minute"
    assert long_words(125) == "2 hours 5 minutes"
    assert long_words(1441) == "1 day"
    assert long_words(3000) == "2 days 2 hours"


def test_a_late_check_says_so_in_words() -> None:
    def said(late: int) -> str:
        one = Check(
            id="a",
            at=NOW + minutes(late),
            recorded=NOW,
            due=NOW,
            by=Person(),
            seen="calm",
        )
        return late_words(one, 15)

    assert said(0) == ""
    assert said(3) == "3 minutes late"
    assert said(16) == "16 minutes late: 1 further check was missed"
    assert said(95) == "1 hour 35 minutes late: 6 further checks were missed"
