# SPDX-License-Identifier: Apache-2.0
"""The organisation's formulary, each line as strict as it was ever said to be."""

from wardkeep.base.ids import OrganisationId
from wardkeep.care.opening import opener_of
from wardkeep.care.writing import content_of
from wardkeep.disclosure.answers import Refusal
from wardkeep.fhir.notes.reading import NoteReader
from wardkeep.fhir.prescriptions.formulary import TYPE, Item, item_in
from wardkeep.fhir.prescriptions.schedules import Schedules, as_known, unsaid
from wardkeep.web.visit import Visit


async def formulary(visit: Visit) -> tuple[Item, ...]:
    """What the organisation loaded, by name; empty where it loaded nothing."""
    schedules = visit.services[Schedules]
    organisation = OrganisationId(visit.session.organisation)
    items = await as_written(visit)
    known = await schedules.known(organisation)
    if fresh := unsaid(items, known):
        await schedules.remember(organisation, fresh, now=visit.clock.now())
    return tuple(as_known(one, known) for one in items)


async def as_written(visit: Visit) -> tuple[Item, ...]:
    """The same as its lines say themselves today."""
    found = await visit.services[NoteReader].shared(TYPE, opener=opener_of(visit))
    if isinstance(found, Refusal):
        return ()
    items = [item_in(content_of(one.text)) for one in found]
    return tuple(
        sorted((one for one in items if one is not None), key=lambda one: one.words)
    )
