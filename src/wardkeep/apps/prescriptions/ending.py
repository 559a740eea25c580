# SPDX-License-Identifier: Apache-2.0
"""Cancelling a prescription with a reason, and taking back what was done last."""

from starlette.responses import Response

from wardkeep.apps.prescriptions.opening import (
    CHECKERS,
    Pressed,
    address_of,
    not_done,
    pressed,
    save_step,
)
from wardkeep.apps.prescriptions.returning import is_seen_back
from wardkeep.apps.prescriptions.showing import show_one
from wardkeep.apps.prescriptions.typed import LONGEST
from wardkeep.care.stock import organisation, planned, rows
from wardkeep.care.stored import Json
from wardkeep.fhir.prescriptions.handed_out import TYPE as PACKET, WRONG
from wardkeep.fhir.prescriptions.prescription import (
    CANCELLED,
    GIVEN,
    RETURNING,
    UNDONE,
    Step,
)
from wardkeep.fhir.stock import entry as stock
from wardkeep.fhir.stock.content import identifiers
from wardkeep.fhir.stock.rows import written
from wardkeep.web.pages import page
from wardkeep.web.visit import Visit

NOT_TAKEN_BACK = not_done(
    "The register does not take it back: it was corrected meanwhile, or it is a"
    " controlled drug there, which nobody takes back alone."
)


@page("/patients/{id}/prescriptions/{rx}/cancel", gate=CHECKERS, methods=("POST",))
async def cancel(visit: Visit) -> Response:
    got = await pressed(visit, CANCELLED)
    if isinstance(got, Response):
        return got
    why = got.form.text("word", called="why it is cancelled", at_most=LONGEST)
    if got.form.problems:
        return await show_one(visit, got.opened, got.kept, got.form)
    step = Step(kind=CANCELLED, at=visit.clock.now(), by=got.me, words=why)
    return await save_step(visit, got, step, said=CANCELLED)


@page("/patients/{id}/prescriptions/{rx}/undo", gate=CHECKERS, methods=("POST",))
async def undo(visit: Visit) -> Response:
    """A cancelling, or stock that was not given after all; both stay in its history.

    Of a controlled drug by a second person, whose passkey signed that it is back.
    """
    got = await pressed(visit, UNDONE)
    if isinstance(got, Response):
        return got
    is_by_two = got.kept.prescription.steps[-1].kind == RETURNING
    if is_by_two and not await is_seen_back(visit, got.opened, got.kept):
        return visit.go_to(address_of(visit, got.kept.prescription.id, "not-signed"))
    step = Step(kind=UNDONE, at=visit.clock.now(), by=got.me)
    packets = _packet(got)
    back = await _back(visit, packets, is_by_two=is_by_two)
    if back is None:
        return visit.tell(NOT_TAKEN_BACK)
    for content, _ in packets:
        said = [it for it in content.get("identifier", []) if isinstance(it, dict)]
        if back:
            content["identifier"] = [*said, *identifiers(back)]
    return await save_step(
        visit,
        got,
        step,
        beside=packets,
        registers=[written(organisation(visit), one) for one in back],
        said=UNDONE,
    )


async def _back(
    visit: Visit, packets: list[tuple[Json, int]], *, is_by_two: bool
) -> list[stock.Entry] | None:
    """Entries that put it back where a register had it; None: it cannot be."""
    back = []
    for content, _ in packets:
        source = f"{PACKET}/{content['id']}"
        found = await rows(visit).of_source(organisation(visit), source)
        for entry in (one.entry for one in found if one.entry.kind == stock.GIVEN):
            lot = await rows(visit).lot(organisation(visit), entry.place, entry.lot)
            # What a correction put back already is not put back twice; one that comes
            # after this follows the same entry of the lot, and the database takes one.
            if await rows(visit).put_right(organisation(visit), entry):
                return None
            doing = _returned(visit, entry, is_by_two=is_by_two)
            planned_one = await planned(visit, lot, doing) if doing else None
            if planned_one is None:
                return None
            back.append(planned_one)
    return back


def _returned(
    visit: Visit, entry: stock.Entry, *, is_by_two: bool
) -> stock.Doing | None:
    """With both names where two people do it; None where it takes two, and one does."""
    own, name = visit.session.account, visit.session.display_name
    # The line of the formulary may say less, or more, than the prescription did.
    if (is_by_two and entry.account == own) or (entry.is_controlled and not is_by_two):
        return None
    return stock.Doing(
        kind=stock.RETURNED,
        amount=-entry.amount,
        at=visit.clock.now(),
        account=entry.account if is_by_two else own,
        by=entry.by if is_by_two else name,
        second=own if is_by_two else "",
        second_by=name if is_by_two else "",
        source=entry.source,
        about=entry.about,
        corrects=entry.number,
        is_controlled=entry.is_controlled,
    )


def _packet(got: Pressed) -> list[tuple[Json, int]]:
    """The packet that was not handed over, marked as an error."""
    last = got.kept.prescription.steps[-1]
    is_packet = last.kind in (GIVEN, RETURNING)
    kept = got.opened.packet_contents.get(last.about) if is_packet else None
    if kept is None:
        return []
    version, content = kept
    return [({**content, "status": WRONG}, version)]
