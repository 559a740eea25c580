# SPDX-License-Identifier: Apache-2.0
"""Which data sets were asked for, agreed on and taken."""

from starlette.responses import Response

from wardkeep.disclosure.answers import Refusal
from wardkeep.disclosure.data_sets import DATA_SETS, ListDataSets, Releases, ReleaseView
from wardkeep.web.gates import Gate
from wardkeep.web.pages import page
from wardkeep.web.visit import Visit

DECIDERS = Gate.SIGNED_IN.only("privacy_officer", "administrator")
TITLES = {name: one.title for name, one in DATA_SETS.items()}


async def releases_of(visit: Visit) -> tuple[ReleaseView, ...] | Refusal:
    given = await visit.warden.ask(ListDataSets(visit.token), Releases)
    return given if isinstance(given, Refusal) else given.releases


@page("/data-sets", gate=DECIDERS)
async def show_data_sets(visit: Visit) -> Response:
    found = await releases_of(visit)
    if isinstance(found, Refusal):
        return visit.refuse(found)
    waiting = [one for one in found if not one.agreed_at and not one.withdrawn_at]
    return visit.render(
        "data_sets/overview.html",
        waiting=waiting,
        decided=[one for one in found if one not in waiting],
        titles=TITLES,
        said=visit.query("said"),
    )
