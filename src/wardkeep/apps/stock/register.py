# SPDX-License-Identifier: Apache-2.0
"""The register of one medicine at one place: every entry, in order, with its balance.

Of schedule 2 it is what regulations 19 and 20 of the Misuse of Drugs Regulations 2001
ask for. Names and addresses are shown to whoever counts, when asked for: a list at the
door. Else an entry leads to the patient's prescription. Of what is wrong the correction
is an entry of its own.
"""

import msgspec
from starlette.responses import Response

from wardkeep.apps.stock.moving import ask
from wardkeep.apps.stock.opening import (
    HOME,
    LONGEST,
    MOST,
    SAID,
    Spot,
    doing,
    gone,
    item_named,
    place_here,
    place_path,
    spot_at,
    store,
)
from wardkeep.base.ids import derived_uuid, is_fhir_id
from wardkeep.care.of_patient import whole_number
from wardkeep.care.opening import opener_of
from wardkeep.care.paging import page_asked
from wardkeep.care.people import banners_in
from wardkeep.care.stock import (
    COUNTERS,
    STOCKED,
    organisation,
    packs_of,
    planned,
    rows,
    unread,
)
from wardkeep.care.writing import content_of
from wardkeep.disclosure.answers import Refusal
from wardkeep.fhir.model.person import Person
from wardkeep.fhir.prescriptions.formulary import SCHEDULES
from wardkeep.fhir.stock.content import (
    DELIVERY,
    NOTE,
    Pack,
    Said,
    said_in,
    stock_content,
)
from wardkeep.fhir.stock.entry import (
    CORRECTED,
    DISPOSED,
    GIVEN,
    KINDS as DID,
    RECEIVED,
    needs_two,
)
from wardkeep.fhir.stock.rows import EntryRow, written
from wardkeep.fhir.store.listing import Lister
from wardkeep.fhir.store.shared_listing import SharedLister
from wardkeep.ui.banner import Banner
from wardkeep.web.forms import Form
from wardkeep.web.pages import page
from wardkeep.web.trouble import NOT_FOUND, Trouble
from wardkeep.web.visit import Visit

A_PAGE = 20
"""Entries; with names it is a list, which names twenty people at most."""
_TOLD = "stock register: to whom medicines were given, for paper"
CORRECTABLE = frozenset({RECEIVED, GIVEN, DISPOSED})
"""What was moved is moved back; what was counted is counted again."""


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """An entry as the register shows it."""

    number: int
    row: EntryRow
    did: str
    pack: Pack
    words: str
    patient: str
    """Whose record it leads to; empty: nobody's, or nobody's any more."""
    may_correct: bool
    name: Banner | None = None
    """To whom it was given, where names were asked for."""


@page(f"{HOME}/{{kind}}/{{place}}/register/{{item}}", gate=STOCKED)
async def show_register(visit: Visit) -> Response:
    place = await place_here(visit)
    if isinstance(place, Response):
        return place
    return await _show(visit, place, Form({}))


async def _show(visit: Visit, place: Person, form: Form) -> Response:
    id_, nth = visit.path("item"), page_asked(visit)
    if not is_fhir_id(id_):
        return visit.tell(NOT_FOUND)
    found = await rows(visit).page(
        organisation(visit),
        place.reference,
        id_,
        at_most=A_PAGE + 1,
        skip=nth * A_PAGE,
    )
    item = await item_named(visit, id_)
    if not found and item is None:
        return visit.tell(NOT_FOUND)
    shown = await _shown(visit, found[:A_PAGE])
    if isinstance(shown, Refusal):
        return visit.refuse(shown)
    is_named = visit.query("names") == "yes" and COUNTERS.admits(visit.session.role)
    if is_named:
        shown = await _named(visit, shown)
        if isinstance(shown, Refusal):
            return visit.refuse(shown)
    line = item or gone(id_, shown[0].pack.medicine if shown else "")
    problems = tuple(form.problems.values())
    return visit.render(
        "stock/register.html",
        status=422 if problems else 200,
        place=place,
        at=place_path(visit),
        here=_path(visit),
        item=line,
        schedule=SCHEDULES.get(line.schedule, "Controlled drug")
        if line.schedule
        else "",
        entries=shown,
        is_named=is_named,
        may_name=COUNTERS.admits(visit.session.role)
        and any(one.patient for one in shown),
        top=await _top(visit, place),
        page=nth,
        is_more=len(found) > A_PAGE,
        typed=form.values,
        problems=problems,
        said=SAID.get(visit.query("said")),
    )


async def _shown(visit: Visit, found: list[EntryRow]) -> list[Shown] | Refusal:
    entries = [one.entry for one in found]
    packs = await packs_of(visit, {one.lot for one in entries})
    if isinstance(packs, Refusal):
        return packs
    words = await _words(visit, {one.source for one in entries})
    if isinstance(words, Refusal):
        return words
    given = {one.source for one in entries if one.about}
    whose = await rows(visit).sources(organisation(visit), sorted(given))
    counts = COUNTERS.admits(visit.session.role)
    return [
        Shown(
            number=one.entry.number,
            row=one,
            did=DID[one.entry.kind],
            pack=packs.get(one.entry.lot, unread(one.entry.lot)),
            words=words.get(one.entry.source, ""),
            patient=whose[one.entry.source].patient
            if one.entry.source in whose
            else "",
            may_correct=counts and one.entry.kind in CORRECTABLE,
        )
        for one in found
    ]


async def _named(visit: Visit, shown: list[Shown]) -> list[Shown] | Refusal:
    """With names and addresses, as the law's register has them: a list at the door."""
    opener = msgspec.structs.replace(opener_of(visit), request=_TOLD)
    ids = [one.patient for one in shown if one.patient]
    given = await visit.services[Lister].people(ids, opener=opener)
    if isinstance(given, Refusal):
        return given
    people = banners_in(given.patients, visit.today)
    return [msgspec.structs.replace(one, name=people.get(one.patient)) for one in shown]


async def _words(visit: Visit, sources: set[str]) -> dict[str, str] | Refusal:
    """What was typed beside entries; nothing of any patient is opened."""
    found: dict[str, str] = {}
    for type_ in (DELIVERY, NOTE):
        ids = [one.partition("/")[2] for one in sources if one.startswith(f"{type_}/")]
        opened = await visit.services[SharedLister].named(
            type_, ids, opener=opener_of(visit)
        )
        if isinstance(opened, Refusal):
            return opened
        for one in opened:
            said = said_in(content_of(one.text))
            sender = said.pack.sender if said and said.pack else ""
            text = "; ".join(filter(None, (said.words if said else "", sender)))
            found[f"{type_}/{one.id}"] = text
    return found


def _path(visit: Visit) -> str:
    return f"{place_path(visit)}/register/{visit.path('item')}"


@page(
    f"{HOME}/{{kind}}/{{place}}/register/{{item}}/correct",
    gate=COUNTERS,
    methods=("POST",),
)
async def correct(visit: Visit) -> Response:
    """Say what an entry should have said; it stays, and another one follows."""
    form = await visit.form()
    if isinstance(form, Trouble):
        return visit.tell(form)
    place = await place_here(visit)
    if isinstance(place, Response):
        return place
    wrong = await _wrong(visit, place, whole_number(form.values.get("number", "")))
    if wrong is None:
        return visit.tell(NOT_FOUND)
    spot = await spot_at(visit, place, wrong.entry.lot)
    if isinstance(spot, Response):
        return spot
    if whole_number(form.values.get("top", "")) != await _top(visit, place):
        return visit.go_to(f"{_path(visit)}?said=changed")
    should = form.whole_number(
        "should", called="what it should say", least=0, most=MOST
    )
    words = form.text("why", called="why", at_most=LONGEST)
    sign = 1 if wrong.entry.amount > 0 else -1
    says = wrong.entry.amount + await rows(visit).put_right(
        organisation(visit), place.reference, wrong.entry.item, wrong.entry.number
    )
    amount = sign * should - says if should is not None else 0
    if should is not None and not amount:
        form.reject("should", wrong="It says so already", mend="Enter another number.")
    if form.problems:
        return await _show(visit, place, form)
    return await _correct(visit, spot, amount, words, wrong.entry.number)


async def _wrong(visit: Visit, place: Person, number: int) -> EntryRow | None:
    found = await rows(visit).numbered(
        organisation(visit), place.reference, visit.path("item"), number
    )
    is_one = found is not None and found.entry.kind in CORRECTABLE
    return found if is_one else None


async def _top(visit: Visit, place: Person) -> int:
    item = visit.path("item")
    tops = await rows(visit).tops(organisation(visit), place=place.reference, item=item)
    found = tops.get((place.reference, item))
    return found.number if found else 0


async def _correct(
    visit: Visit, spot: Spot, amount: int, words: str, number: int
) -> Response:
    text = f"Entry {number}: {words}"
    back = _path(visit)
    if spot.held.lot.left + amount < 0:
        return visit.go_to(f"{back}?said=too-few")
    if needs_two(CORRECTED, is_controlled=spot.item.is_checked):
        return await ask(
            visit, spot, CORRECTED, amount, words=text, corrects=number, back=back
        )
    id_ = derived_uuid("stock-correction", spot.held.lot.place, *_of(spot, number))
    plan = doing(
        visit,
        CORRECTED,
        amount,
        source=f"{NOTE}/{id_}",
        item=spot.item,
        corrects=number,
    )
    entry = await planned(visit, spot.held.lot, plan)
    if entry is None:
        return visit.go_to(f"{back}?said=too-few")
    content = stock_content(
        Said(id=id_, pack=spot.held.pack, words=text, by=entry.by),
        [entry],
        item=spot.item,
        kind=CORRECTED,
    )
    beside = [written(organisation(visit), entry)]
    return await store(visit, [content], beside, back=back, said="corrected")


def _of(spot: Spot, number: int) -> tuple[str, ...]:
    return spot.held.lot.id, str(spot.version), str(number)
