# SPDX-License-Identifier: Apache-2.0
"""Each kind of work: who may expect the patient by it, from when until when."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from wardkeep.disclosure.questions import SaidTie
from wardkeep.fhir.model.primitives import span_of
from wardkeep.fhir.model.resource import Resource, parse
from wardkeep.fhir.work.expects import DAY, HOUR, MINUTE, OPEN_DAYS
from wardkeep.fhir.work.ties import LONGEST, MOST_TIES, tells_ties, ties_of
from wardkeep.teams.relationships import KINDS
from wardkeep.warden.service import tying

DOCTOR, WARD, TEAM = "Practitioner/d", "Location/w", "CareTeam/t"
HOME = {
    "coding": [
        {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "HH"}
    ]
}
Json = dict[str, Any]


def at(text: str) -> int:
    span = span_of(text)
    assert span is not None
    return span.low


NOW = at("2026-11-23T10:00:00Z")


def told(type_: str, now: int = NOW, **fields: object) -> list[SaidTie]:
    content = {"resourceType": type_, "id": "r", **fields}
    resource = parse(msgspec.json.encode(content))
    assert isinstance(resource, Resource), resource
    return ties_of(resource, "r", now=now)


def expects(type_: str, now: int = NOW, **fields: object) -> dict[str, SaidTie]:
    return {one.who: one for one in told(type_, now, **fields)}


def ref(who: str) -> Json:
    return {"reference": who}


def booked(*who: str, **fields: object) -> Json:
    return {
        "status": "booked",
        "start": "2026-11-25T10:40:00Z",
        "end": "2026-11-25T11:00:00Z",
        "participant": [
            {"actor": ref("Patient/p"), "status": "accepted"},
            *({"actor": ref(one), "status": "accepted"} for one in who),
        ],
        **fields,
    }


def stay(*who: str, **fields: object) -> Json:
    return {
        "status": "in-progress",
        "class": {"code": "IMP"},
        "period": {"start": "2026-11-20T08:00:00Z"},
        "location": [{"location": ref(one)} for one in who],
        **fields,
    }


# Appointments


def test_an_appointment_explains_three_days_before_it_to_two_weeks_after() -> None:
    [one] = told("Appointment", **booked(DOCTOR))
    assert (one.who, one.kind, one.type, one.id) == (
        DOCTOR,
        "appointment",
        "Appointment",
        "r",
    )
    assert one.since == at("2026-11-22T10:40:00Z")
    assert one.until == at("2026-12-09T11:00:00Z")


def test_an_appointment_explains_everybody_who_takes_part_and_no_family() -> None:
    every = (DOCTOR, WARD, "HealthcareService/h", "PractitionerRole/r")
    found = expects("Appointment", **booked(*every, "RelatedPerson/m", "Device/x"))
    assert set(found) == set(every)


def test_whoever_declined_an_appointment_is_not_explained_by_it() -> None:
    participant = [{"actor": ref(DOCTOR), "status": "declined"}]
    assert told("Appointment", **booked(participant=participant)) == []


def test_an_appointment_that_was_a_mistake_explains_nothing() -> None:
    assert told("Appointment", **booked(DOCTOR, status="entered-in-error")) == []


def test_a_cancelled_appointment_explains_for_a_day_more() -> None:
    [tie] = told("Appointment", **booked(DOCTOR, status="cancelled"))
    assert tie.until == NOW + DAY


def test_a_missed_appointment_still_explains_the_call_about_it() -> None:
    assert told("Appointment", **booked(DOCTOR, status="noshow"))


def test_an_appointment_without_an_end_goes_by_its_minutes() -> None:
    fields = booked(DOCTOR, minutesDuration=30)
    del fields["end"]
    [one] = told("Appointment", **fields)
    assert one.until == at("2026-12-09T11:10:00Z")


def test_what_was_over_long_ago_explains_nothing() -> None:
    late = NOW + 30 * DAY
    assert told("Appointment", late, **booked(DOCTOR)) == []
    assert told("Appointment", status="booked", participant=[]) == []


@pytest.mark.parametrize("where", ["serviceCategory", "serviceType", "appointmentType"])
def test_a_home_visit_explains_from_half_an_hour_before_to_an_hour_after(
    where: str,
) -> None:
    concept: object = HOME if where == "appointmentType" else [HOME]
    [one] = told("Appointment", **booked(DOCTOR, **{where: concept}))
    assert one.kind == "visit"
    assert one.since == at("2026-11-25T10:10:00Z")
    assert one.until == at("2026-11-25T12:00:00Z")


def test_a_home_visit_that_is_not_firm_lets_nobody_in() -> None:
    for status in ("proposed", "pending", "waitlist", "noshow"):
        fields = booked(DOCTOR, serviceType=[HOME], status=status)
        assert told("Appointment", **fields) == []


# Encounters


def test_a_stay_explains_the_ward_until_a_week_after_discharge() -> None:
    [one] = told("Encounter", **stay(WARD))
    assert (one.who, one.kind) == (WARD, "ward")
    assert one.since == at("2026-11-20T07:00:00Z")
    assert one.until == at("2026-11-20T08:00:00Z") + OPEN_DAYS * DAY
    period = {"start": "2026-11-20T08:00:00Z", "end": "2026-11-22T16:00:00Z"}
    [one] = told("Encounter", **stay(WARD, status="finished", period=period))
    assert one.until // MINUTE == at("2026-11-29T16:00:00Z") // MINUTE


def test_the_ward_that_somebody_left_is_explained_a_day_more() -> None:
    first = {"start": "2026-11-20T08:00:00Z", "end": "2026-11-22T23:00:00Z"}
    moved = [
        {"location": ref(WARD), "period": first},
        {"location": ref("Location/next"), "period": {"start": first["end"]}},
    ]
    found = expects("Encounter", **stay(location=moved))
    assert found[WARD].until // MINUTE == at("2026-11-23T23:00:00Z") // MINUTE
    assert found["Location/next"].since == at("2026-11-22T22:00:00Z")
    assert found["Location/next"].until == at("2026-11-20T08:00:00Z") + OPEN_DAYS * DAY


@pytest.mark.parametrize("days", [0, 1, 150, 196])
def test_an_open_stay_written_anew_is_explained_no_longer_than_before(
    days: int,
) -> None:
    [first] = told("Encounter", **stay(WARD))
    [later] = told("Encounter", NOW + days * DAY, **stay(WARD, status="onleave"))
    assert (later.since, later.until) == (first.since, first.until)


@pytest.mark.parametrize("days", [0, 196, 197, 397, 1000])
def test_an_open_stay_is_explained_for_200_to_400_days_more(days: int) -> None:
    now = NOW + days * DAY
    [one] = told("Encounter", now, **stay(WARD))
    assert now + 200 * DAY < one.until <= now + OPEN_DAYS * DAY


def test_whoever_treats_somebody_on_a_ward_is_explained_for_the_stay() -> None:
    fields = stay(participant=[{"individual": ref(DOCTOR)}])
    fields["serviceProvider"] = ref("Organization/o")
    assert {one.who for one in told("Encounter", **fields)} == {
        DOCTOR,
        "Organization/o",
    }


def test_a_finished_stay_without_an_end_ended_when_it_was_written() -> None:
    [one] = told("Encounter", **stay(WARD, status="finished"))
    assert one.until == NOW + 7 * DAY


@pytest.mark.parametrize("status", ["cancelled", "entered-in-error", "unknown"])
def test_a_cancelled_stay_explains_nothing(status: str) -> None:
    assert told("Encounter", **stay(WARD, status=status)) == []


def test_a_contact_explains_a_day_before_it_to_two_weeks_after() -> None:
    period = {"start": "2026-11-23T09:00:00Z", "end": "2026-11-23T09:30:00Z"}
    fields = stay(WARD, period=period, participant=[{"individual": ref(DOCTOR)}])
    fields["class"] = {"code": "AMB"}
    found = expects("Encounter", **fields)
    assert set(found) == {DOCTOR, WARD}
    assert {one.kind for one in found.values()} == {"contact"}
    assert found[DOCTOR].since == at("2026-11-22T09:00:00Z")
    assert found[DOCTOR].until // MINUTE == at("2026-12-07T09:30:00Z") // MINUTE


def test_a_contact_that_nobody_closed_is_over_in_three_weeks() -> None:
    fields = stay(WARD, period={"start": "2026-11-23T09:00:00Z"})
    fields["class"] = {"code": "AMB"}
    assert expects("Encounter", **fields)[WARD].until == at("2026-12-14T09:00:00Z")


def test_a_visit_of_unknown_length_counts_as_an_hour() -> None:
    fields = stay(WARD, period={"start": "2026-11-23T09:00:00Z"})
    fields["class"] = HOME["coding"][0]
    fields["participant"] = [{"individual": ref(DOCTOR)}]
    [one] = told("Encounter", **fields)
    assert (one.who, one.kind) == (DOCTOR, "visit")
    assert (one.since, one.until) == (NOW - 90 * MINUTE, NOW + HOUR)


# Caseloads


def test_a_care_team_has_the_patient_on_its_caseload_until_somebody_ends_it() -> None:
    member = [{"member": ref(DOCTOR)}, {"member": ref("Patient/p")}]
    found = expects(
        "CareTeam",
        status="active",
        subject=ref("Patient/p"),
        period={"start": "2026-01-01"},
        participant=member,
    )
    assert set(found) == {DOCTOR, "CareTeam/r"}
    assert {one.kind for one in found.values()} == {"caseload"}
    [until] = {one.until for one in found.values()}
    assert NOW + 200 * DAY < until <= NOW + OPEN_DAYS * DAY
    assert told("CareTeam", status="inactive", participant=member) == []


def test_whoever_leaves_a_care_team_hands_over_for_four_weeks() -> None:
    left = [{"member": ref(DOCTOR), "period": {"end": "2026-11-20"}}]
    found = expects("CareTeam", status="active", participant=left)
    assert found[DOCTOR].until // MINUTE == at("2026-12-19") // MINUTE - 1


def test_an_episode_explains_its_manager_and_its_teams() -> None:
    fields: Json = {
        "status": "active",
        "patient": ref("Patient/p"),
        "careManager": ref(DOCTOR),
        "team": [ref(TEAM)],
    }
    assert set(expects("EpisodeOfCare", **fields)) == {DOCTOR, TEAM}
    ended = expects("EpisodeOfCare", **{**fields, "status": "finished"})
    assert ended[TEAM].until == NOW + 28 * DAY
    assert told("EpisodeOfCare", **{**fields, "status": "cancelled"}) == []


# Queues, referrals, results


def test_a_queue_item_explains_its_owner_until_a_day_after_it_is_done() -> None:
    fields: Json = {"status": "requested", "for": ref("Patient/p"), "owner": ref(TEAM)}
    [one] = told("Task", **fields)
    assert (one.who, one.kind) == (TEAM, "queue")
    assert (one.since, one.until) == (NOW, NOW + 30 * DAY)
    done = {**fields, "status": "completed", "lastModified": "2026-11-23T09:00:00Z"}
    [one] = told("Task", **done)
    assert one.until // MINUTE == at("2026-11-24T09:00:00Z") // MINUTE
    for status in ("draft", "rejected", "cancelled", "failed", "entered-in-error"):
        assert told("Task", **{**fields, "status": status}) == []


def test_whoever_takes_a_task_out_of_a_teams_queue_makes_it_no_longer() -> None:
    asked: Json = {
        "status": "requested",
        "authoredOn": "2026-11-20T09:00:00Z",
        "location": ref(WARD),
    }
    [before] = told("Task", **asked)
    assert before.until == at("2026-11-20T09:00:00Z") + 30 * DAY
    taken = {**asked, "status": "accepted", "owner": ref(DOCTOR)}
    after = expects("Task", **taken)
    assert after[WARD] == before
    assert after[DOCTOR].until == NOW + 30 * DAY


def test_a_task_dated_ahead_explains_no_longer_than_one_of_today() -> None:
    done: Json = {"status": "completed", "owner": ref(TEAM)}
    done["lastModified"] = "2040-01-01T00:00:00Z"
    assert told("Task", **done)[0].until == NOW + DAY


def test_a_referral_explains_who_is_asked_and_who_asked_to_its_answer() -> None:
    fields: Json = {
        "status": "active",
        "authoredOn": "2026-11-01",
        "requester": ref(DOCTOR),
        "performer": [ref(TEAM)],
        "locationReference": [ref(WARD)],
    }
    found = expects("ServiceRequest", **fields)
    assert set(found) == {DOCTOR, TEAM, WARD}
    assert {one.kind for one in found.values()} == {"referral"}
    assert found[TEAM].since == at("2026-11-01")
    answered = expects("ServiceRequest", **{**fields, "status": "completed"})
    assert answered[DOCTOR].until == NOW + 14 * DAY
    assert told("ServiceRequest", **{**fields, "status": "revoked"}) == []
    # A team that declined may take it back for a day; whoever asked reads why.
    team = "HealthcareService/t"
    fields |= {"status": "revoked", "intent": "order", "performer": [ref(team)]}
    declined = expects("ServiceRequest", **fields)
    assert declined[team].until == NOW + DAY
    assert declined[DOCTOR].until == NOW + 14 * DAY


@pytest.mark.parametrize("days", [0, 1, 150, 195])
@pytest.mark.parametrize("status", ["active", "on-hold"])
def test_an_open_referral_written_anew_is_explained_no_longer_than_before(
    status: str, days: int
) -> None:
    fields: Json = {
        "status": "active",
        "authoredOn": "2026-11-20T08:00:00Z",
        "requester": ref(DOCTOR),
        "performer": [ref("HealthcareService/t")],
    }
    first = expects("ServiceRequest", **fields)
    later = {
        one.who: one
        for one in told(
            "ServiceRequest", NOW + days * DAY, **{**fields, "status": status}
        )
    }
    assert later == first
    assert first[DOCTOR].until == at("2026-11-20T08:00:00Z") + OPEN_DAYS * DAY


@pytest.mark.parametrize("days", [0, 196, 197, 397, 1000])
def test_an_open_referral_is_explained_for_200_to_400_days_more(days: int) -> None:
    now = NOW + days * DAY
    [one] = told(
        "ServiceRequest",
        now,
        status="active",
        authoredOn="2026-11-20T08:00:00Z",
        performer=[ref("HealthcareService/t")],
    )
    assert now + 200 * DAY < one.until <= now + OPEN_DAYS * DAY


def test_a_referral_without_a_day_is_reckoned_from_its_first_step() -> None:
    step: Json = {
        "resourceType": "Provenance",
        "id": "step-1",
        "recorded": "2026-11-20T08:00:00Z",
        "activity": {
            "coding": [{"system": "urn:wardkeep:referral-step", "code": "accept"}]
        },
    }
    [one] = told(
        "ServiceRequest",
        status="active",
        performer=[ref("HealthcareService/t")],
        contained=[step],
        relevantHistory=[{"reference": "#step-1"}],
    )
    assert one.since == at("2026-11-20T08:00:00Z")
    assert one.until == at("2026-11-20T08:00:00Z") + OPEN_DAYS * DAY


def test_a_result_explains_who_is_to_look_at_it_for_two_weeks() -> None:
    fields: Json = {
        "status": "final",
        "issued": "2026-11-22T10:00:00Z",
        "resultsInterpreter": [ref(DOCTOR)],
        "performer": [ref(TEAM)],
    }
    found = expects("DiagnosticReport", **fields)
    assert set(found) == {DOCTOR, TEAM}
    assert found[DOCTOR].kind == "result"
    assert found[DOCTOR].until == at("2026-12-06T10:00:00Z")
    waits = expects("DiagnosticReport", **{**fields, "status": "partial"})
    assert waits[DOCTOR].until == NOW + 30 * DAY
    assert told("DiagnosticReport", **{**fields, "status": "cancelled"}) == []


# All of them


def test_what_explains_nothing_tells_no_ties() -> None:
    assert tells_ties("Appointment")
    assert not tells_ties("Observation")
    assert told("Observation", status="final", performer=[ref(DOCTOR)]) == []


def test_references_to_other_servers_and_nonsense_name_nobody() -> None:
    odd = ("https://example.net/Practitioner/d", "urn:uuid:1", "#d", "Practitioner/")
    assert told("Appointment", **booked(*odd)) == []
    nonsense: Json = {"participant": "all", "period": 7, "class": "IMP", "location": {}}
    assert told("Encounter", status="in-progress", **nonsense) == []


def test_one_resource_tells_so_many_ties_and_the_warden_takes_as_many() -> None:
    crowd = [f"Practitioner/{n}" for n in range(MOST_TIES + 5)]
    assert len(told("Appointment", **booked(*crowd))) == MOST_TIES
    assert tying.MOST_TIES == MOST_TIES


def test_every_kind_that_is_told_is_one_that_the_warden_takes() -> None:
    kinds = {"appointment", "visit", "ward", "contact", "caseload", "queue"}
    assert kinds | {"referral", "result"} <= set(KINDS)


# However long ago, however far off


@pytest.mark.parametrize(
    ("type_", "fields"),
    [
        ("CareTeam", {"status": "active", "period": {"start": "2015-01-01"}}),
        ("EpisodeOfCare", {"period": {"start": "2019-05"}, "careManager": ref(DOCTOR)}),
        (
            "EpisodeOfCare",
            {"period": {"end": "2062-01-01"}, "careManager": ref(DOCTOR)},
        ),
        ("Encounter", stay(WARD, period={"start": "2022-03-01"})),
        ("ServiceRequest", {"authoredOn": "2023-01-01", "performer": [ref(DOCTOR)]}),
        ("Appointment", booked(DOCTOR, end="2062-11-25T11:00:00Z")),
    ],
)
def test_what_began_years_ago_or_ends_in_years_is_told_as_long_as_it_is_taken(
    type_: str, fields: Json
) -> None:
    found = told(type_, **{"status": "active", **fields})
    assert found
    most = tying.LONGEST // timedelta(microseconds=1)
    assert all(NOW < one.until <= NOW + LONGEST < NOW + most for one in found)
    assert all(0 < one.until - one.since <= LONGEST for one in found)
    assert all(one.since <= NOW for one in found)


def test_what_begins_in_years_is_told_by_a_later_version() -> None:
    late = booked(DOCTOR, start="2030-11-25T10:40:00Z", end="2030-11-25T11:00:00Z")
    assert told("Appointment", **late) == []
