# SPDX-License-Identifier: Apache-2.0
"""A delivery: medicine, batch, expiry and packets, copied from what is in one's hand.

Of schedule 2 the register names from whom it came (Misuse of Drugs Regulations 2001,
regulation 19: date, name and address of the sender, quantity).
"""

from datetime import date

import msgspec
from starlette.responses import Response

from wardkeep.apps.stock.opening import (
    HOME,
    LONGEST,
    LONGEST_NUMBER,
    doing,
    place_here,
    place_path,
    store,
)
from wardkeep.base.ids import derived_uuid, is_fhir_id, new_uuid
from wardkeep.care.formulary import formulary
from wardkeep.care.packets import read_expiry
from wardkeep.care.stock import STOCKED, organisation, planned
from wardkeep.fhir.model.person import Person
from wardkeep.fhir.prescriptions.formulary import SCHEDULES, Item
from wardkeep.fhir.stock.content import DELIVERY, Pack, Said, stock_content
from wardkeep.fhir.stock.entry import RECEIVED, Lot
from wardkeep.fhir.stock.rows import written
from wardkeep.web.forms import Form
from wardkeep.web.pages import page
from wardkeep.web.trouble import NOT_FOUND, Trouble
from wardkeep.web.visit import Visit

MOST_PACKETS, MOST_EACH = 999, 2000
REGISTERED = "2"
"""The schedule whose register the law asks for."""


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """What was typed of it."""

    item: Item
    pack: Pack
    packets: int


@page(f"{HOME}/{{kind}}/{{place}}/receive", gate=STOCKED)
async def show_receiving(visit: Visit) -> Response:
    place = await place_here(visit)
    if isinstance(place, Response):
        return place
    return await _show(visit, place, Form({"which": new_uuid()}))


async def _show(visit: Visit, place: Person, form: Form) -> Response:
    problems = tuple(form.problems.values())
    items = [one for one in await formulary(visit) if one.is_stock]
    return visit.render(
        "stock/receive.html",
        status=422 if problems else 200,
        place=place,
        at=place_path(visit),
        medicines=[
            ("", "Choose a medicine"),
            *((one.id, _named(one)) for one in items),
        ],
        has_items=bool(items),
        typed=form.values,
        problems=problems,
    )


def _named(item: Item) -> str:
    said = f"{item.words} (counted in {item.supplied})"
    if not item.schedule:
        return said
    return f"{said}. {SCHEDULES.get(item.schedule, 'Controlled drug')}"


@page(f"{HOME}/{{kind}}/{{place}}/receive", gate=STOCKED, methods=("POST",))
async def receive(visit: Visit) -> Response:
    form = await visit.form()
    if isinstance(form, Trouble):
        return visit.tell(form)
    place = await place_here(visit)
    if isinstance(place, Response):
        return place
    which = form.values.get("which", "")
    if not is_fhir_id(which):
        return visit.tell(NOT_FOUND)
    # Sent twice it is one delivery.
    lot = derived_uuid("stock-delivery", place.reference, which)
    typed = read_delivery(
        form,
        [one for one in await formulary(visit) if one.is_stock],
        lot=lot,
        today=visit.today,
    )
    if typed is None:
        return await _show(visit, place, form)
    plan = doing(
        visit,
        RECEIVED,
        typed.packets * typed.pack.each,
        source=f"{DELIVERY}/{lot}",
        item=typed.item,
    )
    at = Lot(place=place.reference, item=typed.item.id, id=lot)
    entry = await planned(visit, at, plan)
    if entry is None:
        return visit.tell(NOT_FOUND)
    content = stock_content(
        Said(id=lot, pack=typed.pack, by=entry.by),
        [entry],
        item=typed.item,
        kind=RECEIVED,
    )
    return await store(
        visit,
        [content],
        [written(organisation(visit), entry)],
        back=place_path(visit),
        said="received",
        again="already",
    )


def read_delivery(
    form: Form, items: list[Item], *, lot: str, today: date
) -> Delivery | None:
    """All of it; None where something is wrong, which the form has then."""
    by_id = {one.id: one for one in items}
    item = by_id.get(form.choice("medicine", called="the medicine", among=tuple(by_id)))
    batch = form.text("batch", called="the batch number", at_most=LONGEST_NUMBER)
    expires = read_expiry(form, today)
    packets = form.whole_number(
        "packets", called="how many packets", least=1, most=MOST_PACKETS
    )
    each = form.whole_number(
        "each", called="how much is in each packet", least=1, most=MOST_EACH
    )
    sender = form.optional_text("sender", called="from whom it came", at_most=LONGEST)
    if item is not None and item.schedule == REGISTERED and not sender:
        form.reject(
            "sender",
            wrong="The register of a controlled drug names from whom it came",
            mend="Enter the name and address of who sent it.",
        )
    if form.problems or item is None or not (packets and each and expires):
        return None
    pack = Pack(
        lot=lot,
        medicine=item.words,
        supplied=item.supplied,
        batch=batch,
        expires=expires,
        each=each,
        sender=sender,
    )
    return Delivery(item=item, pack=pack, packets=packets)
