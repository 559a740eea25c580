# SPDX-License-Identifier: Apache-2.0
"""A record on paper: what stands in its tables, and what is left out of a copy."""

import io
import json
import zipfile
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from wardkeep.apps.copies.answers import ASSESSMENTS, Section
from wardkeep.apps.copies.asking import MAKERS, grounds_of
from wardkeep.apps.copies.files import Making, zip_of
from wardkeep.apps.copies.paper import SECTIONS, Paper, paper_of
from wardkeep.apps.copies.printing import PARTS as PRINTED
from wardkeep.care.of_patient import WRITERS
from wardkeep.care.writing import drafted
from wardkeep.disclosure.copies import GROUNDS, PARTS, PERSON, PURPOSES, MakeCopy
from wardkeep.disclosure.purpose import Action, Tier
from wardkeep.fhir.depots.dose import Dose, dose_content, dose_id
from wardkeep.fhir.depots.schedule import Entry, Schedule, schedule_content
from wardkeep.fhir.model.definitions import is_resource_type
from wardkeep.fhir.model.person import Person
from wardkeep.fhir.store.outcomes import Opened, OpenedResource
from wardkeep.fhir.store.rows import StoredRow
from wardkeep.fhir.store.taking_out import StaysHere, TakenOut, TakeOut, _sorted
from wardkeep.identity.roles import PEOPLE, Role

TODAY = date(2026, 11, 28)
NOW = datetime(2026, 11, 28, 9, 0, tzinfo=UTC)
WRONG = {"coding": [{"code": "entered-in-error"}]}


def resource(type_: str, id_: str = "x", **fields: Any) -> OpenedResource:
    return OpenedResource(
        type=type_,
        id=id_,
        version=1,
        patient="p",
        tier=Tier.RECORD,
        clinical_at=None,
        last_updated=NOW,
        text=json.dumps({"resourceType": type_, "id": id_, **fields}).encode(),
    )


def sheet(*resources: OpenedResource, **more: Any) -> Paper:
    return paper_of(resources, sections=SECTIONS, today=TODAY, **more)


def table(paper: Paper, title: str) -> Section:
    return next(one for one in paper.sections if one.title.startswith(title))


def test_an_empty_record_says_so_in_every_table() -> None:
    paper = sheet(resource("Patient"))
    assert all(not one.rows and one.empty.endswith(".") for one in paper.sections)
    assert table(paper, "Allergies").empty == "No allergies recorded."


def test_none_known_is_not_none_recorded_and_what_was_wrong_is_left_out() -> None:
    denied = resource("AllergyIntolerance", code={"text": "No known allergies"})
    wrong = resource(
        "AllergyIntolerance", code={"text": "Latex"}, verificationStatus=WRONG
    )
    mistaken = resource("Condition", code={"text": "Gout"}, verificationStatus=WRONG)
    paper = sheet(denied, mistaken)
    assert table(paper, "Allergies").empty == "No known allergies."
    assert paper.banner.is_free_of_known_allergies
    assert table(paper, "Problems").rows == ()
    # Nobody who was only wrong about one has said that there are none
    only_wrong = sheet(wrong)
    assert not only_wrong.banner.is_free_of_known_allergies
    assert table(only_wrong, "Allergies").empty == "No allergies recorded."


def test_what_nobody_confirmed_says_so_on_paper_too() -> None:
    doubtful = {"coding": [{"code": "refuted", "display": "Refuted"}]}
    sure = {"coding": [{"code": "confirmed", "display": "Confirmed"}]}
    paper = sheet(
        resource("AllergyIntolerance", code={"text": "Nuts"}, verificationStatus=sure),
        resource("Condition", code={"text": "Gout"}, verificationStatus=doubtful),
    )
    assert table(paper, "Problems").rows[0][0] == "Gout (Refuted)"
    assert table(paper, "Allergies").rows == (("Nuts", "Not recorded", "Not recorded"),)


def test_what_was_entered_in_error_is_no_visit() -> None:
    paper = sheet(
        resource("Encounter", status="entered-in-error"),
        resource("Procedure", status="completed", code={"text": "Stitches"}),
        resource("Immunization", status="completed", vaccineCode={"text": "Flu"}),
        resource("Appointment", status="booked", description="Review"),
    )
    assert {row[2] for row in table(paper, "Visits").rows} == {
        *("Stitches", "Flu", "Review")
    }


def test_current_problems_come_first_then_those_that_ended() -> None:
    rows = table(
        sheet(
            resource(
                "Condition",
                code={"text": "Old"},
                onsetDateTime="2001",
                abatementDateTime="2003-02-01",
            ),
            resource("Condition", code={"text": "Now"}, onsetDateTime="1999-01-02"),
            resource(
                "Condition",
                code={"text": "Gone"},
                clinicalStatus={"coding": [{"code": "resolved"}]},
            ),
        ),
        "Problems",
    ).rows
    assert [(row[0], row[3]) for row in rows] == [
        ("Now", "Current"),
        ("Old", "Ended"),
        ("Gone", "Ended"),
    ]


@pytest.mark.parametrize(
    ("fields", "value"),
    [
        ({"valueQuantity": {"value": 0, "unit": "g"}}, "0 g"),
        ({"valueBoolean": False}, "No"),
        ({"valueBoolean": True}, "Yes"),
        ({"valueInteger": 0}, "0"),
        ({"valueString": "clear"}, "clear"),
        ({"valueTime": "07:30:00"}, "07:30:00"),
        ({"valueDateTime": "2026-11-28"}, "28-Nov-2026"),
        (
            {"valueRatio": {"numerator": {"value": 1}, "denominator": {"value": 128}}},
            "1 : 128",
        ),
        ({"valueRange": {"low": {"value": 0}, "high": {"value": 5}}}, "0 to 5"),
        (
            {"component": [{"code": {"text": "Eyes"}, "valueInteger": 0}]},
            "Eyes: 0",
        ),
        ({"dataAbsentReason": {"text": "Refused"}}, "Refused"),
        (
            {
                "component": [
                    {
                        "code": {"text": "Systolic"},
                        "valueQuantity": {"value": 120, "unit": "mmHg"},
                    },
                    {"code": {"text": "Diastolic"}},
                ]
            },
            "Systolic: 120 mmHg",
        ),
    ],
)
def test_a_value_is_shown_as_it_is_and_0_is_0(
    fields: dict[str, Any], value: str
) -> None:
    made = resource("Observation", status="final", code={"text": "It"}, **fields)
    [row] = table(sheet(made), "Observations").rows
    assert row[1] == value


@pytest.mark.parametrize(
    ("normal", "words"),
    [
        ({"low": {"value": 0}, "high": {"value": 5}}, "0 to 5"),
        ({"low": {"value": 3}}, "from 3"),
        ({"high": {"value": 0}}, "up to 0"),
        ({"text": "none seen"}, "none seen"),
    ],
)
def test_a_range_is_said_as_far_as_it_goes(normal: dict[str, Any], words: str) -> None:
    made = resource("Observation", status="final", referenceRange=[normal])
    [row] = table(sheet(made), "Observations").rows
    assert row[2] == words


def test_a_summary_has_the_latest_of_each_and_no_cancelled_one() -> None:
    def pulse(value: int, day: int, status: str = "final") -> OpenedResource:
        return resource(
            "Observation",
            f"o{value}",
            status=status,
            code={"text": "Pulse"},
            effectiveDateTime=f"2026-11-{day:02d}",
            valueInteger=value,
        )

    found = (pulse(70, 1), pulse(80, 3), pulse(90, 2), pulse(5, 4, "cancelled"))
    assert len(table(sheet(*found), "Observations").rows) == 3
    [row] = table(sheet(*found, is_latest_only=True), "Observations").rows
    assert row[1] == "80"


def test_the_latest_is_the_latest_in_whatever_time_zone_it_is_written() -> None:
    """09:30 in British summer is before 09:00 in Greenwich."""
    found = [
        resource(
            "Observation",
            id_,
            status="final",
            code={"text": "Potassium"},
            effectiveDateTime=taken,
            valueString=id_,
        )
        for id_, taken in (
            ("earlier", "2026-07-01T09:30:00+01:00"),
            ("later", "2026-07-01T09:00:00Z"),
        )
    ]
    [row] = table(sheet(*found, is_latest_only=True), "Observations").rows
    assert row[1] == "later"


def test_what_was_not_done_does_not_read_as_if_it_was() -> None:
    found = (
        resource("Immunization", status="not-done", vaccineCode={"text": "MMR"}),
        resource("Procedure", status="not-done", code={"text": "Biopsy"}),
        resource("Procedure", "p2", status="completed", code={"text": "X-ray"}),
    )
    rows = table(sheet(*found), "Visits").rows
    assert {row[2]: row[3] for row in rows} == {
        "MMR": "not done",
        "Biopsy": "not done",
        "X-ray": "",
    }


def test_what_is_taken_without_a_prescription_stands_with_the_others() -> None:
    rows = table(
        sheet(
            resource(
                "MedicationRequest",
                status="stopped",
                medicationReference={"display": "Aspirin"},
            ),
            resource(
                "MedicationStatement",
                status="active",
                medicationCodeableConcept={"text": "Iron"},
                effectivePeriod={"start": "2026-01-05"},
            ),
            resource("MedicationRequest", status="entered-in-error"),
        ),
        "Medicines",
    ).rows
    assert rows == (
        ("Iron", "Not recorded", "05-Jan-2026", "Active"),
        ("Aspirin", "Not recorded", "Not recorded", "Stopped"),
    )


def test_what_is_not_as_the_standard_asks_is_counted_and_what_no_page_knows_not() -> (
    None
):
    paper = sheet(resource("Condition", code=7), resource("Basic", code=7))
    assert paper.unreadable == 1


def test_roles_that_print_and_copy_are_those_of_the_warden() -> None:
    assert {one.value for one in PEOPLE if one.budget.copies} == set(MAKERS.roles)
    for role in Role:
        if role.budget.prints:
            assert WRITERS.admits(role.value)
    for name in GROUNDS:
        for role in PEOPLE:
            may = PURPOSES[name].value in role.purposes
            if role.budget.copies:
                assert (name in dict(grounds_of(role.value))) is may


def test_parts_are_of_types_that_there_are_and_none_twice() -> None:
    types = [one for part in (PERSON, *PARTS.values()) for one in part.types]
    assert len(types) == len(set(types))
    assert all(map(is_resource_type, types))
    for part in PRINTED.values():
        assert all(map(is_resource_type, part.types))
        assert set(part.sections) <= {*SECTIONS, ASSESSMENTS}


# What stays


def row(type_: str, id_: str, **changed: Any) -> StoredRow:
    made = StoredRow(
        organisation=1,
        type=type_,
        id=id_,
        version=1,
        patient="p",
        tier=Tier.RECORD,
        body=b"",
        clinical_at=NOW,
        last_updated=NOW,
    )
    return msgspec.structs.replace(made, **changed)


def test_each_resource_that_stays_is_counted_once_by_why() -> None:
    asked = TakeOut(
        patient="p",
        action=Action.COPY,
        types=frozenset({"Observation"}),
        since=NOW,
        until=NOW + timedelta(days=1),
    )
    rows = [
        row("Patient", "p", tier=Tier.BANNER, clinical_at=None),
        row("Observation", "o"),
        row("Observation", "undated", clinical_at=None),
        row("Observation", "early", clinical_at=NOW - timedelta(seconds=1)),
        row("Observation", "late", clinical_at=NOW + timedelta(days=1)),
        row("Observation", "of two", also=(7,)),
        row("Condition", "c"),
        row("Basic", "b", tier=Tier.SEALED, also=(7,)),
    ]
    going, stays = _sorted(asked, rows)
    assert [one.id for one in going] == ["p", "o", "undated"]
    assert stays == StaysHere(sealed=1, about_others=1, not_asked=1, other_times=2)
    alone = msgspec.structs.replace(asked, only="o")
    assert [one.id for one in _sorted(alone, rows)[0]] == ["p", "o"]


def test_a_copy_that_is_not_all_says_so_in_both_files() -> None:
    act = MakeCopy(
        patient="p",
        ground="transfer",
        asked_by="the hospice",
        reason="moves in on Monday",
        parts=("problems", "documents"),
        since="2026-01-01",
    )
    taken = TakenOut(
        opened=Opened(resources=(resource("Patient", "p"),), entry=7, is_more=True),
        stays=StaysHere(sealed=2),
    )
    making = Making(
        act=act,
        taken=taken,
        titles=("Who the person is",),
        signed_entry=6,
        made_by="Rowan Ash, Doctor",
        organisation="Fernhill",
        base="https://one.example/fhir",
        at=NOW,
    )
    copy = zipfile.ZipFile(io.BytesIO(zip_of(making)))
    assert copy.namelist() == ["manifest.json", "record.html", "record.json"]
    told = json.loads(copy.read("manifest.json"))
    assert (told["is_whole"], told["stays"]) == (False, {"sealed": 2})
    assert (told["ledger_entry"], told["signed_entry"]) == (7, 6)
    page = copy.read("record.html").decode()
    assert "more entries than one copy takes" in page
    assert "2: Sealed" in page
    bundle = json.loads(copy.read("record.json"))
    assert bundle["entry"][0]["fullUrl"] == "https://one.example/fhir/Patient/p"


NEWS2 = {"coding": [{"system": "urn:wardkeep:observation", "code": "news2"}]}


@pytest.mark.parametrize(
    ("born", "conditions", "said"),
    [
        ("1980-01-01", [], "7"),
        ("2015-01-01", [], "No total: NEWS2 is not for people under 16"),
        (
            "1990-01-01",
            [{"text": "28 weeks pregnant"}],
            "No total: NEWS2 is not for use in pregnancy",
        ),
        ("1990-01-01", [{"text": "Asthma"}], "7"),
    ],
)
def test_a_stored_total_of_whom_news2_is_not_for_is_not_printed(
    born: str, conditions: list[dict[str, str]], said: str
) -> None:
    paper = sheet(
        resource("Patient", birthDate=born),
        *(
            resource("Condition", f"c{nth}", code=code)
            for nth, code in enumerate(conditions)
        ),
        resource(
            "Observation",
            status="final",
            code=NEWS2 | {"text": "NEWS2"},
            effectiveDateTime="2026-11-20T09:41:00+00:00",
            valueInteger=7,
        ),
    )
    [row] = table(paper, "Observations").rows
    assert row[:2] == ("NEWS2", said)


def test_wherever_observations_are_printed_pregnancies_are_known() -> None:
    for name, printed in PRINTED.items():
        if "results" in printed.sections:
            assert "Condition" in printed.types, name


SCHEDULE = Schedule(
    id="d1",
    patient="p",
    medicine="Paliperidone palmitate injection",
    dose=Decimal(100),
    unit="mg",
    route="im",
    every=28,
    early=2,
    late=3,
    counts="given",
    first=date(2026, 11, 20),
    place=Person("Location/c", "Clinic"),
    prescriber="Dr Fictional",
    began=NOW,
    author=Person("", "Nils Oak"),
)


def depot(status: str = "active") -> OpenedResource:
    content = schedule_content(SCHEDULE) | {"status": status}
    text = drafted(content).resource.compact
    return msgspec.structs.replace(resource("MedicationRequest", "d1"), text=text)


def test_paper_says_when_a_depot_is_due_and_nothing_of_one_that_is_stopped() -> None:
    [row] = table(sheet(depot()), "Depot").rows
    assert row[0] == "Paliperidone palmitate injection"
    assert row[2] == "20-Nov-2026, 8 days past its day (Overdue)"
    assert row[3] == "18-Nov-2026 to 23-Nov-2026"
    titles = [one.title for one in sheet(depot("stopped")).sections]
    assert "Depot injections" not in titles
    assert "Medicines" in titles
    for name in ("summary", "medicines", "whole"):
        assert "depots" in PRINTED[name].sections


def dosed(*entries: Entry, status: str = "active") -> OpenedResource:
    schedule = msgspec.structs.replace(SCHEDULE, entries=entries)
    text = drafted(schedule_content(schedule) | {"status": status}).resource.compact
    return msgspec.structs.replace(resource("MedicationRequest", "d1"), text=text)


def entry(id_: str, kind: str, day: int, **more: Any) -> Entry:
    at = datetime(2026, 11, day, 10, tzinfo=UTC)
    by = Person("Practitioner/nils", "Nils Oak")
    return Entry(id=id_, kind=kind, at=at, recorded=at, by=by, **more)


@pytest.mark.parametrize("status", ["active", "stopped"])
def test_paper_has_every_dose_of_a_depot_and_none_that_was_taken_back(
    status: str,
) -> None:
    made = dosed(
        entry("e1", "given", 1, side="left"),
        entry("e2", "not-given", 5, words="Was not in"),
        entry("e3", "given", 6, side="right"),
        entry("e4", "taken-back", 7, about="e3"),
        status=status,
    )
    rows = table(sheet(made), "Depot doses").rows
    assert [row[2:] for row in rows] == [
        ("Not given", "Was not in", "Nils Oak"),
        ("Given", "Left", "Nils Oak"),
    ]
    for name in ("medicines", "whole"):
        assert "doses" in PRINTED[name].sections


def test_a_dose_that_is_part_of_a_copy_says_how_much_where_and_from_which_pack() -> (
    None
):
    given = Dose(
        entry="e1",
        at=datetime(2026, 11, 1, 10, tzinfo=UTC),
        by=Person("", "Nia Birch"),
        dose=Decimal(100),
        unit="mg",
        site="deltoid",
        side="left",
        batch="B1234",
    )
    refused = msgspec.structs.replace(
        given, entry="e2", status="not-done", dose=None, reason="declined", seen="Tired"
    )
    doses = [
        msgspec.structs.replace(
            resource("MedicationAdministration", dose_id("d1", one.entry)),
            text=drafted(dose_content(one, SCHEDULE)).resource.compact,
        )
        for one in (given, refused)
    ]
    made = dosed(entry("e1", "given", 1, side="left"), entry("e2", "not-given", 5))
    [second, first] = table(sheet(made, *doses), "Depot doses").rows
    assert first[3] == "100 mg, Left upper arm (deltoid), batch B1234"
    assert first[4] == "Nia Birch"
    assert second[3].endswith(". Tired")


def test_a_depot_that_goes_on_stands_in_one_table() -> None:
    paper = sheet(depot())
    assert len(table(paper, "Depot injections").rows) == 1
    assert table(paper, "Medicines").rows == ()
    assert table(paper, "Medicines").empty == "No other medicines recorded."
    assert len(table(sheet(depot("stopped")), "Medicines").rows) == 1


def test_an_alert_that_has_not_begun_is_not_printed() -> None:
    def flag(start: str) -> OpenedResource:
        return resource(
            "Flag", status="active", code={"text": "x"}, period={"start": start}
        )

    ahead = sheet(flag("2026-11-29T00:00:00+00:00"))
    assert not table(ahead, "Alerts").rows
    assert ahead.banner.alerts == ()
    assert table(sheet(flag("2026-11-27T00:00:00+00:00")), "Alerts").rows
