# SPDX-License-Identifier: Apache-2.0
"""One delivery at a place: moved, disposed of, counted, and a slip taken back.

A move is two entries in one change: what leaves one register is in the other, or
neither says anything. Of a controlled drug nothing is disposed of by one person alone.
"""

import msgspec
from starlette.responses import Response

from wardkeep.apps.stock.opening import (
    HOME,
    LONGEST,
    MOST,
    SAID,
    Pressed,
    Spot,
    doing,
    lot_path,
    place_path,
    pressed,
    spot_here,
    store,
)
from wardkeep.apps.stock.overview import expiry_of
from wardkeep.base.ids import derived_uuid, new_uuid
from wardkeep.care.stock import (
    COUNTERS,
    STOCKED,
    is_car,
    organisation,
    places,
    planned,
    rows,
)
from wardkeep.disclosure.answers import Refusal
from wardkeep.fhir.stock.content import Said, stock_content, type_of
from wardkeep.fhir.stock.entry import (
    COUNTED,
    DIFFERENT,
    DISPOSED,
    KINDS as DID,
    MOVED_IN,
    MOVED_OUT,
    RETURNED,
    Entry,
    Top,
    can_undo,
    needs_two,
)
from wardkeep.fhir.stock.rows import Asked, asking, written
from wardkeep.web.forms import Form
from wardkeep.web.pages import page
from wardkeep.web.visit import Visit

_LOT = f"{HOME}/{{kind}}/{{place}}/lots/{{lot}}"


@page(_LOT, gate=STOCKED)
async def show_lot(visit: Visit) -> Response:
    spot = await spot_here(visit)
    if isinstance(spot, Response):
        return spot
    return await _show(visit, spot, Form({}))


async def _show(visit: Visit, spot: Spot, form: Form) -> Response:
    known = await places(visit)
    if isinstance(known, Refusal):
        return visit.refuse(known)
    problems = tuple(form.problems.values())
    own = spot.held.lot
    last = await _undoable(visit, spot)
    waits = [
        one
        for one in await rows(visit).asked(organisation(visit))
        if (one.place, one.lot) == (own.place, own.id)
    ]
    return visit.render(
        "stock/lot.html",
        status=422 if problems else 200,
        spot=spot,
        at=place_path(visit),
        here=lot_path(visit),
        is_car=is_car(own.place),
        expiry=expiry_of(spot.held, visit.today),
        targets=[
            ("", "Choose where"),
            *(
                (one.reference, one.words)
                for one in known
                if one.reference != own.place
            ),
        ],
        undo=DID[last.kind] if last is not None else "",
        waits=waits[0] if waits else None,
        counts=COUNTERS.admits(visit.session.role),
        typed=form.values,
        problems=problems,
        said=SAID.get(visit.query("said")),
    )


async def _undoable(visit: Visit, spot: Spot) -> Entry | None:
    """The last entry of the register, where the visitor may take it back here."""
    own = spot.held.lot
    found = await rows(visit).page(organisation(visit), own.place, own.item, at_most=1)
    if not found or found[0].entry.lot != own.id:
        return None
    entry = found[0].entry
    top = Top(number=entry.number, balance=entry.balance, digest=found[0].digest)
    may = can_undo(entry, top, visit.session.account, visit.clock.now())
    return entry if may else None


def _source(spot: Spot, kind: str) -> tuple[str, str]:
    """Id and name of the resource: pressed twice at one version it is one."""
    lot = spot.held.lot
    id_ = derived_uuid("stock", lot.place, lot.id, str(spot.version))
    return id_, f"{type_of(kind)}/{id_}"


async def _write(  # noqa: PLR0913 - an entry has as many parts, each named
    visit: Visit,
    got: Pressed,
    kind: str,
    amount: int,
    *,
    words: str = "",
    said: str,
    corrects: int = 0,
) -> Response:
    """One entry of this delivery, with its resource."""
    spot = got.spot
    id_, source = _source(spot, kind)
    plan = doing(visit, kind, amount, source=source, item=spot.item, corrects=corrects)
    entry = await planned(visit, spot.held.lot, plan)
    if entry is None:
        return visit.go_to(lot_path(visit, "too-few"))
    content = stock_content(
        Said(id=id_, pack=spot.held.pack, words=words, by=entry.by),
        [entry],
        item=spot.item,
        kind=kind,
    )
    beside = [written(organisation(visit), entry)]
    return await store(visit, [content], beside, back=lot_path(visit), said=said)


async def ask(  # noqa: PLR0913 - what is asked has as many parts, each named
    visit: Visit,
    spot: Spot,
    kind: str,
    amount: int,
    *,
    words: str,
    back: str,
    corrects: int = 0,
) -> Response:
    """Wait for a second person; nothing is in the register yet."""
    lot = spot.held.lot
    # What was withdrawn is asked anew at the same version: another id each time.
    id_ = new_uuid()
    source = f"{type_of(kind)}/{id_}"
    one = Asked(
        source=source,
        at=visit.clock.now(),
        account=visit.session.account,
        by=visit.session.display_name,
        kind=kind,
        amount=amount,
        left_then=lot.left,
        corrects=corrects,
        place=lot.place,
        item=lot.item,
        lot=lot.id,
    )
    content = stock_content(
        Said(id=id_, pack=spot.held.pack, words=words, by=one.by),
        [],
        item=spot.item,
        kind=kind,
        is_asked=True,
    )
    return await store(
        visit,
        [content],
        [asking(organisation(visit), one)],
        back=back,
        said="asked",
        first="waits",
    )


@page(f"{_LOT}/move", gate=STOCKED, methods=("POST",))
async def move(visit: Visit) -> Response:
    """To another place: out of one register and into the other."""
    got = await pressed(visit)
    if isinstance(got, Response):
        return got
    spot, form = got.spot, got.form
    known = await places(visit)
    if isinstance(known, Refusal):
        return visit.refuse(known)
    among = tuple(
        one.reference for one in known if one.reference != spot.held.lot.place
    )
    to = form.choice("to", called="where it goes", among=among)
    many = _many(form, "many", spot)
    if form.problems or not many:
        return await _show(visit, spot, form)
    id_, source = _source(spot, MOVED_OUT)
    out = await planned(
        visit,
        spot.held.lot,
        doing(visit, MOVED_OUT, -many, source=source, item=spot.item),
    )
    there = await rows(visit).lot(organisation(visit), to, spot.held.lot.id)
    there = msgspec.structs.replace(there, item=spot.held.lot.item)
    into = await planned(
        visit, there, doing(visit, MOVED_IN, many, source=source, item=spot.item)
    )
    if out is None or into is None:
        return visit.go_to(lot_path(visit, "too-few"))
    named = next(one.words for one in known if one.reference == to)
    content = stock_content(
        Said(
            id=id_,
            pack=spot.held.pack,
            words=f"From {spot.held.place.words} to {named}",
            by=out.by,
        ),
        [out, into],
        item=spot.item,
        kind=MOVED_OUT,
    )
    beside = [written(organisation(visit), one) for one in (out, into)]
    return await store(visit, [content], beside, back=lot_path(visit), said="moved")


def _many(form: Form, name: str, spot: Spot) -> int | None:
    return form.whole_number(
        name, called="how much", least=1, most=max(spot.held.lot.left, 1)
    )


@page(f"{_LOT}/dispose", gate=STOCKED, methods=("POST",))
async def dispose(visit: Visit) -> Response:
    got = await pressed(visit)
    if isinstance(got, Response):
        return got
    many = _many(got.form, "gone", got.spot)
    words = got.form.text("why", called="why it is disposed of", at_most=LONGEST)
    if got.form.problems or not many:
        return await _show(visit, got.spot, got.form)
    if needs_two(DISPOSED, is_controlled=got.spot.item.is_checked):
        return await ask(
            visit, got.spot, DISPOSED, -many, words=words, back=lot_path(visit)
        )
    return await _write(visit, got, DISPOSED, -many, words=words, said="disposed")


@page(f"{_LOT}/count", gate=COUNTERS, methods=("POST",))
async def count(visit: Visit) -> Response:
    """A count that is right is an entry; one that is not takes why, and two people."""
    got = await pressed(visit)
    if isinstance(got, Response):
        return got
    spot, form = got.spot, got.form
    found = form.whole_number("found", called="how many there are", least=0, most=MOST)
    if found is None:
        return await _show(visit, spot, form)
    if found == spot.held.lot.left:
        return await _write(visit, got, COUNTED, 0, said="counted")
    words = form.optional_text("reason", called="what may be why", at_most=LONGEST)
    if not words and not form.problems:
        form.reject(
            "reason",
            wrong=f"The register says {spot.held.lot.left}, and you counted {found}",
            mend="Count again. If it is so, say what may be why; a second person"
            " counts then too.",
        )
    if form.problems:
        return await _show(visit, spot, form)
    less = found - spot.held.lot.left
    return await ask(visit, spot, DIFFERENT, less, words=words, back=lot_path(visit))


@page(f"{_LOT}/undo", gate=STOCKED, methods=("POST",))
async def undo(visit: Visit) -> Response:
    """A slip of the last minutes, by an entry of its own."""
    got = await pressed(visit)
    if isinstance(got, Response):
        return got
    last = await _undoable(visit, got.spot)
    if last is None:
        return visit.go_to(lot_path(visit, "too-late"))
    return await _write(
        visit, got, RETURNED, -last.amount, said="undone", corrects=last.number
    )
