# SPDX-License-Identifier: Apache-2.0
"""What a month knows of a patient: who they are, referrals, contacts, stays, scores."""

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from support.data_sets import (
    ANN,
    ETHNIC,
    GROUND,
    codes_of,
    episode,
    facts,
    filled,
    referral,
    rows_of,
    stored,
)
from wardkeep.fhir.contacts.contact import Contact, encounter_of
from wardkeep.fhir.data_sets.facts import short_id
from wardkeep.fhir.data_sets.of_patient import facts_of
from wardkeep.fhir.model.person import Person

Json = dict[str, Any]
CORA = Person("Practitioner/cora", "Cora Finch")


def contact(id_: str = "c1", day: int = 12, **more: Any) -> Json:
    one = Contact(
        id=id_,
        patient="ann",
        attended=more.pop("attended", "5"),
        mechanism="01",
        begins=datetime(2026, 11, day, 9, 30, tzinfo=UTC),
        minutes=40,
        place="A01",
        subject="01",
        activities=("386053000", "75516001"),
        others="Secret sister",
        done="Secret deeds",
        author=CORA,
        appointment="a1",
    )
    return {**encounter_of(one), **more}


def stay(**more: object) -> Json:
    return {
        "resourceType": "Encounter",
        "id": "stay",
        "status": "in-progress",
        "class": {"code": "IMP"},
        "period": {"start": "2026-10-20T18:00:00+01:00"},
        "location": [
            {
                "location": {"reference": "Location/heron"},
                "period": {"start": "2026-11-02T12:00:00Z"},
            }
        ],
        **more,
    }


def section(code: str = "3", legal: str = "03", **more: object) -> Json:
    coded = [{"system": "urn:wardkeep:mha:section", "code": code}]
    if legal:
        system = (
            "https://fhir.hl7.org.uk/CodeSystem/UKCore-LegalStatusClassificationEngland"
        )
        coded.insert(0, {"system": system, "code": legal})
    return {
        "resourceType": "Observation",
        "id": "section",
        "status": "final",
        "code": {"coding": [{"system": "urn:wardkeep:mha", "code": "legal-status"}]},
        "valueCodeableConcept": {"coding": coded},
        "effectivePeriod": {"start": "2026-10-20T18:30:00+01:00"},
        "extension": [
            {
                "url": "urn:wardkeep:mha:expires",
                "valueDateTime": "2027-04-20T00:00:00+01:00",
            }
        ],
        **more,
    }


def score(**more: object) -> Json:
    return {
        "resourceType": "Observation",
        "id": "score",
        "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": "44261-6"}]},
        "effectiveDateTime": "2026-11-12T10:00:00+00:00",
        "valueQuantity": {"value": 14},
        "performer": [{"reference": "Practitioner/cora"}],
        **more,
    }


def test_a_patient_is_a_number_a_day_a_place_and_no_name() -> None:
    found = filled(ANN, referral())
    [row] = rows_of(found, "MHS001MPI")
    assert row == {
        "LocalPatientID": short_id("ann"),
        "OrgIDLocalPatientID": "RX1",
        "NHSNumber": "9990000018",
        "NHSNumberStatus": "01",
        "PersonBirthDate": "1980-02-03",
        "Postcode": "ZZ99 3WZ",
        "Gender": "2",
        "EthnicCategory": "A",
        "LanguageCodePreferred": "pl",
    }
    [practice] = rows_of(found, "MHS002GP")
    assert practice["GMPReg"] == "A81001"


def test_no_name_no_address_and_no_free_words_leave() -> None:
    found = filled(
        ANN, referral(), episode("e", "ref", "cora"), contact(), stay(), section()
    )
    everything = str([row.values for row in found.rows])
    for words in ("Secret", "Hidden", "Ann", "Finch"):
        assert words not in everything
    assert len(found.rows) > 8


def test_whoever_no_team_of_the_data_set_has_is_not_in_it() -> None:
    assert facts(ANN, referral(team="heart")) == []
    assert facts(ANN) == []
    assert facts(ANN, referral(status="entered-in-error")) == []


@pytest.mark.parametrize(
    ("more", "how_many"),
    [
        ({"authoredOn": "2026-11-30T23:30:00+00:00"}, 1),
        ({"authoredOn": "2026-12-01T00:10:00+00:00"}, 0),
        ({"authoredOn": "2026-10-31T23:30:00+00:00"}, 1),
        ({"status": "completed"}, 1),
    ],
)
def test_a_referral_counts_where_it_was_open_in_the_month(
    more: Json, how_many: int
) -> None:
    found = filled(ANN, referral(**more))
    assert len(rows_of(found, "MHS101Referral")) == how_many


def test_what_ended_before_the_month_is_not_in_it() -> None:
    ended = [stored(ANN), stored(referral(status="completed"), at="2026-10-31T22:00Z")]
    assert facts_of(ended, GROUND) == []
    later = [stored(ANN), stored(referral(status="completed"), at="2026-12-03T22:00Z")]
    [row] = [one for one in facts_of(later, GROUND) if one.source == "referral"]
    assert row.facts["discharged"] == "", "in the month it was open still"


def test_a_referral_has_its_priority_and_its_end() -> None:
    found = filled(ANN, referral(status="revoked"))
    [row] = rows_of(found, "MHS101Referral")
    assert row["ClinRespPriorityType"] == "2"
    assert row["ReferralRequestReceivedDate"] == "2026-10-05"
    assert row["ServDischDate"] == "2026-11-20"
    assert row["CareProfTeamLocalID"] == short_id("mind")


def test_a_caseload_tells_the_care_coordinator() -> None:
    found = filled(ANN, referral(), episode("e", "ref", "cora"))
    [row] = rows_of(found, "MHS006MHCareCoord")
    assert row["StartDateAssCareCoord"] == "2026-10-06"
    assert row["CareProfLocalID"] == short_id("cora")
    assert not rows_of(
        filled(ANN, referral(), episode("e", "ref", "cora", team="heart")),
        "MHS006MHCareCoord",
    )


def test_a_contact_goes_with_what_was_done_and_by_whom() -> None:
    found = filled(ANN, referral(), contact())
    [row] = rows_of(found, "MHS201CareContact")
    assert row["CareContDate"] == "2026-11-12"
    assert row["CareContTime"] == "09:30:00"
    assert (row["AttendStatus"], row["ConsMechanismMH"]) == ("5", "01")
    assert row["ClinContDurOfCareCont"] == "40"
    assert row["ServiceRequestID"] == short_id("ref")
    acts = rows_of(found, "MHS202CareActivity")
    assert [one["Procedure"] for one in acts] == ["386053000", "75516001"]
    assert len(rows_of(found, "MHS206StaffActivity")) == 2


def test_contacts_of_other_months_and_mistakes_stay() -> None:
    wrong = contact(status="entered-in-error")
    earlier = contact(period={"start": "2026-10-31T22:00:00Z"})
    for one in (wrong, earlier):
        assert not rows_of(filled(ANN, referral(), one), "MHS201CareContact")


def test_of_two_referrals_the_contact_is_of_whose_caseload_it_is() -> None:
    two = (referral("r1"), referral("r2", "crisis"))
    unclear = filled(ANN, *two, contact())
    assert not rows_of(unclear, "MHS201CareContact")
    assert "no-contact-referral" in codes_of(unclear)
    [fault] = [one for one in unclear.faults if one.rule.code == "no-contact-referral"]
    assert fault.teams == ("mind", "crisis")
    clear = filled(ANN, *two, episode("e", "r2", "cora", "crisis"), contact())
    [row] = rows_of(clear, "MHS201CareContact")
    assert row["ServiceRequestID"] == short_id("r2")
    named = filled(ANN, *two, contact(basedOn=[{"reference": "ServiceRequest/r1"}]))
    [row] = rows_of(named, "MHS201CareContact")
    assert row["ServiceRequestID"] == short_id("r1")


def test_what_belongs_to_a_row_that_is_left_out_is_left_out_with_it() -> None:
    found = filled(ANN, referral("r1"), referral("r2", "crisis"), contact())
    assert not rows_of(found, "MHS202CareActivity")
    assert found.left_out >= 3


def test_a_stay_has_its_wards() -> None:
    found = filled(ANN, referral(), stay())
    [spell] = rows_of(found, "MHS501HospProvSpell")
    assert spell["StartDateHospProvSpell"] == "2026-10-20"
    assert "DischDateHospProvSpell" not in spell
    [ward] = rows_of(found, "MHS502WardStay")
    assert (ward["WardCode"], ward["StartDateWardStay"]) == ("HER1", "2026-11-02")
    over = filled(
        ANN, referral(), stay(period={"start": "2026-09-01", "end": "2026-10-30"})
    )
    assert not rows_of(over, "MHS501HospProvSpell")


def test_a_section_has_its_legal_status_and_its_last_day() -> None:
    found = filled(ANN, referral(), section())
    [row] = rows_of(found, "MHS401MHActPeriod")
    assert row["LegalStatusCode"] == "03"
    assert row["StartTimeMHActLegalStatusClass"] == "18:30:00"
    assert row["ExpiryDateMHActLegalStatusClass"] == "2027-04-20"
    order = filled(ANN, referral(), section("17A", ""))
    assert not rows_of(order, "MHS401MHActPeriod")
    assert "no-legal-status" in codes_of(order)
    mistake = filled(ANN, referral(), section(status="entered-in-error"))
    assert not rows_of(mistake, "MHS401MHActPeriod")


def test_a_score_goes_by_its_tool() -> None:
    found = filled(ANN, referral(), score())
    [row] = rows_of(found, "MHS606CodedScoreAssessmentRefer")
    assert (row["CodedAssToolType"], row["PersScore"]) == ("720433000", "14")
    assert row["AssToolCompTimestamp"] == "2026-11-12T10:00:00+00:00"
    for one in (
        score(status="entered-in-error"),
        score(effectiveDateTime="2026-12-01T00:00:00Z"),
        score(valueQuantity=None),
    ):
        assert not rows_of(
            filled(ANN, referral(), one), "MHS606CodedScoreAssessmentRefer"
        )
    other = score(code={"coding": [{"code": "zzz"}]})
    found = filled(ANN, referral(), other)
    [fault] = [one for one in found.faults if "CodedAssToolType" in one.rule.column]
    assert "code for" in fault.rule.one


@pytest.mark.parametrize(
    ("without", "code"),
    [
        ("identifier", "no-nhs-number"),
        ("birthDate", "no-birth-date"),
        ("address", "no-postcode"),
        ("gender", "no-gender"),
        ("extension", "no-ethnic-category"),
        ("generalPractitioner", "no-gp"),
    ],
)
def test_what_is_missing_is_told_to_the_team_and_the_patient_goes(
    without: str, code: str
) -> None:
    less = {name: value for name, value in ANN.items() if name != without}
    found = filled(less, referral())
    [fault] = [one for one in found.faults if one.rule.code == code]
    assert (fault.teams, fault.type, fault.id) == (("mind",), "Patient", "ann")
    assert len(rows_of(found, "MHS001MPI")) == 1
    assert code not in codes_of(filled(ANN, referral()))


def test_a_code_that_the_data_set_has_not_is_told_and_not_sent() -> None:
    odd = {"url": ETHNIC, "valueCodeableConcept": {"coding": [{"code": "Q9"}]}}
    found = filled({**ANN, "extension": [odd]}, referral())
    [row] = rows_of(found, "MHS001MPI")
    assert "EthnicCategory" not in row
    [fault] = [one for one in found.faults if one.rule.column == "EthnicCategory"]
    assert "code for" in fault.rule.one


def test_a_number_that_is_none_is_not_sent() -> None:
    wrong = [{"system": "https://fhir.nhs.uk/Id/nhs-number", "value": "9990000019"}]
    found = filled({**ANN, "identifier": wrong}, referral())
    [row] = rows_of(found, "MHS001MPI")
    assert "NHSNumber" not in row
    assert row["NHSNumberStatus"] == "07"


def test_what_is_longer_than_there_is_room_for_is_told() -> None:
    far = [{"use": "home", "postalCode": "FAR TOO LONG"}]
    found = filled({**ANN, "address": far}, referral())
    [fault] = [one for one in found.faults if one.rule.column == "Postcode"]
    assert "more than fits" in fault.rule.one


def test_short_ids_are_the_same_each_month_and_no_two_alike() -> None:
    assert short_id("ann") == short_id("ann")
    made = {short_id(f"patient-{n}") for n in range(10_000)}
    assert len(made) == 10_000
    assert {len(one) for one in made} == {20}


def test_odd_resources_break_nothing() -> None:
    odd: list[Json] = [
        {**stay(), "period": "last week", "location": ["there"]},
        {**score(), "valueQuantity": "many", "performer": [None]},
        {**section(), "effectivePeriod": {}},
        {**episode("e", "ref", "cora"), "period": [], "careManager": None},
        {"resourceType": "Patient", "id": "ann"},
    ]
    for one in odd:
        text = msgspec.json.encode(one)
        assert text
        filled(ANN, referral(), one)
