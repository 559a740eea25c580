# SPDX-License-Identifier: Apache-2.0
"""The demonstration’s shelves: deliveries to the centre, and what its car carries.

As its shift lead would have written them down; batches are made up. One of them expires
within a month, so that the list of what does is not empty.
"""

from datetime import datetime, timedelta

import msgspec

from wardkeep.assembly.database import WEB, address_for
from wardkeep.assembly.demo.formulary import ITEMS
from wardkeep.assembly.demo.organisations import DemoOrganisation
from wardkeep.assembly.demo.seeing import CENTRE
from wardkeep.assembly.layout import Layout
from wardkeep.base.clock import Clock
from wardkeep.base.ids import derived_uuid
from wardkeep.base.settings import Settings
from wardkeep.care.writing import drafted
from wardkeep.db.connection import Database
from wardkeep.disclosure.client import WardenClient
from wardkeep.fhir.prescriptions.formulary import Item
from wardkeep.fhir.stock.content import DELIVERY, Pack, Said, stock_content
from wardkeep.fhir.stock.entry import (
    MOVED_IN,
    MOVED_OUT,
    RECEIVED,
    Doing,
    Entry,
    Lot,
    Top,
    entry_after,
)
from wardkeep.fhir.stock.rows import StockRows, written
from wardkeep.fhir.store.change import Change
from wardkeep.fhir.store.outcomes import Opener
from wardkeep.fhir.store.writing import Writer
from wardkeep.fhir.visits import cars, centres

_MONTH = timedelta(days=30)
_PLACE = f"{centres.TYPE}/{CENTRE}"


class _Delivery(msgspec.Struct, frozen=True):
    item: str
    packets: int
    each: int
    months: int
    to_car: int = 0
    """Packets."""


_DELIVERIES = (
    _Delivery("amoxicillin-500", 10, 21, 20, 2),
    _Delivery("paracetamol-500", 12, 32, 30, 2),
    _Delivery("salbutamol", 6, 1, 14, 2),
    _Delivery("prednisolone-5", 4, 28, 0),
    _Delivery("diazepam-2", 5, 6, 18, 1),
)


async def fill_shelves(  # noqa: PLR0913 - a demonstration has as many parts
    settings: Settings,
    layout: Layout,
    warden: WardenClient,
    organisation: DemoOrganisation,
    *,
    opener: Opener,
    by: tuple[str, str],
    clock: Clock,
) -> None:
    """As the account `by`, an id and a name; what is there already stays."""
    database = Database(address_for(settings, layout, WEB), size=2)
    try:
        rows = StockRows(database)
        if await rows.tops(opener.organisation):
            return
        writer = Writer(database, warden, clock=clock)
        car = f"{cars.TYPE}/{derived_uuid('demo-car', organisation.slug)}"
        for nth, one in enumerate(_DELIVERIES):
            for change in _changes(opener, one, nth, car=car, by=by, now=clock.now()):
                await writer.write(change, opener=opener)
    finally:
        await database.close()


def _changes(
    opener: Opener,
    one: _Delivery,
    nth: int,
    *,
    car: str,
    by: tuple[str, str],
    now: datetime,
) -> list[Change]:
    """The delivery, and what of it goes to the car."""
    item = next(it for it in ITEMS if it.id == f"formulary-{one.item}")
    lot = derived_uuid("demo-stock", str(opener.organisation), one.item)
    pack = Pack(
        lot=lot,
        medicine=item.words,
        supplied=item.supplied,
        batch=f"DEMO{100 + nth}",
        expires=f"{now + one.months * _MONTH:%Y-%m}",
        each=one.each,
        sender="Demonstration wholesaler, 1 Example Road",
    )

    def doing(kind: str, amount: int, source: str) -> Doing:
        return Doing(
            kind=kind,
            amount=amount,
            at=now - timedelta(hours=2),
            account=by[0],
            by=by[1],
            source=f"{DELIVERY}/{source}",
            is_controlled=item.is_checked,
        )

    many, some = one.packets * one.each, one.to_car * one.each
    at = Lot(place=_PLACE, item=item.id, id=lot)
    came = entry_after(Top(), at, doing(RECEIVED, many, lot))
    if came is None:
        return []
    found = [_change(opener, item, pack, [came], id_=lot, kind=RECEIVED)]
    moved = derived_uuid(lot, "to the car")
    top = Top(number=1, balance=many, digest=came.digest)
    left = Lot(place=_PLACE, item=item.id, id=lot, number=1, left=many)
    out = entry_after(top, left, doing(MOVED_OUT, -some, moved))
    there = Lot(place=car, item=item.id, id=lot)
    into = entry_after(Top(), there, doing(MOVED_IN, some, moved))
    if some and out is not None and into is not None:
        entries = [out, into]
        found.append(_change(opener, item, pack, entries, id_=moved, kind=MOVED_OUT))
    return found


def _change(
    opener: Opener,
    item: Item,
    pack: Pack,
    entries: list[Entry],
    *,
    id_: str,
    kind: str,
) -> Change:
    said = Said(id=id_, pack=pack, by=entries[0].by)
    content = stock_content(said, entries, item=item, kind=kind)
    return Change(
        drafts=[drafted(content)],
        expected=[0],
        beside=[written(opener.organisation, one) for one in entries],
    )
