# SPDX-License-Identifier: Apache-2.0
"""A patient's letters, and one letter as it will be printed.

Done means: whoever opens this page sees which letters wait for somebody to approve
them, which left, and reads any of them without a PDF. Rejected: the browser's own PDF
viewer in the page (it runs what a document from elsewhere says), and a list of
everybody's letters (each row would open a record).
"""

from starlette.responses import Response

from wardkeep.apps.letters.asking import question
from wardkeep.apps.letters.opening import APPROVERS, find_letter, letters_in
from wardkeep.apps.letters.wording import SENT_BY
from wardkeep.care.of_patient import READERS, WRITERS, banner_for, refused
from wardkeep.care.opening import opener_of
from wardkeep.disclosure.answers import Refusal
from wardkeep.fhir.letters.letter import State
from wardkeep.fhir.letters.letters import Letters
from wardkeep.fhir.store.outcomes import NotFound
from wardkeep.ui.paper.letter import lines_of, parts_of
from wardkeep.web.pages import page
from wardkeep.web.trouble import NOT_FOUND
from wardkeep.web.visit import Visit


@page("/patients/{id}/letters", gate=READERS)
async def show_letters(visit: Visit) -> Response:
    banner = await banner_for(visit)
    if isinstance(banner, Response):
        return banner
    opened = await visit.services[Letters].of(visit.path("id"), opener=opener_of(visit))
    if isinstance(opened, Refusal):
        return refused(visit, opened)
    if isinstance(opened, NotFound):
        return visit.tell(NOT_FOUND)
    return visit.render(
        "letters/letters.html",
        id=visit.path("id"),
        banner=banner,
        letters=letters_in(opened),
        is_more=opened.is_more,
        may_write=WRITERS.admits(visit.session.role),
    )


@page("/patients/{id}/letters/{letter}", gate=READERS)
async def show_letter(visit: Visit) -> Response:
    banner = await banner_for(visit)
    if isinstance(banner, Response):
        return banner
    found = await find_letter(visit, visit.path("letter"))
    if isinstance(found, Response):
        return found
    letter, role = found.letter, visit.session.role
    return visit.render(
        "letters/letter.html",
        id=visit.path("id"),
        banner=banner,
        found=found,
        letter=letter,
        to=lines_of(letter.to),
        copies=lines_of(letter.copies),
        parts=tuple(parts_of(letter.body)),
        ways=SENT_BY,
        is_draft=letter.state is State.DRAFT,
        may_write=WRITERS.admits(role),
        may_approve=APPROVERS.admits(role),
        said=visit.query("said"),
        asked=await question(visit, found.id),
        queue=visit.query("queue"),
    )
