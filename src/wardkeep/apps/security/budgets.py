# SPDX-License-Identifier: Apache-2.0
"""What each role may open in this organisation, and how it is set tighter.

Done means: a privacy officer sees on one page how far a stolen account of each role
would get here, and makes it less with one passkey; making it more again takes two
people. Rejected: budgets above the product's (the promise would hold nowhere), and
budgets by person (nobody keeps four thousand of them right).
"""

from typing import NamedTuple

from starlette.responses import Response

from wardkeep.apps.security.overview import DECIDERS
from wardkeep.disclosure.answers import Refusal
from wardkeep.disclosure.limits import BudgetsRead, BudgetView, ReadBudgets, SetBudget
from wardkeep.web.confirming import ask_to_confirm
from wardkeep.web.forms import Form
from wardkeep.web.pages import page
from wardkeep.web.trouble import NOT_FOUND, Trouble
from wardkeep.web.visit import Visit


class Field(NamedTuple):
    """One of the numbers, as the page asks for it."""

    name: str
    label: str
    hint: str
    least: int = 0


FIELDS = (
    Field("soft", "Somebody looks from", "Others opened in 24 hours: you are told."),
    Field(
        "hard",
        "Records close beyond",
        "Others opened in 24 hours: a second person has to release them.",
    ),
    Field(
        "expected",
        "The work explains at most",
        "Patients in 24 hours whom appointments, wards or visits explain.",
    ),
    Field(
        "reach",
        "The passkey is asked for beyond",
        "Others since it was last used: what a stolen session gets.",
        least=1,
    ),
    Field(
        "prints",
        "Records printed at most",
        "Different patients in 24 hours, those of the work too.",
    ),
    Field(
        "copies",
        "Copies of records at most",
        "Different patients in 24 hours; each copy is signed with a passkey.",
    ),
)


async def _budgets(visit: Visit) -> tuple[BudgetView, ...] | Refusal:
    found = await visit.warden.ask(ReadBudgets(visit.token), BudgetsRead)
    return found if isinstance(found, Refusal) else found.budgets


@page("/security/budgets", gate=DECIDERS)
async def show_budgets(visit: Visit) -> Response:
    found = await _budgets(visit)
    if isinstance(found, Refusal):
        return visit.refuse(found)
    notice = "It holds now." if visit.query("said") == "set" else ""
    return visit.render("security/budgets.html", budgets=found, notice=notice)


async def _named(visit: Visit) -> BudgetView | Response:
    found = await _budgets(visit)
    if isinstance(found, Refusal):
        return visit.refuse(found)
    role = visit.path("role")
    return next((one for one in found if one.role == role), visit.tell(NOT_FOUND))


def _show(visit: Visit, budget: BudgetView, form: Form) -> Response:
    problems = tuple(form.problems.values())
    return visit.render(
        "security/budget.html",
        status=422 if problems else 200,
        budget=budget,
        fields=FIELDS,
        values={
            one.name: form.values.get(one.name, str(getattr(budget, one.name)))
            for one in FIELDS
        },
        most={one.name: getattr(budget, f"most_{one.name}") for one in FIELDS},
        problems=problems,
    )


@page("/security/budgets/{role}", gate=DECIDERS)
async def show_budget(visit: Visit) -> Response:
    budget = await _named(visit)
    if isinstance(budget, Response):
        return budget
    return _show(visit, budget, Form({}))


@page("/security/budgets/{role}", gate=DECIDERS, methods=("POST",))
async def ask_to_set_budget(visit: Visit) -> Response:
    budget = await _named(visit)
    if isinstance(budget, Response):
        return budget
    form = await visit.form()
    if isinstance(form, Trouble):
        return visit.tell(form)
    numbers = _numbers(form, budget)
    if form.problems:
        return _show(visit, budget, form)
    return await ask_to_confirm(
        visit,
        SetBudget(role=budget.role, **numbers),
        back=f"/security/budgets/{budget.role}",
        after="/security/budgets?said=set",
        button="Set it with my passkey",
    )


def _numbers(form: Form, budget: BudgetView) -> dict[str, int]:
    found = {}
    for one in FIELDS:
        most = getattr(budget, f"most_{one.name}")
        called = f"“{one.label}”"
        typed = form.whole_number(one.name, called=called, least=one.least, most=most)
        found[one.name] = one.least if typed is None else typed
    if not form.problems and found["soft"] > found["hard"]:
        form.reject(
            "soft",
            wrong="somebody would look only after records are closed",
            mend=f"Enter {found['hard']} or less.",
        )
    if not form.problems and all(
        found[one.name] == getattr(budget, one.name) for one in FIELDS
    ):
        form.reject(
            "soft",
            wrong="nothing would change",
            mend="Enter another number, or go back.",
        )
    return found
