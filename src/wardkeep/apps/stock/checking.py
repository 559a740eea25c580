# SPDX-License-Identifier: Apache-2.0
"""Whether every register holds: asked by a shift lead, and no patient is opened."""

from starlette.responses import Response

from wardkeep.apps.stock.opening import HOME, path_of
from wardkeep.care.formulary import formulary
from wardkeep.care.stock import COUNTERS, organisation, places, rows
from wardkeep.disclosure.answers import Refusal
from wardkeep.fhir.stock.checking import check_registers
from wardkeep.fhir.stock.entry import Fault
from wardkeep.web.pages import page
from wardkeep.web.visit import Visit


@page(f"{HOME}/check", gate=COUNTERS)
async def show_check(visit: Visit) -> Response:
    checked = await check_registers(
        rows(visit),
        visit.warden,
        session=visit.token,
        organisation=organisation(visit),
    )
    if isinstance(checked, Refusal):
        return visit.refuse(checked)
    known = await places(visit)
    if isinstance(known, Refusal):
        return visit.refuse(known)
    named = {one.reference: one.words for one in known}
    items = {one.id: one.words for one in await formulary(visit)}
    return visit.render(
        "stock/check.html",
        checked=checked,
        faults=[_shown(one, named, items) for one in checked.faults],
        gone=[_shown(one, named, items) for one in checked.gone],
    )


def _shown(
    one: Fault, named: dict[str, str], items: dict[str, str]
) -> tuple[Fault, str, str, str]:
    """With where it stands: the register's page, the place and the medicine."""
    return (
        one,
        f"{path_of(one.place)}/register/{one.item}" if one.place else "",
        named.get(one.place, one.place),
        items.get(one.item, one.item),
    )
