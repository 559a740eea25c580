# SPDX-License-Identifier: Apache-2.0
"""Approving a letter, saying how it left, withdrawing it; and its PDF.

A letter is approved by a clinician who is signed in as themselves: their name stands
under it, and the approved words and their PDF are one version that cannot be changed
any more. Withdrawn, it stays in the record, struck through, with the reason.
"""

from datetime import date

import msgspec
from starlette.responses import Response

from wardkeep.apps.letters.asking import closed
from wardkeep.apps.letters.opening import (
    APPROVERS,
    Found,
    address_of,
    find_letter,
    save,
)
from wardkeep.apps.letters.wording import SENT_BY
from wardkeep.base.clock import LONDON
from wardkeep.base.time_of_day import time_of_day
from wardkeep.care.of_patient import (
    CHANGED,
    READERS,
    WRITERS,
    banner_for,
)
from wardkeep.care.opening import instant, me
from wardkeep.fhir.letters.letter import Letter, State
from wardkeep.fhir.store.outcomes import Conflict
from wardkeep.fhir.tasks.to_do import CANCELLED, DONE
from wardkeep.ui.banner import Banner, name_for_banner
from wardkeep.ui.format import show_date, show_nhs_number
from wardkeep.ui.paper import letter as paper
from wardkeep.web.forms import Form
from wardkeep.web.pages import page
from wardkeep.web.trouble import Trouble
from wardkeep.web.visit import Visit

_ONE = "/patients/{id}/letters/{letter}"
_SHORT_ID = 8
_WHY = "A name on it has a character that the letter’s face lacks: {}"
_UNPRINTABLE = Trouble(
    status=422,
    title="The letter cannot be printed, so it was not approved",
    why=_WHY,
    mend="Have the name written in Latin, Greek or Cyrillic letters as well.",
)
"""With a gap in the patient’s name, a letter may be taken for somebody else’s."""


@page(f"{_ONE}/approve", gate=APPROVERS, methods=("POST",))
async def approve_letter(visit: Visit) -> Response:
    banner = await banner_for(visit)
    if isinstance(banner, Response):
        return banner
    form = await visit.form()
    if isinstance(form, Trouble):
        return visit.tell(form)
    found = await _as_shown(visit, State.DRAFT, form)
    if isinstance(found, Response):
        # Whose answer was lost sends it again, and reads that it is done.
        return await _approved_before(visit, form) or found
    approved = msgspec.structs.replace(
        found.letter,
        approver=await me(visit),
        approved=instant(visit),
    )
    sheet = _on_paper(visit, banner, approved, found.id)
    lacking = paper.unprintable(
        " ".join((*sheet.sender, *sheet.about, *sheet.signed_by))
    )
    if lacking:
        return visit.tell(
            msgspec.structs.replace(_UNPRINTABLE, why=_WHY.format(lacking))
        )
    pdf = paper.letter_pdf(sheet)
    made = msgspec.structs.replace(approved, pdf=pdf)
    return await _save(visit, found, made, said="approved", closes=DONE)


async def _approved_before(visit: Visit, form: Form) -> Response | None:
    """The answer to the same approval, sent twice; None where this is another one."""
    found = await find_letter(visit, visit.path("letter"))
    if isinstance(found, Response) or found.letter.state is not State.APPROVED:
        return None
    is_next = form.values.get("version", "") == str(found.version - 1)
    if not is_next or found.letter.approver != await me(visit):
        return None
    return visit.go_to(f"{address_of(visit, found.id)}?said=approved")


def _on_paper(visit: Visit, banner: Banner, letter: Letter, id_: str) -> paper.Letter:
    now = visit.clock.now().astimezone(LONDON)
    role = visit.session.role_title
    return paper.Letter(
        sender=(visit.session.organisation_name,),
        to=paper.lines_of(letter.to),
        day=now.date(),
        about=_about(banner),
        subject=letter.subject,
        body=letter.body,
        signed_by=(
            letter.approver.display,
            f"{role}. Approved on {_in_words(now.date())} at {time_of_day(now)}.",
        ),
        copies=paper.lines_of(letter.copies),
        number=f"Letter {id_[:_SHORT_ID]}",
    )


def _about(banner: Banner) -> tuple[str, ...]:
    number = show_nhs_number(banner.nhs_number) if banner.nhs_number else "not known"
    return (
        name_for_banner(banner.name),
        f"Born {show_date(banner.born)}",
        f"NHS No. {number}",
    )


def _in_words(day: date) -> str:
    return f"{day.day} {day:%B %Y}"


@page(f"{_ONE}/sent", gate=WRITERS, methods=("POST",))
async def say_sent(visit: Visit) -> Response:
    form = await visit.form()
    if isinstance(form, Trouble):
        return visit.tell(form)
    ways = dict(SENT_BY)
    how = form.choice("how", called="how it left", among=tuple(ways))
    if form.problems:
        return visit.go_to(f"{address_of(visit, visit.path('letter'))}?said=how")
    found = await _as_shown(visit, State.APPROVED, form)
    if isinstance(found, Response):
        return found
    sent = msgspec.structs.replace(
        found.letter, sent=instant(visit), sent_how=ways[how]
    )
    return await _save(visit, found, sent, said="sent")


@page(f"{_ONE}/withdraw", gate=WRITERS)
async def ask_withdrawal(visit: Visit) -> Response:
    return await _ask(visit, Form({}))


@page(f"{_ONE}/withdraw", gate=WRITERS, methods=("POST",))
async def withdraw_letter(visit: Visit) -> Response:
    form = await visit.form()
    if isinstance(form, Trouble):
        return visit.tell(form)
    why = form.text("why", called="why it is withdrawn")
    if form.problems:
        return await _ask(visit, form)
    found = await _as_shown(visit, None, form)
    if isinstance(found, Response):
        return found
    gone = msgspec.structs.replace(found.letter, withdrawn_why=why)
    return await _save(visit, found, gone, said="withdrawn", closes=CANCELLED)


async def _ask(visit: Visit, form: Form) -> Response:
    banner = await banner_for(visit)
    if isinstance(banner, Response):
        return banner
    found = await find_letter(visit, visit.path("letter"))
    if isinstance(found, Response):
        return found
    problems = tuple(form.problems.values())
    return visit.render(
        "letters/withdraw.html",
        status=422 if problems else 200,
        id=visit.path("id"),
        banner=banner,
        found=found,
        letter=found.letter,
        why=form.values.get("why", ""),
        problems=problems,
    )


@page(f"{_ONE}/pdf", gate=READERS)
async def give_pdf(visit: Visit) -> Response:
    """As a file: the page that shows a letter shows its words, not its file."""
    found = await find_letter(visit, visit.path("letter"))
    if isinstance(found, Response):
        return found
    if not found.letter.pdf:
        return visit.go_to(address_of(visit, found.id))
    name = f"letter-{found.id[:_SHORT_ID]}.pdf"
    return Response(
        found.letter.pdf,
        media_type="application/pdf",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


async def _as_shown(
    visit: Visit, state: State | None, form: Form | None = None
) -> Found | Response:
    """The letter, if it is still at the version and in the state that was shown."""
    sent = form or await visit.form()
    if isinstance(sent, Trouble):
        return visit.tell(sent)
    found = await find_letter(visit, visit.path("letter"))
    if isinstance(found, Response):
        return found
    is_same = sent.values.get("version", "") == str(found.version)
    is_fit = found.letter.state in ((state,) if state else tuple(State)[:3])
    return found if is_same and is_fit else visit.tell(CHANGED)


async def _save(
    visit: Visit, found: Found, letter: Letter, *, said: str, closes: str = ""
) -> Response:
    """Write it, and with it that nobody need approve it any more."""
    asked = await closed(visit, found.id, as_=closes) if closes else None
    written = await save(
        visit, letter, id_=found.id, version=found.version, asked=asked
    )
    if isinstance(written, Conflict):
        return visit.tell(CHANGED)
    if isinstance(written, Response):
        return written
    if visit.query("queue"):
        return visit.go_to(f"/letters/next?done={found.id}")
    return visit.go_to(f"{address_of(visit, found.id)}?said={said}")
