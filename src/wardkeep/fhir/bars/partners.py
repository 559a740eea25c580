# SPDX-License-Identifier: Apache-2.0
"""What a partner's token is good for: messages, free slots, and what its own brought.

A partner is a program whose scopes name MessageHeader. The warden holds it to its
scopes and its contract; here it is held to less: a stolen token sends messages under
its owner's name and reads none but its own, whatever the scopes would let through.
"""

from typing import Any

import msgspec

from wardkeep.fhir.bars.cardinalities import MANY, shape_of
from wardkeep.fhir.bars.codes import EVENTS, Error, Event
from wardkeep.fhir.bars.errors import Fault, answer_of, coded
from wardkeep.fhir.bars.own_search import own_of_patient
from wardkeep.fhir.bars.rows import Arrivals, Sender
from wardkeep.fhir.bars.writing import not_found
from wardkeep.fhir.rest.answer import JSON, Answer
from wardkeep.fhir.rest.asking import Asking
from wardkeep.fhir.rest.interaction import Interaction
from wardkeep.fhir.rest.store import Store

Json = dict[str, Any]
MESSAGE = "$process-message"
_MARK = "system/MessageHeader."
_MAY_WRITE = (
    *("Encounter", "CarePlan", "Observation", "Flag", "MedicationStatement"),
    *("AllergyIntolerance", "QuestionnaireResponse", "Condition", "Communication"),
    *("Procedure", "Consent", "RelatedPerson", "Patient"),
)
SCOPE = " ".join(
    [
        "system/MessageHeader.c",
        *(f"system/{type_}.c" for type_ in _MAY_WRITE),
        *("system/ServiceRequest.cru", "system/Appointment.cru", "system/Slot.rs"),
        *("system/Schedule.rs", "system/HealthcareService.rs", "system/Location.rs"),
        *("system/Practitioner.rs", "system/PractitionerRole.rs"),
        *("system/Organization.rs", "system/MessageDefinition.rs"),
    ]
)
"""What a partner is registered with: it writes what its messages hold, and reads of
patients' resources no more than two types, of which it is shown its own."""
SENDER_SCOPE = "system/Communication.r"
"""Of our own program that sends: it reads messages that are ready, and nothing else."""
_OWN = frozenset({"ServiceRequest", "Appointment"})
_SHARED = frozenset({"Slot", "Schedule", "HealthcareService", "Location"})
_SPELLED = {
    "Schedule.actor:HealthcareService": "schedule.actor:HealthcareService.identifier",
    "schedule.actor:HealthcareService": "schedule.actor:HealthcareService.identifier",
}
"""As the standard writes it, without saying that it is an identifier."""
_INCLUDES = ("_include", "_include:iterate", "_include:recurse")
_ASKED = frozenset(
    {
        *("start", "status", "schedule", "_id", "_count", "_sort", "_cursor"),
        *_SPELLED.values(),
        *_INCLUDES,
    }
)
_INCLUDED = frozenset(
    {
        *("Slot:schedule", "Schedule:actor", "Schedule:actor:Practitioner"),
        *("Schedule:actor:PractitionerRole", "Schedule:actor:HealthcareService"),
        *("Schedule:actor:Location", "HealthcareService:location"),
        *("HealthcareService:organization", "HealthcareService:providedBy"),
    }
)
_NOT_ASKED = Fault(
    error=Error.BAD_REQUEST,
    code="invalid",
    words="Slots are asked for by start, status and schedule, with their schedules.",
)
_FORBIDDEN = Fault(
    error=Error.FORBIDDEN,
    code="forbidden",
    words="A partner sends messages, looks for free slots, and reads what its own"
    " messages brought.",
)


class Partners:
    """Answers requests that came with a partner's token."""

    def __init__(self, arrivals: Arrivals) -> None:
        self._arrivals = arrivals

    async def answer(
        self, asking: Asking, found: Interaction, store: Store
    ) -> Answer | None:
        """None where it is nobody's concern here: the interaction answers."""
        if found.name == MESSAGE:
            return coded(await found.handler(asking, store))
        session = asking.session
        if session is None or _MARK not in session.scope:
            return None
        type_ = asking.parts[0] if asking.parts else ""
        if type_ in _OWN:
            return await self._own(asking, found, store)
        if found.name == "search-type" and type_ == "MessageDefinition":
            return Answer(body=msgspec.json.encode(_definitions()), headers=(JSON,))
        if found.name == "search-type" and type_ == "Slot":
            return await self._slots(asking, found, store)
        if found.name == "read" and type_ in _SHARED:
            return coded(await found.handler(asking, store))
        return answer_of((_FORBIDDEN,))

    async def _own(self, asking: Asking, found: Interaction, store: Store) -> Answer:
        """What this very sender's messages brought; of anything else: not here."""
        if found.name == "search-type":
            return await own_of_patient(asking, store, self._arrivals, asking.parts[0])
        if found.name != "read" or asking.session is None:
            return answer_of((_FORBIDDEN,))
        type_, id_ = asking.parts[:2]
        sender = Sender(asking.opener.organisation, asking.session.account)
        if await self._arrivals.own(sender, type_, id_) is None:
            return not_found("No message of yours brought such a resource.")
        return coded(await found.handler(asking, store))

    async def _slots(self, asking: Asking, found: Interaction, store: Store) -> Answer:
        """Without those that somebody has booked, and never to be kept (RFC 9111).

        Only what is about times and places may be asked: `_revinclude` or `_has` would
        tell of the appointments of others.
        """
        if asking.method != "GET":
            return answer_of((_FORBIDDEN,))
        asking.query = [
            (_SPELLED.get(name, name), value) for name, value in asking.query
        ]
        for name, value in asking.query:
            if name not in _ASKED or (name in _INCLUDES and value not in _INCLUDED):
                return answer_of((_NOT_ASKED,))
        answer = coded(await found.handler(asking, store))
        if answer.status != 200:  # noqa: PLR2004 - OK
            return answer
        said = msgspec.json.decode(answer.body, type=Json)
        entries = said.get("entry", [])
        ids = [one["resource"].get("id", "") for one in entries if "resource" in one]
        taken = await self._arrivals.taken_slots(asking.opener.organisation, ids)
        said["entry"] = [one for one in entries if not _is_gone(one, taken)]
        # It would count what was left out.
        said.pop("total", None)
        if not said["entry"]:
            del said["entry"]
        headers = (*answer.headers, (b"cache-control", b"no-store"))
        return Answer(body=msgspec.json.encode(said), headers=headers)


def _is_gone(entry: Json, taken: frozenset[str]) -> bool:
    one = entry.get("resource", {})
    return one.get("resourceType") == "Slot" and one.get("id") in taken


def _definitions() -> Json:
    """A MessageDefinition for each event that is taken here."""
    taken = (Event.REFERRAL, Event.REFERRAL_ANSWER, Event.BOOKING)
    return {
        "resourceType": "Bundle",
        "type": "searchset",
        "total": len(taken),
        "entry": [
            {"resource": _definition(event), "search": {"mode": "match"}}
            for event in taken
        ],
    }


def _definition(event: Event) -> Json:
    shape = shape_of(event, is_over=False, is_validation=event is Event.REFERRAL_ANSWER)
    return {
        "resourceType": "MessageDefinition",
        "id": str(event),
        "status": "active",
        "date": "2026-11-29",
        "eventCoding": {"system": EVENTS, "code": str(event)},
        "focus": [
            {"code": type_, "min": least, "max": "*" if most == MANY else str(most)}
            for type_, (least, most) in sorted(shape.counted.items())
        ],
    }
