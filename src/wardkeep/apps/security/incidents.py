# SPDX-License-Identifier: Apache-2.0
"""Incidents that touch the organisation: the list with its clocks, and each of them.

Done means: at a look, how many hours are left for the regulator, how many people were
reached, and what is still to be done. Rejected: states that somebody sets by hand
(open, closed, under review): what was written down is what there is.
"""

from typing import NamedTuple

from starlette.responses import Response

from wardkeep.apps.security.account import OFFICERS
from wardkeep.base.clock import microseconds_since_epoch
from wardkeep.breach.drafts import REPORT, TITLES, WORDS
from wardkeep.breach.told import onward_rows, things_of, total_of
from wardkeep.disclosure.answers import Refusal
from wardkeep.disclosure.incident_desk import (
    FEWEST_CHARACTERS,
    MOST_CHARACTERS,
    BeginCount,
    CountBegun,
    IncidentList,
    IncidentView,
    ListIncidents,
    TakeDrafts,
    WithdrawIncident,
)
from wardkeep.web.confirming import ask_to_confirm
from wardkeep.web.forms import Form
from wardkeep.web.pages import page
from wardkeep.web.trouble import NOT_FOUND, Trouble
from wardkeep.web.visit import Visit

DRAFTS = (REPORT, WORDS)
"""Those that name nobody: they are read without a signature."""
_HOUR = 3_600 * 1_000_000
_DUE_SOON = 24
_NOTICES = {
    "declared": "It is declared: the ledger has it, and your colleagues have an alarm.",
    "revised": "The new version is written down. The one before stays.",
    "withdrawn": "It is withdrawn. It stays in this list, and in the ledger.",
    "asked": "It is asked for: another privacy officer approves it on this page.",
    "approved": "It is approved: names and addresses open in this session now.",
    "read": "The ledger was read: the drafts can be made.",
}


class Clock(NamedTuple):
    """How much time is left to tell the regulator."""

    words: str
    colour: str


def clock_of(visit: Visit, one: IncidentView) -> Clock:
    """Of the 72 hours, which began when it was found out."""
    left = one.report_due_at - microseconds_since_epoch(visit.clock.now())
    hours, minutes = divmod(abs(left) // (60 * 1_000_000), 60)
    said = f"{hours} h {minutes} min"
    if left < 0:
        return Clock(f"{said} over", "red")
    return Clock(f"{said} left", "yellow" if left < _DUE_SOON * _HOUR else "green")


async def all_incidents(visit: Visit) -> IncidentList | Refusal:
    return await visit.warden.ask(ListIncidents(visit.token), IncidentList)


async def incident_named(visit: Visit) -> IncidentView | Response:
    """The one of the address, or the page that says why not."""
    found = await all_incidents(visit)
    if isinstance(found, Refusal):
        return visit.refuse(found)
    id_ = visit.path("incident")
    one = next((one for one in found.incidents if one.id == id_), None)
    return one or visit.tell(NOT_FOUND)


@page("/security/incidents", gate=OFFICERS)
async def show_incidents(visit: Visit) -> Response:
    found = await all_incidents(visit)
    if isinstance(found, Refusal):
        return visit.refuse(found)
    return visit.render(
        "security/incidents.html",
        incidents=found.incidents,
        clocks={one.id: clock_of(visit, one) for one in found.incidents},
        notice=_NOTICES.get(visit.query("said"), ""),
    )


@page("/security/incidents/{incident}", gate=OFFICERS)
async def show_incident(visit: Visit) -> Response:
    one = await incident_named(visit)
    if isinstance(one, Response):
        return one
    now = microseconds_since_epoch(visit.clock.now())
    return visit.render(
        "security/incident.html",
        one=one,
        clock=clock_of(visit, one),
        things=things_of(one.reach.types) if one.reach else (),
        sum=total_of(one.reach) if one.reach else None,
        onward=onward_rows(one.reach) if one.reach else (),
        drafts=[(name, TITLES[name]) for name in DRAFTS],
        may_read=one.may_read_until > now,
        may_open=one.letters is not None and one.letters.may_open_until > now,
        notice=_NOTICES.get(visit.query("said"), ""),
    )


@page("/security/incidents/{incident}/read", gate=OFFICERS, methods=("POST",))
async def read_for_drafts(visit: Visit) -> Response:
    """Have the ledger read for an incident whose people are not at hand."""
    await visit.leave_nothing_unread()
    asked = BeginCount(session=visit.token, incident=visit.path("incident"))
    begun = await visit.warden.ask(asked, CountBegun)
    if isinstance(begun, Refusal):
        return visit.refuse(begun)
    return visit.go_to(f"/security/incidents/counts/{begun.count}")


@page("/security/incidents/{incident}/drafts", gate=OFFICERS)
async def ask_for_drafts(visit: Visit) -> Response:
    id_ = visit.path("incident")
    return await ask_to_confirm(
        visit,
        TakeDrafts(id_),
        back=f"/security/incidents/{id_}",
        after=f"/security/incidents/{id_}",
        button="Sign for them with my passkey",
    )


@page("/security/incidents/{incident}/withdraw", gate=OFFICERS)
async def show_withdrawing(visit: Visit) -> Response:
    return await _show_withdrawing(visit, Form({}))


async def _show_withdrawing(visit: Visit, form: Form) -> Response:
    one = await incident_named(visit)
    if isinstance(one, Response):
        return one
    problems = tuple(form.problems.values())
    return visit.render(
        "security/withdraw.html",
        status=422 if problems else 200,
        one=one,
        problems=problems,
        why=form.values.get("why", ""),
    )


@page("/security/incidents/{incident}/withdraw", gate=OFFICERS, methods=("POST",))
async def ask_to_withdraw(visit: Visit) -> Response:
    form = await visit.form(longest=2 * MOST_CHARACTERS)
    if isinstance(form, Trouble):
        return visit.tell(form)
    why = form.text("why", called="the reason", at_most=MOST_CHARACTERS)
    if why and len(why) < FEWEST_CHARACTERS:
        mend = "Say in a sentence why it was none."
        form.reject("why", wrong="that is too short", mend=mend)
    if form.problems:
        return await _show_withdrawing(visit, form)
    id_ = visit.path("incident")
    return await ask_to_confirm(
        visit,
        WithdrawIncident(id_, why),
        back=f"/security/incidents/{id_}/withdraw",
        after="/security/incidents?said=withdrawn",
        button="Withdraw it with my passkey",
    )
