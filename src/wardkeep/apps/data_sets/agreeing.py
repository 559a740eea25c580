# SPDX-License-Identifier: Apache-2.0
"""Agreeing to a data set, taking that back, and seeing what became of it."""

from starlette.responses import Response

from wardkeep.apps.data_sets.overview import DECIDERS, TITLES, releases_of
from wardkeep.base.clock import microseconds_since_epoch
from wardkeep.disclosure.answers import Done, Refusal
from wardkeep.disclosure.data_sets import (
    AS_FILES,
    MOST_TAKEN,
    AgreeDataSet,
    ReleaseView,
    WithdrawDataSet,
)
from wardkeep.web.confirming import ask_to_confirm
from wardkeep.web.pages import page
from wardkeep.web.trouble import NOT_FOUND
from wardkeep.web.visit import Visit


async def _named(visit: Visit) -> ReleaseView | Response:
    found = await releases_of(visit)
    if isinstance(found, Refusal):
        return visit.refuse(found)
    id_ = visit.path("id")
    return next((one for one in found if one.id == id_), visit.tell(NOT_FOUND))


@page("/data-sets/{id}", gate=DECIDERS)
async def show_data_set(visit: Visit) -> Response:
    release = await _named(visit)
    if isinstance(release, Response):
        return release
    now = microseconds_since_epoch(visit.clock.now())
    is_live = not release.withdrawn_at and now < release.until
    return visit.render(
        "data_sets/one.html",
        release=release,
        titles=TITLES,
        as_files=AS_FILES,
        may_be_taken=is_live and release.taken < MOST_TAKEN,
        organisation=visit.session.organisation_slug,
    )


@page("/data-sets/{id}/agree", gate=DECIDERS)
async def agree_data_set(visit: Visit) -> Response:
    here = f"/data-sets/{visit.path('id')}"
    return await ask_to_confirm(
        visit,
        AgreeDataSet(visit.path("id")),
        back=here,
        after=here,
        button="Agree with my passkey",
    )


@page("/data-sets/{id}/withdraw", gate=DECIDERS, methods=("POST",))
async def withdraw_data_set(visit: Visit) -> Response:
    question = WithdrawDataSet(visit.token, visit.path("id"))
    given = await visit.warden.ask(question, Done)
    if isinstance(given, Refusal):
        return visit.refuse(given)
    return visit.go_to("/data-sets?said=withdrawn")
