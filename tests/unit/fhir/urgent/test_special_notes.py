# SPDX-License-Identifier: Apache-2.0
"""Special notes and permission to view: what is stored, and until when a note holds."""

from datetime import UTC, date, datetime, timedelta

import msgspec
import pytest
from hypothesis import given, strategies as st

from wardkeep.apps.special_notes.typed import read_typed
from wardkeep.apps.special_notes.writing import changes_in
from wardkeep.care.writing import content_of, drafted
from wardkeep.fhir.model.person import Person
from wardkeep.fhir.urgent.flags import AUDIENCES, CATEGORIES, STOPS, warned
from wardkeep.fhir.urgent.permission import (
    Permission,
    Said,
    permission_content,
    permission_in,
)
from wardkeep.fhir.urgent.special_note import (
    ENDED,
    MISTAKE,
    REVIEWED,
    UNDONE,
    WRITTEN,
    Note,
    Step,
    note_content,
    note_in,
    review_content,
    with_step,
)
from wardkeep.web.forms import Form

ANN, BEN = Person("Practitioner/ann", "Ann Advice"), Person("Practitioner/ben", "Ben")
NOW = datetime(2026, 11, 29, 2, 0, tzinfo=UTC)
TODAY = date(2026, 11, 29)


def note(**more: object) -> Note:
    one = Note(
        id="n",
        patient="pat",
        category="SS",
        words="A loose dog in the yard.",
        audience="crews",
        owner="Fernhill front door",
        review=date(2026, 12, 24),
        since=NOW,
        steps=(Step(kind=WRITTEN, at=NOW, by=ANN),),
    )
    return msgspec.structs.replace(one, **more)


def stored(content: dict[str, object]) -> dict[str, object]:
    return content_of(msgspec.json.encode(drafted(content).resource.content))


@given(
    st.sampled_from(sorted(CATEGORIES)),
    st.sampled_from(sorted(AUDIENCES)),
    st.none() | st.dates(date(2026, 11, 1), date(2027, 11, 1)),
    st.lists(st.sampled_from([REVIEWED, ENDED, MISTAKE, UNDONE]), max_size=5),
)
def test_a_note_comes_back_and_calls_show_it_as_its_page_does(
    category: str, audience: str, last: date | None, kinds: list[str]
) -> None:
    one = note(category=category, audience=audience, last=last)
    for nth, kind in enumerate(kinds, 1):
        at = NOW + timedelta(seconds=nth)
        one = with_step(one, Step(kind=kind, at=at, by=BEN, words="Because"))
    content = stored(note_content(one))
    assert note_in(content) == one
    shown = warned([(7, content)], now=NOW + timedelta(minutes=1))
    assert bool(shown) is not one.is_mistake
    for it in shown:
        assert it.is_over == one.is_over(TODAY)
        assert it.stops == (category in STOPS and not one.is_over(TODAY))
        assert (it.by, it.audience) == ("Ann Advice", AUDIENCES[audience])
    task = review_content(one, now=NOW)
    is_closed = one.is_ended or (last is not None and last < one.review)
    assert (task["status"] == "completed") is is_closed


def test_an_end_is_taken_back_by_its_doer_for_a_quarter_of_an_hour() -> None:
    gone = with_step(note(), Step(kind=ENDED, at=NOW, by=BEN, words="Dog is gone"))
    assert gone.can_take_back(BEN, NOW + timedelta(minutes=15))
    assert not gone.can_take_back(BEN, NOW + timedelta(minutes=16))
    assert not gone.can_take_back(ANN, NOW)
    assert not note().can_take_back(ANN, NOW)
    again = with_step(gone, Step(kind=UNDONE, at=NOW, by=BEN))
    assert not again.is_ended


@pytest.mark.parametrize("status", ["inactive", "entered-in-error"])
def test_what_was_ended_among_the_alerts_holds_here_no_more(status: str) -> None:
    found = note_in({**note_content(note()), "status": status})
    assert found is not None
    assert found.is_over(TODAY)
    assert found.is_mistake is (status == "entered-in-error")
    assert not found.can_take_back(ANN, NOW)


def test_a_note_is_due_on_its_day_and_not_when_it_is_over() -> None:
    one = note(review=TODAY)
    assert one.is_due(TODAY)
    assert not one.is_due(TODAY - timedelta(days=1))
    assert not note(review=TODAY, last=TODAY - timedelta(days=1)).is_due(TODAY)


def test_a_review_says_what_it_changed() -> None:
    changed = note(words="Two dogs.", last=date(2026, 12, 31))
    assert changes_in(note(), changed) == (
        "Words was: A loose dog in the yard.; Last day was: none"
    )
    assert changes_in(note(), note()) == ""


TYPED = {
    "category": "SS",
    "words": "A loose dog.",
    "audience": "crews",
    "owner": "Front door",
    "review-day": "24",
    "review-month": "12",
    "review-year": "2026",
}


def test_what_was_typed_is_read_and_none_of_it_has_a_default() -> None:
    assert read_typed(Form(TYPED), TODAY) is not None
    for name in ("category", "words", "audience", "owner"):
        form = Form({one: it for one, it in TYPED.items() if one != name})
        assert read_typed(form, TODAY) is None
        assert name in form.problems


@pytest.mark.parametrize("year", ["2025", "2028", "", "soon"])
def test_a_note_that_nobody_would_look_at_for_a_year_is_refused(year: str) -> None:
    form = Form(TYPED | {"review-year": year})
    assert read_typed(form, TODAY) is None
    assert "review-day" in form.problems


def test_a_code_that_opens_a_home_is_in_no_note() -> None:
    form = Form(TYPED | {"words": "Key safe code 4711 by the door"})
    assert read_typed(form, TODAY) is None
    assert "opens a home" in form.problems["words"].wrong


@pytest.mark.parametrize("said", list(Said))
def test_permission_comes_back_with_who_asked(said: Said) -> None:
    one = Permission(
        case="case", patient="pat", said=said, at=NOW, by=ANN, why="Unconscious"
    )
    content = stored(permission_content(one))
    assert permission_in(content) == one
    given_type = content.get("provision", {})
    assert (given_type == {"type": "permit"}) is (said is Said.GIVEN)
    assert permission_in({"resourceType": "Consent"}) is None
