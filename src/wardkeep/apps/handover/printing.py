# SPDX-License-Identifier: Apache-2.0
"""A handover on paper: of those whom somebody chooses, as many as their role prints.

Each patient on it is a print at the door, with its weight and bound (decision 29). So
a ward does not leave on paper whole where the role prints fewer; who is left out is
named, with the reason. Rejected: a sheet of everybody at one press, which spends the
day's prints and then lies on a windowsill.
"""

from collections.abc import Sequence

import msgspec
from starlette.responses import Response

from wardkeep.apps.handover.listing import sheet_here
from wardkeep.apps.handover.one import TOLD
from wardkeep.apps.handover.person import Person, open_person
from wardkeep.care.of_patient import WRITERS
from wardkeep.care.opening import opener_of
from wardkeep.disclosure.answers import Refusal
from wardkeep.disclosure.purpose import Action
from wardkeep.fhir.tasks.to_do import KINDS
from wardkeep.ui.banner import Banner
from wardkeep.web.forms import Form
from wardkeep.web.pages import page
from wardkeep.web.trouble import Trouble
from wardkeep.web.visit import Visit

_CHOSEN = "p-"


class LeftOut(msgspec.Struct, frozen=True):
    """Somebody who is not on the paper, and why."""

    banner: Banner
    why: str


@page("/handover/{place}/print", gate=WRITERS)
async def choose_to_print(visit: Visit) -> Response:
    return await _choose(visit, Form({}))


async def _choose(visit: Visit, form: Form) -> Response:
    found = await sheet_here(visit)
    if isinstance(found, Response):
        return found
    place, sheet = found
    problems = tuple(form.problems.values())
    return visit.render(
        "handover/choose.html",
        status=422 if problems else 200,
        place=place,
        sheet=sheet,
        problems=problems,
    )


@page("/handover/{place}/print", gate=WRITERS, methods=("POST",))
async def print_sheet(visit: Visit) -> Response:
    form = await visit.form()
    if isinstance(form, Trouble):
        return visit.tell(form)
    found = await sheet_here(visit)
    if isinstance(found, Response):
        return found
    place, sheet = found
    chosen = [one for one in sheet.rows if f"{_CHOSEN}{one.id}" in form.values]
    if not chosen:
        form.reject(
            "who", wrong="nobody is chosen", mend="Tick whom the paper is about."
        )
        return await _choose(visit, form)
    people, left = await _print(visit, [(one.id, one.banner) for one in chosen])
    return visit.render(
        "handover/paper.html", place=place, people=people, left=left, kinds=KINDS
    )


async def _print(
    visit: Visit, chosen: Sequence[tuple[str, Banner]]
) -> tuple[list[Person], list[LeftOut]]:
    opener = msgspec.structs.replace(opener_of(visit), request=TOLD)
    people: list[Person] = []
    left: list[LeftOut] = []
    for id_, banner in chosen:
        person = await open_person(visit, id_, opener, action=Action.PRINT)
        if isinstance(person, Person):
            people.append(person)
        else:
            why = person.why if isinstance(person, Refusal) else "Not here any more."
            left.append(LeftOut(banner, why))
    return people, left
