# SPDX-License-Identifier: Apache-2.0
"""NEWS2 is not totalled for children or in pregnancy: values, and why, and no score."""

import json
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from wardkeep.apps.records.observation_set import ObservationSet, resources_of
from wardkeep.base.clock import LONDON, SystemClock
from wardkeep.base.news2 import Unfit, response_to
from wardkeep.care.chart import Chart, build_chart
from wardkeep.care.observations import news2_chart, news2_latest, score
from wardkeep.care.pregnancy import unfit_on
from wardkeep.care.writing import drafted
from wardkeep.fhir.validation import check

SNOMED, LOINC = "http://snomed.info/sct", "http://loinc.org"
RESOLVED = {"coding": [{"code": "resolved"}]}
PREGNANT = {"coding": [{"system": SNOMED, "code": "77386006"}], "text": "Pregnancy"}
SET = (("9279-1", 30), ("59408-5", 85), ("3151-8", 2), ("8480-6", 85), ("8867-4", 140))


def chart_of(born: str, *conditions: dict[str, Any], when: str = "2026-11-20") -> Chart:
    at = f"{when}T09:41:00+00:00"
    resources: list[dict[str, Any]] = [
        {"resourceType": "Patient", "id": "p", "birthDate": born}
    ]
    resources += [{"resourceType": "Condition", "id": "c", **one} for one in conditions]
    for code, value in SET:
        resources.append(_observation(code, at, valueQuantity={"value": value}))
    alert = {"coding": [{"code": "248234008"}], "text": "Alert"}
    resources.append(_observation("67775-7", at, valueCodeableConcept=alert))
    resources.append(_observation("8310-5", at, valueQuantity={"value": 39.5}))
    return build_chart(
        (one["resourceType"], one.get("id", "x"), json.dumps(one).encode())
        for one in resources
    )


def _observation(code: str, at: str, **value: object) -> dict[str, Any]:
    return {
        "resourceType": "Observation",
        "status": "final",
        "code": {"coding": [{"system": LOINC, "code": code}]},
        "effectiveDateTime": at,
        **value,
    }


def is_scored(chart: Chart) -> bool:
    """Whether anything of the chart is a score: the total or a part of it."""
    drawn = news2_chart(chart)
    assert drawn is not None
    assert [cell.value for row in drawn.rows for cell in row.cells][:2] == ["30", "85"]
    cells = [cell for row in drawn.rows for cell in row.cells]
    return any(one.score is not None for one in (*cells, *drawn.totals))


@pytest.mark.parametrize(
    ("born", "unfit"),
    [
        ("2010-11-21", Unfit.CHILD),
        ("2010-11-20", None),
        ("1980", None),
        ("2015", Unfit.CHILD),
        ("2015-06", Unfit.CHILD),
        ("2010", None),
        ("", None),
        ("2026-11-01", Unfit.CHILD),
    ],
)
def test_the_day_of_the_set_says_whether_somebody_was_sixteen(
    born: str, unfit: Unfit | None
) -> None:
    chart = chart_of(born)
    latest = news2_latest(chart)
    assert latest is not None
    assert is_scored(chart) is (unfit is None)
    assert latest.unfit == (unfit.value if unfit else "")
    assert (latest.total is None) is (unfit is not None)


@pytest.mark.parametrize(
    ("condition", "is_pregnant"),
    [
        ({"code": PREGNANT, "onsetDateTime": "2026-08-01"}, True),
        ({"code": PREGNANT}, True),
        ({"code": {"text": "Pregnant"}, "onsetDateTime": "2026-08"}, True),
        ({"code": PREGNANT, "onsetDateTime": "2026"}, True),
        # Ended, or so long ago that it must have
        (
            {
                "code": PREGNANT,
                "onsetDateTime": "2026-02-01",
                "abatementDateTime": "2026-11-01",
            },
            False,
        ),
        ({"code": PREGNANT, "onsetDateTime": "2025-11-20"}, False),
        (
            {"code": PREGNANT, "clinicalStatus": RESOLVED},
            False,
        ),
        (
            {
                "code": PREGNANT,
                "onsetDateTime": "2026-08-01",
                "clinicalStatus": RESOLVED,
            },
            False,
        ),
        # Not a pregnancy
        (
            {"code": PREGNANT, "verificationStatus": {"coding": [{"code": "refuted"}]}},
            False,
        ),
        ({"code": {"text": "28 weeks pregnant"}, "onsetDateTime": "2026-06"}, True),
        ({"code": {"text": "Pregnancy, 12/40"}, "onsetDateTime": "2026-09"}, True),
        ({"code": {"text": "Twin pregnancy at 20 weeks"}}, True),
        ({"code": {"text": "Pregnant (28+3 weeks)"}}, True),
        # Written down at 28 weeks: over 16 weeks later, 44 weeks after it began
        (
            {"code": {"text": "28 weeks pregnant"}, "recordedDate": "2026-10-01"},
            True,
        ),
        (
            {"code": {"text": "28 weeks pregnant"}, "recordedDate": "2026-07-01"},
            False,
        ),
        ({"code": {"text": "Not pregnant"}}, False),
        ({"code": {"text": "Was 28 weeks pregnant in 2019"}}, False),
        ({"code": {"text": "Pregnancy test negative"}}, False),
        ({"code": {"text": "28 weeks"}}, False),
        ({"code": {"text": "Ectopic pregnancy in 2019"}}, False),
        # After the set
        ({"code": PREGNANT, "onsetDateTime": "2026-11-21"}, False),
    ],
)
def test_a_known_pregnancy_keeps_a_set_from_being_scored(
    condition: dict[str, Any],
    is_pregnant: bool,  # noqa: FBT001 - a column of the table above
) -> None:
    chart = chart_of("1993-01-01", condition)
    assert is_scored(chart) is not is_pregnant
    latest = news2_latest(chart)
    assert latest is not None
    assert latest.unfit == (Unfit.PREGNANT.value if is_pregnant else "")


def test_a_set_of_somebody_whom_it_is_not_for_is_stored_with_the_reason() -> None:
    taken = ObservationSet(
        id="8a2a4e2e-6a34-4c2b-8f6e-1d2c3b4a5f60",
        at=SystemClock().now().astimezone(LONDON),
        is_scale_2=False,
        is_on_oxygen=False,
        oxygen_flow=None,
        level="A",
        respiration_rate=Decimal(40),
        oxygen_saturation=Decimal(90),
        systolic=Decimal(80),
        diastolic=None,
        pulse=Decimal(150),
        temperature=Decimal("39.5"),
    )
    found = score(taken.vital, is_scale_2=False, unfit=Unfit.CHILD)
    assert response_to(found) is None
    *_, whole = resources_of(taken, found, patient="p", author={"display": "Rowan"})
    assert check(drafted(whole).resource) == ()
    assert "valueInteger" not in whole
    absent: Any = whole["dataAbsentReason"]
    assert absent["coding"][0]["code"] == "not-applicable"
    assert absent["text"] == Unfit.CHILD.value


def test_a_child_who_is_pregnant_is_a_child_first() -> None:
    chart = chart_of("2012-01-01", {"code": PREGNANT})
    day = date(2026, 11, 20)
    assert unfit_on(day, "2012-01-01", chart.pregnancies) is Unfit.CHILD
