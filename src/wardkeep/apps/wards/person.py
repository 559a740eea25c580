# SPDX-License-Identifier: Apache-2.0
"""A patient's page on the ward: bed, observation level, leave, and what can be done."""

from typing import Any

from starlette.responses import Response

from wardkeep.apps.wards.checking import ground_of
from wardkeep.apps.wards.leaving import covered, leaves_of
from wardkeep.apps.wards.opening import (
    STAFF,
    every_ward,
    id_of,
    read_as,
    rows,
    stay_of,
    told,
)
from wardkeep.apps.wards.showing import lying_of
from wardkeep.care.of_patient import READERS, banner_for
from wardkeep.care.opening import opener_of
from wardkeep.fhir.store.ward_steps import UNDO_WITHIN
from wardkeep.fhir.wards.leave import State
from wardkeep.fhir.wards.level import KINDS
from wardkeep.fhir.wards.stay import TYPE, read_stay
from wardkeep.web.pages import page
from wardkeep.web.visit import Visit

_CHECKS_SHOWN = 6
_LEAVES_SHOWN = 8


@page("/patients/{id}/ward", gate=READERS)
async def show_person(visit: Visit) -> Response:
    banner = await banner_for(visit)
    if isinstance(banner, Response):
        return banner
    organisation, now = opener_of(visit).organisation, visit.clock.now()
    patient = visit.path("id")
    steps = await rows(visit).last_steps(organisation, [patient], now - UNDO_WITHIN)
    stay = await stay_of(visit)
    shown: dict[str, Any] = {
        "id": patient,
        "banner": banner,
        "may_write": STAFF.admits(visit.session.role),
        "told": told(visit),
        "undo": steps.get(patient),
        "stay": stay,
    }
    if stay is None:
        return visit.render("wards/nowhere.html", **shown)
    found = await read_as(visit, TYPE, stay.stay, read_stay)
    leaves = await leaves_of(visit)
    said = await covered(visit)
    for one in (found, leaves, said):
        if isinstance(one, Response):
            return one
    ground = await ground_of(visit, stay) if stay.level else None
    if isinstance(ground, Response):
        return ground
    names = {id_of(one): one.display for one in await every_ward(visit)}
    return visit.render(
        "wards/person.html",
        **shown,
        lying=lying_of(stay, steps.get(patient), now),
        ward=names.get(stay.ward, ""),
        stored=found,
        leaves=leaves[:_LEAVES_SHOWN] if isinstance(leaves, list) else [],
        states=State,
        now=now,
        said=said,
        ground=ground,
        done=ground.done[:_CHECKS_SHOWN] if ground is not None else [],
        title=KINDS[stay.code].title if stay.code in KINDS else stay.code,
    )
