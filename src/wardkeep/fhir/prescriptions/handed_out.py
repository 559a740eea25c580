# SPDX-License-Identifier: Apache-2.0
"""Stock given at a base, as a FHIR MedicationDispense, and back.

https://hl7.org/fhir/R4/medicationdispense.html. Batch and expiry are of the medicine in
R4, so the packet is a Medication that the resource contains.
"""

from datetime import datetime

import msgspec

from wardkeep.fhir.model.moments import moment_in
from wardkeep.fhir.model.person import Person, person_in
from wardkeep.fhir.prescriptions.formulary import DMD
from wardkeep.fhir.prescriptions.prescription import TYPE as PRESCRIPTION, Prescription
from wardkeep.fhir.urgent.saying import id_in, instant
from wardkeep.fhir.work.expects import Content, listed

TYPE = "MedicationDispense"
WRONG = "entered-in-error"
_PACK = "pack"


class Packet(msgspec.Struct, frozen=True, kw_only=True):
    """What was handed over."""

    id: str
    at: datetime
    by: Person
    quantity: int
    batch: str
    expires: str
    """A year and month, as packs have them."""
    collected: str = ""
    """Who collected it, in words; asked for of schedule 2."""
    prescription: str = ""
    is_wrong: bool = False


def packet_content(packet: Packet, of: Prescription) -> Content:
    """It as a resource's content."""
    code: Content = {"text": of.medicine}
    if of.code:
        code["coding"] = [{"system": DMD, "code": of.code}]
    content: Content = {
        "resourceType": TYPE,
        "id": packet.id,
        "contained": [
            {
                "resourceType": "Medication",
                "id": _PACK,
                "code": code,
                "batch": {
                    "lotNumber": packet.batch,
                    "expirationDate": packet.expires,
                },
            }
        ],
        "status": "completed",
        "medicationReference": {"reference": f"#{_PACK}", "display": of.medicine},
        "subject": {"reference": f"Patient/{of.patient}"},
        # By name alone, as the prescriber is: it explains nobody's openings.
        "performer": [{"actor": {"display": packet.by.words}}],
        "authorizingPrescription": [{"reference": f"{PRESCRIPTION}/{of.id}"}],
        "quantity": {"value": packet.quantity, "unit": of.supplied},
        "whenHandedOver": instant(packet.at),
        "dosageInstruction": [{"text": of.dosage}],
    }
    if packet.collected:
        content["note"] = [{"text": packet.collected}]
    if of.case:
        content["context"] = {"reference": f"Encounter/{of.case}"}
    return content


def packet_in(content: Content) -> Packet | None:
    """Undo it; None where it is no packet of ours."""
    at = moment_in(content.get("whenHandedOver"))
    packs = [one for one in listed(content, "contained") if one.get("id") == _PACK]
    orders = [
        id_in(one, PRESCRIPTION) for one in listed(content, "authorizingPrescription")
    ]
    if at is None or not packs or not any(orders):
        return None
    batch, many = packs[0].get("batch"), content.get("quantity")
    said = batch if isinstance(batch, dict) else {}
    value = many.get("value") if isinstance(many, dict) else 0
    people = [person_in(one.get("actor")) for one in listed(content, "performer")]
    return Packet(
        id=str(content.get("id", "")),
        at=at,
        by=next(iter(people), Person()),
        quantity=int(str(value)) if str(value).isdigit() else 0,
        batch=str(said.get("lotNumber", "")),
        expires=str(said.get("expirationDate", "")),
        collected=next(
            (str(one.get("text", "")) for one in listed(content, "note")), ""
        ),
        prescription=next(filter(None, orders)),
        is_wrong=content.get("status") == WRONG,
    )
