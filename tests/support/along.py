# SPDX-License-Identifier: Apache-2.0
"""What may go along with a referral, as it stands in a record."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from support.calls import Answered
from support.served import Served
from support.ward_beds import now
from wardkeep.assembly.database import WEB, address_for
from wardkeep.base.ids import OrganisationId
from wardkeep.db.connection import Database
from wardkeep.disclosure.answers import Refusal
from wardkeep.disclosure.client import WardenClient
from wardkeep.disclosure.purpose import Purpose
from wardkeep.fhir.store.going_along import AlongReader, Named
from wardkeep.fhir.store.outcomes import NotFound, Opener
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


def sends_along(
    stack: Served,
    token: str,
    sent: Mapping[str, Sequence[Named]],
    *,
    to: str,
    of: OrganisationId,
) -> list[str]:
    """What a session sends at the door, as the page would: refusals' codes."""
    return asyncio.run(_sends_along(stack, token, sent, to=to, of=of))


async def _sends_along(
    stack: Served,
    token: str,
    sent: Mapping[str, Sequence[Named]],
    *,
    to: str,
    of: OrganisationId,
) -> list[str]:
    database = Database(address_for(stack.settings, stack.layout, WEB), size=1)
    door = WardenClient(stack.layout.door_socket, asker="drill")
    opener = Opener(
        session=token, organisation=of, purpose=Purpose.DIRECT_CARE, reason=""
    )
    said = []
    try:
        for id_, named in sent.items():
            found = await AlongReader(database, door).send(
                id_, named, to=to, opener=opener
            )
            said.append(found.code if isinstance(found, Refusal) else "")
            assert not isinstance(found, NotFound), id_
    finally:
        await door.close()
        await database.close()
    return said
