# SPDX-License-Identifier: Apache-2.0
"""A schedule that is taken off a medicine: two people say so, the second by passkey.

A program that writes the formulary adds schedules and takes none off
(`fhir/prescriptions/schedules.py`). Whoever has its token would else have a controlled
drug prescribed by one person.
"""

import msgspec
from starlette.responses import Response

from wardkeep.apps.prescriptions.opening import CHECKERS, not_done
from wardkeep.base.ids import OrganisationId, derived_uuid
from wardkeep.care.formulary import as_written
from wardkeep.care.medicine_signed import is_signed
from wardkeep.disclosure.medicine_signing import (
    WITNESSES,
    SignMedicine,
)
from wardkeep.fhir.prescriptions.formulary import SCHEDULES, Item
from wardkeep.fhir.prescriptions.schedules import (
    Known,
    Schedules,
    as_known,
    asked_of,
)
from wardkeep.web.confirming import ask_to_confirm
from wardkeep.web.forms import Form
from wardkeep.web.pages import page
from wardkeep.web.trouble import NOT_FOUND, Trouble
from wardkeep.web.visit import Visit

PATH = "/formulary"
_AT = f"{PATH}/{{item}}/schedule"
_LONGEST = 200
SAID = {
    "asked": (
        (
            "A second person has to say so too, with their passkey. Until then nothing"
            " is changed."
        ),
        True,
    ),
    "passkey": ("Your passkey signed for it. Take the schedule off now.", True),
    "lifted": ("The schedule is taken off. Both names are kept.", True),
    "withdrawn": ("It stays as it is.", True),
    "not-signed": ("Sign for it with your passkey first. Nothing was changed.", False),
    "changed": ("Somebody did so just before. This is how it stands now.", False),
}
NOTHING_TO_LIFT = not_done(
    "Its line says the same schedule today. Whoever loads the formulary changes the"
    " line first."
)
NO_WHY = not_done("Say in a line why it is taken off.")
OWN = not_done("You asked for it yourself. A second person has to say so too.")


class Lifting(msgspec.Struct, frozen=True, kw_only=True):
    """A line whose schedule was stricter once than it says today."""

    written: Item
    """As its line says today."""
    now: Item
    """As it is prescribed."""
    asked: Known | None

    @property
    def is_due(self) -> bool:
        return self.written.schedule != self.now.schedule

    @property
    def words(self) -> str:
        """What the second person signs for."""
        was = SCHEDULES.get(self.now.schedule, "Controlled drug")
        to = SCHEDULES.get(self.written.schedule, "no controlled drug")
        why = self.asked.why if self.asked else ""
        return f"{self.now.words}: from {was} to {to}. {why}"


async def liftings(visit: Visit) -> dict[str, Lifting]:
    """Lines whose schedule can be taken off, by their ids."""
    known = await visit.services[Schedules].known(_own(visit))
    found = {
        one.id: Lifting(
            written=one, now=as_known(one, known), asked=asked_of(one, known)
        )
        for one in await as_written(visit)
    }
    return {id_: one for id_, one in found.items() if one.is_due}


def _own(visit: Visit) -> OrganisationId:
    return OrganisationId(visit.session.organisation)


async def _pressed(visit: Visit) -> tuple[Lifting, Form] | Response:
    form = await visit.form()
    if isinstance(form, Trouble):
        return visit.tell(form)
    found = (await liftings(visit)).get(visit.path("item"))
    if found is None:
        known = {one.id for one in await as_written(visit)}
        is_known = visit.path("item") in known
        return visit.tell(NOTHING_TO_LIFT if is_known else NOT_FOUND)
    return found, form


def _told(visit: Visit, said: str) -> Response:
    return visit.go_to(f"{PATH}?said={said}")


@page(f"{_AT}/ask", gate=CHECKERS, methods=("POST",))
async def ask_to_lift(visit: Visit) -> Response:
    found = await _pressed(visit)
    if isinstance(found, Response):
        return found
    one, form = found
    why = form.text("why", called="why", at_most=_LONGEST)
    if form.problems:
        return visit.tell(NO_WHY)
    if one.asked is not None:
        return _told(visit, "changed")
    await visit.services[Schedules].ask(
        _own(visit),
        one.written,
        at=visit.clock.now(),
        account=visit.session.account,
        name=visit.session.display_name,
        why=why,
    )
    return _told(visit, "asked")


def _act(one: Lifting) -> SignMedicine:
    return SignMedicine(
        id=derived_uuid("schedule", one.written.id, one.written.schedule),
        version=1,
        patient="",
        part=WITNESSES,
        words=one.words,
        prescriber=one.asked.asked_name if one.asked else "",
    )


async def _by_another(visit: Visit) -> Lifting | Response:
    found = await _pressed(visit)
    if isinstance(found, Response):
        return found
    one, _ = found
    if one.asked is None:
        return _told(visit, "changed")
    return visit.tell(OWN) if one.asked.asked_by == visit.session.account else one


@page(f"{_AT}/sign", gate=CHECKERS, methods=("POST",))
async def sign_lifting(visit: Visit) -> Response:
    """The page on which the passkey signs; nothing is changed by it."""
    one = await _by_another(visit)
    if isinstance(one, Response):
        return one
    return await ask_to_confirm(
        visit,
        _act(one),
        back=PATH,
        after=f"{PATH}?said=passkey",
        button="Sign with my passkey",
    )


@page(f"{_AT}/lift", gate=CHECKERS, methods=("POST",))
async def lift(visit: Visit) -> Response:
    one = await _by_another(visit)
    if isinstance(one, Response):
        return one
    if not await is_signed(visit, _act(one)):
        return _told(visit, "not-signed")
    done = await visit.services[Schedules].lift(
        _own(visit),
        one.written,
        at=visit.clock.now(),
        account=visit.session.account,
        name=visit.session.display_name,
    )
    return _told(visit, "lifted" if done else "changed")


@page(f"{_AT}/withdraw", gate=CHECKERS, methods=("POST",))
async def withdraw_lifting(visit: Visit) -> Response:
    """Either person: it stays controlled."""
    found = await _pressed(visit)
    if isinstance(found, Response):
        return found
    await visit.services[Schedules].withdraw(_own(visit), found[0].written)
    return _told(visit, "withdrawn")
