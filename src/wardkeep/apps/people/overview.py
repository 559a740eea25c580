# SPDX-License-Identifier: Apache-2.0
"""Everybody who works here, by name, and what waits for a second person."""

from starlette.responses import Response

from wardkeep.disclosure.answers import Refusal
from wardkeep.disclosure.people import (
    ListPeople,
    ListRightsRequests,
    People,
    PersonView,
    RightsRequests,
    RightsRequestView,
)
from wardkeep.web.gates import Gate
from wardkeep.web.pages import page
from wardkeep.web.visit import Visit

MANAGERS = Gate.SIGNED_IN.only("administrator", "privacy_officer")
"""Who changes rights; each change needs their passkey, and some a second person."""
KEEPERS = Gate.SIGNED_IN.only("administrator", "privacy_officer", "shift_lead")
"""Who sees the list: a shift lead vouches for a colleague at night."""
_STANDINGS = ("here", "without-passkey", "left")
NOTICES = {
    "added": "They are added. Make each an enrolment link.",
    "changed": "The role is changed. They sign in again.",
    "ended": "Their work here has ended, and so have their sessions.",
}


async def people_of(visit: Visit) -> tuple[PersonView, ...] | Refusal:
    given = await visit.warden.ask(ListPeople(visit.token), People)
    return given if isinstance(given, Refusal) else given.people


async def requests_of(visit: Visit) -> tuple[RightsRequestView, ...] | Refusal:
    given = await visit.warden.ask(ListRightsRequests(visit.token), RightsRequests)
    return given if isinstance(given, Refusal) else given.requests


def may_change(visit: Visit) -> bool:
    return MANAGERS.admits(visit.session.role)


def is_open(request: RightsRequestView) -> bool:
    return not request.approved_at and not request.withdrawn_at


@page("/people", gate=KEEPERS)
async def show_people(visit: Visit) -> Response:
    found = await people_of(visit)
    if isinstance(found, Refusal):
        return visit.refuse(found)
    waiting = 0
    if may_change(visit):
        requests = await requests_of(visit)
        if isinstance(requests, Refusal):
            return visit.refuse(requests)
        waiting = sum(map(is_open, requests))
    name, standing = visit.query("name").strip(), visit.query("standing")
    standing = standing if standing in _STANDINGS else _STANDINGS[0]
    return visit.render(
        "people/overview.html",
        people=[one for one in found if _fits(one, name.lower(), standing)],
        counts={one: sum(_fits(two, "", one) for two in found) for one in _STANDINGS},
        name=name,
        standing=standing,
        waiting=waiting,
        may_change=may_change(visit),
        notice=NOTICES.get(visit.query("said"), ""),
    )


def _fits(one: PersonView, name: str, standing: str) -> bool:
    if name not in f"{one.display_name} {one.role_title}".lower():
        return False
    if standing == "left":
        return bool(one.ended_at)
    has_left_out = standing == "without-passkey" and one.passkeys
    return not one.ended_at and not has_left_out
