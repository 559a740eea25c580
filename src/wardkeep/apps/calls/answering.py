# SPDX-License-Identifier: Apache-2.0
"""Answering a call: the number to ring back on first, and the case is there.

Whoever is cut off and rings again is found by that number before a second case is
begun.
"""

from collections.abc import Sequence

import msgspec
from starlette.responses import Response

from wardkeep.apps.calls.number_kept import also_typed, let_number_go, number_kept
from wardkeep.apps.calls.opening import (
    ANSWERERS,
    Stored,
    address_of,
    case_draft,
    own_practitioner,
    read_case,
    rows,
    why_opened,
)
from wardkeep.apps.calls.telephone import own_telephone, rang, show_who_rang
from wardkeep.base.ids import derived_uuid, is_fhir_id, is_uuid, new_uuid
from wardkeep.care.of_patient import CHANGED, refused
from wardkeep.care.opening import me, opener_of
from wardkeep.care.people import banners_in
from wardkeep.care.writing import drafted
from wardkeep.disclosure.answers import Refusal
from wardkeep.fhir.model.person import Person
from wardkeep.fhir.store.callers import Callers
from wardkeep.fhir.store.change import MUST_NOT_EXIST, Change
from wardkeep.fhir.store.listing import Lister
from wardkeep.fhir.store.outcomes import Conflict, Written
from wardkeep.fhir.store.writing import Writer
from wardkeep.fhir.urgent.call_rows import CallRow
from wardkeep.fhir.urgent.caller import unknown_patient
from wardkeep.fhir.urgent.case import Case, case_content, number_in
from wardkeep.fhir.urgent.journey import journey_content, journey_id, of_journey
from wardkeep.ui.banner import Banner
from wardkeep.web.forms import Form
from wardkeep.web.pages import page
from wardkeep.web.trouble import NOT_FOUND, Trouble
from wardkeep.web.visit import Visit

FEWEST_DIGITS, MOST_DIGITS = 7, 16
NOBODY = Trouble(
    status=409,
    title="Nobody has said who you are in the record",
    why="A call belongs to whoever answers it, and your account is nobody there.",
    mend="Ask an administrator to name your practitioner under People.",
)


class Line(msgspec.Struct, frozen=True):
    """One call of a list, and who it is about."""

    row: CallRow
    who: Banner | None
    """None: the door did not say."""

    @property
    def address(self) -> str:
        return address_of(self.row.patient, self.row.case)

    @property
    def is_known(self) -> bool:
        """Whether anybody knows yet who it is about."""
        who = self.who
        return who is not None and bool(who.name.family or who.name.given)


@page("/calls", gate=ANSWERERS)
async def show_calls(visit: Visit) -> Response:
    return await _show(visit, Form({"which": new_uuid()}))


@page("/calls", gate=ANSWERERS, methods=("POST",))
async def answer(visit: Visit) -> Response:
    """Begin a case; where one from this number is open, that is offered first."""
    form = await visit.form()
    if isinstance(form, Trouble):
        return visit.tell(form)
    which = form.values.get("which", "")
    if not is_uuid(which):
        return visit.tell(NOT_FOUND)
    number = read_number(form)
    if not number and not form.values.get("withheld") and not form.problems:
        form.reject(
            "number",
            wrong="No number to ring back on",
            mend="Ask for it, or say that there is none.",
        )
    if form.problems:
        return await _show(visit, form)
    dropped = await _dropped(visit, number)
    if isinstance(dropped, Response):
        return dropped
    if dropped and not form.values.get("new"):
        return await _show(visit, form, dropped)
    return await _begin(visit, which, number, form)


def read_number(form: Form) -> str:
    """The number typed, its digits alone; a problem where it cannot be one."""
    typed = form.optional_text("number", called="the number", at_most=40)
    number = number_in(typed)
    if typed and not FEWEST_DIGITS <= len(number.lstrip("+")) <= MOST_DIGITS:
        form.reject(
            "number",
            wrong="That is no telephone number",
            mend=f"It has {FEWEST_DIGITS} to {MOST_DIGITS} digits.",
        )
        return ""
    return number


async def _begin(visit: Visit, which: str, number: str, form: Form) -> Response:
    """The case with its journey, and whoever it is about: nobody knows yet.

    Sent twice it is one: the page gave it its id.
    """
    mine = await me(visit)
    if not mine.reference:
        return visit.tell(NOBODY)
    account = visit.session.account
    case = Case(
        id=derived_uuid("case", account, which),
        patient=derived_uuid("case-patient", account, which),
        began=visit.clock.now(),
        taker=mine,
        number=number,
    )
    drafts = (
        drafted(unknown_patient(case.patient)),
        drafted(journey_content(case)),
        drafted(of_journey(case_content(case), journey_id(case.id))),
    )
    change = Change(drafts=drafts, expected=[MUST_NOT_EXIST for _ in drafts])
    written = await visit.services[Writer].write(change, opener=opener_of(visit))
    if isinstance(written, Refusal):
        return visit.refuse(written)
    if not isinstance(written, Written | Conflict):
        return visit.tell(NOT_FOUND)
    await let_number_go(visit, form)
    return visit.go_to(address_of(case.patient, case.id, "details"))


async def _dropped(visit: Visit, number: str) -> list[CallRow] | Response:
    """Calls from this number that are not closed."""
    found = await visit.services[Callers].from_number(
        number, now=visit.clock.now(), opener=opener_of(visit)
    )
    return visit.refuse(found) if isinstance(found, Refusal) else found


async def _show(visit: Visit, form: Form, dropped: Sequence[CallRow] = ()) -> Response:
    live = visit.live(show_who_rang)
    own = await own_practitioner(visit)
    mine = await rows(visit).open_of(opener_of(visit).organisation, [own])
    lines = await _lines(visit, [*mine, *dropped])
    if isinstance(lines, Response):
        return lines
    keeping = await number_kept(visit, form) if own and not dropped else None
    problems = tuple(form.problems.values())
    telephone = await own_telephone(visit)
    return visit.render(
        "calls/calls.html",
        status=422 if problems else 200,
        mine=lines[: len(mine)],
        dropped=[(one, one.row.taker == own) for one in lines[len(mine) :]],
        typed=(keeping.values if keeping else {}) | form.values,
        keeping=keeping,
        also_typed=also_typed(keeping),
        problems=problems,
        is_nobody=not own,
        live=live,
        rang=await rang(visit) if telephone and not dropped else None,
        telephone=telephone,
    )


async def _lines(visit: Visit, found: Sequence[CallRow]) -> list[Line] | Response:
    """Who they are about, as a list shows them: each is in the ledger."""
    given = await visit.services[Lister].people(
        [one.patient for one in found], opener=opener_of(visit)
    )
    if isinstance(given, Refusal):
        return visit.refuse(given)
    people = banners_in(given.patients, visit.today)
    return [Line(one, people.get(one.patient)) for one in found]


@page("/calls/go-on", gate=ANSWERERS, methods=("POST",))
async def take_over(visit: Visit) -> Response:
    """Go on with a call that a colleague answered, and that was cut off."""
    form = await visit.form()
    if isinstance(form, Trouble):
        return visit.tell(form)
    id_ = form.values.get("case", "")
    organisation = opener_of(visit).organisation
    row = await rows(visit).one(organisation, id_) if is_fhir_id(id_) else None
    mine = await me(visit)
    if row is None or row.state != "open":
        return visit.tell(CHANGED if row else NOT_FOUND)
    if not mine.reference:
        return visit.tell(NOBODY)
    visit.reason = why_opened(row)
    found = await read_case(visit, id_)
    if isinstance(found, Response):
        return found
    return await _take(visit, found, mine, form)


async def _take(visit: Visit, found: Stored, mine: Person, form: Form) -> Response:
    case = found.case
    if case.taker.reference != mine.reference:
        taken = msgspec.structs.replace(case, taker=mine)
        change = Change(drafts=[case_draft(taken, found)], expected=[found.version])
        written = await visit.services[Writer].write(change, opener=opener_of(visit))
        if isinstance(written, Refusal):
            return refused(visit, written, patient=case.patient)
        if not isinstance(written, Written):
            return visit.tell(CHANGED)
    await let_number_go(visit, form)
    return visit.go_to(address_of(case.patient, case.id))
