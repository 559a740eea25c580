# SPDX-License-Identifier: Apache-2.0
"""Messages as a partner sends them: made of our own words in the standard's shapes."""

import base64
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from support.program import Program, Reply
from support.served import Served
from support.warden import RunningWarden
from wardkeep.base.clock import SystemClock
from wardkeep.base.ids import new_uuid
from wardkeep.disclosure.answers import Done, SessionView
from wardkeep.disclosure.questions import CheckSession, SetWork
from wardkeep.fhir.bars.building import Content, Party, referral_message
from wardkeep.fhir.bars.codes import SERVICE_ID, Reason
from wardkeep.fhir.bars.partners import SCOPE

Json = dict[str, Any]
SERVICE = "2000000111"
NHS_NUMBER = "https://fhir.nhs.uk/Id/nhs-number"
NORTH = Party(name="North Call Centre", service="2000000999", ods="RX9")
FERNHILL = Party(name="Fernhill Hospital", service=SERVICE, ods="RX1")
QUARTER = timedelta(minutes=15)
FIRST, SECOND = "9990000018", "9990000026"
"""Of the test range."""


def now() -> datetime:
    return SystemClock().now()


def person(number: str = FIRST, born: str = "1959-05-04", **more: object) -> Json:
    return {
        "resourceType": "Patient",
        "identifier": [{"system": NHS_NUMBER, "value": number}],
        "name": [{"family": "Quillfeather", "given": ["Odette"]}],
        "gender": "female",
        "birthDate": born,
        **more,
    }


def case() -> Json:
    return {
        "resourceType": "Encounter",
        "status": "triaged",
        "class": {
            "system": "http://terminology.hl7.org/CodeSystem/v3-ActCode",
            "code": "VR",
        },
        "identifier": [{"system": "urn:example:case", "value": new_uuid()}],
        "period": {"start": "2026-11-29T15:00:00Z"},
    }


def asked(**more: object) -> Json:
    return {
        "resourceType": "ServiceRequest",
        "status": "active",
        "intent": "order",
        "priority": "urgent",
        "code": {"text": "Emergency department, within one hour"},
        "occurrencePeriod": {
            "start": "2026-11-29T15:00:00Z",
            "end": "2026-11-29T16:00:00Z",
        },
        **more,
    }


def referral(
    patient: Json | None = None,
    *,
    reason: Reason = Reason.NEW,
    there: str = "",
    is_validation: bool = False,
    **more: object,
) -> Json:
    """A whole referral, as our own program would send it."""
    content = Content(
        request=asked(**more),
        patient=person() if patient is None else patient,
        encounter=case(),
        summary="Palpitations since noon, breathless on stairs.",
        codes=[{"system": "urn:example", "code": "p", "display": "Palpitations"}],
        more=[
            {
                "resourceType": "Observation",
                "status": "final",
                "code": {"text": "Breathless on stairs"},
            }
        ],
        author={"name": [{"text": "Marcy Example"}]},
    )
    return referral_message(
        content,
        sender=NORTH,
        receiver=FERNHILL,
        reason=reason,
        there=there,
        is_validation=is_validation,
        now=now(),
    )


def booking(
    slot: str, start: str, end: str, *, patient: Json | None = None, **more: object
) -> Json:
    """A booking of a slot, for somebody."""
    urls = {name: f"urn:uuid:{new_uuid()}" for name in ("a", "p", "s", "d", "h")}
    who = person() if patient is None else patient
    header = {
        "resourceType": "MessageHeader",
        "eventCoding": {
            "system": "https://fhir.nhs.uk/CodeSystem/message-events-bars",
            "code": "booking-request",
        },
        "destination": [{"endpoint": f"{SERVICE_ID}|{SERVICE}"}],
        "source": {"name": NORTH.name, "endpoint": f"{SERVICE_ID}|{NORTH.service}"},
        "reason": {
            "coding": [
                {
                    "system": "https://fhir.nhs.uk/CodeSystem/message-reason-bars",
                    "code": more.pop("reason", "new"),
                }
            ]
        },
        "focus": [{"reference": urls["a"]}],
    }
    appointment = {
        "resourceType": "Appointment",
        "status": "booked",
        "start": start,
        "end": end,
        "slot": [{"reference": urls["s"]}],
        "participant": [{"actor": {"reference": urls["p"]}, "status": "accepted"}],
        **more,
    }
    times = {"start": start, "end": end, "status": "busy"}
    resources = [
        (f"urn:uuid:{new_uuid()}", header),
        (urls["a"], appointment),
        (urls["p"], who),
        (
            urls["s"],
            {
                "resourceType": "Slot",
                "id": slot,
                "schedule": {"reference": urls["d"]},
                **times,
            },
        ),
        (
            urls["d"],
            {"resourceType": "Schedule", "actor": [{"reference": urls["h"]}]},
        ),
        (urls["h"], {"resourceType": "HealthcareService", "name": "Clinic"}),
    ]
    return {
        "resourceType": "Bundle",
        "id": new_uuid(),
        "type": "message",
        "timestamp": "2026-11-29T15:00:00Z",
        "entry": [{"fullUrl": url, "resource": one} for url, one in resources],
    }


def headers(request: str = "", *, service: str = SERVICE) -> dict[str, str]:
    target = {"system": SERVICE_ID, "value": service}
    return {
        "X-Request-Id": request or new_uuid(),
        "X-Correlation-Id": new_uuid(),
        "NHSD-Target-Identifier": base64.b64encode(
            json.dumps(target).encode()
        ).decode(),
    }


def send(program: Program, bundle: Json, request: str = "") -> Reply:
    return program.ask("POST", "$process-message", bundle, headers(request))


def partner(
    served: Served, folder: Path, *, organisation: str, patients_per_hour: int = 500
) -> Program:
    """A program that is registered as a partner is."""
    return Program(
        served,
        folder,
        organisation=organisation,
        scope=SCOPE,
        patients_per_hour=patients_per_hour,
    )


def found_service(program: Program, id_: str = "front-door") -> None:
    """The service that referrals go to, with its id in the directory."""
    program.put(
        {
            "resourceType": "HealthcareService",
            "id": id_,
            "identifier": [{"system": SERVICE_ID, "value": SERVICE}],
            "active": True,
            "name": "Fernhill emergency department",
        }
    )


def found_clinic(
    program: Program,
    *,
    soon: bool = False,
    slots_of: timedelta = QUARTER,
    many: int = 3,
) -> list[Json]:
    """A clinic with some slots tomorrow; or from in twenty minutes on."""
    program.put({"resourceType": "Location", "id": "base", "name": "Base One"})
    program.put(
        {
            "resourceType": "Schedule",
            "id": "base-times",
            "active": True,
            "actor": [
                {"reference": "Location/base"},
                {"reference": "HealthcareService/front-door"},
            ],
        }
    )
    first = now().astimezone(UTC).replace(hour=9, minute=0, second=0, microsecond=0)
    first += timedelta(days=1)
    if soon:
        first = (now() + timedelta(minutes=20)).replace(second=0, microsecond=0)
    slots = []
    for place in range(many):
        start = first + slots_of * place
        end = start + slots_of
        slot = {
            "resourceType": "Slot",
            "id": f"slot-{place}",
            "schedule": {"reference": "Schedule/base-times"},
            "status": "free",
            "start": start.isoformat().replace("+00:00", "Z"),
            "end": end.isoformat().replace("+00:00", "Z"),
        }
        program.put(slot)
        slots.append(slot)
    return slots


async def put_in_the_team(stack: Served, token: str, organisation: str) -> None:
    """Whoever has this session works at the front door."""
    warden = RunningWarden(stack, None)  # type: ignore[arg-type]
    seen = await warden.door.ask(CheckSession(token), SessionView)
    assert isinstance(seen, SessionView)
    who = ((seen.account, ("Practitioner/nell",)),)
    teams = (("Front", ("HealthcareService/front-door",), (seen.account,)),)
    asked = SetWork(organisation, who, teams)
    assert await warden.operator.ask(asked, Done) == Done()
    await warden.door.close()
    await warden.operator.close()
