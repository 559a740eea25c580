# SPDX-License-Identifier: Apache-2.0
"""What bases and cars carry, for the pages that show it and those that give from it."""

from collections.abc import Iterable

import msgspec

from wardkeep.base.ids import OrganisationId
from wardkeep.care.centres import centres_of
from wardkeep.care.crews import cars_of
from wardkeep.care.of_patient import WRITERS
from wardkeep.care.opening import opener_of
from wardkeep.care.writing import content_of
from wardkeep.disclosure.answers import Refusal
from wardkeep.fhir.model.person import Person
from wardkeep.fhir.stock.content import DELIVERY, Pack, said_in
from wardkeep.fhir.stock.entry import Doing, Entry, Lot, Top, entry_after
from wardkeep.fhir.stock.rows import StockRows
from wardkeep.fhir.store.shared_listing import SharedLister
from wardkeep.fhir.visits import cars
from wardkeep.web.visit import Visit

STOCKED = WRITERS.only("urgent_care_clinician", "doctor", "shift_lead")
"""Who sees and moves stock; a desk reaches no medicine."""
COUNTERS = STOCKED.only("shift_lead")
"""Who counts, corrects, and says how much is to be there."""


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """What is left of a delivery at a place."""

    place: Person
    lot: Lot
    pack: Pack

    @property
    def packets(self) -> str:
        return self.pack.packets(self.lot.left)


def rows(visit: Visit) -> StockRows:
    return visit.services[StockRows]


def organisation(visit: Visit) -> OrganisationId:
    return OrganisationId(visit.session.organisation)


async def places(visit: Visit) -> list[Person] | Refusal:
    """Treatment centres and then cars, each by name; cars off shift carry stock too."""
    found = await centres_of(visit)
    if isinstance(found, Refusal):
        return found
    known = await cars_of(visit)
    if isinstance(known, Refusal):
        return known
    return [*found, *(Person(one.reference, one.name) for one, _ in known)]


async def held(
    visit: Visit, *, place: str | None = None, item: str | None = None
) -> list[Held] | Refusal:
    """What is there, by place and then by what expires first."""
    lots = await rows(visit).lots(organisation(visit), place=place, item=item)
    packs = await packs_of(visit, {one.id for one in lots})
    if isinstance(packs, Refusal):
        return packs
    there = await places(visit)
    if isinstance(there, Refusal):
        return there
    named = {one.reference: one for one in there}
    order = {one.reference: nth for nth, one in enumerate(there)}
    found = [
        Held(
            place=named.get(one.place, Person(one.place, "A place that is gone")),
            lot=one,
            pack=packs.get(one.id, unread(one.id)),
        )
        for one in lots
    ]
    return sorted(
        found,
        key=lambda one: (
            order.get(one.lot.place, len(order)),
            one.pack.medicine,
            one.pack.expires,
            one.lot.id,
        ),
    )


def unread(lot: str) -> Pack:
    """Of a delivery whose resource is gone: the register's check says so too."""
    return Pack(
        lot=lot,
        medicine="Its delivery is not in the record",
        supplied="",
        batch="",
        expires="",
        each=1,
    )


async def packs_of(visit: Visit, lots: Iterable[str]) -> dict[str, Pack] | Refusal:
    """What deliveries brought, by their ids."""
    lister = visit.services[SharedLister]
    opened = await lister.named(DELIVERY, lots, opener=opener_of(visit))
    if isinstance(opened, Refusal):
        return opened
    read = [said_in(content_of(one.text)) for one in opened]
    return {one.id: one.pack for one in read if one is not None and one.pack}


async def planned(
    visit: Visit, lot: Lot, doing: Doing, *, top: Top | None = None
) -> Entry | None:
    """The next entry of a register, as it stands now; None: there is not so much."""
    if top is None:
        tops = await rows(visit).tops(
            organisation(visit), place=lot.place, item=lot.item
        )
        top = tops.get((lot.place, lot.item), Top())
    return entry_after(top, lot, doing)


def is_car(place: str) -> bool:
    return place.startswith(f"{cars.TYPE}/")
