# SPDX-License-Identifier: Apache-2.0
"""What may go along with a referral, as it stands in a record."""

from typing import Any

from support.calls import Answered
from support.ward_beds import now
from wardkeep.fhir.triage.record import DECIDED
from wardkeep.fhir.urgent.flags import SYSTEM

Json = dict[str, Any]
DEPARTMENT = "emergency-department-1h"


def flag(id_: str, patient: str, code: str, words: str) -> Json:
    return {
        "resourceType": "Flag",
        "id": id_,
        "status": "active",
        "category": [{"coding": [{"system": SYSTEM, "code": code}]}],
        "code": {"text": words},
        "subject": {"reference": f"Patient/{patient}"},
        "author": {"display": "Ann Advice"},
    }


def pulse(id_: str, patient: str, value: int, **more: object) -> Json:
    return {
        "resourceType": "Observation",
        "id": id_,
        "status": "final",
        "category": [
            {
                "coding": [
                    {
                        "system": "http://terminology.hl7.org/CodeSystem/observation-category",
                        "code": "vital-signs",
                    }
                ]
            }
        ],
        "code": {
            "coding": [{"system": "http://loinc.org", "code": "8867-4"}],
            "text": "Pulse",
        },
        "subject": {"reference": f"Patient/{patient}"},
        "effectiveDateTime": now().isoformat(timespec="seconds"),
        "valueQuantity": {
            "value": value,
            "unit": "/min",
            "system": "http://unitsofmeasure.org",
            "code": "/min",
        },
        **more,
    }


def asked(id_: str, call: Answered) -> Json:
    return {
        "resourceType": "QuestionnaireResponse",
        "id": id_,
        "questionnaire": "urn:wardkeep:questionnaire:palpitations|1.0",
        "status": "completed",
        "subject": {"reference": f"Patient/{call.patient}"},
        "encounter": {"reference": f"Encounter/{call.case}"},
        "authored": now().isoformat(timespec="seconds"),
        "extension": [{"url": DECIDED, "valueCoding": {"code": DEPARTMENT}}],
        "item": [
            {
                "linkId": "breath",
                "text": "Short of breath?",
                "answer": [{"valueBoolean": True}],
            }
        ],
    }
