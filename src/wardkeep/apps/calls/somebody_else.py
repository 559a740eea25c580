# SPDX-License-Identifier: Apache-2.0
"""The repeat caller service was told of a call that was somebody else's.

Whoever had the call, or a clinician, has it forgotten: a second word takes back the
first, so that nobody is a repeat caller for what a stranger rang about.
"""

from starlette.responses import Response

from wardkeep.apps.calls.asking import may_judge
from wardkeep.apps.calls.opening import ANSWERERS, case_draft, case_here, here, write
from wardkeep.care.repeat_calls import somebody_else_rang, word_of
from wardkeep.care.writing import drafted
from wardkeep.fhir.store.change import MUST_NOT_EXIST
from wardkeep.web.pages import page
from wardkeep.web.trouble import Trouble
from wardkeep.web.visit import Visit

NOT_YOURS = Trouble(
    status=403,
    title="This call is a colleague's",
    why="Whoever had the call, a clinician or a shift lead says that it was about"
    " somebody else.",
    mend="Ask them.",
)


@page("/patients/{id}/calls/{case}/somebody-else", gate=ANSWERERS, methods=("POST",))
async def take_out(visit: Visit) -> Response:
    await visit.leave_nothing_unread()
    stored = await case_here(visit)
    if isinstance(stored, Response):
        return stored
    if not (stored.is_mine or may_judge(visit)):
        return visit.tell(NOT_YOURS)
    word = await word_of(visit, stored.case.id)
    if word is None or not word.can_go_back:
        return visit.go_to(here(visit))  # sent twice, or nothing was told
    told = await somebody_else_rang(visit, stored.case, word)
    # The case is written anew with it: who said so, and when, is its history.
    drafts = [case_draft(stored.case, stored), *map(drafted, told.contents)]
    expected = [stored.version, *(MUST_NOT_EXIST for _ in told.contents)]
    wrong = await write(visit, drafts, expected, beside=told.beside)
    return visit.go_to(here(visit)) if wrong is None else wrong
