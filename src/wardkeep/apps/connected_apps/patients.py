# SPDX-License-Identifier: Apache-2.0
"""The patient whom an app is to work with, opened at the door like any record."""

import msgspec

from wardkeep.base.ids import OrganisationId
from wardkeep.disclosure.answers import Refusal
from wardkeep.disclosure.purpose import Purpose
from wardkeep.fhir.store.outcomes import NotFound, Opener
from wardkeep.fhir.store.reading import PatientQuery, Reader
from wardkeep.web.visit import Visit

REASON_PURPOSES = (
    (Purpose.DIRECT_CARE.value, "Direct care"),
    (Purpose.SAFEGUARDING.value, "Safeguarding"),
    (Purpose.PATIENT_REQUEST.value, "The patient asked"),
)
LONGEST_REASON = 200


class _Name(msgspec.Struct):
    family: str = ""
    given: list[str] = []
    text: str = ""
    use: str = ""


class _Patient(msgspec.Struct, rename="camel"):
    name: list[_Name] = []
    birth_date: str = ""


class Chosen(msgspec.Struct, frozen=True):
    """As the consent page names them."""

    id: str
    name: str
    born: str


async def open_patient(
    visit: Visit, patient: str, *, purpose: str = "", reason: str = ""
) -> Chosen | Refusal | NotFound:
    """Who it is; the door's refusal where this person may not know."""
    opener = Opener(
        session=visit.token,
        organisation=OrganisationId(visit.session.organisation),
        purpose=Purpose(purpose or Purpose.DIRECT_CARE),
        reason=reason,
    )
    query = PatientQuery(patient=patient, types=("Patient",), at_most=1)
    opened = await visit.services[Reader].of_patient(query, opener=opener)
    if isinstance(opened, Refusal | NotFound):
        return opened
    if not opened.resources:
        return NotFound(type="Patient", id=patient)
    return _chosen(patient, opened.resources[0].text)


def _chosen(id_: str, text: bytes) -> Chosen:
    try:
        found = msgspec.json.decode(text, type=_Patient)
    except msgspec.DecodeError:
        found = _Patient()
    official = [one for one in found.name if one.use == "official"]
    name = next(iter([*official, *found.name]), _Name())
    family = name.family.upper()
    words = ", ".join(one for one in (family, " ".join(name.given)) if one)
    return Chosen(id_, words or name.text or "Name not recorded", found.birth_date)
