# SPDX-License-Identifier: Apache-2.0
"""What each role may open in this organisation, and how it is set tighter.

Done means: a privacy officer sees on one page how far a stolen account of each role
would get here, and makes it less with one passkey; making it more again takes two
people. Rejected: budgets above the product's (the promise would hold nowhere), and
budgets by person (nobody keeps four thousand of them right).
"""

from collections.abc import Mapping
from typing import NamedTuple

from starlette.responses import Response

from wardkeep.apps.security.overview import DECIDERS
from wardkeep.disclosure.answers import Refusal
from wardkeep.disclosure.limits import (
    LEAST,
    NO_MORE_THAN,
    WORDS,
    BudgetsRead,
    BudgetView,
    ReadBudgets,
    SetBudget,
)
from wardkeep.web.confirming import ask_to_confirm
from wardkeep.web.forms import Form
from wardkeep.web.pages import page
from wardkeep.web.trouble import NOT_FOUND, Trouble
from wardkeep.web.visit import Visit


class Part(NamedTuple):
    """Numbers that are read together, each with what it counts."""

    title: str
    hints: Mapping[str, str]


PARTS = (
    Part(
        "Others, whom nothing in somebody’s work explains",
        {
            "soft": "Others opened in 24 hours: you are told.",
            "hard": "Others opened in 24 hours: a second person has to release them.",
            "reach": "Others since it was last used: what a stolen session gets.",
        },
    ),
    Part(
        "Patients whom the work explains",
        {
            "expected": "In 24 hours, whoever wrote it; beyond, a reason is asked.",
            "others_work": "Whom appointments, wards, queues or visits explain that"
            " somebody else wrote.",
            "own_today": "Whom only what they wrote themselves explains, as a call that"
            " they took.",
            "own_work": "The same, of work that began earlier.",
        },
    ),
    Part(
        "What leaves",
        {
            "prints": "Different patients in 24 hours, those of the work too.",
            "sheets": "Patients beyond these, of a sheet without a record, as a"
            " prescription is.",
            "copies": "Different patients in 24 hours; each copy is signed with a"
            " passkey.",
            "sendings": "Patients in 24 hours of whom more goes along than the referral"
            " needs; the referral itself is always sent.",
        },
    ),
    Part(
        "Homes",
        {
            "homes": "Different homes in 24 hours, each during a visit that somebody"
            " else planned; as many people on lists for a phone.",
        },
    ),
)
"""Every number of `WORDS`, which a test holds."""
COLUMNS = ("soft", "hard", "reach", "expected")
"""Numbers with a column of their own in the table."""
OF_THE_WORK = {
    "others_work": "by others’ work",
    "own_today": "by own work of the last day",
    "own_work": "by older own work",
}
LEAVES = {
    "prints": "records printed",
    "sheets": "sheets besides",
    "copies": "copies of records",
    "sendings": "referrals with more",
    "homes": "ways into homes",
}
"""The others, in few words behind their numbers."""


async def _budgets(visit: Visit) -> tuple[BudgetView, ...] | Refusal:
    found = await visit.warden.ask(ReadBudgets(visit.token), BudgetsRead)
    return found if isinstance(found, Refusal) else found.budgets


@page("/security/budgets", gate=DECIDERS)
async def show_budgets(visit: Visit) -> Response:
    found = await _budgets(visit)
    if isinstance(found, Refusal):
        return visit.refuse(found)
    notice = "It holds now." if visit.query("said") == "set" else ""
    return visit.render(
        "security/budgets.html",
        budgets=found,
        columns=COLUMNS,
        of_the_work=OF_THE_WORK,
        leaves=LEAVES,
        words=WORDS,
        notice=notice,
    )


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
        parts=PARTS,
        words=WORDS,
        least=LEAST,
        lacks=[LEAVES.get(one, WORDS[one]) for one in budget.lacks],
        values={
            one: form.values.get(one, str(number))
            for one, number in budget.here.items()
        },
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
    changed = _numbers(form, budget)
    if form.problems:
        return _show(visit, budget, form)
    return await ask_to_confirm(
        visit,
        SetBudget(role=budget.role, **changed),
        back=f"/security/budgets/{budget.role}",
        after="/security/budgets?said=set",
        button="Set it with my passkey",
    )


def _numbers(form: Form, budget: BudgetView) -> dict[str, int]:
    """Those that are to change; what the role has none of is not asked for."""
    found = dict(budget.here)
    for one in budget.has:
        least, called = LEAST.get(one, 0), f"“{WORDS[one]}”"
        most = budget.most[one]
        typed = form.whole_number(one, called=called, least=least, most=most)
        found[one] = least if typed is None else typed
    if not form.problems:
        _look_at_pairs(form, found)
    changed = {
        one: number for one, number in found.items() if number != budget.here[one]
    }
    if not form.problems and not changed:
        form.reject(
            "soft",
            wrong="nothing would change",
            mend="Enter another number, or go back.",
        )
    return changed


def _look_at_pairs(form: Form, found: Mapping[str, int]) -> None:
    for low, high in NO_MORE_THAN.items():
        if found[low] > found[high]:
            form.reject(
                low,
                wrong=f"“{WORDS[low]}” is more than “{WORDS[high]}”",
                mend=f"Enter {found[high]} or less.",
            )
