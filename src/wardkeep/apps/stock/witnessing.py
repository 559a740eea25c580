# SPDX-License-Identifier: Apache-2.0
"""What waits for a second person: they look for themselves, and sign with a passkey.

Whoever has two stolen cookies has no second person. A difference is counted again by
somebody who says their own number; nothing stands in the register before. What is
signed is what the page showed: whatever was written meanwhile shows the page again.
"""

import msgspec
from starlette.responses import Response

from wardkeep.apps.stock.opening import (
    HOME,
    MOST,
    SAID,
    Spot,
    path_of,
    spot_at,
    store,
)
from wardkeep.base.ids import is_fhir_id
from wardkeep.care.medicine_signed import is_signed
from wardkeep.care.of_patient import whole_number
from wardkeep.care.opening import opener_of
from wardkeep.care.stock import COUNTERS, STOCKED, organisation, places, planned, rows
from wardkeep.care.writing import content_of
from wardkeep.disclosure.answers import Refusal
from wardkeep.disclosure.medicine_signing import (
    WITNESSES,
    SignMedicine,
)
from wardkeep.fhir.model.person import Person
from wardkeep.fhir.stock.content import Said, said_in, stock_content, type_of
from wardkeep.fhir.stock.entry import DIFFERENT, KINDS as DID, Doing
from wardkeep.fhir.stock.rows import Asked, ended, written
from wardkeep.fhir.store.shared_listing import SharedLister
from wardkeep.web.confirming import ask_to_confirm
from wardkeep.web.forms import Form
from wardkeep.web.pages import page
from wardkeep.web.trouble import NOT_FOUND, Trouble
from wardkeep.web.visit import Visit

_AT = f"{HOME}/waits/{{asked}}"
OWN = Trouble(
    status=409,
    title="A second person has to do this",
    why="You are the first person of it. Nothing was done.",
    mend="Ask a colleague to open Stock and look for themselves.",
)
NOT_YOURS = Trouble(
    status=409,
    title="It is not yours to withdraw",
    why="Whoever asked withdraws it, or a shift lead. Nothing was done.",
    mend="Ask either of them.",
)


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """What waits, as things stand now."""

    asked: Asked
    spot: Spot
    words: str
    is_stale: bool
    """What it corrects was corrected, or taken back, after it was asked."""

    @property
    def id(self) -> str:
        return self.asked.source.partition("/")[2]

    @property
    def after(self) -> int:
        """What would be left of the delivery."""
        return self.spot.held.lot.left + self.asked.amount

    @property
    def said(self) -> str:
        """All that is signed for: the number that the second person counted too."""
        lot, pack = self.spot.held.lot, self.spot.held.pack
        return (
            f"{DID[self.asked.kind]}. {self.spot.item.words}, batch {pack.batch}, at"
            f" {self.spot.held.place.words}: {self.asked.amount:+d} {pack.supplied};"
            f" the register says {lot.left} and then {self.after}. {self.words}"
        )


async def _waiting(visit: Visit) -> Waiting | Response:
    """What the address names; where it waits no more, the page that says so."""
    id_ = visit.path("asked")
    waits = await rows(visit).asked(organisation(visit))
    asked = next((one for one in waits if one.source.partition("/")[2] == id_), None)
    if asked is None or not is_fhir_id(id_):
        return visit.tell(NOT_FOUND)
    known = await places(visit)
    if isinstance(known, Refusal):
        return visit.refuse(known)
    place = next(
        (one for one in known if one.reference == asked.place),
        Person(asked.place, "A place that is gone"),
    )
    spot = await spot_at(visit, place, asked.lot)
    if isinstance(spot, Response):
        return spot
    opened = await visit.services[SharedLister].named(
        asked.source.partition("/")[0], [id_], opener=opener_of(visit)
    )
    if isinstance(opened, Refusal):
        return visit.refuse(opened)
    said = [said_in(content_of(one.text)) for one in opened]
    words = next((one.words for one in said if one is not None), "")
    # Asked last: whoever puts the entry right after this follows the entry of the
    # delivery that was read above, so that of both the database takes one.
    is_stale = await rows(visit).is_stale(organisation(visit), asked)
    return Waiting(asked=asked, spot=spot, words=words, is_stale=is_stale)


async def _pressed(visit: Visit) -> tuple[Waiting, Form] | Response:
    form = await visit.form()
    if isinstance(form, Trouble):
        return visit.tell(form)
    found = await _waiting(visit)
    return found if isinstance(found, Response) else (found, form)


def _act(one: Waiting) -> SignMedicine:
    return SignMedicine(
        id=one.id,
        version=one.spot.version,
        patient="",
        part=WITNESSES,
        words=one.said,
        prescriber=one.asked.by,
    )


@page(_AT, gate=STOCKED)
async def show_asked(visit: Visit) -> Response:
    found = await _waiting(visit)
    if isinstance(found, Response):
        return found
    return await _show(visit, found, Form({}))


async def _show(visit: Visit, one: Waiting, form: Form) -> Response:
    signed = await is_signed(visit, _act(one))
    problems = tuple(form.problems.values())
    return visit.render(
        "stock/waits.html",
        status=422 if problems else 200,
        one=one,
        did=DID[one.asked.kind],
        is_count=one.asked.kind == DIFFERENT,
        is_stale=one.is_stale,
        is_own=one.asked.account == visit.session.account,
        may_withdraw=one.asked.account == visit.session.account
        or COUNTERS.admits(visit.session.role),
        is_signed=signed,
        at=f"{HOME}/waits/{one.id}",
        place_at=path_of(one.asked.place),
        typed=form.values,
        problems=problems,
        said=SAID.get(visit.query("said")),
    )


@page(f"{_AT}/sign", gate=STOCKED, methods=("POST",))
async def sign(visit: Visit) -> Response:
    """The page on which the passkey signs; nothing is written by it."""
    found = await _pressed(visit)
    if isinstance(found, Response):
        return found
    one, form = found
    at = f"{HOME}/waits/{one.id}"
    if one.asked.account == visit.session.account:
        return visit.tell(OWN)
    if one.is_stale:
        return visit.go_to(at)
    if whole_number(form.values.get("version", "")) != one.spot.version:
        return visit.go_to(f"{at}?said=changed")
    if one.asked.kind == DIFFERENT:
        counted = form.whole_number(
            "found", called="how many you counted", least=0, most=MOST
        )
        if counted is not None and counted != one.after:
            form.reject(
                "found",
                wrong="You counted another number than the first person did",
                mend="Count again, together. If the first count was wrong, whoever"
                " made it withdraws it, and counts anew.",
            )
        if form.problems:
            return await _show(visit, one, form)
    return await ask_to_confirm(
        visit,
        _act(one),
        back=at,
        after=f"{at}?said=passkey",
        button="Sign with my passkey",
    )


@page(f"{_AT}/agree", gate=STOCKED, methods=("POST",))
async def agree(visit: Visit) -> Response:
    """What the second person signed for goes into the register, with both names."""
    found = await _pressed(visit)
    if isinstance(found, Response):
        return found
    one, _ = found
    if one.asked.account == visit.session.account:
        return visit.tell(OWN)
    at = f"{HOME}/waits/{one.id}"
    if one.is_stale:
        return visit.go_to(at)
    if not await is_signed(visit, _act(one)):
        return visit.go_to(f"{at}?said=changed")
    now, asked = visit.clock.now(), one.asked
    agreed = f"{type_of(asked.kind)}/{one.id}-2"
    doing = Doing(
        kind=asked.kind,
        amount=asked.amount,
        at=now,
        account=asked.account,
        by=asked.by,
        second=visit.session.account,
        second_by=visit.session.display_name,
        source=agreed,
        corrects=asked.corrects,
        is_controlled=one.spot.item.is_checked,
    )
    entry = await planned(visit, one.spot.held.lot, doing)
    if entry is None:
        return visit.go_to(f"{at}?said=too-few")
    said = Said(id=f"{one.id}-2", pack=one.spot.held.pack, words=one.words, by=entry.by)
    content = stock_content(said, [entry], item=one.spot.item, kind=asked.kind)
    own = organisation(visit)
    beside = [
        ended(
            own,
            asked.source,
            at=now,
            account=visit.session.account,
            how="agreed",
        ),
        written(own, entry),
    ]
    return await store(
        visit, [content], beside, back=path_of(asked.place), said="agreed"
    )


@page(f"{_AT}/withdraw", gate=STOCKED, methods=("POST",))
async def withdraw(visit: Visit) -> Response:
    """By whoever asked, or a shift lead: no thief withdraws what was found."""
    found = await _pressed(visit)
    if isinstance(found, Response):
        return found
    one, _ = found
    is_own = one.asked.account == visit.session.account
    if not (is_own or COUNTERS.admits(visit.session.role)):
        return visit.tell(NOT_YOURS)
    statement = ended(
        organisation(visit),
        one.asked.source,
        at=visit.clock.now(),
        account=visit.session.account,
        how="withdrawn",
    )
    return await store(
        visit, [], [statement], back=path_of(one.asked.place), said="withdrawn"
    )
