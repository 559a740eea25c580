# SPDX-License-Identifier: Apache-2.0
"""Permission to view, asked of the caller: given, refused, or not to be asked, and why.

Asked again it is another version, by whoever has the call.
"""

import msgspec
from starlette.responses import Response

from wardkeep.apps.calls.opening import ANSWERERS, here, own_case, write
from wardkeep.care.of_patient import whole_number
from wardkeep.care.opening import me
from wardkeep.care.permission import permission_of
from wardkeep.care.writing import drafted
from wardkeep.fhir.urgent.permission import (
    WORDS,
    Permission,
    Said,
    permission_content,
)
from wardkeep.web.forms import Form
from wardkeep.web.pages import page
from wardkeep.web.trouble import Trouble
from wardkeep.web.visit import Visit

LONGEST_WHY = 300


@page("/patients/{id}/calls/{case}/permission", gate=ANSWERERS, methods=("POST",))
async def keep_permission(visit: Visit) -> Response:
    form = await visit.form()
    if isinstance(form, Trouble):
        return visit.tell(form)
    stored = await own_case(visit)
    if isinstance(stored, Response):
        return stored
    said, why = _typed(form)
    if form.problems or said is None:
        problem = next(iter(form.problems.values()))
        return visit.tell(
            Trouble(
                status=422,
                title="It was not saved",
                why=f"{problem.wrong}.",
                mend=problem.mend,
            )
        )
    asked = Permission(
        case=stored.case.id,
        patient=visit.path("id"),
        said=said,
        at=visit.clock.now(),
        by=await me(visit),
        why=why,
    )
    version = whole_number(form.values.get("version", ""))
    wrong = await write(visit, [drafted(permission_content(asked))], [version], form)
    if wrong is None or await _is_said(visit, asked, version):
        return visit.go_to(here(visit))
    return wrong


async def _is_said(visit: Visit, asked: Permission, version: int) -> bool:
    """Whether this press was stored before, and its answer was lost on the way."""
    there = await permission_of(visit, asked.case)
    if there is None or there.version != version + 1:
        return False
    return msgspec.structs.replace(there.permission, at=asked.at) == asked


def _typed(form: Form) -> tuple[Said | None, str]:
    chosen = form.choice(
        "said", called="what the caller says", among=tuple(map(str, WORDS))
    )
    why = form.optional_text("why", called="the word with it", at_most=LONGEST_WHY)
    if chosen == Said.NOT_ASKED and not why and "why" not in form.problems:
        form.reject(
            "why",
            wrong="Why it could not be asked is missing",
            mend="Write why, for whoever looks at the case later.",
        )
    return (Said(chosen) if chosen else None), why
