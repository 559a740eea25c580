# SPDX-License-Identifier: Apache-2.0
"""Treatment centres of the organisation, for every app that shows or uses them."""

from wardkeep.care.opening import opener_of
from wardkeep.disclosure.answers import Refusal
from wardkeep.fhir.model.person import Person
from wardkeep.fhir.notes.reading import NoteReader
from wardkeep.fhir.visits import centres
from wardkeep.web.visit import Visit


async def centres_of(visit: Visit) -> list[Person] | Refusal:
    """The organisation's treatment centres, by name."""
    reader = visit.services[NoteReader]
    found = await reader.shared(centres.TYPE, opener=opener_of(visit))
    if isinstance(found, Refusal):
        return found
    known = (centres.centre_in(one.id, one.text) for one in found)
    return sorted((one for one in known if one), key=lambda one: one.display)
