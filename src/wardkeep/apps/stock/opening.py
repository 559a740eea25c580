# SPDX-License-Identifier: Apache-2.0
"""What pages of stock share: places in addresses, one lot, and how each is saved."""

from collections.abc import Sequence

import msgspec
from starlette.responses import Response

from wardkeep.base.ids import is_fhir_id
from wardkeep.care.formulary import formulary
from wardkeep.care.of_patient import whole_number
from wardkeep.care.opening import opener_of
from wardkeep.care.stock import (
    Held,
    organisation,
    packs_of,
    places,
    rows,
    unread,
)
from wardkeep.care.stored import Json
from wardkeep.care.writing import NOT_SAVED, drafted
from wardkeep.disclosure.answers import Refusal
from wardkeep.fhir.model.person import Person
from wardkeep.fhir.prescriptions.formulary import Item
from wardkeep.fhir.stock.entry import Doing
from wardkeep.fhir.store.change import Beside, Change
from wardkeep.fhir.store.outcomes import AlreadyThere, Conflict, Written
from wardkeep.fhir.store.writing import Writer
from wardkeep.fhir.visits import cars, centres
from wardkeep.web.forms import Form
from wardkeep.web.trouble import NOT_FOUND, Trouble
from wardkeep.web.visit import Visit

HOME = "/stock"
KINDS = {"bases": centres.TYPE, "cars": cars.TYPE}
"""How a place is called in an address."""
LONGEST, LONGEST_NUMBER = 200, 30
MOST = 99_999
SAID = {
    "received": ("It is in the register.", True),
    "already": ("It was saved already, and is there once.", True),
    "moved": ("It is moved. Both registers have it.", True),
    "disposed": ("It is written down as disposed of.", True),
    "counted": ("The count is in the register: it is as it should be.", True),
    "corrected": ("The correction is in the register.", True),
    "undone": ("It is taken back. Both entries stay in the register.", True),
    "least": ("It is kept.", True),
    "asked": (
        (
            "A second person has to find so too. It is not in the register yet: ask a"
            " colleague to open Stock and look at what waits."
        ),
        True,
    ),
    "agreed": ("It is in the register, with both names.", True),
    "withdrawn": ("It is withdrawn. Nothing was written into the register.", True),
    "passkey": ("Your passkey signed for it. Write it into the register now.", True),
    "waits": (
        "Something about this delivery waits for a second person already.",
        False,
    ),
    "changed": (
        (
            "Somebody wrote into this register just before you pressed, so nothing was"
            " done. This is how it stands now."
        ),
        False,
    ),
    "too-few": ("There is not so much of it, so nothing was done.", False),
    "too-late": (
        (
            "It can be taken back for 15 minutes, by whoever did it, and only the last"
            " entry. Nothing was done. A correction can be written."
        ),
        False,
    ),
}


class Spot(msgspec.Struct, frozen=True, kw_only=True):
    """One delivery at one place, with the formulary's line."""

    held: Held
    item: Item

    @property
    def version(self) -> int:
        """By which a page that is out of date is told apart."""
        return self.held.lot.number


class Pressed(msgspec.Struct, frozen=True, kw_only=True):
    """A button about one delivery, as the page showed it."""

    spot: Spot
    form: Form


async def place_here(visit: Visit) -> Person | Response:
    """The place in the address."""
    type_ = KINDS.get(visit.path("kind"))
    known = await places(visit)
    if isinstance(known, Refusal):
        return visit.refuse(known)
    wanted = f"{type_}/{visit.path('place')}"
    found = next((one for one in known if one.reference == wanted), None)
    return found or visit.tell(NOT_FOUND)


async def item_named(visit: Visit, id_: str) -> Item | None:
    """A line of the formulary; None where there is none, or none any more."""
    return next((one for one in await formulary(visit) if one.id == id_), None)


def gone(id_: str, words: str = "") -> Item:
    """A medicine that is on the formulary no more; of it two people are asked."""
    return Item(id=id_, words=words or "No longer on the formulary", schedule="?")


async def spot_at(visit: Visit, place: Person, lot_id: str) -> Spot | Response:
    """A delivery at a place, as its register stands now."""
    if not is_fhir_id(lot_id):
        return visit.tell(NOT_FOUND)
    lot = await rows(visit).lot(organisation(visit), place.reference, lot_id)
    if not lot.number:
        return visit.tell(NOT_FOUND)
    packs = await packs_of(visit, [lot_id])
    if isinstance(packs, Refusal):
        return visit.refuse(packs)
    pack = packs.get(lot_id, unread(lot_id))
    item = await item_named(visit, lot.item) or gone(lot.item, pack.medicine)
    return Spot(held=Held(place=place, lot=lot, pack=pack), item=item)


async def spot_here(visit: Visit) -> Spot | Response:
    """The delivery that the address names."""
    place = await place_here(visit)
    if isinstance(place, Response):
        return place
    return await spot_at(visit, place, visit.path("lot"))


async def pressed(visit: Visit) -> Pressed | Response:
    """A form about it, where nobody wrote about it since the page was drawn."""
    form = await visit.form()
    if isinstance(form, Trouble):
        return visit.tell(form)
    spot = await spot_here(visit)
    if isinstance(spot, Response):
        return spot
    if whole_number(form.values.get("version", "")) != spot.version:
        return visit.go_to(lot_path(visit, "changed"))
    return Pressed(spot=spot, form=form)


def doing(
    visit: Visit,
    kind: str,
    amount: int,
    *,
    source: str,
    item: Item,
    corrects: int = 0,
) -> Doing:
    """An entry of the visitor's, about to be written."""
    return Doing(
        kind=kind,
        amount=amount,
        at=visit.clock.now(),
        account=visit.session.account,
        by=visit.session.display_name,
        source=source,
        corrects=corrects,
        is_controlled=item.is_checked,
    )


async def store(  # noqa: PLR0913 - a change and what is said of it, each named
    visit: Visit,
    contents: Sequence[Json],
    beside: Sequence[Beside],
    *,
    back: str,
    said: str,
    again: str = "changed",
    first: str = "changed",
) -> Response:
    """All of it, or nothing.

    `again` is said where this was there before, `first` where somebody else was first.
    """
    change = Change(
        drafts=[drafted(one) for one in contents],
        expected=[0 for _ in contents],
        beside=beside,
    )
    done = await visit.services[Writer].write(change, opener=opener_of(visit))
    match done:
        case Written():
            return visit.go_to(f"{back}?said={said}")
        case Refusal():
            return visit.refuse(done)
        case Conflict():
            return visit.go_to(f"{back}?said={again}")
        case AlreadyThere():
            return visit.go_to(f"{back}?said={first}")
        case _:
            return visit.tell(NOT_SAVED)


def place_path(visit: Visit) -> str:
    return f"{HOME}/{visit.path('kind')}/{visit.path('place')}"


def path_of(place: str) -> str:
    """The page of a place, as `Location/x` names it."""
    type_, _, id_ = place.partition("/")
    kind = next((one for one, it in KINDS.items() if it == type_), "bases")
    return f"{HOME}/{kind}/{id_}"


def lot_path(visit: Visit, said: str = "") -> str:
    at = f"{place_path(visit)}/lots/{visit.path('lot')}"
    return f"{at}?said={said}" if said else at
