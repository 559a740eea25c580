# SPDX-License-Identifier: Apache-2.0
"""Changes of rights that wait for a second person, and what became of the others."""

from starlette.responses import Response

from wardkeep.apps.people.overview import MANAGERS, is_open, people_of, requests_of
from wardkeep.disclosure.answers import Done, Refusal
from wardkeep.disclosure.people import (
    ApproveRights,
    IssueLinks,
    PersonView,
    RightsRequestView,
    WithdrawRights,
)
from wardkeep.web.confirming import ask_to_confirm
from wardkeep.web.pages import page
from wardkeep.web.trouble import NOT_FOUND
from wardkeep.web.visit import Visit


@page("/people/requests", gate=MANAGERS)
async def show_requests(visit: Visit) -> Response:
    found = await requests_of(visit)
    if isinstance(found, Refusal):
        return visit.refuse(found)
    return visit.render(
        "people/requests.html",
        waiting=[one for one in found if is_open(one)],
        decided=[one for one in found if not is_open(one)],
        said=visit.query("said"),
    )


async def _named(visit: Visit) -> RightsRequestView | Response:
    found = await requests_of(visit)
    if isinstance(found, Refusal):
        return visit.refuse(found)
    id_ = visit.path("id")
    return next((one for one in found if one.id == id_), visit.tell(NOT_FOUND))


@page("/people/requests/{id}", gate=MANAGERS)
async def show_request(visit: Visit) -> Response:
    request = await _named(visit)
    if isinstance(request, Response):
        return request
    people = await _who_came_of(visit, request)
    if isinstance(people, Refusal):
        return visit.refuse(people)
    return visit.render(
        "people/request.html",
        request=request,
        is_open=is_open(request),
        people=people,
        without_passkey=[one for one in people if not one.passkeys],
        said=visit.query("said"),
    )


async def _who_came_of(
    visit: Visit, request: RightsRequestView
) -> list[PersonView] | Refusal:
    """The report: everybody who was added by it and still works here."""
    if not request.accounts:
        return []
    found = await people_of(visit)
    if isinstance(found, Refusal):
        return found
    named = set(request.accounts)
    return [one for one in found if one.account in named and not one.ended_at]


@page("/people/requests/{id}/approve", gate=MANAGERS)
async def approve_request(visit: Visit) -> Response:
    id_ = visit.path("id")
    return await ask_to_confirm(
        visit,
        ApproveRights(id_),
        back=f"/people/requests/{id_}",
        after=f"/people/requests/{id_}?said=approved",
        button="Confirm with my passkey",
    )


@page("/people/requests/{id}/links", gate=MANAGERS)
async def issue_links(visit: Visit) -> Response:
    """Links for everybody who came of it and has no passkey yet."""
    request = await _named(visit)
    if isinstance(request, Response):
        return request
    people = await _who_came_of(visit, request)
    if isinstance(people, Refusal):
        return visit.refuse(people)
    accounts = tuple(one.account for one in people if not one.passkeys)
    return await ask_to_confirm(
        visit,
        IssueLinks(accounts),
        back=f"/people/requests/{request.id}",
        after=f"/people/requests/{request.id}",
        button="Make the links with my passkey",
    )


@page("/people/requests/{id}/withdraw", gate=MANAGERS, methods=("POST",))
async def withdraw_request(visit: Visit) -> Response:
    question = WithdrawRights(visit.token, visit.path("id"))
    given = await visit.warden.ask(question, Done)
    if isinstance(given, Refusal):
        return visit.refuse(given)
    return visit.go_to("/people/requests?said=withdrawn")
