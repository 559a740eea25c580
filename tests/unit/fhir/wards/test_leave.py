# SPDX-License-Identifier: Apache-2.0
"""Leave: planned, out, overdue, back; and whether section 17 covers it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from wardkeep.fhir.mha.section import Entry, Section
from wardkeep.fhir.model.person import Person
from wardkeep.fhir.wards.leave import (
    Leave,
    State,
    authorities,
    leave_content,
    needs_authority,
    prolonged,
    read_leave,
)
from wardkeep.fhir.work.expects import Moment
from wardkeep.fhir.work.kinds.service_request import ties

NOW = datetime(2026, 11, 29, 12, 0, tzinfo=UTC)
NIA = Person("Practitioner/nia", "Nia Night")
Json = dict[str, Any]


def hours(many: float) -> timedelta:
    return timedelta(hours=many)


def leave(**unlike: Any) -> Leave:
    said: Json = {
        "id": "x",
        "patient": "p",
        "begins": NOW + hours(1),
        "until": NOW + hours(3),
        "escort": "accompanied",
        "conditions": "To the park",
        "by": NIA,
        "planned": NOW,
        **unlike,
    }
    return Leave(**said)


@pytest.mark.parametrize(
    "one",
    [
        leave(),
        leave(state=State.OUT, went=NOW + hours(1)),
        leave(state=State.BACK, went=NOW + hours(1), back=NOW + hours(2)),
        leave(state=State.CANCELLED, conditions=""),
        prolonged(
            prolonged(
                leave(state=State.OUT, went=NOW + hours(1)),
                NOW + hours(4),
                at=NOW + hours(2),
                by=NIA,
                why="The bus is late",
            ),
            NOW + hours(5),
            at=NOW + hours(3),
            by=NIA,
            why="So is the next",
        ),
    ],
)
def test_a_leave_is_read_as_it_was_written(one: Leave) -> None:
    assert read_leave(leave_content(one)) == one


def test_a_leave_explains_its_patient_to_nobody() -> None:
    assert list(ties(leave_content(leave()), Moment(0, "ServiceRequest/x"))) == []


def test_only_who_is_out_can_be_overdue() -> None:
    late = NOW + hours(4)
    assert leave(state=State.OUT, went=NOW).is_overdue(late)
    assert not leave(state=State.OUT, went=NOW).is_overdue(NOW + hours(3))
    assert not leave(state=State.BACK, went=NOW, back=late).is_overdue(late)
    assert not leave().is_overdue(late)


def test_what_is_no_leave_is_none() -> None:
    content = leave_content(leave())
    assert read_leave({**content, "category": []}) is None
    assert read_leave({**content, "occurrencePeriod": {"start": "soon"}}) is None
    assert read_leave({**content, "occurrencePeriod": None}) is None
    wrong = read_leave({**content, "status": "entered-in-error"})
    assert wrong is not None
    assert wrong.state is State.CANCELLED


def section(code: str, *entries: Entry) -> Section:
    return Section(
        id="s", code=code, began=NOW - hours(100), place=Person(), entries=entries
    )


def authorised(outcome: str, **unlike: Any) -> Entry:
    said: Json = {
        "id": "e",
        "kind": "leave",
        "at": NOW - hours(2),
        "recorded": NOW - hours(2),
        "by": NIA,
        "until": NOW + hours(3),
        "outcome": outcome,
        "words": "To the park",
        **unlike,
    }
    return Entry(**said)


@pytest.mark.parametrize(
    ("outcome", "escort", "is_covered"),
    [
        ("escorted", "escorted", True),
        ("escorted", "accompanied", False),
        ("escorted", "unescorted", False),
        ("accompanied", "escorted", True),
        ("accompanied", "accompanied", True),
        ("accompanied", "unescorted", False),
        ("unescorted", "unescorted", True),
        ("unescorted", "escorted", True),
    ],
)
def test_an_authority_covers_no_less_company(
    outcome: str,
    escort: str,
    is_covered: bool,  # noqa: FBT001 - what is expected
) -> None:
    [one] = authorities([section("3", authorised(outcome))], NOW)
    assert one.covers(leave(escort=escort)) is is_covered


def test_an_authority_covers_its_own_time_alone() -> None:
    [one] = authorities([section("3", authorised("unescorted"))], NOW)
    assert one.covers(leave(until=NOW + hours(3)))
    assert not one.covers(leave(until=NOW + hours(3.1)))
    assert not one.covers(leave(begins=NOW - hours(3)))


def test_an_authority_that_is_over_or_revoked_is_none() -> None:
    held = authorised("unescorted")
    assert authorities([section("3", held)], NOW + hours(4)) == []
    revoked = authorised("", id="r", kind="leave-revoked", at=NOW, until=None)
    assert authorities([section("3", held, revoked)], NOW) == []
    ended = authorised("", id="r", kind="discharged", at=NOW, until=None)
    assert authorities([section("3", held, ended)], NOW) == []


def test_whoever_is_kept_needs_an_authority() -> None:
    assert needs_authority([section("3")])
    assert not needs_authority([section("17A")])
    assert not needs_authority([])
    ended = authorised("", id="r", kind="discharged", at=NOW, until=None)
    assert not needs_authority([section("3", ended)])


def test_who_is_prolonged_is_late_later_and_what_it_was_stays_readable() -> None:
    one = leave(state=State.OUT, went=NOW)
    late = NOW + hours(3.5)
    assert one.is_overdue(late)
    now = prolonged(one, NOW + hours(4), at=late, by=NIA, why="Agreed with Dr Ash")
    assert not now.is_overdue(late)
    [line] = now.longer
    assert (line.was, line.at, line.by) == (one.until, late, NIA)
    assert line.why == "Agreed with Dr Ash"
