# SPDX-License-Identifier: Apache-2.0
"""A controlled drug that was not given after all: one says so, another sees it back.

One person who gives to a record, takes back by a press and keeps the packet has a
register that agrees with nobody's shelf. So whoever gave it only says so; a second
person looks where it is kept, and signs with a passkey for this packet.
"""

from starlette.responses import Response

from wardkeep.apps.prescriptions.opening import (
    CHECKERS,
    Kept,
    Opened,
    address_of,
    called,
    pressed,
    save_step,
)
from wardkeep.care.medicine_signed import is_signed
from wardkeep.disclosure.medicine_signing import RETURNS, SignMedicine
from wardkeep.fhir.prescriptions.prescription import (
    GIVEN,
    RETURNING,
    UNDONE,
    Step,
)
from wardkeep.web.confirming import ask_to_confirm
from wardkeep.web.pages import page
from wardkeep.web.visit import Visit

_RX = "/patients/{id}/prescriptions/{rx}"


def _act(visit: Visit, opened: Opened, kept: Kept) -> SignMedicine:
    """What the second person signs for: this packet, as it was given."""
    one = kept.prescription
    given = one.last(GIVEN) or one.steps[-1]
    packet = opened.packets.get(given.about)
    words = f"{one.medicine}: {one.quantity} {one.supplied}"
    if packet is not None:
        words += f", batch {packet.batch}, expires {packet.expires}"
    return SignMedicine(
        id=one.id,
        version=kept.version,
        patient=visit.path("id"),
        part=RETURNS,
        words=f"{words}. It was not given after all, and is back where it is kept.",
        prescriber=given.by.words,
    )


async def is_seen_back(visit: Visit, opened: Opened, kept: Kept) -> bool:
    """Whether the visitor's passkey signed that this packet is back."""
    return await is_signed(visit, _act(visit, opened, kept))


@page(f"{_RX}/return", gate=CHECKERS, methods=("POST",))
async def say_it_is_back(visit: Visit) -> Response:
    """By whoever gave it; register and record say as before that it was given."""
    got = await pressed(visit, RETURNING)
    if isinstance(got, Response):
        return got
    given = got.kept.prescription.steps[-1]
    step = Step(kind=RETURNING, at=visit.clock.now(), by=got.me, about=given.about)
    return await save_step(visit, got, step, said=RETURNING)


@page(f"{_RX}/return/sign", gate=CHECKERS, methods=("POST",))
async def sign_that_it_is_back(visit: Visit) -> Response:
    """The page on which the second person's passkey signs; nothing is written by it."""
    got = await pressed(visit, UNDONE)
    if isinstance(got, Response):
        return got
    address = address_of(visit, got.kept.prescription.id)
    if got.kept.prescription.steps[-1].kind != RETURNING:
        return visit.go_to(address)
    return await ask_to_confirm(
        visit,
        _act(visit, got.opened, got.kept),
        back=address,
        after=address,
        button="Sign with my passkey",
        said_for={f"Patient/{visit.path('id')}": called(got.opened.banner)},
    )
