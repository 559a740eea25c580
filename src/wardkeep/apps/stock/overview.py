# SPDX-License-Identifier: Apache-2.0
"""What is where, what runs out or expires soon, and what waits for a second person.

Done means, to whoever sets off: what is in my car stands on one page of a phone, with
what has expired in red. To a shift lead: what is to be ordered is a list by itself.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date

import msgspec
from starlette.responses import Response

from wardkeep.apps.stock.opening import (
    HOME,
    MOST,
    SAID,
    item_named,
    path_of,
    place_here,
    place_path,
)
from wardkeep.care.formulary import formulary
from wardkeep.care.queue_case import STAFF
from wardkeep.care.stock import (
    COUNTERS,
    STOCKED,
    Held,
    held,
    is_car,
    organisation,
    places,
    rows,
)
from wardkeep.disclosure.answers import Refusal
from wardkeep.fhir.model.person import Person
from wardkeep.fhir.prescriptions.formulary import SCHEDULES, Item
from wardkeep.fhir.stock.entry import KINDS as DID, SOON, Top
from wardkeep.web.pages import page
from wardkeep.web.trouble import NOT_FOUND, Trouble
from wardkeep.web.visit import Visit

EXPIRED, EXPIRES_SOON = "Expired", "Expires within a month"


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One medicine at one place."""

    place: Person
    path: str
    item: str
    words: str
    supplied: str
    schedule: str
    balance: int
    least: int
    lots: tuple[Held, ...]
    today: date

    @property
    def is_short(self) -> bool:
        """Whether less can be given than is to be there."""
        usable = sum(
            one.lot.left for one in self.lots if not one.pack.is_expired(self.today)
        )
        return bool(self.least) and usable < self.least

    @property
    def aging(self) -> tuple[tuple[Held, str, str], ...]:
        """Deliveries that expire, with words and the colour of their tag."""
        found = ((one, expiry_of(one, self.today)) for one in self.lots)
        return tuple((one, *said) for one, said in found if said is not None)


def expiry_of(one: Held, today: date) -> tuple[str, str] | None:
    """Whether it has expired, or does soon; None: neither."""
    if one.pack.is_expired(today):
        return EXPIRED, "red"
    if one.pack.is_expired(today + SOON):
        return EXPIRES_SOON, "orange"
    return None


def lines_of(
    there: Sequence[Held],
    tops: Mapping[tuple[str, str], Top],
    least: Mapping[tuple[str, str], int],
    *,
    items: Iterable[Item],
    known: Iterable[Person],
    today: date,
) -> list[Line]:
    """What is kept at places: what is there, and what is to be there and is not."""
    named = {one.id: one for one in items}
    where = {one.reference: one for one in known}
    lots: dict[tuple[str, str], list[Held]] = {}
    for one in there:
        lots.setdefault((one.lot.place, one.lot.item), []).append(one)
    kept = {key for key in {*tops, *least} if tops.get(key, Top()).number or least[key]}
    found = []
    for place, item in kept:
        own = lots.get((place, item), [])
        line = named.get(item)
        was = own[0].pack.medicine if own else "A medicine no longer on the formulary"
        found.append(
            Line(
                place=where.get(place, Person(place, "A place that is gone")),
                path=path_of(place),
                item=item,
                words=line.words if line else was,
                supplied=line.supplied if line else own[0].pack.supplied if own else "",
                schedule=SCHEDULES.get(line.schedule, "Controlled drug")
                if line and line.schedule
                else "",
                balance=tops.get((place, item), Top()).balance,
                least=least.get((place, item), 0),
                lots=tuple(own),
                today=today,
            )
        )
    return sorted(found, key=lambda one: (one.place.display.casefold(), one.words))


async def _lines(visit: Visit, place: str | None = None) -> list[Line] | Refusal:
    there = await held(visit, place=place)
    if isinstance(there, Refusal):
        return there
    known = await places(visit)
    if isinstance(known, Refusal):
        return known
    own, least = organisation(visit), await rows(visit).least(organisation(visit))
    return lines_of(
        there,
        await rows(visit).tops(own, place=place),
        {key: many for key, many in least.items() if place in (None, key[0])},
        items=await formulary(visit),
        known=known,
        today=visit.today,
    )


@page(HOME, gate=STOCKED)
async def show_stock(visit: Visit) -> Response:
    found = await _lines(visit)
    if isinstance(found, Refusal):
        return visit.refuse(found)
    known = await places(visit)
    if isinstance(known, Refusal):
        return visit.refuse(known)
    by_place = [
        (one, path_of(one.reference), [it for it in found if it.place == one])
        for one in known
    ]
    waits = await rows(visit).asked(organisation(visit))
    names = {one.reference: one.words for one in known}
    return visit.render(
        "stock/overview.html",
        bases=[one for one in by_place if not is_car(one[0].reference)],
        cars=[one for one in by_place if is_car(one[0].reference)],
        short=[one for one in found if one.is_short],
        aging=[(one, *it) for one in found for it in one.aging],
        waits=[
            (one, names.get(one.place, "A place that is gone"), DID[one.kind])
            for one in waits
        ],
        withdrawn=[
            (one, path_of(one.place), names.get(one.place, "A place that is gone"))
            for one in await rows(visit).withdrawn(
                organisation(visit), visit.clock.now() - SOON
            )
        ],
        did=DID,
        said=SAID.get(visit.query("said")),
    )


@page(f"{HOME}/{{kind}}/{{place}}", gate=STOCKED)
async def show_place(visit: Visit) -> Response:
    place = await place_here(visit)
    if isinstance(place, Response):
        return place
    found = await _lines(visit, place.reference)
    if isinstance(found, Refusal):
        return visit.refuse(found)
    return visit.render(
        "stock/place.html",
        place=place,
        at=place_path(visit),
        is_car=is_car(place.reference),
        may_drive=STAFF.admits(visit.session.role),
        lines=found,
        expiry_of=lambda one: expiry_of(one, visit.today),
        counts=COUNTERS.admits(visit.session.role),
        said=SAID.get(visit.query("said")),
    )


@page(f"{HOME}/{{kind}}/{{place}}/least/{{item}}", gate=COUNTERS, methods=("POST",))
async def keep_least(visit: Visit) -> Response:
    """How much is to be there; 0: nobody minds."""
    form = await visit.form()
    if isinstance(form, Trouble):
        return visit.tell(form)
    place = await place_here(visit)
    if isinstance(place, Response):
        return place
    item = await item_named(visit, visit.path("item"))
    least = form.whole_number("least", called="how much", least=0, most=MOST)
    if item is None or least is None:
        return visit.tell(NOT_FOUND if item is None else _NO_NUMBER)
    await rows(visit).keep_least(
        organisation(visit),
        place.reference,
        item.id,
        least,
        at=visit.clock.now(),
        account=visit.session.account,
    )
    return visit.go_to(f"{place_path(visit)}?said=least")


_NO_NUMBER = Trouble(
    status=422,
    title="How much is to be there is a whole number",
    why=f"What was typed is no number from 0 to {MOST}. Nothing was changed.",
    mend="Go back and type it in figures; 0 if nobody minds.",
)
