# SPDX-License-Identifier: Apache-2.0
"""A chart says what the record says, and tells absence from a nought."""

import json
from collections.abc import Mapping
from decimal import Decimal

import pytest

from wardkeep.apps.records.looking import line_of
from wardkeep.care.chart import Chart, build_chart
from wardkeep.care.observations import score
from wardkeep.care.reading import Unreadable, read

LOINC = "http://loinc.org"


def chart_of(*resources: Mapping[str, object]) -> Chart:
    return build_chart(
        (str(r["resourceType"]), str(r.get("id", "x")), json.dumps(r).encode())
        for r in resources
    )


def observation(code: str, value: float, **more: object) -> dict[str, object]:
    return {
        "resourceType": "Observation",
        "status": "final",
        "code": {"coding": [{"system": LOINC, "code": code}], "text": code},
        "effectiveDateTime": "2026-11-20T09:41:00+00:00",
        "valueQuantity": {"value": value, "unit": "u"},
        **more,
    }


def allergy(words: str, **more: object) -> dict[str, object]:
    return {"resourceType": "AllergyIntolerance", "code": {"text": words}, **more}


def test_nothing_recorded_is_not_the_same_as_no_known_allergies() -> None:
    assert not chart_of().is_free_of_known_allergies
    denied = chart_of(allergy("No known allergies"))
    assert denied.is_free_of_known_allergies
    assert denied.allergies == ()


def test_a_known_allergy_outweighs_an_older_denial() -> None:
    chart = chart_of(allergy("No known allergy"), allergy("Penicillin"))
    assert [one.words for one in chart.allergies] == ["Penicillin"]
    assert not chart.is_free_of_known_allergies


def test_an_allergy_entered_in_error_is_neither_shown_nor_a_denial() -> None:
    wrong = {"coding": [{"code": "entered-in-error"}]}
    chart = chart_of(allergy("Penicillin", verificationStatus=wrong))
    assert chart.allergies == ()
    assert not chart.is_free_of_known_allergies


def test_a_measured_nought_is_a_value() -> None:
    [series] = chart_of(observation("704-7", 0)).series
    assert series.latest == "0 u"
    assert series.points[0].value == 0


def test_digits_stay_as_they_were_written() -> None:
    raw = (
        b'{"resourceType":"Observation","status":"final","code":{"text":"K"},'
        b'"issued":"2026-01-01T00:00:00Z","valueQuantity":{"value":4.10,"unit":"m"}}'
    )
    [series] = build_chart([("Observation", "o", raw)]).series
    assert series.latest == "4.10 m"


def test_a_panel_counts_by_its_components() -> None:
    panel: dict[str, object] = {
        "resourceType": "Observation",
        "status": "final",
        "code": {"text": "Blood pressure"},
        "effectiveDateTime": "2026-11-20T09:41:00Z",
        "component": [
            {
                "code": {"coding": [{"code": "8480-6"}], "text": "Systolic"},
                "valueQuantity": {"value": 120, "unit": "mmHg"},
            },
            {
                "code": {"coding": [{"code": "8462-4"}], "text": "Diastolic"},
                "valueQuantity": {"value": 70, "unit": "mmHg"},
            },
        ],
    }
    chart = chart_of(panel, observation("8867-4", 60))
    assert {one.words for one in chart.series} == {"Systolic", "Diastolic", "8867-4"}
    [vital] = chart.vital_sets
    assert (vital.systolic, vital.pulse) == (Decimal(120), Decimal(60))


def test_one_lone_pulse_makes_no_set_of_observations() -> None:
    assert chart_of(observation("8867-4", 60)).vital_sets == ()


@pytest.mark.parametrize(("flow", "on_oxygen"), [(0, False), (2, True)])
def test_no_flow_is_room_air(flow: int, on_oxygen: bool) -> None:  # noqa: FBT001 - a case of the table
    chart = chart_of(observation("3151-8", flow), observation("9279-1", 16))
    assert chart.vital_sets[0].is_on_oxygen is on_oxygen


def test_cancelled_and_mistaken_observations_are_left_out() -> None:
    chart = chart_of(
        observation("704-7", 1, status="entered-in-error"),
        observation("704-7", 2, status="cancelled"),
    )
    assert chart.series == ()


def test_scale_two_comes_from_the_problem_list() -> None:
    problem = {
        "resourceType": "Condition",
        "code": {"text": "Hypercapnic respiratory failure"},
    }
    assert chart_of(problem).is_spo2_scale_2
    assert not chart_of().is_spo2_scale_2


def test_current_problems_come_first_and_ended_ones_last() -> None:
    resolved = {"coding": [{"code": "resolved"}]}
    chart = chart_of(
        {
            "resourceType": "Condition",
            "code": {"text": "Old"},
            "onsetDateTime": "2024-01-01",
            "clinicalStatus": resolved,
        },
        {
            "resourceType": "Condition",
            "code": {"text": "Now"},
            "onsetDateTime": "2020-01-01",
        },
    )
    assert [one.words for one in chart.problems] == ["Now", "Old"]


def test_what_cannot_be_read_is_shown_as_such_and_stops_nothing() -> None:
    chart = chart_of({"resourceType": "Condition", "id": "c", "code": "no concept"})
    assert chart.unreadable == (Unreadable(type="Condition", id="c"),)


def test_types_without_a_place_on_the_page_are_passed_over() -> None:
    assert read("Claim", "c", b"{}") is None


def test_the_timeline_has_the_newest_first() -> None:
    chart = chart_of(
        {
            "resourceType": "Immunization",
            "status": "completed",
            "vaccineCode": {"text": "Flu"},
            "occurrenceDateTime": "2025-10-01",
        },
        {
            "resourceType": "Encounter",
            "status": "finished",
            "class": {"code": "AMB", "display": "clinic"},
            "period": {"start": "2026-01-02"},
        },
        {
            "resourceType": "Procedure",
            "status": "completed",
            "code": {"text": "Stitch"},
            "performedDateTime": "2024-01-01",
        },
    )
    assert [one.words for one in chart.timeline] == ["clinic", "Flu", "Stitch"]


def dose(status: str, **more: object) -> dict[str, object]:
    return {
        "resourceType": "MedicationAdministration",
        "id": "dose",
        "status": status,
        "medicationCodeableConcept": {
            "coding": [
                {"system": "urn:wardkeep:depot", "code": "long-acting-injection"}
            ],
            "text": "Depot",
        },
        "effectiveDateTime": "2026-11-20T09:41:00Z",
        "request": {"reference": "MedicationRequest/d1"},
        **more,
    }


def test_a_dose_is_on_the_timeline_and_one_that_was_not_given_says_so() -> None:
    dosage = {"dose": {"value": 100, "unit": "mg"}, "site": {"text": "Left arm"}}
    [one] = chart_of(dose("completed", dosage=dosage)).timeline
    assert (one.kind, one.words) == ("Medicine given", "Depot")
    assert (one.detail, one.place) == ("100 mg, Left arm", "depots/d1")
    [one] = chart_of(dose("not-done", statusReason=[{"text": "Refused"}])).timeline
    assert (one.kind, one.detail) == ("Medicine not given", "Refused")
    assert chart_of(dose("entered-in-error")).timeline == ()
    plain = {"medicationCodeableConcept": {"text": "Paracetamol"}}
    [one] = chart_of(dose("completed", **plain)).timeline
    assert one.place == ""


def test_the_newest_set_is_the_newest_whatever_offset_its_time_is_written_in() -> None:
    earlier, later = "2026-07-01T10:00:00+01:00", "2026-07-01T09:30:00+00:00"
    chart = chart_of(
        observation("8867-4", 60, id="a", effectiveDateTime=earlier),
        observation("9279-1", 12, id="b", effectiveDateTime=earlier),
        observation("8867-4", 130, id="c", effectiveDateTime=later),
        observation("9279-1", 30, id="d", effectiveDateTime=later),
    )
    assert [one.pulse for one in chart.vital_sets] == [60, 130]


def test_alert_is_alert_in_the_words_of_others_too() -> None:
    coding = {"code": "248234008", "display": "Mentally alert"}
    level = observation("67775-7", 0, id="a", valueCodeableConcept={"coding": [coding]})
    del level["valueQuantity"]
    [one] = chart_of(level, observation("8867-4", 70, id="b")).vital_sets
    assert score(one, is_scale_2=False).by_parameter["is_alert"] == 0


def test_a_series_ends_with_its_newest_value_whatever_offset_its_time_has() -> None:
    chart = chart_of(
        observation("704-7", 1, id="a", effectiveDateTime="2026-07-01T10:00:00+01:00"),
        observation("704-7", 2, id="b", effectiveDateTime="2026-07-01T09:30:00+00:00"),
    )
    assert [one.latest for one in chart.series] == ["2 u"]


def test_a_refuted_respiratory_failure_chooses_no_second_scale() -> None:
    condition: dict[str, object] = {
        "resourceType": "Condition",
        "code": {"text": "Hypercapnic respiratory failure"},
    }
    refuted = {"verificationStatus": {"coding": [{"code": "refuted"}]}}
    assert chart_of(condition).is_spo2_scale_2
    assert not chart_of(condition | refuted).is_spo2_scale_2


@pytest.mark.parametrize(
    ("type_", "more"),
    [
        ("Procedure", {"status": "not-done", "performedDateTime": "2026-11-20"}),
        ("Immunization", {"status": "not-done", "occurrenceDateTime": "2026-11-20"}),
        ("DiagnosticReport", {"status": "entered-in-error", "issued": "2026-11-20"}),
        ("DocumentReference", {"status": "entered-in-error", "date": "2026-11-20"}),
        (
            "Condition",
            {"verificationStatus": {"coding": [{"code": "entered-in-error"}]}},
        ),
    ],
)
def test_what_did_not_happen_is_on_no_timeline_and_not_found(
    type_: str, more: dict[str, object]
) -> None:
    wrong: dict[str, object] = {"resourceType": type_, **more}
    assert chart_of(wrong).timeline == ()
    assert line_of(read(type_, "x", json.dumps(wrong).encode())) is None
    right = {**wrong, "status": "completed"}
    right.pop("verificationStatus", None)
    assert len(chart_of(right).timeline) == 1


def test_the_latest_value_is_the_latest_in_whatever_time_zone_it_is_written() -> None:
    """09:30 in British summer is before 09:00 in Greenwich."""
    [series] = chart_of(
        observation("718-7", 2, effectiveDateTime="2026-07-01T09:00:00Z"),
        observation("718-7", 1, effectiveDateTime="2026-07-01T09:30:00+01:00"),
    ).series
    assert series.latest == "2 u"
