# SPDX-License-Identifier: Apache-2.0
"""What may go along with a referral, and what of it leaves."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, strategies as st

from wardkeep.fhir.along.choosing import Case, Choice, Kind, choice_of
from wardkeep.fhir.along.made import made_of
from wardkeep.fhir.triage.record import DECIDED, LOG
from wardkeep.fhir.urgent.flags import CATEGORIES, SYSTEM

Json = dict[str, Any]
NOW = datetime(2026, 11, 30, 15, tzinfo=UTC)
BEGAN = NOW - timedelta(minutes=20)
CASE = Case(id="c", began=BEGAN)
EARLIER, LATER = BEGAN - timedelta(minutes=1), NOW + timedelta(minutes=1)


def flag(code: str, words: str = "Dog bites", **more: object) -> Json:
    return {
        "resourceType": "Flag",
        "id": f"flag-{code.lower()}",
        "status": "active",
        "category": [{"coding": [{"system": SYSTEM, "code": code}]}],
        "code": {"text": words},
        "subject": {"reference": "Patient/p"},
        "author": {"reference": "Practitioner/ann", "display": "Ann Advice"},
        **more,
    }


def pulse(id_: str = "pulse", at: datetime = NOW, **more: object) -> Json:
    return {
        "resourceType": "Observation",
        "id": id_,
        "status": "final",
        "category": [{"coding": [{"code": "vital-signs"}]}],
        "code": {"text": "Pulse"},
        "valueQuantity": {"value": 130, "unit": "/min"},
        "subject": {"reference": "Patient/p"},
        "effectiveDateTime": at.isoformat(),
        "note": [{"text": "Rang off twice"}],
        **more,
    }


def triage(id_: str = "triage", at: datetime = NOW, **more: object) -> Json:
    return {
        "resourceType": "QuestionnaireResponse",
        "id": id_,
        "questionnaire": "urn:wardkeep:questionnaire:palpitations|1.0",
        "status": "completed",
        "subject": {"reference": "Patient/p"},
        "encounter": {"reference": "Encounter/c"},
        "authored": at.isoformat(),
        "author": {"reference": "Practitioner/tim", "display": "Tim Taker"},
        "source": {"reference": "RelatedPerson/son"},
        "extension": [
            {"url": LOG, "valueString": "{}"},
            {"url": DECIDED, "valueCoding": {"code": "emergency-department-1h"}},
        ],
        "item": [
            {
                "linkId": "since",
                "text": "Since when?",
                "answer": [{"valueString": "Noon"}],
            },
            {
                "linkId": "photo",
                "text": "A picture",
                "answer": [{"valueAttachment": {"url": "https://elsewhere.example"}}],
            },
        ],
        **more,
    }


def chosen(*contents: Json, case: Case = CASE) -> Choice:
    return choice_of([(1, one) for one in contents], case, now=NOW)


def keys(choice: Choice) -> list[str]:
    return [one.key for one in choice.lines]


def test_warnings_that_keep_people_safe_go_and_what_is_ours_stays() -> None:
    choice = chosen(*(flag(code) for code in CATEGORIES))
    assert set(keys(choice)) == {
        f"flag-{code}" for code in ("cw", "ss", "ir", "sg", "rt", "ra")
    }
    needed = {one.key for one in choice.lines if one.is_needed}
    assert needed == {"flag-cw", "flag-ss", "flag-ir"}
    assert [one.is_needed for one in choice.lines] == [True] * 3 + [False] * 3


@pytest.mark.parametrize(
    ("code", "goes"), [("safety", 1), ("contact", 1), ("admin", 0)]
)
def test_an_alert_of_the_record_goes_by_its_kind(code: str, goes: int) -> None:
    system = "http://terminology.hl7.org/CodeSystem/flag-category"
    category = [{"coding": [{"system": system, "code": code}]}]
    assert len(chosen(flag("CW", category=category)).lines) == goes


@pytest.mark.parametrize(
    "changed",
    [
        {"status": "inactive"},
        {"status": "entered-in-error"},
        {"period": {"end": "2026-11-29"}},
    ],
)
def test_a_warning_that_is_over_stays(changed: Json) -> None:
    assert chosen(flag("CW", **changed)).lines == ()


def test_measurements_of_this_case_go_together_by_the_minute() -> None:
    pressure = pulse(
        "pressure",
        code={"text": "Blood pressure"},
        valueQuantity=None,
        component=[
            {"code": {"text": "systolic"}, "valueQuantity": {"value": 92, "unit": "mm"}}
        ],
    )
    pressure.pop("valueQuantity")
    choice = chosen(pulse(), pressure, pulse("first", NOW - timedelta(minutes=10)))
    first, second = choice.lines
    assert first.words == "Blood pressure systolic 92 mm; Pulse 130 /min"
    assert (first.kind, len(first.resources)) == (Kind.MEASURED, 2)
    assert second.key == "first"


@pytest.mark.parametrize(
    "content",
    [
        pulse(at=EARLIER),
        pulse(at=LATER),
        pulse(status="entered-in-error"),
        pulse(encounter={"reference": "Encounter/another"}),
        pulse(category=[{"coding": [{"code": "laboratory"}]}]),
        triage(encounter={"reference": "Encounter/another"}),
        triage(extension=[]),
        triage(status="in-progress"),
        {"resourceType": "Condition", "id": "x"},
    ],
)
def test_what_is_of_another_case_or_of_none_stays(content: Json) -> None:
    assert chosen(content).lines == ()


def test_without_a_case_only_warnings_go() -> None:
    choice = chosen(pulse(), triage(), flag("IR"), case=Case())
    assert keys(choice) == ["flag-ir"]


def test_where_a_surgery_is_told_nothing_only_warnings_go() -> None:
    quiet = Case(id="c", began=BEGAN, is_quiet=True)
    assert keys(chosen(pulse(), triage(), flag("IR"), case=quiet)) == ["flag-ir"]


@pytest.mark.parametrize(
    "content",
    [
        flag("SS", "Dog. Key safe code 4821 by the back door"),
        triage(
            item=[
                {
                    "linkId": "in",
                    "text": "Code of the key safe",
                    "answer": [{"valueString": "4821"}],
                }
            ]
        ),
    ],
)
def test_what_holds_a_code_of_a_door_stays_whoever_wrote_it(content: Json) -> None:
    choice = chosen(content, pulse())
    assert (keys(choice), choice.with_codes) == (["pulse"], 1)


def test_nobody_unticks_what_would_harm_and_the_rest_is_theirs_to_choose() -> None:
    choice = chosen(flag("CW"), flag("RA"), pulse(), triage())

    def goes(ticked: list[str] | None) -> list[str]:
        return [one.key for one in choice.going(ticked)]

    assert goes(None) == ["flag-cw", "flag-ra", "triage", "pulse"]
    assert goes([]) == ["flag-cw"]
    assert goes(["pulse", "somebody-elses"]) == ["flag-cw", "pulse"]


def test_more_than_a_page_asks_about_is_said_to_stay() -> None:
    many = [pulse(f"pulse-{nth}", NOW - timedelta(minutes=nth)) for nth in range(15)]
    choice = chosen(*many)
    assert (len(choice.lines), choice.more, choice.lines[0].key) == (12, 3, "pulse-0")


def test_no_partners_warnings_push_ours_out() -> None:
    theirs = [
        flag(
            "CW",
            f"AAA {nth}",
            id=f"a{nth:02d}",
            extension=[
                {"url": "urn:wardkeep:received", "valueReference": {"display": "X"}}
            ],
        )
        for nth in range(30)
    ]
    choice = chosen(*theirs, flag("IR", "Measles"))
    assert (choice.lines[0].key, len(choice.lines), choice.more) == ("flag-ir", 24, 7)


def test_what_leaves_is_named_part_by_part() -> None:
    assert made_of(triage()) == {
        "resourceType": "QuestionnaireResponse",
        "questionnaire": "urn:wardkeep:questionnaire:palpitations|1.0",
        "status": "completed",
        "authored": NOW.isoformat(),
        "author": {"display": "Tim Taker"},
        "item": [
            {
                "linkId": "since",
                "text": "Since when?",
                "answer": [{"valueString": "Noon"}],
            },
            {"linkId": "photo", "text": "A picture"},
        ],
    }
    assert set(made_of(pulse())) == {
        *("resourceType", "status", "category", "code"),
        *("valueQuantity", "effectiveDateTime"),
    }
    sent = made_of(flag("CW", extension=[{"url": "urn:wardkeep:special-note:review"}]))
    assert set(sent) == {"resourceType", "status", "category", "code", "author"}
    assert sent["author"] == {"display": "Ann Advice"}


_JSON = st.recursive(
    st.text(max_size=8) | st.integers() | st.booleans() | st.none(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["reference", "text", "coding", "item", "answer", "url"]),
            inner,
        )
    ),
    max_leaves=8,
)


@given(
    st.sampled_from([flag("CW"), pulse(), triage()]),
    st.dictionaries(
        st.sampled_from(
            ["extension", "contained", "note", "encounter", "item", "period", "author"]
        ),
        _JSON,
    ),
)
def test_whatever_stands_in_a_resource_no_reference_of_ours_leaves(
    content: Json, more: Json
) -> None:
    made = made_of({**content, **more})
    waiting: list[object] = [
        one for name, one in made.items() if name not in ("code", "category", "period")
    ]
    while waiting:
        here = waiting.pop()
        if isinstance(here, dict):
            assert "reference" not in here
            waiting.extend(here.values())
        elif isinstance(here, list):
            waiting.extend(here)
    assert not {"extension", "contained", "note", "subject", "encounter"} & set(made)
