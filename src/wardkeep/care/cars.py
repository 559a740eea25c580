# SPDX-License-Identifier: Apache-2.0
"""Cars of the organisation, for every app that shows or uses them."""

from wardkeep.care.opening import opener_of
from wardkeep.care.writing import content_of
from wardkeep.disclosure.answers import Refusal
from wardkeep.fhir.notes.reading import NoteReader
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
