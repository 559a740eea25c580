# SPDX-License-Identifier: Apache-2.0
"""How the screen calls somebody: their own choice, opened by whoever calls them."""

from wardkeep.care.people import who_is
from wardkeep.disclosure.answers import Refusal
from wardkeep.fhir.clinics.clinic import Clinic
from wardkeep.fhir.clinics.outcomes import NoSuchAppointment
from wardkeep.fhir.clinics.screens import label_of
from wardkeep.fhir.clinics.words import ShownAs
from wardkeep.fhir.store.outcomes import NotFound, Opener
from wardkeep.fhir.store.reading import Reader
from wardkeep.web.visit import Visit


async def words_for(
    visit: Visit, appointment: str, opener: Opener
) -> str | NoSuchAppointment | Refusal:
    """What is read out; empty where the number is: then nobody is opened for it."""
    clinic = visit.services[Clinic]
    line = await clinic.rows.one(opener.organisation, appointment)
    if line is None:
        return NoSuchAppointment()
    if line.shown_as is ShownAs.NUMBER:
        return ""
    opened = await visit.services[Reader].one("Patient", line.patient, opener=opener)
    if isinstance(opened, Refusal):
        return opened
    if isinstance(opened, NotFound):
        return NoSuchAppointment()
    today = visit.today
    name = who_is(line.patient, opened.resources[0].text, today).name
    return label_of(line.shown_as, given=name.given, family=name.family)
