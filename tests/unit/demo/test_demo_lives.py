# SPDX-License-Identifier: Apache-2.0
"""Lives that make sense: in time, between problem and medicine, in their trends."""

import base64
import re
from collections import defaultdict
from datetime import date, datetime
from statistics import mean
from typing import Any

import msgspec
import pytest

from wardkeep.assembly.demo.chart.ward import TREATMENTS
from wardkeep.assembly.demo.diagnoses import BY_KEY, PENICILLIN_SUBSTITUTE
from wardkeep.fhir.plans.plan import read_plan

Json = dict[str, Any]
Records = dict[str, list[Json]]

RECORDED = re.compile(
    rb'"(?:effectiveDateTime|issued|onsetDateTime|abatementDateTime|recordedDate'
    rb"|authoredOn|date|occurrenceDateTime|performedDateTime|creation|start|end)"
    rb'":"(\d{4}-\d\d-\d\d)'
)
"""Every element that says when something was so or was written, cut to the day."""


@pytest.fixture(scope="module")
def everybody(records: Records) -> list[list[Json]]:
    return [record["resources"] for each in records.values() for record in each]


def dates_in(resources: list[Json]) -> list[str]:
    return [day.decode() for day in RECORDED.findall(msgspec.json.encode(resources))]


def of_type(resources: list[Json], kind: str) -> list[Json]:
    return [each for each in resources if each["resourceType"] == kind]


def values_of(resources: list[Json], loinc: str) -> list[tuple[str, float]]:
    """Day and value of every observation of one code, oldest first."""
    return sorted(
        (each["effectiveDateTime"], each["valueQuantity"]["value"])
        for each in of_type(resources, "Observation")
        if any(c["code"] == loinc for c in each["code"].get("coding", []))
    )


def days(earlier: str, later: str) -> int:
    return (datetime.fromisoformat(later) - datetime.fromisoformat(earlier)).days


def named(everybody: list[list[Json]], text: str) -> list[Json]:
    return next(each for each in everybody if each[0]["name"][0]["text"] == text)


def condition_names(resources: list[Json]) -> set[str]:
    return {each["code"]["text"] for each in of_type(resources, "Condition")}


def test_nothing_is_recorded_before_birth(everybody: list[list[Json]]) -> None:
    for resources in everybody:
        born = resources[0]["birthDate"]
        for day in dates_in(resources[1:]):
            assert day[: len(born)] >= born


def test_nothing_recorded_lies_in_the_future(
    everybody: list[list[Json]], today: date
) -> None:
    for resources in everybody:
        # What is due and what is booked may lie ahead, and was written before.
        ahead = ("Appointment", "ServiceRequest", "Task")
        past = [each for each in resources if each["resourceType"] not in ahead]
        asked = of_type(resources, "ServiceRequest")
        assert all(day < today.isoformat() for day in dates_in(past))
        assert all(one["authoredOn"] < today.isoformat() for one in asked)


def test_after_a_death_only_documents_follow(everybody: list[list[Json]]) -> None:
    dead = [each for each in everybody if "deceasedDateTime" in each[0]]
    assert len(dead) == 2
    for resources in dead:
        died = resources[0]["deceasedDateTime"][:10]
        living = [r for r in resources if r["resourceType"] != "DocumentReference"]
        assert all(day <= died for day in dates_in(living))
        documents = of_type(resources, "DocumentReference")
        assert any(document["date"] > died for document in documents)


def test_appointments_are_today_or_in_the_next_weeks(
    everybody: list[list[Json]], today: date
) -> None:
    starts = [
        date.fromisoformat(each["start"][:10])
        for resources in everybody
        for each in of_type(resources, "Appointment")
    ]
    assert any(start == today for start in starts)
    assert any(start > today for start in starts)
    assert all(0 <= (start - today).days <= 60 for start in starts)


def test_every_medicine_is_for_a_problem_of_the_same_record(
    everybody: list[list[Json]],
) -> None:
    offered: dict[str, set[str]] = defaultdict(set)
    for diagnosis in BY_KEY.values():
        offered[diagnosis.name] |= {each.name for each in diagnosis.medicines}
    for reason, medicine in TREATMENTS.items():
        offered[reason].add(medicine.name)
    for resources in everybody:
        conditions = {
            f"urn:uuid:{each['id']}": each["code"]["text"]
            for each in of_type(resources, "Condition")
        }
        for request in of_type(resources, "MedicationRequest"):
            problem = conditions[request["reasonReference"][0]["reference"]]
            medicine_name = request["medicationCodeableConcept"]["text"]
            assert medicine_name in offered[problem] | {PENICILLIN_SUBSTITUTE.name}


def test_no_medicine_is_taken_twice_at_once(everybody: list[list[Json]]) -> None:
    for resources in everybody:
        names = [
            each["medicationCodeableConcept"]["text"]
            for each in of_type(resources, "MedicationRequest")
            if each["status"] == "active"
        ]
        assert len(names) == len(set(names))


def test_penicillin_is_kept_from_those_who_do_not_bear_it(
    everybody: list[list[Json]],
) -> None:
    substituted = 0
    for resources in everybody:
        allergies = {
            a["code"]["text"] for a in of_type(resources, "AllergyIntolerance")
        }
        names = {
            each["medicationCodeableConcept"]["text"]
            for each in of_type(resources, "MedicationRequest")
        }
        if "Penicillin" in allergies:
            assert not any("amox" in name.lower() for name in names)
            substituted += PENICILLIN_SUBSTITUTE.name in names
    assert substituted > 0


def test_beta_blockers_are_kept_from_people_with_asthma(
    everybody: list[list[Json]],
) -> None:
    asthmatic = [each for each in everybody if "Asthma" in condition_names(each)]
    assert len(asthmatic) > 10
    for resources in asthmatic:
        names = str(of_type(resources, "MedicationRequest"))
        assert "Bisoprolol" not in names


def test_allergies_are_listed_denied_or_not_asked_about(
    everybody: list[list[Json]],
) -> None:
    states = {"listed": 0, "denied": 0, "not asked": 0}
    for resources in everybody:
        found = of_type(resources, "AllergyIntolerance")
        words = {each["code"]["text"] for each in found}
        denied = "No known allergies" in words
        assert not (denied and len(words) > 1)
        states["denied" if denied else "listed" if found else "not asked"] += 1
    assert min(states.values()) > 50


def test_problems_fit_the_sex_and_the_age(everybody: list[list[Json]]) -> None:
    for resources in everybody:
        gender = resources[0]["gender"]
        names = condition_names(resources)
        if gender == "male":
            assert not names & {"Pregnancy", "Osteoporosis"}
        if gender == "female":
            assert not names & {"Enlarged prostate", "Gout"}
        born = int(resources[0]["birthDate"][:4])
        for each in of_type(resources, "Condition"):
            if each["code"]["text"] == "Alzheimer's disease":
                assert int(each["onsetDateTime"][:4]) - born >= 74


def test_hips_break_late_and_appendices_early(everybody: list[list[Json]]) -> None:
    ages: dict[str, list[int]] = defaultdict(list)
    for resources in everybody:
        born = int(resources[0]["birthDate"][:4])
        for each in of_type(resources, "Condition"):
            year = int(each["onsetDateTime"][:4])
            ages[each["code"]["text"]].append(year - born)
    assert min(ages["Broken hip, repaired"]) >= 65
    assert max(ages["Appendicitis, appendix removed"]) <= 65


def test_sugar_falls_once_treatment_has_begun(everybody: list[list[Json]]) -> None:
    falls = []
    for resources in everybody:
        readings = values_of(resources, "59261-8")
        if readings and readings[0][1] > 70:
            found, high = readings[0]
            treated = [value for at, value in readings if days(found, at) > 120]
            falls += [high - value for value in treated[:1]]
    assert len(falls) > 3
    assert min(falls) > 8


def test_iron_brings_the_blood_back(everybody: list[list[Json]]) -> None:
    rises = []
    for resources in everybody:
        if "Iron deficiency anaemia" in condition_names(resources):
            levels = [value for _, value in values_of(resources, "718-7")]
            rises.append(max(levels) - min(levels))
    assert len(rises) > 3
    assert mean(rises) > 15


def test_kidneys_with_disease_lose_filtration_over_the_years(
    everybody: list[list[Json]],
) -> None:
    losses = []
    for resources in everybody:
        readings = values_of(resources, "98979-8")
        ill = "Chronic kidney disease stage 3" in condition_names(resources)
        if ill and len(readings) > 4:
            losses.append(readings[0][1] - readings[-1][1])
    assert len(losses) > 5
    assert mean(losses) > 4


def test_creatinine_is_high_where_filtration_is_low(
    everybody: list[list[Json]],
) -> None:
    pairs = [
        (rate[1], creatinine[1])
        for resources in everybody
        for rate, creatinine in zip(
            values_of(resources, "98979-8"),
            values_of(resources, "14682-9"),
            strict=True,
        )
    ]
    assert mean(c for rate, c in pairs if rate < 45) > 100
    assert mean(c for rate, c in pairs if rate > 80) < 90


def test_a_value_of_0_is_written_as_0(everybody: list[list[Json]]) -> None:
    nora = named(everybody, "Nora Noughtcombe")
    zeros = [
        each["code"]["text"]
        for each in of_type(nora, "Observation")
        if each.get("valueQuantity", {}).get("value") == 0
    ]
    assert {"Pain score", "Basophils", "C-reactive protein", "Falls"} <= set(zeros)


def test_a_set_of_vital_signs_has_all_seven_parts_of_news2(
    everybody: list[list[Json]],
) -> None:
    sets: dict[str, set[str]] = defaultdict(set)
    for each in of_type(named(everybody, "Gareth Foxworth"), "Observation"):
        if each["category"][0]["coding"][0]["code"] == "vital-signs":
            code = each["code"]["coding"][0]["code"]
            sets[each["effectiveDateTime"]].add(code)
    news2 = {"9279-1", "59408-5", "3151-8", "85354-9", "8867-4", "67775-7", "8310-5"}
    assert sum(codes == news2 for codes in sets.values()) >= 10


def test_somebody_on_the_ward_is_getting_worse(everybody: list[list[Json]]) -> None:
    gareth = named(everybody, "Gareth Foxworth")
    breaths = [value for _, value in values_of(gareth, "9279-1")]
    assert mean(breaths[-3:]) > mean(breaths[:3]) + 3
    levels = {
        each["valueCodeableConcept"]["text"]
        for each in of_type(gareth, "Observation")
        if "valueCodeableConcept" in each
    }
    assert levels == {"Alert", "New confusion"}


def test_people_on_spo2_scale_2_say_so_and_run_lower(
    everybody: list[list[Json]],
) -> None:
    for name in ("Cyril Teaselhurst", "Brenda Kettlemere"):
        resources = named(everybody, name)
        assert "Hypercapnic respiratory failure" in condition_names(resources)
        saturations = [value for _, value in values_of(resources, "59408-5")]
        assert 84 <= mean(saturations) <= 92


def test_children_are_weighed_and_not_asked_about_cigarettes(
    everybody: list[list[Json]],
) -> None:
    maya = named(everybody, "Maya Rose Thimblecote")
    weights = [value for _, value in values_of(maya, "29463-7")]
    assert weights == sorted(weights)
    assert "Cigarettes smoked" not in str(maya)


def test_documents_are_short_texts_in_plain_words(
    everybody: list[list[Json]],
) -> None:
    texts = [
        base64.b64decode(each["content"][0]["attachment"]["data"]).decode()
        for resources in everybody
        for each in of_type(resources, "DocumentReference")
    ]
    kinds = {text.partition(":")[0] for text in texts}
    letters = {text for text in kinds if text.startswith("Dear colleague,")}
    assert letters
    kinds -= letters
    assert kinds == {"Care plan", "Clinic letter", "Discharge letter", "Note"}
    assert all(60 < len(text) < 900 for text in texts)


def test_every_client_at_home_has_a_team_a_plan_and_visits(records: Records) -> None:
    for record in records["larkspur"]:
        resources = record["resources"]
        assert len(of_type(resources, "CareTeam")) == 1
        plans = of_type(resources, "CarePlan")
        made_together = [one for one in plans if "extension" in one]
        assert len(plans) - len(made_together) == 1
        assert all(read_plan(msgspec.json.encode(one)) for one in made_together)
        visits = [
            each
            for each in of_type(resources, "Encounter")
            if each["class"]["code"] == "HH"
        ]
        assert visits or "deceasedDateTime" in resources[0]
