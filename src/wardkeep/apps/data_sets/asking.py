# SPDX-License-Identifier: Apache-2.0
"""Asking for a data set: signed for, and nothing leaves before a colleague agrees."""

from datetime import date

from starlette.responses import Response

from wardkeep.apps.data_sets.overview import DECIDERS, TITLES
from wardkeep.base.ids import is_uuid, new_uuid
from wardkeep.disclosure.data_sets import AskDataSet
from wardkeep.disclosure.message import MAX_REASON_CHARACTERS
from wardkeep.web.confirming import ask_to_confirm
from wardkeep.web.forms import Form
from wardkeep.web.pages import page
from wardkeep.web.trouble import NOT_FOUND, Trouble
from wardkeep.web.visit import Visit

_MONTHS, _A_YEAR = 15, 12
FEWEST_REASON_CHARACTERS = 8


def months_until(today: date) -> list[tuple[str, str]]:
    """This month and those before it, as values and in words, the newest first."""
    found = []
    for back in range(_MONTHS):
        year, month = divmod(today.year * _A_YEAR + today.month - 1 - back, _A_YEAR)
        first = date(year, month + 1, 1)
        found.append((f"{first:%Y-%m}", f"{first:%B %Y}"))
    return found


def _show(visit: Visit, form: Form) -> Response:
    problems = tuple(form.problems.values())
    months = months_until(visit.today)
    usual = {"id": new_uuid(), "data_set": "mhsds", "period": months[1][0]}
    return visit.render(
        "data_sets/ask.html",
        status=422 if problems else 200,
        typed={**usual, "reason": "", **form.values},
        data_sets=list(TITLES.items()),
        months=months,
        problems=problems,
    )


@page("/data-sets/ask", gate=DECIDERS)
async def show_question(visit: Visit) -> Response:
    return _show(visit, Form({}))


@page("/data-sets/ask", gate=DECIDERS, methods=("POST",))
async def ask_data_set(visit: Visit) -> Response:
    form = await visit.form()
    if isinstance(form, Trouble):
        return visit.tell(form)
    id_ = form.values.get("id", "")
    if not is_uuid(id_):
        return visit.tell(NOT_FOUND)
    months = tuple(value for value, _ in months_until(visit.today))
    act = AskDataSet(
        id=id_,
        data_set=form.choice("data_set", called="a data set", among=tuple(TITLES)),
        period=form.choice("period", called="a month", among=months),
        reason=form.text("reason", called="the reason", at_most=MAX_REASON_CHARACTERS),
    )
    if act.reason and len(act.reason) < FEWEST_REASON_CHARACTERS:
        mend = "Say in a few words what it is for."
        form.reject("reason", wrong="The reason is too short", mend=mend)
    if form.problems:
        return _show(visit, form)
    return await ask_to_confirm(
        visit,
        act,
        back="/data-sets/ask",
        after="/data-sets?said=asked",
        button="Ask for it with my passkey",
    )
