# SPDX-License-Identifier: Apache-2.0
"""Resources of one patient for the tests of data sets, and the ground they stand on."""

from datetime import UTC, date, datetime
from typing import Any

import msgspec

from wardkeep.disclosure.purpose import Tier
from wardkeep.fhir.data_sets.facts import Fact
from wardkeep.fhir.data_sets.filling import Filled, Filler
from wardkeep.fhir.data_sets.ground import Ground, Month, Staff
from wardkeep.fhir.data_sets.of_patient import facts_of
from wardkeep.fhir.data_sets.specification import specification
from wardkeep.fhir.store.outcomes import OpenedResource

Json = dict[str, Any]
MHSDS = specification("mhsds")
NOVEMBER = Month(date(2026, 11, 1), date(2026, 11, 30))
GROUND = Ground(
    month=NOVEMBER,
    provider="RX1",
    commissioner="QE1",
    systems=MHSDS.systems,
    teams={"mind": "A06", "crisis": "A02"},
    names={"mind": "Mind team", "crisis": "Crisis team", "heart": "Heart team"},
    practices={"surgery": "A81001"},
    wards={"heron": "HER1"},
    staff={"cora": Staff("https://fhir.hl7.org.uk/Id/nmc-number", "12A3456E")},
)
NUMBER_STATUS = (
    "https://fhir.hl7.org.uk/StructureDefinition/"
    "Extension-UKCore-NHSNumberVerificationStatus"
)
ETHNIC = "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-EthnicCategory"
ANN: Json = {
    "resourceType": "Patient",
    "id": "ann",
    "name": [{"family": "Secretname", "given": ["Ann"]}],
    "identifier": [
        {
            "system": "https://fhir.nhs.uk/Id/nhs-number",
            "value": "9990000018",
            "extension": [
                {
                    "url": NUMBER_STATUS,
                    "valueCodeableConcept": {"coding": [{"code": "01"}]},
                }
            ],
        }
    ],
    "extension": [{"url": ETHNIC, "valueCodeableConcept": {"coding": [{"code": "A"}]}}],
    "gender": "female",
    "birthDate": "1980-02-03",
    "address": [{"use": "home", "line": ["1 Hidden Lane"], "postalCode": "zz99 3wz"}],
    "communication": [{"language": {"coding": [{"code": "pl-PL"}]}}],
    "generalPractitioner": [{"reference": "Organization/surgery"}],
}


def stored(content: Json, *, patient: str = "ann", at: str = "") -> OpenedResource:
    written = datetime.fromisoformat(at or "2026-11-20T10:00:00+00:00")
    return OpenedResource(
        type=content["resourceType"],
        id=content["id"],
        version=1,
        patient=patient,
        tier=Tier.RECORD,
        clinical_at=None,
        last_updated=written.astimezone(UTC),
        text=msgspec.json.encode(content),
    )


def referral(id_: str = "ref", team: str = "mind", **more: object) -> Json:
    return {
        "resourceType": "ServiceRequest",
        "id": id_,
        "status": "active",
        "intent": "order",
        "priority": "urgent",
        "authoredOn": "2026-10-05T09:00:00+01:00",
        "performer": [{"reference": f"HealthcareService/{team}"}],
        "reasonCode": [{"text": "Secret words of why"}],
        **more,
    }


def episode(id_: str, of: str, worker: str, team: str = "mind", **more: object) -> Json:
    service = {"reference": f"HealthcareService/{team}"}
    return {
        "resourceType": "EpisodeOfCare",
        "id": id_,
        "extension": [
            {"url": "urn:wardkeep:episode:service", "valueReference": service}
        ],
        "status": "active",
        "referralRequest": [{"reference": f"ServiceRequest/{of}"}],
        "period": {"start": "2026-10-06"},
        "careManager": {"reference": f"Practitioner/{worker}"},
        **more,
    }


def facts(*contents: Json, ground: Ground = GROUND) -> list[Fact]:
    return facts_of([stored(one) for one in contents], ground)


def filled(*contents: Json, ground: Ground = GROUND) -> Filled:
    return Filler(MHSDS).fill(facts(*contents, ground=ground))


def rows_of(found: Filled, table: str) -> list[dict[str, str]]:
    """Rows of one table, by the names of its columns; what is empty is left out."""
    return [
        {
            column.name: value
            for column, value in zip(row.table.columns, row.values, strict=True)
            if value
        }
        for row in found.rows
        if row.table.name == table
    ]


def codes_of(found: Filled) -> set[str]:
    return {one.rule.code for one in found.faults}
