# SPDX-License-Identifier: Apache-2.0
"""Observation levels, when a check is due, how late one was, and what is struck."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from wardkeep.fhir.model.person import Person
from wardkeep.fhir.wards.checks import (
    Check,
    Sheet,
    day_of,
    new_sheet,
    newest_first,
    next_due,
    overdue_minutes,
    read_sheet,
    sheet_content,
)
from wardkeep.fhir.wards.level import (
    KINDS,
    Level,
    flag_content,
    level_content,
    read_level,
    short_words,
)

NOW = datetime(2026, 11, 29, 2, 0, tzinfo=UTC)
NIA = Person("Practitioner/nia", "Nia Night")
Json = dict[str, Any]


def minutes(many: int) -> timedelta:
    return timedelta(minutes=many)


def level(**unlike: Any) -> Level:
    said: Json = {
        "id": "l",
        "patient": "p",
        "code": "intermittent",
        "every": 15,
        "began": NOW,
        "by": NIA,
        "reason": "Unsettled",
        "review": NOW + timedelta(hours=12),
        **unlike,
    }
    return Level(**said)


def check(id_: str, at: datetime, **unlike: Any) -> Check:
    said: Json = {
        "id": id_,
        "at": at,
        "recorded": at,
        "due": at,
        "by": NIA,
        "seen": "asleep",
        "where": "bedroom",
        **unlike,
    }
    return Check(**said)


@pytest.mark.parametrize(
    "one",
    [
        level(),
        level(code="general", every=60, review=None),
        level(ended=NOW + minutes(40), ended_by=Person("", "Dan Day")),
        level(ended=NOW, is_mistake=True),
    ],
)
def test_a_level_is_read_as_it_was_written(one: Level) -> None:
    read = read_level(level_content(one))
    assert read is not None
    assert read == msgspec.structs.replace(one, is_mistake=one.is_mistake)
    assert read.is_open is (one.ended is None)


def test_the_alert_says_the_level_and_ends_with_it() -> None:
    flag = flag_content(level())
    assert flag["code"]["text"] == "Observed: every 15 minutes"
    assert flag["status"] == "active"
    assert flag_content(level(ended=NOW + minutes(3)))["status"] == "inactive"
    assert flag_content(level(code="arms-length"))["code"]["text"] == (
        "Observed: within arm’s length"
    )


def test_a_level_of_other_software_goes_by_its_code() -> None:
    assert short_words("two-to-one", 10) == "two-to-one"
    assert short_words("general", 60) == "General"
    content = level_content(level(code="two-to-one"))
    read = read_level(content)
    assert read is not None
    assert read.code == "two-to-one"
    assert read_level({**content, "category": {"text": "Surgery"}}) is None
    assert read_level({**content, "performedPeriod": {}}) is None
    odd = {**content, "extension": [{"url": "urn:wardkeep:ward:every"}]}
    odd_read = read_level({**odd, "performer": []})
    assert odd_read is not None
    assert odd_read.every == 60


def test_every_kind_proposes_what_may_be_chosen() -> None:
    assert list(KINDS) == ["general", "intermittent", "eyesight", "arms-length"]
    assert all(one.every for one in KINDS.values())


def test_the_next_check_is_due_so_long_after_the_last() -> None:
    assert next_due(began=NOW, every=15, last=None) == NOW + minutes(15)
    last = NOW + minutes(40)
    assert next_due(began=NOW, every=15, last=last) == last + minutes(15)
    before = NOW - minutes(40)
    assert next_due(began=NOW, every=15, last=before) == NOW + minutes(15)


def test_whoever_comes_back_from_leave_is_looked_at_at_once() -> None:
    back, last = NOW + minutes(90), NOW + minutes(10)
    assert next_due(began=NOW, every=15, last=last, back=back) == back
    again = NOW + minutes(91)
    due = next_due(began=NOW, every=15, last=again, back=back)
    assert due == again + minutes(15)


def test_how_late_it_is_counts_whole_minutes() -> None:
    assert overdue_minutes(NOW, NOW + timedelta(seconds=59)) == 0
    assert overdue_minutes(NOW, NOW + minutes(3)) == 3
    assert overdue_minutes(NOW, NOW - minutes(3)) == 0


@pytest.mark.parametrize(
    ("late", "missed"), [(0, 0), (1, 0), (14, 0), (15, 1), (44, 2)]
)
def test_a_late_check_says_how_many_were_missed(late: int, missed: int) -> None:
    one = check("a", NOW + minutes(late), due=NOW)
    assert (one.late_minutes, one.missed(15)) == (late, missed)


def test_a_sheet_is_read_as_it_was_written() -> None:
    struck = check("b", NOW + minutes(5), struck_by=NIA, struck_at=NOW + minutes(9))
    late = check(
        "c",
        NOW + minutes(12),
        recorded=NOW + minutes(40),
        due=NOW + minutes(10),
        is_late_entry=True,
        words="Called to an emergency",
        where="",
        seen="not-found",
    )
    sheet = Sheet(
        id="s", level="l", patient="p", checks=(check("a", NOW), struck, late)
    )
    assert read_sheet(sheet_content(sheet)) == sheet
    assert [one.id for one in sheet.holding] == ["a", "c"]
    assert sheet.last == late
    assert [one.id for one in newest_first([sheet])] == ["c", "b", "a"]


def test_a_sheet_that_was_entered_in_error_has_no_checks() -> None:
    sheet = Sheet(id="s", level="l", patient="p", checks=(check("a", NOW),))
    content = {**sheet_content(sheet), "status": "entered-in-error"}
    read = read_sheet(content)
    assert read is not None
    assert read.last is None
    assert read_sheet({**content, "partOf": []}) is None
    assert read_sheet({**content, "code": {"text": "Pulse"}}) is None


def test_a_sheet_is_one_a_level_and_day_in_london() -> None:
    before = datetime(2026, 7, 1, 22, 59, tzinfo=UTC)
    after = before + minutes(2)
    assert day_of(after) != day_of(before)
    one, other = (new_sheet("l", patient="p", day=day_of(at)) for at in (before, after))
    assert one.id != other.id
    assert new_sheet("l", patient="p", day=day_of(before)).id == one.id
