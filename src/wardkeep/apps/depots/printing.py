# SPDX-License-Identifier: Apache-2.0
"""The list on paper: of those whom somebody chooses, as many as their role prints.

On paper it says medicine, dose and side too, so each person on it is a print at the
door, with its weight and bound (decision 29). Who is left out is named, with why.
"""

from collections.abc import Sequence

import msgspec
from starlette.responses import Response

from wardkeep.apps.depots.listing import TOLD, Line, asked_of, due_list
from wardkeep.apps.depots.opening import GIVERS, Opened, open_depots
from wardkeep.apps.depots.showing import Shown, shown_of
from wardkeep.care.opening import opener_of
from wardkeep.disclosure.answers import Refusal
from wardkeep.disclosure.purpose import Action
from wardkeep.ui.banner import Banner
from wardkeep.web.forms import Form
from wardkeep.web.pages import page
from wardkeep.web.trouble import Trouble
from wardkeep.web.visit import Visit

_CHOSEN = "d-"


class Printed(msgspec.Struct, frozen=True, kw_only=True):
    """One person on the paper."""

    id: str
    banner: Banner
    depots: tuple[Shown, ...]
    entry: int
    granted_at: int


class LeftOut(msgspec.Struct, frozen=True):
    """Somebody who is not on the paper, and why."""

    banner: Banner
    why: str


@page("/depots/print", gate=GIVERS)
async def choose_to_print(visit: Visit) -> Response:
    return await _choose(visit, Form({}))


async def _choose(visit: Visit, form: Form) -> Response:
    asked = asked_of(visit)
    due = await due_list(visit, asked)
    if isinstance(due, Response):
        return due
    problems = tuple(form.problems.values())
    return visit.render(
        "depots/choose.html",
        status=422 if problems else 200,
        due=due,
        people=_people(due.lines),
        asked=asked,
        problems=problems,
    )


def _people(lines: Sequence[Line]) -> list[Line]:
    """Each person once, by the first line about them."""
    found: dict[str, Line] = {}
    for one in lines:
        found.setdefault(one.row.patient, one)
    return list(found.values())


@page("/depots/print", gate=GIVERS, methods=("POST",))
async def print_due(visit: Visit) -> Response:
    form = await visit.form()
    if isinstance(form, Trouble):
        return visit.tell(form)
    due = await due_list(visit, asked_of(visit))
    if isinstance(due, Response):
        return due
    chosen = [
        one
        for one in _people(due.lines)
        if f"{_CHOSEN}{one.row.patient}" in form.values
    ]
    if not chosen:
        form.reject(
            "who", wrong="nobody is chosen", mend="Tick whom the paper is about."
        )
        return await _choose(visit, form)
    people, left = await _print(visit, chosen)
    return visit.render(
        "depots/paper.html", asked=asked_of(visit), people=people, left=left
    )


async def _print(
    visit: Visit, chosen: Sequence[Line]
) -> tuple[list[Printed], list[LeftOut]]:
    opener = msgspec.structs.replace(opener_of(visit), request=TOLD)
    people: list[Printed] = []
    left: list[LeftOut] = []
    for line in chosen:
        opened = await open_depots(
            visit, line.row.patient, opener=opener, action=Action.PRINT
        )
        if isinstance(opened, Opened):
            people.append(_printed(visit, line.row.patient, opened))
        else:
            why = opened.why if isinstance(opened, Refusal) else "Not here any more."
            left.append(LeftOut(line.banner, why))
    return people, left


def _printed(visit: Visit, patient: str, opened: Opened) -> Printed:
    shown = [shown_of(one, visit.today) for one in opened.depots]
    return Printed(
        id=patient,
        banner=opened.banner,
        depots=tuple(one for one in shown if one.is_open),
        entry=opened.entry,
        granted_at=opened.granted_at,
    )
