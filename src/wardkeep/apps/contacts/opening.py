# SPDX-License-Identifier: Apache-2.0
"""What the pages of contacts read: the banner, open appointments, one contact."""

from collections.abc import Sequence
from datetime import timedelta

import msgspec
from starlette.responses import Response

from wardkeep.care.chart import build_chart
from wardkeep.care.of_patient import OF_BANNER, banner_on, refused
from wardkeep.care.opening import opener_of
from wardkeep.disclosure.answers import Refusal
from wardkeep.fhir.contacts.appointments import (
    OPEN,
    TYPE as APPOINTMENT,
    Planned,
    planned_in,
)
from wardkeep.fhir.contacts.contact import TYPE, Contact, read_contact
from wardkeep.fhir.store.outcomes import NotFound
from wardkeep.fhir.store.parts import Part, PartReader
from wardkeep.fhir.store.reading import Reader
from wardkeep.ui.banner import Banner
from wardkeep.web.trouble import NOT_FOUND
from wardkeep.web.visit import Visit

_APPOINTMENTS = Part(types=(APPOINTMENT,), at_most=60)
_OLDEST = timedelta(days=60)


class Ground(msgspec.Struct, frozen=True):
    """Who it is about, and which appointments a contact may have been."""

    banner: Banner
    appointments: tuple[Planned, ...]


async def ground_of(visit: Visit) -> Ground | Response:
    """Both in one opening; what was checked in at a clinic is its list's."""
    given = await visit.services[PartReader].of_patient(
        visit.path("id"), (OF_BANNER, _APPOINTMENTS), opener=opener_of(visit)
    )
    if isinstance(given, NotFound):
        return visit.tell(NOT_FOUND)
    if isinstance(given, Refusal):
        return refused(visit, given)
    of_banner, appointments = given.parts
    chart = build_chart((one.type, one.id, one.text) for one in of_banner)
    first = visit.clock.now() - _OLDEST
    found: Sequence[Planned] = [
        one for it in appointments if (one := planned_in(it)) is not None
    ]
    kept = [one for one in found if one.status in OPEN and one.starts >= first]
    kept.sort(key=lambda one: one.starts)
    return Ground(banner_on(chart, visit.clock.now()), tuple(kept))


async def find_contact(visit: Visit, id_: str) -> Contact | Response:
    """The contact, where it is this patient's."""
    opened = await visit.services[Reader].one(TYPE, id_, opener=opener_of(visit))
    if isinstance(opened, Refusal):
        return refused(visit, opened)
    if isinstance(opened, NotFound):
        return visit.tell(NOT_FOUND)
    found = read_contact(opened.resources[0])
    if found is None or found.patient != visit.path("id"):
        return visit.tell(NOT_FOUND)
    return found
