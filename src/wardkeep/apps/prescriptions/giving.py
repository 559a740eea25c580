# SPDX-License-Identifier: Apache-2.0
"""Giving stock at a base or from a car: the packet is chosen from what is there.

The packet, the step of the prescription and the register's entry are one change: a
server that dies between them has given nothing. Where no register has the medicine yet,
batch and expiry are typed as they were before there was one; where one has it, nothing
is given beside it.
"""

import msgspec
from starlette.responses import Response

from wardkeep.apps.prescriptions.opening import (
    CHECKERS,
    Kept,
    Opened,
    Pressed,
    address_of,
    find,
    not_done,
    pressed,
    save,
    stepped,
    stock_line,
)
from wardkeep.apps.prescriptions.supplying import closes
from wardkeep.apps.prescriptions.typed import (
    COLLECTORS,
    IDENTITY,
    REGISTERED,
    read_collected,
    read_packet,
)
from wardkeep.base.ids import derived_uuid
from wardkeep.care.opening import me
from wardkeep.care.stock import Held, held, organisation, planned, rows
from wardkeep.disclosure.answers import Refusal
from wardkeep.fhir.prescriptions.formulary import Item
from wardkeep.fhir.prescriptions.handed_out import (
    TYPE as PACKET,
    Packet,
    packet_content,
)
from wardkeep.fhir.prescriptions.moving import cannot
from wardkeep.fhir.prescriptions.prescription import GIVEN, Prescription, Step
from wardkeep.fhir.stock import entry as stock
from wardkeep.fhir.stock.content import identifiers
from wardkeep.fhir.stock.rows import written
from wardkeep.web.forms import Form
from wardkeep.web.pages import page
from wardkeep.web.visit import Visit

NOT_HELD = not_done("The formulary does not say that a base holds this medicine.")
TRIES = 3
"""Others may write into the same register at the same moment."""
_BETWEEN = "~"


class Giving(msgspec.Struct, frozen=True, kw_only=True):
    """What a form of giving needs: the line, and what can be given of it."""

    item: Item
    is_registered: bool
    """Whether a register has this medicine: then nothing is given beside it."""
    lots: tuple[Held, ...] = ()
    """Enough for the prescription and not expired, what expires first before others."""
    others: tuple[Held, ...] = ()
    """What is there and cannot be given: too few, or expired."""


class Chosen(msgspec.Struct, frozen=True, kw_only=True):
    """A packet, and whose delivery it is of; None: no register has the medicine."""

    packet: Packet
    lot: stock.Lot | None


@page("/patients/{id}/prescriptions/{rx}/give", gate=CHECKERS)
async def show_giving(visit: Visit) -> Response:
    found = await find(visit)
    if isinstance(found, Response):
        return found
    opened, kept = found
    why = cannot(kept.prescription, GIVEN, await me(visit), visit.clock.now())
    if why is not None:
        return visit.tell(not_done(why.why))
    giving = await _giving(visit, kept.prescription)
    if isinstance(giving, Response):
        return giving
    return _show(visit, opened, kept, giving, Form({}))


async def _giving(visit: Visit, one: Prescription) -> Giving | Response:
    item = await stock_line(visit, one)
    if item is None:
        return visit.tell(NOT_HELD)
    if not await rows(visit).is_kept(organisation(visit), item.id):
        return Giving(item=item, is_registered=False)
    there = await held(visit, item=item.id)
    if isinstance(there, Refusal):
        return visit.refuse(there)
    order = sorted(there, key=lambda it: (it.pack.expires, it.place.display))
    usable = [
        it
        for it in order
        if it.lot.left >= one.quantity
        and it.pack.batch
        and not it.pack.is_expired(visit.today)
    ]
    others = tuple(it for it in order if it not in usable)
    return Giving(item=item, is_registered=True, lots=tuple(usable), others=others)


def _show(
    visit: Visit, opened: Opened, kept: Kept, giving: Giving, form: Form
) -> Response:
    problems = tuple(form.problems.values())
    return visit.render(
        "prescriptions/give.html",
        status=422 if problems else 200,
        id=visit.path("id"),
        banner=opened.banner,
        one=kept.prescription,
        version=kept.version,
        giving=giving,
        key_of=key_of,
        asks_collector=giving.item.schedule == REGISTERED,
        collectors=list(COLLECTORS.items()),
        identity=list(IDENTITY.items()),
        today=visit.today,
        typed=form.values,
        problems=problems,
    )


def key_of(one: Held) -> str:
    """A delivery at a place, as the form sends it."""
    return f"{one.lot.place}{_BETWEEN}{one.lot.id}"


@page("/patients/{id}/prescriptions/{rx}/give", gate=CHECKERS, methods=("POST",))
async def give_stock(visit: Visit) -> Response:
    got = await pressed(visit, GIVEN)
    if isinstance(got, Response):
        return got
    for _ in range(TRIES):
        giving = await _giving(visit, got.kept.prescription)
        if isinstance(giving, Response):
            return giving
        chosen = _chosen(visit, got, giving)
        if chosen is None:
            return _show(visit, got.opened, got.kept, giving, got.form)
        done = await _give(visit, got, giving.item, chosen)
        if done is not None:
            return done
    return visit.go_to(address_of(visit, got.kept.prescription.id, "changed"))


def _chosen(visit: Visit, got: Pressed, giving: Giving) -> Chosen | None:
    """The packet: from the register, or as it was typed where there is none.

    None where something is wrong, which the form has then.
    """
    form, one, collected = got.form, got.kept.prescription, ""
    if giving.item.schedule == REGISTERED:
        collected = read_collected(form)
    among = {key_of(it): it for it in giving.lots}
    batch = expires = ""
    lot = None
    if giving.is_registered:
        wanted = form.choice("lot", called="the packet", among=tuple(among))
        if wanted:
            pack, lot = among[wanted].pack, among[wanted].lot
            batch, expires = pack.batch, pack.expires
    elif (typed := read_packet(form, visit.today)) is not None:
        batch, expires = typed.batch, typed.expires
    if form.problems:
        return None
    packet = Packet(
        # By the version too: what was taken back is another packet.
        id=derived_uuid("packet", one.id, str(got.kept.version)),
        at=visit.clock.now(),
        by=got.me,
        quantity=one.quantity,
        batch=batch,
        expires=expires,
        collected=collected,
    )
    return Chosen(packet=packet, lot=lot)


async def _give(
    visit: Visit, got: Pressed, item: Item, chosen: Chosen
) -> Response | None:
    """All in one change; None where somebody else wrote first."""
    one, packet = got.kept.prescription, chosen.packet
    content = packet_content(packet, one)
    entries = []
    if chosen.lot is not None:
        entry = await planned(visit, chosen.lot, _doing(visit, got, item, packet))
        if entry is None:
            return None
        entries.append(entry)
        content["identifier"] = identifiers(entries)
    over = await closes(visit, got, f"Given at base: {one.words}")
    if isinstance(over, Response):
        return over
    words = f"Batch {packet.batch}, expires {packet.expires}"
    step = Step(kind=GIVEN, at=packet.at, by=got.me, words=words, about=packet.id)
    done = await save(
        visit,
        [stepped(got, step), (content, 0), *over],
        registers=[written(organisation(visit), it) for it in entries],
    )
    if isinstance(done, Response):
        return done
    return visit.go_to(address_of(visit, one.id, GIVEN)) if done else None


def _doing(visit: Visit, got: Pressed, item: Item, packet: Packet) -> stock.Doing:
    return stock.Doing(
        kind=stock.GIVEN,
        amount=-packet.quantity,
        at=packet.at,
        account=visit.session.account,
        by=visit.session.display_name,
        source=f"{PACKET}/{packet.id}",
        about=got.kept.prescription.id,
        is_controlled=item.is_checked,
    )
