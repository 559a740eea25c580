# SPDX-License-Identifier: Apache-2.0
"""What is typed about a depot: what must be said, and what is not as scheduled."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from wardkeep.apps.depots.typed import read_code, read_given, read_terms
from wardkeep.fhir.depots.schedule import GIVEN, Entry, Schedule
from wardkeep.fhir.model.person import Person
from wardkeep.web.forms import Form

NURSE, CLINIC = Person("Practitioner/n", "Nils Oak"), Person("Location/c", "Clinic")
NOW = datetime(2026, 12, 2, 15, 0, tzinfo=UTC)
GIVEN_FORM = {
    "at": "2026-12-02T14:30",
    "dose": "100",
    "site": "deltoid",
    "side": "left",
    "batch": "B1",
    "expires-month": "12",
    "expires-year": "2026",
    "by": "Practitioner/n",
    "seen": "Well",
}
TERMS = {
    "dose": "37,5",
    "unit": "mg",
    "route": "im",
    "every": "28",
    "early": "2",
    "late": "0",
    "counts": "given",
    "team": "Location/c",
    "prescriber": "Dr Fictional",
}


def schedule(*entries: Entry) -> Schedule:
    return Schedule(
        id="d1",
        patient="p1",
        medicine="Paliperidone",
        dose=Decimal(100),
        unit="mg",
        route="im",
        every=28,
        early=2,
        late=3,
        counts="given",
        first=date(2026, 12, 2),
        place=CLINIC,
        prescriber="Dr Fictional",
        began=NOW,
        author=NURSE,
        entries=entries,
    )


def test_terms_are_read_and_none_of_them_has_a_default() -> None:
    terms = read_terms(Form(TERMS), [CLINIC])
    assert terms is not None
    assert (terms.dose, terms.every, terms.early, terms.late) == (
        *(Decimal("37.5"), 28),
        *(2, 0),
    )
    for name in TERMS:
        form = Form({one: it for one, it in TERMS.items() if one != name})
        assert read_terms(form, [CLINIC]) is None
        assert name in form.problems


@pytest.mark.parametrize(
    ("name", "typed"),
    [
        ("dose", "0"),
        ("dose", "-5"),
        ("dose", "a lot"),
        ("dose", "1e3"),
        ("dose", "0.0001"),
        ("dose", "NaN"),
        ("dose", "99999"),
        ("every", "0"),
        ("every", "400"),
        ("early", "28"),
        ("late", "-1"),
        ("unit", "spoon"),
        ("team", "Location/elsewhere"),
    ],
)
def test_what_cannot_be_is_refused_at_its_field(name: str, typed: str) -> None:
    form = Form(TERMS | {name: typed})
    assert read_terms(form, [CLINIC]) is None
    assert set(form.problems) == {name}


def test_a_dose_as_scheduled_needs_no_word_why() -> None:
    given = read_given(Form(GIVEN_FORM), schedule(), [NURSE], now=NOW)
    assert given is not None
    assert (given.dose, given.expires, given.why) == (Decimal(100), "2026-12", "")
    # What stood there of another time is not kept where nothing differs
    spoken = Form(GIVEN_FORM | {"why": "left over"})
    again = read_given(spoken, schedule(), [NURSE], now=NOW)
    assert again is not None
    assert again.why == ""


@pytest.mark.parametrize(
    ("name", "typed", "said"),
    [
        ("at", "2026-11-29T10:00", "outside the window"),
        ("dose", "75", "not the one of the schedule"),
        ("expires-month", "11", "had expired"),
    ],
)
def test_what_differs_is_told_and_stored_with_why(
    name: str, typed: str, said: str
) -> None:
    form = Form(GIVEN_FORM | {name: typed})
    assert read_given(form, schedule(), [NURSE], now=NOW) is None
    assert said in form.problems["why"].wrong
    told = Form(GIVEN_FORM | {name: typed, "why": "Agreed by Dr Fictional"})
    given = read_given(told, schedule(), [NURSE], now=NOW)
    assert given is not None
    assert given.why == "Agreed by Dr Fictional"


def test_a_second_dose_on_one_day_says_why() -> None:
    before = Entry(
        id="e", kind=GIVEN, at=NOW, recorded=NOW, by=NURSE, to=date(2026, 12, 2)
    )
    form = Form(GIVEN_FORM)
    assert read_given(form, schedule(before), [NURSE], now=NOW) is None
    assert "on that day already" in form.problems["why"].wrong


@pytest.mark.parametrize(
    ("name", "typed"),
    [
        ("at", "2026-12-02T15:30"),
        ("at", "2024-12-02T15:30"),
        ("at", ""),
        ("side", ""),
        ("site", "ear"),
        ("batch", ""),
        ("by", "Practitioner/stranger"),
        ("expires-month", "13"),
        ("expires-year", ""),
    ],
)
def test_what_is_missing_is_told_at_its_field(name: str, typed: str) -> None:
    form = Form(GIVEN_FORM | {name: typed})
    assert read_given(form, schedule(), [NURSE], now=NOW) is None
    place = "expires-month" if name.startswith("expires") else name
    assert set(form.problems) == {place}


def test_a_code_that_is_mistyped_is_refused_and_none_is_fine() -> None:
    assert read_code(Form({})) == ""
    assert read_code(Form({"code": "784 21000"})) == "78421000"
    wrong = Form({"code": "78421001"})
    read_code(wrong)
    assert set(wrong.problems) == {"code"}
