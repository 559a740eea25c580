# SPDX-License-Identifier: Apache-2.0
"""Cars of the shift and who is in them, for every page that a crew acts on."""

from wardkeep.care.opening import opener_of
from wardkeep.care.writing import content_of
from wardkeep.disclosure.answers import Refusal
from wardkeep.fhir.model.person import Person
from wardkeep.fhir.notes.reading import NoteReader
from wardkeep.fhir.urgent.queueing import Entry
from wardkeep.fhir.visits import cars
from wardkeep.fhir.visits.cars import Car, car_in
from wardkeep.web.visit import Visit


async def cars_of(visit: Visit) -> list[tuple[Car, int]] | Refusal:
    """Cars by name, with their versions; those whose shift was ended too."""
    reader = visit.services[NoteReader]
    found = await reader.shared(cars.TYPE, opener=opener_of(visit))
    if isinstance(found, Refusal):
        return found
    read = [(car_in(content_of(one.text)), one.version) for one in found]
    known = {car.id: version for car, version in read if car is not None}
    there = cars.in_order([car for car, _ in read if car is not None])
    return [(car, known[car.id]) for car in there]


async def is_crew_of(visit: Visit, entry: Entry, me: Person) -> bool:
    """Whether somebody is in the car that has a visit, as the record says now.

    Of whoever has it themselves nothing is asked: they need no car for it.
    """
    is_own = bool(me.reference) and entry.owner.reference == me.reference
    if is_own or not entry.booked.is_by_car:
        return False
    known = await cars_of(visit)
    if isinstance(known, Refusal):
        return False
    where = entry.booked.where.reference
    return any(car.reference == where and car.has(me) for car, _ in known)
